//! The streams by their names, a page at a time, for who may know of some of them.

use std::ops::Bound;

use super::{Log, fork::Presence, stream::Stream};

/// Whether a stream is shown, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It is.
    Yes,
    /// No, and none whose name comes before this one.
    NotBefore(String),
    /// No, and none behind it.
    NoMore,
}

impl Log {
    /// The first streams, by name, of those that are `shown`, and whose names begin with `prefix` and
    /// are behind `after`.
    pub(crate) fn streams(
        &self,
        prefix: &str,
        after: &str,
        count: usize,
        shown: impl Fn(&str) -> Shown,
    ) -> Vec<Stream> {
        let mut from = if prefix > after {
            Bound::Included(prefix.to_owned())
        } else {
            Bound::Excluded(after.to_owned())
        };
        let names = self.known.names();
        let mut found = Vec::new();
        // Those that are not shown may be nearly all: they are leapt over, and not looked at.
        'leaps: loop {
            let behind = names.streams.range((from, Bound::Unbounded));
            for (name, stream) in behind.take_while(|(name, _)| name.starts_with(prefix)) {
                match shown(name) {
                    Shown::NotBefore(next) if next > *name => {
                        from = Bound::Included(next);
                        continue 'leaps;
                    }
                    Shown::NotBefore(_) | Shown::NoMore => return found,
                    Shown::Yes if found.len() == count => return found,
                    Shown::Yes if stream.presence() == Presence::There => {
                        found.push(stream.clone());
                    }
                    Shown::Yes => {}
                }
            }
            return found;
        }
    }
}
