//! Files out: NDJSON in a folder, in parts. A part has its name when it is complete and on stable
//! storage; until then its name begins with a dot, and nobody who reads the folder sees it.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{Moments, json};
use crate::transform::Changes;

/// A folder that is written to.
#[derive(Debug)]
pub struct Parts {
    folder: PathBuf,
    /// What the names of its parts have in common, and those of no other run.
    run: String,
    number: u64,
    open: Option<Part>,
    bytes_max: u64,
    age_max: Duration,
    moments: Moments,
    lines: Vec<u8>,
}

#[derive(Debug)]
struct Part {
    file: BufWriter<File>,
    hidden: PathBuf,
    name: PathBuf,
    bytes: u64,
    begun: Instant,
}

impl Parts {
    /// Makes the folder if need be. `run` tells this run's parts from those of others. A part is
    /// complete when it is as long, or was begun as long ago, as is said.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn in_folder(
        folder: &Path,
        run: &str,
        bytes_max: u64,
        age_max: Duration,
    ) -> io::Result<Self> {
        if folder.exists() && !folder.is_dir() {
            let why = format!("{} is a file, and rows go to a folder", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, why));
        }
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            run: run.to_owned(),
            number: 0,
            open: None,
            bytes_max,
            age_max,
            moments: Moments::Sql,
            lines: Vec::new(),
        })
    }

    /// The same, with moments written so.
    #[must_use]
    pub const fn with(mut self, moments: Moments) -> Self {
        self.moments = moments;
        self
    }

    /// Writes rows, all of which must be new.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, changes: &Changes) -> io::Result<()> {
        self.lines.clear();
        json::lines(&changes.rows, self.moments, &mut self.lines).map_err(io::Error::other)?;
        let part = match self.open.take() {
            Some(part) => part,
            None => self.begin()?,
        };
        let part = self.open.insert(part);
        part.file.write_all(&self.lines)?;
        part.bytes += self.lines.len() as u64;
        self.roll(Instant::now())
    }

    /// Completes the part that is open, if it is long or old enough.
    ///
    /// # Errors
    /// It cannot be made durable.
    pub fn roll(&mut self, now: Instant) -> io::Result<()> {
        let is_complete = |part: &Part| {
            let age = now.saturating_duration_since(part.begun);
            part.bytes >= self.bytes_max || age >= self.age_max
        };
        if self.open.as_ref().is_some_and(is_complete) {
            self.finish()?;
        }
        Ok(())
    }

    /// Completes the part that is open, if there is one.
    ///
    /// # Errors
    /// It cannot be made durable.
    pub fn finish(&mut self) -> io::Result<()> {
        let Some(part) = self.open.take() else {
            return Ok(());
        };
        let file = part
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&part.hidden, &part.name)?;
        File::open(&self.folder)?.sync_all()
    }

    fn begin(&mut self) -> io::Result<Part> {
        let name = format!("part-{}-{}.json", self.run, self.number);
        self.number += 1;
        let hidden = self.folder.join(format!(".{name}.inprogress"));
        Ok(Part {
            file: BufWriter::new(File::create(&hidden)?),
            hidden,
            name: self.folder.join(name),
            bytes: 0,
            begun: Instant::now(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, Int64Array},
        record_batch::RecordBatch,
    };

    use super::*;

    const BYTES: u64 = 1024;
    const AGE: Duration = Duration::from_secs(1800);

    fn rows() -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name =
            |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_part_has_its_name_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let rows = rows();
        let mut parts = Parts::in_folder(&folder.path().join("out"), "r", 20, AGE).unwrap();
        let path = folder.path().join("out");
        parts.write(&Changes::inserts(rows.clone())).unwrap();
        assert_eq!(names(&path), [".part-r-0.json.inprogress"]);
        parts.write(&Changes::inserts(rows.clone())).unwrap();
        assert_eq!(names(&path), ["part-r-0.json"], "it is long enough");
        parts.write(&Changes::inserts(rows)).unwrap();
        parts.finish().unwrap();
        assert_eq!(names(&path), ["part-r-0.json", "part-r-1.json"]);
        let text = fs::read_to_string(path.join("part-r-0.json")).unwrap();
        assert_eq!(text, "{\"n\":1}\n{\"n\":2}\n{\"n\":1}\n{\"n\":2}\n");
    }

    #[test]
    fn a_file_is_no_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = Parts::in_folder(file.path(), "r", BYTES, AGE).unwrap_err();
        let why = refused.to_string();
        assert!(
            why.ends_with(" is a file, and rows go to a folder"),
            "{why}"
        );
    }

    #[test]
    fn a_crash_leaves_a_hidden_part_and_the_next_run_writes_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let crashed = |run: &str| {
            let mut parts = Parts::in_folder(folder.path(), run, BYTES, AGE).unwrap();
            parts.write(&Changes::inserts(rows())).unwrap();
            parts
        };
        drop(crashed("a"));
        crashed("b").finish().unwrap();
        let expected = [".part-a-0.json.inprogress", "part-b-0.json"];
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn a_part_is_complete_when_it_is_old_enough() {
        let folder = tempfile::tempdir().unwrap();
        let mut parts = Parts::in_folder(folder.path(), "r", BYTES, AGE).unwrap();
        parts.roll(Instant::now() + AGE).unwrap();
        parts.write(&Changes::inserts(rows())).unwrap();
        let begun = Instant::now();
        parts.roll(begun + Duration::from_secs(60)).unwrap();
        assert_eq!(names(folder.path()), [".part-r-0.json.inprogress"]);
        parts.roll(begun + AGE).unwrap();
        assert_eq!(names(folder.path()), ["part-r-0.json"]);
    }
}
