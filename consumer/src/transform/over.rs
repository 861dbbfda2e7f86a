//! Aggregates over all rows of a key up to each. By event time, rows wait until the watermark has
//! passed them and then count in the order of their times; one that comes behind it is late. By
//! processing time they count as they come.
//!
//! Where keys are forgotten for which no row was computed for so long, one that comes again begins anew.

use std::{collections::HashMap, time::Duration};

use arrow::{
    array::UInt32Array,
    compute::{concat_batches, take, take_record_batch},
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};

use super::{
    aggregate::{Program, Table, VALUES},
    changes::Changes,
    error::Fault,
    expiry::{self, Expiry},
    operator::{Counts, Operator, Origin, Out},
    state::State,
    window::{Moment, Timed},
};
use crate::plan::Time;

#[derive(Debug)]
pub(super) struct Over {
    schema: SchemaRef,
    input: SchemaRef,
    program: Program,
    table: Table,
    time: Time,
    is_range: bool,
    timed: Timed,
    waiting: Vec<Run>,
    arrived: u64,
    expiry: Option<Expiry>,
}

/// Rows that wait, by their times.
#[derive(Debug)]
struct Run {
    times: Vec<i64>,
    rows: RecordBatch,
}

impl Run {
    /// Sorts rows by their times; those of one moment stay in order.
    fn new(rows: &RecordBatch, times: impl Iterator<Item = i64>) -> Result<Self, Fault> {
        let mut order: Vec<_> = times.zip(0_u32..).collect();
        let is_sorted = order.is_sorted();
        order.sort_by_key(|(time, _)| *time);
        let (times, order): (Vec<_>, Vec<_>) = order.into_iter().unzip();
        let rows = match is_sorted {
            true => rows.clone(),
            false => take_record_batch(rows, &UInt32Array::from(order))?,
        };
        Ok(Self { times, rows })
    }

    /// Splits those off whose times have passed.
    fn split(&mut self, passed: i64) -> Option<Self> {
        let due = self.times.partition_point(|time| *time <= passed);
        let rest = self.times.split_off(due);
        let times = std::mem::replace(&mut self.times, rest);
        let rows = self.rows.slice(0, due);
        self.rows = self.rows.slice(due, self.times.len());
        (due > 0).then_some(Self { times, rows })
    }
}

impl Over {
    pub(super) fn new(
        schema: SchemaRef,
        input: SchemaRef,
        program: Program,
        over: &plan::Over,
        (keeps_late, state_ttl): (bool, Option<Duration>),
    ) -> Result<Self, Fault> {
        if program.retracts {
            return Err(Fault::Unsupported(
                "OVER on rows that are taken back".to_owned(),
            ));
        }
        let table = Table::new(&program)?;
        Ok(Self {
            schema,
            input,
            program,
            table,
            time: over.time,
            is_range: over.is_range,
            timed: Timed::new(over.time, None, keeps_late),
            waiting: Vec::new(),
            arrived: 0,
            expiry: state_ttl.map(Expiry::new),
        })
    }

    /// Computes rows in the order in which they are.
    fn compute(&mut self, rows: &RecordBatch, peers: Option<&[i64]>) -> Result<RecordBatch, Fault> {
        let columns = self
            .program
            .columns(&Changes::inserts(rows.clone()), self.arrived)?;
        self.arrived += u64::try_from(columns.rows).unwrap_or_default();
        let groups = self.table.find(&columns)?.to_vec();
        self.write(&groups);
        let last = peers.map(|times| last_peers(&groups, times));
        let mut all = rows.columns().to_vec();
        for values in self.table.update_each(&columns)? {
            all.push(match &last {
                Some(last) => take(&values, last, None)?,
                None => values,
            });
        }
        Ok(RecordBatch::try_new(self.schema.clone(), all)?)
    }

    /// These groups are written now; those among them that have ended are new.
    fn write(&mut self, groups: &[u32]) {
        let Some(expiry) = &mut self.expiry else {
            return;
        };
        for group in groups {
            if expiry.end(*group) {
                self.table.clear(&[*group]);
            }
            expiry.write(*group);
        }
    }

