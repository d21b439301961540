//! The line to a PostgreSQL server: bytes in blocks, and the messages in them.
//!
//! In: settings and how long to wait. Out: [`Wire`], which sends what `postgres-protocol` has encoded and returns what
//! comes message by message, as slices of one large buffer: a COPY sends one message a row, so a message must cost no
//! allocation. Knows frames, not what they mean. A time-out is told as silence, not as an error of the machine.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres_protocol::message::frontend;

use super::connection::{ConnectionSettings, SslMode};
use super::fault::Failure;
use super::tls::{self, TlsStream};

/// Bytes that are read at once, at most. Grows for a message that is larger.
const BLOCK: usize = 256 << 10;
/// Tag and length, in front of every message of the server.
const HEADER: usize = 5;
/// Bytes of COPY data that are collected before they are sent.
const SEND: usize = 64 << 10;

enum Line {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Line {
    fn wait_at_most(&self, limit: Duration) -> io::Result<()> {
        // Zero would mean for ever.
        let limit = Some(limit.max(Duration::from_millis(1)));
        match self {
            Line::Tcp(socket) => socket.set_read_timeout(limit).and(socket.set_write_timeout(limit)),
            Line::Tls(stream) => {
                stream.sock.set_read_timeout(limit).and(stream.sock.set_write_timeout(limit))
            }
            #[cfg(unix)]
            Line::Unix(socket) => socket.set_read_timeout(limit).and(socket.set_write_timeout(limit)),
        }
    }

    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self {
            Line::Tcp(socket) => socket.read(space),
            Line::Tls(stream) => stream.read(space),
            #[cfg(unix)]
            Line::Unix(socket) => socket.read(space),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Line::Tcp(socket) => socket.write_all(bytes),
            Line::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            #[cfg(unix)]
            Line::Unix(socket) => socket.write_all(bytes),
        }
    }
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// Everything until then, begun with this limit.
    Until(Instant, Duration),
    /// Each pause between two blocks.
    Silence(Duration),
}

impl Limit {
    fn failure(self, error: io::Error) -> Failure {
        let (Limit::Until(_, limit) | Limit::Silence(limit)) = self;
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Silence(limit.as_secs()),
            _ => Failure::Io(error),
        }
    }

    fn left(self) -> Result<Duration, Failure> {
        match self {
            Limit::Silence(limit) => Ok(limit),
            Limit::Until(end, limit) => match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Err(Failure::Silence(limit.as_secs())),
                left => Ok(left),
            },
        }
    }
}

/// A message of the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// What kind of message it is.
    pub(super) tag: u8,
    /// Tag, length and content; several such in a frame of [`Wire::messages`].
    pub(super) whole: &'a [u8],
}

/// What a line leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// This address; the name of the host may lead to others.
    Tcp(SocketAddr),
    /// The socket of the settings.
    Unix,
}

/// See the module.
pub(super) struct Wire {
    line: Line,
    limit: Limit,
    /// What has been received and not yet returned: `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    outgoing: BytesMut,
}

impl Wire {
    /// Connects and encrypts as demanded, within `limit` in all.
    pub(super) fn connect(settings: &ConnectionSettings, limit: Duration) -> Result<Wire, Failure> {
        let limit = Limit::Until(Instant::now() + limit, limit);
        let line = match settings.host.starts_with('/') {
            true => socket(settings)?,
            false => ready(settings, reach(settings, limit)?, limit)?,
        };
        Ok(Wire::over(line, limit))
    }

    /// A second line to where a first one leads, encrypted as demanded, within `limit` in all.
    pub(super) fn connect_to(
        settings: &ConnectionSettings,
        peer: Peer,
        limit: Duration,
    ) -> Result<Wire, Failure> {
        let limit = Limit::Until(Instant::now() + limit, limit);
        let line = match peer {
            Peer::Unix => socket(settings)?,
            Peer::Tcp(address) => {
                let socket =
                    TcpStream::connect_timeout(&address, limit.left()?).map_err(|e| limit.failure(e))?;
                ready(settings, socket, limit)?
            }
        };
        Ok(Wire::over(line, limit))
    }

    fn over(line: Line, limit: Limit) -> Wire {
        Wire { line, limit, buffer: vec![0; BLOCK], start: 0, end: 0, outgoing: BytesMut::new() }
    }

    /// Where this line leads.
    pub(super) fn peer(&self) -> io::Result<Peer> {
        match &self.line {
            Line::Tcp(socket) => socket.peer_addr().map(Peer::Tcp),
            Line::Tls(stream) => stream.sock.peer_addr().map(Peer::Tcp),
            #[cfg(unix)]
            Line::Unix(_) => Ok(Peer::Unix),
        }
    }

    /// From now on each pause between two blocks may take this long.
    pub(super) fn be_patient(&mut self, silence: Duration) -> Result<(), Failure> {
        self.limit = Limit::Silence(silence);
        self.line.wait_at_most(silence).map_err(Failure::Io)
    }

    /// Sends what `encode` writes.
    pub(super) fn send(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), Failure> {
        self.collect(encode)?;
        self.flush()
    }

