//! GROUP BY and HAVING know the columns of FROM, and not the names that SELECT gives. What plans a
//! query takes such a name for its expression, even where a column has it: so where a name could be
//! meant, it is given one query further out.

use std::{convert::Infallible, mem::replace, ops::ControlFlow};

use datafusion_sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
    visit_expressions,
};

use super::error::{Fault, begin};

/// Moves those names out, of a SELECT of which each column has one. Gives where they are used.
pub(super) fn hide(select: &mut Select) -> Vec<Ident> {
    let given: Vec<_> = select.projection.iter().filter_map(given).collect();
    let mut hidden = used(select);
    hidden.retain(|name| given.contains(&name.value));
    let is_named = |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { .. });
    if hidden.is_empty() || !select.projection.iter().all(is_named) {
        return Vec::new();
    }
    let mut outer = Vec::new();
    for (place, item) in select.projection.iter_mut().enumerate() {
        if let SelectItem::ExprWithAlias { alias, .. } = item {
            let inner = Ident::new(format!("${place}"));
            outer.push(SelectItem::ExprWithAlias {
                expr: Expr::Identifier(inner.clone()),
                alias: replace(alias, inner),
            });
        }
    }
    let inner = select.clone();
    select.distinct = None;
    select.selection = None;
    select.having = None;
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.named_window.clear();
    select.projection = outer;
    select.from = vec![from(inner)];
    hidden
}

/// A name that is another than that of the column.
fn given(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias {
            expr: Expr::Identifier(column),
            alias,
        } if column.value == alias.value => None,
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    }
}

/// The names in GROUP BY and HAVING.
fn used(select: &Select) -> Vec<Ident> {
    let mut names = Vec::new();
    let mut note = |expr: &Expr| {
        if let Expr::Identifier(name) = expr {
            names.push(name.clone());
        }
        ControlFlow::<Infallible>::Continue(())
    };
    // It breaks nowhere.
    let ControlFlow::Continue(()) = visit_expressions(&select.group_by, &mut note);
    let ControlFlow::Continue(()) = visit_expressions(&select.having, &mut note);
    names
}

fn from(select: Select) -> TableWithJoins {
    let query = Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    };
    TableWithJoins {
        relation: TableFactor::Derived {
            lateral: false,
            subquery: Box::new(query),
            alias: None,
            sample: None,
        },
        joins: Vec::new(),
    }
}

/// Says of a name that is not found that SELECT gives it.
pub(super) fn told(fault: Fault, hidden: &[Ident]) -> Fault {
    let is_missing = |name: &&Ident| {
        let missing = format!("there is no column '{}'", name.value);
        fault.message.starts_with(&missing)
    };
    let Some(name) = hidden.iter().find(is_missing) else {
        return fault;
    };
    let message = format!(
        "'{}' is a name that SELECT gives, and GROUP BY and HAVING know columns only; write its \
         expression again",
        name.value
    );
    Fault::new(begin(name.span), message)
}
