//! Aggregates over all rows so far, as a changelog. Within a batch a key gives one change, from its
//! value before the batch to that behind it; a value that stays the same gives none.
//!
//! Where keys are forgotten that are not written for so long, one that comes again is new, and what is
//! taken back of a key without rows does not count. A value that stays the same is told there too, so
//! that those who read it do not forget a key that is still written.

use std::{collections::HashMap, time::Duration};

use arrow::{
    array::{ArrayRef, BooleanArray, UInt32Array},
    compute::{and, concat, filter_record_batch, kernels::cmp::not_distinct, take},
    datatypes::SchemaRef,
};

use super::{
    aggregate::{Columns, Program, Table, VALUES},
    changes::{Changes, Op},
    error::Fault,
    expiry::{self, Expiry},
    operator::{Counts, Operator, Origin, Out},
    state::State,
};

#[derive(Debug)]
pub(super) struct Running {
    schema: SchemaRef,
    program: Program,
    table: Table,
    /// Whether each group had rows when it was last given out.
    is_out: Vec<bool>,
    /// Whether each group is among those of the batch at hand.
    is_touched: Vec<bool>,
    arrived: u64,
    expiry: Option<Expiry>,
}

/// Rows of a changelog, by their numbers among the values before and behind.
#[derive(Debug, Default)]
struct Told {
    rows: Vec<u32>,
    ops: Vec<Op>,
    /// Which of the touched groups each is of.
    of: Vec<u32>,
}

impl Running {
    pub(super) fn new(
        schema: SchemaRef,
        program: Program,
        state_ttl: Option<Duration>,
    ) -> Result<Self, Fault> {
        let table = Table::new(&program)?;
        let (is_out, is_touched) = (Vec::new(), Vec::new());
        Ok(Self {
            schema,
            program,
            table,
            is_out,
            is_touched,
            arrived: 0,
            expiry: state_ttl.map(Expiry::new),
        })
    }

    /// The groups among `found`, in the order in which they come.
    fn touched(&mut self, found: &[u32]) -> Vec<u32> {
        let bound = self.table.bound();
        self.is_touched.resize(bound, false);
        self.is_out.resize(bound, false);
        let mut touched = Vec::new();
        for group in found {
            if let Some(is_touched) = self.is_touched.get_mut(*group as usize)
                && !std::mem::replace(is_touched, true)
            {
                touched.push(*group);
            }
        }
        for group in &touched {
            if let Some(is_touched) = self.is_touched.get_mut(*group as usize) {
                *is_touched = false;
            }
        }
        touched
    }

    /// Makes the groups anew that have ended.
    fn end(&mut self, touched: &[u32]) {
        let Some(expiry) = &mut self.expiry else {
            return;
        };
        let ended = touched.iter().copied();
        let ended: Vec<_> = ended.filter(|group| expiry.end(*group)).collect();
        self.table.clear(&ended);
        self.is_no_longer_out(&ended);
    }

    fn is_no_longer_out(&mut self, groups: &[u32]) {
        for group in groups {
            if let Some(is_out) = self.is_out.get_mut(*group as usize) {
                *is_out = false;
            }
        }
    }

    /// Which rows do not take anything back from a group that has no rows; none where no row does, or
    /// nothing is ever forgotten.
    fn known(&mut self, columns: &Columns, found: &[u32]) -> Option<BooleanArray> {
        let (expiry, adds) = (self.expiry.as_mut()?, columns.adds.as_ref()?);
        let mut rows: HashMap<u32, i64> = HashMap::new();
        let is_known = |(group, adds): (&u32, &bool)| {
            let rows = rows
                .entry(*group)
                .or_insert_with(|| self.table.rows(*group));
            let is_known = *adds || *rows > 0;
            *rows += i64::from(*adds) - i64::from(!*adds && is_known);
            Some(is_known)
        };
        let known: BooleanArray = found.iter().zip(adds).map(is_known).collect();
        let unknown = known.len() - known.true_count();
        expiry.unknown += u64::try_from(unknown).unwrap_or_default();
        (unknown > 0).then_some(known)
    }

    /// Takes only these rows of a batch.
    fn take_known(
        &mut self,
        changes: &Changes,
        known: &BooleanArray,
        out: &mut Out,
    ) -> Result<(), Fault> {
        let rows = filter_record_batch(&changes.rows, known)?;
        let ops = changes.ops.iter().flatten().zip(known.values());
        let ops = ops.filter_map(|(op, is_known)| is_known.then_some(*op));
        let ops = Some(ops.collect());
        let columns = self.program.columns(&Changes { rows, ops }, self.arrived)?;
        let found = self.table.find(&columns)?.to_vec();
        let touched = self.touched(&found);
        self.take(&columns, &touched, out)
    }

    /// Takes the rows whose groups were found last, and tells what comes of them.
    fn take(&mut self, columns: &Columns, touched: &[u32], out: &mut Out) -> Result<(), Fault> {
        self.arrived += u64::try_from(columns.rows).unwrap_or_default();
        let before = self.table.values(touched)?;
        self.table.update(columns)?;
        let after = self.table.values(touched)?;
        let told = self.tell(touched, &before, &after)?;
        if !told.ops.is_empty() {
            let changes = self.changes(told, touched, &before, &after)?;
            out.changes.push(changes);
        }
        if let Some(expiry) = &mut self.expiry {
            touched.iter().for_each(|group| expiry.write(*group));
        }
        Ok(())
    }

