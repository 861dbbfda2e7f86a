//! Subscriptions as they are kept: in notes of the log, one for each, and one for each of its streams, all of JSON.
//!
//! ```text
//!  subscription/ID          what it is, its generation, and who is at work
//!  subscription/ID/STREAM   how far that stream is
//! ```

use std::collections::BTreeMap;

use common::{offset::Offset, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    links::Link,
    made::{Kind, Made},
    pattern::Pattern,
    retry::Retry,
    state::{Phase, Subscription},
};
use crate::log::Note;

/// What the names of all of these notes begin with.
pub(super) const PREFIX: &str = "subscription/";

#[derive(Serialize, Deserialize)]
struct Head {
    webhook: Option<String>,
    wake_stream: Option<String>,
    pattern: Option<String>,
    lease: i64,
    description: Option<String>,
    hash: String,
    origin: String,
    at: i64,
    generation: u64,
    phase: Kept,
    failures: u32,
    retry_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
enum Kept {
    Idle,
    Woken {
        wake: String,
        is_told: bool,
        until: Option<i64>,
    },
    Held {
        wake: String,
        holder: String,
        until: i64,
    },
}

#[derive(Serialize, Deserialize)]
struct KeptLink {
    explicit: bool,
    number: u64,
    acked: Option<String>,
    /// Older versions did not keep it.
    #[serde(default)]
    since: u64,
}

/// What of a subscription is to be kept; nothing of it is left to be then.
pub(super) fn notes(id: &str, subscription: &mut Subscription) -> Vec<Note> {
    let changed = std::mem::take(&mut subscription.changed);
    let mut notes = Vec::new();
    if changed.head {
        notes.push(note(name(id), &Head::of(subscription)));
    }
    for path in changed.links {
        let name = link_name(id, &path);
        notes.push(match subscription.links.get(&path) {
            Some(link) => note(name, &KeptLink::of(*link)),
            None => none(name),
        });
    }
    notes
}

/// That nothing is kept of a subscription.
pub(super) fn removed(id: &str, subscription: &Subscription) -> Vec<Note> {
    // Those of links that are gone, but have a note still, too.
    let links = subscription.links.keys().chain(&subscription.changed.links);
    let links = links.map(|path| none(link_name(id, path)));
    std::iter::once(none(name(id))).chain(links).collect()
}

/// The subscriptions that are kept.
pub(super) fn read(notes: &[Note]) -> BTreeMap<String, Subscription> {
    let mut all = BTreeMap::new();
    // The note of a subscription stands before those of its streams.
    for note in notes {
        let rest = note.name.strip_prefix(PREFIX).unwrap_or_default();
        let read = match rest.split_once('/') {
            None => read_head(&note.text).map(|subscription| {
                all.insert(rest.to_owned(), subscription);
            }),
            Some((id, path)) => all.get_mut(id).and_then(|subscription: &mut Subscription| {
                let link = read_link(&note.text)?;
                subscription.links.insert(path.to_owned(), link);
                subscription.look_at(path);
                Some(())
            }),
        };
        if read.is_none() {
            tracing::error!(
                note = note.name,
                "cannot read what is kept of a subscription"
            );
        }
    }
    all
}

fn read_head(text: &[u8]) -> Option<Subscription> {
    let head: Head = serde_json::from_slice(text).ok()?;
    let kind = match (head.webhook, head.wake_stream) {
        (Some(url), _) => Kind::Webhook { url },
        (None, Some(wake_stream)) => Kind::PullWake { wake_stream },
        (None, None) => return None,
    };
    let pattern = head.pattern.map(|pattern| Pattern::read(&pattern));
    let made = Made {
        kind,
        pattern: pattern.transpose().ok()?,
        lease_milliseconds: head.lease,
        description: head.description,
        hash: head.hash,
        origin: head.origin,
        at: Timestamp(head.at),
    };
    let mut subscription = Subscription::new(made, BTreeMap::new());
    subscription.generation = head.generation;
    subscription.retry = Retry {
        failures: head.failures,
        at: head.retry_at.map(Timestamp),
    };
    subscription.phase = match head.phase {
        Kept::Idle => Phase::Idle,
        Kept::Woken {
            wake,
            is_told,
            until,
        } => Phase::Woken {
            wake,
            is_told,
            until: until.map(Timestamp),
        },
        Kept::Held {
            wake,
            holder,
            until,
        } => Phase::Held {
            wake,
            holder,
            until: Timestamp(until),
        },
    };
    Some(subscription)
}

fn read_link(text: &[u8]) -> Option<Link> {
    let link: KeptLink = serde_json::from_slice(text).ok()?;
    Some(Link {
        is_explicit: link.explicit,
        number: link.number,
        acked: link.acked.map(|acked| acked.parse()).transpose().ok()?,
        since: link.since,
    })
}

impl Head {
    fn of(subscription: &Subscription) -> Self {
        let made = subscription.made.clone();
        let (webhook, wake_stream) = match made.kind {
            Kind::Webhook { url } => (Some(url), None),
            Kind::PullWake { wake_stream } => (None, Some(wake_stream)),
        };
        Self {
            webhook,
            wake_stream,
            pattern: made.pattern.map(|pattern| pattern.as_str().to_owned()),
            lease: made.lease_milliseconds,
            description: made.description,
            hash: made.hash,
            origin: made.origin,
            at: made.at.0,
            generation: subscription.generation,
            phase: Kept::of(&subscription.phase),
            failures: subscription.retry.failures,
            retry_at: subscription.retry.at.map(|at| at.0),
        }
    }
}

impl Kept {
    fn of(phase: &Phase) -> Self {
        match phase.clone() {
            Phase::Idle => Self::Idle,
            Phase::Woken {
                wake,
                is_told,
                until,
            } => Self::Woken {
                wake,
                is_told,
                until: until.map(|until| until.0),
            },
            Phase::Held {
                wake,
                holder,
                until,
            } => Self::Held {
                wake,
                holder,
                until: until.0,
            },
        }
    }
}

impl KeptLink {
    fn of(link: Link) -> Self {
        Self {
            explicit: link.is_explicit,
            number: link.number,
            acked: link.acked.map(|acked: Offset| acked.to_string()),
            since: link.since,
        }
    }
}

fn name(id: &str) -> String {
    format!("{PREFIX}{id}")
}

fn link_name(id: &str, path: &str) -> String {
    format!("{PREFIX}{id}/{path}")
}

fn note(name: String, of: &impl Serialize) -> Note {
    let text = serde_json::to_vec(of).expect("texts and numbers are always valid JSON");
    Note {
        name,
        text: text.into(),
    }
}

fn none(name: String) -> Note {
    let text = bytes::Bytes::new();
    Note { name, text }
}
