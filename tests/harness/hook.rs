//! Receivers of webhooks: every call is seen by the test as it came, and answered as the test says, in its time.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread,
};

use serde_json::Value;

use crate::{PATIENCE, http::json};

/// A receiver on a free port of this machine.
#[derive(Debug)]
pub struct Hook {
    /// Where it is called.
    pub url: String,
    calls: Receiver<Call>,
}

/// A call that waits for its answer.
#[derive(Debug)]
pub struct Call {
    /// The header that proves who calls.
    pub signature: String,
    /// What is told, byte by byte.
    pub body: String,
    tcp: TcpStream,
}

impl Hook {
    /// Begins to listen.
    #[must_use]
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("it is bound");
        let (sender, calls) = mpsc::channel();
        thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || take(tcp, &sender));
            }
        });
        Self {
            url: format!("http://{address}/hook"),
            calls,
        }
    }

    /// The next call.
    #[must_use]
    pub fn called(&self) -> Call {
        self.calls.recv_timeout(PATIENCE).expect("it is called")
    }

    /// A call that nobody has taken so far, if there is one.
    #[must_use]
    pub fn was_called(&self) -> Option<Call> {
        self.calls.try_recv().ok()
    }
}

impl Call {
    /// What is told.
    #[must_use]
    pub fn json(&self) -> Value {
        json(&self.body)
    }

    /// A text of what is told.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let told = self.json();
        let text = told.get(name).and_then(Value::as_str);
        text.expect("it is told").to_owned()
    }

    /// Answers with these bytes, and hangs up.
    pub fn write(mut self, answer: &str) {
        // Who called may be gone.
        drop(self.tcp.write_all(answer.as_bytes()));
    }

    /// Answers with a status line's end, more headers, and a body.
    pub fn answer(self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
        self.write(&(head + body));
    }

    /// Says nothing until the caller has hung up.
    pub fn ignore(mut self) {
        drop(self.tcp.read(&mut [0]));
    }

    /// Says that all that was told is done.
    pub fn done(self) {
        self.answer("200 OK", "", r#"{"done":true}"#);
    }
}

fn take(tcp: TcpStream, calls: &Sender<Call>) {
    let mut reader = BufReader::new(tcp);
    let (mut signature, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.trim().is_empty() => break,
            Ok(_) => {}
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        match &*name.to_ascii_lowercase() {
            "webhook-signature" => value.trim().clone_into(&mut signature),
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let call = Call {
        signature,
        body: String::from_utf8_lossy(&body).into_owned(),
        tcp: reader.into_inner(),
    };
    // The test may have seen enough.
    drop(calls.send(call));
}
