//! Topics: streams that are written as one and read side by side.

use common::limits::PARTITIONS_MAX;

use super::{
    append::Refused,
    entry::Entry,
    group::{Group, named},
    settings::{Retention, Settings},
    staged::Effect,
};

/// A topic, whose partitions are the streams `NAME/0`, `NAME/1`, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topic {
    /// Its name.
    pub(crate) name: String,
    /// How many streams there are.
    pub(crate) partitions: u16,
    /// Where a record has the key that says which of them it belongs to (a JSON pointer, RFC 6901).
    pub(crate) key: String,
    /// How much of each partition is kept.
    pub(crate) retention: Retention,
}

impl Topic {
    /// The name of a partition's stream.
    pub(crate) fn partition_name(&self, partition: u16) -> String {
        format!("{}/{partition}", self.name)
    }

    /// The names of all of them, in order.
    pub(crate) fn partition_names(&self) -> impl Iterator<Item = String> {
        (0..self.partitions).map(|partition| self.partition_name(partition))
    }
}

impl Group<'_> {
    pub(super) fn topic(&self, name: &str) -> Option<Topic> {
        match self.topics.get(name) {
            Some(staged) => staged.clone(),
            None => self.known.names().topics.get(name).cloned(),
        }
    }

    pub(super) fn create_topic(&mut self, topic: Topic) -> Result<bool, Refused> {
        let name = || format!("topic {:?}", topic.name);
        if usize::from(topic.partitions) > PARTITIONS_MAX {
            return Err(Refused::TooMany("partitions", PARTITIONS_MAX));
        }
        if let Some(found) = self.topic(&topic.name) {
            let is_same = found == topic;
            return is_same
                .then_some(false)
                .ok_or_else(|| Refused::Exists(name()));
        }
        if let Some(taken) = topic.partition_names().find_map(|name| self.stream(&name)) {
            let (name, is_deleted) = (named(taken.name()), taken.head().deleted);
            return Err(if is_deleted {
                Refused::Forked(name)
            } else {
                Refused::Exists(name)
            });
        }
        self.refused_to_make(topic.partitions.into())?;
        self.draft.push(&Entry::Topic(topic.clone()));
        for name in topic.partition_names() {
            self.make(name, Settings::json(topic.retention), None);
        }
        self.topics.insert(topic.name.clone(), Some(topic.clone()));
        self.staged.effects.push(Effect::MakeTopic(topic));
        Ok(true)
    }

    pub(super) fn delete_topic(&mut self, name: String) -> Result<(), Refused> {
        let Some(topic) = self.topic(&name) else {
            return Err(Refused::Missing(format!("topic {name:?}")));
        };
        self.refused_to_end()?;
        for name in topic.partition_names() {
            let found = self.stream(&name);
            if let Some(stream) = found.filter(|stream| !stream.head().deleted) {
                self.remove(&stream);
            }
        }
        self.draft.push(&Entry::NoTopic { name: name.clone() });
        self.topics.insert(name.clone(), None);
        self.staged.effects.push(Effect::DeleteTopic(name));
        Ok(())
    }
}
