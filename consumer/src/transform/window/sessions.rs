//! Which session each row is in. A session of a key goes from its first row to `gap` behind its last;
//! sessions that touch become one, as in Flink.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use arrow::{array::ArrayRef, record_batch::RecordBatch};

use super::emit::Span;
use crate::transform::{
    error::Fault,
    group::Groups,
    state::{State, rows_of},
};

/// There is no session of that number.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Sessions {
    gap: i64,
    groups: Groups,
    /// The first session of each group.
    first: Vec<u32>,
    slots: Vec<Session>,
    free: Vec<u32>,
    /// When to look after which slot. A session that has grown is put back when its turn comes.
    queue: BinaryHeap<Reverse<(i64, u32)>>,
    /// How many sessions there were.
    made: u64,
    found: Vec<u32>,
}

/// An open session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session {
    pub(super) span: Span,
    pub(super) group: u32,
    /// The next of the same group.
    next: u32,
    /// In which order it was made.
    made: u64,
    /// Under which end it is in the queue; none when it is closed.
    queued: Option<i64>,
}

/// Where the rows of a batch are.
#[derive(Debug, Default)]
pub(super) struct Placed {
    /// The rows that are in a session.
    pub(super) rows: Vec<u32>,
    /// The slot of each.
    pub(super) slots: Vec<u32>,
    /// What was in the first slot is now in the second.
    pub(super) moves: Vec<(u32, u32)>,
    pub(super) late: Vec<u32>,
}

impl Sessions {
    pub(super) fn new(gap: i64, groups: Groups) -> Self {
        Self {
            gap,
            groups,
            first: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            queue: BinaryHeap::new(),
            made: 0,
            found: Vec::new(),
        }
    }

    /// Finds the session of each row; makes and joins sessions as needed.
    pub(super) fn place(
        &mut self,
        keys: &[ArrayRef],
        times: &[Option<i64>],
        passed: i64,
    ) -> Result<Placed, Fault> {
        let mut found = std::mem::take(&mut self.found);
        self.groups.intern(keys, times.len(), &mut found)?;
        self.first
            .resize(self.groups.bound().max(self.first.len()), NONE);
        let mut placed = Placed::default();
        for (row, (group, time)) in (0_u32..).zip(found.iter().zip(times)) {
            let slot = time.map(|time| self.slot(*group, time, passed, &mut placed.moves));
            match slot.transpose()? {
                Some(Some(slot)) => {
                    placed.rows.push(row);
                    placed.slots.push(slot);
                }
                Some(None) => placed.late.push(row),
                None => {}
            }
        }
        self.forget_groups(&mut found);
        self.found = found;
        settle(&mut placed);
        Ok(placed)
    }

    /// The session of a time; none where it is closed.
    fn slot(
        &mut self,
        group: u32,
        time: i64,
        passed: i64,
        moves: &mut Vec<(u32, u32)>,
    ) -> Result<Option<u32>, Fault> {
        let mut span = Span {
            start: time,
            end: time + self.gap,
        };
        let first = self.first.get(group as usize).copied().unwrap_or(NONE);
        if let Some(session) = self.slots.get_mut(first as usize)
            && session.next == NONE
            && session.span.touches(span)
        {
            session.span = session.span.with(span);
            return Ok(Some(first));
        }
        let mut chain = Vec::new();
        let mut touched = Vec::new();
        let mut at = first;
        while let Some(session) = self.slots.get(at as usize) {
            if session.span.touches(span) {
                touched.push(at)
            } else {
                chain.push(at)
            }
            at = session.next;
        }
        for slot in &touched {
            if let Some(session) = self.slots.get(*slot as usize) {
                span = span.with(session.span);
            }
        }
        // The oldest goes on; the others become part of it.
        let made = |slot: &u32| self.slots.get(*slot as usize).map(|session| session.made);
        touched.sort_by_key(made);
        let Some((kept, others)) = touched.split_first() else {
            return if span.end - 1 <= passed {
                Ok(None)
            } else {
                self.open(group, span).map(Some)
            };
        };
        if let Some(session) = self.slots.get_mut(*kept as usize) {
            session.span = span;
        }
        if !others.is_empty() {
            for other in others {
                if let Some(session) = self.slots.get_mut(*other as usize) {
                    session.queued = None;
                }
                moves.push((*other, *kept));
            }
            chain.push(*kept);
            self.link(group, &chain);
        }
        Ok(Some(*kept))
    }

    fn open(&mut self, group: u32, span: Span) -> Result<u32, Fault> {
        let next = self.first.get(group as usize).copied().unwrap_or(NONE);
        let session = Session {
            span,
            group,
            next,
            made: self.made,
            queued: Some(span.end),
        };
        self.made += 1;
        self.keep(session)
    }

