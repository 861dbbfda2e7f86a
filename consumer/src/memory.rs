//! How much memory there is.

use std::fs;

/// Where Linux says how much there is, and how much of it this group of processes may take.
const SYSTEM: &str = "/proc/meminfo";
const GROUP: &str = "/sys/fs/cgroup/memory.max";

/// What is assumed where nobody says.
const UNKNOWN_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// How much memory this process may take, in bytes.
pub(crate) fn bytes() -> u64 {
    let system = fs::read_to_string(SYSTEM).ok().as_deref().and_then(total);
    let group = fs::read_to_string(GROUP).ok();
    let group = group.and_then(|text| text.trim().parse().ok());
    system
        .into_iter()
        .chain(group)
        .min()
        .unwrap_or(UNKNOWN_BYTES)
}

/// The line `MemTotal:  24689732 kB`.
fn total(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_how_much_there_is() {
        assert_eq!(
            total("MemTotal:       24 kB\nMemFree: 1 kB\n"),
            Some(24 * 1024)
        );
        assert_eq!(total("MemFree: 1 kB\n"), None);
        assert!(bytes() > 0);
    }
}
