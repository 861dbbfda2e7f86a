//! A window function without aggregates: a row for each window that a row is in. Rows of aligned
//! windows are given out at once, and are never late; those of a session when it ends.

use arrow::{
    array::{ArrayRef, UInt32Array},
    compute::take,
    datatypes::SchemaRef,
    record_batch::RecordBatch,
    row::{RowConverter, SortField},
};

use super::{
    aligned::{Aligned, length},
    emit::{Emitter, Span, window_columns},
    sessions::Sessions,
    timed::{Moment, Timed},
};
use crate::{
    plan::{Expression, Window},
    transform::{
        changes::Changes,
        error::Fault,
        expression::columns,
        group::Groups,
        operator::{Counts, Operator, Origin, Out},
        state::{State, rows_of},
    },
};

#[derive(Debug)]
pub(in crate::transform) struct Assign {
    schema: SchemaRef,
    timed: Timed,
    windows: Assigned,
}

/// To which windows rows are assigned.
#[derive(Debug)]
pub(in crate::transform) enum Assigned {
    Aligned(Aligned),
    Session(Box<Collected>),
}

/// Rows that wait for their sessions to end.
#[derive(Debug)]
pub(in crate::transform) struct Collected {
    keys: Vec<Expression>,
    sessions: Sessions,
    converter: RowConverter,
    /// The rows of each session, encoded, in order of arrival.
    rows: Vec<Vec<(u64, Box<[u8]>)>>,
    bytes: usize,
    arrived: u64,
}

impl Assigned {
    pub(in crate::transform) fn new(
        window: Window,
        input: &SchemaRef,
        keys: &[Expression],
    ) -> Result<Self, Fault> {
        Ok(match window {
            Window::Session { gap } => {
                Self::Session(Box::new(Collected::new(input, keys, length(gap)?)?))
            }
            window => Self::Aligned(Aligned::new(window)?),
        })
    }
}

impl Assign {
    pub(in crate::transform) const fn new(
        schema: SchemaRef,
        windows: Assigned,
        timed: Timed,
    ) -> Self {
        Self {
            schema,
            timed,
            windows,
        }
    }

    fn assign(&mut self, windows: Aligned, changes: &Changes) -> Result<Changes, Fault> {
        let times = self.timed.times(&changes.rows)?;
        let (mut rows, mut spans) = (Vec::new(), Vec::new());
        for (row, time) in (0_u32..).zip(times) {
            let ends = time
                .into_iter()
                .flat_map(|time| windows.ends(windows.pane_of(time)));
            for end in ends {
                rows.push(row);
                spans.push(Span {
                    end,
                    start: windows.start_of(end),
                });
            }
        }
        let order = UInt32Array::from(rows);
        let taken = changes
            .rows
            .columns()
            .iter()
            .map(|column| take(column, &order, None));
        let mut columns = taken.collect::<Result<Vec<_>, _>>()?;
        columns.extend(window_columns(&self.schema, &self.timed.local, &spans)?);
        let op = |row: &u32| changes.op(*row as usize);
        Ok(Changes {
            rows: RecordBatch::try_new(self.schema.clone(), columns)?,
            ops: changes
                .ops
                .as_ref()
                .map(|_| order.values().iter().map(op).collect()),
        })
    }

    fn collect(&mut self, changes: &Changes, out: &mut Out) -> Result<(), Fault> {
        let times = self.timed.times(&changes.rows)?;
        let Assigned::Session(collected) = &mut self.windows else {
            return Ok(());
        };
        let late = collected.add(changes, &times, self.timed.passed)?;
        self.timed.leave(&changes.rows, &late, out)
    }

    fn reach(&mut self, moment: Moment, out: &mut Out) -> Result<(), Fault> {
        if self.timed.reach(moment).is_none() {
            return Ok(());
        }
        let Assigned::Session(collected) = &mut self.windows else {
            return Ok(());
        };
        let mut emitter = Emitter::new(&self.schema, &self.timed.local, out);
        let ended = collected.sessions.ended(self.timed.passed);
        for (slot, session) in &ended {
            let rows = collected.take(*slot);
            let columns = collected.decode(rows.iter().map(|(_, row)| &**row))?;
            emitter.give(columns, &vec![session.span; rows.len()])?;
        }
        collected.sessions.remove(&ended);
        emitter.flush()
    }
}

impl Collected {
    fn new(input: &SchemaRef, keys: &[Expression], gap: i64) -> Result<Self, Fault> {
        let types = keys.iter().map(|key| key.data_type(input));
        let types = types.collect::<Result<Vec<_>, _>>()?;
        let fields = input
            .fields()
            .iter()
            .map(|field| SortField::new(field.data_type().clone()));
        Ok(Self {
            keys: keys.to_vec(),
            sessions: Sessions::new(gap, Groups::new(&types)?),
            converter: RowConverter::new(fields.collect())?,
            rows: Vec::new(),
            bytes: 0,
            arrived: 0,
        })
    }

