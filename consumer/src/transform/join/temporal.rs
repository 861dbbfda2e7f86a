//! Rows beside the version of their key that was valid at their time.
//!
//! A row waits until event time of both inputs has come to its time: then no version that could be
//! its own is missing. Of the versions that event time has passed, only the last one of a key can still
//! be asked for, and stays. A row that comes late waits for event time to move on, and finds what is
//! still there.

use std::collections::BTreeMap;

use arrow::{
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
};

use super::{
    ROWS_MAX,
    batch::leave_out_nulls,
    side::{NONE, NULLS},
    told::rows_of,
    versions::Versions,
};
use crate::{
    plan::{self, Changelog, Input, JoinKind},
    transform::{
        build::Source,
        changes::{Changes, Op},
        error::Fault,
        expression::{columns, truth},
        group::Groups,
        operator::{BEGINNING, Counts, Operator, Origin, Out},
        state::State,
        store::Store,
        until::times_of,
    },
};

#[derive(Debug)]
pub(in crate::transform) struct Temporal {
    schema: SchemaRef,
    /// The columns of both inputs.
    pair: SchemaRef,
    plan: plan::Temporal,
    /// The columns of the first input.
    first: SchemaRef,
    groups: Groups,
    /// Rows of the first input, and when it is their turn.
    waiting: Store,
    due: BTreeMap<i64, Vec<Waiting>>,
    /// How many rows wait, by their group.
    waiting_of: Vec<u32>,
    versions: Versions,
    watermark: i64,
    untimed: u64,
}

/// A row that waits, by its number.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    row: u32,
    group: u32,
    time: i64,
}

impl Temporal {
    pub(in crate::transform) fn new(
        schema: SchemaRef,
        plan: &plan::Temporal,
        [first, second]: [&Source; 2],
    ) -> Result<Self, Fault> {
        if [first, second]
            .iter()
            .any(|source| source.changelog == Changelog::Retract)
        {
            let what = "versions for or of rows that are taken back";
            return Err(Fault::Unsupported(what.to_owned()));
        }
        let fields = first.schema.fields().iter().chain(second.schema.fields());
        let pair = fields.map(|field| field.as_ref().clone().with_nullable(true));
        let keys = plan.join.keys.first.iter();
        let types = keys.map(|key| Ok(key.data_type(&first.schema)?));
        Ok(Self {
            schema,
            pair: Schema::new(pair.collect::<Vec<_>>()).into(),
            plan: plan.clone(),
            first: first.schema.clone(),
            groups: Groups::new(&types.collect::<Result<Vec<_>, Fault>>()?)?,
            waiting: Store::new(&first.schema)?,
            due: BTreeMap::new(),
            waiting_of: Vec::new(),
            versions: Versions::new(&second.schema)?,
            watermark: BEGINNING,
            untimed: 0,
        })
    }

    /// The group of each row, where none of its keys is null.
    fn groups(&mut self, input: Input, rows: &RecordBatch) -> Result<Vec<u32>, Fault> {
        let keys = columns(self.plan.join.keys.of(input), rows)?;
        let mut groups = Vec::new();
        self.groups.intern(&keys, rows.num_rows(), &mut groups)?;
        let bound = self.groups.bound();
        self.versions.grow(bound);
        self.waiting_of.resize(bound.max(self.waiting_of.len()), 0);
        let found = groups.clone();
        leave_out_nulls(&keys, &mut groups);
        let left_out = found.into_iter().zip(&groups);
        let left_out = left_out.filter(|(_, group)| **group == NONE);
        self.forget(left_out.map(|(group, _)| group).collect());
        Ok(groups)
    }

    /// Forgets those of these groups that nothing is known of.
    fn forget(&mut self, mut groups: Vec<u32>) {
        groups.retain(|group| {
            let waiting = self.waiting_of.get(*group as usize);
            *group != NONE && waiting.is_none_or(|count| *count == 0) && !self.versions.has(*group)
        });
        groups.sort_unstable();
        groups.dedup();
        self.groups.remove(&groups);
    }

    /// Counts rows of these groups that have no time.
    fn leave_out(&mut self, untimed: Vec<u32>) {
        self.untimed += u64::try_from(untimed.len()).unwrap_or_default();
        self.forget(untimed);
    }

    fn wait(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        let (groups, times) = (
            self.groups(Input::First, rows)?,
            times_of(self.plan.times.first, rows)?,
        );
        let (encoded, mut untimed) = (self.waiting.encoded(rows.columns())?, Vec::new());
        for ((row, group), time) in encoded.iter().zip(groups).zip(&times) {
            let Some(time) = time else {
                untimed.push(group);
                continue;
            };
            let row = self.waiting.put(row.data())?;
            if let Some(count) = self.waiting_of.get_mut(group as usize) {
                *count += 1;
            }
            self.due
                .entry(time)
                .or_default()
                .push(Waiting { row, group, time });
        }
        self.leave_out(untimed);
        Ok(())
    }

