//! What the system says a process has used.

use std::{fs, time::Duration};

/// Processor time ticks a second, as Linux reports them to programs on every platform.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor seconds that process `id` has used in user mode and in the system.
pub(crate) fn processor_seconds(id: u32) -> (f64, f64) {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; the counted fields follow it.
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok());
    let seconds = |field| ticks(field).unwrap_or_default() / TICKS_PER_SECOND;
    (seconds(12), seconds(13))
}

/// Bytes that process `id` has given to `write()` and the like, sockets and all.
pub(crate) fn written(id: u32) -> f64 {
    let counts = fs::read_to_string(format!("/proc/{id}/io")).unwrap_or_default();
    let count = counts.lines().find_map(|line| line.strip_prefix("wchar:"));
    let bytes = count.and_then(|count| count.trim().parse().ok());
    bytes.unwrap_or(f64::NAN)
}

/// How many files, sockets included, process `id` has open.
pub(crate) fn open_files(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count)
}

/// Resident memory of process `id` in MB: now, and at its peak.
pub(crate) fn memory(id: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let megabytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kilobytes * 1024.0 / 1e6)
    };
    Some((megabytes("VmRSS:")?, megabytes("VmHWM:")?))
}

/// The peak memory of process `id` in MB, watched until it is gone.
pub(crate) fn watch_peak(id: u32) -> std::thread::JoinHandle<f64> {
    std::thread::spawn(move || {
        let mut peak = 0.0;
        while let Some((_, now)) = memory(id) {
            peak = now;
            std::thread::sleep(Duration::from_millis(2));
        }
        peak
    })
}
