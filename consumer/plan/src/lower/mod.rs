//! Logical plans → steps. Each step's columns keep the names that the plan above knows them by; a
//! step may have more columns, and in another order, than the plan that it stands for.

mod aggregate;
mod as_of;
mod below;
mod join;
mod late;
mod over;
mod rank;
mod ready;
mod scan;
mod sink;
mod union;
mod whole;
mod window;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use arrow::datatypes::{DataType, Field};
use compute::{guarded, with_numbers};
use datafusion_common::{Column, DFSchema, DFSchemaRef, TableReference};
use datafusion_expr::{
    Distinct, Expr, LogicalPlan, Projection, SubqueryAlias, execution_props::ExecutionProps,
    physical_planning_context::PhysicalPlanningContext,
};
use datafusion_physical_expr::{create_physical_expr, expressions::cast};
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    Changelog, Dataflow, Expression, Kind, Settings, Step, StepId,
    as_of::{AsOf, beside},
    catalog::Catalog,
    conditions::place,
    error::{Fault, NOWHERE},
    fleeting,
    in_common::{Numbered, in_common},
    sets::Repeat,
    sub_queries::{asks_query, unasked},
    windows::{Qualified, fields, step},
    written::{at_least, placed},
};
use as_of::refused_alone;
pub(super) use below::Below;
pub(super) use join::within;
use scan::Scans;
pub(super) use sink::Output;
pub(super) use whole::is_for_late_rows;
use whole::{Carried, Plans};

/// Makes steps of plans, one plan after another.
#[derive(Debug)]
struct Lowering<'a> {
    settings: &'a Settings,
    catalog: &'a Catalog,
    dataflow: Dataflow,
    scans: Scans,
    numbered: Numbered,
    /// The numbers of the plans that several others read from.
    shared: Plans,
    /// What was made already, by the numbers of plans: the same plan is the same step.
    known: HashMap<usize, (LogicalPlan, Lowered)>,
    /// The numbers of the plans whose rows may be late above them, and are whole.
    late: Plans,
    /// Whether rows of the plan at hand are.
    carries: bool,
    carried: BTreeMap<StepId, Carried>,
}

/// The step that stands for a plan.
#[derive(Debug, Clone)]
struct Lowered {
    step: StepId,
    schema: DFSchemaRef,
    changelog: Changelog,
}

/// The steps that bring the rows of each output to its sink.
pub(super) fn lower(
    outputs: &[Output],
    catalog: &Catalog,
    settings: &Settings,
) -> Result<Dataflow, Fault> {
    let mut lowering = Lowering::of(outputs, (catalog, settings), Plans::new())?;
    let late = lowering.late_plans()?;
    if !late.is_empty() {
        lowering = Lowering::of(outputs, (catalog, settings), late)?;
    }
    let places: Vec<_> = outputs.iter().map(|output| output.at).collect();
    fleeting::refuse(&lowering.dataflow, &places)?;
    lowering.dataflow.late = lowering.late_rows()?;
    lowering.dataflow.state_ttl = settings.state_ttl;
    Ok(lowering.dataflow)
}

impl<'a> Lowering<'a> {
    /// All outputs, where rows of some plans may be late.
    fn of(
        outputs: &[Output],
        (catalog, settings): (&'a Catalog, &'a Settings),
        late: Plans,
    ) -> Result<Self, Fault> {
        let mut lowering = Self {
            settings,
            catalog,
            dataflow: Dataflow::default(),
            scans: Scans::of(outputs.iter().map(|output| &output.plan)),
            numbered: Numbered::default(),
            shared: Plans::new(),
            known: HashMap::new(),
            late,
            carries: false,
            carried: BTreeMap::new(),
        };
        for plan in in_common(outputs.iter().map(|output| &output.plan))? {
            let number = lowering.numbered.number_of_other(&plan)?;
            lowering.shared.insert(number);
        }
        for output in outputs {
            let before = lowering.dataflow.steps.len();
            let inserted = lowering.insert(output);
            inserted.map_err(|fault| fault.or_at(output.at))?;
            for step in lowering.dataflow.steps.iter_mut().skip(before) {
                at_least(&mut step.kind, output.at);
            }
        }
        Ok(lowering)
    }
}

