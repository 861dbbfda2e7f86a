//! TUMBLE, HOP and CUMULATE with aggregates. A pane holds its groups with what their rows come to; a
//! batch is nearly always of one pane, and so goes into it as it is.

use std::collections::BTreeMap;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};

use super::{
    aligned::Aligned,
    emit::{Emitter, ROWS_MAX, Span, joined},
    leaving::Leaving,
    panes::Panes,
    timed::{Moment, Timed},
    zone::TIME_MAX_MS,
};
use crate::transform::{
    aggregate::{Program, Table},
    changes::Changes,
    error::Fault,
    operator::{Counts, Operator, Origin, Out},
    state::State,
};

#[derive(Debug)]
pub(in crate::transform) struct Windowed {
    schema: SchemaRef,
    program: Program,
    windows: Aligned,
    timed: Timed,
    /// By where they begin, in local time. Of CUMULATE, a pane holds all before it of its window
    /// once that has been given out.
    panes: Panes,
    leaving: Leaving,
    /// How many rows have come.
    arrived: u64,
}

/// Which rows of a batch go where.
#[derive(Debug, Default)]
struct Sorted {
    /// The pane of each row that goes into one, and its number.
    rows: Vec<(i64, u32)>,
    late: Vec<u32>,
}

impl Windowed {
    pub(in crate::transform) fn new(
        schema: SchemaRef,
        program: Program,
        window: plan::Window,
        timed: Timed,
    ) -> Result<Self, Fault> {
        let windows = Aligned::new(window)?;
        let panes = Panes::default();
        Ok(Self {
            schema,
            program,
            windows,
            timed,
            panes,
            leaving: Leaving::default(),
            arrived: 0,
        })
    }

    /// Where all rows go, if they are all of one pane.
    fn only_target(&mut self, rows: &RecordBatch) -> Option<i64> {
        let (least, greatest) = self.timed.span(rows)?;
        let pane = self.windows.pane_of(least);
        (greatest < pane + self.windows.pane).then(|| self.target(pane))?
    }

    fn sort(&mut self, rows: &RecordBatch) -> Result<Sorted, Fault> {
        let times = self.timed.times(rows)?;
        let mut sorted = Sorted {
            rows: Vec::with_capacity(times.len()),
            ..Sorted::default()
        };
        // The pane of the row before, how far it goes, and where its rows go; none if they are late.
        let (mut from, mut until, mut goes_to) = (0, 0, None);
        for (row, time) in (0_u32..).zip(times) {
            let Some(time) = time else {
                continue;
            };
            if time < from || time >= until {
                from = self.windows.pane_of(time);
                until = from + self.windows.pane;
                goes_to = self.target(from);
            }
            match goes_to {
                Some(pane) => sorted.rows.push((pane, row)),
                None => sorted.late.push(row),
            }
        }
        Ok(sorted)
    }

    /// Where rows of a pane go: nowhere when all of its windows are closed. Of CUMULATE, when some
    /// of its windows are closed, into the first pane that was not given out yet.
    fn target(&self, pane: i64) -> Option<i64> {
        let passed = self.timed.passed;
        if self.windows.last_end(pane) - 1 <= passed {
            return None;
        }
        let is_given = self.windows.is_cumulative && pane + self.windows.pane - 1 <= passed;
        Some(if is_given {
            self.windows.pane_of(passed + 1)
        } else {
            pane
        })
    }

    fn reach(&mut self, moment: Moment, out: &mut Out) -> Result<(), Fault> {
        let Some(mut given) = self.timed.reach(moment) else {
            return Ok(());
        };
        let mut emitter = Emitter::new(&self.schema, &self.timed.local, out);
        while let Some(end) = next_end(&self.panes.0, &self.windows, given) {
            if end - 1 > self.timed.passed {
                break;
            }
            let panes = (&mut self.panes.0, &mut self.leaving);
            close(panes, &self.windows, &self.program, end, &mut emitter)?;
            given = end - 1;
        }
        emitter.flush()
    }
}

