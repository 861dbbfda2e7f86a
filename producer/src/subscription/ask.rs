//! What is asked of subscriptions, what is answered, and whom somebody is sent to.

use std::collections::BTreeMap;

use super::{
    links::{Find, Link, Seen},
    made::{Kind, Made},
    state::{Phase, Subscription},
};

/// Something that is asked.
#[derive(Debug)]
pub(super) enum Ask {
    /// That there is a subscription, with these streams beside those that match.
    Make {
        made: Made,
        streams: Vec<String>,
    },
    Show,
    Delete,
    Link {
        streams: Vec<String>,
    },
    Unlink {
        stream: String,
    },
    Claim {
        worker: String,
    },
    /// How far the work is that was given.
    Report(Report),
}

/// How far somebody is.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) via: Via,
    /// For which generation the token is that came with it.
    pub(super) token: u64,
    pub(super) generation: u64,
    pub(super) wake: String,
    pub(super) acks: Vec<(String, String)>,
    /// One of them that lies within a record: nobody can read from there.
    pub(super) nowhere: Option<(String, String)>,
    pub(super) is_done: bool,
}

/// By which way somebody reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Via {
    /// The receiver of a webhook.
    Callback,
    /// A worker that has claimed.
    Ack,
    /// The same, to give it back.
    Release,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Shown {
        is_new: bool,
        view: View,
    },
    Done,
    Claimed {
        generation: u64,
        wake: String,
        streams: Vec<Seen>,
        lease_milliseconds: i64,
    },
    Acked {
        next_wake: bool,
    },
}

/// A subscription as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) made: Made,
    pub(super) links: BTreeMap<String, Link>,
    pub(super) has_failed: bool,
}

/// Somebody is to be told that there is work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errand {
    pub(super) id: String,
    pub(super) generation: u64,
    pub(super) wake: String,
    pub(super) kind: Kind,
    pub(super) origin: String,
    pub(super) lease_milliseconds: i64,
    /// It failed before.
    pub(super) is_retry: bool,
    /// The first stream with work.
    pub(super) pending: String,
    pub(super) streams: Vec<Seen>,
}

impl View {
    pub(super) fn of(subscription: &Subscription) -> Self {
        Self {
            made: subscription.made.clone(),
            links: subscription.links.clone(),
            has_failed: subscription.retry.at.is_some(),
        }
    }
}

impl Errand {
    pub(super) fn of(id: String, subscription: &mut Subscription, find: Find<'_>) -> Option<Self> {
        let Phase::Woken { wake, .. } = &subscription.phase else {
            return None;
        };
        Some(Self {
            id,
            generation: subscription.generation,
            wake: wake.clone(),
            kind: subscription.made.kind.clone(),
            origin: subscription.made.origin.clone(),
            lease_milliseconds: subscription.made.lease_milliseconds,
            is_retry: subscription.retry.failures > 0,
            pending: subscription.pending(find).unwrap_or_default(),
            streams: subscription.seen(find),
        })
    }
}
