//! HTTP/2 frame by frame (RFC 9113): what no client library would do can be done with it.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::PATIENCE;

/// Kinds of frames.
pub const DATA: u8 = 0;
/// A request's or an answer's head.
pub const HEADERS: u8 = 1;
/// The end of a stream before its time.
pub const RST_STREAM: u8 = 3;
/// What a side asks of the other.
pub const SETTINGS: u8 = 4;
/// Are you there?
pub const PING: u8 = 6;
/// Nothing new is begun on the connection any more.
pub const GOAWAY: u8 = 7;
/// A window is opened further.
pub const WINDOW_UPDATE: u8 = 8;
/// More of a head.
pub const CONTINUATION: u8 = 9;

/// The flag of the last frame of a body.
pub const END_STREAM: u8 = 1;
/// The flag of an answer to settings or a ping.
pub const ACK: u8 = 1;
/// The flag of the last frame of a head.
pub const END_HEADERS: u8 = 4;

/// The setting of the window that every stream begins with.
pub const INITIAL_WINDOW: u16 = 4;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its kind.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream it belongs to; 0 is the connection.
    pub stream: u32,
    /// What it holds.
    pub payload: Vec<u8>,
}

/// A connection that speaks in frames.
#[derive(Debug)]
pub struct Frames {
    tcp: TcpStream,
}

impl Frames {
    /// Connects, and begins with these settings.
    #[must_use]
    pub fn connect(address: SocketAddr, settings: &[(u16, u32)]) -> Self {
        let mut frames = Self::of(connect(address));
        let settings: Vec<_> = settings
            .iter()
            .flat_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        frames.tcp.write_all(PREFACE).expect("it was just opened");
        frames.send(SETTINGS, 0, 0, &settings).expect("it is open");
        frames
    }

    /// A connection on which the preface was sent.
    #[must_use]
    pub const fn of(tcp: TcpStream) -> Self {
        Self { tcp }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The other side has closed the connection.
    pub fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let frame = frame(kind, flags, stream, payload);
        self.tcp.write_all(&frame)
    }

    /// Sends a GET of `path` as `stream`.
    ///
    /// # Errors
    /// The other side has closed the connection.
    pub fn get(&mut self, stream: u32, path: &str) -> io::Result<()> {
        let head = head("GET", path);
        self.send(HEADERS, END_HEADERS | END_STREAM, stream, &head)
    }

    /// As [`Frames::get`], with one more header.
    ///
    /// # Errors
    /// The other side has closed the connection.
    pub fn get_with(
        &mut self,
        stream: u32,
        path: &str,
        (name, value): (&str, &str),
    ) -> io::Result<()> {
        let name = [&[0, length(name)], name.as_bytes()].concat();
        // A length of 127 and more is what is beyond that, seven bits at a time.
        let (mut more, mut lengths) = (value.len() - 127, vec![127]);
        while more > 127 {
            lengths.push(u8::try_from(more % 128).unwrap_or_default() | 128);
            more /= 128;
        }
        lengths.push(u8::try_from(more).unwrap_or_default());
        let head = [head("GET", path), name, lengths, value.as_bytes().to_vec()].concat();
        // A frame holds 16 KiB.
        let mut parts = head.chunks(16_000);
        let first = parts.next().unwrap_or_default();
        self.send(HEADERS, END_STREAM, stream, first)?;
        for part in parts {
            self.send(CONTINUATION, 0, stream, part)?;
        }
        self.send(CONTINUATION, END_HEADERS, stream, &[])
    }

    /// Opens the window of a stream by so much.
    ///
    /// # Errors
    /// The other side has closed the connection.
    pub fn window(&mut self, stream: u32, bytes: u32) -> io::Result<()> {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
    }

    /// From now on, a frame that does not come within `limit` counts as none.
    pub fn read_timeout(&self, limit: Duration) {
        let set = self.tcp.set_read_timeout(Some(limit));
        set.expect("it is not zero");
    }

    /// The next frame of such a kind.
    #[must_use]
    pub fn next_of(&mut self, kind: u8) -> Option<Frame> {
        self.find(|frame| frame.kind == kind)
    }

    /// Whether the connection ends within `limit`.
    #[must_use]
    pub fn ends_within(&mut self, limit: Duration) -> bool {
        ends_within(&mut self.tcp, limit)
    }
}

impl Iterator for Frames {
    type Item = Frame;

    /// The next frame; none when the connection has ended. Settings and pings are answered.
    fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.tcp.read_exact(&mut head).ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.tcp.read_exact(&mut payload).ok()?;
        if matches!(kind, SETTINGS | PING) && flags & ACK == 0 {
            let echo = if kind == PING { &payload[..] } else { &[] };
            // That the connection is gone is seen with the next frame.
            drop(self.send(kind, ACK, 0, echo));
        }
        Some(Frame {
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
            payload,
        })
    }
}

/// A connection that says nothing yet.
#[must_use]
pub fn connect(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).expect("the server accepts");
    tcp.set_read_timeout(Some(PATIENCE))
        .expect("it is not zero");
    tcp.set_nodelay(true).expect("it is open");
    tcp
}

/// Whether a connection ends within `limit`, whatever is said on it before.
#[must_use]
pub fn ends_within(tcp: &mut TcpStream, limit: Duration) -> bool {
    tcp.set_read_timeout(Some(limit)).expect("it is not zero");
    let mut rest = [0; 4096];
    loop {
        match tcp.read(&mut rest) {
            Ok(1..) => {}
            Ok(0) => return true,
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

/// The bytes of a frame.
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("frames are short");
    let [_, length @ ..] = length.to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a request, as HPACK has it (RFC 7541): names by number, values as they are.
#[must_use]
pub fn head(method: &str, path: &str) -> Vec<u8> {
    const SCHEME_IS_HTTP: u8 = 0x86;
    let field = |name: u8, value: &str| [&[name, length(value)], value.as_bytes()].concat();
    let (authority, named, at) = (field(1, "localhost"), field(2, method), field(4, path));
    [named, vec![SCHEME_IS_HTTP], authority, at].concat()
}

fn length(text: &str) -> u8 {
    let length = u8::try_from(text.len()).ok();
    length.filter(|length| *length < 127).expect("it is short")
}
