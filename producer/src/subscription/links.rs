//! The streams of a subscription: which they are, and how far each has been worked on.

use common::{limits::SUBSCRIPTION_STREAMS_MAX, offset::Offset};

use super::{
    made::Kind,
    refused::Refused,
    state::{Phase, Subscription},
};

/// A stream of a subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// It was named, and does not only match the pattern.
    pub(super) is_explicit: bool,
    /// Which stream of that name: one that is made anew is another. 0 is none that there was so far.
    pub(super) number: u64,
    /// All before it has been worked on; none is nothing.
    pub(super) acked: Option<Offset>,
    /// The generation in which it became that stream, while somebody was at work: who knows what of that
    /// name there was before says nothing of this one. 0 is none.
    pub(super) since: u64,
}

/// Where a stream begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) number: u64,
    pub(super) earliest: Offset,
    pub(super) next: Offset,
}

/// Finds the stream of a name.
pub(super) type Find<'a> = &'a dyn Fn(&str) -> Option<Ends>;

/// A stream of a subscription, as workers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) is_explicit: bool,
    pub(super) number: u64,
    pub(super) acked: Option<Offset>,
    pub(super) tail: Offset,
    pub(super) has_pending: bool,
}

/// What a change of a stream was for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noticed {
    /// It is no stream of it, or was one before.
    Known,
    /// It is one from now on.
    New,
    /// It would be one, but there are too many.
    TooMany,
}

impl Link {
    /// A link of which all that there is now is worked on.
    pub(super) fn at_tail(path: &str, is_explicit: bool, find: Find<'_>) -> Self {
        let found = find(path);
        Self {
            is_explicit,
            number: found.map_or(0, |found| found.number),
            acked: found.map(|found| found.next),
            since: 0,
        }
    }

    /// What workers see of it.
    pub(super) fn seen(&self, path: &str, find: Find<'_>) -> Seen {
        let found = find(path);
        let number = found.map_or(0, |found| found.number);
        // What was acked of another stream of that name says nothing of this one.
        let acked = self.acked.filter(|_| number == 0 || number == self.number);
        let pending_from = |found: Ends| acked.map_or(found.earliest, |at| at.max(found.earliest));
        Seen {
            path: path.to_owned(),
            is_explicit: self.is_explicit,
            number,
            acked,
            tail: found.map_or_else(Offset::default, |found| found.next),
            has_pending: found.is_some_and(|found| pending_from(found) < found.next),
        }
    }
}

impl Subscription {
    /// Whether its pattern is for that stream. Where it writes that it wakes there is no work for it: it
    /// would wake itself.
    pub(super) fn matches(&self, path: &str) -> bool {
        let pattern = self.made.pattern.as_ref();
        !self.wakes_in(path) && pattern.is_some_and(|pattern| pattern.matches(path))
    }

    /// Whether it writes there that it wakes.
    fn wakes_in(&self, path: &str) -> bool {
        matches!(&self.made.kind, Kind::PullWake { wake_stream } if wake_stream == path)
    }

    /// That none of these is where it wakes, which cannot be named either.
    pub(super) fn check_named(&self, streams: &[String]) -> Result<(), Refused> {
        if let Some(own) = streams.iter().find(|path| self.wakes_in(path)) {
            let why = format!("streams: {own:?} is the wake_stream, which is no work itself");
            return Err(Refused::Invalid(why));
        }
        Ok(())
    }

    /// Adds or changes a link.
    pub(super) fn link(&mut self, path: &str, link: Link) {
        self.maybe.insert(path.to_owned());
        if self.links.insert(path.to_owned(), link) != Some(link) {
            self.changed.links.insert(path.to_owned());
        }
    }

    pub(super) fn unlink(&mut self, path: &str) {
        if self.links.remove(path).is_some() {
            self.changed.links.insert(path.to_owned());
        }
    }

    /// There may be work in a stream that is linked.
    pub(super) fn look_at(&mut self, path: &str) {
        self.maybe.insert(path.to_owned());
    }

    /// Adds streams that are named, of which there is room for so many.
    pub(super) fn name(
        &mut self,
        streams: &[String],
        room: usize,
        find: Find<'_>,
    ) -> Result<(), Refused> {
        self.check_named(streams)?;
        let is_new = |path: &&String| !self.links.contains_key(*path);
        let new = streams.iter().filter(is_new).count();
        if new > room || self.links.len() + new > SUBSCRIPTION_STREAMS_MAX {
            return Err(Refused::TooMany);
        }
        for path in streams {
            let there = self.links.get(path).copied();
            let mut link = there.unwrap_or_else(|| Link::at_tail(path, true, find));
            link.is_explicit = true;
            self.link(path, link);
        }
        Ok(())
    }

    /// Lets a stream go that was named; one that matches, and is there, stays.
    pub(super) fn unname(&mut self, path: &str, find: Find<'_>) {
        let Some(mut link) = self.links.get(path).copied() else {
            return;
        };
        if self.matches(path) && find(path).is_some() {
            link.is_explicit = false;
            self.link(path, link);
        } else {
            self.unlink(path);
        }
    }

    /// A stream has changed: it has something new, or it is deleted.
    pub(super) fn notice(
        &mut self,
        path: &str,
        (number, is_deleted): (u64, bool),
        has_room: bool,
    ) -> Noticed {
        let Some(link) = self.links.get(path).copied() else {
            return self.notice_stranger(path, (number, is_deleted), has_room);
        };
        let is_explicit = link.is_explicit;
        match (is_deleted, link.number == number) {
            (true, true) if is_explicit => self.link(
                path,
                Link {
                    is_explicit,
                    ..Link::default()
                },
            ),
            (true, true) => self.unlink(path),
            // That one is made anew under its name was seen before.
            (true, false) => {}
            (false, true) => self.look_at(path),
            (false, false) => self.link(
                path,
                Link {
                    is_explicit,
                    number,
                    acked: None,
                    since: self.at_work(),
                },
            ),
        }
        Noticed::Known
    }

    fn notice_stranger(
        &mut self,
        path: &str,
        (number, is_deleted): (u64, bool),
        has_room: bool,
    ) -> Noticed {
        if is_deleted || !self.matches(path) {
            return Noticed::Known;
        }
        if !has_room || self.links.len() >= SUBSCRIPTION_STREAMS_MAX {
            return Noticed::TooMany;
        }
        self.link(
            path,
            Link {
                number,
                since: self.at_work(),
                ..Link::default()
            },
        );
        Noticed::New
    }

    /// The generation that somebody is told of, if somebody is.
    fn at_work(&self) -> u64 {
        match self.phase {
            Phase::Idle => 0,
            Phase::Woken { .. } | Phase::Held { .. } => self.generation,
        }
    }

    /// Somebody is told of the streams as they are now.
    pub(super) fn catch_up(&mut self, find: Find<'_>) {
        let behind = self.links.iter().filter_map(|(path, link)| {
            let mut now = Link { since: 0, ..*link };
            let number = link.seen(path, find).number;
            if number != 0 && number != link.number {
                (now.number, now.acked) = (number, None);
            }
            (now != *link).then(|| (path.clone(), now))
        });
        let behind: Vec<_> = behind.collect();
        for (path, link) in behind {
            self.link(&path, link);
        }
    }

    /// Whether this is another stream than that of which those at work were told.
    pub(super) fn is_other(&self, link: &Link, seen: &Seen) -> bool {
        let is_since = link.since != 0 && link.since == self.generation;
        seen.number != 0 && (is_since || seen.number != link.number)
    }
}
