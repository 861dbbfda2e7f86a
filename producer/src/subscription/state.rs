//! One subscription: how far each of its streams has been worked on, and who is at work. Pure: time, and where streams
//! end, come in with each call.
//!
//! ```text
//!            pending                 pull-wake: claimed
//!    Idle ───────────▶ Woken ─────────────────────────▶ Held
//!     ▲                  │ webhook: answered or called    │ acked as done, released,
//!     └──────────────────┴───── back as done, expired ────┴─ expired
//! ```
//!
//! Each way from `Idle` to `Woken` is a new generation. Who works has the token of one, and what is said with that
//! of another is refused: so nobody can move a cursor whose lease is over.

use std::collections::{BTreeMap, BTreeSet};

use common::{limits::WAKE_STREAMS_MAX, offset::Offset, time::Timestamp};

use super::{
    ask::Report,
    links::{Find, Link, Seen},
    made::{Kind, Made},
    retry::Retry,
};

/// Who is at work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody.
    #[default]
    Idle,
    /// There is work. Who was told of it, or is being told, may do it until then.
    Woken {
        wake: String,
        is_told: bool,
        until: Option<Timestamp>,
    },
    /// A worker that has claimed it.
    Held {
        wake: String,
        holder: String,
        until: Timestamp,
    },
}

/// What came of telling somebody that there is work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Nobody heard it.
    Failed,
    /// It was heard.
    Heard,
    /// It was heard, and all that was told is worked on.
    Done(Vec<Seen>),
}

/// What of it is not kept yet.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) head: bool,
    pub(super) links: BTreeSet<String>,
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) made: Made,
    pub(super) links: BTreeMap<String, Link>,
    pub(super) generation: u64,
    pub(super) phase: Phase,
    pub(super) retry: Retry,
    pub(super) changed: Changed,
    /// Somebody is being told right now.
    pub(super) is_busy: bool,
    /// Where there may be work: all other streams have none.
    pub(super) maybe: BTreeSet<String>,
}

impl Subscription {
    /// One of which nothing was worked on but what `links` say.
    pub(super) fn new(made: Made, links: BTreeMap<String, Link>) -> Self {
        let maybe = links.keys().cloned().collect();
        Self {
            made,
            links,
            generation: 0,
            phase: Phase::Idle,
            retry: Retry::default(),
            changed: Changed::default(),
            is_busy: false,
            maybe,
        }
    }

    pub(super) const fn is_webhook(&self) -> bool {
        matches!(self.made.kind, Kind::Webhook { .. })
    }

    /// The first stream in which there is work.
    pub(super) fn pending(&mut self, find: Find<'_>) -> Option<String> {
        while let Some(path) = self.maybe.first() {
            let link = self.links.get(path);
            if link.is_some_and(|link| link.seen(path, find).has_pending) {
                return Some(path.clone());
            }
            self.maybe.pop_first();
        }
        None
    }

    /// Its streams, those with work first, as many as one may be told of.
    pub(super) fn seen(&self, find: Find<'_>) -> Vec<Seen> {
        let links = self.links.iter();
        let mut seen: Vec<_> = links.map(|(path, link)| link.seen(path, find)).collect();
        if seen.len() > WAKE_STREAMS_MAX {
            seen.sort_by_key(|seen| !seen.has_pending);
            seen.truncate(WAKE_STREAMS_MAX);
        }
        seen
    }

    /// Ends a lease that is over; returns whether there was one. Who was being told and is silent until
    /// then has not heard it.
    pub(super) fn expire(&mut self, now: Timestamp, jitter: f64) -> bool {
        match self.phase {
            Phase::Woken {
                is_told,
                until: Some(until),
                ..
            } if until <= now => {
                if !is_told && self.is_busy {
                    self.retry.fail(now, jitter);
                }
            }
            Phase::Held { until, .. } if until <= now => {}
            _ => return false,
        }
        self.rest();
        true
    }

    /// Wakes, where there is work and nobody at it; returns whether it did.
    pub(super) fn wake(
        &mut self,
        now: Timestamp,
        find: Find<'_>,
        id: impl FnOnce() -> String,
    ) -> bool {
        let may_wake = self.phase == Phase::Idle && self.retry.is_due(now);
        if !may_wake || self.pending(find).is_none() {
            return false;
        }
        self.woken(id());
        true
    }

    fn woken(&mut self, wake: String) {
        self.generation += 1;
        let (is_told, until) = (false, None);
        self.move_to(Phase::Woken {
            wake,
            is_told,
            until,
        });
    }

    /// Whether somebody is to be told now.
    pub(super) fn is_to_tell(&self, now: Timestamp) -> bool {
        let is_untold = matches!(self.phase, Phase::Woken { is_told: false, .. });
        is_untold && !self.is_busy && self.retry.is_due(now)
    }

    /// Begins to tell. Nobody is told of no work.
    pub(super) fn begin_to_tell(&mut self, now: Timestamp, find: Find<'_>) -> bool {
        if self.pending(find).is_none() {
            self.rest();
            return false;
        }
        self.is_busy = true;
        let lease_end = self.lease_end(now);
        if self.is_webhook()
            && let Phase::Woken { until, .. } = &mut self.phase
        {
            let is_first = until.replace(lease_end).is_none();
            self.changed.head = true;
            // Who is called again may still report what was told the first time.
            if is_first {
                self.catch_up(find);
            }
        }
        true
    }

