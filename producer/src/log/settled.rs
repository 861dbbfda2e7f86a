//! What of a stream lies in segments: where it is read, and which of them are still needed.

use std::collections::{BTreeMap, BTreeSet};

use common::{ndjson::NEWLINE, offset::Offset};

use super::{
    cursor::Lost,
    disk,
    entry::StreamId,
    fork::Gone,
    journal::Damage,
    kept::Misplaced,
    shelf::{Opened, Shelf},
    stream::Stream,
};

/// What of a stream lies in segments; where is found out when it is asked for.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) from: Offset,
    pub(super) until: Offset,
    pub(super) shelf: Option<Shelf>,
    /// Which of its records forks need, and which forks: see `fork`.
    pub(super) pins: BTreeMap<StreamId, (Offset, Offset)>,
    /// Nothing else of it is needed.
    pub(super) is_retired: bool,
}

impl Stream {
    /// Opens the segment on disk in which `at` lies.
    pub(super) fn open_segment(&self, at: Offset) -> Result<Option<Opened>, Damage> {
        let Some(disk) = self.base().disk() else {
            return Ok(None);
        };
        let (owner, _) = self.owner(at);
        let Some(shelf) = owner.shelf()? else {
            return Ok(None);
        };
        let place = (disk, owner.id(), self.framing());
        let base = self.base();
        shelf.open(place, at, (&base.pool, &base.hands, owner.sound()))
    }

    /// The segment that has a record at `at`.
    pub(super) fn find(&self, at: Offset) -> Result<Opened, Misplaced> {
        let damaged = |damage: Damage| Lost::of(at, &damage).misplaced(at);
        let nowhere = || Misplaced::Nowhere {
            at,
            next: self.tail().next,
        };
        if at < self.earliest() {
            return Err(self.gone(at));
        }
        let found = disk::aside(|| {
            let opened = self.open_segment(at).map_err(damaged)?;
            let opened = opened.ok_or_else(nowhere)?;
            match opened.read(at, 1, NEWLINE).map_err(damaged)? {
                Some(_) => Ok(opened),
                None => Err(nowhere()),
            }
        });
        // It may have been let go of while it was looked for.
        found.map_err(|misplaced| match self.earliest() {
            earliest if at < earliest => Misplaced::Gone { at, earliest },
            _ => misplaced,
        })
    }

    /// Where its segments are, if it has any.
    pub(super) fn shelf(&self) -> std::io::Result<Option<Shelf>> {
        let (Some(disk), mut settled) = (self.base().disk(), self.settled()) else {
            return Ok(None);
        };
        if settled.from == settled.until && settled.pins.is_empty() {
            return Ok(None);
        }
        if settled.shelf.is_none() {
            let from = settled.own_from(settled.from);
            let found = Shelf::find(disk.as_ref(), self.id(), from, settled.until)?;
            settled.shelf = Some(found);
        }
        Ok(settled.shelf.clone())
    }

    /// What is on `shelf` need not be in memory any more, and of the stream itself nothing needs what
    /// is `gone` from there. Returns what nobody needs.
    pub(super) fn settle(&self, shelf: &Shelf, gone: Vec<Offset>) -> Vec<Gone> {
        let (from, until) = (shelf.from, shelf.until);
        self.sound().forget_before(from);
        let mut settled = self.settled();
        let before = settled.shelf.take().map(|shelf| shelf.firsts);
        let before = before.iter().flat_map(|firsts| firsts.iter()).copied();
        let firsts = before.chain(gone).chain(shelf.firsts.iter().copied());
        let firsts: BTreeSet<_> = firsts.collect();
        let firsts = firsts.into_iter().collect();
        settled.shelf = Some(Shelf {
            firsts,
            from,
            until,
        });
        let was_from = std::mem::replace(&mut settled.from, from);
        settled.until = until;
        let mut gone = vec![(self.id(), settled.let_go())];
        drop(settled);
        // What is let go of on disk is not shown from memory either.
        self.kept().release(from);
        let past = self
            .origin()
            .filter(|origin| was_from < origin.at && origin.at <= from);
        gone.extend(past.into_iter().flat_map(|past| past.unpin(self.id())));
        gone
    }
}

impl Settled {
    /// What lies in segments, of the stream and of what it is a fork of.
    pub(super) const fn range(&self) -> (Offset, Offset) {
        (self.from, self.until)
    }

    /// Where the segments begin that the stream itself needs, which are those from `from` on.
    pub(super) fn own_from(&self, from: Offset) -> Offset {
        if self.is_retired { self.until } else { from }
    }

    pub(super) fn unpin(&mut self, fork: StreamId) {
        self.pins.remove(&fork);
    }

    /// Takes the segments from the shelf that nobody needs, and returns them.
    pub(super) fn let_go(&mut self) -> Vec<Offset> {
        let Some(shelf) = &self.shelf else {
            return Vec::new();
        };
        let (firsts, until) = (shelf.firsts.clone(), shelf.until);
        let ends = firsts.iter().skip(1).chain([&until]);
        let is_needed = |(first, end): &(&Offset, &Offset)| {
            let is_own = **first >= self.own_from(self.from);
            let mut pins = self.pins.values();
            is_own || pins.any(|(from, until)| *first < until && from < *end)
        };
        let (needed, gone): (Vec<_>, Vec<_>) = firsts.iter().zip(ends).partition(is_needed);
        let firsts = needed.into_iter().map(|(first, _)| *first).collect();
        let from = self.own_from(shelf.from);
        self.shelf = Some(Shelf {
            firsts,
            from,
            until,
        });
        gone.into_iter().map(|(first, _)| *first).collect()
    }
}
