//! Looks at all of a directory, sound or not: what is as it was written, and what is not. Changes
//! nothing, and can be done beside a running producer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::Arc,
};

use common::{offset::Offset, wire};

use super::{
    catalogue::{self, Catalogue, Contents, Listed},
    disk::{Disk, File},
    entry::{Entry, StreamId},
    frame::salvage,
    journal::{self, Torn},
    parts::{Part, Place, Run, runs},
    recovery,
    shelf::{self, Piece, Shelf},
};

/// How long the name of a format is that a file begins with, and how it begins.
const FORMAT_BYTES: usize = 8;
const FORMATS: &[u8] = b"Brk";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) contents: Contents,
    /// Of each stream, what is sound, in order.
    pub(super) runs: BTreeMap<StreamId, Vec<Run>>,
    pub(super) segments: usize,
    pub(super) journal_files: usize,
    /// The names of the formats that its files are of.
    pub(super) formats: BTreeSet<String>,
    /// What was being written when all ended, or is being written now. That is no fault.
    pub(super) torn: Option<Torn>,
    /// A log cannot be opened here: so the catalogue may not say all, or not the latest.
    is_unusable: bool,
    pub(super) faults: Vec<String>,
}

impl Survey {
    /// Looks at all there is.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn of(disk: &dyn Disk) -> io::Result<Self> {
        let mut survey = Self::default();
        match recovery::find(disk) {
            Ok(found) => survey.torn = found.torn,
            Err(damage) => {
                survey.is_unusable = true;
                survey.faults.push(damage.to_string());
            }
        }
        let catalogue = format(disk, Path::new(catalogue::FILE));
        survey.formats.extend(catalogue);
        for entry in Catalogue::salvage(disk)? {
            survey.contents.apply(entry);
        }
        let mut appended: BTreeMap<StreamId, Vec<Part>> = BTreeMap::new();
        for (number, text) in journal::texts(disk)? {
            survey.journal_files += 1;
            survey.formats.extend(format(disk, &journal::path(number)));
            for entry in salvage(&text, number) {
                if let Some((stream, part)) = Part::of(&entry) {
                    appended.entry(stream).or_default().push(part);
                }
                survey.contents.apply(entry);
            }
        }
        survey.look_for_lost(disk)?;
        let ids: Vec<_> = survey.contents.streams.keys().copied().collect();
        let shared = survey.contents.shared();
        for id in ids {
            let shared = shared.get(&id).map(Vec::as_slice).unwrap_or_default();
            let parts = survey.segments(disk, id, shared)?;
            appended.entry(id).or_default().extend(parts);
        }
        survey.guess(&appended);
        survey.join(&appended);
        Ok(survey)
    }

    /// Puts together what is sound of each stream, also where it is another one's.
    fn join(&mut self, parts: &BTreeMap<StreamId, Vec<Part>>) {
        for (id, listed) in &self.contents.streams {
            let mut all = Vec::new();
            for (owner, from, until) in self.contents.owners(*id) {
                let parts = parts.get(&owner).into_iter().flatten();
                let parts = parts.filter(|part| (from..until).contains(&part.first));
                all.extend(parts.map(|part| part.clipped(until)));
            }
            let runs = runs(all);
            if let Some(Entry::Fork { at, .. }) = listed.fork
                && listed.from < at
                && listed.retired.is_none()
            {
                let first = runs.first().filter(|run| run.first == listed.from);
                let end = first.map_or(listed.from, |run| run.end);
                if end < at {
                    let why = "it is shared with the stream that it is a fork of";
                    self.faults.push(missing(*id, end, at, why));
                }
            }
            self.runs.insert(*id, runs);
        }
    }

    /// Whether it is what a directory in use can look like at one moment.
    pub(super) const fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Streams of which the catalogue does not know. Where it may not say all, those are not taken to be
    /// deleted of which it must have known.
    fn look_for_lost(&mut self, disk: &dyn Disk) -> io::Result<()> {
        for name in disk.list(Path::new(shelf::FOLDER))? {
            let Ok(number) = u64::from_str_radix(&name, 16) else {
                continue;
            };
            let id = StreamId(number);
            let is_known = self.contents.streams.contains_key(&id)
                || self.contents.deleted.contains(&id)
                || (self.contents.next_stream > id && !self.is_unusable);
            if !is_known {
                let folder = shelf::folder(id);
                let folder = folder.display();
                let fault = format!("{folder}: the catalogue does not know of this stream");
                self.faults.push(fault);
                self.contents.apply(Entry::lost(id));
                let listed = self.contents.streams.entry(id).or_default();
                listed.until = Offset::MAX;
            }
        }
        Ok(())
    }

    /// Says of streams of which nothing is known what can be told from their records: a line has a byte
    /// and a newline at the least, so where there are as many bytes as records, those are no lines.
    fn guess(&mut self, parts: &BTreeMap<StreamId, Vec<Part>>) {
        let streams = self.contents.streams.iter_mut();
        for (id, listed) in streams.filter(|(_, listed)| listed.is_lost()) {
            let first = parts.get(id).and_then(|parts| parts.first());
            let is_of_bytes = first.is_some_and(|part| {
                part.end.byte - part.first.byte == part.end.record - part.first.record
            });
            if let (true, Some(Entry::Create { settings, .. })) = (is_of_bytes, &mut listed.created)
            {
                wire::OCTET_STREAM.clone_into(&mut settings.content_type);
            }
        }
    }

    /// What is sound in the segments of a stream that it needs itself, or those that share it do.
    fn segments(
        &mut self,
        disk: &dyn Disk,
        id: StreamId,
        shared: &[(Offset, Offset)],
    ) -> io::Result<Vec<Part>> {
        let Some(listed) = self.contents.streams.get(&id) else {
            return Ok(Vec::new());
        };
        let (from, until) = if listed.is_lost() {
            (Offset::default(), Offset::MAX)
        } else {
            (listed.own_from(), listed.until)
        };
        // Of such a stream no more is there than its forks need.
        let may_miss = listed.is_lost() || listed.retired.is_some();
        // What lies behind is in the journal too, unless the catalogue does not say the latest.
        let searched = if self.is_unusable { Offset::MAX } else { until };
        let mut shelf = Shelf::find(disk, id, from, searched)?;
        shelf.firsts = needed(&shelf, listed.retired.is_some(), shared);
        let mut parts = Vec::new();
        let mut at = from;
        for (number, first) in shelf.firsts.iter().copied().enumerate() {
            self.segments += 1;
            self.formats
                .extend(format(disk, &shelf::path(id, first, "side")));
            if first != at && first >= from && !may_miss {
                self.faults
                    .push(missing(id, at, first, "no segment has it"));
            }
            match segment(disk, id, (&shelf, number), &mut self.faults) {
                Ok((found, end)) => {
                    at = at.max(end);
                    parts.extend(found);
                }
                Err(journal::Damage::Io(error)) => {
                    let path = shelf::path(id, first, "side");
                    self.faults.push(format!("{}: {error}", path.display()));
                }
                Err(damage) => self.faults.push(damage.to_string()),
            }
        }
        if at < until && !may_miss {
            self.faults.push(missing(id, at, until, "it is settled"));
        }
        Ok(parts)
    }
}

