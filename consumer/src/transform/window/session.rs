//! SESSION with aggregates: each open session has a slot in every accumulator.

use arrow::{array::UInt32Array, datatypes::SchemaRef};

use super::{
    aligned::length,
    emit::{Emitter, ROWS_MAX, joined},
    sessions::{Placed, Sessions},
    timed::{Moment, Timed},
};
use crate::transform::{
    aggregate::{Accumulators, Columns, Program, VALUES},
    changes::Changes,
    error::Fault,
    expiry,
    group::Groups,
    operator::{Counts, Operator, Origin, Out},
    state::{State, rows_of},
};

#[derive(Debug)]
pub(in crate::transform) struct SessionWindowed {
    schema: SchemaRef,
    program: Program,
    timed: Timed,
    sessions: Sessions,
    accumulators: Accumulators,
    arrived: u64,
}

impl SessionWindowed {
    pub(in crate::transform) fn new(
        schema: SchemaRef,
        program: Program,
        gap: std::time::Duration,
        timed: Timed,
    ) -> Result<Self, Fault> {
        if program.retracts {
            return Err(Fault::Unsupported(
                "a session of rows that are taken back".to_owned(),
            ));
        }
        Ok(Self {
            schema,
            timed,
            sessions: Sessions::new(length(gap)?, Groups::new(&program.key_types)?),
            accumulators: Accumulators::new(&program)?,
            program,
            arrived: 0,
        })
    }

    fn add(&mut self, placed: &Placed, columns: Columns) -> Result<(), Fault> {
        self.accumulators.grow(self.sessions.bound());
        for (from, into) in &placed.moves {
            let state = self.accumulators.state(&[*from])?;
            self.accumulators.merge(&[*into], &state)?;
            self.accumulators.clear(&[*from]);
        }
        let columns = match placed.rows.len() == columns.rows {
            true => columns,
            false => columns.take(&UInt32Array::from(placed.rows.clone()))?,
        };
        self.accumulators.update(&columns, &placed.slots)?;
        self.accumulators.sweep(columns.rows * VALUES);
        self.sessions
            .free(placed.moves.iter().map(|(from, _)| *from));
        Ok(())
    }

    fn reach(&mut self, moment: Moment, out: &mut Out) -> Result<(), Fault> {
        if self.timed.reach(moment).is_none() {
            return Ok(());
        }
        let ended = self.sessions.ended(self.timed.passed);
        let mut emitter = Emitter::new(&self.schema, &self.timed.local, out);
        for part in ended.chunks(ROWS_MAX) {
            let groups: Vec<_> = part.iter().map(|(_, session)| session.group).collect();
            let slots: Vec<_> = part.iter().map(|(slot, _)| *slot).collect();
            let spans: Vec<_> = part.iter().map(|(_, session)| session.span).collect();
            let values = self.accumulators.values(&slots)?;
            emitter.give(joined(self.sessions.keys(&groups)?, values), &spans)?;
            self.accumulators.clear(&slots);
        }
        emitter.flush()?;
        self.sessions.remove(&ended);
        Ok(())
    }
}

impl Operator for SessionWindowed {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let columns = self.program.columns(&changes, self.arrived)?;
        let times = self.timed.times(&changes.rows)?;
        self.arrived += u64::try_from(columns.rows).unwrap_or_default();
        let placed = self
            .sessions
            .place(&columns.keys, &times, self.timed.passed)?;
        self.timed.leave(&changes.rows, &placed.late, out)?;
        self.add(&placed, columns)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        self.accumulators.sweep(expiry::TICK * VALUES);
        self.reach(Moment::Event(watermark), out)
    }

    fn tick(&mut self, now: i64, out: &mut Out) -> Result<(), Fault> {
        self.accumulators.sweep(expiry::TICK * VALUES);
        self.reach(Moment::Clock(now), out)
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_one("time", self.timed.memory())?;
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        let slots = self.sessions.state(&mut state)?;
        state.put("aggregates", rows_of(self.accumulators.state(&slots)?)?);
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.timed.remember(state.take_one("time")?);
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        let open = self.sessions.restore(&mut state)?;
        let slots: Vec<_> = (0_u32..).take(open).collect();
        let known = state.take("aggregates")?;
        self.accumulators.grow(open);
        self.accumulators.merge(&slots, known.columns())
    }

    fn state_bytes(&self) -> usize {
        self.sessions.bytes() + self.accumulators.bytes()
    }

    fn counts(&self) -> Counts {
        self.timed.counts()
    }
}
