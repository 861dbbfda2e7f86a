//! Records that gather while a body comes: whole lines of it, checked as they come. Half a line waits
//! for its other half, and nothing behind a line that is no record is taken.

use common::{
    limits::RECORD_BYTES_MAX,
    ndjson,
    record::{Batch, Refused},
};

use crate::log::{Content, Memory};

/// What has come of a body and is not on its way into the log yet.
#[derive(Debug)]
pub(super) struct Gathering {
    memory: Memory,
    /// The last one is being filled.
    batches: Vec<Batch>,
    bytes: usize,
    /// A line that has begun.
    half: Vec<u8>,
    /// How many lines have come, but for the half one.
    lines: usize,
}

impl Gathering {
    pub(super) const fn within(memory: Memory) -> Self {
        Self {
            memory,
            batches: Vec::new(),
            bytes: 0,
            half: Vec::new(),
            lines: 0,
        }
    }

    /// Takes the next piece of the body.
    ///
    /// # Errors
    /// The first line that is no record. Those before it have been taken.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), Refused> {
        let (mut lines, half) = piece
            .split_at_checked(ndjson::whole_lines(piece))
            .unwrap_or_default();
        if !self.half.is_empty() && !lines.is_empty() {
            let end = memchr::memchr(ndjson::NEWLINE, lines).map_or(lines.len(), |end| end + 1);
            let (other, rest) = lines.split_at_checked(end).unwrap_or_default();
            let mut line = std::mem::take(&mut self.half);
            line.extend_from_slice(other);
            self.add(&line)?;
            line.clear();
            self.half = line;
            lines = rest;
        }
        self.add(lines)?;
        self.half.extend_from_slice(half);
        let bytes = self.half.len();
        // A carriage return may be part of its end.
        if bytes > RECORD_BYTES_MAX + 1 {
            let line = self.lines + 1;
            return Err(Refused::TooLong { line, bytes });
        }
        Ok(())
    }

    /// Takes what has no newline, for nothing else will come.
    ///
    /// # Errors
    /// It is no record.
    pub(super) fn end(&mut self) -> Result<(), Refused> {
        let line = std::mem::take(&mut self.half);
        self.add(&line)
    }

    /// Adds whole lines: as many as fit to the batch that is being filled, and the others to the next.
    fn add(&mut self, mut lines: &[u8]) -> Result<(), Refused> {
        while !lines.is_empty() {
            let is_full = |batch: &Batch| fitting(lines, batch) == 0;
            if self.batches.last().is_none_or(is_full) {
                self.batches.push(self.memory.batch());
            }
            let Some(batch) = self.batches.last_mut() else {
                break;
            };
            let (fitting, rest) = lines
                .split_at_checked(fitting(lines, batch))
                .unwrap_or_default();
            let before = batch.bytes();
            let added = batch.extend(fitting, self.lines);
            self.bytes += batch.bytes() - before;
            self.lines += added?;
            lines = rest;
        }
        Ok(())
    }

    /// The records that have gathered, if there are any.
    pub(super) fn content(&mut self) -> Option<Content> {
        if self.bytes == 0 {
            return None;
        }
        self.bytes = 0;
        Some(self.memory.content(std::mem::take(&mut self.batches)))
    }

    /// How many bytes of records have gathered.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes of a line have come whose end has not.
    pub(super) const fn half_bytes(&self) -> usize {
        self.half.len()
    }

    /// The number of the line that comes next, or has begun.
    pub(super) const fn line(&self) -> usize {
        self.lines + 1
    }
}

/// How many bytes of `lines` fit into a batch: whole lines. The first one does in any case where the
/// batch is empty.
fn fitting(lines: &[u8], batch: &Batch) -> usize {
    // A last line that has no newline gets one.
    let room = batch.room().saturating_sub(1);
    match lines.get(..room) {
        None => lines.len(),
        Some(within) => match ndjson::whole_lines(within) {
            0 if batch.bytes() == 0 => {
                memchr::memchr(ndjson::NEWLINE, lines).map_or(lines.len(), |end| end + 1)
            }
            whole => whole,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::*;

    /// What gathers of a body that comes in pieces, and what is wrong with it.
    fn gathered(pieces: &[&[u8]]) -> (String, Option<String>) {
        let mut gathering = Gathering::within(Memory::default());
        let mut taken = pieces.iter().try_for_each(|piece| gathering.take(piece));
        if taken.is_ok() {
            taken = gathering.end();
        }
        let content = gathering.content().unwrap_or_default();
        let lines = String::from_utf8(content.lines()).unwrap();
        assert_eq!(content.records(), lines.lines().count() as u64);
        (lines, taken.err().map(|refused| refused.to_string()))
    }

    #[test]
    fn a_broken_line_is_named_and_those_before_it_are_taken() {
        let check = |pieces: &[&str], lines: &str, fault: Option<&str>| {
            let pieces: Vec<_> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            let (found, refused) = gathered(&pieces);
            assert_eq!(found, lines, "{pieces:?}");
            let refused = refused.unwrap_or_default();
            assert!(refused.starts_with(fault.unwrap_or_default()), "{refused}");
            assert_eq!(refused.is_empty(), fault.is_none(), "{refused}");
        };
        check(&[], "", None);
        check(&["1\n2", "2\n\n", "3"], "1\n22\n3\n", None);
        check(&["{\"a\":", "1}\r\n"], "{\"a\":1}\n", None);
        check(&["1\n2\nx\n3\n"], "1\n2\n", Some("line 3, column 1"));
        check(
            &["1\n\n", "2\n{", "\n4\n"],
            "1\n2\n",
            Some("line 4, column 2"),
        );
        check(&["1\n", "2\n{"], "1\n2\n", Some("line 3, column 2"));
        let long = "7".repeat(RECORD_BYTES_MAX + 2);
        check(&["1\n", &long], "1\n", Some("line 2: a record of"));
    }

    proptest! {
        #[test]
        fn what_gathers_is_the_same_however_it_is_cut(
            text in "[12\n\r ü\"]{0,30}",
            cuts in prop::collection::vec(0..30_usize, 0..6),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let (mut from, mut pieces) = (0, Vec::new());
            for cut in cuts.into_iter().chain([bytes.len()]) {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            prop_assert_eq!(gathered(&pieces), gathered(&[bytes]));
            if let (lines, None) = gathered(&pieces) {
                let whole = Batch::from_ndjson(bytes).map(|batch| batch.lines().to_vec());
                prop_assert_eq!(whole.unwrap_or_default(), lines.into_bytes());
            }
        }
    }
}
