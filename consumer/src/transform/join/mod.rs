//! Joins: each row of one input beside each row of the other that it belongs to, as a changelog.
//!
//! The rows of both inputs are kept in lists by group of equal keys, and a group has one number in
//! both, so what a row belongs to is one look at memory. A row that is to be given beside nulls as
//! long as it belongs to none, or given because it belongs to some, knows to how many it does.
//!
//! Where rows belong together within a time only, of a window or of each other, they are forgotten
//! when event time has passed it, and one that has found no other is told then, once.

mod batch;
mod known;
mod side;
mod told;

use arrow::{
    array::{Array, ArrayRef},
    compute::filter_record_batch,
    datatypes::{Schema, SchemaRef},
    record_batch::RecordBatch,
};

pub(super) use self::batch::until_of;
use self::{
    batch::{Batch, Row},
    side::{NONE, NULLS, New, Side},
    told::{Told, rows_of},
};
use super::{
    build::Source,
    changes::{Changes, Op},
    error::Fault,
    expression::columns,
    group::Groups,
    operator::{BEGINNING, Counts, Operator, Origin, Out},
    state::State,
};
use crate::plan::{self, Both, Changelog, Input, JoinKind, Until};

/// So many rows are given together, or as many as one row makes.
const ROWS_MAX: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Join {
    schema: SchemaRef,
    /// The columns of both inputs.
    pair: SchemaRef,
    plan: plan::Join,
    groups: Groups,
    sides: Both<Side>,
    watermark: i64,
    late: u64,
}

impl Join {
    pub(super) fn new(
        schema: SchemaRef,
        plan: &plan::Join,
        [first, second]: [&Source; 2],
    ) -> Result<Self, Fault> {
        let retracts = |source: &Source| source.changelog == Changelog::Retract;
        if plan.until.is_some() && (retracts(first) || retracts(second)) {
            let what = "a join by time of rows that are taken back";
            return Err(Fault::Unsupported(what.to_owned()));
        }
        let fields = first.schema.fields().iter().chain(second.schema.fields());
        let keys = plan.keys.first.iter();
        let types = keys.map(|key| Ok(key.data_type(&first.schema)?));
        Ok(Self {
            schema,
            pair: Schema::new(fields.cloned().collect::<Vec<_>>()).into(),
            groups: Groups::new(&types.collect::<Result<Vec<_>, Fault>>()?)?,
            sides: Both {
                first: Side::new(&first.schema, retracts(first))?,
                second: Side::new(&second.schema, retracts(second))?,
            },
            plan: plan.clone(),
            watermark: BEGINNING,
            late: 0,
        })
    }

    fn take(&mut self, input: Input, changes: &Changes, out: &mut Out) -> Result<(), Fault> {
        let until = self.plan.until.as_ref().map(|until| *until.of(input));
        let in_time = until.filter(|until| until.drops_late);
        let in_time = in_time.map(|until| self.in_time(until, changes));
        let in_time = in_time.transpose()?;
        let changes = in_time.as_ref().unwrap_or(changes);
        let (batch, mut found) = self.batch(input, changes)?;
        let matches = self.give(&batch, out)?;
        self.keep(&batch, &matches)?;
        self.forget(&mut found);
        Ok(())
    }

