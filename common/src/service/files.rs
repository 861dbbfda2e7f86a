//! How many files a process may have open, and who gets them: most are for connections, so who connects
//! never takes those that the service works with.

/// At least so many are for what is no connection, and at the most.
const RESERVED: std::ops::RangeInclusive<usize> = 64..=512;

/// How many connections there are files for.
#[must_use]
pub fn for_connections() -> usize {
    let files = possible();
    files.saturating_sub(reserved(files))
}

/// How many files may be held open for those who read old records: a part of what is reserved. Who
/// comes later has them opened for each read.
#[must_use]
pub fn for_readers() -> usize {
    reserved(possible()) / 4
}

/// As many as the system lets the process have.
fn possible() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    usize::try_from(files).unwrap_or(usize::MAX)
}

fn reserved(files: usize) -> usize {
    (files / 4).clamp(*RESERVED.start(), *RESERVED.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_are_few_fewer_are_reserved() {
        for (files, expected) in [(20, 64), (300, 75), (1024, 256), (1 << 20, 512)] {
            assert_eq!(reserved(files), expected, "{files}");
        }
    }
}
