//! State that ends with time (`table.exec.state.ttl`): when each thing that a step keeps by number, a
//! key or a row, was written last.
//!
//! What was not written for so long counts as not there from that moment on; whether memory still
//! holds it makes no difference to any result. It is given back by a hand that goes round all
//! numbers, a portion at a time, so that no tick or batch takes long, however much ends at once.

use std::time::Duration;

use super::{
    error::Fault,
    operator::{BEGINNING, Counts},
    state::State,
};

/// So many are forgotten in a tick at the most.
pub(super) const TICK: usize = 4096;

/// For each that may be forgotten, so many are looked at.
const LOOKS: usize = 16;

/// The hand goes round at most so often in the time for which things are kept.
const ROUNDS: i64 = 32;

/// Of so few that are left a step can be made anew at once.
const FEW: usize = 4096;

/// When something was written that is not there: it never ends.
const NEVER: i64 = i64::MAX;

/// What is known of when things were written. It is told the time by ticks.
#[derive(Debug)]
pub(super) struct Expiry {
    /// For how long they are kept, in milliseconds.
    kept_for: i64,
    now: i64,
    /// By number.
    written: Vec<i64>,
    /// How many there are.
    there: usize,
    hand: usize,
    /// The earliest that the hand has left on this round.
    earliest: i64,
    /// When the next round begins.
    due: i64,
    expired: u64,
    /// How many rows were taken back of which nothing is known, as nothing is of those that ended.
    pub(super) unknown: u64,
}

impl Expiry {
    /// Nothing is there yet.
    pub(super) fn new(kept_for: Duration) -> Self {
        Self {
            kept_for: i64::try_from(kept_for.as_millis()).unwrap_or(i64::MAX),
            now: BEGINNING,
            written: Vec::new(),
            there: 0,
            hand: 0,
            earliest: NEVER,
            due: BEGINNING,
            expired: 0,
            unknown: 0,
        }
    }

    /// One that keeps things as long, and knows of none.
    pub(super) fn anew(&self) -> Self {
        Self {
            kept_for: self.kept_for,
            ..Self::new(Duration::ZERO)
        }
    }

    /// It is `now`. Where a clock is set back, time stands still until it is there again.
    pub(super) fn tick(&mut self, now: i64) {
        self.now = self.now.max(now);
    }

    /// It is written now.
    pub(super) fn write(&mut self, number: u32) {
        let now = self.now;
        self.write_at(number, now);
    }

    fn write_at(&mut self, number: u32, at: i64) {
        let place = number as usize;
        if place >= self.written.len() {
            self.written.resize(place + 1, NEVER);
        }
        if let Some(written) = self.written.get_mut(place) {
            self.there += usize::from(*written == NEVER);
            *written = at;
        }
    }

    /// It is there no longer.
    pub(super) fn clear(&mut self, number: u32) {
        if let Some(written) = self.written.get_mut(number as usize) {
            self.there -= usize::from(*written != NEVER);
            *written = NEVER;
        }
    }

    /// Whether it is there, also where it counts as not there.
    pub(super) fn knows(&self, number: u32) -> bool {
        let written = self.written.get(number as usize);
        written.is_some_and(|written| *written != NEVER)
    }

    /// Whether it counts as not there, though it may be.
    pub(super) fn has_ended(&self, number: u32) -> bool {
        let written = self.written.get(number as usize).copied();
        self.ends(written.unwrap_or(NEVER)) <= self.now
    }

    const fn ends(&self, written: i64) -> i64 {
        written.saturating_add(self.kept_for)
    }

    /// Whether it had ended; it is there no longer then.
    pub(super) fn end(&mut self, number: u32) -> bool {
        let has_ended = self.has_ended(number);
        if has_ended {
            self.clear(number);
            self.expired += 1;
        }
        has_ended
    }

    /// Some of what has ended, not more than `most`: it is there no longer.
    pub(super) fn sweep(&mut self, most: usize) -> Vec<u32> {
        let mut ended = Vec::new();
        if self.hand == 0 {
            if self.there == 0 || self.now < self.due {
                return ended;
            }
            // What is written behind the hand is not earlier than its round.
            self.earliest = self.now;
        }
        let (hand, now) = (self.hand, self.now);
        for written in self.written.iter().skip(hand).take(most * LOOKS) {
            if ended.len() == most {
                break;
            }
            match *written {
                NEVER => {}
                written if self.ends(written) <= now => {
                    ended.push(u32::try_from(self.hand).unwrap_or(u32::MAX));
                }
                written => self.earliest = self.earliest.min(written),
            }
            self.hand += 1;
        }
        for number in &ended {
            self.clear(*number);
        }
        self.expired += u64::try_from(ended.len()).unwrap_or_default();
        if self.hand >= self.written.len() {
            self.hand = 0;
            let pause = self.now.saturating_add(self.kept_for / ROUNDS);
            self.due = self.ends(self.earliest).max(pause);
        }
        ended
    }

