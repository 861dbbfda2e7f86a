//! Late rows as rows of the table that keeps them: its columns by name, with the casts of an INSERT and
//! no others. They are those of the table that a row is of, however many of these the query asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use arrow::datatypes::DataType;
use datafusion_common::{Column, DFSchema, ScalarValue};
use datafusion_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    super::{
        Inlet, Input, Kind, Late, Step, StepId, Table, Time, Window,
        catalog::{Declared, Source},
        coerce::casts_or_is,
        error::{Fault, NOWHERE, did_you_mean},
        query::analyzed,
        table, types,
    },
    Lowering, expressions, hidden, schema,
};

/// The table for the late rows of another, and where that is said.
type Named<'a> = (&'a str, Location);

/// An input of a step whose late rows are kept.
#[derive(Debug)]
pub(super) struct LateInlet {
    inlet: Inlet,
    rows: StepId,
    /// The tables that they may be of.
    sources: Vec<Arc<Source>>,
    /// The steps that rows of these have come through.
    pub(super) on_the_way: BTreeSet<StepId>,
    /// The table that keeps them.
    name: String,
    at: Location,
}

impl Lowering<'_> {
    /// What becomes of the late rows of each step that can have some.
    pub(super) fn late_rows(&self) -> Result<BTreeMap<Inlet, Late>, Fault> {
        let inlets = self.late_inlets()?.into_iter().map(|late| {
            let table = self.catalog.sink(&late.name, late.at)?.table.clone();
            let values = self.late_values(&late, &table);
            let values = values.map_err(|fault| fault.or_at(late.at))?;
            Ok((late.inlet, Late { table, values }))
        });
        inlets.collect()
    }

    /// The inputs of steps that can have late rows which are kept.
    pub(super) fn late_inlets(&self) -> Result<Vec<LateInlet>, Fault> {
        let mut all = Vec::new();
        for (number, step) in self.dataflow.steps.iter().enumerate() {
            let Some(waits) = waits(step) else {
                continue;
            };
            for (input, rows) in [Input::First, Input::Second].into_iter().zip(&step.inputs) {
                let (mut sources, mut on_the_way) = (Vec::new(), BTreeSet::new());
                self.sources(*rows, waits, (&mut sources, &mut on_the_way))?;
                if let Some((name, at)) = common(&sources)? {
                    all.push(LateInlet {
                        inlet: (StepId(number), input),
                        rows: *rows,
                        name: name.to_owned(),
                        at,
                        sources,
                        on_the_way,
                    });
                }
            }
        }
        Ok(all)
    }

    /// The tables whose rows come to a step as they are, or computed from alone, and may be late there;
    /// and the steps on their way.
    fn sources(
        &self,
        at: StepId,
        waits: Waits,
        (found, on_the_way): (&mut Vec<Arc<Source>>, &mut BTreeSet<StepId>),
    ) -> Result<(), Fault> {
        let Some(step) = self.dataflow.steps.get(at.0) else {
            return Ok(());
        };
        on_the_way.insert(at);
        match &step.kind {
            Kind::Scan(scan) => found.push(self.catalog.find(&scan.table.name, NOWHERE)?.clone()),
            Kind::Windowed(_) | Kind::Running(_) => {}
            // Who comes out of a window in time is in time for whoever waits for the same one.
            _ if waits == Waits::ByWindow && self::waits(step) == Some(Waits::ByWindow) => {}
            // What is put beside a row is not it.
            Kind::Lookup(_) | Kind::Temporal(_) => {
                let mut inputs = step.inputs.iter().take(1);
                inputs.try_for_each(|input| self.sources(*input, waits, (found, on_the_way)))?;
            }
            _ => {
                let mut inputs = step.inputs.iter();
                inputs.try_for_each(|input| self.sources(*input, waits, (found, on_the_way)))?;
            }
        }
        Ok(())
    }

    /// The columns of the table that keeps late rows, over the rows of a step.
    fn late_values(
        &self,
        late: &LateInlet,
        table: &Table,
    ) -> Result<Vec<super::Expression>, Fault> {
        let fields = self
            .dataflow
            .steps
            .get(late.rows.0)
            .map(|step| &step.schema);
        let fields = fields.into_iter().flat_map(|schema| schema.fields());
        // Under names of their own: two columns may be called the same.
        let named = fields.enumerate();
        let named = named.map(|(place, field)| (Some(hidden(place)), field.clone()));
        let rows = schema(named.collect())?;
        let carried = self.carried.get(&late.rows);
        let columns = table.columns.iter();
        let values = columns.map(|column| {
            let own = carried.and_then(|carried| carried.columns.get(&column.name));
            late_value((column, &table.name), (&rows, own.copied()), &late.sources)
        });
        let values = values.collect::<Result<Vec<_>, Fault>>()?;
        let empty = LogicalPlan::EmptyRelation(EmptyRelation {
            produce_one_row: false,
            schema: rows.clone(),
        });
        let plan = LogicalPlanBuilder::from(empty).project(values)?.build()?;
        let plan = analyzed(plan, self.settings.zone)?;
        let values = plan.expressions().into_iter();
        let values = values.map(|value| value.unalias_nested().data);
        expressions(&values.collect::<Vec<_>>(), &rows)
    }
}

