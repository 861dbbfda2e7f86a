//! Refuses functions of many rows where each row stands alone: in WHERE and GROUP BY, and among the
//! arguments of one another.

use std::ops::ControlFlow;

use datafusion_sql::sqlparser::ast::{Expr, Function, Query, Select, Spanned, Visit, Visitor};

use super::{
    error::{Fault, begin},
    functions::Functions,
};

type Checked = ControlFlow<Fault>;

const SUB_QUERY: &str = "there is a sub-query in FROM";

/// Refuses them in the clauses of a SELECT that are about single rows.
pub(super) fn in_clauses(select: &Select, functions: &Functions) -> Checked {
    let instead = "there is HAVING, and a sub-query in FROM";
    let mut in_where = Single::new("WHERE", instead, functions);
    select.selection.visit(&mut in_where)?;
    let mut in_groups = Single::new("GROUP BY", SUB_QUERY, functions);
    select.group_by.visit(&mut in_groups)
}

/// Refuses them in a call of one of them; OVER may be of what GROUP BY gives.
pub(super) fn in_call(call: &Function, functions: &Functions) -> Checked {
    let name = call.name.to_string().to_uppercase();
    if call.over.is_some() || functions.aggregate(&name).is_none() {
        return ControlFlow::Continue(());
    }
    let mut in_arguments = Single::new(&name, SUB_QUERY, functions);
    call.args.visit(&mut in_arguments)?;
    call.filter.visit(&mut in_arguments)
}

/// What is about single rows.
struct Single<'a> {
    name: &'a str,
    instead: &'static str,
    functions: &'a Functions,
    /// How many sub-queries are around; what stands in one has rows of its own.
    depth: usize,
}

impl<'a> Single<'a> {
    const fn new(name: &'a str, instead: &'static str, functions: &'a Functions) -> Self {
        Self {
            name,
            instead,
            functions,
            depth: 0,
        }
    }
}

impl Visitor for Single<'_> {
    type Break = Fault;

    fn pre_visit_query(&mut self, _: &Query) -> Checked {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> Checked {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Checked {
        let Expr::Function(call) = expr else {
            return ControlFlow::Continue(());
        };
        let name = call.name.to_string().to_uppercase();
        let what = match call.over {
            Some(_) => "OVER",
            None if self.functions.aggregate(&name).is_some() => &name,
            None => return ControlFlow::Continue(()),
        };
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        let what = format!("{what} in {}", self.name);
        let at = begin(call.name.span());
        ControlFlow::Break(Fault::unsupported(at, &what, self.instead))
    }
}
