//! The one who keeps the book: takes what is asked, what has changed in streams, what came of errands and
//! the time; keeps in the log what comes of it; and only then answers, and sends out whom to tell. So nobody is told a
//! generation, and no cursor is said to have moved, that a crash could take back.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use common::{
    limits::{SUBSCRIPTION_STREAMS_MAX, WEBHOOKS_MAX},
    time::Timestamp,
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    ask::{Ask, Errand, Said},
    book::Book,
    desk::Desk,
    kept,
    links::Ends,
    made::Kind,
    refused::Refused,
    state::Told,
};
use crate::log::{Log, Misplaced, Shown, Stream};

/// How many that wait are answered together.
const TOGETHER_MAX: usize = 64;

/// The clock may be moved: it is looked at again after this at the latest.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// When nothing could be kept, the next attempt is so many milliseconds later.
const KEEPING_PAUSE: i64 = 1000;

/// How many streams are looked at before others get their turn.
const LOOKED_AT: usize = 1000;

/// Something that is asked, and who waits for the answer.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) id: String,
    pub(super) ask: Ask,
    pub(super) reply: oneshot::Sender<Result<Said, Refused>>,
}

/// Who waits, and what is said to them when all of it is kept.
type Answers = Vec<(
    oneshot::Sender<Result<Said, Refused>>,
    Result<Said, Refused>,
)>;

/// Errands that are being done.
type Doing = FuturesUnordered<BoxFuture<'static, (Errand, Told)>>;

/// What can happen.
enum Event {
    /// Somebody has come back from an errand.
    Back(Errand, Told),
    Asked(Command),
    Changed(Vec<Stream>),
    /// Time has passed.
    Time,
}

/// Keeps the book of subscriptions.
#[derive(Debug)]
pub(crate) struct Engine {
    log: Log,
    book: Book,
    commands: mpsc::Receiver<Command>,
    desk: Arc<Desk>,
    /// Whom somebody is sent to right now.
    busy: BTreeSet<String>,
    /// Before that nobody is sent: nothing could be kept.
    not_before: Timestamp,
}

impl Engine {
    pub(super) fn new(log: Log, book: Book, commands: mpsc::Receiver<Command>, desk: Desk) -> Self {
        Self {
            log,
            book,
            commands,
            desk: Arc::new(desk),
            busy: BTreeSet::new(),
            not_before: Timestamp::default(),
        }
    }

    /// Works until `over`. From `stop` on nobody is sent any more, and who is under way then has until
    /// the drain limit.
    pub(crate) async fn run(
        mut self,
        drain_limit: Duration,
        stop: CancellationToken,
        over: CancellationToken,
    ) {
        let mut doing = Doing::new();
        let cut = async {
            stop.cancelled().await;
            tokio::time::sleep(drain_limit).await;
        };
        let mut cut = std::pin::pin!(cut);
        self.load().await;
        let mut answers = Answers::new();
        loop {
            self.send(
                &mut doing,
                std::mem::take(&mut answers),
                stop.is_cancelled(),
            )
            .await;
            let event = tokio::select! {
                biased;
                () = &mut cut => break,
                () = over.cancelled(), if doing.is_empty() => break,
                event = self.next(&mut doing) => event,
            };
            match event {
                Event::Back(errand, told) => self.told(&errand, told),
                Event::Changed(streams) => self.changed(&streams),
                Event::Time => {}
                Event::Asked(command) => self.take(command, &mut answers).await,
            }
            // Streams that change all the time must not keep those waiting who ask.
            self.take_waiting(&mut answers).await;
        }
        if !doing.is_empty() {
            let errands = doing.len();
            tracing::warn!(
                errands,
                "cut what did not end within {drain_limit:?}; it is done again"
            );
        }
    }

    /// What happens next.
    async fn next(&mut self, doing: &mut Doing) -> Event {
        let rest = rest(self.rest());
        let has_some = !self.book.is_empty();
        let Self { log, commands, .. } = self;
        tokio::select! {
            biased;
            Some((errand, told)) = doing.next(), if !doing.is_empty() => Event::Back(errand, told),
            streams = log.changed(), if has_some => Event::Changed(streams),
            Some(command) = commands.recv() => Event::Asked(command),
            () = rest => Event::Time,
        }
    }

    async fn take_waiting(&mut self, answers: &mut Answers) {
        while answers.len() < TOGETHER_MAX
            && let Ok(command) = self.commands.try_recv()
        {
            self.take(command, answers).await;
        }
    }

    fn now(&self) -> Timestamp {
        self.log.clock().now()
    }

    /// Until when nothing has to be done.
    fn rest(&self) -> Option<Duration> {
        let now = self.now();
        // What could not be kept is due already, and has no time of its own.
        let standing = (now < self.not_before).then_some(self.not_before);
        let until = standing.or_else(|| self.book.deadline())?;
        let milliseconds = until.0.saturating_sub(now.0).max(1).cast_unsigned();
        Some(Duration::from_millis(milliseconds).min(LOOK_INTERVAL))
    }

