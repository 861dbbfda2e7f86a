//! Servers that are not ours, a few lines each: whatever a test writes goes over the wire as it is.

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

fn head(tcp: &TcpStream) -> String {
    let lines = BufReader::new(tcp).lines().map_while(Result::ok);
    let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    head.join("\n").to_lowercase()
}