    /// Sends what `encode` writes, when enough has come together.
    pub(super) fn collect(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), Failure> {
        encode(&mut self.outgoing).map_err(|error| Failure::Protocol(error.to_string()))?;
        if self.outgoing.len() >= SEND { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if let Limit::Until(..) = self.limit {
            self.line.wait_at_most(self.limit.left()?).map_err(Failure::Io)?;
        }
        let sent = self.line.write_all(&self.outgoing);
        self.outgoing.clear();
        sent.map_err(|error| self.limit.failure(error))
    }

    /// The next message.
    pub(super) fn message(&mut self) -> Result<Frame<'_>, Failure> {
        let (tag, length) = self.receive()?;
        let at = self.start;
        self.start += length;
        Ok(Frame { tag, whole: &self.buffer[at..self.start] })
    }

    /// The next message; if it is of this kind, together with all of the same kind that have come with it.
    pub(super) fn messages(&mut self, kind: u8) -> Result<Frame<'_>, Failure> {
        let (tag, length) = self.receive()?;
        let at = self.start;
        self.start += length;
        while tag == kind
            && let Some((other, length)) = self.whole()?
            && other == kind
        {
            self.start += length;
        }
        Ok(Frame { tag, whole: &self.buffer[at..self.start] })
    }

    /// Waits until the next message is there as a whole; its tag and length.
    fn receive(&mut self) -> Result<(u8, usize), Failure> {
        loop {
            match self.whole()? {
                Some(message) => return Ok(message),
                None => self.fill()?,
            }
        }
    }

    /// Tag and length of the next message, if all of it has been received.
    #[inline]
    fn whole(&self) -> Result<Option<(u8, usize)>, Failure> {
        let received = &self.buffer[self.start..self.end];
        let Some(&[tag, a, b, c, d]) = received.first_chunk::<HEADER>() else { return Ok(None) };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length < HEADER - 1 || length > i32::MAX as usize {
            return Err(Failure::Protocol("a message of impossible length".to_owned()));
        }
        Ok((received.len() > length).then_some((tag, length + 1)))
    }

    /// Receives more behind what is there. The buffer grows by what has really come, never by what a length promises.
    fn fill(&mut self) -> Result<(), Failure> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
        if let Limit::Until(..) = self.limit {
            self.line.wait_at_most(self.limit.left()?).map_err(Failure::Io)?;
        }
        loop {
            match self.line.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(Failure::Io(ErrorKind::UnexpectedEof.into())),
                Ok(received) => {
                    self.end += received;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.limit.failure(error)),
            }
        }
    }
}

#[cfg(unix)]
fn socket(settings: &ConnectionSettings) -> Result<Line, Failure> {
    let path = format!("{}/.s.PGSQL.{}", settings.host.trim_end_matches('/'), settings.port);
    UnixStream::connect(path).map(Line::Unix).map_err(Failure::Io)
}

#[cfg(not(unix))]
fn socket(_: &ConnectionSettings) -> Result<Line, Failure> {
    Err(Failure::Configuration("Unix sockets are not known here, name a host".to_owned()))
}

/// A connected socket as a line: its options, and TLS as demanded.
fn ready(settings: &ConnectionSettings, socket: TcpStream, limit: Limit) -> Result<Line, Failure> {
    // Requests are single small packets, and each is waited for.
    let options = |socket: &TcpStream| {
        socket.set_nodelay(true)?;
        keep_alive(socket)
    };
    options(&socket).map_err(Failure::Io)?;
    if settings.ssl_mode == SslMode::Disable {
        return Ok(Line::Tcp(socket));
    }
    let mut line = Line::Tcp(socket);
    line.wait_at_most(limit.left()?).map_err(Failure::Io)?;
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    let mut answer = [0];
    // One byte and no more: what a stranger might send behind it in plain text is not looked at.
    line.write_all(&request).map_err(|error| limit.failure(error))?;
    let received = line.read(&mut answer).map_err(|error| limit.failure(error))?;
    let Line::Tcp(socket) = line else { return Ok(line) };
    match answer {
        _ if received == 0 => Err(Failure::Io(ErrorKind::UnexpectedEof.into())),
        [b'S'] => {
            let encrypted = tls::encrypt(settings, socket).map_err(|failure| match failure {
                Failure::Io(error) => limit.failure(error),
                other => other,
            })?;
            Ok(Line::Tls(Box::new(encrypted)))
        }
        [b'N'] if settings.ssl_mode == SslMode::Prefer => Ok(Line::Tcp(socket)),
        [b'N'] => Err(Failure::NoTls),
        [other] => Err(Failure::Protocol(format!("0x{other:02x} to the request for TLS"))),
    }
}

/// Tries the addresses of the host one after the other.
fn reach(settings: &ConnectionSettings, limit: Limit) -> Result<TcpStream, Failure> {
    let addresses = (settings.host.as_str(), settings.port).to_socket_addrs().map_err(Failure::Io)?;
    let mut last = io::Error::new(ErrorKind::NotFound, "the host's name leads to no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, limit.left()?) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(limit.failure(last))
}

/// Firewalls forget a connection on which nothing moves while the server sorts.
#[cfg(unix)]
fn keep_alive(socket: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, Duration::from_secs(60))?;
    sockopt::set_tcp_keepintvl(socket, Duration::from_secs(15))?;
    sockopt::set_tcp_keepcnt(socket, 4)?;
    Ok(())
}

#[cfg(not(unix))]
fn keep_alive(_: &TcpStream) -> io::Result<()> {
    Ok(())
}