    /// Forgets some of the groups that have ended, and some of what those knew that are gone.
    fn sweep(&mut self, most: usize) -> Result<(), Fault> {
        self.table.sweep(most * VALUES);
        let Some(expiry) = &mut self.expiry else {
            return Ok(());
        };
        let ended = expiry.sweep(most);
        self.table.remove(&ended);
        if Expiry::are_sparse(&[expiry]) && self.table.is_swept() {
            let groups = self.table.numbers();
            let groups: Vec<_> = groups
                .into_iter()
                .filter(|group| expiry.knows(*group))
                .collect();
            let mut state = State::default();
            expiry.state("groups", &groups, &mut state)?;
            let known = self.table.state(&groups)?;
            self.table = Table::new(&self.program)?;
            self.table.restore(&known)?;
            *expiry = expiry.anew();
            expiry.restore("groups", &self.table.numbers(), &mut state)?;
        }
        Ok(())
    }

    fn wait(&mut self, rows: &RecordBatch, out: &mut Out) -> Result<(), Fault> {
        let times = self.timed.times(rows)?;
        let (mut kept, mut late, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for (row, time) in (0_u32..).zip(times) {
            match time {
                Some(time) if time <= self.timed.passed => late.push(row),
                Some(time) => {
                    kept.push(row);
                    known.push(time);
                }
                None => {}
            }
        }
        self.timed.leave(rows, &late, out)?;
        if !kept.is_empty() {
            let rows = take_record_batch(rows, &UInt32Array::from(kept))?;
            self.waiting.push(Run::new(&rows, known.into_iter())?);
        }
        Ok(())
    }

    /// Gives out all rows that wait for no other.
    fn give(&mut self, out: &mut Out) -> Result<(), Fault> {
        let passed = self.timed.passed;
        let due: Vec<_> = self
            .waiting
            .iter_mut()
            .filter_map(|run| run.split(passed))
            .collect();
        self.waiting.retain(|run| !run.times.is_empty());
        if due.is_empty() {
            return Ok(());
        }
        let rows = concat_batches(&self.input, due.iter().map(|run| &run.rows))?;
        let due = Run::new(&rows, due.iter().flat_map(|run| run.times.iter().copied()))?;
        let rows = self.compute(&due.rows, self.is_range.then_some(&due.times))?;
        out.changes.push(Changes::inserts(rows));
        Ok(())
    }
}

/// For each row the last one of its group and time.
fn last_peers(groups: &[u32], times: &[i64]) -> UInt32Array {
    let mut last = HashMap::new();
    let rows = || (0_u32..).zip(groups.iter().zip(times));
    for (row, peer) in rows() {
        last.insert(peer, row);
    }
    rows()
        .map(|(row, peer)| last.get(&peer).copied().unwrap_or(row))
        .collect()
}

impl Operator for Over {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        if self.time == Time::Processing {
            let rows = self.compute(&changes.rows, None)?;
            out.changes.push(Changes::inserts(rows));
            return self.sweep(changes.rows.num_rows() * 2);
        }
        self.wait(&changes.rows, out)
    }

    fn tick(&mut self, now: i64, _: &mut Out) -> Result<(), Fault> {
        if let Some(expiry) = &mut self.expiry {
            expiry.tick(now);
        }
        self.sweep(expiry::TICK)
    }

    fn advance(&mut self, watermark: i64, out: &mut Out) -> Result<(), Fault> {
        if self.timed.reach(Moment::Event(watermark)).is_some() {
            self.give(out)?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        state.put_one("time", self.timed.memory())?;
        state.put_one("arrived", [self.arrived.cast_signed()])?;
        let mut groups = self.table.numbers();
        if let Some(expiry) = &self.expiry {
            groups.retain(|group| expiry.knows(*group));
            expiry.state("groups", &groups, &mut state)?;
        }
        state.put("groups", self.table.state(&groups)?);
        let waiting = self.waiting.iter().map(|run| &run.rows);
        state.put("waiting", concat_batches(&self.input, waiting)?);
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.timed.remember(state.take_one("time")?);
        let [arrived] = state.take_one("arrived")?;
        self.arrived = arrived.cast_unsigned();
        self.table.restore(&state.take("groups")?)?;
        if let Some(expiry) = &mut self.expiry {
            expiry.restore("groups", &self.table.numbers(), &mut state)?;
        }
        let waiting = state.take("waiting")?;
        let times = self.timed.times(&waiting)?.into_iter().flatten();
        self.waiting.push(Run::new(&waiting, times)?);
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        let waiting = self
            .waiting
            .iter()
            .map(|run| run.rows.get_array_memory_size());
        self.table.bytes() + waiting.sum::<usize>() + self.expiry.as_ref().map_or(0, Expiry::bytes)
    }

    fn counts(&self) -> Counts {
        let timed = self.timed.counts();
        Counts {
            late: timed.late,
            untimed: timed.untimed,
            ..self.expiry.as_ref().map(Expiry::counts).unwrap_or_default()
        }
    }
}