impl Operator for Windowed {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let columns = self.program.columns(&changes, self.arrived)?;
        self.leaving.sweep_for(columns.rows);
        self.arrived += u64::try_from(columns.rows).unwrap_or_default();
        if let Some(pane) = self.only_target(&changes.rows) {
            return self.panes.add(pane, &columns, &self.program);
        }
        let sorted = self.sort(&changes.rows)?;
        self.timed.leave(&changes.rows, &sorted.late, out)?;
        self.panes.add_sorted(sorted.rows, &columns, &self.program)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        self.leaving.sweep();
        self.reach(Moment::Event(watermark), out)
    }

    fn tick(&mut self, now: i64, out: &mut Out) -> Result<(), Fault> {
        self.leaving.sweep();
        self.reach(Moment::Clock(now), out)
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_one("time", self.timed.memory())?;
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        self.panes.state(&mut state)?;
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.timed.remember(state.take_one("time")?);
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        self.panes.restore(&mut state, &self.program)
    }

    fn state_bytes(&self) -> usize {
        self.panes.bytes() + self.leaving.bytes()
    }

    fn counts(&self) -> Counts {
        self.timed.counts()
    }
}

/// Where the next window with rows ends, of those that were not closed when `passed` had passed.
fn next_end(panes: &BTreeMap<i64, Table>, windows: &Aligned, passed: i64) -> Option<i64> {
    let (first, _) = panes.first_key_value()?;
    // The windows between two panes whose windows do not meet hold nothing, and are not visited.
    let first = first + windows.pane;
    let is_within = passed > -TIME_MAX_MS * 2 && passed < TIME_MAX_MS * 2;
    Some(if is_within {
        first.max(windows.pane_of(passed + 1) + windows.pane)
    } else {
        first
    })
}

/// Gives a window out and forgets what no later one needs.
fn close(
    (panes, leaving): (&mut BTreeMap<i64, Table>, &mut Leaving),
    windows: &Aligned,
    program: &Program,
    end: i64,
    emitter: &mut Emitter<'_>,
) -> Result<(), Fault> {
    let span = Span {
        end,
        start: windows.start_of(end),
    };
    let within: Vec<_> = panes
        .range(span.start..end)
        .map(|(pane, _)| *pane)
        .collect();
    if let [one] = within.as_slice() {
        if let Some(table) = panes.get_mut(one) {
            give(table, span, emitter)?;
        }
    } else if windows.is_cumulative {
        let mut parts: Vec<_> = within
            .iter()
            .filter_map(|pane| panes.remove(pane))
            .collect();
        let mut table = merge(&mut parts.iter_mut(), program)?;
        give(&mut table, span, emitter)?;
        panes.insert(span.start, table);
        parts.into_iter().for_each(|part| leaving.add(part));
    } else {
        let mut parts = panes.range_mut(span.start..end).map(|(_, table)| table);
        let mut table = merge(&mut parts, program)?;
        give(&mut table, span, emitter)?;
        leaving.add(table);
    }
    let ended = within.iter().chain([&span.start]);
    for pane in ended.filter(|pane| windows.last_end(**pane) <= end) {
        panes
            .remove(pane)
            .into_iter()
            .for_each(|table| leaving.add(table));
    }
    Ok(())
}

/// All of several panes.
fn merge(parts: &mut dyn Iterator<Item = &mut Table>, program: &Program) -> Result<Table, Fault> {
    let mut table = Table::new(program)?;
    for part in parts {
        table.merge(part)?;
    }
    Ok(table)
}

/// Gives all groups of a window out.
fn give(table: &mut Table, span: Span, emitter: &mut Emitter<'_>) -> Result<(), Fault> {
    let groups: Vec<_> = table.numbers();
    let groups: Vec<_> = groups
        .into_iter()
        .filter(|group| table.has_rows(*group))
        .collect();
    for groups in groups.chunks(ROWS_MAX) {
        let columns = joined(table.keys(groups)?, table.values(groups)?);
        emitter.give(columns, &vec![span; groups.len()])?;
    }
    Ok(())
}