/// The segments that somebody needs; the others were about to be removed.
fn needed(shelf: &Shelf, is_retired: bool, shared: &[(Offset, Offset)]) -> Arc<[Offset]> {
    let ends = shelf.firsts.iter().skip(1).chain([&shelf.until]);
    let is_needed = |(first, end): &(&Offset, &Offset)| {
        let is_own = !is_retired && **first >= shelf.from;
        let mut shared = shared.iter();
        is_own || shared.any(|(from, until)| *first < until && from < *end)
    };
    let needed = shelf.firsts.iter().zip(ends).filter(is_needed);
    needed.map(|(first, _)| *first).collect()
}

/// What a file begins with, if that is the name of a format. What is wrong with others, others say.
fn format(disk: &dyn Disk, path: &Path) -> Option<String> {
    let mut name = [0; FORMAT_BYTES];
    disk.open(path)
        .and_then(|file| file.read_at(&mut name, 0))
        .ok()?;
    let is_name = name.starts_with(FORMATS) && name.iter().all(u8::is_ascii_alphanumeric);
    is_name.then(|| String::from_utf8_lossy(&name).into_owned())
}

fn missing(id: StreamId, from: Offset, to: Offset, why: &str) -> String {
    let folder = shelf::folder(id);
    format!(
        "{}: what lies from {from} to {to} is missing or damaged: {why}",
        folder.display()
    )
}