impl Lowering<'_> {
    fn plan(&mut self, plan: &LogicalPlan) -> Result<Lowered, Fault> {
        let number = self.numbered.number(plan)?;
        if let Some((known, lowered)) = self.known.get(&number)
            && known == plan
        {
            return Ok(lowered.clone());
        }
        let carries = self.late.contains(&number);
        let lowered = self.carrying(carries, |own| own.new_plan(plan));
        let lowered = lowered.map_err(|fault| match fault.word {
            // It is looked for from the begin of its statement on.
            Some(_) => fault,
            None => fault.or_at(begin_of(plan)),
        })?;
        self.known.insert(number, (plan.clone(), lowered.clone()));
        Ok(lowered)
    }

    /// Whether several others read from a plan.
    fn is_shared(&mut self, plan: &LogicalPlan) -> Result<bool, Fault> {
        Ok(!self.shared.is_empty() && self.shared.contains(&self.numbered.number(plan)?))
    }

    fn new_plan(&mut self, plan: &LogicalPlan) -> Result<Lowered, Fault> {
        if let Some(numbered) = self.numbered(plan)? {
            return Ok(numbered);
        }
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => {
                let input = self.plan(&filter.input)?;
                self.filter(&input, &filter.predicate)
            }
            LogicalPlan::SubqueryAlias(alias) => self.alias(alias),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Aggregate(of) => {
                self.aggregate(&of.input, &of.group_expr, &of.aggr_expr, &of.schema)
            }
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let all = input.schema().columns().into_iter().map(Expr::Column);
                self.aggregate(input, &all.collect::<Vec<_>>(), &[], input.schema())
            }
            LogicalPlan::Window(window) => self.over(window),
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Extension(_) => {
                if let Some(windows) = step(plan) {
                    self.assign(windows)
                } else if let Some(repeat) = step(plan) {
                    self.repeat(repeat)
                } else if step::<AsOf>(plan).is_some() {
                    Err(refused_alone())
                } else {
                    Err(unsupported(plan))
                }
            }
            _ => Err(unsupported(plan)),
        }
    }

    fn projection(&mut self, projection: &Projection) -> Result<Lowered, Fault> {
        let input = self.plan(&projection.input)?;
        let names = fields(&projection.schema).collect();
        self.project(&input, &projection.expr, names)
    }

    /// Columns with these names, and what late rows are to have; no step where they are those of the input.
    fn project(
        &mut self,
        input: &Lowered,
        values: &[Expr],
        names: Vec<Qualified>,
    ) -> Result<Lowered, Fault> {
        let mut values = expressions(values, &input.schema)?;
        let mut names = names;
        let carried = self.through(input, &mut values, &mut names);
        let is_same = values.len() == input.schema.fields().len()
            && values
                .iter()
                .enumerate()
                .all(|(place, value)| is_column(value, place));
        let schema = typed(names, &values, &input.schema)?;
        if is_same {
            return Ok(Lowered { schema, ..*input });
        }
        let lowered = self.step(&[input], schema, input.changelog, Kind::Project(values));
        self.carried.insert(lowered.step, carried);
        Ok(lowered)
    }

    fn filter(&mut self, input: &Lowered, condition: &Expr) -> Result<Lowered, Fault> {
        let Some(condition) = beside(condition) else {
            return Ok(input.clone());
        };
        let condition = expression(&condition, &input.schema)?;
        let schema = input.schema.clone();
        Ok(self.step(&[input], schema, input.changelog, Kind::Filter(condition)))
    }

    fn repeat(&mut self, repeat: &Repeat) -> Result<Lowered, Fault> {
        let rows = self.exactly(&repeat.input)?;
        let times = repeat.input.schema().fields().len().saturating_sub(1);
        let columns = fields(&rows.schema).enumerate();
        let columns = columns.filter(|(place, _)| *place != times);
        let schema = schema(columns.map(|(_, column)| column).collect())?;
        Ok(self.step(&[&rows], schema, rows.changelog, Kind::Repeat(times)))
    }

    fn alias(&mut self, alias: &SubqueryAlias) -> Result<Lowered, Fault> {
        let input = self.plan(&alias.input)?;
        let names = alias.input.schema().columns();
        let renamed = |column: &Column| names.iter().position(|name| name == column);
        let schema = rename(&input.schema, |column| {
            let place = renamed(column)?;
            let (table, field) = alias.schema.qualified_field(place);
            Some((table.cloned(), field.name().clone()))
        })?;
        Ok(Lowered { schema, ..input })
    }

    fn step(
        &mut self,
        inputs: &[&Lowered],
        schema: DFSchemaRef,
        changelog: Changelog,
        kind: Kind,
    ) -> Lowered {
        let step = StepId(self.dataflow.steps.len());
        self.dataflow.steps.push(Step {
            inputs: inputs.iter().map(|input| input.step).collect(),
            schema: schema.inner().clone(),
            changelog,
            kind,
        });
        self.carry(step, inputs);
        Lowered {
            step,
            schema,
            changelog,
        }
    }
}

