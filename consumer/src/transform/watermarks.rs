//! How far event time has come: of a partition, the greatest its watermark ever was; of all, the least
//! of those that are neither idle nor at their end. It only rises.

use std::collections::BTreeMap;

use arrow::{
    array::{Array, AsArray, BooleanArray},
    compute::{filter_record_batch, max},
    datatypes::TimestampMillisecondType,
    record_batch::RecordBatch,
};

use super::{
    changes::Changes,
    error::Fault,
    expression::column,
    operator::{BEGINNING, END, Event, Operator, Origin, Out, Progress},
    state::State,
};
use crate::plan::{Expression, StepId};

/// Times beyond this are no times, and do not move a watermark.
const TIME_MAX_MS: i64 = 8_000_000_000_000_000;

#[derive(Debug)]
pub(super) struct Watermarks {
    /// The column that is the time of a row.
    time: usize,
    watermark: Expression,
    partitions: Partitions,
}

/// Partitions, each with how far it is.
#[derive(Debug, Default)]
pub(super) struct Partitions {
    each: BTreeMap<Origin, Partition>,
    reached: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Partition {
    watermark: i64,
    is_idle: bool,
    has_ended: bool,
}

impl Partitions {
    /// Raises the watermark of a partition.
    pub(super) fn raise(&mut self, of: Origin, watermark: i64) {
        let partition = self.partition(of);
        partition.watermark = partition.watermark.max(watermark);
        partition.is_idle = false;
        self.settle();
    }

    /// Takes note of what happens to a partition.
    pub(super) fn hear(&mut self, of: Origin, event: Event) {
        let partition = self.partition(of);
        match event {
            Event::Open | Event::Proved => {}
            Event::Idle(is_idle) => partition.is_idle = is_idle,
            Event::End => partition.has_ended = true,
        }
        self.settle();
    }

    fn partition(&mut self, of: Origin) -> &mut Partition {
        let new = Partition {
            watermark: BEGINNING,
            is_idle: false,
            has_ended: false,
        };
        self.each.entry(of).or_insert(new)
    }

    fn settle(&mut self) {
        let now = least(
            self.each
                .values()
                .filter(|one| !one.has_ended)
                .map(|one| Progress {
                    watermark: one.watermark,
                    is_idle: one.is_idle,
                }),
        );
        let now = if self.each.is_empty() {
            BEGINNING
        } else {
            now.watermark
        };
        self.reached = Some(self.reached.unwrap_or(BEGINNING).max(now));
    }

    /// How far all are.
    pub(super) fn progress(&self) -> Progress {
        let open = || self.each.values().filter(|one| !one.has_ended);
        let is_idle = open().next().is_some() && open().all(|one| one.is_idle);
        Progress {
            watermark: self.reached.unwrap_or(BEGINNING),
            is_idle,
        }
    }

    /// All there is to know, as columns of whole numbers.
    pub(super) fn state(&self, state: &mut State) -> Result<(), Fault> {
        let number = |number: usize| i64::try_from(number).unwrap_or_default();
        let column = |of: &dyn Fn(&Origin, &Partition) -> i64| -> Vec<i64> {
            self.each
                .iter()
                .map(|(origin, one)| of(origin, one))
                .collect()
        };
        let columns = [
            column(&|origin, _| number(origin.port.0)),
            column(&|origin, _| number(origin.partition)),
            column(&|_, one| one.watermark),
            column(&|_, one| i64::from(one.is_idle)),
            column(&|_, one| i64::from(one.has_ended)),
        ];
        state.put_numbers("partitions", &columns.each_ref().map(Vec::as_slice))?;
        state.put_one("reached", [self.progress().watermark])
    }

    /// The way back.
    pub(super) fn restore(&mut self, state: &mut State) -> Result<(), Fault> {
        let [ports, partitions, watermarks, idle, ended] = state.take_numbers("partitions")?;
        let number = |number: &i64| usize::try_from(*number).unwrap_or_default();
        let origins = ports
            .iter()
            .zip(&partitions)
            .map(|(port, partition)| Origin {
                port: StepId(number(port)),
                partition: number(partition),
            });
        for (((origin, watermark), idle), ended) in origins.zip(watermarks).zip(idle).zip(ended) {
            let one = Partition {
                watermark,
                is_idle: idle != 0,
                has_ended: ended != 0,
            };
            self.each.insert(origin, one);
        }
        let [reached] = state.take_one("reached")?;
        self.reached = Some(reached);
        Ok(())
    }
}

/// How far event time is behind several inputs: the least of those that are not idle; where all are,
/// the greatest. Where there are none, it is at its end.
pub(crate) fn least(inputs: impl Iterator<Item = Progress> + Clone) -> Progress {
    let busy = inputs
        .clone()
        .filter(|input| !input.is_idle)
        .map(|input| input.watermark)
        .min();
    let idle = inputs.map(|input| input.watermark).max();
    Progress {
        watermark: busy.or(idle).unwrap_or(END),
        is_idle: busy.is_none() && idle.is_some(),
    }
}

impl Watermarks {
    pub(super) fn new(time: usize, watermark: Expression) -> Self {
        let partitions = Partitions::default();
        Self {
            time,
            watermark,
            partitions,
        }
    }
}

/// The greatest watermark among rows.
pub(super) fn greatest(
    time: usize,
    watermark: &Expression,
    rows: &RecordBatch,
) -> Result<Option<i64>, Fault> {
    let watermarks = column(watermark, &timed(time, rows)?)?;
    let Some(watermarks) = watermarks.as_primitive_opt::<TimestampMillisecondType>() else {
        let found = watermarks.data_type();
        return Err(Fault::Unsupported(format!("a watermark of type {found}")));
    };
    Ok(max(watermarks))
}

/// The rows whose times are times: what is far from now must not move the watermark, nor fail.
fn timed(time: usize, rows: &RecordBatch) -> Result<RecordBatch, Fault> {
    let times = rows.columns().get(time);
    let times = times.and_then(|times| times.as_primitive_opt::<TimestampMillisecondType>());
    let Some(times) = times else {
        return Err(Fault::Unsupported(
            "a time that is no TIMESTAMP(3)".to_owned(),
        ));
    };
    let is_time = |time: &i64| (-TIME_MAX_MS..=TIME_MAX_MS).contains(time);
    if times.values().iter().all(is_time) {
        return Ok(rows.clone());
    }
    let kept: BooleanArray = times
        .iter()
        .map(|time| time.as_ref().map(is_time))
        .collect();
    Ok(filter_record_batch(rows, &kept)?)
}

impl Operator for Watermarks {
    fn push(&mut self, from: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let greatest = greatest(self.time, &self.watermark, &changes.rows)?;
        self.partitions.raise(from, greatest.unwrap_or(BEGINNING));
        out.changes.push(changes);
        Ok(())
    }

    fn hear(&mut self, of: Origin, event: Event) {
        self.partitions.hear(of, event);
    }

    fn progress(&self, _: Progress) -> Progress {
        self.partitions.progress()
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut state = State::default();
        self.partitions.state(&mut state)?;
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        self.partitions.restore(&mut state)
    }
}
