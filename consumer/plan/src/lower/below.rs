//! What a plan is made of, where that is the rows of one node, renamed, computed from and filtered.

use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::{Expr, LogicalPlan, utils::split_conjunction_owned};

use super::super::{error::Fault, lineage::unaliased};

/// A plan over the rows of a node.
#[derive(Debug)]
pub(in super::super) struct Below<'a, N> {
    /// The node.
    pub(in super::super) node: &'a N,
    /// The plan's columns, over those of the node.
    pub(in super::super) columns: Vec<Expr>,
    /// Which rows are left, over the columns of the node.
    pub(in super::super) filters: Vec<Expr>,
}

impl<'a, N> Below<'a, N> {
    /// None where there is something else between the plan and what `node` finds.
    pub(in super::super) fn find(
        plan: &'a LogicalPlan,
        node: &impl Fn(&'a LogicalPlan) -> Option<&'a N>,
    ) -> Result<Option<Self>, Fault> {
        if let Some(node) = node(plan) {
            let columns = plan.schema().columns().into_iter().map(Expr::Column);
            return Ok(Some(Self {
                node,
                columns: columns.collect(),
                filters: Vec::new(),
            }));
        }
        match plan {
            LogicalPlan::SubqueryAlias(alias) => Self::find(&alias.input, node),
            LogicalPlan::Projection(projection) => {
                let Some(inner) = Self::find(&projection.input, node)? else {
                    return Ok(None);
                };
                let values = projection.expr.iter();
                let values = values.map(|value| inner.substituted(value, &projection.input));
                let columns = values.collect::<Result<_, Fault>>()?;
                Ok(Some(Self { columns, ..inner }))
            }
            LogicalPlan::Filter(filter) => {
                let Some(mut inner) = Self::find(&filter.input, node)? else {
                    return Ok(None);
                };
                let condition = inner.substituted(&filter.predicate, &filter.input)?;
                inner.filters.extend(split_conjunction_owned(condition));
                Ok(Some(inner))
            }
            _ => Ok(None),
        }
    }

    /// An expression over the columns of `plan`, over those of the node.
    pub(in super::super) fn substituted(
        &self,
        value: &Expr,
        plan: &LogicalPlan,
    ) -> Result<Expr, Fault> {
        let substituted = unaliased(value).clone().transform_up(|value| {
            let Expr::Column(column) = &value else {
                return Ok(Transformed::no(value));
            };
            let place = plan.schema().index_of_column(column)?;
            let of = self.columns.get(place).map(unaliased).cloned();
            Ok(of.map_or(Transformed::no(value), Transformed::yes))
        })?;
        Ok(substituted.data)
    }
}
