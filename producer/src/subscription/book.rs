//! All subscriptions, and what is asked of them. Pure, but for what it counts: what has to be kept comes out as notes, and whom to tell
//! as [`Errand`]s; neither answers nor errands may go out before the notes are kept.

use std::collections::{BTreeMap, BTreeSet};

use common::{
    limits::{SUBSCRIPTION_LINKS_MAX, SUBSCRIPTION_STREAMS_MAX, SUBSCRIPTIONS_MAX},
    time::Timestamp,
};
use fastrand::Rng;

use super::{
    ask::{Ask, Errand, Report, Said, Via, View},
    kept,
    links::{Find, Link, Noticed},
    made::Made,
    metrics::Metrics,
    refused::Refused,
    state::{NotYours, Phase, Subscription, Told},
};
use crate::log::Note;

#[derive(Debug)]
pub(super) struct Book {
    subscriptions: BTreeMap<String, Subscription>,
    removed: Vec<Note>,
    rng: Rng,
    metrics: Metrics,
}

impl Book {
    pub(super) fn new(rng: Rng, metrics: Metrics) -> Self {
        Self {
            subscriptions: BTreeMap::new(),
            removed: Vec::new(),
            rng,
            metrics,
        }
    }

    /// Becomes what was kept; to those who are `busy` somebody is sent right now.
    pub(super) fn load(&mut self, notes: &[Note], busy: &BTreeSet<String>) {
        let mut loaded = kept::read(notes);
        for (id, subscription) in &mut loaded {
            subscription.is_busy = busy.contains(id);
        }
        self.subscriptions = loaded;
        self.removed.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.subscriptions.contains_key(id)
    }

    /// Whether there are more subscriptions, or streams of them, when that is done.
    pub(super) fn grows_by(&self, id: &str, ask: &Ask) -> bool {
        let there = self.subscriptions.get(id);
        match ask {
            Ask::Make { .. } => there.is_none(),
            Ask::Link { streams } => there.is_some_and(|there| {
                let is_named = |path| there.links.get(path).is_some_and(|link| link.is_explicit);
                !streams.iter().all(is_named)
            }),
            Ask::Show | Ask::Delete | Ask::Unlink { .. } | Ask::Claim { .. } | Ask::Report(_) => {
                false
            }
        }
    }

    fn links(&self) -> usize {
        self.subscriptions.values().map(|it| it.links.len()).sum()
    }