/// The sound pieces of a segment, and how far it is described. Where a piece's description is
/// damaged, the next one cannot be told where it begins, so that is lost as well.
fn segment(
    disk: &dyn Disk,
    id: StreamId,
    (shelf, number): (&Shelf, usize),
    faults: &mut Vec<String>,
) -> Result<(Vec<Part>, Offset), journal::Damage> {
    let first = shelf.firsts.get(number).copied().unwrap_or_default();
    let next = shelf.firsts.get(number + 1).copied();
    let side = shelf::path(id, first, "side");
    let lines = disk.open(&side.with_extension("lines"))?;
    let (mut parts, mut at, mut hole) = (Vec::new(), first, false);
    let mut damaged = |path: &Path, what: &str, from: Offset, to: Offset| {
        let path = path.display();
        faults.push(if to == Offset::MAX {
            format!("{path}: {what} from {from} on is damaged")
        } else {
            format!("{path}: {what} from {from} to {to} is damaged")
        });
    };
    for piece in shelf::described(disk, id, first)? {
        let Some(piece) = piece else {
            hole = true;
            continue;
        };
        if piece.end > shelf.until {
            break;
        }
        if std::mem::take(&mut hole) {
            damaged(&side, "what it says of what lies", at, piece.end);
        } else if is_sound(lines.as_ref(), at.byte - first.byte, at, &piece) {
            parts.push(Part {
                first: at,
                end: piece.end,
                time: piece.time,
                place: Place::Segment(id, first),
            });
        } else {
            let lines = side.with_extension("lines");
            damaged(&lines, "what lies", at, piece.end);
        }
        at = piece.end;
    }
    let end = next.unwrap_or(shelf.until);
    if hole && at < end {
        damaged(&side, "what it says of what lies", at, end);
        at = end;
    }
    Ok((parts, at))
}

/// Whether the piece that begins at `begin` is as it was written.
fn is_sound(lines: &dyn File, at: u64, begin: Offset, piece: &Piece) -> bool {
    let length = piece.end.byte.saturating_sub(begin.byte);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    lines.read_at(&mut bytes, at).is_ok() && crc32c::crc32c(&bytes) == piece.check
}

impl Contents {
    /// What forks share with each stream.
    fn shared(&self) -> BTreeMap<StreamId, Vec<(Offset, Offset)>> {
        let is_read = |listed: &Listed| listed.fork.is_some() && listed.retired.is_none();
        let forks = self.streams.iter().filter(|(_, listed)| is_read(listed));
        let owners = forks.flat_map(|(fork, _)| self.owners(*fork));
        let mut shared: BTreeMap<StreamId, Vec<_>> = BTreeMap::new();
        for (owner, from, until) in owners {
            shared.entry(owner).or_default().push((from, until));
        }
        shared
    }

    /// In whose segments and entries the records of a stream are, from where to where.
    fn owners(&self, stream: StreamId) -> Vec<(StreamId, Offset, Offset)> {
        let (mut owners, mut owner, mut until) = (Vec::new(), stream, Offset::MAX);
        let from = self.streams.get(&stream).map(|listed| listed.from);
        let from = from.unwrap_or_default();
        while let Some(listed) = self.streams.get(&owner) {
            let Some(Entry::Fork { source, at, .. }) = listed.fork else {
                owners.push((owner, from, until));
                break;
            };
            owners.push((owner, from.max(at), until));
            if at <= from || source >= owner {
                break;
            }
            (owner, until) = (source, until.min(at));
        }
        owners
    }
}

impl Listed {
    /// Where the records begin that are not another stream's.
    fn own_from(&self) -> Offset {
        match self.fork {
            Some(Entry::Fork { at, .. }) => self.from.max(at),
            _ => self.from,
        }
    }
}
