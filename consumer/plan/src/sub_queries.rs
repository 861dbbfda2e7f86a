//! What IN and EXISTS mean where nulls, or no rows at all, come out of a sub-query. `x NOT IN (SELECT y …)`,
//! however it is written, is that there is no row of which it is not known that its `y` is another: a null
//! among these, or as `x` where there are any, leaves nothing sure. And an aggregate is a row, of nulls or
//! of 0, also where nothing belongs to it: it would be none behind a join.

use std::sync::Arc;

use datafusion_common::{
    Column, DFSchema, ExprSchema, Result,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{
    Distinct, Expr, ExprSchemable, FetchType, LogicalPlan, LogicalPlanBuilder, Subquery,
    expr::{Exists, InSubquery},
    lit,
};

use super::{
    Function,
    conditions::place,
    error::{Fault, NOWHERE},
    functions::function,
    lineage::unaliased,
    query::replace_expressions,
};

/// A name that no query can write.
const VALUE: &str = "\0value";

/// Replaces all of them in a plan of which expressions are simple: a `NOT` stands right before what it is of.
pub(super) fn told(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plan = replace_expressions(plan, |expression, _| Ok(with_its_own_not(expression)))?;
    replace_expressions(plan, |expression, schema| {
        refuse_none(&expression)?;
        Ok(match expression {
            Expr::Exists(of) if gives_none(&of.subquery.subquery)? => {
                Transformed::yes(lit(of.negated))
            }
            Expr::InSubquery(of) if of.negated => known(of, schema)?,
            other => Transformed::no(other),
        })
    })
}

/// A `NOT` before one of them is part of it: of two there is none.
fn with_its_own_not(expression: Expr) -> Transformed<Expr> {
    let Expr::Not(of) = expression else {
        return Transformed::no(expression);
    };
    match *of {
        Expr::InSubquery(mut of) => {
            of.negated = !of.negated;
            Transformed::yes(Expr::InSubquery(of))
        }
        Expr::Exists(mut of) => {
            of.negated = !of.negated;
            Transformed::yes(Expr::Exists(of))
        }
        other => Transformed::no(Expr::Not(Box::new(other))),
    }
}

/// Whether a query says that it gives no rows.
fn gives_none(plan: &LogicalPlan) -> Result<bool> {
    Ok(match plan {
        LogicalPlan::Limit(limit) => {
            matches!(limit.get_fetch_type()?, FetchType::Literal(Some(0)))
        }
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) => {
            let input = plan.inputs().first().copied();
            input.map_or(Ok(false), gives_none)?
        }
        _ => false,
    })
}

/// Whether an expression asks what a query gives.
pub(super) fn asks_query(expression: &Expr) -> bool {
    let is_query = |value: &Expr| {
        Ok(matches!(
            value,
            Expr::Exists(_) | Expr::InSubquery(_) | Expr::ScalarSubquery(_)
        ))
    };
    expression.exists(is_query).unwrap_or(false)
}

/// Refuses a sub-query that is left where none can be asked.
pub(super) fn unasked(value: &Expr) -> Fault {
    let is_value = |value: &Expr| Ok(matches!(value, Expr::ScalarSubquery(_)));
    let (what, instead) = match value.exists(is_value) {
        Ok(true) => ("a sub-query as a value here, or of such a kind", VALUES),
        _ => ("EXISTS or IN here, or of such a sub-query", SUB_QUERIES),
    };
    Fault::unsupported(NOWHERE, what, instead)
}

const VALUES: &str = "there is (SELECT MAX(x) FROM …) in SELECT, WHERE and HAVING; where it looks at columns \
    of the rows, it has no UNION and no LIMIT, and compares by =";
const SUB_QUERIES: &str = "there is [NOT] EXISTS and [NOT] IN (SELECT …) in WHERE and HAVING, with AND, OR and NOT \
    between them; where the sub-query looks at columns of the rows, it has no UNION and no LIMIT, and none but = where it aggregates";

/// Whether a plan has any.
pub(super) fn are_in(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|plan| Ok(plan.expressions().iter().any(asks_query)))
}

/// Refuses an aggregate of all that belongs to a row, where it matters what it is of nothing.
fn refuse_none(expression: &Expr) -> Result<()> {
    let (subquery, is_counted) = match expression {
        Expr::Exists(of) => (&of.subquery, true),
        Expr::InSubquery(of) => (&of.subquery, of.negated),
        _ => return Ok(()),
    };
    let Some(aggregates) =
        of_all(&subquery.subquery).filter(|_| !subquery.outer_ref_columns.is_empty())
    else {
        return Ok(());
    };
    let counts = |value: &Expr| match unaliased(value) {
        Expr::AggregateFunction(of) => matches!(function(&of.func), Some(Function::Count)),
        _ => false,
    };
    if is_counted || aggregates.iter().any(counts) {
        let what = "EXISTS, NOT IN, or COUNT, of an aggregate of what belongs to a row";
        let instead = "join a sub-query with GROUP BY";
        return Err(Fault::unsupported(place(expression), what, instead).into());
    }
    Ok(())
}

/// The aggregates of a query that aggregates all its rows.
fn of_all(plan: &LogicalPlan) -> Option<&[Expr]> {
    match plan {
        LogicalPlan::Aggregate(of) => of.group_expr.is_empty().then_some(of.aggr_expr.as_slice()),
        LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Filter(_) => {
            of_all(plan.inputs().first().copied()?)
        }
        _ => None,
    }
}

/// The only column of a query, under a name that can be told from all that stands around it. Values that
/// are there several times need not be told apart.
fn values(plan: &LogicalPlan) -> Result<LogicalPlan> {
    let (input, value) = match plan {
        LogicalPlan::Distinct(Distinct::All(input)) => return values(input),
        LogicalPlan::Projection(of) => (of.input.as_ref(), of.expr.first().map(unaliased)),
        other => (other, None),
    };
    let column = || {
        input
            .schema()
            .columns()
            .into_iter()
            .next()
            .map(Expr::Column)
    };
    let value = value.cloned().or_else(column);
    let value = value.into_iter().map(|value| value.alias(VALUE));
    LogicalPlanBuilder::from(input.clone())
        .project(value)?
        .build()
}

fn known(of: InSubquery, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let InSubquery { expr, subquery, .. } = of;
    let Subquery {
        subquery,
        mut outer_ref_columns,
        spans,
    } = subquery;
    let rows = values(&subquery)?;
    let is_sure = !rows.schema().field(0).is_nullable() && !expr.nullable(schema)?;
    let outer = (*expr).transform_up(|value| {
        let Expr::Column(column) = value else {
            return Ok(Transformed::no(value));
        };
        let field = schema.field_from_column(&column)?.clone();
        let outer = Expr::OuterReferenceColumn(field, column);
        outer_ref_columns.push(outer.clone());
        Ok(Transformed::yes(outer))
    })?;
    let other = Expr::Column(Column::new_unqualified(VALUE));
    let is_same = outer.data.eq(other.clone());
    let is_perhaps_same = match is_sure {
        true => is_same,
        false => Expr::IsNotFalse(Box::new(is_same)),
    };
    // What else the rows are asked for is asked of columns that are passed on by a projection alone.
    let same = LogicalPlanBuilder::from(rows)
        .filter(is_perhaps_same)?
        .project([other])?;
    let subquery = Subquery {
        subquery: Arc::new(same.build()?),
        outer_ref_columns,
        spans,
    };
    let negated = true;
    Ok(Transformed::yes(Expr::Exists(Exists { subquery, negated })))
}
