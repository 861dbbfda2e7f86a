//! Joins: what must be equal, what else must be true, and for how long a row may find others.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use compute::milliseconds;
use datafusion_common::{Column, DFSchema, JoinType, NullEquality, ScalarValue};
use datafusion_expr::{BinaryExpr, Expr, LogicalPlan, Operator, lit, utils::split_conjunction};

use super::{
    super::{
        Both, Changelog, Input, Join, JoinKind, Kind, Until,
        error::{Fault, NOWHERE},
        lineage::{Attribute, attribute, joined_windows, unaliased},
        windows::fields,
    },
    Lowered, Lowering, expression, hidden, is_hidden, schema,
};

const SUPPORTED: &str =
    "there is [INNER | LEFT | RIGHT | FULL | CROSS] JOIN … ON, EXISTS and IN (SELECT …)";

const BESIDE_OR: &str =
    "beside OR, NOT IN of what may be null, and EXISTS or IN by other comparisons than =";

/// A join with its inputs as plans.
type Plan = datafusion_expr::Join;

/// How far the time of a row of the first input may be behind that of one of the second, in
/// milliseconds, from the least to the most; and where these times are.
#[derive(Debug, Clone, Copy)]
struct Apart {
    times: Both<usize>,
    least: Option<i64>,
    most: Option<i64>,
}

impl Lowering<'_> {
    pub(super) fn join(&mut self, join: &Plan) -> Result<Lowered, Fault> {
        let kind = kind(join)?;
        if let Some(lowered) = self.as_of(join, kind)? {
            return Ok(lowered);
        }
        let first = self.exactly(&join.left)?;
        let second = self.exactly(&join.right)?;
        let second = self.apart(&first, second);
        let retracts = [&first, &second]
            .into_iter()
            .any(|input| input.changelog == Changelog::Retract);
        let until = self.in_windows(join, [&first, &second]);
        let until = until.or_else(|| within(join)).filter(|_| !retracts);
        let drops_late = until.is_some_and(|until| until.first.drops_late);
        let first = self.kept(first, &join.left, drops_late)?;
        let second = self.kept(second, &join.right, drops_late)?;
        let pair = pair(&first, &second)?;
        let (mut keys, filter) = (
            Both {
                first: Vec::new(),
                second: Vec::new(),
            },
            &join.filter,
        );
        for (one, other) in &join.on {
            keys.first.push(expression(one, &first.schema)?);
            keys.second.push(expression(other, &second.schema)?);
        }
        let is_settled = until.is_some() || matches!(kind, JoinKind::Inner | JoinKind::Semi);
        let changelog = match is_settled && !retracts {
            true => Changelog::Append,
            false => Changelog::Retract,
        };
        let schema = match kind {
            JoinKind::Semi | JoinKind::Anti => first.schema.clone(),
            _ => pair.clone(),
        };
        let is_true =
            |filter: &&Expr| matches!(filter, Expr::Literal(ScalarValue::Boolean(Some(true)), _));
        let filter = filter.as_ref().filter(|filter| !is_true(filter));
        let filter = filter.map(|filter| expression(filter, &pair));
        let join = Join {
            kind,
            keys,
            nulls_match: join.null_equality == NullEquality::NullEqualsNull,
            filter: filter.transpose()?,
            until,
        };
        let inputs = [&first, &second];
        let joined = self.step(
            inputs.as_slice(),
            schema,
            changelog,
            Kind::Join(Box::new(join)),
        );
        for (input, rows) in [Input::First, Input::Second].into_iter().zip(inputs) {
            self.keep_columns(&joined, input, rows);
        }
        Ok(joined)
    }

    /// What a step keeps of its rows: the columns of their plan, where those that late rows are to have
    /// are of no more use once it is known that a row is in time.
    pub(super) fn kept(
        &self,
        rows: Lowered,
        plan: &LogicalPlan,
        drops_late: bool,
    ) -> Result<Lowered, Fault> {
        let width = plan.schema().fields().len().max(1);
        if drops_late && !self.carries && width < rows.schema.fields().len() {
            return rows.narrowed(width);
        }
        Ok(rows)
    }

    /// Remembers how many columns of its rows a step keeps.
    pub(super) fn keep_columns(&mut self, step: &Lowered, input: Input, rows: &Lowered) {
        let width = rows.schema.fields().len();
        let given = self.dataflow.steps.get(rows.step.0);
        if given.is_some_and(|given| width < given.schema.fields().len()) {
            self.dataflow.widths.insert((step.step, input), width);
        }
    }

    /// A second input that can be told from the first, also where both are rows of one step.
    pub(super) fn apart(&mut self, first: &Lowered, second: Lowered) -> Lowered {
        if first.step != second.step {
            return second;
        }
        let (schema, changelog) = (second.schema.clone(), second.changelog);
        self.step(&[&second], schema, changelog, Kind::Union)
    }

    /// The columns of a plan and no others, in their order: each costs memory. Where none is wanted
    /// there is one that says nothing, as rows that are kept are known by their columns.
    pub(super) fn exactly(&mut self, plan: &LogicalPlan) -> Result<Lowered, Fault> {
        let input = self.plan(plan)?;
        let columns = plan.schema().columns().into_iter().map(Expr::Column);
        let mut columns: Vec<_> = columns.collect();
        let mut names: Vec<_> = fields(plan.schema()).collect();
        if columns.is_empty() {
            let name = hidden(self.dataflow.steps.len());
            let field = Arc::new(Field::new("row", DataType::Boolean, false));
            columns.push(lit(true));
            names.push((Some(name), field));
        }
        let carries = self.may_be_late(plan)?;
        self.carrying(carries, |own| own.project(&input, &columns, names))
    }

    /// Where rows of the same window belong together.
    fn in_windows(&self, join: &Plan, [first, second]: [&Lowered; 2]) -> Option<Both<Until>> {
        let (ends, is_zoned) = joined_windows(join)?;
        Some(Both {
            first: self.until_end(first, (ends.first, is_zoned))?,
            second: self.until_end(second, (ends.second, is_zoned))?,
        })
    }
}

