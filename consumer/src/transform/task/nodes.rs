//! A dataflow → the nodes of a task, joined to those that read from them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::{datatypes::Schema, record_batch::RecordBatch};

use super::{Settings, Task, ports::Ports};
use crate::{
    plan::{Changelog, Connector, Dataflow, Input, Kind, Late, Step, StepId, Table},
    transform::{
        build::{self, Source},
        compact::Compaction,
        error::{Error, Fault},
        expression::columns,
        operator::{Operator, Progress},
    },
};

/// A step of the dataflow. Those that the task does not run stand there too, without an operator.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: &'static str,
    /// What else than more memory helps where it has too little.
    pub(super) needs_less_by: &'static str,
    pub(super) inputs: Vec<usize>,
    /// How many of them have event time: not a table that rows are looked up in.
    pub(super) timed_inputs: usize,
    /// Who reads from it, within the task.
    pub(super) readers: Vec<usize>,
    /// What becomes of its late rows, where they are kept.
    pub(super) late: BTreeMap<Input, Late>,
    pub(super) operator: Option<Box<dyn Operator>>,
    /// Of a sink whose rows change, what takes those of a batch together.
    pub(super) compaction: Option<Compaction>,
    pub(super) is_run: bool,
    pub(super) is_given: bool,
    pub(super) rows_in: u64,
    pub(super) rows_out: u64,
    pub(super) progress: Progress,
    /// The ports whose partitions' rows come here.
    pub(super) heard: Vec<usize>,
}

/// For steps that keep what they know as long as nothing says otherwise.
const BY_EXPIRY: &str = "let it forget by SET 'table.exec.state.ttl' = '1 h'";

/// For steps that forget by event time, or must know it all.
const BY_LESS: &str = "give it fewer columns and rows, or shorter times";

impl Task {
    /// Some steps.
    ///
    /// # Errors
    /// A step cannot be done.
    pub fn of(
        dataflow: &Dataflow,
        steps: &BTreeSet<StepId>,
        settings: Settings,
    ) -> Result<Self, Error> {
        let mut task = Self {
            settings,
            state_bytes: vec![0; dataflow.steps.len()],
            nodes: Vec::new(),
            ports: Ports::default(),
        };
        for (at, step) in dataflow.steps.iter().enumerate() {
            let kind = build::name(&step.kind);
            let fail = |source| Error::Step {
                step: StepId(at),
                kind,
                source,
            };
            let is_run = steps.contains(&StepId(at));
            let late = |input| Some((input, dataflow.late.get(&(StepId(at), input))?.clone()));
            let late: BTreeMap<_, _> = INPUTS.into_iter().filter_map(late).collect();
            let sources = sources(dataflow, StepId(at), &late);
            let operator = match is_run {
                true => {
                    let state_ttl = dataflow.state_ttl_of(StepId(at));
                    build::operator(step, &sources, state_ttl).map_err(fail)?
                }
                false => None,
            };
            let compaction = match is_run {
                true => compaction(step).map_err(fail)?,
                false => None,
            };
            task.nodes.push(Node {
                kind,
                needs_less_by: match dataflow.can_expire(StepId(at)) {
                    true => BY_EXPIRY,
                    false => BY_LESS,
                },
                inputs: step.inputs.iter().map(|input| input.0).collect(),
                timed_inputs: match step.kind {
                    Kind::Lookup(_) => 1,
                    _ => step.inputs.len(),
                },
                readers: Vec::new(),
                late,
                operator,
                compaction,
                is_run,
                is_given: matches!(step.kind, Kind::Insert(_)) && is_run,
                rows_in: 0,
                rows_out: 0,
                progress: Progress::NONE,
                heard: Vec::new(),
            });
            task.connect(at, matches!(step.kind, Kind::Scan(_)) && is_run);
        }
        Ok(task)
    }

    /// Lets the inputs of a new node know it, and makes ports.
    fn connect(&mut self, at: usize, is_scan: bool) {
        let Some(node) = self.nodes.get(at) else {
            return;
        };
        let (inputs, is_run) = (node.inputs.clone(), node.is_run);
        let mut heard = Vec::new();
        if is_scan {
            self.ports.add(StepId(at));
            heard.push(at);
        }
        for input in inputs {
            let Some(before) = self.nodes.get_mut(input) else {
                continue;
            };
            match (before.is_run, is_run) {
                (_, true) => before.readers.push(at),
                (true, false) => before.is_given = true,
                (false, false) => {}
            }
            if is_run && !before.is_run {
                self.ports.add(StepId(input));
                before.heard = vec![input];
            }
            heard.extend(before.heard.iter().copied());
        }
        if let Some(node) = self.nodes.get_mut(at).filter(|_| is_run) {
            node.heard = heard;
        }
    }
}

impl Node {
    pub(super) fn state_bytes(&self) -> usize {
        self.operator
            .as_ref()
            .map_or(0, |operator| operator.state_bytes())
    }

    /// Late rows of an input as the table has them that keeps them; none where there is no table.
    pub(super) fn kept(
        &self,
        input: Input,
        rows: &RecordBatch,
    ) -> Result<Option<RecordBatch>, Fault> {
        let Some(Late { table, values }) = self.late.get(&input) else {
            return Ok(None);
        };
        let values = columns(values, rows)?.into_iter().zip(table.columns.iter());
        let values = values.map(|(values, of)| (of.name.as_str(), values, true));
        Ok(Some(RecordBatch::try_from_iter_with_nullable(values)?))
    }

    pub(super) fn failure(&self, at: usize) -> impl Fn(Fault) -> Error + use<> {
        let kind = self.kind;
        move |source| Error::Step {
            step: StepId(at),
            kind,
            source,
        }
    }
}

/// The inputs of a step that are not the same to it.
const INPUTS: [Input; 2] = [Input::First, Input::Second];
/// What takes changes of a sink together. Where nothing is kept, nobody would see it.
fn compaction(step: &Step) -> Result<Option<Compaction>, Fault> {
    let (Kind::Insert(sink), Changelog::Retract) = (&step.kind, step.changelog) else {
        return Ok(None);
    };
    let table = sink.table.as_deref();
    if table.is_some_and(|table| table.connector == Connector::Blackhole) {
        return Ok(None);
    }
    Compaction::new(&step.schema, table.and_then(Table::upsert_key)).map(Some)
}

/// What a step reads from. Columns that are there for late rows alone are none of its own.
fn sources(dataflow: &Dataflow, at: StepId, late: &BTreeMap<Input, Late>) -> Vec<Source> {
    let inputs = dataflow.steps.get(at.0).map(|step| &step.inputs);
    let inputs = inputs.into_iter().flatten();
    let inputs = inputs.filter_map(|input| dataflow.steps.get(input.0));
    let source = |(number, before): (usize, &Step)| {
        let input = INPUTS.get(number);
        let width = input.and_then(|input| dataflow.widths.get(&(at, *input)));
        let own = before.schema.fields().iter();
        Source {
            schema: match width {
                Some(width) => Schema::new(own.take(*width).cloned().collect::<Vec<_>>()).into(),
                None => before.schema.clone(),
            },
            changelog: before.changelog,
            keeps_late: input.is_some_and(|input| late.contains_key(input)),
        }
    };
    inputs.enumerate().map(source).collect()
}