    fn keep(&mut self, session: Session) -> Result<u32, Fault> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.slots.len())
                    .ok()
                    .filter(|slot| *slot != NONE);
                self.slots.push(session);
                slot.ok_or(Fault::TooManyGroups)?
            }
        };
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = session;
        }
        if let Some(first) = self.first.get_mut(session.group as usize) {
            *first = slot;
        }
        self.queue.push(Reverse((session.span.end, slot)));
        Ok(slot)
    }

    /// Makes `chain` the sessions of a group.
    fn link(&mut self, group: u32, chain: &[u32]) {
        let mut next = NONE;
        for slot in chain.iter().rev() {
            if let Some(session) = self.slots.get_mut(*slot as usize) {
                session.next = next;
            }
            next = *slot;
        }
        if let Some(first) = self.first.get_mut(group as usize) {
            *first = next;
        }
    }

    /// Forgets those of these groups that have no session.
    fn forget_groups(&mut self, groups: &mut Vec<u32>) {
        groups.retain(|group| self.first.get(*group as usize) == Some(&NONE));
        groups.sort_unstable();
        groups.dedup();
        self.groups.remove(groups);
    }

    /// Slots that were moved may be used again.
    pub(super) fn free(&mut self, slots: impl Iterator<Item = u32>) {
        self.free.extend(slots);
    }

    /// All sessions that have ended, by their ends. They are to be [`Sessions::remove`]d.
    pub(super) fn ended(&mut self, passed: i64) -> Vec<(u32, Session)> {
        let mut ended = Vec::new();
        while let Some(Reverse((end, slot))) = self.queue.peek().copied() {
            if end - 1 > passed {
                break;
            }
            self.queue.pop();
            let session = self.slots.get_mut(slot as usize);
            let Some(session) = session.filter(|session| session.queued == Some(end)) else {
                continue;
            };
            if session.span.end - 1 > passed {
                session.queued = Some(session.span.end);
                self.queue.push(Reverse((session.span.end, slot)));
            } else {
                session.queued = None;
                ended.push((slot, *session));
            }
        }
        ended.sort_by_key(|(_, session)| (session.span.end, session.made));
        ended
    }

    /// Forgets sessions that have ended.
    pub(super) fn remove(&mut self, ended: &[(u32, Session)]) {
        let mut groups: Vec<_> = ended.iter().map(|(_, session)| session.group).collect();
        for group in &groups {
            let open = self.chain(*group).filter(|slot| self.is_open(*slot));
            let open: Vec<_> = open.collect();
            self.link(*group, &open);
        }
        self.forget_groups(&mut groups);
        self.free.extend(ended.iter().map(|(slot, _)| *slot));
    }

    fn is_open(&self, slot: u32) -> bool {
        self.slots
            .get(slot as usize)
            .is_some_and(|session| session.queued.is_some())
    }

    fn chain(&self, group: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.first.get(group as usize).copied();
        let next = |slot: &u32| self.slots.get(*slot as usize).map(|session| session.next);
        std::iter::successors(first, next).take_while(|slot| *slot != NONE)
    }

    pub(super) fn keys(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        self.groups.keys(groups)
    }

    /// One more than the greatest number of a slot so far.
    pub(super) const fn bound(&self) -> usize {
        self.slots.len()
    }

    /// Tells all open sessions; their slots, in the same order.
    pub(super) fn state(&self, state: &mut State) -> Result<Vec<u32>, Fault> {
        let open = (0_u32..)
            .zip(&self.slots)
            .filter(|(_, session)| session.queued.is_some());
        let mut open: Vec<_> = open.collect();
        open.sort_by_key(|(_, session)| session.made);
        let groups: Vec<_> = open.iter().map(|(_, session)| session.group).collect();
        if !groups.is_empty() {
            state.put("keys", rows_of(self.groups.keys(&groups)?)?);
        }
        let column = |of: &dyn Fn(&Session) -> i64| -> Vec<i64> {
            open.iter().map(|(_, session)| of(session)).collect()
        };
        let spans = [
            column(&|one| one.span.start),
            column(&|one| one.span.end),
            column(&|one| one.made.cast_signed()),
        ];
        state.put_numbers("sessions", &spans.each_ref().map(Vec::as_slice))?;
        state.put_one("made", [self.made.cast_signed()])?;
        Ok(open.into_iter().map(|(slot, _)| slot).collect())
    }

    /// Makes sessions of what was told; they are in slots from zero on.
    pub(super) fn restore(&mut self, state: &mut State) -> Result<usize, Fault> {
        let [starts, ends, made] = state.take_numbers("sessions")?;
        let keys = match starts.is_empty() {
            true => Vec::new(),
            false => state
                .take("keys")
                .map(|rows: RecordBatch| rows.columns().to_vec())?,
        };
        let mut found = Vec::new();
        if !starts.is_empty() {
            self.groups.intern(&keys, starts.len(), &mut found)?;
        }
        self.first.resize(self.groups.bound(), NONE);
        let spans = starts.iter().zip(&ends).zip(&made).zip(found);
        for (((start, end), made), group) in spans {
            let span = Span {
                start: *start,
                end: *end,
            };
            let next = self.first.get(group as usize).copied().unwrap_or(NONE);
            let made = made.cast_unsigned();
            self.keep(Session {
                span,
                group,
                next,
                made,
                queued: Some(*end),
            })?;
        }
        let [made] = state.take_one("made")?;
        self.made = made.cast_unsigned();
        Ok(starts.len())
    }

    pub(super) fn bytes(&self) -> usize {
        self.groups.bytes()
            + self.slots.capacity() * size_of::<Session>()
            + self.queue.capacity() * size_of::<(i64, u32)>()
            + (self.first.capacity() + self.free.capacity()) * size_of::<u32>()
    }
}

/// Rows of slots that were moved later in the batch are where those went.
fn settle(placed: &mut Placed) {
    if placed.moves.is_empty() {
        return;
    }
    let moved: BTreeMap<u32, u32> = placed.moves.iter().copied().collect();
    for slot in &mut placed.slots {
        while let Some(into) = moved.get(slot) {
            *slot = *into;
        }
    }
}