    /// Takes rows; the numbers of those that are late.
    fn add(
        &mut self,
        changes: &Changes,
        times: &[Option<i64>],
        passed: i64,
    ) -> Result<Vec<u32>, Fault> {
        if changes.ops.is_some() {
            return Err(Fault::Unsupported(
                "a session of rows that are taken back".to_owned(),
            ));
        }
        let keys = columns(&self.keys, &changes.rows)?;
        let placed = self.sessions.place(&keys, times, passed)?;
        self.rows.resize_with(self.sessions.bound(), Vec::new);
        for (from, into) in &placed.moves {
            let moved = self
                .rows
                .get_mut(*from as usize)
                .map(std::mem::take)
                .unwrap_or_default();
            if let Some(rows) = self.rows.get_mut(*into as usize) {
                rows.extend(moved);
                rows.sort_by_key(|(arrival, _)| *arrival);
            }
        }
        let encoded = self.converter.convert_columns(changes.rows.columns())?;
        for (row, slot) in placed.rows.iter().zip(&placed.slots) {
            let own = encoded.row(*row as usize);
            if let Some(rows) = self.rows.get_mut(*slot as usize) {
                rows.push((self.arrived + u64::from(*row), own.data().into()));
                self.bytes += own.data().len() + size_of::<(u64, Box<[u8]>)>();
            }
        }
        self.arrived += u64::try_from(times.len()).unwrap_or_default();
        self.sessions
            .free(placed.moves.iter().map(|(from, _)| *from));
        Ok(placed.late)
    }

    fn take(&mut self, slot: u32) -> Vec<(u64, Box<[u8]>)> {
        let rows = self
            .rows
            .get_mut(slot as usize)
            .map(std::mem::take)
            .unwrap_or_default();
        let size = |(_, row): &(u64, Box<[u8]>)| row.len() + size_of::<(u64, Box<[u8]>)>();
        self.bytes -= rows.iter().map(size).sum::<usize>();
        rows
    }

    fn decode<'a>(&self, rows: impl Iterator<Item = &'a [u8]>) -> Result<Vec<ArrayRef>, Fault> {
        let parser = self.converter.parser();
        let rows: Vec<_> = rows.collect();
        Ok(self
            .converter
            .convert_rows(rows.iter().map(|row| parser.parse(row)))?)
    }

    fn state(&self, state: &mut State) -> Result<(), Fault> {
        let slots = self.sessions.state(state)?;
        let (mut numbers, mut arrivals, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for (number, slot) in (0..).zip(slots) {
            for (arrival, row) in self.rows.get(slot as usize).into_iter().flatten() {
                numbers.push(number);
                arrivals.push(arrival.cast_signed());
                all.push(&**row);
            }
        }
        state.put_numbers("places", &[&numbers, &arrivals])?;
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        state.put("rows", rows_of(self.decode(all.into_iter())?)?);
        Ok(())
    }

    fn restore(&mut self, state: &mut State) -> Result<(), Fault> {
        let open = self.sessions.restore(state)?;
        self.rows.resize_with(open, Vec::new);
        let [numbers, arrivals] = state.take_numbers("places")?;
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        let encoded = self
            .converter
            .convert_columns(state.take("rows")?.columns())?;
        for ((number, arrival), row) in numbers.into_iter().zip(arrivals).zip(&encoded) {
            let rows = usize::try_from(number)
                .ok()
                .and_then(|number| self.rows.get_mut(number));
            if let Some(rows) = rows {
                rows.push((arrival.cast_unsigned(), row.data().into()));
                self.bytes += row.data().len() + size_of::<(u64, Box<[u8]>)>();
            }
        }
        Ok(())
    }
}

impl Operator for Assign {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        if let Assigned::Aligned(windows) = self.windows {
            out.changes.push(self.assign(windows, &changes)?);
            return Ok(());
        }
        self.collect(&changes, out)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        self.reach(Moment::Event(watermark), out)
    }

    fn tick(&mut self, now: i64, out: &mut Out) -> Result<(), Fault> {
        self.reach(Moment::Clock(now), out)
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_one("time", self.timed.memory())?;
        if let Assigned::Session(collected) = &self.windows {
            collected.state(&mut state)?;
        }
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.timed.remember(state.take_one("time")?);
        match &mut self.windows {
            Assigned::Aligned(_) => Ok(()),
            Assigned::Session(collected) => collected.restore(&mut state),
        }
    }

    fn state_bytes(&self) -> usize {
        match &self.windows {
            Assigned::Aligned(_) => 0,
            Assigned::Session(collected) => collected.sessions.bytes() + collected.bytes,
        }
    }

    fn counts(&self) -> Counts {
        self.timed.counts()
    }
}