    /// Somebody was told of `wake`, or nobody heard it.
    pub(super) fn told(&mut self, wake: &str, told: Told, (now, jitter): (Timestamp, f64)) {
        self.is_busy = false;
        let Phase::Woken {
            wake: current,
            is_told,
            ..
        } = &mut self.phase
        else {
            return;
        };
        // That a lease was over in the meantime was noted then; and who has called back has heard it.
        if current != wake || (*is_told && told == Told::Failed) {
            return;
        }
        self.changed.head = true;
        match told {
            Told::Failed => self.retry.fail(now, jitter),
            Told::Heard => {
                *is_told = true;
                self.retry = Retry::default();
            }
            Told::Done(seen) => {
                for seen in seen.into_iter().filter(|seen| seen.has_pending) {
                    let link = self.links.get(&seen.path);
                    // Another one of that name, which was made since, is not worked on.
                    if link.is_some_and(|link| link.number == seen.number) {
                        self.reach(&seen.path, seen.number, seen.tail);
                    }
                }
                self.retry = Retry::default();
                self.rest();
            }
        }
    }

    /// All of a stream before `at` is worked on, if it is that stream, and if not so much was before.
    fn reach(&mut self, path: &str, number: u64, at: Offset) {
        let Some(link) = self.links.get_mut(path) else {
            return;
        };
        let is_same = link.number == number;
        if !is_same || link.acked.is_none_or(|acked| acked < at) {
            (link.number, link.acked) = (number, Some(at));
            self.changed.links.insert(path.to_owned());
        }
    }

    /// A worker takes the work; returns its wake.
    pub(super) fn claim(
        &mut self,
        holder: String,
        now: Timestamp,
        find: Find<'_>,
        id: impl FnOnce() -> String,
    ) -> Result<String, NotYours> {
        if let Phase::Held { holder, .. } = &self.phase {
            return Err(NotYours::Claimed(holder.clone()));
        }
        if self.pending(find).is_none() {
            return Err(NotYours::NoWork);
        }
        if self.phase == Phase::Idle {
            self.woken(id());
        }
        let Phase::Woken { wake, .. } = &self.phase else {
            return Err(NotYours::NoWork);
        };
        let wake = wake.clone();
        let until = self.lease_end(now);
        self.catch_up(find);
        self.move_to(Phase::Held {
            wake: wake.clone(),
            holder,
            until,
        });
        Ok(wake)
    }

    /// Whether `wake` is the one that counts, and whoever has it is still let work.
    pub(super) fn is_at_work(&self, wake: &str) -> bool {
        match &self.phase {
            Phase::Idle => false,
            Phase::Woken {
                wake: current,
                until,
                ..
            } => until.is_some() && current == wake,
            Phase::Held { wake: current, .. } => current == wake,
        }
    }

    /// Moves cursors: all of them, or none.
    pub(super) fn ack(&mut self, report: &Report, find: Find<'_>) -> Result<(), NotAPlace> {
        let mut reached = Vec::new();
        for ack in &report.acks {
            let (path, offset) = ack;
            let invalid = |why| NotAPlace {
                path: path.clone(),
                why,
            };
            let link = self
                .links
                .get(path)
                .ok_or_else(|| invalid("is no stream of it"))?;
            let at: Offset = offset.parse().map_err(|_| invalid("was given no offset"))?;
            let seen = link.seen(path, find);
            if self.is_other(link, &seen) {
                return Err(invalid("is another stream than that of the wake"));
            }
            if at > seen.tail {
                return Err(invalid("does not reach so far"));
            }
            if seen.acked.is_some_and(|acked| at < acked) {
                return Err(invalid("is acked further on already"));
            }
            if report.nowhere.as_ref() == Some(ack) {
                return Err(invalid("has no border between records there"));
            }
            reached.push((path, seen.number, at));
        }
        for (path, number, at) in reached {
            self.reach(path, number, at);
        }
        Ok(())
    }

    /// Who is at work goes on, or has done all it was told of.
    pub(super) fn go_on(&mut self, now: Timestamp, is_done: bool) {
        let lease_end = self.lease_end(now);
        match &mut self.phase {
            Phase::Idle => {}
            Phase::Woken { is_told, until, .. } => {
                (*is_told, *until) = (true, Some(lease_end));
                self.retry = Retry::default();
            }
            Phase::Held { until, .. } => *until = lease_end,
        }
        self.changed.head = true;
        if is_done {
            self.rest();
        }
    }

    /// Nobody is at work.
    pub(super) fn rest(&mut self) {
        self.move_to(Phase::Idle);
    }

    fn move_to(&mut self, phase: Phase) {
        self.phase = phase;
        self.changed.head = true;
    }

    fn lease_end(&self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.made.lease_milliseconds))
    }

    /// When it has to be looked at again, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Idle => self.retry.at.filter(|_| !self.maybe.is_empty()),
            Phase::Held { until, .. } => Some(*until),
            Phase::Woken { until, is_told, .. } => {
                let retry = self.retry.at.filter(|_| !is_told && !self.is_busy);
                retry.into_iter().chain(*until).min()
            }
        }
    }
}

/// Why nobody is given the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotYours {
    /// That worker has it.
    Claimed(String),
    /// There is none.
    NoWork,
}

/// An offset that no cursor can be moved to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} {why}")]
pub(super) struct NotAPlace {
    path: String,
    why: &'static str,
}
