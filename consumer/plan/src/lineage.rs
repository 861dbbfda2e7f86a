//! Which columns of a plan are time: event time with a watermark, or processing time; and which tell
//! of the window that a row is in. A column stays what it is where it is passed on as it is, and no
//! longer.

use arrow::datatypes::DataType;
use datafusion_common::{JoinType, tree_node::TreeNode};
use datafusion_expr::{Distinct, Expr, Join, LogicalPlan, Operator, utils::split_conjunction};

use super::{
    Both,
    as_of::{AsOf, is_as_of},
    catalog::{Source, Value},
    functions::PROCTIME,
    lower::within,
    sets::Repeat,
    windows::{Windows, step},
};

/// What kind of time a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    Event,
    Processing,
}

/// What a column tells of the window that a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WindowColumn {
    part: WindowPart,
    /// What kind of time windows are of.
    time: Attribute,
    /// Whether that time is an instant: windows lie in the job's zone then.
    is_zoned: bool,
}

/// Begin, end, and the last moment as a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WindowPart {
    Start,
    End,
    Time,
}

const PARTS: [WindowPart; 3] = [WindowPart::Start, WindowPart::End, WindowPart::Time];

/// What each column of a plan tells of the windows that its rows are in, where that is all it is.
fn window_columns(plan: &LogicalPlan) -> Vec<Option<WindowColumn>> {
    let mut columns = match plan {
        LogicalPlan::Projection(projection) => passed_on(&projection.expr, &projection.input),
        LogicalPlan::Aggregate(aggregate) => passed_on(&aggregate.group_expr, &aggregate.input),
        LogicalPlan::Filter(filter) => window_columns(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => window_columns(&alias.input),
        LogicalPlan::Distinct(Distinct::All(input)) => window_columns(input),
        LogicalPlan::Window(window) => window_columns(&window.input),
        LogicalPlan::Union(union) => {
            let all = union.inputs.iter().map(|input| window_columns(input));
            let same = |(one, other)| Some(one).filter(|one| *one == other).flatten();
            let both = |one: Vec<_>, other| one.into_iter().zip(other).map(same).collect();
            all.reduce(both).unwrap_or_default()
        }
        // What is put beside a row changes nothing of it.
        LogicalPlan::Join(join) if is_as_of(join) => window_columns(&join.left),
        LogicalPlan::Join(join) => joined(join),
        LogicalPlan::Extension(_) => {
            if let Some(as_of) = step::<AsOf>(plan) {
                return window_columns(&as_of.input);
            }
            if let Some(repeat) = step::<Repeat>(plan) {
                return window_columns(&repeat.input);
            }
            step(plan).map(added_columns).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    columns.resize(plan.schema().fields().len(), None);
    columns
}

fn passed_on(values: &[Expr], input: &LogicalPlan) -> Vec<Option<WindowColumn>> {
    let before = window_columns(input);
    let of = |value| *before.get(place(value, input)?)?;
    values.iter().map(of).collect()
}

fn added_columns(windows: &Windows) -> Vec<Option<WindowColumn>> {
    let added = PARTS.map(|part| {
        Some(WindowColumn {
            part,
            time: windows.attribute(),
            is_zoned: matches!(windows.time_type, DataType::Timestamp(_, Some(_))),
        })
    });
    let others = windows.input.schema().fields().iter().map(|_| None);
    others.chain(added).collect()
}

/// Beside nulls there is no window.
fn joined(join: &Join) -> Vec<Option<WindowColumn>> {
    let of = [&join.left, &join.right].map(|input| window_columns(input));
    if window_ends(join, &of).is_none() {
        return Vec::new();
    }
    let (left, right) = match join.join_type {
        JoinType::Inner => (true, true),
        JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => (true, false),
        JoinType::Right => (false, true),
        _ => (false, false),
    };
    let both = of.into_iter().zip([left, right]);
    let both = both.flat_map(|(columns, is_whole)| {
        let columns = columns.into_iter();
        columns.map(move |column| column.filter(|_| is_whole))
    });
    both.collect()
}

/// Where the windows of both inputs of a join end, if it is of rows of the same window of event time;
/// and whether they lie in the job's zone.
pub(super) fn joined_windows(join: &Join) -> Option<(Both<usize>, bool)> {
    let of = [&join.left, &join.right].map(|input| window_columns(input));
    window_ends(join, &of)
}

fn window_ends(join: &Join, of: &[Vec<Option<WindowColumn>>; 2]) -> Option<(Both<usize>, bool)> {
    let [left, right] = of;
    let pairs = equal_columns(join);
    let same = |part| {
        pairs.iter().find_map(|pair| {
            let window = (*left.get(pair.first)?).filter(|window| window.is_event(part))?;
            let is_it = right.get(pair.second) == Some(&Some(window));
            is_it.then_some((*pair, window.is_zoned))
        })
    };
    same(WindowPart::Start)?;
    same(WindowPart::End)
}

/// The columns of both inputs that must be equal, also where these are not told from the rest of the
/// condition yet.
fn equal_columns(join: &Join) -> Vec<Both<usize>> {
    let pair = |one, other| {
        let (first, second) = (place(one, &join.left)?, place(other, &join.right)?);
        Some(Both { first, second })
    };
    let rest = join.filter.iter().flat_map(split_conjunction);
    let rest = rest.filter_map(|condition| match condition {
        Expr::BinaryExpr(of) if of.op == Operator::Eq => {
            pair(&of.left, &of.right).or_else(|| pair(&of.right, &of.left))
        }
        _ => None,
    });
    let known = join.on.iter();
    let known = known.filter_map(|(one, other)| pair(one, other));
    known.chain(rest).collect()
}

/// Where the window ends that is among these keys of a plan's rows, if it is one of event time; and
/// whether it lies in the job's zone.
pub(super) fn window_end(keys: &[Expr], plan: &LogicalPlan) -> Option<(usize, bool)> {
    let columns = window_columns(plan);
    let known = |part| {
        keys.iter().find_map(|key| {
            let place = place(key, plan)?;
            let window = (*columns.get(place)?).filter(|window| window.is_event(part))?;
            Some((place, window.is_zoned))
        })
    };
    known(WindowPart::Start)?;
    known(WindowPart::End)
}

impl WindowColumn {
    fn is_event(&self, part: WindowPart) -> bool {
        self.part == part && self.time == Attribute::Event
    }
}

/// Which column of a plan an expression is.
pub(super) fn place(of: &Expr, plan: &LogicalPlan) -> Option<usize> {
    match unaliased(of) {
        Expr::Column(column) => plan.schema().maybe_index_of_column(column),
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
        LogicalPlan::Distinct(_) | LogicalPlan::Aggregate(_) => window_time(plan, column),
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
        LogicalPlan::Join(join) => window_time(plan, column).or_else(|| joined_time(join, column)),
        LogicalPlan::Extension(_) => {
            if let Some(as_of) = step::<AsOf>(plan) {
                return attribute(&as_of.input, column);
            }
            if let Some(repeat) = step::<Repeat>(plan) {
                return attribute(&repeat.input, column);
            }
            let windows = step::<Windows>(plan)?;
            let width = windows.input.schema().fields().len();
            if column < width {
                return attribute(&windows.input, column);
            }
            (column == width + 2).then(|| windows.attribute())
        }
        _ => None,
    }
}

/// Rows may be grouped, and joined, by the time of their window without its ceasing to be one.
fn window_time(plan: &LogicalPlan, column: usize) -> Option<Attribute> {
    let window = *window_columns(plan).get(column)?;
    let window = window.filter(|window| window.part == WindowPart::Time)?;
    Some(window.time)
}

/// Where rows find others within a time, they are given within a time.
fn joined_time(join: &Join, column: usize) -> Option<Attribute> {
    within(join)?;
    let width = join.left.schema().fields().len();
    let of = match column.checked_sub(width) {
        None => attribute(&join.left, column),
        Some(column) => attribute(&join.right, column),
    };
    of.filter(|of| *of == Attribute::Event)
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

/// What kind of time an expression over the columns of a plan is.
pub(super) fn of_expression(input: &LogicalPlan, expression: &Expr) -> Option<Attribute> {
    match unaliased(expression) {
        Expr::Column(column) => attribute(input, input.schema().maybe_index_of_column(column)?),
        Expr::ScalarFunction(of) if of.name() == PROCTIME => Some(Attribute::Processing),
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
