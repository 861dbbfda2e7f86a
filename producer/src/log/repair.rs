//! Makes a directory that can be used of what is sound in a damaged one.
//!
//! A stream goes on from behind its last hole, with the offsets that its records have always had.
//! What lies before a hole becomes a stream of its own, `NAME.before-RECORD`, closed, which ends
//! where the hole begins (`NAME` is shortened, and a number is put behind, where that is no name or
//! is taken): so nothing that is sound is lost, and no offset comes to mean another
//! record.
//!
//! A fork becomes a stream of its own, with a copy of what it shares; and what was deleted but for its
//! forks is left out.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

use bytes::Bytes;
use common::limits::NAME_BYTES_MAX;

use super::{
    catalogue::{self, Catalogue, Contents, Listed},
    disk::{self, Disk, Folder},
    entry::{Entry, StreamId},
    frame::Link,
    journal::Torn,
    kept::Segment,
    parts::{Part, Place, Run},
    segment::{Segments, Sync},
    settings::Retention,
    shelf,
    survey::Survey,
};

/// How long segments of a repaired stream get.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// What was saved.
#[derive(Debug)]
pub struct Repaired {
    streams: usize,
    records: u64,
    torn: Option<Torn>,
    faults: Vec<String>,
    holes: Vec<String>,
    to: PathBuf,
}

/// Saves what is sound in `from` into the new directory `to`.
///
/// # Errors
/// `from` is in use or cannot be read; `to` is not empty, lies in `from`, or cannot be written.
pub fn repair(from: &Path, to: &Path) -> io::Result<Repaired> {
    let (damaged, is_in_use) = Folder::read(from)?;
    if is_in_use {
        let why = "a producer uses it; stop that first";
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
    }
    let place = empty_place(to, from)?;
    let survey = Survey::of(&damaged)?;
    let is_made = !place.exists();
    let new = Folder::lock(&place).map_err(|error| about(to, &error))?;
    let repaired = Repair::new(&damaged, &new, survey).run(to);
    let repaired = repaired.map_err(|error| about(to, &error));
    if repaired.is_err() {
        clear(&place, is_made);
    }
    repaired
}

/// Removes what was made in a folder that was empty, and the folder if it was made: so that it can be
/// tried again. What cannot be removed stays.
fn clear(place: &Path, is_made: bool) {
    if is_made {
        drop(fs::remove_dir_all(place));
        return;
    }
    for name in [catalogue::FILE, catalogue::NEW_FILE, disk::LOCK] {
        drop(fs::remove_file(place.join(name)));
    }
    drop(fs::remove_dir_all(place.join(shelf::FOLDER)));
}

