//! Plans of several operators, done by three tasks side by side whose messages come in any order that
//! channels allow, into a sink that knows one row of each key: it is never told that a key has gone
//! behind a newer row of it, nor of a row that it does not have, and comes to what `DuckDB` answers.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray},
    datatypes::Int64Type,
};
use common::time::Clock;
use proptest::{prelude::*, sample::select, test_runner::TestCaseError};

use super::{
    exchange::split,
    stages::{Route, Stages},
};
use crate::{
    plan::{Changelog, Dataflow, Kind, Settings, StepId, plan},
    transform::{
        Budget, Changes, Op, Origin, Outputs, Settings as TaskSettings, Task,
        proof::{
            chance,
            changelogs::{Batch, Duck, Row, TABLES, batches, queries, rows_of, scans},
        },
    },
};

/// So many plans are tried.
const PLANS: u32 = 500;

/// So many tasks do each stage but the first.
const TASKS: usize = 3;

/// A task: its stage, and its number there.
type Place = (usize, usize);

/// From whom to whom; the sink is none.
type Way = (Place, Option<Place>);

/// Rows, with where they come from.
type Message = (Origin, Changes);

/// What is planted, and must be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Planted {
    Nothing,
    /// There is no step that keeps the rows of each key before the sink.
    NoMaterialize,
    /// Rows of a key of the sink do not meet in one task.
    NoExchange,
    /// A task loses its state when it is taken down.
    StateLost,
}

/// The tasks of a job, and what is on its way between them.
struct World<'a> {
    dataflow: &'a Dataflow,
    stages: Stages,
    tasks: Vec<Vec<Task>>,
    /// What one sends to another comes in its order.
    messages: BTreeMap<Way, VecDeque<Message>>,
    sink: BTreeMap<Vec<Option<i64>>, Row>,
    key: Vec<usize>,
    /// Whether rows are only ever added: then each replaces the one of its key.
    is_append: bool,
    random: fastrand::Rng,
}

