//! The frame: what is written to the journal as one, and is there as a whole after a crash, or not
//! at all.
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
//! An entry is a kind (one byte) and its fields:
//!
//! ```text
//!  1 create   stream u64, name length u16, name
//!  2 append   stream u64, record u64, byte u64, records u32, time i64, length u32, lines
//!  3 close    stream u64
//!  4 settled  stream u64, record u64, byte u64    (catalogue only: so much is in segments)
//! ```

use bytes::{Buf, BufMut, Bytes, TryGetError};
use common::{offset::Offset, time::Timestamp};

const MAGIC: u32 = u32::from_le_bytes(*b"BFr1");

/// Bytes before the entries.
pub(super) const HEAD_BYTES: usize = 24;

/// Longest frame that is believed; checked before anything is allocated for it.
pub(super) const ENTRIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Names a stream for good; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StreamId(pub(super) u64);

/// The place of a frame in the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// The number of the frame that comes next.
    pub(super) number: u64,
    /// The check of the frame before it.
    pub(super) before: u32,
}

/// One thing that a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Create {
        stream: StreamId,
        name: String,
    },
    Append {
        stream: StreamId,
        first: Offset,
        records: u32,
        time: Timestamp,
        lines: Bytes,
    },
    Close {
        stream: StreamId,
    },
    Settled {
        stream: StreamId,
        until: Offset,
    },
}

/// What is at a place of a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The frame that belongs there, and the place of the next one.
    Frame(Vec<Entry>, Link, usize),
    /// Something else, or nothing.
    Nothing(&'static str),
}

impl Link {
    /// Writes a frame of `entries` behind `out`, and moves on.
    pub(super) fn write<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a Entry>,
        out: &mut Vec<u8>,
    ) {
        let from = out.len();
        out.put_bytes(0, HEAD_BYTES);
        entries.into_iter().for_each(|entry| entry.write(out));
        let length = out.len() - from - HEAD_BYTES;
        let length = u32::try_from(length).expect("a frame is far shorter than 4 GiB");
        let (head, entries) = out.split_at_mut(from + HEAD_BYTES);
        let mut head = head.split_at_mut(from).1;
        let check = check(length, *self, entries);
        head.put_u32_le(MAGIC);
        head.put_u32_le(length);
        head.put_u64_le(self.number);
        head.put_u32_le(self.before);
        head.put_u32_le(check);
        *self = Self {
            number: self.number + 1,
            before: check,
        };
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
            return Read::Nothing("the frame is cut short");
        }
        let mut entries = text.slice(HEAD_BYTES..end);
        if check(length, self, &entries) != claimed {
            return Read::Nothing("the frame's check is wrong");
        }
        let mut all = Vec::new();
        while entries.has_remaining() {
            match Entry::read(&mut entries) {
                Ok(Some(entry)) => all.push(entry),
                Ok(None) | Err(_) => return Read::Nothing("the frame is of a newer format"),
            }
        }
        Read::Frame(
            all,
            Self {
                number: number + 1,
                before: claimed,
            },
            end,
        )
    }
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
            found > number && matches!(link.read(&rest), Read::Frame(..))
        })
    })
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

