//! What clients were told, held against what is there afterwards.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use tests::{
    Service,
    http::{Answer, fetch},
};

/// Clients that append at the same time.
const CLIENTS: usize = 4;

/// How a producer's life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The process is killed: all that it ever said must hold.
    Killed,
    /// The power is cut. A file system that is told to forget may, while it does so, still call a
    /// sync done that is not (a bare appender sees that too), so what was said meanwhile is open.
    PowerCut,
}

/// A producer's life, as its clients saw it.
#[derive(Debug)]
pub(crate) struct Life {
    /// Which one it was.
    number: usize,
    /// How many records of each client are sure to be there, and how many may be.
    records: Vec<(usize, usize)>,
    /// What a live reader was shown, and how much of that must still be there.
    shown: Vec<String>,
    shown_for_good: usize,
}

/// What a client or a reader has so far.
type Shared<T> = Arc<Mutex<T>>;

impl Life {
    /// Lets clients append and a reader read on from `place`, until `acks` are acknowledged; then
    /// comes the `end`, wherever everybody is.
    pub(crate) fn lead(
        producer: &Service,
        (number, acks): (usize, usize),
        place: &str,
        (how, end): (End, impl FnOnce()),
    ) -> Self {
        let (url, news) = (producer.url("/stream"), format!("/stream?offset={place}"));
        // It reads before anybody appends, for it could come too late to meet the producer at all.
        let news = fetch(&producer.url(&news), &[]);
        let (told, heard) = mpsc::channel();
        let counts: Vec<Shared<usize>> = (0..CLIENTS).map(|_| Arc::default()).collect();
        let shown: Shared<Vec<String>> = Arc::default();
        let seen = || {
            (
                counts.iter().map(|count| *lock(count)).collect(),
                lock(&shown).len(),
            )
        };
        let before: (Vec<usize>, usize) = thread::scope(|scope| {
            let reader = shown.clone();
            scope.spawn(move || read(news, &reader));
            for (client, count) in counts.iter().enumerate() {
                let (url, told) = (&url, told.clone());
                scope.spawn(move || append((client, number), url, count, &told));
            }
            assert_eq!(heard.iter().take(acks).count(), acks);
            let before = seen();
            end();
            before
        });
        let after: (Vec<usize>, usize) = seen();
        let (sure, shown_for_good) = if how == End::Killed {
            after.clone()
        } else {
            before
        };
        // The one without an answer is there once or not at all.
        let possible = after.0.iter().map(|count| count + 1);
        let records = sure.into_iter().zip(possible).collect();
        let shown = std::mem::take(&mut *lock(&shown));
        Self {
            number,
            records,
            shown,
            shown_for_good,
        }
    }

    /// How many records are sure to be there.
    pub(crate) fn acknowledged(&self) -> usize {
        self.records.iter().map(|(sure, _)| sure).sum()
    }

    /// Why `found`, which is what came of this life, is not what its clients were told.
    pub(crate) fn contradiction(&self, found: &[String]) -> Option<String> {
        let (shown, good) = (&self.shown, self.shown_for_good);
        let differ = found.iter().zip(shown).any(|(found, shown)| found != shown);
        if differ || found.len() < good {
            return Some(format!(
                "a reader was shown {good} records, {} are there",
                found.len()
            ));
        }
        let mut accounted = 0;
        for (client, (sure, possible)) in self.records.iter().enumerate() {
            let begin = record((client, self.number), "");
            let begin = begin.trim_end_matches('}');
            let mine: Vec<_> = found
                .iter()
                .filter_map(|line| line.strip_prefix(begin))
                .collect();
            accounted += mine.len();
            let in_order = mine
                .iter()
                .enumerate()
                .all(|(at, end)| *end == format!("{at}}}"));
            if !in_order || !(*sure..=*possible).contains(&mine.len()) {
                return Some(format!(
                    "{sure} of client {client} were acknowledged: {mine:?}"
                ));
            }
        }
        (accounted != found.len()).then(|| format!("{accounted} of {} are known", found.len()))
    }
}

/// The place behind the last record.
pub(crate) fn tail(producer: &Service) -> String {
    let tail = fetch(&producer.url("/stream?offset=now"), &[]);
    tail.header("stream-offset").to_owned()
}

/// All records from `place` on, and the place behind them.
pub(crate) fn records(producer: &Service, place: &str) -> (Vec<String>, String) {
    let tail = tail(producer);

    let mut answer = fetch(&producer.url(&format!("/stream?offset={place}")), &[]);
    assert_eq!(answer.status, 200, "{place} is no place");
    let number = |offset: &str| {
        offset
            .split('_')
            .next()
            .and_then(|record| record.parse::<usize>().ok())
    };
    let (first, next) = (number(answer.header("stream-offset")), number(&tail));
    let count = next.expect("an offset") - first.expect("an offset");
    (answer.lines(count), tail)
}

fn record((client, life): (usize, usize), number: &str) -> String {
    format!(r#"{{"life":{life},"client":{client},"number":{number}}}"#)
}

/// Appends until that is refused, or nobody answers. Each acknowledgement is counted and told.
fn append(who: (usize, usize), url: &str, count: &Mutex<usize>, told: &mpsc::Sender<()>) {
    loop {
        let number = *lock(count);
        let answer = ureq::post(url).send(record(who, &number.to_string()));
        if !answer.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        *lock(count) += 1;
        // Nobody listens any more once the end has come.
        let _told = told.send(());
    }
}

/// Reads until the body breaks off.
fn read(mut news: Answer, shown: &Mutex<Vec<String>>) {
    while let Ok(Some(line)) = news.line() {
        if !line.is_empty() {
            lock(shown).push(line);
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
