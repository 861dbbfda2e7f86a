//! Joins: each row of one input beside each row of the other that it belongs to, as a changelog.
//!
//! The rows of both inputs are kept in lists by group of equal keys, and a group has one number in
//! both, so what a row belongs to is one look at memory. A row that is to be given beside nulls as
//! long as it belongs to none, or given because it belongs to some, knows to how many it does.
//!
//! Where rows belong together within a time only, of a window or of each other, they are forgotten
//! when event time has passed it, and one that has found no other is told then, once.
//!
//! Where rows are forgotten that are not written for so long, nothing is told of it: what was given
//! stays given. A row is written when it comes, and when to how many it belongs changes, where that is
//! counted; the count stays that of what was given, also beside rows that were forgotten since. So one
//! that is taken back takes back what was given of it and rows that are still known, and one that is
//! not known any more takes back nothing.

mod batch;
mod ended;
mod lookup;
mod side;
mod temporal;
mod told;
mod versions;

use std::time::Duration;

use arrow::{
    array::ArrayRef,
    datatypes::{DataType, Schema, SchemaRef},
    record_batch::RecordBatch,
};

use self::{
    batch::{Batch, Row, leave_out_nulls},
    side::{NONE, New, Side},
    told::Told,
};
pub(super) use self::{lookup::Lookup, temporal::Temporal};
use super::{
    build::Source,
    changes::Changes,
    error::Fault,
    expiry::{self, Expiry},
    expression::columns,
    group::Groups,
    operator::{BEGINNING, Counts, END, Operator, Origin, Out, Progress},
    state::State,
    until::Deadline,
};
use crate::plan::{self, Both, Changelog, Input};

/// So many rows are given together, or as many as one row makes.
const ROWS_MAX: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Join {
    schema: SchemaRef,
    /// The columns of both inputs.
    pair: SchemaRef,
    plan: plan::Join,
    key_types: Vec<DataType>,
    groups: Groups,
    sides: Both<Side>,
    /// Until when rows of each input may find others, where not for ever.
    deadlines: Option<Both<Deadline>>,
    expiry: Option<Both<Expiry>>,
}

impl Join {
    pub(super) fn new(
        schema: SchemaRef,
        plan: &plan::Join,
        [first, second]: [&Source; 2],
        state_ttl: Option<Duration>,
    ) -> Result<Self, Fault> {
        let retracts = |source: &Source| source.changelog == Changelog::Retract;
        if plan.until.is_some() && (retracts(first) || retracts(second)) {
            let what = "a join by time of rows that are taken back";
            return Err(Fault::Unsupported(what.to_owned()));
        }
        let fields = first.schema.fields().iter().chain(second.schema.fields());
        let keys = plan.keys.first.iter();
        let types = keys.map(|key| Ok(key.data_type(&first.schema)?));
        let key_types = types.collect::<Result<Vec<_>, Fault>>()?;
        Ok(Self {
            schema,
            pair: Schema::new(fields.cloned().collect::<Vec<_>>()).into(),
            groups: Groups::new(&key_types)?,
            key_types,
            sides: Both {
                first: Side::new(&first.schema, retracts(first))?,
                second: Side::new(&second.schema, retracts(second))?,
            },
            deadlines: plan.until.map(|until| Both {
                first: Deadline::new(until.first, first),
                second: Deadline::new(until.second, second),
            }),
            plan: plan.clone(),
            expiry: state_ttl.map(|kept_for| Both {
                first: Expiry::new(kept_for),
                second: Expiry::new(kept_for),
            }),
        })
    }

    /// How far event time is behind this step what it is before: a row is given as long as it may find
    /// others.
    fn delay(&self) -> i64 {
        match &self.plan.until {
            Some(until) if !until.first.drops_late => {
                until.first.plus.max(until.second.plus).max(0)
            }
            _ => 0,
        }
    }

    fn take(&mut self, input: Input, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let changes = match &mut self.deadlines {
            Some(deadlines) => deadlines.of_mut(input).in_time(changes, out)?,
            None => changes,
        };
        let (batch, mut found) = self.batch(input, &changes)?;
        self.give(&batch, out)?;
        self.forget(&mut found);
        self.sweep(changes.rows.num_rows() * 2)
    }

