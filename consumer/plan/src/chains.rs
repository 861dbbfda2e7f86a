//! How much is planned at once: what stands within something else; chains of operators and of queries, each of
//! which is planned within the one before; and all that views bring along.

use std::{collections::HashMap, ops::ControlFlow, ptr};

use datafusion_common::{Result, tree_node::TreeNodeRecursion};
use datafusion_expr::LogicalPlan;
use datafusion_sql::sqlparser::ast::{Expr, ObjectName, Query, SetExpr, Visit, Visitor};

use super::{
    catalog::{Catalog, Source},
    error::{Fault, NOWHERE},
};

/// So many of them are planned in a second or two, and within the stack.
pub(super) const CHAIN_MAX: usize = 500;

/// So many levels there are of what stands within something else.
pub(super) const LEVELS_MAX: usize = 50;

/// What is said of more of them.
pub(super) fn too_deep() -> String {
    format!(
        "this is nested in more than {LEVELS_MAX} levels, of which a bracket, a call and an operator \
         is one, and a sub-query two; write inner sub-queries as views, or in WITH"
    )
}

/// How many operators stand one behind another, and the first of their operands.
pub(super) fn chain(mut expr: &Expr) -> (usize, &Expr) {
    let mut operators = 0;
    while let Expr::BinaryOp { left, .. } = expr {
        (operators, expr) = (operators + 1, left);
    }
    (operators, expr)
}

/// How many queries are united one behind another.
pub(super) fn united(mut body: &SetExpr) -> usize {
    let mut queries = 1;
    while let SetExpr::SetOperation { left, .. } = body {
        (queries, body) = (queries + 1, left);
    }
    queries
}

/// So many operators of a query are planned in a second or two: one for each table, view, condition, join and
/// so on, those of a view as often as it is read.
const OPERATORS_MAX: u64 = 5_000;

/// Refuses a plan of too many of them, which has its views in all places that read them.
pub(super) fn refuse_too_many(plan: &LogicalPlan) -> Result<()> {
    let operators = operators(plan)?;
    match operators > OPERATORS_MAX {
        true => Err(too_many(operators, "").into()),
        false => Ok(()),
    }
}

/// Refuses a query that reads too many tables, before it is planned: those of views and of WITH count as often as
/// they are read.
pub(super) fn refuse_too_many_tables(query: &Query, catalog: &Catalog) -> Result<(), Fault> {
    let mut read = Read {
        catalog,
        named: Vec::new(),
        with: Vec::new(),
        tables: vec![0],
    };
    match query.visit(&mut read) {
        ControlFlow::Break(tables) => Err(too_many(tables, "at least ")),
        ControlFlow::Continue(()) => Ok(()),
    }
}

fn too_many(operators: u64, least: &str) -> Fault {
    let what = format!("a query of {least}{operators} operators, of more than {OPERATORS_MAX},");
    let instead = "views and WITH count as often as they are read: read them fewer times, or write what they give \
                   to a stream";
    Fault::unsupported(NOWHERE, &what, instead)
}

/// How many operators a plan has. What it has in several places is counted in each, but looked at once.
fn operators(plan: &LogicalPlan) -> Result<u64> {
    counted(plan, &mut HashMap::new())
}

fn counted(plan: &LogicalPlan, known: &mut HashMap<*const LogicalPlan, u64>) -> Result<u64> {
    let place = ptr::from_ref(plan);
    if let Some(operators) = known.get(&place) {
        return Ok(*operators);
    }
    let mut operators = 1_u64;
    for input in plan.inputs() {
        operators = operators.saturating_add(counted(input, known)?);
    }
    plan.apply_subqueries(|query| {
        for query in query.inputs() {
            operators = operators.saturating_add(counted(query, known)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    known.insert(place, operators);
    Ok(operators)
}

/// Counts the tables that queries read.
struct Read<'a> {
    catalog: &'a Catalog,
    /// The queries of WITH that are not counted yet, by where they are.
    named: Vec<(*const Query, String)>,
    /// Those that are, with how many tables they read; what is said last of a name counts.
    with: Vec<(String, u64)>,
    /// Of each query around, from the outside in.
    tables: Vec<u64>,
}

impl Read<'_> {
    /// How many tables stand behind a name.
    fn behind(&self, name: &ObjectName) -> Result<u64> {
        let [part] = name.0.as_slice() else {
            return Ok(1);
        };
        let Some(name) = part.as_ident() else {
            return Ok(1);
        };
        let mut with = self.with.iter().rev();
        if let Some((_, tables)) = with.find(|(known, _)| *known == name.value) {
            return Ok(*tables);
        }
        match self.catalog.find(&name.value, NOWHERE).map(AsRef::as_ref) {
            Ok(Source::View { plan, .. }) => operators(plan),
            _ => Ok(1),
        }
    }

    fn add(&mut self, tables: u64) {
        if let Some(own) = self.tables.last_mut() {
            *own = own.saturating_add(tables);
        }
    }
}

impl Visitor for Read<'_> {
    type Break = u64;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<u64> {
        let all = query.with.iter().flat_map(|with| &with.cte_tables);
        let named = all.map(|one| {
            (
                ptr::from_ref(one.query.as_ref()),
                one.alias.name.value.clone(),
            )
        });
        self.named.extend(named);
        self.tables.push(0);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<u64> {
        let tables = self.tables.pop().unwrap_or_default();
        if tables > OPERATORS_MAX {
            return ControlFlow::Break(tables);
        }
        let place = ptr::from_ref(query);
        match self.named.iter().position(|(known, _)| *known == place) {
            Some(at) => {
                let (_, name) = self.named.swap_remove(at);
                self.with.push((name, tables));
            }
            None => self.add(tables),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<u64> {
        let tables = self.behind(name);
        self.add(tables.unwrap_or(1));
        ControlFlow::Continue(())
    }
}
