//! Aggregates: of windows, where rows are grouped by the begin and end of theirs, which they are put
//! into here, or were before; else of all rows so far.

use std::collections::BTreeSet;

use datafusion_common::{
    Column, DFSchema,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{Expr, LogicalPlan, expr::AggregateFunctionParams};
use datafusion_physical_expr::aggregate::AggregateExprBuilder;

use std::sync::Arc;

use super::{
    super::{
        Aggregate, Changelog, Function, Kind, Running, Time, Until, Window,
        error::{Fault, NOWHERE},
        functions::function,
        keys::{self, Keys},
        lineage::unaliased,
        windows::{Qualified, Windows, added, fields},
    },
    Lowered, Lowering, expression, expressions, hidden, plain,
    ready::Ready,
    schema,
    window::{LooksAt, Windowed},
};

const BEGIN_AND_END: [usize; 2] = [0, 1];

impl Lowering<'_> {
    pub(super) fn aggregate(
        &mut self,
        input: &LogicalPlan,
        groups: &[Expr],
        aggregates: &[Expr],
        named: &DFSchema,
    ) -> Result<Lowered, Fault> {
        let groups = &distinct(groups);
        if let Some(windowed) = Windowed::new(input)? {
            let groups = groups
                .iter()
                .map(|group| windowed.substituted(group, input));
            let groups = groups.collect::<Result<Vec<_>, Fault>>()?;
            let is_grouped = |added: &usize| {
                groups
                    .iter()
                    .any(|group| Windows::added_column(group) == Some(*added))
            };
            if BEGIN_AND_END.iter().all(is_grouped) {
                let values = aggregates
                    .iter()
                    .map(|value| windowed.substituted(value, input));
                let values = values.collect::<Result<Vec<_>, Fault>>()?;
                if windowed.is_taken_apart(&groups) || !windowed.node.can_be_assigned() {
                    return self.windowed(&windowed, &groups, &values, named);
                }
            }
        }
        self.running(input, groups, aggregates, named)
    }

    fn running(
        &mut self,
        input: &LogicalPlan,
        groups: &[Expr],
        aggregates: &[Expr],
        named: &DFSchema,
    ) -> Result<Lowered, Fault> {
        let plan = input;
        let input = self.plan(plan)?;
        if aggregates.is_empty() && self.are_distinct(&input, groups)? {
            return self.project(&input, groups, fields(named).map(with_plain_type).collect());
        }
        let until = self.closes(groups, plan, &input);
        let values = aggregates
            .iter()
            .map(|value| aggregate(value, &input.schema));
        let aggregates = values.collect::<Result<Vec<_>, Fault>>()?;
        if input.changelog == Changelog::Retract {
            refuse_retraction(&aggregates)?;
        }
        let given = Ready {
            keys: expressions(groups, &input.schema)?,
            time: until.map(|until| Time::Event(until.column)),
            rows: input,
            aggregates,
        };
        let carries = self.may_be_late(plan)?;
        let ready = self.carrying(carries, |own| own.ready(given))?;
        let until = until.map(|until| match ready.time {
            Some(Time::Event(column)) => Until { column, ..until },
            _ => until,
        });
        let running = Kind::Running(Running {
            keys: ready.keys,
            aggregates: ready.aggregates,
            until,
        });
        let changelog = match until {
            Some(_) => Changelog::Append,
            None => Changelog::Retract,
        };
        let schema = schema(fields(named).map(with_plain_type).collect())?;
        Ok(self.step(&[&ready.rows], schema, changelog, running))
    }

    /// Whether rows that change are apart by these values already, as those of an aggregate are by its
    /// keys. With a state TTL a key may come again beside its old row.
    fn are_distinct(&self, rows: &Lowered, values: &[Expr]) -> Result<bool, Fault> {
        if rows.changelog == Changelog::Append || self.settings.state_ttl.is_some() {
            return Ok(false);
        }
        let values = expressions(values, &rows.schema)?;
        let columns = values.iter().filter_map(keys::column);
        let columns: Vec<_> = columns.collect();
        let held = Keys::held(&self.dataflow);
        let held = held.get(rows.step.0);
        Ok(held.is_some_and(|held| held.are_within(&columns)))
    }

    fn windowed(
        &mut self,
        windowed: &Windowed<'_>,
        groups: &[Expr],
        aggregates: &[Expr],
        named: &DFSchema,
    ) -> Result<Lowered, Fault> {
        let windows = windowed.node;
        let mut rows = self.windowed_rows(windows)?;
        let (before, behind) = split_filters(&windowed.filters)?;
        for filter in before {
            rows = self.filter(&rows, &filter)?;
        }
        let names: Vec<_> = fields(named).map(with_plain_type).collect();
        let (group_names, value_names) = names.split_at(groups.len().min(names.len()));
        let grouped = Grouped::new(groups, group_names)?;
        grouped.check_session(windows)?;
        let values = aggregates.iter().map(|value| of_rows(value, &rows.schema));
        let time = Self::time(windows, &rows)?;
        let given = Ready {
            time: Some(time),
            keys: expressions(&grouped.keys, &rows.schema)?,
            aggregates: values.collect::<Result<_, Fault>>()?,
            rows,
        };
        let carries = self.may_be_late(&windows.input)?;
        let ready = self.carrying(carries, |own| own.ready(given))?;
        let kind = Kind::Windowed(super::super::Windowed {
            window: windows.window,
            time: ready.time.unwrap_or(time),
            zone: self.zone(windows),
            keys: ready.keys,
            aggregates: ready.aggregates,
        });
        let window_names = added(&windows.time_type).zip(&grouped.window_names);
        let window_names = window_names.map(|((_, field), (table, name))| {
            let field = field.as_ref().clone().with_name(name);
            (Some(table.clone()), Arc::new(field))
        });
        let all = grouped.key_names.iter().chain(value_names).cloned();
        let schema = schema(all.chain(window_names).collect())?;
        let mut lowered = self.step(&[&ready.rows], schema, Changelog::Append, kind);
        for filter in behind {
            lowered = self.filter(&lowered, &grouped.over_window(&filter)?)?;
        }
        self.project(&lowered, &grouped.values(value_names)?, names)
    }
}

