//! What a log means, in a few lines.

use std::{collections::BTreeMap, time::Duration};

pub(super) use super::operation::Operation;

/// The streams there are in this small world; one is kept by its age (no time passes), and the last one by
/// bytes.
pub(super) const NAMES: [&str; 6] = ["default", "a", "t/0", "f", KEPT_BY_AGE, KEPT_BY_BYTES];
pub(super) const KEPT_BY_AGE: &str = "g";
pub(super) const KEPT_BY_BYTES: &str = "kept";
pub(super) const TOPIC: &str = "t";

/// What is older may go, of one of them.
const RETENTION_AGE: Duration = Duration::from_secs(1);

/// All that there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) streams: BTreeMap<String, Meant>,
    pub(super) topics: BTreeMap<String, u16>,
    pub(super) notes: BTreeMap<String, String>,
}

/// A stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meant {
    /// Those at the beginning may be let go of.
    pub(super) records: Vec<String>,
    pub(super) closed: bool,
    pub(super) closed_by: Option<String>,
    pub(super) sequence: Option<String>,
    pub(super) producers: BTreeMap<String, (u64, u64)>,
    /// For how long it is kept.
    pub(super) kept: Option<Duration>,
    /// Of what it is a fork, and how many records it shares.
    pub(super) origin: Option<(String, usize)>,
    /// It is deleted, but for its forks.
    pub(super) is_retired: bool,
    /// Something at the beginning may have been let go of.
    pub(super) is_cut: bool,
}

/// What came of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It had been done before.
    Again,
    Refused(&'static str),
}

/// Nothing was done for want of space.
pub(super) const FULL: Outcome = Outcome::Refused("full");

/// For how long a stream is kept that is made by this name.
pub(super) fn kept(name: &str) -> Option<Duration> {
    (name == KEPT_BY_AGE).then_some(RETENTION_AGE)
}

fn is_cut(name: &str) -> bool {
    name == KEPT_BY_BYTES
}

impl Model {
    /// Does what is asked.
    pub(super) fn apply(&mut self, operation: &Operation) -> Outcome {
        match operation {
            Operation::Append {
                parts,
                producer,
                sequence,
                closes,
            } => self.append(parts, (producer.as_ref(), sequence.as_ref()), *closes),
            Operation::Create {
                name,
                lines,
                closed,
            } => self.create(name, lines, *closed),
            Operation::Fork {
                name,
                source,
                records,
            } => self.fork(name, source, *records),
            Operation::Delete { name } => match self.streams.get(name) {
                Some(found) if found.is_retired => Outcome::Refused("deleted"),
                Some(_) => {
                    self.remove(name);
                    Outcome::Done
                }
                None => Outcome::Refused("missing"),
            },
            Operation::Retain { name, age } => match self.streams.get_mut(name) {
                Some(found) if found.is_retired => Outcome::Refused("deleted"),
                Some(found) => {
                    found.kept = *age;
                    Outcome::Done
                }
                None => Outcome::Refused("missing"),
            },
            Operation::Note { notes } => {
                self.notes.extend(notes.iter().cloned());
                self.notes.retain(|_, text| !text.is_empty());
                Outcome::Done
            }
            Operation::CreateTopic { partitions } => self.create_topic(*partitions),
            Operation::DeleteTopic => match self.topics.remove(TOPIC) {
                Some(partitions) => {
                    for name in partition_names(partitions) {
                        let found = self.streams.get(&name);
                        if found.is_some_and(|found| !found.is_retired) {
                            self.remove(&name);
                        }
                    }
                    Outcome::Done
                }
                None => Outcome::Refused("missing"),
            },
        }
    }

    /// The streams that can be appended to.
    pub(super) fn live(&self) -> impl Iterator<Item = &String> {
        let live = self.streams.iter().filter(|(_, meant)| !meant.is_retired);
        live.map(|(name, _)| name)
    }

    fn create(&mut self, name: &str, lines: &[String], closed: bool) -> Outcome {
        if let Some(found) = self.streams.get(name) {
            let is_same = found.origin.is_none() && found.kept == kept(name);
            let is_as_asked = is_same && found.closed == closed && !found.is_retired;
            return if is_as_asked {
                Outcome::Again
            } else {
                Outcome::Refused("exists")
            };
        }
        let made = Meant {
            records: lines.to_vec(),
            closed,
            kept: kept(name),
            is_cut: is_cut(name),
            ..Meant::default()
        };
        self.streams.insert(name.to_owned(), made);
        Outcome::Done
    }