    /// The rows whose time has not passed.
    fn in_time(&mut self, until: Until, changes: &Changes) -> Result<Changes, Fault> {
        let until = until_of(&until, &changes.rows)?;
        let is_in_time = until.iter().map(|until| Some(*until > self.watermark));
        let rows = filter_record_batch(&changes.rows, &is_in_time.collect())?;
        let late = changes.rows.num_rows() - rows.num_rows();
        self.late += u64::try_from(late).unwrap_or_default();
        Ok(Changes::inserts(rows))
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
            for key in keys.iter().filter(|key| key.null_count() > 0) {
                let nulls = groups.iter_mut().enumerate();
                nulls.for_each(|(row, group)| {
                    if key.is_null(row) {
                        *group = NONE;
                    }
                });
            }
        }
        let until = self.plan.until.as_ref();
        let until = until.map(|until| until_of(until.of(input), rows));
        let batch = Batch {
            input,
            changes,
            groups,
            until: until.transpose()?,
        };
        Ok((batch, found))
    }

    /// Tells what comes of rows; to how many of the other input each belongs.
    fn give(&mut self, batch: &Batch<'_>, out: &mut Out) -> Result<Vec<u32>, Fault> {
        let columns = batch.changes.rows.columns();
        let (mut matches, mut told) = (Vec::with_capacity(batch.groups.len()), Told::default());
        while matches.len() < batch.groups.len() {
            let other = self.sides.of(batch.input.other());
            let (mut pairs, end) = batch.pairs(matches.len(), other);
            if let Some(filter) = &self.plan.filter {
                pairs = batch.filtered(pairs, other, (filter, &self.pair))?;
            }
            let mut rest = pairs.kept.as_slice();
            let mut owns = pairs.own.iter().peekable();
            for number in (0_u32..).take(end).skip(matches.len()) {
                let mut count = 0;
                while owns.next_if(|own| **own == number).is_some() {
                    count += 1;
                }
                let (kept, behind) = rest.split_at_checked(count).unwrap_or_default();
                rest = behind;
                matches.push(u32::try_from(count).unwrap_or(u32::MAX));
                let row = Row {
                    number,
                    op: batch.changes.op(number as usize),
                    stays: batch.stays(number as usize, self.watermark),
                };
                self.tell(batch.input, row, kept, &mut told);
                if told.len() >= ROWS_MAX {
                    let told = std::mem::take(&mut told);
                    out.changes.push(self.rows(batch.input, columns, told)?);
                }
            }
        }
        if told.len() > 0 {
            out.changes.push(self.rows(batch.input, columns, told)?);
        }
        Ok(matches)
    }

    fn rows(&self, input: Input, columns: &[ArrayRef], told: Told) -> Result<Changes, Fault> {
        let other = self.sides.of(input.other());
        told.changes(&self.schema, (input, columns), other)
    }

    /// Tells what comes of a row that belongs to these.
    fn tell(&mut self, input: Input, row: Row, kept: &[u32], told: &mut Told) {
        let kind = self.plan.kind;
        // What waits for its time to pass is told then.
        let is_at_once = self.plan.until.is_none();
        let own = Some(row.number);
        match (kind, input) {
            (JoinKind::Semi, Input::First) if kept.is_empty() => {}
            (JoinKind::Semi, Input::First) => told.tell(own, None, row.op),
            (JoinKind::Anti, Input::First) => {
                if kept.is_empty() && (is_at_once || !row.stays) {
                    told.tell(own, None, row.op);
                }
            }
            (JoinKind::Semi | JoinKind::Anti, Input::Second) => {
                let is_told = kind == JoinKind::Semi || is_at_once;
                for kept in kept {
                    if self.turns(Input::First, *kept, row.op) && is_told {
                        let is_new = row.op.adds() == (kind == JoinKind::Semi);
                        told.tell(
                            None,
                            Some(*kept),
                            if is_new { Op::Insert } else { Op::Delete },
                        );
                    }
                }
            }
            _ => {
                if kept.is_empty() && kind.gives_alone(input) && (is_at_once || !row.stays) {
                    told.tell(own, None, row.op);
                }
                let counts = kind.gives_alone(input.other());
                for kept in kept {
                    let turns = counts && self.turns(input.other(), *kept, row.op) && is_at_once;
                    if turns && row.op.adds() {
                        told.tell(None, Some(*kept), Op::Delete);
                    }
                    told.tell(own, Some(*kept), row.op);
                    if turns && !row.op.adds() {
                        told.tell(None, Some(*kept), Op::Insert);
                    }
                }
            }
        }
    }

    /// Counts a row more, or less, to which a kept one belongs; whether it had none, or has none now.
    fn turns(&mut self, input: Input, kept: u32, op: Op) -> bool {
        let (before, now) = self.sides.of_mut(input).matched(kept, op.adds());
        (before == 0) != (now == 0)
    }

    /// Remembers rows, and forgets those that are taken back.
    fn keep(&mut self, batch: &Batch<'_>, matches: &[u32]) -> Result<(), Fault> {
        let side = self.sides.of_mut(batch.input);
        let rows = side.encoded(batch.changes.rows.columns())?;
        for (number, (row, (group, matches))) in rows
            .iter()
            .zip(batch.groups.iter().zip(matches))
            .enumerate()
        {
            if !batch.stays(number, self.watermark) {
                continue;
            }
            if batch.changes.op(number).adds() {
                side.insert(New {
                    row: row.data(),
                    group: *group,
                    matches: *matches,
                    until: batch.until(number),
                })?;
            } else {
                side.take_back(row.data(), *group);
            }
        }
        Ok(())
    }

    /// Forgets the groups among `found` that have no rows.
    fn forget(&mut self, found: &mut Vec<u32>) {
        let Both { first, second } = &self.sides;
        found.retain(|group| !first.has_rows(*group) && !second.has_rows(*group));
        found.sort_unstable();
        found.dedup();
        self.groups.remove(found);
    }

    /// Forgets the rows of an input whose time has passed, and tells those that have found no other.
    fn expire(&mut self, input: Input, out: &mut Out) -> Result<(), Fault> {
        let kind = self.plan.kind;
        let is_told = kind.gives_alone(input) || (kind == JoinKind::Anti && input == Input::First);
        while let Some(due) = self.sides.of_mut(input).due(self.watermark) {
            let side = self.sides.of(input);
            let alone = due.iter().copied();
            let alone = alone.filter(|row| is_told && side.matches(*row) == 0);
            let alone: Vec<_> = alone.collect();
            if !alone.is_empty() {
                let nulls = vec![NULLS; alone.len()];
                let of = |of: Input| {
                    self.sides
                        .of(of)
                        .columns(if of == input { &alone } else { &nulls })
                };
                let both = [of(Input::First)?, of(Input::Second)?];
                let ops = vec![Op::Insert; alone.len()];
                out.changes.push(rows_of(&self.schema, both, ops)?);
            }
            let side = self.sides.of_mut(input);
            let mut groups: Vec<_> = due.into_iter().map(|row| side.remove(row)).collect();
            self.forget(&mut groups);
        }
        Ok(())
    }

    /// Takes rows that were remembered.
    fn remember(&mut self, input: Input, rows: RecordBatch, matches: &[i64]) -> Result<(), Fault> {
        let changes = Changes::inserts(rows);
        let (batch, _) = self.batch(input, &changes)?;
        let matches = matches
            .iter()
            .map(|count| u32::try_from(*count).unwrap_or_default());
        self.keep(&batch, &matches.collect::<Vec<_>>())
    }
}

