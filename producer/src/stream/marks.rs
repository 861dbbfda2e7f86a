//! Marks: lines of a live body that are no records, for programs that read it. They begin with `#`,
//! as no JSON does.
//!
//! ```text
//! #{"offset":"…","tail":"…","time":1767225600000}
//! #{"offset":"…","tail":"…","time":1767225600000,"end":"drain","retry_after":1}
//! ```
//!
//! `offset` is the place of the record that comes next, `tail` that of the one that would be
//! appended next: where they are equal, the reader has all there is. The last mark of a body that
//! ends says why.

use bytes::Bytes;
use common::{offset::Offset, time::Timestamp};

/// When a reader shall come back that is sent away because the server stops or cannot read, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The stream is closed: this was all.
    Closed,
    /// The reader has as many records as it asked for.
    Limit,
    /// The server stops.
    Drain,
    /// What comes next is no longer kept.
    Overrun,
    /// What comes next cannot be read.
    Damaged,
    /// What comes next could not be read this time.
    Unread,
    /// There is no such stream any more.
    Deleted,
}

impl End {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Limit => "limit",
            Self::Drain => "drain",
            Self::Overrun => "overrun",
            Self::Damaged => "damaged",
            Self::Unread => "unread",
            Self::Deleted => "deleted",
        }
    }
}

/// A mark before the record at `at`, or at the end of the body.
pub(super) fn mark(at: Offset, tail: Offset, time: Timestamp, end: Option<End>) -> Bytes {
    let ends = end.map_or_else(String::new, |end| {
        let retry = match end {
            End::Drain | End::Unread => format!(",\"retry_after\":{RETRY_AFTER_SECONDS}"),
            End::Closed | End::Limit | End::Overrun | End::Damaged | End::Deleted => String::new(),
        };
        format!(",\"end\":\"{}\"{retry}", end.name())
    });
    let time = time.0;
    format!("#{{\"offset\":\"{at}\",\"tail\":\"{tail}\",\"time\":{time}{ends}}}\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_where_it_stands_and_why_it_is_the_last() {
        let at = Offset { record: 1, byte: 2 };
        let tail = at.advance(3, 4);
        let check = |end, expected: &str| {
            let expected = format!(
                "#{{\"offset\":\"0000000000000001_0000000000000002\",\
                 \"tail\":\"0000000000000004_0000000000000006\",\"time\":7{expected}}}\n"
            );
            assert_eq!(mark(at, tail, Timestamp(7), end), expected);
        };
        check(None, "");
        check(Some(End::Closed), ",\"end\":\"closed\"");
        check(Some(End::Limit), ",\"end\":\"limit\"");
        check(Some(End::Drain), ",\"end\":\"drain\",\"retry_after\":1");
        check(Some(End::Overrun), ",\"end\":\"overrun\"");
        check(Some(End::Damaged), ",\"end\":\"damaged\"");
        check(Some(End::Unread), ",\"end\":\"unread\",\"retry_after\":1");
        check(Some(End::Deleted), ",\"end\":\"deleted\"");
    }
}
