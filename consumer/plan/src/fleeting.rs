//! Calls that tell another value each time, as `CURRENT_ROW_TIMESTAMP()`. Of a row that is taken back they
//! would be computed anew, and what is taken back would not be what was given: so nothing that must find it
//! again may stand above them. A table with a primary key finds its rows by that alone.

use std::collections::BTreeSet;

use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_physical_expr::{ScalarFunctionExpr, utils::collect_columns};
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    Changelog, Connector, Dataflow, Expression, Join, Kind, Running, Sink, Step, error::Fault,
    told::name_of_flink,
};

const INSTEAD: &str = "what is taken back would not be what was given: compute it of rows that are only added, or \
                       write to a stream ('brooklet') whose PRIMARY KEY does not come from it";

/// What of a step's rows must be the same whenever they are computed.
#[derive(Debug, Clone, Default)]
struct Needed {
    columns: BTreeSet<usize>,
    /// Where the first output is written that needs it.
    at: Option<Location>,
}

/// Refuses such calls where what they give is needed again. `outputs` are where the outputs are written, in the
/// order of their steps.
pub(super) fn refuse(dataflow: &Dataflow, outputs: &[Location]) -> Result<(), Fault> {
    let mut all = vec![Needed::default(); dataflow.steps.len()];
    let is_insert = |step: &&Step| matches!(step.kind, Kind::Insert(_));
    let inserts = dataflow.steps.iter().filter(is_insert).count();
    let mut outputs = outputs.iter().rev().take(inserts);
    for (number, step) in dataflow.steps.iter().enumerate().rev() {
        let mut needed = all.get(number).cloned().unwrap_or_default();
        if let Kind::Insert(_) = step.kind {
            needed.at = outputs.next().copied();
        }
        let Some(at) = needed.at else { continue };
        for (place, input) in step.inputs.iter().enumerate() {
            let Some(read) = dataflow.steps.get(input.0) else {
                continue;
            };
            if read.changelog == Changelog::Append {
                continue;
            }
            let columns = of_input(
                step,
                (place, read.schema.fields().len()),
                &needed.columns,
                at,
            )?;
            if let Some(below) = all.get_mut(input.0) {
                below.columns.extend(columns);
                below.at = Some(at);
            }
        }
    }
    Ok(())
}

/// What a step needs of an input of so many columns whose rows change, where these columns of its own are needed.
fn of_input(
    step: &Step,
    (place, width): (usize, usize),
    needed: &BTreeSet<usize>,
    at: Location,
) -> Result<BTreeSet<usize>, Fault> {
    let all = || (0..width).collect();
    Ok(match &step.kind {
        Kind::Insert(sink) => of_sink(sink, width),
        Kind::Project(values) => {
            let values = needed.iter().filter_map(|column| values.get(*column));
            looked_at(values, at)?
        }
        Kind::Filter(condition) => {
            let mut columns = looked_at([condition].into_iter(), at)?;
            columns.extend(needed);
            columns
        }
        Kind::Union | Kind::Watermarks(_) => needed.clone(),
        Kind::Running(running) => of_running(running, at)?,
        Kind::Join(join) | Kind::Lookup(join) => {
            of_join(join, place, at)?;
            all()
        }
        Kind::Temporal(temporal) => {
            of_join(&temporal.join, place, at)?;
            all()
        }
        Kind::Scan(_)
        | Kind::Assign { .. }
        | Kind::Windowed(_)
        | Kind::Over(_)
        | Kind::Repeat(_)
        | Kind::Rank(_)
        | Kind::Materialize(_)
        | Kind::Average => all(),
    })
}

/// The columns that a table finds its rows by, of so many.
fn of_sink(sink: &Sink, width: usize) -> BTreeSet<usize> {
    let key = sink.table.as_ref().and_then(|table| table.upsert_key());
    let is_passed_over = |connector: &Connector| matches!(connector, Connector::Blackhole);
    let connector = sink.table.as_ref().map(|table| &table.connector);
    match key {
        Some(key) => key.iter().copied().collect(),
        None if connector.is_some_and(is_passed_over) => BTreeSet::new(),
        None => (0..width).collect(),
    }
}

/// An aggregate takes of its rows what it has added of them.
fn of_running(running: &Running, at: Location) -> Result<BTreeSet<usize>, Fault> {
    let aggregates = running.aggregates.iter();
    let of_aggregates = aggregates.flat_map(|one| one.argument.iter().chain(&one.filter));
    looked_at(running.keys.iter().chain(of_aggregates), at)
}

fn of_join(join: &Join, place: usize, at: Location) -> Result<(), Fault> {
    let keys = match place {
        0 => &join.keys.first,
        _ => &join.keys.second,
    };
    looked_at(keys.iter().chain(&join.filter), at)?;
    Ok(())
}

/// The columns that expressions look at, none of which may tell another value each time.
fn looked_at<'a>(
    values: impl Iterator<Item = &'a Expression>,
    at: Location,
) -> Result<BTreeSet<usize>, Fault> {
    let mut columns = BTreeSet::new();
    for value in values {
        if let Some(name) = fleeting(value) {
            let what = format!("{name} of rows that change");
            return Err(Fault::unsupported(at, &what, INSTEAD).at_word_or_in_view(&name));
        }
        let own = collect_columns(value);
        columns.extend(own.iter().map(|column| column.index()));
    }
    Ok(columns)
}

/// The name of the first such call.
fn fleeting(value: &Expression) -> Option<String> {
    let mut name = None;
    let looked = value.apply(|part| {
        if part.is_volatile_node() {
            let call = part.downcast_ref::<ScalarFunctionExpr>();
            name = Some(call.map_or_else(|| part.to_string(), |call| name_of_flink(call.name())));
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    looked.ok().and(name)
}