impl Operator for Join {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        self.take(Input::First, &changes, out)
    }

    fn push_second(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        self.take(Input::Second, &changes, out)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        self.watermark = self.watermark.max(watermark);
        self.expire(Input::First, out)?;
        self.expire(Input::Second, out)
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_numbers("counts", &[&[self.watermark], &[self.late.cast_signed()]])?;
        for (input, [rows, matches]) in PARTS {
            let side = self.sides.of(input);
            state.put(rows, side.all()?);
            let counts = side.numbers().into_iter();
            let counts: Vec<_> = counts.map(|row| side.matches(row).into()).collect();
            state.put_numbers(matches, &[&counts])?;
        }
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        for (input, [rows, matches]) in PARTS {
            let [counts] = state.take_numbers(matches)?;
            self.remember(input, state.take(rows)?, &counts)?;
        }
        let [watermark, late] = state.take_one("counts")?;
        (self.watermark, self.late) = (watermark, late.cast_unsigned());
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.groups.bytes() + self.sides.first.bytes() + self.sides.second.bytes()
    }

    fn counts(&self) -> Counts {
        Counts {
            late: self.late,
            untimed: 0,
        }
    }
}

/// The names of what is known of each input.
const PARTS: [(Input, [&str; 2]); 2] = [
    (Input::First, ["first", "first matches"]),
    (Input::Second, ["second", "second matches"]),
];
