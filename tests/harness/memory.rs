//! What the system says of a process's memory.

use std::fs;

/// The most memory that process `id` has had resident so far, in bytes.
#[must_use]
pub fn peak_bytes(id: u32) -> u64 {
    bytes(id, "VmHWM:")
}

/// The memory that process `id` has resident now, in bytes.
#[must_use]
pub fn resident_bytes(id: u32) -> u64 {
    bytes(id, "VmRSS:")
}

fn bytes(id: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: u64 = kilobytes.and_then(|text| text.parse().ok()).expect(&status);
    kilobytes * 1024
}
