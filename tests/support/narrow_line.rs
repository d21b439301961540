//! A narrow line to a server of this machine: a loopback proxy that hands on what the server sends in small uneven
//! pieces, or nothing any more from some byte on.
//!
//! In: a port and how the line behaves. Out: another port, and what passed. What narrows the line is the size of the
//! pieces, each of which the client must take before the next is sent, not the clock. A client that goes is noticed
//! at any time, and its server told. Threads end with the process.
#![allow(dead_code)] // each test binary uses its own part

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// Sizes of the pieces, one after the other, again and again: messages are cut anywhere.
const PIECES: [usize; 6] = [1, 7, 4096, 3, 1500, 64];

/// What passed from the server to its clients.
#[derive(Debug, Default)]
pub struct Passed {
    bytes: AtomicU64,
    pieces: AtomicU64,
}

/// See the module.
pub struct NarrowLine {
    pub port: u16,
    passed: Arc<Passed>,
    held: Mutex<Receiver<()>>,
}

impl NarrowLine {
    /// A line that hands on everything, in pieces.
    pub fn trickling(to: u16) -> NarrowLine {
        NarrowLine::start(to, u64::MAX)
    }

    /// A line that hands on so many bytes of each connection to the client, and then holds the rest back.
    pub fn held_behind(to: u16, bytes: u64) -> NarrowLine {
        NarrowLine::start(to, bytes)
    }

    fn start(to: u16, limit: u64) -> NarrowLine {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Arc::new(Passed::default());
        let counted = passed.clone();
        let (holding, held) = channel();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                client.set_nodelay(true).unwrap();
                let (from, towards) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (counted, holding) = (counted.clone(), holding.clone());
                std::thread::spawn(move || narrow(from, towards, limit, &counted, &holding));
                std::thread::spawn(move || {
                    let (mut from, mut towards) = (client, server);
                    let _ = std::io::copy(&mut from, &mut towards);
                    let _ = towards.shutdown(Shutdown::Both);
                });
            }
        });
        NarrowLine { port, passed, held: Mutex::new(held) }
    }

    /// Bytes of the server that passed, over all connections.
    pub fn bytes(&self) -> u64 {
        self.passed.bytes.load(Ordering::SeqCst)
    }

    /// In how many pieces.
    pub fn pieces(&self) -> u64 {
        self.passed.pieces.load(Ordering::SeqCst)
    }

    /// Returns when a connection is held up.
    pub fn wait_until_held(&self) {
        self.held.lock().unwrap().recv().unwrap();
    }
}

fn narrow(mut from: TcpStream, mut to: TcpStream, limit: u64, passed: &Passed, holding: &Sender<()>) {
    let mut left = limit;
    for size in PIECES.into_iter().cycle() {
        let mut piece = vec![0; size.min(usize::try_from(left).unwrap_or(usize::MAX))];
        let Ok(count) = from.read(&mut piece) else { break };
        if count == 0 || to.write_all(&piece[..count]).is_err() {
            break;
        }
        std::thread::yield_now();
        left -= count as u64;
        passed.bytes.fetch_add(count as u64, Ordering::SeqCst);
        passed.pieces.fetch_add(1, Ordering::SeqCst);
        if left == 0 {
            // What follows stays where it is. The other direction ends the connection when the client goes.
            let _ = holding.send(());
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
