//! Users of the service: some append, and ask again where they do not know what came of it; some
//! read along.

use std::{cell::RefCell, rc::Rc, time::Duration};

use common::{offset::Offset, wire};
use fastrand::Rng;
use futures_util::future::{join_all, select, try_join_all};
use http_body_util::Full;
use hyper::Method;

use super::{
    client::{self, Client},
    history::{Append, History, Streams},
};

/// The streams and partitions there are.
pub(super) const STREAMS: [&str; 4] = ["a", "b", "t/0", "t/1"];

/// What can be appended to: streams, and a topic.
const TARGETS: [&str; 3] = ["/v1/stream/a", "/v1/stream/b", "/v1/topics/t"];
const TOPIC: &str = r#"{"partitions":2,"key":"/key"}"#;

/// How many append.
const APPENDING: usize = 3;

/// What they know, together.
pub(super) type Shared = Rc<RefCell<History>>;

/// Makes what there is, appends to it, and reads along meanwhile.
pub(super) async fn use_it(history: Shared, mut rng: Rng) -> turmoil::Result {
    let patience = Duration::from_millis(rng.u64(10..50));
    let client = Client { patience };
    for stream in &TARGETS[..2] {
        client
            .insist(&Method::PUT, stream, (wire::JSON, ""))
            .await?;
    }
    client
        .insist(&Method::PUT, TARGETS[2], (wire::JSON, TOPIC))
        .await?;
    let appending = (0..APPENDING).map(|number| {
        let rng = rng.fork();
        let sequences = [0; TARGETS.len()];
        let user = User {
            number,
            client,
            history: history.clone(),
            rng,
            sequences,
        };
        user.append()
    });
    let reading = ["a", "t/1"].map(|stream| read_along(stream, client, history.clone()));
    let both = select(
        Box::pin(try_join_all(appending)),
        Box::pin(join_all(reading)),
    );
    match both.await {
        futures_util::future::Either::Left((appended, _)) => Ok(appended.map(drop)?),
        futures_util::future::Either::Right(_) => Err("a reader has ended".into()),
    }
}

/// Reads all there is.
pub(super) async fn read_all(found: Rc<RefCell<Streams>>) -> turmoil::Result {
    let client = Client {
        patience: Duration::from_secs(1),
    };
    for stream in STREAMS {
        let lines = client.read(stream).await?;
        found.borrow_mut().insert(stream.to_owned(), lines);
    }
    Ok(())
}

async fn read_along(stream: &str, client: Client, history: Shared) {
    let mut at = Offset::default();
    let shown = history.borrow().shown.len();
    history
        .borrow_mut()
        .shown
        .push((stream.to_owned(), Vec::new()));
    loop {
        let show = |line| history.borrow_mut().shown[shown].1.push(line);
        client.follow(stream, &mut at, show).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

struct User {
    number: usize,
    client: Client,
    history: Shared,
    rng: Rng,
    /// The next sequence of this producer at each target.
    sequences: [u64; TARGETS.len()],
}

impl User {
    /// Appends some times.
    async fn append(mut self) -> Result<(), String> {
        for round in 0..self.rng.usize(4..12) {
            let target = self.rng.usize(..TARGETS.len());
            let index = self.begin(round);
            if self.rng.u8(..4) == 0 {
                self.ask_once(index, target).await?;
            } else {
                self.ask_again(index, target).await?;
            }
        }
        Ok(())
    }

    /// Notes what is about to be asked.
    fn begin(&mut self, round: usize) -> usize {
        let lines = 0..self.rng.usize(1..4);
        let line = |line| {
            let (number, key) = (self.number, self.rng.u8(..8));
            let padding = "x".repeat(self.rng.usize(..60));
            format!(r#"{{"key":{key},"id":"{number}-{round}-{line}","padding":"{padding}"}}"#)
        };
        let append = Append {
            lines: lines.map(line).collect(),
            began: turmoil::elapsed(),
            ended: None,
            next: None,
        };
        let appends = &mut self.history.borrow_mut().appends;
        appends.push(append);
        appends.len() - 1
    }

    /// Without a producer's name: where nobody knows, it stays so.
    async fn ask_once(&self, index: usize, target: usize) -> Result<(), String> {
        let request = client::request(&Method::POST, TARGETS[target], wire::NDJSON);
        let request = request.body(self.body(index)).unwrap();
        match self.client.ask(request).await {
            Some(answer) if answer.status().is_success() => {
                self.end(index, client::next(&answer));
                Ok(())
            }
            Some(refused) => Err(format!("{target}: {refused:?}")),
            None => Ok(()),
        }
    }

    /// As a producer: again, until it is known to have been done.
    async fn ask_again(&mut self, index: usize, target: usize) -> Result<(), String> {
        let sequence = self.sequences[target];
        self.sequences[target] += 1;
        for attempt in 0.. {
            let request = client::request(&Method::POST, TARGETS[target], wire::NDJSON)
                .header(wire::PRODUCER_ID, self.number)
                .header(wire::PRODUCER_EPOCH, 0)
                .header(wire::PRODUCER_SEQ, sequence)
                .body(self.body(index));
            let Some(answer) = self.client.ask(request.unwrap()).await else {
                continue;
            };
            let is_again = client::is_duplicate(&answer);
            if !answer.status().is_success() || (is_again && attempt == 0) {
                return Err(format!("{target}, sequence {sequence}: {answer:?}"));
            }
            self.history.borrow_mut().repeats += usize::from(is_again);
            self.end(index, client::next(&answer).filter(|_| !is_again));
            break;
        }
        Ok(())
    }

    fn body(&self, index: usize) -> Full<bytes::Bytes> {
        Full::from(self.history.borrow().appends[index].lines.join("\n"))
    }

    fn end(&self, index: usize, next: Option<Offset>) {
        let append = &mut self.history.borrow_mut().appends[index];
        append.ended = Some(turmoil::elapsed());
        append.next = next;
    }
}