    /// Whether so few are left of so many, of all of these, that memory is got back by making all
    /// of it anew.
    pub(super) fn are_sparse(all: &[&Self]) -> bool {
        let there: usize = all.iter().map(|one| one.there).sum();
        let places: usize = all.iter().map(|one| one.written.len()).sum();
        there < FEW && places > FEW && there * 8 < places
    }

    /// When these were written and what was counted, under this name.
    pub(super) fn state(
        &self,
        name: &str,
        numbers: &[u32],
        state: &mut State,
    ) -> Result<(), Fault> {
        let of = |number: &u32| self.written.get(*number as usize).copied().unwrap_or(NEVER);
        let written: Vec<_> = numbers.iter().map(of).collect();
        state.put_numbers(&format!("{name} written"), &[&written])?;
        let counts = [
            self.now,
            self.expired.cast_signed(),
            self.unknown.cast_signed(),
        ];
        state.put_one(&format!("{name} ended"), counts)
    }

    /// Takes what [`Self::state`] gave, of which these are the numbers now.
    pub(super) fn restore(
        &mut self,
        name: &str,
        numbers: &[u32],
        state: &mut State,
    ) -> Result<(), Fault> {
        let [now, expired, unknown] = state.take_one(&format!("{name} ended"))?;
        self.now = now;
        (self.expired, self.unknown) = (expired.cast_unsigned(), unknown.cast_unsigned());
        let [written] = state.take_numbers(&format!("{name} written"))?;
        for (number, written) in numbers.iter().zip(written) {
            self.write_at(*number, written);
        }
        Ok(())
    }

    pub(super) const fn counts(&self) -> Counts {
        Counts {
            late: 0,
            untimed: 0,
            expired: self.expired,
            unknown: self.unknown,
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.written.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{prelude::*, sample::select};

    use super::*;

    /// What is done, to which number.
    #[derive(Debug, Clone)]
    enum Act {
        Write(u32),
        Clear(u32),
        End(u32),
        Later(i64),
        Sweep(usize),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            4 => (0..40_u32).prop_map(Act::Write),
            1 => (0..40_u32).prop_map(Act::Clear),
            1 => (0..40_u32).prop_map(Act::End),
            2 => select(vec![1, 10, 90, 99, 100, 101]).prop_map(Act::Later),
            3 => (1..3_usize).prop_map(Act::Sweep),
        ]
    }

    proptest! {
        #[test]
        fn what_was_not_written_for_so_long_has_ended(acts in prop::collection::vec(act(), 0..200)) {
            let mut expiry = Expiry::new(Duration::from_millis(100));
            let (mut model, mut now) = (BTreeMap::new(), 0_i64);
            expiry.tick(now);
            for act in acts {
                let ends = |model: &BTreeMap<u32, i64>, number: &u32| {
                    model.get(number).is_some_and(|written| written + 100 <= now)
                };
                match act {
                    Act::Write(number) => {
                        expiry.write(number);
                        model.insert(number, now);
                    }
                    Act::Clear(number) => {
                        expiry.clear(number);
                        model.remove(&number);
                    }
                    Act::End(number) => {
                        let has_ended = ends(&model, &number);
                        prop_assert_eq!(expiry.end(number), has_ended);
                        if has_ended {
                            model.remove(&number);
                        }
                    }
                    Act::Later(later) => {
                        now += later;
                        expiry.tick(now);
                    }
                    Act::Sweep(most) => {
                        let ended = expiry.sweep(most);
                        prop_assert!(ended.len() <= most);
                        for number in ended {
                            prop_assert!(ends(&model, &number), "{} has not ended", number);
                            model.remove(&number);
                        }
                    }
                }
                for number in 0..40 {
                    let ended = model.get(&number).is_some_and(|written| written + 100 <= now);
                    prop_assert_eq!(expiry.has_ended(number), ended);
                }
                prop_assert_eq!(expiry.there, model.len());
            }
            // Between two rounds there is a pause.
            for later in 0..100 {
                expiry.tick(now + 200 + later);
                expiry.sweep(2);
            }
            prop_assert_eq!(expiry.there, 0);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_ends_nothing_early() {
        let mut expiry = Expiry::new(Duration::from_secs(1));
        expiry.tick(5_000);
        expiry.write(0);
        expiry.tick(1_000);
        expiry.write(1);
        expiry.tick(5_999);
        assert!(!expiry.has_ended(0) && !expiry.has_ended(1));
        expiry.tick(6_000);
        assert_eq!(expiry.sweep(10), [0, 1]);
    }

    #[test]
    fn nothing_is_looked_at_before_something_can_end() {
        let mut expiry = Expiry::new(Duration::from_secs(1));
        expiry.tick(0);
        (0..100).for_each(|number| expiry.write(number));
        expiry.tick(500);
        (0..100).for_each(|_| assert!(expiry.sweep(1).is_empty()));
        assert_eq!((expiry.hand, expiry.due), (0, 1_000));
        expiry.tick(1_000);
        let mut sweeps =
            std::iter::from_fn(|| Some(expiry.sweep(1)).filter(|ended| !ended.is_empty()));
        assert_eq!(sweeps.by_ref().flatten().count(), 100);
    }
}
