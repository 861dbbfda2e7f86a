//! The first rows in an order: `ROW_NUMBER` with a condition on it, and `ORDER BY … LIMIT`.

use datafusion_common::{
    Column, ScalarValue,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{
    BinaryExpr, Expr, Limit, LogicalPlan, Operator, Sort, SortExpr, Window,
    WindowFunctionDefinition, expr::WindowFunctionParams, lit,
};

use super::{
    super::{
        Arrival, Changelog, Input, Kind, Order, Rank, Until,
        error::{Fault, NOWHERE},
        functions::ROW_NUMBER,
        lineage::{Attribute, of_expression, unaliased, window_end},
        windows::fields,
    },
    Lowered, Lowering,
    below::Below,
    expression, expressions, schema,
};

const SUPPORTED: &str = "there is WHERE n <= 10, or n = 1, on n of \
    (SELECT …, ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) AS n FROM …)";

/// Rows with their numbers, of which the first are kept.
struct Numbered<'a> {
    below: Below<'a, Window>,
    params: &'a WindowFunctionParams,
    /// The column of the number.
    number: Column,
}

/// The rows of which the last of each key, by event time, is asked for.
pub(super) struct Last<'a> {
    /// The rows.
    pub(super) input: &'a LogicalPlan,
    /// What they are apart by, over these.
    pub(super) key: &'a [Expr],
    numbered: Numbered<'a>,
}

/// What of a number is asked for.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    from: i64,
    to: Option<i64>,
}

