//! The disk that the logs are on, and what it takes for a sync of its own.

use std::{fs, fs::File, io::Write, path::Path, time::Instant};

use crate::sample::Sample;

/// Syncs in a sample: a fraction of a second, so that each row has its own.
const SYNCS: usize = 300;

/// A folder on the disk that the build is on; a temporary one may be in memory.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(tests::binaries::release()).expect("a folder can be made")
}

/// What the disk takes for a sync of 4 KiB right now, in words.
pub(crate) fn syncs() -> String {
    let sample = sync_sample();
    let (p50, p99) = (sample.median(), sample.quantile(0.99));
    format!("the disk's own fdatasync of 4 KiB: p50 {p50:.2} ms, p99 {p99:.2} ms")
}

/// Milliseconds that the disk takes for a sync of 4 KiB.
pub(crate) fn sync_sample() -> Sample {
    let folder = folder();
    let mut file = File::create(folder.path().join("file")).expect("a file can be made");
    let mut sync = || {
        file.write_all(&[7; 4096]).expect("there is room");
        let start = Instant::now();
        file.sync_data().expect("the disk syncs");
        start.elapsed().as_secs_f64() * 1e3
    };
    Sample::new((0..SYNCS).map(|_| sync()).collect())
}

/// How many bytes the files below `folder` have. Files that vanish meanwhile have none.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(file) if file.is_dir() => bytes_below(&entry.path()),
        Ok(file) => file.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