/// What is named twice is one group, as it is one column of the plan.
fn distinct(groups: &[Expr]) -> Vec<Expr> {
    let mut distinct: Vec<Expr> = Vec::with_capacity(groups.len());
    for group in groups {
        if !distinct.contains(group) {
            distinct.push(group.clone());
        }
    }
    distinct
}

/// What rows are grouped by, taken apart.
#[derive(Debug)]
struct Grouped {
    keys: Vec<Expr>,
    key_names: Vec<Qualified>,
    /// The names of the three columns that windows add.
    window_names: Vec<(datafusion_common::TableReference, String)>,
    /// Each group, in order.
    groups: Vec<Group>,
}

#[derive(Debug)]
enum Group {
    Key(Column),
    /// Computed from the window alone.
    OfWindow(Expr),
}

impl Grouped {
    fn new(groups: &[Expr], names: &[Qualified]) -> Result<Self, Fault> {
        let window_names = super::super::windows::ADDED.into_iter().enumerate();
        let mut grouped = Self {
            keys: Vec::new(),
            key_names: Vec::new(),
            window_names: window_names
                .map(|(place, name)| (hidden(place), name.to_owned()))
                .collect(),
            groups: Vec::new(),
        };
        for (group, (table, field)) in groups.iter().zip(names) {
            match Windowed::looks_at(group) {
                LooksAt::Window => grouped.groups.push(Group::OfWindow(group.clone())),
                LooksAt::Row | LooksAt::Nothing => {
                    grouped
                        .groups
                        .push(Group::Key(Column::new(table.clone(), field.name())));
                    grouped.keys.push(group.clone());
                    grouped.key_names.push((table.clone(), field.clone()));
                }
                LooksAt::Both => {
                    let what = "grouping by a window and a column in one expression";
                    let instead = "group by each of them";
                    return Err(Fault::unsupported(NOWHERE, what, instead));
                }
            }
        }
        Ok(grouped)
    }

    /// Sessions are apart by their keys already, and by these rows are grouped.
    fn check_session(&self, windows: &Windows) -> Result<(), Fault> {
        if !matches!(windows.window, Window::Session { .. }) {
            return Ok(());
        }
        let text =
            |keys: &[Expr]| -> BTreeSet<String> { keys.iter().map(ToString::to_string).collect() };
        if text(&self.keys) == text(&windows.keys) {
            return Ok(());
        }
        let instead = "group by window_start, window_end and the columns of PARTITION BY";
        let what = "grouping sessions by other columns than those they are partitioned by";
        Err(Fault::unsupported(NOWHERE, what, instead))
    }

