//! A sub-query as a value: `x > (SELECT MAX(y) …)`. It is a join with one row at the most, beside nulls where
//! there is none. An aggregate of nothing is a value too, that it has from the start: a count is 0.

use datafusion_common::{Result, ScalarValue, tree_node::Transformed};
use datafusion_expr::{
    Aggregate, Distinct, Expr, ExprSchemable, Limit, LogicalPlan, LogicalPlanBuilder, Subquery,
    lit, utils::conjunction, when,
};
use datafusion_functions::core::coalesce;
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    conditions::place,
    error::{Fault, NOWHERE},
    lineage::unaliased,
    lower::Below,
    query::{replace_expressions, simplified},
    sub_queries::are_in,
};

/// Gives each of them the value that it has of nothing, and refuses what may be several rows. It does
/// nothing to what it has done already, as to that of a view.
pub(super) fn told(plan: LogicalPlan) -> Result<LogicalPlan> {
    if !are_in(&plan)? {
        return Ok(plan);
    }
    replace_expressions(plan, |expression, _| {
        if let Some(told) = told_before(&expression) {
            return Ok(Transformed::yes(told));
        }
        let Expr::ScalarSubquery(of) = &expression else {
            return Ok(Transformed::no(expression));
        };
        if !is_one_row(&of.subquery)? {
            let what = "a sub-query of several rows as a value";
            let instead = "aggregate them all, as by MAX(x), or write LIMIT 1";
            return Err(Fault::unsupported(begin(of), what, instead).into());
        }
        Ok(match of_nothing(of)? {
            Some(value) => Transformed::yes(coalesce().call(vec![expression, lit(value)])),
            None => Transformed::no(expression),
        })
    })
}

/// One that was told of before, where it is told of twice now.
fn told_before(expression: &Expr) -> Option<Expr> {
    let parts = |value: &Expr| match value {
        Expr::ScalarFunction(call) if call.name() == coalesce().name() => {
            <[Expr; 2]>::try_from(call.args.clone()).ok()
        }
        _ => None,
    };
    let [inner, nothing] = parts(expression)?;
    let [value, same] = parts(&inner)?;
    let is_told = matches!(value, Expr::ScalarSubquery(_)) && same == nothing;
    is_told.then_some(inner)
}

/// Whether a query gives one row, or none.
fn is_one_row(plan: &LogicalPlan) -> Result<bool> {
    Ok(match plan {
        LogicalPlan::Aggregate(of) => of.group_expr.is_empty(),
        LogicalPlan::Limit(limit) => most(limit)? <= 1 || is_one_row(&limit.input)?,
        LogicalPlan::Distinct(Distinct::All(input)) => is_one_row(input)?,
        LogicalPlan::Projection(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_) => match plan.inputs().first() {
            Some(input) => is_one_row(input)?,
            None => false,
        },
        _ => false,
    })
}

/// So many rows a limit gives at the most.
fn most(limit: &Limit) -> Result<i64> {
    let Some(fetch) = &limit.fetch else {
        return Ok(i64::MAX);
    };
    let row = LogicalPlanBuilder::empty(true).project([fetch.as_ref().clone().alias("")])?;
    Ok(match simplified(row.build()?)? {
        Expr::Literal(ScalarValue::Int64(Some(most)), _) => most,
        Expr::Literal(ScalarValue::Int32(Some(most)), _) => most.into(),
        _ => i64::MAX,
    })
}

/// What an aggregate of all rows is where there are none, if that is a value. One that looks at the rows
/// around it has that where it is joined.
fn of_nothing(of: &Subquery) -> Result<Option<ScalarValue>> {
    let found = Below::find(whole(&of.subquery), &|plan| match plan {
        LogicalPlan::Aggregate(all) if all.group_expr.is_empty() => Some(all),
        _ => None,
    })?;
    let Some(below) = found else {
        return Ok(None);
    };
    if !of.outer_ref_columns.is_empty() {
        if below.filters.is_empty() {
            return Ok(None);
        }
        let what = "HAVING in a sub-query that is a value and looks at columns of the rows";
        let instead = "join a sub-query with GROUP BY";
        return Err(Fault::unsupported(begin(of), what, instead).into());
    }
    let Some(value) = below.columns.first() else {
        return Ok(None);
    };
    let nothing = Below {
        columns: values_of_nothing(below.node)?,
        filters: Vec::new(),
        node: below.node,
    };
    let plan = LogicalPlan::Aggregate(below.node.clone());
    let filters = below.filters.iter();
    let filters = filters.map(|filter| nothing.substituted(filter, &plan));
    let mut known = nothing.substituted(value, &plan)?;
    if let Some(condition) = conjunction(filters.collect::<Result<Vec<_>, Fault>>()?) {
        known = when(condition, known).end()?;
    }
    let row = LogicalPlanBuilder::empty(true).project([known.alias("")])?;
    match simplified(row.build()?)? {
        Expr::Literal(known, _) if known.is_null() => Ok(None),
        Expr::Literal(known, _)
            if below.filters.is_empty() && !value.nullable(plan.schema())? =>
        {
            Ok(Some(known))
        }
        _ => {
            let what = "a sub-query as a value that is one of no rows, and may be NULL of others";
            let instead = "write COUNT(*) alone";
            Err(Fault::unsupported(begin(of), what, instead).into())
        }
    }
}

/// The aggregate, where nothing is left out of a row that it gives.
fn whole(plan: &LogicalPlan) -> &LogicalPlan {
    match plan {
        LogicalPlan::Distinct(Distinct::All(input)) => whole(input),
        LogicalPlan::Limit(limit) => whole(&limit.input),
        LogicalPlan::Sort(sort) => whole(&sort.input),
        other => other,
    }
}

fn values_of_nothing(of: &Aggregate) -> Result<Vec<Expr>> {
    let values = of.aggr_expr.iter().zip(of.schema.fields());
    let values = values.map(|(value, field)| {
        let of = field.data_type();
        Ok(lit(match unaliased(value) {
            Expr::AggregateFunction(call) => call.func.default_value(of)?,
            _ => ScalarValue::try_from(of)?,
        }))
    });
    values.collect()
}

/// Where the first column of a sub-query is written.
fn begin(of: &Subquery) -> Location {
    let mut plans = vec![of.subquery.as_ref()];
    let mut places = Vec::new();
    while let Some(plan) = plans.pop() {
        places.extend(plan.expressions().iter().map(place));
        plans.extend(plan.inputs());
    }
    let places = places.into_iter().filter(|at| *at != NOWHERE);
    places.min().unwrap_or(NOWHERE)
}