/// By what a step knows that a row comes too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waits {
    /// By its time.
    ByTime,
    /// By the end of the window that it was put into before.
    ByWindow,
}

/// Whether rows can come too late for a step.
fn waits(step: &Step) -> Option<Waits> {
    let (time, until) = match &step.kind {
        // Rows are put into other windows at once, whatever time it is.
        Kind::Assign {
            window: Window::Session { .. },
            time,
            ..
        } => (Some(*time), None),
        Kind::Windowed(of) => (Some(of.time), None),
        Kind::Over(of) => (Some(of.time), None),
        Kind::Running(of) => (None, of.until),
        Kind::Rank(of) => (None, of.until),
        Kind::Join(of) => (None, of.until.map(|until| until.first)),
        _ => return None,
    };
    let by_time = matches!(time, Some(Time::Event(_))).then_some(Waits::ByTime);
    let by_window = until.filter(|until| until.drops_late);
    by_time.or(by_window.map(|_| Waits::ByWindow))
}

fn declared(source: &Source) -> Option<&Arc<Declared>> {
    match source {
        Source::Table(declared) => Some(declared),
        Source::View { .. } => None,
    }
}

/// The table for the late rows of all of these. A late row does not know from which of several tables
/// it is, so they have one together, or none.
fn common(sources: &[Arc<Source>]) -> Result<Option<Named<'_>>, Fault> {
    let tables = sources.iter().filter_map(|source| declared(source));
    let late = tables.clone().find_map(|table| table.late.as_ref());
    let Some((name, at)) = late else {
        return Ok(None);
    };
    let is_other = |table: &&Arc<Declared>| {
        let late = table.late.as_ref();
        late.is_none_or(|(other, _)| other != name)
    };
    if let Some(other) = tables.clone().find(is_other) {
        let message = format!(
            "'late.table' is '{name}' here, and another or none of '{}', with which it is united \
             before a window: write the same in both",
            other.table.name
        );
        return Err(Fault::new(*at, message));
    }
    Ok(Some((name, *at)))
}

/// A column of a table: that of the table that a row is of, or what the query has under its name; or
/// null.
fn late_value(
    (column, table): (&table::Column, &str),
    (rows, own): (&DFSchema, Option<usize>),
    sources: &[Arc<Source>],
) -> Result<Expr, Fault> {
    let (name, to) = (&column.name, &column.data_type);
    let other = || rows.fields().iter().position(|field| field.name() == name);
    let place = own.or_else(other);
    let Some((place, field)) = place.and_then(|place| Some((place, rows.fields().get(place)?)))
    else {
        let tables = sources.iter().filter_map(|source| declared(source));
        let mut known = tables
            .flat_map(|table| &table.columns)
            .map(|column| &column.name);
        if !known.clone().any(|known| known == name) {
            let hint = did_you_mean(name, known.by_ref().map(String::as_str));
            let message = format!("'{table}' has a column '{name}', and late rows have none{hint}");
            return Err(Fault::new(NOWHERE, message));
        }
        if !column.nullable {
            let message = format!(
                "the column '{name}' of '{table}' may not be null, and the window is over rows \
                 without it"
            );
            return Err(Fault::new(NOWHERE, message));
        }
        return Ok(cast(lit(ScalarValue::Null), to.clone()).alias(name));
    };
    if !casts_or_is(field.data_type(), to) {
        return Err(other_type(column, table, field.data_type()));
    }
    let value = Expr::Column(Column::new(Some(hidden(place)), field.name()));
    Ok(if field.data_type().equals_datatype(to) {
        value.alias(name)
    } else {
        cast(value, to.clone()).alias(name)
    })
}

/// A column of a table for late rows that these have another type for.
pub(super) fn other_type(column: &table::Column, table: &str, from: &DataType) -> Fault {
    let (name, from, to) = (
        &column.name,
        types::name(from),
        types::name(&column.data_type),
    );
    let message = format!(
        "the column '{name}' of '{table}' is {to}, and that of late rows is {from}; declare it {from}"
    );
    Fault::new(NOWHERE, message)
}
