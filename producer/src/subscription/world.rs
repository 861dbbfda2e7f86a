//! A small world for tests: streams, a book about them, what is kept of it, and a clock.

use std::collections::{BTreeMap, BTreeSet};

use common::{offset::Offset, time::Timestamp};
use fastrand::Rng;

use super::{
    ask::{Ask, Errand, Report, Said, Via},
    book::Book,
    links::{Ends, Seen},
    made::{Kind, Made},
    metrics::Metrics,
    pattern::Pattern,
    refused::Refused,
    state::Told,
};
use crate::log::Note;

pub(super) const LEASE: i64 = 1000;

pub(super) struct World {
    pub(super) streams: BTreeMap<String, Ends>,
    pub(super) book: Book,
    pub(super) now: Timestamp,
    /// What is on stable storage.
    pub(super) kept: BTreeMap<String, Note>,
    /// Errands that somebody is on.
    pub(super) under_way: Vec<Errand>,
    made: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            streams: BTreeMap::new(),
            book: Book::new(Rng::with_seed(seed), Metrics::default()),
            now: Timestamp(1_800_000_000_000),
            kept: BTreeMap::new(),
            under_way: Vec::new(),
            made: 0,
        }
    }

    pub(super) fn append(&mut self, name: &str) {
        if !self.streams.contains_key(name) {
            self.made += 1;
        }
        let number = self.made;
        let new = Ends {
            number,
            earliest: Offset::default(),
            next: Offset::default(),
        };
        let ends = self.streams.entry(name.to_owned()).or_insert(new);
        ends.next = ends.next.advance(1, 2);
        let number = ends.number;
        self.book.changed(name, number, false);
    }

    pub(super) fn delete(&mut self, name: &str) {
        if let Some(gone) = self.streams.remove(name) {
            self.book.changed(name, gone.number, true);
        }
    }

    pub(super) fn tail(&self, name: &str) -> String {
        let ends = self.streams.get(name);
        ends.map_or_else(Offset::default, |ends| ends.next)
            .to_string()
    }

    pub(super) fn ask(&mut self, id: &str, ask: Ask) -> Result<Said, Refused> {
        let (streams, now) = (self.streams.clone(), self.now);
        let find = |name: &str| streams.get(name).copied();
        let found = streams.keys().cloned().collect();
        self.book.ask(id, ask, (now, &find), found)
    }

    pub(super) fn make(&mut self, id: &str, kind: Kind, streams: &[&str]) -> Result<Said, Refused> {
        let made = Made {
            kind,
            pattern: Some(Pattern::read("events/*").unwrap()),
            lease_milliseconds: LEASE,
            description: None,
            hash: format!("{streams:?}"),
            origin: String::new(),
            at: self.now,
        };
        let streams = streams.iter().map(|name| (*name).to_owned()).collect();
        self.ask(id, Ask::Make { made, streams })
    }

    pub(super) fn webhook(&mut self, id: &str) {
        let url = "https://a.example".to_owned();
        self.make(id, Kind::Webhook { url }, &[]).unwrap();
    }

    pub(super) fn pull(&mut self, id: &str) {
        let wake_stream = "events/wake".to_owned();
        self.make(id, Kind::PullWake { wake_stream }, &[]).unwrap();
    }

    /// Looks at the time, and keeps what comes of all; returns who is sent.
    pub(super) fn look(&mut self) -> Vec<Errand> {
        let (streams, now) = (self.streams.clone(), self.now);
        let find = |name: &str| streams.get(name).copied();
        self.book.tick(now, &find);
        let errands = self.book.errands(now, 64, &find);
        for note in self.book.notes() {
            if note.text.is_empty() {
                self.kept.remove(&note.name);
            } else {
                self.kept.insert(note.name.clone(), note);
            }
        }
        self.under_way.extend(errands.iter().cloned());
        errands
    }

    pub(super) fn after(&mut self, milliseconds: i64) -> Vec<Errand> {
        self.now.0 += milliseconds;
        self.look()
    }

    /// Somebody comes back from an errand.
    pub(super) fn told(&mut self, errand: &Errand, told: Told) {
        self.under_way.retain(|it| it != errand);
        self.book.told(errand, told, self.now);
    }

    /// What is not kept is lost, and so are those under way.
    pub(super) fn crash(&mut self) {
        let notes: Vec<_> = self.kept.values().cloned().collect();
        self.under_way.clear();
        self.book = Book::new(
            Rng::with_seed(self.now.0.cast_unsigned()),
            Metrics::default(),
        );
        self.book.load(&notes, &BTreeSet::new());
        let streams = self.streams.clone();
        self.book.forget_streams(&|name| streams.get(name).copied());
        for (name, ends) in &streams {
            self.book.changed(name, ends.number, false);
        }
    }

    pub(super) fn claim(
        &mut self,
        id: &str,
        worker: &str,
    ) -> Result<(u64, String, Vec<Seen>), Refused> {
        let worker = worker.to_owned();
        match self.ask(id, Ask::Claim { worker })? {
            Said::Claimed {
                generation,
                wake,
                streams,
                ..
            } => Ok((generation, wake, streams)),
            other => panic!("{other:?}"),
        }
    }

    /// How far somebody is who was given `wake`.
    pub(super) fn report(
        &mut self,
        (id, via): (&str, Via),
        (generation, wake): (u64, &str),
        acks: &[(&str, &str)],
        is_done: bool,
    ) -> Result<Said, Refused> {
        let acks = acks
            .iter()
            .map(|(stream, offset)| ((*stream).to_owned(), (*offset).to_owned()));
        let report = Report {
            via,
            token: generation,
            generation,
            wake: wake.to_owned(),
            acks: acks.collect(),
            nowhere: None,
            is_done,
        };
        self.ask(id, Ask::Report(report))
    }

    /// How far each stream of a subscription is, as it is shown.
    pub(super) fn cursors(&mut self, id: &str) -> BTreeMap<String, Option<Offset>> {
        match self.ask(id, Ask::Show) {
            Ok(Said::Shown { view, .. }) => {
                let links = view.links.into_iter();
                links.map(|(path, link)| (path, link.acked)).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}
