//! EXISTS and IN beside OR: whether a row belongs to any is a column of it then, a mark. A join with marks
//! is one with the keys that there are, each once, beside nulls where a key is not there.

use datafusion_common::{
    Column, JoinType, NullEquality, Result,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{
    Expr, Join, LogicalPlan, LogicalPlanBuilder, Operator, expr::BinaryExpr, lit,
};
use datafusion_optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::{
    conditions::place,
    error::{Fault, NOWHERE},
};

/// Makes joins with marks plain ones, where all that they compare must be equal.
#[derive(Debug)]
pub(super) struct Marks;

impl OptimizerRule for Marks {
    fn name(&self) -> &'static str {
        "marks"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match plan {
            LogicalPlan::Join(join) if is_of_equals(&join) => plain(&join).map(Transformed::yes),
            other => Ok(Transformed::no(other)),
        }
    }
}

fn is_of_equals(join: &Join) -> bool {
    let is_true = |filter: &Expr| *filter == lit(true);
    join.join_type == JoinType::LeftMark
        && join.null_equality == NullEquality::NullEqualsNothing
        && join.filter.as_ref().is_none_or(is_true)
}

fn plain(join: &Join) -> Result<LogicalPlan> {
    let Some((table, mark)) = join.schema.iter().last() else {
        return Err(Fault::new(NOWHERE, "a join with marks has one").into());
    };
    let name = |number: usize| format!("key:{number}");
    let keys = || (0..join.on.len()).map(name);
    let others = join.on.iter().map(|(_, other)| other.clone()).zip(keys());
    let others = others.map(|(other, name)| other.alias(name));
    let there = LogicalPlanBuilder::from(join.right.as_ref().clone());
    let there = match join.on.is_empty() {
        // Of a row without columns there is one at the most.
        true => there.project([lit(true).alias(mark.name())])?.distinct()?,
        false => {
            let named = keys().map(|name| Expr::Column(Column::new_unqualified(name)));
            let marked = named.chain([lit(true).alias(mark.name())]);
            there.project(others)?.distinct()?.project(marked)?
        }
    };
    let there = match table {
        Some(table) => there.alias(table.clone())?,
        None => there,
    };
    let column = |name: String| Column::new(table.cloned(), name);
    let first = LogicalPlanBuilder::from(join.left.as_ref().clone());
    let firsts: Vec<_> = join.on.iter().map(|(first, _)| first.clone()).collect();
    let seconds: Vec<_> = keys().map(|key| Expr::Column(column(key))).collect();
    let joined = match join.on.is_empty() {
        true => first.join_on(there.build()?, JoinType::Left, [lit(true)])?,
        false => {
            first.join_with_expr_keys(there.build()?, JoinType::Left, (firsts, seconds), None)?
        }
    };
    let is_there = Expr::Column(column(mark.name().clone())).is_not_null();
    let own = join.left.schema().columns().into_iter().map(Expr::Column);
    let all = own.chain([is_there.alias_qualified(table.cloned(), mark.name())]);
    joined.project(all)?.build()
}

/// Refuses IN where it matters whether it is unknown or false: a mark does not tell.
pub(super) fn refuse_unknown(plan: &LogicalPlan) -> Result<()> {
    let mut all = vec![plan];
    while let Some(plan) = all.pop() {
        if let LogicalPlan::Filter(filter) = plan {
            check(&filter.predicate)?;
        }
        all.extend(plan.inputs());
    }
    Ok(())
}

fn check(condition: &Expr) -> Result<()> {
    match condition {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And | Operator::Or,
            right,
        }) => {
            check(left)?;
            check(right)
        }
        Expr::Not(of) if matches!(**of, Expr::Exists(_)) => Ok(()),
        Expr::InSubquery(_) | Expr::Exists(_) => Ok(()),
        other if asks(other)? => {
            let what = "EXISTS or IN within another expression";
            let instead = "there is AND, OR and NOT between them";
            Err(Fault::unsupported(place(other), what, instead).into())
        }
        _ => Ok(()),
    }
}

/// Whether there is one in an expression.
fn asks(value: &Expr) -> Result<bool> {
    value.exists(|value| Ok(matches!(value, Expr::Exists(_) | Expr::InSubquery(_))))
}