    fn learn(&mut self, rows: &RecordBatch) -> Result<(), Fault> {
        let (groups, times) = (
            self.groups(Input::Second, rows)?,
            times_of(self.plan.times.second, rows)?,
        );
        let (encoded, mut untimed) = (self.versions.encoded(rows.columns())?, Vec::new());
        for ((row, group), time) in encoded.iter().zip(groups).zip(&times) {
            match time {
                // It is equal to no key.
                Some(_) if group == NONE => {}
                Some(time) => self.versions.put(group, time, row.data())?,
                None => untimed.push(group),
            }
        }
        self.leave_out(untimed);
        Ok(())
    }

    /// Gives the rows whose turn it is, by their time.
    fn give(&mut self, out: &mut Out) -> Result<(), Fault> {
        let mut rows = Vec::new();
        while let Some(first) = self
            .due
            .first_entry()
            .filter(|one| *one.key() <= self.watermark)
        {
            rows.extend(first.remove());
            if rows.len() >= ROWS_MAX {
                self.give_rows(&std::mem::take(&mut rows), out)?;
            }
        }
        self.give_rows(&rows, out)
    }

    fn give_rows(&mut self, rows: &[Waiting], out: &mut Out) -> Result<(), Fault> {
        for rows in rows.chunks(ROWS_MAX) {
            let versions = rows.iter().map(|one| self.versions.at(one.group, one.time));
            let versions: Vec<_> = versions.collect();
            let (rows, versions) = self.asked(rows, versions)?;
            let numbers: Vec<_> = rows.iter().map(|one| one.row).collect();
            let both = [
                self.waiting.columns(&numbers)?,
                self.versions.columns(&versions)?,
            ];
            if !numbers.is_empty() {
                let ops = vec![Op::Insert; numbers.len()];
                out.changes.push(rows_of(&self.schema, both, ops)?);
            }
        }
        let numbers: Vec<_> = rows.iter().map(|one| one.row).collect();
        self.waiting.remove(&numbers);
        for one in rows {
            if let Some(count) = self.waiting_of.get_mut(one.group as usize) {
                *count -= 1;
            }
        }
        self.forget(rows.iter().map(|one| one.group).collect());
        Ok(())
    }

    /// The rows that are given, with their versions: none for one of which the rest of the condition is
    /// not true.
    fn asked(
        &self,
        rows: &[Waiting],
        mut versions: Vec<u32>,
    ) -> Result<(Vec<Waiting>, Vec<u32>), Fault> {
        if let Some(filter) = &self.plan.join.filter {
            let found = rows.iter().zip(&versions).filter(|(_, of)| **of != NULLS);
            let (own, of): (Vec<_>, Vec<_>) = found.map(|(one, of)| (one.row, *of)).unzip();
            let both = [self.waiting.columns(&own)?, self.versions.columns(&of)?];
            let pairs = RecordBatch::try_new(self.pair.clone(), both.concat())?;
            let is_true = truth(filter, &pairs)?;
            let found = versions.iter_mut().filter(|of| **of != NULLS);
            for (of, is_true) in found.zip(is_true.values()) {
                if !is_true {
                    *of = NULLS;
                }
            }
        }
        let gives_alone = self.plan.join.kind == JoinKind::Left;
        let all = rows.iter().copied().zip(versions);
        Ok(all.filter(|(_, of)| gives_alone || *of != NULLS).unzip())
    }

    /// All rows that wait, in the order in which it is their turn.
    fn all_waiting(&self) -> Result<RecordBatch, Fault> {
        let rows: Vec<_> = self.due.values().flatten().map(|one| one.row).collect();
        Ok(RecordBatch::try_new(
            self.first.clone(),
            self.waiting.columns(&rows)?,
        )?)
    }
}

impl Operator for Temporal {
    fn push(&mut self, _: Origin, changes: Changes, _: &mut Out) -> Result<(), Fault> {
        self.wait(&changes.rows)
    }

    fn push_second(&mut self, _: Origin, changes: Changes, _: &mut Out) -> Result<(), Fault> {
        self.learn(&changes.rows)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        self.watermark = self.watermark.max(watermark);
        self.give(out)?;
        self.versions.settle(self.watermark);
        Ok(())
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_one("counts", [self.watermark, self.untimed.cast_signed()])?;
        state.put("waiting", self.all_waiting()?);
        state.put("versions", self.versions.all()?);
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.wait(&state.take("waiting")?)?;
        self.learn(&state.take("versions")?)?;
        let [watermark, untimed] = state.take_one("counts")?;
        (self.watermark, self.untimed) = (watermark, untimed.cast_unsigned());
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let due: usize = self.due.values().map(Vec::capacity).sum();
        self.groups.bytes()
            + self.waiting.bytes()
            + due * size_of::<Waiting>()
            + self.due.len() * size_of::<(i64, Vec<Waiting>)>()
            + self.waiting_of.capacity() * size_of::<u32>()
            + self.versions.bytes()
    }

    fn counts(&self) -> Counts {
        Counts {
            untimed: self.untimed,
            ..Counts::default()
        }
    }
}