    fn fork(&mut self, name: &str, source: &str, records: Option<usize>) -> Outcome {
        let of = &self.streams[source];
        if let Some(found) = self.streams.get(name) {
            let is_same = found.origin.as_ref().is_some_and(|(name, at)| {
                name == source && records.is_none_or(|records| records == *at)
            });
            let is_as_asked =
                is_same && !found.closed && !found.is_retired && found.kept == kept(name);
            return if is_as_asked {
                Outcome::Again
            } else {
                Outcome::Refused("exists")
            };
        }
        if of.is_retired {
            return Outcome::Refused("exists");
        }
        let records = records.unwrap_or(of.records.len());
        let made = Meant {
            records: of.records[..records].to_vec(),
            origin: Some((source.to_owned(), records)),
            kept: kept(name),
            is_cut: is_cut(name) || of.is_cut,
            ..Meant::default()
        };
        self.streams.insert(name.to_owned(), made);
        Outcome::Done
    }

    /// Removes a stream, or what can be of it; and what is there for it only.
    fn remove(&mut self, name: &str) {
        let is_of = |meant: &Meant, name: &str| {
            let origin = meant.origin.as_ref();
            origin.is_some_and(|(source, _)| source == name)
        };
        if self.streams.values().any(|meant| is_of(meant, name)) {
            self.streams.get_mut(name).unwrap().is_retired = true;
            return;
        }
        let removed = self.streams.remove(name).unwrap();
        let Some((source, _)) = removed.origin else {
            return;
        };
        let is_left = !self.streams.values().any(|meant| is_of(meant, &source));
        if is_left && self.streams[&source].is_retired {
            self.remove(&source);
        }
    }

    /// All parts or none; what is said of producer and sequence is said of the first.
    fn append(
        &mut self,
        parts: &[(String, Vec<String>)],
        (producer, sequence): (Option<&(String, u64, u64)>, Option<&String>),
        closes: bool,
    ) -> Outcome {
        for (index, (name, lines)) in parts.iter().enumerate() {
            let said = Said {
                producer: producer.filter(|_| index == 0),
                sequence: sequence.filter(|_| index == 0),
                closes,
                is_empty: lines.is_empty(),
            };
            let Some(stream) = self.streams.get(name) else {
                return Outcome::Refused("missing");
            };
            match stream.check(&said) {
                Outcome::Done => {}
                outcome => return outcome,
            }
        }
        for (index, (name, lines)) in parts.iter().enumerate() {
            let stream = self.streams.entry(name.clone()).or_default();
            stream.records.extend(lines.iter().cloned());
            stream.closed |= closes;
            if index > 0 {
                continue;
            }
            if closes {
                stream.closed_by = producer.map(|(id, ..)| id.clone());
            }
            if let Some((id, epoch, number)) = producer {
                stream.producers.insert(id.clone(), (*epoch, *number));
            }
            stream.sequence = sequence.cloned().or(stream.sequence.take());
        }
        Outcome::Done
    }

    fn create_topic(&mut self, partitions: u16) -> Outcome {
        match self.topics.get(TOPIC) {
            Some(found) if *found == partitions => return Outcome::Again,
            Some(_) => return Outcome::Refused("exists"),
            None => {}
        }
        if partition_names(partitions).any(|name| self.streams.contains_key(&name)) {
            return Outcome::Refused("exists");
        }
        self.topics.insert(TOPIC.to_owned(), partitions);
        let made = partition_names(partitions).map(|name| (name, Meant::default()));
        self.streams.extend(made);
        Outcome::Done
    }
}

fn partition_names(partitions: u16) -> impl Iterator<Item = String> {
    (0..partitions).map(|partition| format!("{TOPIC}/{partition}"))
}

struct Said<'a> {
    producer: Option<&'a (String, u64, u64)>,
    sequence: Option<&'a String>,
    closes: bool,
    is_empty: bool,
}

impl Meant {
    /// What an append comes to; `Done` where it is to be done.
    fn check(&self, said: &Said<'_>) -> Outcome {
        let known = said.producer.and_then(|(id, ..)| self.producers.get(id));
        if self.closed {
            return match said.producer {
                None if said.closes && said.is_empty => Outcome::Again,
                Some((id, epoch, number))
                    if self.closed_by.as_ref() == Some(id) && known == Some(&(*epoch, *number)) =>
                {
                    Outcome::Again
                }
                _ => Outcome::Refused("closed"),
            };
        }
        match (said.producer, known) {
            (Some((_, _, 0)), None) | (None, _) => {}
            (Some(_), None) => return Outcome::Refused("gap"),
            (Some((_, epoch, number)), Some((last_epoch, last))) => {
                if epoch < last_epoch {
                    return Outcome::Refused("fenced");
                } else if epoch > last_epoch && *number > 0 {
                    return Outcome::Refused("epoch");
                } else if epoch == last_epoch && number <= last {
                    return Outcome::Again;
                } else if epoch == last_epoch && *number > last + 1 {
                    return Outcome::Refused("gap");
                }
            }
        }
        match (said.sequence, &self.sequence) {
            (Some(sequence), Some(last)) if sequence <= last => Outcome::Refused("sequence"),
            _ => Outcome::Done,
        }
    }
}
