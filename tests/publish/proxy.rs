//! A line that breaks: a loopback proxy that passes on so many bytes from the client, then cuts the connection or falls
//! silent.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is cut behind so many bytes of the client.
    CutAfter(u64),
    /// It passes nothing on behind so many bytes of the client, and stays open.
    SilentAfter(u64),
    /// It works.
    Works,
}

/// A proxy; its threads end with the process.
pub struct Proxy {
    pub port: u16,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy to a port of this machine. Connections meet these fates in order; further ones work.
    pub fn start(to: u16, fates: Vec<Fate>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let fate = fates.get(number).copied().unwrap_or(Fate::Works);
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pass(from_server, to_client, Fate::Works));
                std::thread::spawn(move || pass(client, server, fate));
            }
        });
        Proxy { port, connections }
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, fate: Fate) {
    let mut left = match fate {
        Fate::CutAfter(bytes) | Fate::SilentAfter(bytes) => bytes,
        Fate::Works => u64::MAX,
    };
    let mut buffer = vec![0; 1 << 14];
    while let Ok(count) = from.read(&mut buffer) {
        let passed = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        left -= passed as u64;
        if count == 0 || to.write_all(&buffer[..passed]).is_err() {
            break;
        }
        if left == 0 && matches!(fate, Fate::SilentAfter(_)) {
            // Takes whatever comes and passes nothing on, until the client gives up.
            while matches!(from.read(&mut buffer), Ok(count) if count > 0) {}
            break;
        }
        if left == 0 {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
