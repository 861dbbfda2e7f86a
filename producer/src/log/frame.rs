//! The frame: what is written as one, and is there as a whole after a crash, or not at all.
//!
//! ```text
//!  0        4        8                16       20       24
//!  ├ magic ─┼ length ┼─ number ───────┼ before ┼ check ─┼─ entries …
//! ```
//!
//! Little-endian. `length` is that of the entries; `number` is that of the frame before plus one;
//! `before` is the check of the frame before; `check` is the CRC32C of all of it but itself and the
//! magic. So frames form a chain, and no frame of another time or place can be taken for a link.
//!
//! All that is synced together is one frame. So what a power cut leaves of it is no frame, whatever
//! the order in which the disk has written its blocks; and a valid frame behind one that is not
//! valid is a sign of damage, for it was begun when the other was on stable storage.

use bytes::{Buf, BufMut, Bytes};
use common::{offset::Offset, time::Timestamp};

use super::{
    append::Content,
    entry::{Entry, StreamId},
};

const MAGIC: u32 = u32::from_le_bytes(*b"BFr2");

/// Bytes before the entries.
pub(super) const HEAD_BYTES: usize = 24;

/// Longest frame that is believed; checked before anything is allocated for it.
pub(super) const ENTRIES_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What is wrong with a file that has a frame which was written by a later version.
pub(super) const NEWER: &str = "a frame in it is of a newer format";

/// The place of a frame in the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// The number of the frame that comes next.
    pub(super) number: u64,
    /// The check of the frame before it.
    pub(super) before: u32,
}

/// A frame that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    text: Vec<u8>,
}