impl<'a> World<'a> {
    fn new(dataflow: &'a Dataflow, key: &[usize], seed: u64, planted: Planted) -> Self {
        let mut stages = Stages::of(dataflow, true);
        if planted == Planted::NoExchange {
            let is_last =
                |step: &StepId| matches!(dataflow.steps[step.0].kind, Kind::Materialize(_));
            for stage in &mut stages.stages {
                if stage.steps.iter().any(is_last) {
                    stage
                        .inputs
                        .iter_mut()
                        .for_each(|(_, route)| *route = Route::Same);
                }
            }
        }
        let of_stage = |(at, stage): (usize, &super::stages::Stage)| {
            let tasks = if at == 0 { 1 } else { TASKS };
            (0..tasks).map(|_| task(dataflow, &stage.steps)).collect()
        };
        Self {
            dataflow,
            tasks: stages.stages.iter().enumerate().map(of_stage).collect(),
            stages,
            messages: BTreeMap::new(),
            sink: BTreeMap::new(),
            key: key.to_vec(),
            is_append: dataflow.steps.iter().all(|step| {
                !matches!(step.kind, Kind::Insert(_)) || step.changelog == Changelog::Append
            }),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    fn read(&mut self, table: &str, rows: &[Row]) {
        let scans: Vec<_> = scans(self.dataflow)
            .filter(|(_, name)| *name == table)
            .collect();
        for (scan, _) in scans {
            let chain = self
                .stages
                .chains
                .iter_mut()
                .find(|chain| chain.scan() == scan);
            let chain = chain.unwrap();
            let port = chain.end();
            let rows = chain
                .apply(rows_of(self.dataflow, scan, rows))
                .unwrap()
                .rows;
            let origin = Origin { port, partition: 0 };
            let is_read =
                |stage: &super::stages::Stage| stage.inputs.iter().any(|(from, _)| *from == port);
            if is_read(&self.stages.stages[0]) {
                let changes = Changes::inserts(rows.clone());
                self.push((0, 0), origin, changes);
            }
            self.send((0, 0), origin, &Changes::inserts(rows));
        }
    }

    /// A task takes rows, and gives what comes of them.
    fn push(&mut self, place: Place, from: Origin, changes: Changes) {
        let task = &mut self.tasks[place.0][place.1];
        let Outputs { changes, .. } = task.push_changes(from, changes).unwrap();
        for (port, changes) in changes {
            if let Kind::Insert(_) = self.dataflow.steps[port.0].kind {
                let partition = 0;
                let message = (Origin { port, partition }, changes);
                self.messages
                    .entry((place, None))
                    .or_default()
                    .push_back(message);
            } else {
                let partition = place.1;
                self.send(place, Origin { port, partition }, &changes);
            }
        }
    }

    /// To the tasks of all other stages that read from a step.
    fn send(&mut self, place: Place, origin: Origin, changes: &Changes) {
        for (at, stage) in self.stages.stages.iter().enumerate().skip(1) {
            let inputs = stage.inputs.iter().filter(|(from, _)| *from == origin.port);
            for (_, route) in inputs {
                let parts = match route {
                    Route::Keys(keys) => split(changes, keys, TASKS).unwrap(),
                    Route::One => vec![(0, changes.clone())],
                    Route::Same => vec![(origin.partition % TASKS, changes.clone())],
                };
                for (number, part) in parts {
                    let to = (place, Some((at, number)));
                    self.messages
                        .entry(to)
                        .or_default()
                        .push_back((origin, part));
                }
            }
        }
    }

    /// Lets one message come to where it goes. Whether there was one.
    fn deliver(&mut self) -> Result<bool, TestCaseError> {
        let waiting = self
            .messages
            .iter()
            .filter(|(_, waiting)| !waiting.is_empty());
        let waiting: Vec<_> = waiting.map(|(way, _)| *way).collect();
        let Some(way) = self.random.choice(waiting) else {
            return Ok(false);
        };
        let waiting = self.messages.get_mut(&way).unwrap();
        let (origin, changes) = waiting.pop_front().unwrap();
        match way.1 {
            Some(place) => self.push(place, origin, changes),
            None => self.write(&changes)?,
        }
        Ok(true)
    }

    fn write(&mut self, changes: &Changes) -> Result<(), TestCaseError> {
        for number in 0..changes.rows.num_rows() {
            let value = |column: usize| {
                let column = changes.rows.column(column).as_primitive::<Int64Type>();
                column.is_valid(number).then(|| column.value(number))
            };
            let row = [value(0), value(1)];
            let key: Vec<_> = self.key.iter().map(|column| row[*column]).collect();
            let op = changes.op(number);
            let before = match op {
                Op::Insert | Op::UpdateAfter => self.sink.insert(key, row),
                Op::UpdateBefore | Op::Delete => self.sink.remove(&key),
            };
            let is_right = match op {
                Op::Insert => before.is_none() || self.is_append,
                Op::UpdateAfter => before.is_some(),
                Op::Delete => before == Some(row),
                Op::UpdateBefore => false,
            };
            prop_assert!(is_right, "{} {row:?} where there is {before:?}", op.name());
        }
        Ok(())
    }

    /// Takes a task down, and puts another in its place.
    fn replace(&mut self, is_lost: bool) {
        let stage = self.random.usize(..self.tasks.len());
        let number = self.random.usize(..self.tasks[stage].len());
        let state = self.tasks[stage][number].state().unwrap();
        let mut new = task(self.dataflow, &self.stages.stages[stage].steps);
        if !is_lost {
            new.restore(state).unwrap();
        }
        self.tasks[stage][number] = new;
    }
}

fn task(dataflow: &Dataflow, steps: &BTreeSet<StepId>) -> Task {
    let budget = Arc::new(Budget::new(usize::MAX, "--state-max"));
    Task::of(dataflow, steps, TaskSettings { budget }).unwrap()
}

fn dataflow(query: &str, key: &str, planted: Planted) -> Dataflow {
    let set = match planted {
        Planted::NoMaterialize => "SET 'table.exec.sink.upsert-materialize' = 'NONE'; ",
        Planted::Nothing | Planted::NoExchange | Planted::StateLost => "",
    };
    let text = format!(
        "{set}{TABLES} CREATE TABLE s (k BIGINT, v BIGINT, PRIMARY KEY ({key}) NOT ENFORCED) \
         WITH ('connector' = 'brooklet', 'stream' = 's'); INSERT INTO s {query}"
    );
    let planned = plan(&text, &Settings::new("job.sql", Clock::System));
    planned
        .unwrap_or_else(|error| panic!("{error}: {query}"))
        .dataflow
}

/// Whether the sink comes to an answer: of each key that there is, one of its rows.
fn is_answer(world: &World<'_>, answer: &BTreeMap<Row, i64>) -> bool {
    let key = |row: &Row| -> Vec<_> { world.key.iter().map(|column| row[*column]).collect() };
    let keys: BTreeSet<_> = answer.keys().map(key).collect();
    world.sink.values().all(|row| answer.contains_key(row)) && world.sink.keys().eq(&keys)
}

/// Tries plans; why one of them is wrong, the smallest that could be found.
fn tried(plans: u32, planted: Planted) -> Option<String> {
    let duck = RefCell::new(Duck::start()?);
    let keys = select(vec![("k", &[0][..]), ("v", &[1]), ("k, v", &[0, 1])]);
    let all = (queries(), batches(), keys, any::<u64>());
    let failure = chance::failure(plans, &all, |(query, batches, key, seed)| {
        let query = query.sql();
        let dataflow = dataflow(&query, key.0, planted);
        let mut world = World::new(&dataflow, key.1, seed, planted);
        for (table, rows) in &batches {
            world.read(table, rows);
            for _ in 0..world.random.usize(..20) {
                world.deliver()?;
            }
            world.replace(planted == Planted::StateLost);
        }
        while world.deliver()? {}
        let answer = duck.borrow_mut().answer(&query, &batches as &[Batch]);
        let is_answer = is_answer(&world, &answer);
        prop_assert!(
            is_answer,
            "{query} by {}: {:?}, {answer:?}",
            key.0,
            world.sink
        );
        Ok(())
    });
    Some(failure.unwrap_or_default())
}

#[test]
fn a_sink_with_a_key_comes_to_what_the_query_comes_to() {
    if let Some(failure) = tried(PLANS, Planted::Nothing) {
        assert_eq!(failure, "");
    }
}

#[test]
fn what_is_planted_is_found_out() {
    for planted in [
        Planted::NoMaterialize,
        Planted::NoExchange,
        Planted::StateLost,
    ] {
        if let Some(failure) = tried(PLANS, planted) {
            assert_ne!(failure, "", "{planted:?}");
        }
    }
}