/// Where the first column among the expressions of a plan itself is written.
fn begin_of(plan: &LogicalPlan) -> Location {
    let places = plan.expressions();
    let places = places.iter().map(place).filter(|at| *at != NOWHERE);
    places.min().unwrap_or(NOWHERE)
}

fn unsupported(plan: &LogicalPlan) -> Fault {
    let what = plan.display().to_string();
    let what = what.split([':', ' ']).next().unwrap_or_default();
    let instead = "there are filters, projections, aggregates, joins, windows and unions";
    Fault::unsupported(NOWHERE, what, instead)
}

/// An expression over columns of these names, which knows where it is written.
fn expression(value: &Expr, schema: &DFSchema) -> Result<Expression, Fault> {
    Ok(placed(made(value, schema)?, place(value)))
}

fn made(value: &Expr, schema: &DFSchema) -> Result<Expression, Fault> {
    if asks_query(value) {
        return Err(unasked(value));
    }
    let context = PhysicalPlanningContext::default();
    let made = create_physical_expr(value, schema, &ExecutionProps::new(), &context)?;
    let arrow = schema.as_arrow();
    let made = guarded(with_numbers(made, arrow)?, arrow)?;
    let of = made.data_type(arrow)?;
    let wanted = plain(&of);
    if of == wanted {
        return Ok(made);
    }
    Ok(cast(made, arrow, wanted)?)
}

fn expressions(values: &[Expr], schema: &DFSchema) -> Result<Vec<Expression>, Fault> {
    values
        .iter()
        .map(|value| expression(value, schema))
        .collect()
}

fn is_column(value: &Expression, place: usize) -> bool {
    let column = value.downcast_ref::<datafusion_physical_expr::expressions::Column>();
    column.is_some_and(|column| column.index() == place)
}

/// There is one type of text and one of bytes between steps, also within others.
fn plain(data_type: &DataType) -> DataType {
    let within = |field: &Arc<Field>| {
        let of = plain(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(of))
    };
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::List(element) => DataType::List(within(element)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(within).collect()),
        DataType::Map(entries, is_sorted) => DataType::Map(within(entries), *is_sorted),
        other => other.clone(),
    }
}

/// These names with the types that the values have.
fn typed(
    names: Vec<Qualified>,
    values: &[Expression],
    input: &DFSchema,
) -> Result<DFSchemaRef, Fault> {
    let input = input.as_arrow();
    let all = names
        .into_iter()
        .zip(values)
        .map(|((table, field), value)| {
            let of = value.data_type(input)?;
            let nullable = value.nullable(input)?;
            let field = Field::new(field.name(), of, nullable);
            Ok((table, Arc::new(field)))
        });
    schema(all.collect::<Result<_, Fault>>()?)
}

fn schema(all: Vec<Qualified>) -> Result<DFSchemaRef, Fault> {
    Ok(Arc::new(DFSchema::new_with_metadata(
        all,
        Default::default(),
    )?))
}

/// Under these names; what has none is out of reach of what stands above.
fn rename(
    before: &DFSchema,
    name: impl Fn(&Column) -> Option<(Option<TableReference>, String)>,
) -> Result<DFSchemaRef, Fault> {
    let all = fields(before).enumerate().map(|(place, (table, field))| {
        let column = Column::new(table, field.name());
        let hidden = || (Some(hidden(place)), field.name().clone());
        let (table, name) = name(&column).unwrap_or_else(hidden);
        (table, Arc::new(field.as_ref().clone().with_name(name)))
    });
    schema(all.collect())
}

/// A table's name that no query can write.
fn hidden(place: usize) -> TableReference {
    TableReference::bare(format!("\0{place}"))
}

/// Whether it is one of these.
fn is_hidden(table: &TableReference) -> bool {
    let place = table.table().strip_prefix('\0');
    place.is_some_and(|place| place.parse::<usize>().is_ok())
}