    /// Takes what is kept, and what has changed since: the log was closed, or nothing could be kept.
    async fn load(&mut self) {
        self.book.load(&self.log.notes(kept::PREFIX), &self.busy);
        self.log.want_changes(!self.book.is_empty());
        if self.book.is_empty() {
            return;
        }
        self.book.forget_streams(&|name| find(&self.log, name));
        let (mut after, log) = (String::new(), self.log.clone());
        loop {
            let streams = log.streams("", &after, LOOKED_AT, |_| Shown::Yes);
            let Some(last) = streams.last() else { return };
            after = last.name().to_owned();
            let has_records = |stream: &&Stream| stream.earliest() < stream.tail().next;
            for stream in streams.iter().filter(has_records) {
                self.book.changed(stream.name(), stream.number(), false);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn take(&mut self, command: Command, answers: &mut Answers) {
        let Command { id, mut ask, reply } = command;
        if let Ask::Report(report) = &mut ask {
            report.nowhere = nowhere(&self.log, &report.acks);
        }
        // What is kept of work that is done is little, and there is an end of it.
        if self.book.grows_by(&id, &ask)
            && let Err(refused) = self.log.takes_more().await
        {
            return answers.push((reply, Err(refused.into())));
        }
        let mut found = Vec::new();
        if let Ask::Make { made, .. } = &ask
            && !self.book.contains(&id)
            && let Some(pattern) = &made.pattern
        {
            // What changes from now on is heard of, so nothing falls between the two.
            self.log.want_changes(true);
            found = matching(&self.log, pattern.prefix(), |name| pattern.matches(name)).await;
        }
        let (now, log) = (self.now(), self.log.clone());
        let find = |name: &str| find(&log, name);
        let said = self.book.ask(&id, ask, (now, &find), found);
        self.log.want_changes(!self.book.is_empty());
        answers.push((reply, said));
    }

    fn changed(&mut self, streams: &[Stream]) {
        for stream in streams {
            let is_deleted = stream.tail().deleted;
            self.book
                .changed(stream.name(), stream.number(), is_deleted);
        }
    }

    fn told(&mut self, errand: &Errand, told: Told) {
        self.busy.remove(&errand.id);
        let now = self.now();
        self.book.told(errand, told, now);
    }

    /// Looks at the time, keeps what has come of all, and then lets it out.
    async fn send(&mut self, doing: &mut Doing, answers: Answers, is_stopping: bool) {
        let (now, log) = (self.now(), self.log.clone());
        let find = |name: &str| find(&log, name);
        let mut errands = Vec::new();
        if !is_stopping && now >= self.not_before {
            self.book.tick(now, &find);
            let webhooks_max = WEBHOOKS_MAX.saturating_sub(doing.len());
            errands = self.book.errands(now, webhooks_max, &find);
        }
        let notes = self.book.notes();
        if !notes.is_empty()
            && let Err(refused) = self.log.note(notes).await
        {
            tracing::warn!(%refused, "subscriptions stand still: nothing can be kept of them");
            self.not_before = Timestamp(now.0 + KEEPING_PAUSE);
            for (reply, said) in answers {
                // Who asked may be gone.
                drop(reply.send(said.and_then(|_| Err(refused.clone().into()))));
            }
            return self.load().await;
        }
        for (reply, said) in answers {
            drop(reply.send(said));
        }
        for errand in errands {
            self.busy.insert(errand.id.clone());
            let desk = self.desk.clone();
            doing.push(Box::pin(async move {
                let told = match &errand.kind {
                    Kind::Webhook { url } => desk.call(url, &errand).await,
                    Kind::PullWake { wake_stream } => desk.wake(wake_stream, &errand).await,
                };
                (errand, told)
            }));
        }
    }
}

async fn rest(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

fn find(log: &Log, name: &str) -> Option<Ends> {
    let stream = log.stream(name)?;
    Some(Ends {
        number: stream.number(),
        earliest: stream.earliest(),
        next: stream.tail().next,
    })
}

/// An ack that lies within a record of its stream, if there is one. What is beyond the end, or no longer
/// kept, is none.
fn nowhere(log: &Log, acks: &[(String, String)]) -> Option<(String, String)> {
    let is_within = |(path, offset): &&(String, String)| {
        let at = offset.parse().ok();
        let stream = log.stream(path);
        at.zip(stream).is_some_and(|(at, stream)| {
            let cursor = stream.cursor(at);
            matches!(cursor, Err(Misplaced::Nowhere { at, next }) if at <= next)
        })
    };
    acks.iter().find(is_within).cloned()
}

/// The names of the streams that match; too many, where there are too many.
async fn matching(log: &Log, prefix: &str, matches: impl Fn(&str) -> bool) -> Vec<String> {
    let (mut after, mut names) = (String::new(), Vec::new());
    while names.len() <= SUBSCRIPTION_STREAMS_MAX {
        let streams = log.streams(prefix, &after, LOOKED_AT, |_| Shown::Yes);
        let Some(last) = streams.last() else { break };
        after = last.name().to_owned();
        let matching = streams
            .iter()
            .map(Stream::name)
            .filter(|name| matches(name));
        names.extend(matching.map(str::to_owned));
        tokio::task::yield_now().await;
    }
    names
}
