//! A sub-query looks at its own columns, and at those of the query right around it. A column of a query further
//! out has a name that is known, and nothing that could be joined by it.

use std::ops::ControlFlow;

use datafusion_common::{
    Column, DFSchema, Result, TableReference,
    tree_node::{TreeNode, TreeNodeRecursion},
};
use datafusion_expr::{Expr, LogicalPlan, utils::merge_schema};
use datafusion_sql::sqlparser::{
    ast::{Expr as Ast, Query, Spanned, Visit, Visitor},
    tokenizer::Location,
};

use super::error::{Fault, NOWHERE, begin};

const INSTEAD: &str = "a sub-query looks at its own columns and those of the query right around it: write both \
                       sub-queries as one, with a JOIN";

/// Refuses such columns in the plan of a query, of which names are known.
pub(super) fn refuse(plan: &LogicalPlan, query: &Query) -> Result<()> {
    let Some(column) = found(plan, &[])? else {
        return Ok(());
    };
    let name = column.flat_name().replace('`', "");
    let what = format!("'{name}', a column of a query further out,");
    Err(Fault::unsupported(place(&column, query), &what, INSTEAD).into())
}

/// Looks for one in the sub-queries of a plan around which there are rows of these columns, from the outside in.
fn found(plan: &LogicalPlan, around: &[DFSchema]) -> Result<Option<Column>> {
    let mut first = None;
    plan.apply(|plan| {
        let own = merge_schema(&plan.inputs());
        let around = [around, &[own]].concat();
        plan.apply_subqueries(|query| {
            for query in query.inputs() {
                let mut columns = of_around(query)?.into_iter();
                first = columns.find(|column| is_further(column, &around));
                if first.is_none() {
                    first = found(query, &around)?;
                }
                if first.is_some() {
                    return Ok(TreeNodeRecursion::Stop);
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    Ok(first)
}

/// The columns of rows around a query that itself, and none within it, looks at.
fn of_around(query: &LogicalPlan) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    query.apply(|plan| {
        plan.apply_expressions(|expression| {
            expression.apply(|value| {
                if let Expr::OuterReferenceColumn(_, column) = value {
                    columns.push(column.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(columns)
}

fn is_further(column: &Column, around: &[DFSchema]) -> bool {
    let has = |schema: &DFSchema| schema.has_column(column);
    around
        .split_last()
        .is_some_and(|(near, further)| !has(near) && further.iter().any(has))
}

/// Where such a column is written, in a sub-query of a sub-query.
fn place(column: &Column, query: &Query) -> Location {
    let mut look = Look { column, levels: 0 };
    match query.visit(&mut look) {
        ControlFlow::Break(at) => at,
        ControlFlow::Continue(()) => NOWHERE,
    }
}

struct Look<'a> {
    column: &'a Column,
    /// In how many sub-queries it looks.
    levels: usize,
}

impl Look<'_> {
    /// Whether it is such a column, with its table or without.
    fn is_written(&self, expr: &Ast) -> bool {
        let names = match expr {
            Ast::Identifier(name) => std::slice::from_ref(name),
            Ast::CompoundIdentifier(names) => names,
            _ => return false,
        };
        let table = self.column.relation.as_ref().map(TableReference::table);
        match names {
            [name] => name.value == self.column.name,
            [of, name] => name.value == self.column.name && Some(of.value.as_str()) == table,
            _ => false,
        }
    }
}

impl Visitor for Look<'_> {
    type Break = Location;

    fn pre_visit_expr(&mut self, expr: &Ast) -> ControlFlow<Location> {
        if self.levels > 1 && self.is_written(expr) {
            return ControlFlow::Break(begin(expr.span()));
        }
        self.levels += usize::from(asks(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Ast) -> ControlFlow<Location> {
        self.levels -= usize::from(asks(expr));
        ControlFlow::Continue(())
    }
}

/// Whether an expression has a sub-query of its own.
const fn asks(expr: &Ast) -> bool {
    matches!(
        expr,
        Ast::Exists { .. } | Ast::InSubquery { .. } | Ast::Subquery(_)
    )
}
