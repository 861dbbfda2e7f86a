//! What a log means, in a few lines, and operations on it by chance.

use std::collections::BTreeMap;

use fastrand::Rng;

/// The streams there are in this small world; the last one is kept by bytes.
pub(super) const NAMES: [&str; 4] = ["default", "a", "t/0", KEPT_BY_BYTES];
pub(super) const KEPT_BY_BYTES: &str = "kept";
pub(super) const TOPIC: &str = "t";

/// All that there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) streams: BTreeMap<String, Meant>,
    pub(super) topics: BTreeMap<String, u16>,
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
    /// For how many hours it is kept, where that was said.
    pub(super) kept: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum Operation {
    Append {
        /// Streams that are there, and lines for them.
        parts: Vec<(String, Vec<String>)>,
        producer: Option<(String, u64, u64)>,
        sequence: Option<String>,
        closes: bool,
    },
    Create {
        name: String,
        lines: Vec<String>,
        closed: bool,
    },
    Delete {
        name: String,
    },
    Retain {
        /// A stream that is there.
        name: String,
        hours: Option<u64>,
    },
    CreateTopic {
        partitions: u16,
    },
    DeleteTopic,
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

impl Operation {
    pub(super) fn append(name: &str, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Self::Append {
            parts: vec![(name.to_owned(), lines)],
            producer: None,
            sequence: None,
            closes: false,
        }
    }

    /// Some that can be asked at the same time of what `model` means. Who appends has found the
    /// stream before, so nothing comes after something is deleted.
    pub(super) fn group(model: &Model, count: usize, rng: &mut Rng) -> Vec<Self> {
        let mut group: Vec<_> = (0..count).map(|_| Self::any(model, rng)).collect();
        let is_end = |it: &Self| matches!(it, Self::Delete { .. } | Self::DeleteTopic);
        if let Some(end) = group.iter().position(is_end) {
            group.truncate(end + 1);
        }
        group
    }

    /// Something that can be asked of what `model` means.
    fn any(model: &Model, rng: &mut Rng) -> Self {
        match rng.u8(..24) {
            0 => Self::Delete { name: name(rng) },
            1 => Self::CreateTopic {
                partitions: rng.u16(1..3),
            },
            2 => Self::DeleteTopic,
            3..6 => Self::Create {
                name: name(rng),
                lines: lines(rng),
                closed: rng.u8(..5) == 0,
            },
            6 if !model.streams.is_empty() => {
                let names: Vec<_> = model.streams.keys().collect();
                Self::Retain {
                    name: names[rng.usize(..names.len())].clone(),
                    // None of it is so old.
                    hours: Some(rng.u64(1_000_000..1_000_003)).filter(|_| rng.bool()),
                }
            }
            _ if !model.streams.is_empty() => Self::any_append(model, rng),
            _ => Self::DeleteTopic,
        }
    }

    fn any_append(model: &Model, rng: &mut Rng) -> Self {
        let names: Vec<_> = model.streams.keys().cloned().collect();
        let count = if rng.u8(..4) == 0 { 2 } else { 1 };
        let names = rng.choose_multiple(names, count);
        let closes = rng.u8(..30) == 0;
        let parts: Vec<_> = names
            .into_iter()
            .map(|name| {
                let mut lines = lines(rng);
                if !closes || rng.bool() {
                    lines.push(line(rng));
                }
                (name, lines)
            })
            .collect();
        let first = parts.first().and_then(|(name, _)| model.streams.get(name));
        let mut producer = || {
            let id = ["p", "q"][rng.usize(..2)].to_owned();
            let (epoch, sequence) = *first?.producers.get(&id).unwrap_or(&(0, u64::MAX));
            let sequence = sequence.wrapping_add(1);
            Some(match rng.u8(..10) {
                0 => (id, epoch, sequence.saturating_sub(1)),
                1 => (id, epoch, sequence + 1),
                2 => (id, epoch + 1, 0),
                3 => (id, epoch.saturating_sub(1), 0),
                _ => (id, epoch, sequence),
            })
        };
        let producer = producer().filter(|_| rng.u8(..3) == 0);
        let sequence = (rng.u8(..6) == 0).then(|| rng.u8(b'a'..=b'z').to_string());
        Self::Append {
            parts,
            producer,
            sequence,
            closes,
        }
    }
}

fn name(rng: &mut Rng) -> String {
    NAMES[rng.usize(..NAMES.len())].to_owned()
}

fn lines(rng: &mut Rng) -> Vec<String> {
    (0..rng.usize(..3)).map(|_| line(rng)).collect()
}

fn line(rng: &mut Rng) -> String {
    let padding = "x".repeat(rng.usize(..40));
    format!("\"{padding}{}\"", rng.u32(..))
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
            } => match self.streams.get(name) {
                Some(found) if found.closed == *closed && found.kept.is_none() => Outcome::Again,
                Some(_) => Outcome::Refused("exists"),
                None => {
                    let made = Meant {
                        records: lines.clone(),
                        closed: *closed,
                        ..Meant::default()
                    };
                    self.streams.insert(name.clone(), made);
                    Outcome::Done
                }
            },
            Operation::Delete { name } => match self.streams.remove(name) {
                Some(_) => Outcome::Done,
                None => Outcome::Refused("missing"),
            },
            Operation::Retain { name, hours } => match self.streams.get_mut(name) {
                Some(stream) => {
                    stream.kept = *hours;
                    Outcome::Done
                }
                None => Outcome::Refused("missing"),
            },
            Operation::CreateTopic { partitions } => self.create_topic(*partitions),
            Operation::DeleteTopic => match self.topics.remove(TOPIC) {
                Some(partitions) => {
                    partition_names(partitions).for_each(|name| drop(self.streams.remove(&name)));
                    Outcome::Done
                }
                None => Outcome::Refused("missing"),
            },
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
