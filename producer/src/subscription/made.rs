//! What the maker of a subscription has said of it; that stays as it is.

use common::time::Timestamp;

use super::pattern::Pattern;

/// What its maker has said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) kind: Kind,
    pub(super) pattern: Option<Pattern>,
    pub(super) lease_milliseconds: i64,
    pub(super) description: Option<String>,
    /// What tells it, and its first streams, from others.
    pub(super) hash: String,
    /// How its maker reaches this server.
    pub(super) origin: String,
    pub(super) at: Timestamp,
}

/// How a subscription wakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// By a request to a URL, whose receiver works.
    Webhook { url: String },
    /// By a record in a stream; those who read it race for the work.
    PullWake { wake_stream: String },
}
