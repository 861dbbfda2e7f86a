//! Servers that are not ours, a few lines each: whatever a test writes goes over the wire as it is.
//! [`Marked`] writes what one of our own would, and what one would that is not to be trusted.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// A request as the server saw it.
#[derive(Debug)]
pub struct Request {
    /// How many connections were made before its own.
    pub nth: usize,
    /// The request line and the headers, in lower case.
    pub head: String,
}

impl Request {
    /// The path that is asked for, without what follows `?`.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.head.split(' ').nth(1).unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }

    /// The number of the record before which the place is that is asked for; none where none is.
    #[must_use]
    pub fn from(&self) -> Option<u64> {
        let offset = self.head.split("offset=").nth(1)?;
        offset.split('_').next()?.parse().ok()
    }
}

/// A server on a free port that lets `answer` write each answer and then closes the connection.
pub fn serve<F>(answer: F) -> SocketAddr
where
    F: Fn(&Request, &mut dyn Write) + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    let address = listener.local_addr().expect("it is bound");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for (nth, mut tcp) in listener.incoming().flatten().enumerate() {
            let answer = answer.clone();
            // A browser may hold a second connection in reserve: it must not keep the first waiting.
            thread::spawn(move || {
                answer(
                    &Request {
                        nth,
                        head: head(&tcp),
                    },
                    &mut tcp,
                )
            });
        }
    });
    address
}

/// A server that gives `body`, of this type and with a length, to everybody.
#[must_use]
pub fn give(content_type: &'static str, body: impl Into<Vec<u8>>) -> String {
    let body = body.into();
    let address = serve(move |_, tcp| answer(tcp, content_type, &body));
    format!("http://{address}/")
}

/// Writes a 200 with `body`. `content_type` may carry more header lines behind it.
pub fn answer(tcp: &mut dyn Write, content_type: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    // A client may leave before it was told everything.
    drop(
        tcp.write_all(head.as_bytes())
            .and_then(|()| tcp.write_all(body)),
    );
}

/// A live body of a stream of numbers, with marks between its records.
#[derive(Debug, Clone)]
pub struct Marked {
    /// What comes.
    pub text: String,
    /// The number of the record that comes next.
    pub record: u64,
}

impl Marked {
    /// A body that begins before record `record`.
    #[must_use]
    pub fn at(record: u64) -> Self {
        Self {
            text: String::new(),
            record,
        }
    }

    /// More records.
    #[must_use]
    pub fn numbers(mut self, count: u64) -> Self {
        let records = self.record..self.record + count;
        self.text.extend(records.map(number));
        self.record += count;
        self
    }

    /// Records that are lost on the way.
    #[must_use]
    pub fn lost(mut self, count: u64) -> Self {
        self.record += count;
        self
    }

    /// Whatever else.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// A mark, where the stream has `tail` records; `more` are members of it.
    #[must_use]
    pub fn mark(mut self, tail: u64, more: &str) -> Self {
        let (here, tail) = (place(self.record), place(tail));
        let mark = format!("#{{\"offset\":\"{here}\",\"tail\":\"{tail}\",\"time\":1000{more}}}\n");
        self.text.push_str(&mark);
        self
    }

    /// The mark that says that nothing follows.
    #[must_use]
    pub fn closed(self) -> Self {
        let tail = self.record;
        self.mark(tail, ",\"end\":\"closed\"")
    }

    /// Writes the head of a body that begins before record `record`. However it ends, that is no
    /// clean end.
    pub fn begin(record: u64, tcp: &mut dyn Write) {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\nContent-Type: application/x-ndjson\r\n\
             Stream-Offset: {}\r\n\r\n",
            place(record)
        );
        drop(tcp.write_all(head.as_bytes()));
    }

    /// Writes it, after a head if it is the first of its body.
    pub fn write(&self, tcp: &mut dyn Write) {
        // A client may leave before it was told everything.
        drop(tcp.write_all(self.text.as_bytes()));
    }
}

/// Writes an answer without a body. `headers` are whole lines.
pub fn refuse(tcp: &mut dyn Write, status: &str, headers: &str) {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\n\r\n");
    drop(tcp.write_all(head.as_bytes()));
}

fn number(id: u64) -> String {
    format!("{{\"id\":{id},\"value\":{}}}\n", 2 * id)
}

/// The place before record `record` of a stream of numbers.
#[must_use]
pub fn place(record: u64) -> String {
    let bytes: usize = (0..record).map(|id| number(id).len()).sum();
    format!("{record:016}_{bytes:016}")
}

fn head(tcp: &TcpStream) -> String {
    let lines = BufReader::new(tcp).lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    head.join("\n").to_lowercase()
}
