//! Counts lines, and finds those that begin with a sign, with one look at the text: many bytes at a
//! time, and none of them parsed.

use common::ndjson::{self, NEWLINE};
use wide::i8x16;

/// How many bytes are looked at together.
const LANES: usize = 16;

/// So few bytes that a byte can count those in one of the lanes.
const PIECE_BYTES: usize = 255 * LANES;

/// The first character that is no white space.
const FIRST_INK: i8 = 0x21;

/// Lines that lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) bytes: usize,
    /// How many lines there are; none where one of them may be blank, which is if it begins with
    /// white space, or with what is not ASCII.
    pub(super) lines: Option<u64>,
}

/// What is seen in a piece of a text.
struct Seen {
    newlines: u64,
    /// Whether a line begins behind it that may be blank.
    has_blank: bool,
    /// Whether a line begins behind it with the sign.
    has_sign: bool,
}

/// The lines before the first that begins with `sign`, or all.
pub(super) fn until(text: &[u8], sign: Option<u8>) -> Stretch {
    let stretch = |bytes, lines, has_blank: bool| Stretch {
        bytes,
        lines: (!has_blank).then_some(lines),
    };
    let Some((first, rest)) = text
        .split_first()
        .filter(|(first, _)| sign != Some(**first))
    else {
        return stretch(0, 0, false);
    };
    let (mut newlines, mut has_blank, mut bytes) = (0, *first <= b' ', 0);
    let before_last = text.get(..rest.len()).unwrap_or_default();
    let pieces = before_last.chunks(PIECE_BYTES);
    for (piece, next) in pieces.zip(rest.chunks(PIECE_BYTES)) {
        let seen = look(piece, next, sign);
        has_blank |= seen.has_blank;
        if seen.has_sign {
            let (more, end) = until_sign(piece, next, sign);
            return stretch(bytes + end, newlines + more, has_blank);
        }
        (newlines, bytes) = (newlines + seen.newlines, bytes + piece.len());
    }
    // The last byte ends a line, or is of one that is not finished.
    stretch(text.len(), newlines + 1, has_blank)
}

/// How many records the lines are, of which there are some, and how many bytes of the stream they
/// take. They may have been counted already.
pub(super) fn measure(text: &[u8], counted: Option<u64>) -> (u64, u64) {
    match counted.or_else(|| until(text, None).lines) {
        Some(records) => {
            let unfinished = u64::from(text.last() != Some(&NEWLINE));
            (records, text.len() as u64 + unfinished)
        }
        None => measure_each(text),
    }
}

fn measure_each(text: &[u8]) -> (u64, u64) {
    ndjson::lines(text)
        .filter(|line| !ndjson::is_blank(line))
        .fold((0, 0), |(records, bytes), line| {
            (records + 1, bytes + line.len() as u64 + 1)
        })
}

/// Looks at a piece; `next` is the same, one byte further on.
#[inline]
fn look(piece: &[u8], next: &[u8], sign: Option<u8>) -> Seen {
    let (bytes, last) = piece.as_chunks::<LANES>();
    let (nexts, next_last) = next.as_chunks::<LANES>();
    let (mut count, mut blank, mut signed) = (i8x16::ZERO, i8x16::ZERO, i8x16::ZERO);
    let splat = |byte: u8| i8x16::splat(byte.cast_signed());
    for (bytes, next) in bytes.iter().zip(nexts) {
        let [bytes, next] = [bytes, next].map(|bytes| i8x16::new(bytes.map(u8::cast_signed)));
        // All bits are set where it is true, which is one less than zero.
        let newline = bytes.simd_eq(splat(NEWLINE));
        count -= newline;
        blank |= newline & next.simd_lt(i8x16::splat(FIRST_INK));
        if let Some(sign) = sign {
            signed |= newline & next.simd_eq(splat(sign));
        }
    }
    let is_newline = |(byte, _): &(&u8, &u8)| **byte == NEWLINE;
    let last = || last.iter().zip(next_last).filter(is_newline);
    let counts = count.to_array().map(i8::cast_unsigned);
    Seen {
        newlines: counts.map(u64::from).iter().sum::<u64>() + last().count() as u64,
        has_blank: blank.any() || last().any(|(_, next)| next.cast_signed() < FIRST_INK),
        has_sign: signed.any() || last().any(|(_, next)| Some(*next) == sign),
    }
}

/// How many newlines there are up to a line that begins with `sign`, and where that begins.
fn until_sign(piece: &[u8], next: &[u8], sign: Option<u8>) -> (u64, usize) {
    let mut newlines = 0;
    for at in memchr::memchr_iter(NEWLINE, piece) {
        newlines += 1;
        if next.get(at).copied() == sign {
            return (newlines, at + 1);
        }
    }
    (newlines, piece.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    /// Lines, and what is like lines and like signs.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            9 => Just("{}\n"), 9 => Just("12"), 9 => Just("7\n"), 1 => Just("\n"), 1 => Just(" "), 1 => Just("#"), 1 => Just("\n#\n")
        ];
        prop::collection::vec(piece, 1..3_000).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_counted_at_once_is_what_is_counted_line_by_line(text in texts()) {
            prop_assert_eq!(measure(text.as_bytes(), None), measure_each(text.as_bytes()), "{:?}", text);
        }

        #[test]
        fn stretches_end_where_a_line_begins_with_the_sign(text in texts()) {
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let stretch = until(rest, Some(b'#'));
                let lines: Vec<_> = rest.split_inclusive(|byte| *byte == NEWLINE).collect();
                let before = lines.iter().take_while(|line| !line.starts_with(b"#"));
                prop_assert_eq!(stretch.bytes, before.map(|line| line.len()).sum::<usize>(), "{:?}", text);
                let (lines, behind) = rest.split_at(stretch.bytes);
                if !lines.is_empty() {
                    prop_assert_eq!(measure(lines, stretch.lines), measure_each(lines), "{:?}", text);
                }
                let sign = behind.iter().position(|byte| *byte == NEWLINE);
                rest = behind.get(sign.map_or(behind.len(), |end| end + 1)..).unwrap_or_default();
            }
        }
    }

    #[test]
    fn only_lines_that_may_be_blank_are_looked_at_one_by_one() {
        let long = "12\n".repeat(1000);
        for (text, lines) in [
            ("1", Some(1)),
            ("1\n", Some(1)),
            ("1 \n2", Some(2)),
            (long.as_str(), Some(1000)),
            (" 1", None),
            ("1\n\r\n2", None),
            ("1\n\u{e4}", None),
        ] {
            assert_eq!(until(text.as_bytes(), None).lines, lines, "{text:?}");
        }
    }
}
