//! Aggregates over all rows so far, as a changelog. Within a batch a key gives one change, from its
//! value before the batch to that behind it; a value that stays the same gives none.

use arrow::{
    array::{ArrayRef, BooleanArray, UInt32Array},
    compute::{and, concat, kernels::cmp::not_distinct, take},
    datatypes::SchemaRef,
};

use super::{
    aggregate::{Program, Table},
    changes::{Changes, Op},
    error::Fault,
    operator::{Operator, Origin, Out},
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
    pub(super) fn new(schema: SchemaRef, program: Program) -> Result<Self, Fault> {
        let table = Table::new(&program)?;
        let (is_out, is_touched) = (Vec::new(), Vec::new());
        Ok(Self {
            schema,
            program,
            table,
            is_out,
            is_touched,
            arrived: 0,
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
                (true, true) if !is_same => {
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
        self.arrived += u64::try_from(columns.rows).unwrap_or_default();
        let found = self.table.find(&columns)?.to_vec();
        let touched = self.touched(&found);
        let before = self.table.values(&touched)?;
        self.table.update(&columns)?;
        let after = self.table.values(&touched)?;
        let told = self.tell(&touched, &before, &after)?;
        if !told.ops.is_empty() {
            let changes = self.changes(told, &touched, &before, &after)?;
            out.changes.push(changes);
        }
        if self.program.retracts {
            let gone: Vec<_> = touched
                .into_iter()
                .filter(|group| !self.table.has_rows(*group))
                .collect();
            self.table.remove(&gone);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        let there = self.table.numbers().into_iter();
        let there: Vec<_> = there
            .filter(|group| self.is_out.get(*group as usize) == Some(&true))
            .collect();
        state.put("groups", self.table.state(&there)?);
        state.put_numbers("arrived", &[&[self.arrived.cast_signed()]])?;
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.table.restore(&state.take("groups")?)?;
        self.is_out = vec![true; self.table.bound()];
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.table.bytes() + self.is_out.capacity() + self.is_touched.capacity()
    }
}
