//! A column of the rows around a sub-query has the type there that it has outside. A sub-query notes it when
//! it is planned, and what the column is of may get another type when types are made the same: so the rows
//! are settled first, and then what is asked of them.

use datafusion_common::{
    DFSchema, Result,
    tree_node::{Transformed, TransformedResult, TreeNode},
};
use datafusion_expr::{
    Expr, LogicalPlan, Subquery,
    expr::{Exists, InSubquery},
    utils::merge_schema,
};

use super::sub_queries::asks_query;

/// The plan with what stands below its sub-queries analyzed, and its types known to them.
pub(super) fn settled(
    plan: LogicalPlan,
    analyzed: &impl Fn(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<LogicalPlan> {
    plan.transform_up(|plan| {
        if !plan.expressions().iter().any(asks_query) {
            return Ok(Transformed::no(plan));
        }
        let plan = plan.map_children(|input| analyzed(input).map(Transformed::yes))?;
        let plan = plan.data.recompute_schema()?;
        let schema = merge_schema(&plan.inputs());
        let plan = plan.map_expressions(|expression| {
            expression.transform_up(|value| {
                each_query(value, |query| settled(known(query, &schema)?, analyzed))
            })
        });
        Ok(Transformed::yes(plan?.data.recompute_schema()?))
    })
    .data()
}

/// Replaces the sub-query that an expression itself asks.
fn each_query(
    expression: Expr,
    replace: impl Fn(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<Transformed<Expr>> {
    let of = |subquery: Subquery| {
        let plan = replace(subquery.subquery.as_ref().clone())?;
        Ok::<_, datafusion_common::DataFusionError>(Subquery {
            outer_ref_columns: plan.all_out_ref_exprs(),
            ..subquery.with_plan(plan.into())
        })
    };
    Ok(Transformed::yes(match expression {
        Expr::Exists(Exists { subquery, negated }) => Expr::Exists(Exists {
            subquery: of(subquery)?,
            negated,
        }),
        Expr::InSubquery(InSubquery {
            expr,
            subquery,
            negated,
        }) => Expr::InSubquery(InSubquery {
            expr,
            subquery: of(subquery)?,
            negated,
        }),
        Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(of(subquery)?),
        other => return Ok(Transformed::no(other)),
    }))
}

/// A sub-query, also of a sub-query, to which these columns have their types.
fn known(plan: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
    plan.transform_up_with_subqueries(|plan| {
        let plan = plan.map_expressions(|expression| {
            expression.transform_up(|value| match value {
                Expr::OuterReferenceColumn(field, column) => {
                    let own = schema.qualified_field_from_column(&column);
                    let (field, is_other) = match own {
                        Ok((_, own)) if own.data_type() != field.data_type() => (own.clone(), true),
                        _ => (field, false),
                    };
                    let value = Expr::OuterReferenceColumn(field, column);
                    Ok(Transformed::new_transformed(value, is_other))
                }
                other => Ok(Transformed::no(other)),
            })
        })?;
        plan.map_data(LogicalPlan::recompute_schema)
    })
    .data()
}