impl Entry {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Create { stream, name } => {
                out.put_u8(1);
                out.put_u64_le(stream.0);
                out.put_u16_le(u16::try_from(name.len()).expect("names are shorter than 64 KiB"));
                out.put_slice(name.as_bytes());
            }
            Self::Append {
                stream,
                first,
                records,
                time,
                lines,
            } => {
                out.put_u8(2);
                out.put_u64_le(stream.0);
                out.put_u64_le(first.record);
                out.put_u64_le(first.byte);
                out.put_u32_le(*records);
                out.put_i64_le(time.0);
                out.put_u32_le(u32::try_from(lines.len()).expect("requests are bounded"));
                out.put_slice(lines);
            }
            Self::Close { stream } => {
                out.put_u8(3);
                out.put_u64_le(stream.0);
            }
            Self::Settled { stream, until } => {
                out.put_u8(4);
                out.put_u64_le(stream.0);
                out.put_u64_le(until.record);
                out.put_u64_le(until.byte);
            }
        }
    }

    /// None is a kind that is not known.
    fn read(text: &mut Bytes) -> Result<Option<Self>, TryGetError> {
        let kind = text.try_get_u8()?;
        let stream = StreamId(text.try_get_u64_le()?);
        Ok(Some(match kind {
            1 => {
                let name = take(text, usize::from(text.clone().try_get_u16_le()?), 2)?;
                Self::Create {
                    stream,
                    name: String::from_utf8_lossy(&name).into_owned(),
                }
            }
            2 => {
                let first = offset(text)?;
                let (records, time) = (text.try_get_u32_le()?, Timestamp(text.try_get_i64_le()?));
                let length = text.clone().try_get_u32_le()? as usize;
                Self::Append {
                    stream,
                    first,
                    records,
                    time,
                    lines: take(text, length, 4)?,
                }
            }
            3 => Self::Close { stream },
            4 => Self::Settled {
                stream,
                until: offset(text)?,
            },
            _ => return Ok(None),
        }))
    }
}

fn offset(text: &mut Bytes) -> Result<Offset, TryGetError> {
    Ok(Offset {
        record: text.try_get_u64_le()?,
        byte: text.try_get_u64_le()?,
    })
}

/// The `length` bytes behind the `skip` bytes in which their length stands.
fn take(text: &mut Bytes, length: usize, skip: usize) -> Result<Bytes, TryGetError> {
    let available = text.len().saturating_sub(skip);
    if length > available {
        return Err(TryGetError {
            requested: length,
            available,
        });
    }
    text.advance(skip);
    Ok(text.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> Vec<Entry> {
        let stream = StreamId(7);
        let first = Offset {
            record: 3,
            byte: 30,
        };
        let lines = Bytes::from_static(b"1\n22\n");
        vec![
            Entry::Create {
                stream,
                name: "a.b".to_owned(),
            },
            Entry::Append {
                stream,
                first,
                records: 2,
                time: Timestamp(-5),
                lines,
            },
            Entry::Close { stream },
            Entry::Settled {
                stream,
                until: first,
            },
        ]
    }

    fn journal(frames: usize) -> (Bytes, Link) {
        let (mut link, mut out) = (
            Link {
                number: 10,
                before: 99,
            },
            Vec::new(),
        );
        for _ in 0..frames {
            link.write(&entries(), &mut out);
        }
        (out.into(), link)
    }

    #[test]
    fn what_was_written_is_read() {
        let (text, end) = journal(2);
        let (mut link, mut at) = (
            Link {
                number: 10,
                before: 99,
            },
            0,
        );
        for _ in 0..2 {
            let Read::Frame(read, next, length) = link.read(&text.slice(at..)) else {
                panic!()
            };
            assert_eq!(read, entries());
            (link, at) = (next, at + length);
        }
        assert_eq!(
            (link, link.read(&text.slice(at..))),
            (end, Read::Nothing("the end"))
        );
    }

    #[test]
    fn a_frame_of_another_place_is_no_link() {
        let (text, _) = journal(1);
        for link in [
            Link {
                number: 11,
                before: 99,
            },
            Link {
                number: 10,
                before: 98,
            },
        ] {
            assert_eq!(
                link.read(&text),
                Read::Nothing("the frame belongs elsewhere")
            );
        }
        assert!(any_later(&text, 9) && !any_later(&text, 10));
    }

    proptest! {
        #[test]
        fn no_damage_goes_unseen(at in 0_usize..200, flip in 1_u8.., cut in 0_usize..200) {
            let (text, _) = journal(1);
            let link = Link { number: 10, before: 99 };
            let mut damaged = text.to_vec();
            let at = at % damaged.len();
            damaged[at] ^= flip;
            prop_assert!(matches!(link.read(&damaged.into()), Read::Nothing(_)));
            let cut = text.slice(..cut % text.len());
            prop_assert!(matches!(link.read(&cut), Read::Nothing(_)));
        }
    }
}