/// What is at a place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The frame that belongs there, and the place of the next one.
    Frame(Vec<Entry>, Link, usize),
    /// The beginning of the frame that belongs there: it was being written when all ended, or is
    /// damaged.
    Torn(&'static str),
    /// The frame that belongs there, as it was written, and it says what is not known here: it was
    /// acknowledged by a newer version, so it is no end.
    Newer,
    /// Something else, or nothing.
    Nothing(&'static str),
}

impl Draft {
    /// Adds an entry.
    pub(super) fn push(&mut self, entry: &Entry) {
        #[cfg(test)]
        if super::proof::is_forgotten(entry) {
            return;
        }
        entry.write(self.entries());
    }

    /// Adds an append to a stream, of whole records from `first` on.
    pub(super) fn push_append(
        &mut self,
        stream: StreamId,
        at: (Offset, Timestamp),
        content: &Content,
    ) {
        Entry::write_append(self.entries(), stream, at, content);
    }

    /// Where the next entry is written.
    fn entries(&mut self) -> &mut Vec<u8> {
        if self.text.is_empty() {
            self.text.put_bytes(0, HEAD_BYTES);
        }
        &mut self.text
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Ends it at `link`; returns its bytes, and the place of the next frame.
    pub(super) fn end(&mut self, link: Link) -> (&[u8], Link) {
        let entries = self.text.get(HEAD_BYTES..).unwrap_or_default();
        let length = u32::try_from(entries.len()).expect("a frame is far shorter than 4 GiB");
        let check = check(length, link, entries);
        if let Some(mut head) = self.text.get_mut(..HEAD_BYTES) {
            head.put_u32_le(MAGIC);
            head.put_u32_le(length);
            head.put_u64_le(link.number);
            head.put_u32_le(link.before);
            head.put_u32_le(check);
        }
        let next = Link {
            number: link.number.saturating_add(1),
            before: check,
        };
        (&self.text, next)
    }

    /// One whose entries are any bytes.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of(entries: &[u8]) -> Self {
        let mut text = vec![0; HEAD_BYTES];
        text.extend_from_slice(entries);
        Self { text }
    }

    /// One that says what only a later version knows.
    #[cfg(test)]
    pub(super) fn of_later() -> Self {
        Self::of(&[u8::MAX])
    }

    /// Begins another one; what is much longer than `bytes_kept` is given back.
    pub(super) fn clear(&mut self, bytes_kept: usize) {
        self.text.clear();
        self.text.shrink_to(bytes_kept);
    }
}

impl Link {
    /// Whether a frame comes before it. None does where a journal begins, or begins anew.
    pub(super) const fn is_behind_another(self) -> bool {
        self.before != 0
    }

    /// Reads the frame that belongs at the beginning of `text`.
    pub(super) fn read(self, text: &Bytes) -> Read {
        let mut head = text.as_ref();
        let Ok(magic) = head.try_get_u32_le() else {
            return Read::Nothing("the end");
        };
        if magic != MAGIC {
            return Read::Nothing("no frame begins here");
        }
        let Some((length, number, before, claimed)) = fields(&mut head) else {
            return Read::Nothing("the frame is cut short");
        };
        if (Self { number, before }) != self {
            return Read::Nothing("the frame belongs elsewhere");
        }
        let end = HEAD_BYTES + length as usize;
        if length as usize > ENTRIES_BYTES_MAX || end > text.len() {
            return Read::Torn("the frame is cut short");
        }
        let mut entries = text.slice(HEAD_BYTES..end);
        if check(length, self, &entries) != claimed {
            return Read::Torn("the frame's check is wrong");
        }
        let mut all = Vec::new();
        while entries.has_remaining() {
            match Entry::read(&mut entries) {
                Ok(Some(entry)) => all.push(entry),
                Ok(None) | Err(_) => return Read::Newer,
            }
        }
        Read::Frame(
            all,
            Self {
                number: number.saturating_add(1),
                before: claimed,
            },
            end,
        )
    }
}

/// Whether any frame begins anywhere in `text`, with its check in order.
fn any(text: &Bytes) -> bool {
    memchr::memmem::find_iter(text, &MAGIC.to_le_bytes()).any(|at| {
        let rest = text.slice(at..);
        let mut head = rest.get(4..).unwrap_or_default();
        fields(&mut head).is_some_and(|(_, number, before, _)| {
            let link = Link { number, before };
            matches!(link.read(&rest), Read::Frame(..) | Read::Newer)
        })
    })
}

/// Whether `text`, which begins where a frame belongs, was written behind zeros that stand in the place
/// of the frame's head. That can be told where the file was not used before: else what is behind may be
/// of another time.
pub(super) fn has_lost_its_head(text: &Bytes) -> bool {
    let head = text.get(..HEAD_BYTES);
    let is_empty = head.is_some_and(|head| head.iter().all(|byte| *byte == 0));
    is_empty && text.iter().any(|byte| *byte != 0) && !any(text)
}

/// Whether a frame with a number above `number` begins anywhere in `text`, with its check in order.
pub(super) fn any_later(text: &Bytes, number: u64) -> bool {
    memchr::memmem::find_iter(text, &MAGIC.to_le_bytes()).any(|at| {
        let rest = text.slice(at..);
        let mut head = rest.get(4..).unwrap_or_default();
        fields(&mut head).is_some_and(|(_, found, before, _)| {
            let link = Link {
                number: found,
                before,
            };
            found > number && matches!(link.read(&rest), Read::Frame(..) | Read::Newer)
        })
    })
}

/// The entries of all frames in `text` whose checks are in order, wherever they begin. Those with
/// numbers below `next`, and below that of one before them, are of another time.
pub(super) fn salvage(text: &Bytes, mut next: u64) -> Vec<Entry> {
    let (mut entries, mut at) = (Vec::new(), 0);
    let magic = MAGIC.to_le_bytes();
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| memchr::memmem::find(rest, &magic))
    {
        let rest = text.slice(at + found..);
        let mut head = rest.get(4..).unwrap_or_default();
        let link = fields(&mut head).map(|(_, number, before, _)| Link { number, before });
        let frame = link.map(|link| (link.number, link.read(&rest)));
        match frame {
            Some((number, Read::Frame(all, _, length))) if number >= next => {
                entries.extend(all);
                (at, next) = (at + found + length, number.saturating_add(1));
            }
            _ => at += found + magic.len(),
        }
    }
    entries
}

fn fields(head: &mut &[u8]) -> Option<(u32, u64, u32, u32)> {
    let length = head.try_get_u32_le().ok()?;
    let number = head.try_get_u64_le().ok()?;
    Some((
        length,
        number,
        head.try_get_u32_le().ok()?,
        head.try_get_u32_le().ok()?,
    ))
}

