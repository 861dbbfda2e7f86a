//! What can be asked of a log, and that by chance.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;

use super::model::{Model, NAMES};
use crate::log::{Content, Note};

/// Something that can be asked.
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
    /// A fork of a stream that is there, of so many of its records; none is all.
    Fork {
        name: String,
        source: String,
        records: Option<usize>,
    },
    Delete {
        name: String,
    },
    Retain {
        /// A stream that is there.
        name: String,
        age: Option<Duration>,
    },
    CreateTopic {
        partitions: u16,
    },
    DeleteTopic,
    /// Notes that are kept together; without a text, that there is none.
    Note {
        notes: Vec<(String, String)>,
    },
}

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
        match rng.u8(..30) {
            24..28 if !model.streams.is_empty() => Self::any_fork(model, rng),
            0 | 23 => Self::Delete { name: name(rng) },
            28.. => Self::any_notes(rng),
            1 => Self::CreateTopic {
                partitions: rng.u16(1..3),
            },
            2 => Self::DeleteTopic,
            3..6 => Self::Create {
                name: name(rng),
                lines: lines(rng),
                closed: rng.u8(..5) == 0,
            },
            6 if model.live().next().is_some() => Self::any_retain(model, rng),
            _ if model.live().next().is_some() => Self::any_append(model, rng),
            _ => Self::DeleteTopic,
        }
    }

    fn any_fork(model: &Model, rng: &mut Rng) -> Self {
        let names: Vec<_> = model.streams.keys().cloned().collect();
        let source = names[rng.usize(..names.len())].clone();
        let meant = &model.streams[&source];
        let back = rng.usize(..3).min(meant.records.len());
        let is_at_end = meant.is_cut || rng.bool();
        Self::Fork {
            name: name(rng),
            records: (!is_at_end).then(|| meant.records.len() - back),
            source,
        }
    }

    fn any_notes(rng: &mut Rng) -> Self {
        let names = rng.choose_multiple(["n", "n/1", "o"], 2);
        let note = |name: &str| {
            let text = lines(rng).pop().unwrap_or_default();
            (name.to_owned(), text)
        };
        Self::Note {
            notes: names.into_iter().map(note).collect(),
        }
    }

    fn any_retain(model: &Model, rng: &mut Rng) -> Self {
        let names: Vec<_> = model.live().collect();
        // None of it is so old.
        let age = Duration::from_hours(rng.u64(1_000_000..1_000_003));
        Self::Retain {
            name: names[rng.usize(..names.len())].clone(),
            age: Some(age).filter(|_| rng.bool()),
        }
    }

    fn any_append(model: &Model, rng: &mut Rng) -> Self {
        let names: Vec<_> = model.live().cloned().collect();
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

/// Notes that are to be kept.
pub(super) fn noted(notes: Vec<(String, String)>) -> Vec<Note> {
    let note = |(name, text): (String, String)| Note {
        name,
        text: text.into(),
    };
    notes.into_iter().map(note).collect()
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

/// Lines, each in another place of memory.
pub(super) fn content(lines: &[String]) -> Content {
    let parts = lines.iter().map(|line| Bytes::from(format!("{line}\n")));
    Content::of_parts(parts, lines.len() as u64)
}