fn kind(join: &Plan) -> Result<JoinKind, Fault> {
    let unsupported = |what: &str| Err(Fault::unsupported(NOWHERE, what, SUPPORTED));
    Ok(match join.join_type {
        JoinType::Inner => JoinKind::Inner,
        JoinType::Left => JoinKind::Left,
        JoinType::Right => JoinKind::Right,
        JoinType::Full => JoinKind::Full,
        JoinType::LeftSemi => JoinKind::Semi,
        JoinType::LeftAnti => JoinKind::Anti,
        JoinType::LeftMark => return unsupported(BESIDE_OR),
        other => return unsupported(&format!("a join of kind {other}")),
    })
}

/// The columns of both; any may be null beside a row that belongs to none.
pub(super) fn pair(first: &Lowered, second: &Lowered) -> Result<Arc<DFSchema>, Fault> {
    let both = fields(&first.schema).chain(fields(&second.schema));
    let nullable = both.enumerate().map(|(place, (table, field))| {
        let table = match table {
            Some(table) if is_hidden(&table) => Some(hidden(place)),
            table => table,
        };
        (table, Arc::new(field.as_ref().clone().with_nullable(true)))
    });
    schema(nullable.collect())
}

/// Where the times of rows that belong together are so and so far apart: until when they may find
/// each other.
pub(in super::super) fn within(join: &Plan) -> Option<Both<Until>> {
    // Nulls that are equal to each other are at no time.
    if join.null_equality == NullEquality::NullEqualsNull {
        return None;
    }
    let mut apart: Option<Apart> = None;
    let conditions = join.filter.iter().flat_map(split_conjunction);
    let bounds = conditions.flat_map(|one| Apart::all(one, join));
    let equal = join.on.iter();
    let equal = equal.filter_map(|(one, other)| Apart::new((one, Operator::Eq, other), join));
    for bound in bounds.chain(equal) {
        apart = match apart {
            None => Some(bound),
            Some(known) if known.times == bound.times => Some(Apart {
                times: known.times,
                least: known.least.max(bound.least),
                most: [known.most, bound.most].into_iter().flatten().min(),
            }),
            Some(known) => Some(known),
        };
    }
    let Apart { times, least, most } = apart?;
    let until = |column, plus| Until {
        column,
        plus,
        zone: None,
        drops_late: false,
    };
    Some(Both {
        first: until(times.first, least?.checked_neg()?),
        second: until(times.second, most?),
    })
}

impl Apart {
    /// What a condition says of the event times of both inputs: `first.time >= second.time - …`.
    fn all(condition: &Expr, join: &Plan) -> Vec<Self> {
        let bounds = match condition {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => vec![(&**left, *op, &**right)],
            Expr::Between(between) if !between.negated => vec![
                (&*between.expr, Operator::GtEq, &*between.low),
                (&*between.expr, Operator::LtEq, &*between.high),
            ],
            _ => Vec::new(),
        };
        let bounds = bounds.into_iter();
        bounds.filter_map(|bound| Self::new(bound, join)).collect()
    }

    fn new((left, op, right): (&Expr, Operator, &Expr), join: &Plan) -> Option<Self> {
        let ((one, more), (other, less)) = (moved(left)?, moved(right)?);
        let by = less.checked_sub(more)?;
        let times = |one, other| {
            Some(Both {
                first: event_time(one, &join.left)?,
                second: event_time(other, &join.right)?,
            })
        };
        let (times, op, by) = match times(one, other) {
            Some(times) => (times, op, by),
            None => (times(other, one)?, op.swap()?, by.checked_neg()?),
        };
        let (least, most) = match op {
            Operator::Eq => (Some(by), Some(by)),
            Operator::GtEq | Operator::Gt => (Some(by), None),
            Operator::LtEq | Operator::Lt => (None, Some(by)),
            _ => return None,
        };
        Some(Self { times, least, most })
    }
}

/// A column, and by how many milliseconds it is moved.
fn moved(of: &Expr) -> Option<(&Column, i64)> {
    match unaliased(of) {
        Expr::Column(column) => Some((column, 0)),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (column, by) = moved(left)?;
            let Expr::Literal(interval, _) = right.as_ref() else {
                return None;
            };
            let more = milliseconds(interval)?;
            let more = match op {
                Operator::Plus => more,
                Operator::Minus => more.checked_neg()?,
                _ => return None,
            };
            Some((column, by.checked_add(more)?))
        }
        _ => None,
    }
}

/// Which column of a plan this is, if it is event time.
fn event_time(column: &Column, plan: &LogicalPlan) -> Option<usize> {
    let place = plan.schema().maybe_index_of_column(column)?;
    (attribute(plan, place) == Some(Attribute::Event)).then_some(place)
}