    /// Forgets the groups among these that have no rows.
    fn forget(&mut self, mut groups: Vec<u32>) {
        groups.retain(|group| !self.table.has_rows(*group));
        self.table.remove(&groups);
        if let Some(expiry) = &mut self.expiry {
            groups.iter().for_each(|group| expiry.clear(*group));
        }
    }

    /// Forgets some of the groups that have ended, and some of what those knew that are gone.
    fn sweep(&mut self, most: usize) -> Result<(), Fault> {
        self.table.sweep(most * VALUES);
        let Some(expiry) = &mut self.expiry else {
            return Ok(());
        };
        let ended = expiry.sweep(most);
        let is_sparse = Expiry::are_sparse(&[expiry]);
        self.table.remove(&ended);
        self.is_no_longer_out(&ended);
        if is_sparse && self.table.is_swept() {
            self.make_anew()?;
        }
        Ok(())
    }

    /// Gets back the memory of what is gone: few groups are left, which are numbered anew.
    fn make_anew(&mut self) -> Result<(), Fault> {
        let state = self.state()?;
        self.table = Table::new(&self.program)?;
        (self.is_out, self.is_touched) = (Vec::new(), Vec::new());
        self.expiry = self.expiry.as_ref().map(Expiry::anew);
        self.restore(state)
    }

    fn tell(
        &mut self,
        touched: &[u32],
        before: &[ArrayRef],
        after: &[ArrayRef],
    ) -> Result<Told, Fault> {
        let same = same(before, after, touched.len());
        let behind = u32::try_from(touched.len()).map_err(|_| Fault::TooManyGroups)?;
        let mut told = Told::default();
        for (of, group) in (0_u32..).zip(touched) {
            let was = self
                .is_out
                .get(*group as usize)
                .copied()
                .unwrap_or_default();
            let is = self.table.has_rows(*group);
            let is_same = same.value(of as usize);
            match (was, is) {
                (false, true) => told.tell(of, behind + of, Op::Insert),
                (true, false) => told.tell(of, of, Op::Delete),
                (true, true) if !is_same || self.expiry.is_some() => {
                    told.tell(of, of, Op::UpdateBefore);
                    told.tell(of, behind + of, Op::UpdateAfter);
                }
                (true, true) | (false, false) => {}
            }
            if let Some(is_out) = self.is_out.get_mut(*group as usize) {
                *is_out = is;
            }
        }
        Ok(told)
    }

    fn changes(
        &self,
        told: Told,
        touched: &[u32],
        before: &[ArrayRef],
        after: &[ArrayRef],
    ) -> Result<Changes, Fault> {
        let (of, rows) = (UInt32Array::from(told.of), UInt32Array::from(told.rows));
        let keys = self.table.keys(touched)?;
        let mut columns = Vec::with_capacity(keys.len() + before.len());
        for key in &keys {
            columns.push(take(key, &of, None)?);
        }
        for (before, after) in before.iter().zip(after) {
            let both = concat(&[before, after])?;
            columns.push(take(&both, &rows, None)?);
        }
        Ok(Changes::new(self.schema.clone(), columns, told.ops)?)
    }
}

impl Told {
    fn tell(&mut self, of: u32, row: u32, op: Op) {
        self.of.push(of);
        self.rows.push(row);
        self.ops.push(op);
    }
}

/// For which rows all columns are the same. What cannot be compared counts as changed.
fn same(before: &[ArrayRef], after: &[ArrayRef], rows: usize) -> BooleanArray {
    let each = before
        .iter()
        .zip(after)
        .map(|(before, after)| not_distinct(before, after));
    let all = each.reduce(|one, other| and(&one?, &other?));
    let is_same = before.is_empty();
    let otherwise = || BooleanArray::from(vec![is_same; rows]);
    all.and_then(Result::ok).unwrap_or_else(otherwise)
}

impl Operator for Running {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let columns = self.program.columns(&changes, self.arrived)?;
        let found = self.table.find(&columns)?.to_vec();
        let touched = self.touched(&found);
        self.end(&touched);
        match self.known(&columns, &found) {
            Some(known) => self.take_known(&changes, &known, out)?,
            None => self.take(&columns, &touched, out)?,
        }
        if self.program.retracts {
            self.forget(touched);
        }
        self.sweep(found.len() * 2)
    }

    fn tick(&mut self, now: i64, _: &mut Out) -> Result<(), Fault> {
        if let Some(expiry) = &mut self.expiry {
            expiry.tick(now);
        }
        self.sweep(expiry::TICK)
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        let there = self.table.numbers().into_iter();
        let there: Vec<_> = there
            .filter(|group| self.is_out.get(*group as usize) == Some(&true))
            .collect();
        state.put("groups", self.table.state(&there)?);
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        if let Some(expiry) = &self.expiry {
            expiry.state("groups", &there, &mut state)?;
        }
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.table.restore(&state.take("groups")?)?;
        self.is_out = vec![true; self.table.bound()];
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        if let Some(expiry) = &mut self.expiry {
            expiry.restore("groups", &self.table.numbers(), &mut state)?;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.table.bytes()
            + self.is_out.capacity()
            + self.is_touched.capacity()
            + self.expiry.as_ref().map_or(0, Expiry::bytes)
    }

    fn counts(&self) -> Counts {
        self.expiry.as_ref().map(Expiry::counts).unwrap_or_default()
    }
}