    /// An expression over the columns that windows add, under the names that they have here.
    fn over_window(&self, value: &Expr) -> Result<Expr, Fault> {
        let over = value.clone().transform_up(|value| {
            let place = Windows::added_column(&value);
            let name = place.and_then(|place| self.window_names.get(place));
            Ok(match name {
                Some((table, name)) => {
                    let column = Column::new(Some(table.clone()), name);
                    Transformed::yes(Expr::Column(column))
                }
                None => Transformed::no(value),
            })
        })?;
        Ok(over.data)
    }

    /// The groups and then the aggregates.
    fn values(&self, aggregates: &[Qualified]) -> Result<Vec<Expr>, Fault> {
        let groups = self.groups.iter().map(|group| match group {
            Group::Key(column) => Ok(Expr::Column(column.clone())),
            Group::OfWindow(value) => self.over_window(value),
        });
        let aggregates = aggregates
            .iter()
            .map(|(table, field)| Ok(Expr::Column(Column::new(table.clone(), field.name()))));
        groups.chain(aggregates).collect()
    }
}

/// Filters of rows, and those of windows: which come to the same before and behind the aggregate.
fn split_filters(filters: &[Expr]) -> Result<(Vec<Expr>, Vec<Expr>), Fault> {
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    for filter in filters {
        match Windowed::looks_at(filter) {
            LooksAt::Row | LooksAt::Nothing => before.push(filter.clone()),
            LooksAt::Window => behind.push(filter.clone()),
            LooksAt::Both => {
                let what = "a condition on a window and a column in one";
                let instead = "write conditions on each of them, with AND";
                return Err(Fault::unsupported(NOWHERE, what, instead));
            }
        }
    }
    Ok((before, behind))
}

fn of_rows(value: &Expr, schema: &DFSchema) -> Result<Aggregate, Fault> {
    match Windowed::looks_at(value) {
        LooksAt::Row | LooksAt::Nothing => aggregate(value, schema),
        LooksAt::Window | LooksAt::Both => {
            let instead = "window_start and window_end are the same in all rows of a group";
            Err(Fault::unsupported(
                NOWHERE,
                "an aggregate of a window's columns",
                instead,
            ))
        }
    }
}

/// An aggregate over columns of these names.
fn aggregate(value: &Expr, schema: &DFSchema) -> Result<Aggregate, Fault> {
    let Expr::AggregateFunction(of) = unaliased(value) else {
        return Err(Fault::new(NOWHERE, "expected an aggregate function"));
    };
    let AggregateFunctionParams {
        args,
        distinct,
        filter,
        order_by,
        ..
    } = &of.params;
    if !order_by.is_empty() {
        let instead = "rows count in the order in which they arrive";
        return Err(Fault::unsupported(
            NOWHERE,
            "ORDER BY in an aggregate",
            instead,
        ));
    }
    call(&of.func, args, *distinct, filter.as_deref(), schema)
}

/// A call of a function of many rows.
pub(super) fn call(
    of: &Arc<datafusion_expr::AggregateUDF>,
    args: &[Expr],
    distinct: bool,
    filter: Option<&Expr>,
    schema: &DFSchema,
) -> Result<Aggregate, Fault> {
    let arguments = expressions(args, schema)?;
    let filter = filter
        .map(|filter| expression(filter, schema))
        .transpose()?;
    let function = match function(of) {
        Some(function) => function,
        None => {
            let other = AggregateExprBuilder::new(of.clone(), arguments.clone())
                .schema(Arc::new(schema.as_arrow().clone()))
                .alias(of.name())
                .with_distinct(distinct)
                .build()?;
            Function::Other(Arc::new(other))
        }
    };
    let is_constant = |value: &Expr| matches!(value, Expr::Literal(value, _) if !value.is_null());
    let counts_rows =
        matches!(function, Function::Count) && !distinct && args.first().is_some_and(is_constant);
    let argument = arguments.into_iter().next();
    Ok(Aggregate {
        function,
        argument: argument.filter(|_| !counts_rows),
        filter,
        distinct,
    })
}

fn refuse_retraction(aggregates: &[Aggregate]) -> Result<(), Fault> {
    for aggregate in aggregates {
        if let Function::Other(other) = &aggregate.function {
            let name = match other.fun().name() {
                "var" => "VAR_SAMP".to_owned(),
                name => name.to_uppercase(),
            };
            let what = format!("{name} of rows that change");
            let instead = "there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE";
            return Err(Fault::unsupported(NOWHERE, &what, instead).at_word(&name));
        }
    }
    Ok(())
}

pub(super) fn with_plain_type((table, field): Qualified) -> Qualified {
    let of = plain(field.data_type());
    (table, Arc::new(field.as_ref().clone().with_data_type(of)))
}
