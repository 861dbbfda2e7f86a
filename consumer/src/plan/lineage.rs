//! Which columns of a plan are time: event time with a watermark, or processing time. A column stays
//! time where it is passed on as it is, and no longer.

use datafusion_common::tree_node::TreeNode;
use datafusion_expr::{Distinct, Expr, LogicalPlan};

use super::{
    as_of::{AsOf, is_as_of},
    catalog::{Source, Value},
    functions::PROCTIME,
    lower::within,
    windows::{ADDED, Windows},
};

/// What kind of time a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Event,
    Processing,
}

/// What a column tells of the window that a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowColumn {
    Start,
    End,
}

/// What the column of this number tells of a row's window of event time, if that is all it is.
pub(super) fn window_column(plan: &LogicalPlan, column: usize) -> Option<WindowColumn> {
    let of = |input: &LogicalPlan, value: &Expr| match unaliased(value) {
        Expr::Column(inner) => window_column(input, input.schema().maybe_index_of_column(inner)?),
        _ => None,
    };
    match plan {
        LogicalPlan::Projection(projection) => of(&projection.input, projection.expr.get(column)?),
        LogicalPlan::Aggregate(aggregate) => {
            of(&aggregate.input, aggregate.group_expr.get(column)?)
        }
        LogicalPlan::Filter(filter) => window_column(&filter.input, column),
        LogicalPlan::SubqueryAlias(alias) => window_column(&alias.input, column),
        LogicalPlan::Distinct(Distinct::All(input)) => window_column(input, column),
        LogicalPlan::Extension(extension) => {
            let windows = extension.node.as_any().downcast_ref::<Windows>()?;
            windows.time.as_ref()?;
            match column.checked_sub(windows.input.schema().fields().len())? {
                0 => Some(WindowColumn::Start),
                1 => Some(WindowColumn::End),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What kind of time the column of this number is, if any.
pub(super) fn attribute(plan: &LogicalPlan, column: usize) -> Option<Attribute> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let projected = scan.projection.as_ref();
            let column = projected.map_or(Some(column), |all| all.get(column).copied())?;
            of_table(scan.source.downcast_ref::<Source>()?, column)
        }
        LogicalPlan::Projection(projection) => {
            of_expression(&projection.input, projection.expr.get(column)?)
        }
        LogicalPlan::Filter(filter) => attribute(&filter.input, column),
        LogicalPlan::SubqueryAlias(alias) => attribute(&alias.input, column),
        LogicalPlan::Distinct(Distinct::All(input)) => of_window_time(input, column),
        LogicalPlan::Aggregate(aggregate) => {
            let key = aggregate.group_expr.get(column)?;
            let Expr::Column(key) = unaliased(key) else {
                return None;
            };
            let column = aggregate.input.schema().maybe_index_of_column(key)?;
            of_window_time(&aggregate.input, column)
        }
        LogicalPlan::Window(window) => {
            let is_input = column < window.input.schema().fields().len();
            is_input.then(|| attribute(&window.input, column)).flatten()
        }
        LogicalPlan::Union(union) => {
            let mut all = union.inputs.iter().map(|input| attribute(input, column));
            let first = all.next().flatten();
            first.filter(|_| all.all(|other| other == first))
        }
        // What is put beside a row changes nothing of it.
        LogicalPlan::Join(join) if is_as_of(join) => {
            let is_first = column < join.left.schema().fields().len();
            is_first.then(|| attribute(&join.left, column)).flatten()
        }
        LogicalPlan::Join(join) => {
            // Where rows find others within a time, they are given within a time.
            within(join)?;
            let width = join.left.schema().fields().len();
            let of = match column.checked_sub(width) {
                None => attribute(&join.left, column),
                Some(column) => attribute(&join.right, column),
            };
            of.filter(|of| *of == Attribute::Event)
        }
        LogicalPlan::Extension(extension) => {
            if let Some(as_of) = AsOf::of(plan) {
                return attribute(&as_of.input, column);
            }
            let windows = extension.node.as_any().downcast_ref::<Windows>()?;
            let width = windows.input.schema().fields().len();
            if column < width {
                return attribute(&windows.input, column);
            }
            let is_event = windows.time.is_some();
            let of = if is_event {
                Attribute::Event
            } else {
                Attribute::Processing
            };
            (column == width + 2).then_some(of)
        }
        _ => None,
    }
}

/// Whether rows of this plan have come through a join, behind which no column is time.
pub(super) fn has_join(plan: &LogicalPlan) -> bool {
    let is_join = |plan: &LogicalPlan| Ok(matches!(plan, LogicalPlan::Join(_)));
    plan.exists(is_join).expect("it is only looked at")
}

fn of_table(source: &Source, column: usize) -> Option<Attribute> {
    let Source::Table(declared) = source else {
        return None;
    };
    if let Value::Processing(_) = declared.columns.get(column)?.value {
        return Some(Attribute::Processing);
    }
    let watermark = declared.watermark.as_ref()?;
    (watermark.time == column).then_some(Attribute::Event)
}

fn of_expression(input: &LogicalPlan, expression: &Expr) -> Option<Attribute> {
    match unaliased(expression) {
        Expr::Column(column) => attribute(input, input.schema().maybe_index_of_column(column)?),
        Expr::ScalarFunction(of) if of.name() == PROCTIME => Some(Attribute::Processing),
        _ => None,
    }
}

/// By the windows' time rows may be grouped without its ceasing to be one.
fn of_window_time(input: &LogicalPlan, column: usize) -> Option<Attribute> {
    match input {
        LogicalPlan::Filter(filter) => of_window_time(&filter.input, column),
        LogicalPlan::SubqueryAlias(alias) => of_window_time(&alias.input, column),
        LogicalPlan::Projection(projection) => {
            let Expr::Column(inner) = unaliased(projection.expr.get(column)?) else {
                return None;
            };
            let column = projection.input.schema().maybe_index_of_column(inner)?;
            of_window_time(&projection.input, column)
        }
        LogicalPlan::Extension(extension) => {
            let windows = extension.node.as_any().downcast_ref::<Windows>()?;
            let is_added = column + 1 == windows.input.schema().fields().len() + ADDED.len();
            is_added.then(|| attribute(input, column)).flatten()
        }
        _ => None,
    }
}

/// The expression under its other names.
pub(super) fn unaliased(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}
