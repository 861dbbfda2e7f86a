//! What `producer inspect` says of a directory.

use std::{fmt, io, path::Path, thread, time::Duration};

use super::{
    catalogue::Listed,
    disk::Folder,
    entry::{Entry, StreamId},
    parts::Run,
    survey::Survey,
};

/// How often a directory that a producer is changing is looked at before it counts as damaged, and
/// after what time.
const LOOKS_MAX: usize = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What is in a directory, and whether it is as it was written.
#[derive(Debug)]
pub struct Inspection {
    survey: Survey,
    is_in_use: bool,
}

/// Looks at a directory, verifies all of it, and changes nothing.
///
/// # Errors
/// It cannot be read, or is no directory of a log.
pub fn inspect(directory: &Path) -> io::Result<Inspection> {
    let (folder, is_in_use) = Folder::read(directory)?;
    let mut survey = Survey::of(&folder)?;
    for _ in 1..LOOKS_MAX {
        if survey.is_sound() || !is_in_use {
            break;
        }
        // It may have changed while it was looked at.
        thread::sleep(LOOK_AGAIN);
        survey = Survey::of(&folder)?;
    }
    Ok(Inspection { survey, is_in_use })
}

impl Inspection {
    /// Whether all of it is as it was written.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.survey.is_sound()
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Survey {
            contents,
            runs,
            segments,
            journal_files,
            formats,
            torn,
            faults,
            ..
        } = &self.survey;
        let used = if self.is_in_use {
            "in use by a producer"
        } else {
            "not in use"
        };
        let formats: Vec<_> = formats.iter().map(String::as_str).collect();
        writeln!(
            f,
            "{used}: {} streams, {} topics, {segments} segments, {journal_files} files of the journal; formats: {}",
            contents.streams.len(),
            contents.topics.len(),
            formats.join(", "),
        )?;
        for (id, listed) in &contents.streams {
            let runs = runs.get(id).map(Vec::as_slice).unwrap_or_default();
            let shared = shared(listed);
            writeln!(f, "{}{shared}", described(*id, listed, runs))?;
        }
        for topic in contents.topics.values() {
            let (name, partitions, key) = (&topic.name, topic.partitions, &topic.key);
            writeln!(f, "topic {name}: {partitions} partitions by {key:?}")?;
        }
        if !contents.notes.is_empty() {
            writeln!(f, "{} notes of this service's own", contents.notes.len())?;
        }
        // Where it is in use, that is a frame on its way to the disk.
        if let Some(torn) = torn.as_ref().filter(|_| !self.is_in_use) {
            writeln!(f, "torn: {torn}")?;
        }
        for fault in faults {
            writeln!(f, "DAMAGED: {fault}")?;
        }
        if faults.is_empty() {
            write!(f, "sound: every check is in order")
        } else {
            write!(
                f,
                "{} faults; `producer repair DIR --to NEW` saves what is sound",
                faults.len()
            )
        }
    }
}

/// Whose fork a stream is, and whether it is there for its own forks only.
fn shared(listed: &Listed) -> String {
    let retired = listed
        .retired
        .as_ref()
        .map(|_| ", deleted but for its forks");
    let retired = retired.unwrap_or_default();
    match &listed.fork {
        Some(Entry::Fork { source, at, .. }) => {
            let number = source.0;
            format!(", forked from number {number} at {at}{retired}")
        }
        _ => retired.to_owned(),
    }
}

/// A stream in a line.
fn described(id: StreamId, listed: &Listed, runs: &[Run]) -> String {
    let (name, content_type) = match &listed.created {
        Some(Entry::Create { name, settings, .. }) => (name.as_str(), &*settings.content_type),
        _ => ("?", "?"),
    };
    let records: u64 = runs
        .iter()
        .map(|run| run.end.record - run.first.record)
        .sum();
    let bytes: u64 = runs.iter().map(|run| run.end.byte - run.first.byte).sum();
    let closed = if listed.closed.is_some() {
        ", closed"
    } else {
        ""
    };
    let places = match runs {
        [] => String::new(),
        [first, ..] => {
            let end = runs.last().map_or(first.end, |last| last.end);
            format!(", from {} to {end}", first.first)
        }
    };
    let producers = match listed.producers.len() {
        0 => String::new(),
        count => format!(", {count} producers"),
    };
    let number = id.0;
    format!(
        "stream {name} (number {number}, {content_type}{closed}): {records} records, {bytes} bytes{places}{producers}"
    )
}