    /// Does what is asked of a subscription. `found` are the streams that match one that is to be made.
    pub(super) fn ask(
        &mut self,
        id: &str,
        ask: Ask,
        (now, find): (Timestamp, Find<'_>),
        found: Vec<String>,
    ) -> Result<Said, Refused> {
        if let Ask::Make { made, streams } = ask {
            return self.make(id, made, (streams, found), find);
        }
        let jitter = self.rng.f64();
        let missing = || Refused::Missing(id.to_owned());
        if matches!(ask, Ask::Delete) {
            self.delete(id);
            return Ok(Said::Done);
        }
        let room = SUBSCRIPTION_LINKS_MAX.saturating_sub(self.links());
        let subscription = self.subscriptions.get_mut(id).ok_or_else(missing)?;
        if subscription.expire(now, jitter) {
            self.metrics.leases_expired.inc();
        }
        match ask {
            Ask::Make { .. } | Ask::Delete | Ask::Show => Ok(Said::Shown {
                is_new: false,
                view: View::of(subscription),
            }),
            Ask::Link { streams } => {
                subscription.name(&streams, room, find)?;
                Ok(Said::Done)
            }
            Ask::Unlink { stream } => {
                subscription.unname(&stream, find);
                Ok(Said::Done)
            }
            Ask::Claim { worker } => self.claim(id, worker, (now, find)),
            Ask::Report(report) => self.report(id, &report, (now, find)),
        }
    }

    fn make(
        &mut self,
        id: &str,
        made: Made,
        (streams, found): (Vec<String>, Vec<String>),
        find: Find<'_>,
    ) -> Result<Said, Refused> {
        if let Some(there) = self.subscriptions.get(id) {
            return if there.made.hash == made.hash {
                let view = View::of(there);
                Ok(Said::Shown {
                    is_new: false,
                    view,
                })
            } else {
                Err(Refused::Exists(id.to_owned()))
            };
        }
        let mut made = Subscription::new(made, BTreeMap::new());
        made.check_named(&streams)?;
        for path in &found {
            if made.matches(path) {
                made.link(path, Link::at_tail(path, false, find));
            }
        }
        for path in &streams {
            made.link(path, Link::at_tail(path, true, find));
        }
        let links = self.links() + made.links.len();
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX
            || made.links.len() > SUBSCRIPTION_STREAMS_MAX
            || links > SUBSCRIPTION_LINKS_MAX
        {
            return Err(Refused::TooMany);
        }
        made.changed.head = true;
        let view = View::of(&made);
        self.subscriptions.insert(id.to_owned(), made);
        Ok(Said::Shown { is_new: true, view })
    }

    fn delete(&mut self, id: &str) {
        if let Some(gone) = self.subscriptions.remove(id) {
            self.removed.extend(kept::removed(id, &gone));
        }
    }

    /// A subscription, beside what else changes with it.
    fn found(&mut self, id: &str) -> Result<(&mut Subscription, &mut Rng, &Metrics), Refused> {
        let found = self.subscriptions.get_mut(id);
        let found = found.ok_or_else(|| Refused::Missing(id.to_owned()))?;
        Ok((found, &mut self.rng, &self.metrics))
    }

    fn claim(
        &mut self,
        id: &str,
        worker: String,
        (now, find): (Timestamp, Find<'_>),
    ) -> Result<Said, Refused> {
        let (subscription, rng, metrics) = self.found(id)?;
        if subscription.is_webhook() {
            return Err(Refused::Invalid(
                "a webhook is not claimed, it is called".to_owned(),
            ));
        }
        let before = subscription.generation;
        let claimed = subscription.claim(worker, now, find, || wake_id(rng));
        let generation = subscription.generation;
        let wake = claimed.map_err(|not| match not {
            NotYours::Claimed(holder) => Refused::Claimed { holder, generation },
            NotYours::NoWork => Refused::NoWork,
        })?;
        metrics.leases.inc();
        metrics.wakes.inc_by(generation - before);
        Ok(Said::Claimed {
            generation,
            wake,
            streams: subscription.seen(find),
            lease_milliseconds: subscription.made.lease_milliseconds,
        })
    }

    fn report(
        &mut self,
        id: &str,
        report: &Report,
        (now, find): (Timestamp, Find<'_>),
    ) -> Result<Said, Refused> {
        let (subscription, rng, metrics) = self.found(id)?;
        if subscription.is_webhook() != (report.via == Via::Callback) {
            let why = "webhooks report to callback, workers that have claimed to ack and release";
            return Err(Refused::Invalid(why.to_owned()));
        }
        let current = subscription.generation;
        let is_current = (report.token, report.generation) == (current, current);
        if !is_current || !subscription.is_at_work(&report.wake) {
            metrics.fenced.inc();
            return Err(Refused::Fenced);
        }
        let is_release = report.via == Via::Release;
        if !is_release {
            subscription.ack(report, find)?;
        }
        subscription.go_on(now, report.is_done || is_release);
        let next_wake = subscription.wake(now, find, || wake_id(rng));
        metrics.wakes.inc_by(next_wake.into());
        Ok(if is_release {
            Said::Done
        } else {
            Said::Acked { next_wake }
        })
    }

    /// A stream that has changed: it has something new, or it is deleted.
    pub(super) fn changed(&mut self, path: &str, number: u64, is_deleted: bool) {
        let mut room = SUBSCRIPTION_LINKS_MAX.saturating_sub(self.links());
        for (id, subscription) in &mut self.subscriptions {
            match subscription.notice(path, (number, is_deleted), room > 0) {
                Noticed::Known => {}
                Noticed::New => room -= 1,
                Noticed::TooMany => {
                    self.metrics.overlooked.inc();
                    tracing::debug!(subscription = id, stream = path, "is one too many");
                }
            }
        }
    }

    /// Streams that are gone without anybody having said so: what a crash has left behind.
    pub(super) fn forget_streams(&mut self, find: Find<'_>) {
        for subscription in self.subscriptions.values_mut() {
            let gone = subscription.links.iter();
            let gone = gone.filter(|(path, link)| !link.is_explicit && find(path).is_none());
            let gone: Vec<_> = gone.map(|(path, _)| path.clone()).collect();
            gone.iter().for_each(|path| subscription.unlink(path));
        }
    }

    /// What the time brings: leases end, and where there is work somebody is woken.
    pub(super) fn tick(&mut self, now: Timestamp, find: Find<'_>) {
        let Self {
            subscriptions,
            rng,
            metrics,
            ..
        } = self;
        for subscription in subscriptions.values_mut() {
            if subscription.expire(now, rng.f64()) {
                metrics.leases_expired.inc();
            }
            if subscription.wake(now, find, || wake_id(rng)) {
                metrics.wakes.inc();
            }
        }
        metrics
            .subscriptions
            .set(subscriptions.len().try_into().unwrap_or(i64::MAX));
        let leases = subscriptions
            .values()
            .filter(|it| it.deadline().is_some() && it.phase != Phase::Idle);
        metrics
            .at_work
            .set(leases.count().try_into().unwrap_or(i64::MAX));
    }

    /// Whom to tell now, who has waited longest first; of webhooks so many at the most.
    pub(super) fn errands(
        &mut self,
        now: Timestamp,
        webhooks_max: usize,
        find: Find<'_>,
    ) -> Vec<Errand> {
        let due = self
            .subscriptions
            .iter()
            .filter(|(_, it)| it.is_to_tell(now));
        let mut due: Vec<_> = due.map(|(id, it)| (it.retry.at, id.clone())).collect();
        due.sort();
        let (mut left, mut errands) = (webhooks_max, Vec::new());
        for (_, id) in due {
            let Some(subscription) = self.subscriptions.get_mut(&id) else {
                continue;
            };
            if subscription.is_webhook() && left == 0 {
                continue;
            }
            if !subscription.begin_to_tell(now, find) {
                continue;
            }
            left -= usize::from(subscription.is_webhook());
            errands.extend(Errand::of(id, subscription, find));
        }
        errands
    }

    /// What came of an errand.
    pub(super) fn told(&mut self, errand: &Errand, told: Told, now: Timestamp) {
        let jitter = self.rng.f64();
        if let Some(subscription) = self.subscriptions.get_mut(&errand.id) {
            subscription.told(&errand.wake, told, (now, jitter));
        }
    }

    /// When it has to be looked at again, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.subscriptions
            .values()
            .filter_map(Subscription::deadline)
            .min()
    }

    /// What is to be kept, all of it or nothing.
    pub(super) fn notes(&mut self) -> Vec<Note> {
        let mut notes = std::mem::take(&mut self.removed);
        for (id, subscription) in &mut self.subscriptions {
            notes.extend(kept::notes(id, subscription));
        }
        notes
    }
}

fn wake_id(rng: &mut Rng) -> String {
    format!("w_{:032x}", rng.u128(..))
}