impl Lowering<'_> {
    /// A plan of the first rows of each key; none where it is another.
    pub(super) fn numbered(&mut self, plan: &LogicalPlan) -> Result<Option<Lowered>, Fault> {
        let Some(numbered) = Numbered::of(plan)? else {
            return Ok(None);
        };
        if self.is_behind_others(plan)? {
            return Ok(None);
        }
        let (bounds, rest) = numbered.bounds();
        let Numbered {
            below,
            params,
            number,
        } = numbered;
        let Some(to) = bounds.to else {
            return Err(unsupported("ROW_NUMBER without a bound"));
        };
        let input = self.exactly(&below.node.input)?;
        let is_number = |value: &Expr| value.column_refs().contains(&number);
        let is_numbered = below.columns.iter().chain(&rest).any(is_number);
        let mut rank = Rank {
            keys: expressions(&params.partition_by, &input.schema)?,
            from: usize::try_from(bounds.from).unwrap_or(1),
            to: usize::try_from(to).unwrap_or_default(),
            is_numbered,
            until: self.closes(&params.partition_by, &below.node.input, &input),
            ..self.in_order(&params.order_by, &below.node.input, &input)?
        };
        if rank.to == 1
            && let [order] = params.order_by.as_slice()
        {
            // Of rows of one moment the last that came is the last.
            let is_time = event_time(&order.expr, &below.node.input);
            if is_time && !order.asc {
                rank.arrival = Arrival::NewestFirst;
            }
        }
        let input = self.kept(input, &below.node.input, rank.until.is_some())?;
        let own = fields(&below.node.schema).skip(below.node.input.schema().fields().len());
        let own = own.filter(|_| is_numbered);
        let schema = schema(fields(&input.schema).chain(own).collect())?;
        let mut lowered = self.rank(&input, schema, rank);
        for filter in rest {
            lowered = self.filter(&lowered, &filter)?;
        }
        let names = fields(plan.schema()).collect();
        Ok(Some(self.project(&lowered, &below.columns, names)?))
    }

    /// Whether the first rows of each key are told by a plan below this one, whose step this one's can read
    /// from: it gives no number that is asked for here, or others read from it too.
    fn is_behind_others(&mut self, mut plan: &LogicalPlan) -> Result<bool, Fault> {
        while let Some(below) = renamed_or_filtered(plan) {
            plan = below;
            let Some(numbered) = Numbered::of(plan)? else {
                return Ok(false);
            };
            let (bounds, _) = numbered.bounds();
            let is_number = |value: &Expr| value.column_refs().contains(&numbered.number);
            let is_alone = !numbered.below.columns.iter().any(is_number);
            if bounds.to.is_some() && (is_alone || self.is_shared(plan)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The first rows of all.
    pub(super) fn limit(&mut self, limit: &Limit) -> Result<Lowered, Fault> {
        let sorted = Below::find(&limit.input, &|plan| match plan {
            LogicalPlan::Sort(sort) => Some(sort),
            _ => None,
        })?;
        let number = |value: &Option<Box<Expr>>| match value.as_deref() {
            Some(Expr::Literal(ScalarValue::Int64(Some(number)), _)) => Some(*number),
            _ => None,
        };
        let Some(count) = number(&limit.fetch) else {
            let instead = "there is LIMIT with a number";
            return Err(Fault::unsupported(NOWHERE, "OFFSET alone", instead));
        };
        let skipped = number(&limit.skip).unwrap_or_default();
        let bounds = |rank: Rank| Rank {
            from: usize::try_from(skipped).unwrap_or_default() + 1,
            to: usize::try_from(skipped.saturating_add(count)).unwrap_or_default(),
            ..rank
        };
        let Some(Below { node, columns, .. }) = sorted else {
            let input = self.exactly(&limit.input)?;
            let rank = bounds(self.in_order(&[], &limit.input, &input)?);
            return Ok(self.rank(&input, input.schema.clone(), rank));
        };
        let Sort { expr, input, .. } = node;
        let lowered = self.exactly(input)?;
        let rank = bounds(self.in_order(expr, input, &lowered)?);
        let ranked = self.rank(&lowered, lowered.schema.clone(), rank);
        self.project(&ranked, &columns, fields(limit.input.schema()).collect())
    }

    fn rank(
        &mut self,
        input: &Lowered,
        schema: datafusion_common::DFSchemaRef,
        rank: Rank,
    ) -> Lowered {
        let never_changes = rank.order.is_empty() && rank.arrival == Arrival::OldestFirst;
        let is_settled = rank.until.is_some() || never_changes;
        let changelog = match is_settled && input.changelog == Changelog::Append {
            true => Changelog::Append,
            false => Changelog::Retract,
        };
        let ranked = self.step(&[input], schema, changelog, Kind::Rank(Box::new(rank)));
        self.keep_columns(&ranked, Input::First, input);
        ranked
    }

    /// All rows in this order. By the clock they are as they come.
    fn in_order(
        &self,
        order: &[SortExpr],
        plan: &LogicalPlan,
        input: &Lowered,
    ) -> Result<Rank, Fault> {
        let by_clock = order
            .first()
            .filter(|order| of_expression(plan, &order.expr) == Some(Attribute::Processing));
        let arrival = match by_clock {
            Some(order) if !order.asc => Arrival::NewestFirst,
            _ => Arrival::OldestFirst,
        };
        let order = order.iter().filter(|_| by_clock.is_none());
        let order = order.map(|order| {
            Ok(Order {
                value: expression(&order.expr, &input.schema)?,
                is_descending: !order.asc,
                is_nulls_first: order.nulls_first,
            })
        });
        Ok(Rank {
            keys: Vec::new(),
            order: order.collect::<Result<_, Fault>>()?,
            arrival,
            from: 1,
            to: usize::MAX,
            is_numbered: false,
            until: None,
        })
    }

    /// Where rows are apart by their windows: when these close.
    pub(super) fn closes(
        &self,
        keys: &[Expr],
        plan: &LogicalPlan,
        input: &Lowered,
    ) -> Option<Until> {
        let (end, is_zoned) = window_end(keys, plan)?;
        let (table, field) = plan.schema().qualified_field(end);
        let column = Column::new(table.cloned(), field.name());
        let column = input.schema.maybe_index_of_column(&column)?;
        self.until_end(input, (column, is_zoned))
    }

    /// Until the window whose end is in this column of `input` closes; and whether it lies in the
    /// job's zone.
    pub(super) fn until_end(
        &self,
        input: &Lowered,
        (column, is_zoned): (usize, bool),
    ) -> Option<Until> {
        let is_settled = input.changelog == Changelog::Append;
        is_settled.then_some(Until {
            column,
            plus: -1,
            zone: is_zoned.then_some(self.settings.zone),
            drops_late: true,
        })
    }
}

impl<'a> Last<'a> {
    /// None where a plan is something else.
    pub(super) fn of(plan: &'a LogicalPlan) -> Result<Option<Self>, Fault> {
        let Some(numbered) = Numbered::of(plan)? else {
            return Ok(None);
        };
        let (bounds, _) = numbered.bounds();
        let params = numbered.params;
        let input = numbered.below.node.input.as_ref();
        let is_last = match params.order_by.as_slice() {
            [order] => !order.asc && event_time(&order.expr, input),
            _ => false,
        };
        let is_one = bounds.from == 1 && bounds.to == Some(1);
        Ok((is_last && is_one).then_some(Self {
            input,
            key: &params.partition_by,
            numbered,
        }))
    }

    /// What else is asked of them, over all of them.
    pub(super) fn filters(&self) -> Result<Vec<Expr>, Fault> {
        let (_, rest) = self.numbered.bounds();
        rest.into_iter().map(|filter| self.first(filter)).collect()
    }

    /// An expression over the columns of the plan, over those of all rows.
    pub(super) fn substituted(&self, value: &Expr, plan: &LogicalPlan) -> Result<Expr, Fault> {
        self.first(self.numbered.below.substituted(value, plan)?)
    }

    /// The number of what is asked for is 1.
    fn first(&self, value: Expr) -> Result<Expr, Fault> {
        let number = &self.numbered.number;
        let replaced = value.transform_up(|value| {
            Ok(match &value {
                Expr::Column(column) if column == number => Transformed::yes(lit(1_i64)),
                _ => Transformed::no(value),
            })
        })?;
        Ok(replaced.data)
    }
}

impl<'a> Numbered<'a> {
    fn of(plan: &'a LogicalPlan) -> Result<Option<Self>, Fault> {
        let below = Below::find(plan, &|plan| match plan {
            LogicalPlan::Window(window) => Some(window),
            _ => None,
        })?;
        let Some(below) = below else {
            return Ok(None);
        };
        let calls = below
            .node
            .window_expr
            .iter()
            .filter_map(|value| match unaliased(value) {
                Expr::WindowFunction(call) => Some(call.as_ref()),
                _ => None,
            });
        let calls: Vec<_> = calls.collect();
        let is_number = |fun: &WindowFunctionDefinition| fun.name() == ROW_NUMBER;
        let [call] = calls.as_slice() else {
            return match calls.iter().any(|call| is_number(&call.fun)) {
                true => Err(unsupported("ROW_NUMBER beside another function with OVER")),
                false => Ok(None),
            };
        };
        let place = below.node.input.schema().fields().len();
        let columns = below.node.schema.columns();
        let number = columns.into_iter().nth(place);
        Ok(number.filter(|_| is_number(&call.fun)).map(|number| Self {
            params: &call.params,
            number,
            below,
        }))
    }

    /// What is asked of the number, and what else.
    fn bounds(&self) -> (Bounds, Vec<Expr>) {
        let (mut bounds, mut rest) = (Bounds { from: 1, to: None }, Vec::new());
        for filter in &self.below.filters {
            if !bounds.narrow(filter, &self.number) {
                rest.push(filter.clone());
            }
        }
        (bounds, rest)
    }
}

impl Bounds {
    /// Takes a condition in, if it is one on the number alone and on nothing else.
    fn narrow(&mut self, condition: &Expr, number: &Column) -> bool {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else {
            return false;
        };
        let is_number = |value: &Expr| matches!(value, Expr::Column(column) if column == number);
        let literal = |value: &Expr| match value {
            Expr::Literal(ScalarValue::Int64(Some(literal)), _) => Some(*literal),
            _ => None,
        };
        let (op, bound) = match (literal(left), literal(right)) {
            (None, Some(bound)) if is_number(left) => (Some(*op), bound),
            (Some(bound), None) if is_number(right) => (op.swap(), bound),
            _ => return false,
        };
        let (from, to) = match op {
            Some(Operator::Eq) => (bound, Some(bound)),
            Some(Operator::Lt) => (1, Some(bound.saturating_sub(1))),
            Some(Operator::LtEq) => (1, Some(bound)),
            Some(Operator::Gt) => (bound.saturating_add(1), None),
            Some(Operator::GtEq) => (bound, None),
            _ => return false,
        };
        self.from = self.from.max(from);
        self.to = [self.to, to].into_iter().flatten().min();
        true
    }
}

/// What a plan renames, computes from or filters.
fn renamed_or_filtered(plan: &LogicalPlan) -> Option<&LogicalPlan> {
    match plan {
        LogicalPlan::Projection(projection) => Some(&projection.input),
        LogicalPlan::Filter(filter) => Some(&filter.input),
        LogicalPlan::SubqueryAlias(alias) => Some(&alias.input),
        _ => None,
    }
}

fn event_time(of: &Expr, plan: &LogicalPlan) -> bool {
    of_expression(plan, of) == Some(Attribute::Event)
}

fn unsupported(what: &str) -> Fault {
    Fault::unsupported(NOWHERE, what, SUPPORTED).at_word(ROW_NUMBER)
}