/// Where `to` is, if a directory can be made there: nothing is in it, and it is not within `from`.
fn empty_place(to: &Path, from: &Path) -> io::Result<PathBuf> {
    let refused = |kind, why: &str| io::Error::new(kind, format!("{} {why}", to.display()));
    let place = resolved(to).map_err(|error| about(to, &error))?;
    if place.starts_with(from.canonicalize()?) {
        let why = "lies in the damaged one";
        return Err(refused(io::ErrorKind::InvalidInput, why));
    }
    match place.read_dir().map(|mut entries| entries.next()) {
        Ok(Some(_)) => Err(refused(io::ErrorKind::AlreadyExists, "is not empty")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(about(to, &error)),
        _ => Ok(place),
    }
}

/// Where a folder is that need not be there yet, without links and steps back: what is made there
/// is made nowhere else.
fn resolved(folder: &Path) -> io::Result<PathBuf> {
    let mut resolved = PathBuf::new();
    for part in std::path::absolute(folder)?.components() {
        resolved.push(part);
        resolved = match resolved.symlink_metadata() {
            Ok(_) => resolved.canonicalize()?,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && part != Component::ParentDir =>
            {
                resolved
            }
            Err(error) => return Err(error),
        };
    }
    Ok(resolved)
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

struct Repair<'a> {
    damaged: &'a dyn Disk,
    new: &'a dyn Disk,
    survey: Survey,
    contents: Contents,
    /// Names that are taken.
    names: BTreeSet<String>,
    repaired: Repaired,
}

impl<'a> Repair<'a> {
    fn new(damaged: &'a dyn Disk, new: &'a dyn Disk, mut survey: Survey) -> Self {
        let contents = Contents {
            topics: std::mem::take(&mut survey.contents.topics),
            notes: std::mem::take(&mut survey.contents.notes),
            next_stream: survey.contents.next_stream,
            ..Contents::default()
        };
        let created = survey.contents.streams.values();
        let names = created.filter_map(|listed| match &listed.created {
            Some(Entry::Create { name, .. }) => Some(name.clone()),
            _ => None,
        });
        let names = names.collect();
        let repaired = Repaired {
            streams: 0,
            records: 0,
            torn: survey.torn.take(),
            faults: std::mem::take(&mut survey.faults),
            holes: Vec::new(),
            to: PathBuf::new(),
        };
        Self {
            damaged,
            new,
            survey,
            contents,
            names,
            repaired,
        }
    }

    fn run(mut self, to: &Path) -> io::Result<Repaired> {
        let streams = std::mem::take(&mut self.survey.contents.streams);
        for (id, mut listed) in streams {
            if listed.retired.is_some() {
                continue;
            }
            listed.fork = None;
            let mut runs = self.survey.runs.remove(&id).unwrap_or_default();
            let last = runs.pop();
            for run in &runs {
                self.save_before(&listed, run)?;
            }
            self.save(id, listed, last.as_ref())?;
        }
        self.new.sync_all()?;
        // The journal begins anew, with a number that no frame has had.
        self.contents.journal = Link {
            number: self.survey.contents.journal.number + 1,
            before: 0,
        };
        Catalogue::write(self.new, &self.contents)?;
        self.repaired.to = to.to_owned();
        Ok(self.repaired)
    }

    /// What lies before a hole.
    fn save_before(&mut self, listed: &Listed, run: &Run) -> io::Result<()> {
        let Some(Entry::Create { name, settings, .. }) = &listed.created else {
            return Ok(());
        };
        let name = name_before(name, run.end.record, |name| self.names.contains(name));
        self.names.insert(name.clone());
        let hole = format!(
            "records of stream {name} end at {}, and then there is a hole",
            run.end
        );
        self.repaired.holes.push(hole);
        let own = self.contents.next_stream;
        self.contents.next_stream = StreamId(own.0 + 1);
        let listed = Listed {
            created: Some(Entry::Create {
                stream: own,
                name,
                settings: settings.clone(),
            }),
            closed: Some(Entry::Close {
                stream: own,
                by: None,
            }),
            ..Listed::default()
        };
        self.save(own, listed, Some(run))
    }

    /// Writes a run as all of stream `to`.
    fn save(&mut self, to: StreamId, mut listed: Listed, run: Option<&Run>) -> io::Result<()> {
        let (first, end) = run.map_or((listed.until, listed.until), |run| (run.first, run.end));
        let mut segments = Segments {
            disk: self.new,
            stream: to,
            from: first,
            firsts: Vec::new(),
            until: first,
            past: None,
            bytes_max: SEGMENT_BYTES,
            retention: Retention::default(),
            sync: Sync::Together,
        };
        let mut open = None;
        for part in run.map(|run| run.parts.as_slice()).unwrap_or_default() {
            let piece = Segment {
                first: part.first,
                bytes: self.read(part)?,
                time: part.time,
            };
            open = Some(segments.append(open, &piece, part.end)?);
        }
        (listed.from, listed.until) = (first, end);
        self.repaired.streams += 1;
        self.repaired.records += end.record - first.record;
        self.contents.streams.insert(to, listed);
        Ok(())
    }

    fn read(&self, part: &Part) -> io::Result<Bytes> {
        let (stream, segment) = match &part.place {
            Place::Journal(bytes) => return Ok(bytes.clone()),
            Place::Segment(stream, first) => (*stream, *first),
        };
        let length = usize::try_from(part.end.byte - part.first.byte).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        let path = shelf::path(stream, segment, "lines");
        let lines = self.damaged.open(&path);
        let read = lines.and_then(|lines| {
            lines.read_at(&mut bytes, part.first.byte - segment.byte)?;
            Ok(bytes.into())
        });
        read.map_err(|error| about(&path, &error))
    }
}

/// What the part of stream `name` is called that ends at `record`, before a hole.
fn name_before(name: &str, record: u64, is_taken: impl Fn(&str) -> bool) -> String {
    let (mut suffix, mut count) = (format!(".before-{record}"), 1);
    loop {
        let room = NAME_BYTES_MAX.saturating_sub(suffix.len());
        let stem = name.get(..room).unwrap_or(name).trim_end_matches('/');
        let name = format!("{stem}{suffix}");
        if !is_taken(&name) {
            return name;
        }
        count += 1;
        suffix = format!(".before-{record}-{count}");
    }
}

impl fmt::Display for Repaired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "damaged: {fault}")?;
        }
        if let Some(torn) = &self.torn {
            writeln!(f, "torn: {torn}")?;
        }
        for hole in &self.holes {
            writeln!(f, "{hole}")?;
        }
        let (records, streams, to) = (self.records, self.streams, self.to.display());
        write!(f, "saved {records} records of {streams} streams in {to}")
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, os::unix::fs::symlink};

    use common::{name, offset::Offset, time::Timestamp};

    use super::*;
    use crate::log::{
        proof::simulated::{Fault, SimDisk, State},
        settings::Settings,
    };

    /// The names of streams after a repair; the first of `names` has a hole behind its first record.
    fn repaired(names: &[&str]) -> Vec<String> {
        let disk = || SimDisk::new(State::default(), Fault::None, usize::MAX);
        let (damaged, new) = (disk(), disk());
        let mut survey = Survey::default();
        for (name, stream) in names.iter().zip(1..) {
            survey.contents.apply(Entry::Create {
                stream: StreamId(stream),
                name: (*name).to_owned(),
                settings: Settings::json(Retention::default()),
            });
        }
        let run = |record| {
            let first = Offset::default().advance(record, 2 * record);
            let end = first.advance(1, 2);
            let part = Part {
                first,
                end,
                time: Timestamp(0),
                place: Place::Journal(Bytes::from_static(b"1\n")),
            };
            let parts = vec![part];
            Run { parts, first, end }
        };
        survey.runs = BTreeMap::from([(StreamId(1), vec![run(0), run(2)])]);
        let repair = Repair::new(&damaged, &new, survey);
        repair.run(Path::new("new")).unwrap();
        let streams = Catalogue::read(&new).unwrap().streams;
        let name = |listed: Listed| match listed.created {
            Some(Entry::Create { name, .. }) => name,
            created => panic!("{created:?}"),
        };
        streams.into_values().map(name).collect()
    }

    #[test]
    fn what_lies_before_a_hole_has_a_name_of_its_own() {
        let long = "x".repeat(255);
        let cut = format!("{}.before-1", "x".repeat(246));
        let slash = format!("{}/yyyyyyyyy", "x".repeat(245));
        let segment = format!("{}.before-1", "x".repeat(245));
        for (names, expected) in [
            (vec!["x"], "x.before-1"),
            (vec!["x", "x.before-1"], "x.before-1-2"),
            (vec!["x", "x.before-1", "x.before-1-2"], "x.before-1-3"),
            (vec![&long], &cut),
            (vec![&slash], &segment),
        ] {
            let found = repaired(&names);
            assert_eq!(found.last().map(String::as_str), Some(expected));
            assert!(name::stream(expected).is_ok(), "{expected}");
        }
    }

    /// A damaged directory `log`, and beside it what leads into it and elsewhere.
    fn around() -> tempfile::TempDir {
        let around = tempfile::tempdir().unwrap();
        let at = |name: &str| around.path().join(name);
        for folder in ["log/streams", "other", "full"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["log/lock", "full/mine", "file"] {
            fs::write(at(file), "").unwrap();
        }
        symlink("../log", at("other/link")).unwrap();
        symlink("log/not-yet", at("dangling")).unwrap();
        around
    }

    /// All that is in a folder, but what links lead to.
    fn names(folder: &Path) -> BTreeSet<PathBuf> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                names.extend(self::names(&path));
            }
            names.insert(path);
        }
        names
    }

    #[test]
    fn where_nothing_may_be_made_nothing_is() {
        let within = "lies in the damaged one";
        for (to, expected) in [
            ("log", within),
            ("log/", within),
            ("log/new", within),
            ("log/new/deeper/", within),
            ("log/streams/../new", within),
            ("other/../log/new", within),
            ("other/link/new", within),
            ("other/link/", within),
            ("other/link/streams/..", within),
            ("new/../log/new", "No such file or directory"),
            ("other/new/../../log/new", "No such file or directory"),
            ("dangling", "No such file or directory"),
            ("dangling/new", "No such file or directory"),
            ("file", "Not a directory"),
            ("file/new", "Not a directory"),
            ("full", "is not empty"),
            ("", "is not empty"),
        ] {
            let around = around();
            let before = names(around.path());
            let to = around.path().join(to);
            let refused = repair(&around.path().join("log"), &to).unwrap_err();
            let said = refused.to_string();
            assert!(said.starts_with(to.to_str().unwrap()), "{said}");
            assert!(said.contains(expected), "{said}");
            assert_eq!(names(around.path()), before, "{said}");
        }
    }

    #[test]
    fn where_something_may_be_made_it_is_with_all_above_it() {
        for (to, place) in [
            ("new", "new"),
            ("new/", "new"),
            ("other/new/deeper", "other/new/deeper"),
            ("log/../new", "new"),
            ("other/link/../new", "new"),
        ] {
            let around = around();
            let to = around.path().join(to);
            repair(&around.path().join("log"), &to).unwrap();
            assert!(around.path().join(place).join("catalogue").is_file());
        }
    }
}
