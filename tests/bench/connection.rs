//! A connection that costs next to nothing, so that what is measured is the server.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

/// A connection over which one request follows another.
#[derive(Debug)]
pub(crate) struct Connection {
    tcp: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let tcp = TcpStream::connect(server).expect("the server listens");
        tcp.set_nodelay(true).expect("an open socket");
        Self {
            tcp: BufReader::with_capacity(64 * 1024, tcp),
        }
    }

    /// Asks for `path`, and reads the head of the answer.
    pub(crate) fn get(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        let (status, _) = self.head();
        assert!(status.contains(" 200 "), "{status}");
    }

    /// Posts `body`, and reads the answer.
    pub(crate) fn post(&mut self, path: &str, body: &str) {
        self.send_body(path, "", body);
    }

    /// Appends `body`, which is JSON, to a stream, and reads the answer.
    pub(crate) fn append(&mut self, path: &str, body: &str) {
        self.send_body(path, "content-type: application/json\r\n", body);
    }

    fn send_body(&mut self, path: &str, header: &str, body: &str) {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\n{header}content-length: {length}\r\n\r\n{body}"
        ));
        let (status, length) = self.head();
        assert!(status.contains(" 20"), "{status}");
        let mut answer = vec![0; length];
        self.tcp
            .read_exact(&mut answer)
            .expect("an answer of this length");
    }

    /// Reads what comes until `end` ends it, and makes nothing of it. Returns how much it was.
    pub(crate) fn drain(&mut self, end: &[u8]) -> usize {
        let mut total = 0;
        loop {
            let piece = self.tcp.fill_buf().expect("the body goes on");
            let (length, ended) = (piece.len(), piece.ends_with(end));
            total += length;
            self.tcp.consume(length);
            if ended || length == 0 {
                return total;
            }
        }
    }

    fn send(&mut self, request: &str) {
        self.tcp
            .get_mut()
            .write_all(request.as_bytes())
            .expect("the server takes requests");
    }

    /// The status line and the length of the body.
    fn head(&mut self) -> (String, usize) {
        let (mut status, mut line, mut length) = (String::new(), String::new(), 0);
        self.tcp.read_line(&mut status).expect("an answer");
        while line != "\r\n" {
            line.clear();
            self.tcp.read_line(&mut line).expect("the rest of the head");
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        (status, length)
    }
}
