//! Topics: streams that are written as one and read side by side.

use super::settings::Retention;

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
