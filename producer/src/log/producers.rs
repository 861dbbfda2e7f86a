//! Where the producers of a stream stand: so many, and those that were heard of last. Who was not heard
//! of for longest is forgotten first; and so it is by who reads what the log says of them, for it
//! says so in the order in which they were heard of.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use common::limits::PRODUCERS_MAX;

use super::append::Producer;

/// Producers, and where they stand.
#[derive(Debug, Default)]
pub(super) struct Producers {
    states: HashMap<Arc<str>, State>,
    /// Their names, by when they were heard of.
    order: BTreeMap<u64, Arc<str>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    epoch: u64,
    sequence: u64,
    /// The larger, the later it was heard of.
    heard: u64,
    is_settled: bool,
}

impl Producers {
    /// Notes where a producer stands, and whether the catalogue knows it. Where there are too many, the
    /// one that was not heard of for longest is forgotten.
    pub(super) fn heard_of(&mut self, producer: Producer, is_settled: bool) {
        let latest = self.order.last_key_value().map(|(heard, _)| *heard);
        let heard = latest.unwrap_or_default() + 1;
        let name: Arc<str> = match self.states.get_key_value(producer.id.as_str()) {
            Some((name, before)) => {
                self.order.remove(&before.heard);
                name.clone()
            }
            None => producer.id.into(),
        };
        let state = State {
            epoch: producer.epoch,
            sequence: producer.sequence,
            heard,
            is_settled,
        };
        self.states.insert(name.clone(), state);
        self.order.insert(heard, name);
        if self.order.len() > PRODUCERS_MAX
            && let Some((_, forgotten)) = self.order.pop_first()
        {
            self.states.remove(&forgotten);
        }
    }

    /// Where a producer stands, if it is remembered.
    pub(super) fn find(&self, id: &str) -> Option<Producer> {
        let (name, state) = self.states.get_key_value(id)?;
        Some(state.named(name))
    }

    /// All that are remembered, in the order in which they were heard of.
    pub(super) fn all(&self) -> impl Iterator<Item = Producer> {
        let named = |name: &Arc<str>| Some(self.states.get(name)?.named(name));
        self.order.values().filter_map(named)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Those of which the catalogue does not know yet where they stand, in the order in which they were
    /// heard of; asked for once.
    pub(super) fn settle(&mut self) -> Vec<Producer> {
        let mut unsettled = Vec::new();
        for name in self.order.values() {
            if let Some(state) = self.states.get_mut(name)
                && !std::mem::replace(&mut state.is_settled, true)
            {
                unsettled.push(state.named(name));
            }
        }
        unsettled
    }
}

impl State {
    fn named(&self, id: &str) -> Producer {
        Producer {
            id: id.to_owned(),
            epoch: self.epoch,
            sequence: self.sequence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str) -> Producer {
        Producer {
            id: id.to_owned(),
            epoch: 0,
            sequence: 7,
        }
    }

    #[test]
    fn who_was_not_heard_of_for_longest_is_forgotten() {
        let mut producers = Producers::default();
        let names: Vec<_> = (0..=PRODUCERS_MAX).map(|id| id.to_string()).collect();
        for name in &names[..PRODUCERS_MAX] {
            producers.heard_of(named(name), false);
        }
        producers.heard_of(named("0"), false);
        producers.heard_of(named(&names[PRODUCERS_MAX]), false);
        assert_eq!(producers.len(), PRODUCERS_MAX);
        assert_eq!(producers.find("1"), None);
        assert_eq!(producers.find("0"), Some(named("0")));
    }

    #[test]
    fn what_is_not_settled_is_told_once_in_order() {
        let mut producers = Producers::default();
        for name in ["c", "a", "b", "a"] {
            producers.heard_of(named(name), false);
        }
        let order = ["c", "b", "a"].map(named);
        assert_eq!(producers.settle(), order);
        assert_eq!(producers.settle(), []);
        producers.heard_of(named("c"), false);
        assert_eq!(producers.settle(), [named("c")]);
        assert_eq!(
            producers.all().collect::<Vec<_>>(),
            ["b", "a", "c"].map(named)
        );
    }
}