    /// Tells what comes of rows that are not kept.
    fn found_by(&mut self, input: Input, changes: &Changes, out: &mut Out) -> Result<(), Fault> {
        let (mut batch, mut found) = self.batch(input, changes)?;
        batch.is_kept = false;
        self.give(&batch, out)?;
        self.forget(&mut found);
        Ok(())
    }

    /// Up to when time has passed for the rows of an input.
    fn passed(&self, input: Input) -> i64 {
        let deadlines = self.deadlines.as_ref();
        deadlines.map_or(BEGINNING, |all| all.of(input).passed())
    }

    /// Rows with their groups, and all groups that were looked at.
    fn batch<'a>(
        &mut self,
        input: Input,
        changes: &'a Changes,
    ) -> Result<(Batch<'a>, Vec<u32>), Fault> {
        let rows = &changes.rows;
        let keys = columns(self.plan.keys.of(input), rows)?;
        let mut found = Vec::new();
        self.groups.intern(&keys, rows.num_rows(), &mut found)?;
        let bound = self.groups.bound();
        self.sides.first.grow(bound);
        self.sides.second.grow(bound);
        let mut groups = found.clone();
        if !self.plan.nulls_match {
            leave_out_nulls(&keys, &mut groups);
        }
        let until = self.deadlines.as_ref();
        let until = until.map(|until| until.of(input).of(rows));
        let batch = Batch {
            input,
            changes,
            groups,
            until: until.transpose()?,
            is_kept: true,
        };
        Ok((batch, found))
    }

    /// Tells what comes of rows, and remembers them.
    fn give(&mut self, batch: &Batch<'_>, out: &mut Out) -> Result<(), Fault> {
        let columns = batch.changes.rows.columns();
        let encoded = self.sides.of(batch.input).encoded(columns)?;
        let (mut begin, mut told) = (0, Told::default());
        while begin < batch.groups.len() {
            let other = batch.input.other();
            let expiry = self.expiry.as_ref().map(|both| both.of(other));
            let other = self.sides.of(other);
            let (mut pairs, end) = batch.pairs(begin, other, expiry);
            if let Some(filter) = &self.plan.filter {
                pairs = batch.filtered(pairs, other, (filter, &self.pair))?;
            }
            let mut rest = pairs.kept.as_slice();
            let mut owns = pairs.own.iter().peekable();
            for (number, row) in (0_u32..).zip(&encoded).take(end).skip(begin) {
                let mut count = 0;
                while owns.next_if(|own| **own == number).is_some() {
                    count += 1;
                }
                let (kept, behind) = rest.split_at_checked(count).unwrap_or_default();
                rest = behind;
                let matches = u32::try_from(count).unwrap_or(u32::MAX);
                let Some(row) = self.keep(batch, (number, row.data()), matches)? else {
                    continue;
                };
                self.tell(batch.input, row, kept, &mut told);
                if told.len() >= ROWS_MAX {
                    let told = std::mem::take(&mut told);
                    out.changes.push(self.rows(batch.input, columns, told)?);
                }
            }
            begin = end;
        }
        if told.len() > 0 {
            out.changes.push(self.rows(batch.input, columns, told)?);
        }
        Ok(())
    }

    fn rows(&self, input: Input, columns: &[ArrayRef], told: Told) -> Result<Changes, Fault> {
        let other = self.sides.of(input.other());
        told.changes(&self.schema, (input, columns), other)
    }

    /// Remembers a row that belongs to so many, or forgets that which it takes back; none where it
    /// takes back what is not known.
    fn keep(
        &mut self,
        batch: &Batch<'_>,
        (number, encoded): (u32, &[u8]),
        matches: u32,
    ) -> Result<Option<Row>, Fault> {
        let place = number as usize;
        let mut row = Row {
            number,
            op: batch.changes.op(place),
            stays: batch.stays(place, self.passed(batch.input)),
            is_alone: matches == 0,
        };
        let group = batch.groups.get(place).copied().unwrap_or(NONE);
        match (row.stays, row.op.adds()) {
            (true, true) => {
                let kept = self.sides.of_mut(batch.input).insert(New {
                    row: encoded,
                    group,
                    matches,
                    until: batch.until(place),
                })?;
                self.write(batch.input, kept);
            }
            (true, false) => match self.take_back(batch.input, encoded, group) {
                Some(matches) => row.is_alone = matches == 0,
                None => return Ok(None),
            },
            (false, _) => {}
        }
        Ok(Some(row))
    }

    /// Takes rows that were remembered.
    fn remember(&mut self, input: Input, rows: RecordBatch, matches: &[i64]) -> Result<(), Fault> {
        let changes = Changes::inserts(rows);
        let (batch, _) = self.batch(input, &changes)?;
        let encoded = self.sides.of(input).encoded(changes.rows.columns())?;
        for ((number, row), matches) in (0_u32..).zip(&encoded).zip(matches) {
            let matches = u32::try_from(*matches).unwrap_or_default();
            self.keep(&batch, (number, row.data()), matches)?;
        }
        Ok(())
    }
}