fn check(length: u32, link: Link, entries: &[u8]) -> u32 {
    let mut checked = crc32c::crc32c(&length.to_le_bytes());
    checked = crc32c::crc32c_append(checked, &link.number.to_le_bytes());
    checked = crc32c::crc32c_append(checked, &link.before.to_le_bytes());
    crc32c::crc32c_append(checked, entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::entry::{StreamId, tests::all};

    const FIRST: Link = Link {
        number: 10,
        before: 99,
    };

    fn journal(frames: usize) -> (Bytes, Link) {
        let (mut link, mut out) = (FIRST, Vec::new());
        for _ in 0..frames {
            let mut draft = Draft::default();
            all().iter().for_each(|entry| draft.push(entry));
            let (text, next) = draft.end(link);
            out.extend_from_slice(text);
            link = next;
        }
        (out.into(), link)
    }

    #[test]
    fn what_was_written_is_read() {
        let (text, end) = journal(2);
        let (mut link, mut at) = (FIRST, 0);
        for _ in 0..2 {
            let Read::Frame(read, next, length) = link.read(&text.slice(at..)) else {
                panic!()
            };
            assert_eq!(read, all());
            (link, at) = (next, at + length);
        }
        assert_eq!(
            (link, link.read(&text.slice(at..))),
            (end, Read::Nothing("the end"))
        );
    }

    #[test]
    fn an_append_is_written_the_same_wherever_its_content_lies() {
        let (stream, first, time) = (StreamId(7), Offset::default(), Timestamp(-5));
        let of = |parts: &[&'static str]| {
            let mut draft = Draft::default();
            let parts = parts.iter().map(|part| Bytes::from_static(part.as_bytes()));
            let content = Content::of_parts(parts, 3);
            draft.push_append(stream, (first, time), &content);
            draft.text
        };
        let mut whole = Draft::default();
        whole.push(&Entry::Append {
            stream,
            first,
            records: 3,
            time,
            content: Bytes::from_static(b"1\n22\n3\n"),
        });
        assert_eq!(of(&["1\n22\n3\n"]), whole.text);
        assert_eq!(of(&["1\n22\n", "3\n"]), whole.text);
    }

    #[test]
    fn a_frame_of_another_place_is_no_link() {
        let (text, _) = journal(1);
        for (number, before) in [(11, 99), (10, 98)] {
            assert_eq!(
                Link { number, before }.read(&text),
                Read::Nothing("the frame belongs elsewhere")
            );
        }
        assert!(any_later(&text, 9) && !any_later(&text, 10));
    }

    #[test]
    fn a_frame_with_the_last_number_there_is_stops_nothing() {
        let last = Link {
            number: u64::MAX,
            before: 99,
        };
        let mut draft = Draft::default();
        draft.push(&Entry::lost(StreamId(7)));
        let text = Bytes::copy_from_slice(draft.end(last).0);
        assert!(any_later(&text, 0));
        assert_eq!(salvage(&text, 0), [Entry::lost(StreamId(7))]);
    }

    #[test]
    fn a_frame_of_a_newer_format_is_not_taken_for_the_end() {
        let text = Bytes::copy_from_slice(Draft::of_later().end(FIRST).0);
        assert_eq!(FIRST.read(&text), Read::Newer);
        assert!(any_later(&text, FIRST.number - 1));
        assert_eq!(salvage(&text, 0), []);
        let cut = text.slice(..text.len() - 1);
        assert_eq!(FIRST.read(&cut), Read::Torn("the frame is cut short"));
    }

    proptest! {
        #[test]
        fn no_damage_goes_unseen(at in 0_usize..600, flip in 1_u8.., cut in 0_usize..600) {
            let (text, _) = journal(1);
            let mut damaged = text.to_vec();
            let at = at % damaged.len();
            damaged[at] ^= flip;
            prop_assert!(!matches!(FIRST.read(&damaged.into()), Read::Frame(..)));
            let cut = text.slice(..cut % text.len());
            prop_assert!(!matches!(FIRST.read(&cut), Read::Frame(..)));
        }
    }
}
