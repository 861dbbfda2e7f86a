//! What the marks of a stream prove: up to which place everything has arrived. What is counted up
//! from there is only assumed until the next mark says the same.

use super::{
    block::Place,
    lag::{Lag, Tails},
    mark::Mark,
};

/// How often a server may contradict what came since one and the same place. It has lost records
/// on the way, which passes, or it is wrong each time, which does not.
const CONTRADICTIONS_MAX: u32 = 5;

/// How far a stream has come for certain.
#[derive(Debug, Default)]
pub(super) struct Progress {
    proved: Place,
    /// A mark has come since the last records.
    is_news: bool,
    /// Marks that said otherwise, since the place was proved.
    contradictions: u32,
    /// The body that is being read has marks.
    is_marked: bool,
    tails: Tails,
}

/// What came and what the server says came are not the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    pub(super) why: String,
    /// It is not worth another attempt.
    pub(super) is_final: bool,
}

impl Progress {
    /// Everything before `place` is left behind.
    pub(super) fn at(place: Place) -> Self {
        Self {
            proved: place,
            ..Self::default()
        }
    }

    /// Another body comes, of which it is not known yet whether it has marks.
    pub(super) const fn begin_body(&mut self) {
        self.is_marked = false;
    }

    /// Whether the body has marks; then its last one says why it ends.
    pub(super) const fn is_marked(&self) -> bool {
        self.is_marked
    }

    /// The last place up to which everything has arrived.
    pub(super) const fn proved(&self) -> &Place {
        &self.proved
    }

    /// Whether no records have come since the last mark.
    pub(super) const fn is_news(&self) -> bool {
        self.is_news
    }

    /// Whether all that came before the records which come now is proved.
    pub(super) const fn take_proof(&mut self) -> bool {
        std::mem::replace(&mut self.is_news, false)
    }

    /// A mark has come, where counting has arrived at `counted`. Says how far the reader is behind,
    /// if the server tells.
    ///
    /// # Errors
    /// Counting should have arrived elsewhere.
    pub(super) fn marked(
        &mut self,
        counted: &Place,
        mark: &Mark,
    ) -> Result<Option<Lag>, Contradiction> {
        let said = Place::Counted(mark.offset);
        if *counted != said && *counted != Place::Unknown {
            self.contradictions += 1;
            return Err(Contradiction {
                why: format!(
                    "records were lost on the way after {}: the server is at {said}, what came is at {counted}",
                    self.proved
                ),
                is_final: self.contradictions >= CONTRADICTIONS_MAX,
            });
        }
        if self.proved != said {
            self.contradictions = 0;
            self.proved = said;
        }
        self.is_news = true;
        self.is_marked = true;
        Ok(mark
            .tail
            .map(|(tail, now)| self.tails.lag(mark.offset.record, tail.record, now)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use common::offset::Offset;

    use super::*;

    fn offset(record: u64) -> Offset {
        Offset {
            record,
            byte: 10 * record,
        }
    }

    fn mark(record: u64) -> Mark {
        Mark {
            offset: offset(record),
            tail: Some((offset(9), Duration::from_secs(1))),
            end: None,
        }
    }

    fn counted(record: u64) -> Place {
        Place::Counted(offset(record))
    }

    #[test]
    fn a_mark_proves_what_was_counted_up_to_it() {
        let mut progress = Progress::default();
        assert!(!progress.take_proof() && !progress.is_marked());
        let lag = progress.marked(&Place::Unknown, &mark(5)).unwrap().unwrap();
        assert_eq!(lag.records, 4);
        assert!(progress.take_proof() && !progress.take_proof());
        assert!(progress.marked(&counted(7), &mark(7)).is_ok());
        assert_eq!(*progress.proved(), counted(7));
        assert!(progress.is_marked());
        progress.begin_body();
        assert!(!progress.is_marked());
    }

    #[test]
    fn a_mark_that_says_otherwise_proves_nothing() {
        let mut progress = Progress::at(counted(5));
        let other_bytes = Place::Counted(Offset {
            record: 7,
            byte: 71,
        });
        for (came, said) in [(counted(7), 8), (counted(7), 6), (other_bytes, 7)] {
            let why = progress.marked(&came, &mark(said)).unwrap_err().why;
            assert!(why.contains(&counted(5).to_string()), "{why}");
            assert!(why.contains(&came.to_string()), "{why}");
        }
        assert_eq!(*progress.proved(), counted(5));
        assert!(!progress.take_proof());
    }

    #[test]
    fn only_so_many_contradictions_in_one_place_are_borne() {
        let mut progress = Progress::at(counted(5));
        for place in 5..8 {
            for nth in 1..=CONTRADICTIONS_MAX {
                assert!(progress.marked(&counted(place), &mark(place)).is_ok());
                let contradiction = progress.marked(&counted(place), &mark(9)).unwrap_err();
                assert_eq!(contradiction.is_final, nth == CONTRADICTIONS_MAX);
            }
        }
    }
}
