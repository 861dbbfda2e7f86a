//! Groups with what their rows come to, apart by a time: where their pane begins, or until when it is
//! open. A batch is nearly always of one, and so goes into it as it is.

use std::collections::BTreeMap;

use arrow::array::UInt32Array;

use crate::transform::{
    aggregate::{Columns, Program, Table},
    error::Fault,
    state::State,
};

/// The groups of each time.
#[derive(Debug, Default)]
pub(super) struct Panes(pub(super) BTreeMap<i64, Table>);

impl Panes {
    /// Takes rows of one pane.
    pub(super) fn add(
        &mut self,
        pane: i64,
        columns: &Columns,
        program: &Program,
    ) -> Result<(), Fault> {
        let table = match self.0.entry(pane) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(Table::new(program)?),
        };
        table.find(columns)?;
        table.update(columns)
    }

    /// Takes those rows that are in a pane, each by its number.
    pub(super) fn add_sorted(
        &mut self,
        mut rows: Vec<(i64, u32)>,
        columns: &Columns,
        program: &Program,
    ) -> Result<(), Fault> {
        let first = rows.first().map(|(pane, _)| *pane);
        let Some(first) = first else {
            return Ok(());
        };
        if rows.len() == columns.rows && rows.iter().all(|(pane, _)| *pane == first) {
            return self.add(first, columns, program);
        }
        // Stable: within a pane rows stay in the order in which they came.
        rows.sort_by_key(|(pane, _)| *pane);
        let order: UInt32Array = rows.iter().map(|(_, row)| *row).collect();
        let columns = columns.take(&order)?;
        let mut from = 0;
        for part in rows.chunk_by(|one, other| one.0 == other.0) {
            if let Some((pane, _)) = part.first() {
                self.add(*pane, &columns.slice(from, part.len()), program)?;
            }
            from += part.len();
        }
        Ok(())
    }

    /// Tells all there is.
    pub(super) fn state(&mut self, state: &mut State) -> Result<(), Fault> {
        let times: Vec<_> = self.0.keys().copied().collect();
        state.put_numbers("panes", &[&times])?;
        for (time, table) in &mut self.0 {
            let groups = table.numbers();
            state.put(format!("pane {time}"), table.state(&groups)?);
        }
        Ok(())
    }

    /// The way back.
    pub(super) fn restore(&mut self, state: &mut State, program: &Program) -> Result<(), Fault> {
        let [times] = state.take_numbers("panes")?;
        for time in times {
            let mut table = Table::new(program)?;
            table.restore(&state.take(&format!("pane {time}"))?)?;
            self.0.insert(time, table);
        }
        Ok(())
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(Table::bytes).sum()
    }
}