impl Operator for Join {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        self.take(Input::First, changes, out)
    }

    fn push_second(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        self.take(Input::Second, changes, out)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        let reached = watermark.saturating_add(self.delay());
        let Some(deadlines) = &mut self.deadlines else {
            return Ok(());
        };
        deadlines.first.reach(reached);
        deadlines.second.reach(reached);
        self.expire(Input::First, out)?;
        self.expire(Input::Second, out)
    }

    fn tick(&mut self, now: i64, _: &mut Out) -> Result<(), Fault> {
        if let Some(both) = &mut self.expiry {
            both.first.tick(now);
            both.second.tick(now);
        }
        self.sweep(expiry::TICK)
    }

    fn progress(&self, input: Progress) -> Progress {
        let watermark = match input.watermark {
            END => END,
            reached => reached.saturating_sub(self.delay()),
        };
        Progress { watermark, ..input }
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        if let Some(Both { first, second }) = &self.deadlines {
            let [first, second] = [first.memory(), second.memory()];
            state.put_numbers("deadlines", &[&first, &second])?;
        }
        for (input, [rows, matches]) in PARTS {
            let side = self.sides.of(input);
            let order = side.in_order();
            state.put(rows, side.batch(&order)?);
            let counts = order.iter().map(|row| i64::from(side.matches(*row)));
            state.put_numbers(matches, &[&counts.collect::<Vec<_>>()])?;
            if let Some(expiry) = &self.expiry {
                expiry.of(input).state(rows, &order, &mut state)?;
            }
        }
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        for (input, [rows, matches]) in PARTS {
            let [counts] = state.take_numbers(matches)?;
            self.remember(input, state.take(rows)?, &counts)?;
            if let Some(expiry) = &mut self.expiry {
                let numbers = self.sides.of(input).numbers();
                expiry.of_mut(input).restore(rows, &numbers, &mut state)?;
            }
        }
        if let Some(deadlines) = &mut self.deadlines {
            let both: [Vec<i64>; 2] = state.take_numbers("deadlines")?;
            for (input, memory) in [Input::First, Input::Second].into_iter().zip(both) {
                let memory = memory.try_into();
                let memory = memory.map_err(|_| Fault::State("deadlines".to_owned()))?;
                deadlines.of_mut(input).remember(memory);
            }
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let expiry = self.expiry.as_ref();
        self.groups.bytes()
            + self.sides.first.bytes()
            + self.sides.second.bytes()
            + expiry.map_or(0, |both| both.first.bytes() + both.second.bytes())
    }

    fn counts(&self) -> Counts {
        let expiry = self.expiry.as_ref();
        let [first, second] = expiry.map_or_else(Default::default, |both| {
            [both.first.counts(), both.second.counts()]
        });
        Counts {
            late: self
                .deadlines
                .as_ref()
                .map_or(0, |Both { first, second }| first.late() + second.late()),
            untimed: 0,
            expired: first.expired + second.expired,
            unknown: first.unknown + second.unknown,
        }
    }
}

/// The names of what is known of each input.
const PARTS: [(Input, [&str; 2]); 2] = [
    (Input::First, ["first", "first matches"]),
    (Input::Second, ["second", "second matches"]),
];
