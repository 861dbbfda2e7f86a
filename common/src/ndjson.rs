//! Lines of newline-delimited JSON. A newline never stands inside a JSON value's strings, so a
//! line is a record, and finding records costs one pass of `memchr`.

/// What separates two records on the wire and in the log.
pub const NEWLINE: u8 = b'\n';

/// The lines of `text` without their newlines; a last line without a newline is a line too.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = match memchr::memchr(NEWLINE, rest) {
            Some(end) => (rest.get(..end)?, rest.get(end + 1..)?),
            None => (rest, &[][..]),
        };
        rest = after;
        Some(line)
    })
}

/// How many records the complete lines of `text` are.
#[must_use]
pub fn count(text: &[u8]) -> usize {
    memchr::memchr_iter(NEWLINE, text).count()
}

/// Whether a line is nothing but white space, and so no record.
#[must_use]
pub fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii_start().is_empty()
}

/// The length of the longest prefix of `text` that consists of whole lines.
#[must_use]
pub fn whole_lines(text: &[u8]) -> usize {
    memchr::memrchr(NEWLINE, text).map_or(0, |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_line_needs_no_newline() {
        let all: Vec<_> = lines(b"a\n\nbc").collect();
        assert_eq!(all, [&b"a"[..], b"", b"bc"]);
        assert_eq!(count(b"a\n\nbc"), 2);
        assert_eq!(whole_lines(b"a\n\nbc"), 3);
        assert_eq!(whole_lines(b"abc"), 0);
        assert!(is_blank(b" \r") && is_blank(b"") && !is_blank(b" 0"));
    }
}
