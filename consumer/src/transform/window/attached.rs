//! Aggregates of rows that know their window, which another step has put them into. The window is among
//! the keys; when it closes its groups are given, once, and forgotten.

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::{
    emit::{ROWS_MAX, joined},
    leaving::Leaving,
    panes::Panes,
};
use crate::transform::{
    aggregate::{Program, Table},
    changes::Changes,
    error::Fault,
    operator::{Counts, Operator, Origin, Out},
    state::State,
    until::Deadline,
};

#[derive(Debug)]
pub(in crate::transform) struct Attached {
    schema: SchemaRef,
    program: Program,
    deadline: Deadline,
    /// By the last moment of their windows.
    panes: Panes,
    leaving: Leaving,
    /// How many rows have come.
    arrived: u64,
}

impl Attached {
    pub(in crate::transform) fn new(
        schema: SchemaRef,
        program: Program,
        deadline: Deadline,
    ) -> Self {
        Self {
            schema,
            program,
            deadline,
            panes: Panes::default(),
            leaving: Leaving::default(),
            arrived: 0,
        }
    }

    fn give(&self, table: &mut Table, out: &mut Out) -> Result<(), Fault> {
        for groups in table.numbers().chunks(ROWS_MAX) {
            let columns = joined(table.keys(groups)?, table.values(groups)?);
            let rows = RecordBatch::try_new(self.schema.clone(), columns)?;
            out.changes.push(Changes::inserts(rows));
        }
        Ok(())
    }
}

impl Operator for Attached {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let changes = self.deadline.in_time(changes, out)?;
        let columns = self.program.columns(&changes, self.arrived)?;
        self.leaving.sweep_for(columns.rows);
        self.arrived += u64::try_from(columns.rows).unwrap_or_default();
        let until = self.deadline.of(&changes.rows)?;
        let rows = until.into_iter().zip(0_u32..).collect();
        self.panes.add_sorted(rows, &columns, &self.program)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        self.leaving.sweep();
        self.deadline.reach(watermark);
        while let Some(first) = self.panes.0.first_entry()
            && *first.key() <= self.deadline.passed()
        {
            let mut table = first.remove();
            self.give(&mut table, out)?;
            self.leaving.add(table);
        }
        Ok(())
    }

    fn tick(&mut self, _: i64, _: &mut Out) -> Result<(), Fault> {
        self.leaving.sweep();
        Ok(())
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_one("deadline", self.deadline.memory())?;
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        self.panes.state(&mut state)?;
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.deadline.remember(state.take_one("deadline")?);
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        self.panes.restore(&mut state, &self.program)
    }

    fn state_bytes(&self) -> usize {
        self.panes.bytes() + self.leaving.bytes()
    }

    fn counts(&self) -> Counts {
        Counts {
            late: self.deadline.late(),
            ..Counts::default()
        }
    }
}
