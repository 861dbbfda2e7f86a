//! Aggregates of all rows, of which no column is read: they still come to one row, as soon as there is
//! one to aggregate.
//!
//! DataFusion puts a row without columns in their place, as data at rest always has it. Here each of them
//! gets a condition that is always true and reads a column, until the others have gone.

use std::sync::Arc;

use datafusion_common::{
    Result,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{
    Aggregate, Expr, Filter, LogicalPlan, Operator, binary_expr, expr::BinaryExpr,
};

/// Whether an aggregate has gone from a plan.
pub(super) fn is_lost(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|plan| {
        Ok(matches!(plan, LogicalPlan::EmptyRelation(empty) if empty.produce_one_row))
    })
}

/// A plan of whose aggregates of all rows a column is read.
pub(super) fn kept(plan: LogicalPlan) -> Result<LogicalPlan> {
    let kept = plan.transform_up(|plan| {
        let LogicalPlan::Aggregate(of) = &plan else {
            return Ok(Transformed::no(plan));
        };
        let Some(first) = first(of) else {
            return Ok(Transformed::no(plan));
        };
        let filter = Filter::try_new(always(first), Arc::new(plan))?;
        Ok(Transformed::yes(LogicalPlan::Filter(filter)))
    })?;
    Ok(kept.data)
}

/// The plan without what `kept` has put there.
pub(super) fn plain(plan: LogicalPlan) -> Result<LogicalPlan> {
    let plain = plan.transform_up(|plan| {
        Ok(match plan {
            LogicalPlan::Filter(filter) if is_put_there(&filter) => {
                Transformed::yes(Arc::unwrap_or_clone(filter.input))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(plain.data)
}

/// The first column of an aggregate of all rows.
fn first(of: &Aggregate) -> Option<Expr> {
    let is_of_all = of.group_expr.is_empty() && !of.aggr_expr.is_empty();
    let column = of.schema.columns().into_iter().next();
    column.filter(|_| is_of_all).map(Expr::Column)
}

fn always(column: Expr) -> Expr {
    binary_expr(column.clone(), Operator::IsNotDistinctFrom, column)
}

fn is_put_there(filter: &Filter) -> bool {
    let LogicalPlan::Aggregate(of) = filter.input.as_ref() else {
        return false;
    };
    let is_always =
        |one: &BinaryExpr| one.op == Operator::IsNotDistinctFrom && one.left == one.right;
    of.group_expr.is_empty() && matches!(&filter.predicate, Expr::BinaryExpr(one) if is_always(one))
}
