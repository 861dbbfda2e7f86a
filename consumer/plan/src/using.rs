//! `a JOIN b USING (k) JOIN c USING (k)`: k is the column of a, the first of them. What plans a query knows that
//! of two tables, and not in all places: so it is written out where all tables of FROM are joined by k.

use std::ops::ControlFlow;

use datafusion_sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, Query, Select, TableFactor,
    VisitMut, VisitorMut,
};

use super::{combined, syntax::binary};

/// Writes such columns with their table, in a SELECT of which each column has a name. In WHERE they are ambiguous,
/// as in Flink.
pub(super) fn written_out(select: &mut Select) {
    let [from] = select.from.as_mut_slice() else {
        return;
    };
    let Some(first) = name(&from.relation) else {
        return;
    };
    let Some((joined, others)) = from.joins.split_first() else {
        return;
    };
    let mut names = using(joined).to_vec();
    names.retain(|name| others.iter().all(|other| using(other).contains(name)));
    for join in from.joins.iter_mut().skip(1) {
        if let Some(condition) = condition(join, &first, &names)
            && let Some(by) = constraint(&mut join.join_operator)
        {
            *by = JoinConstraint::On(condition);
        }
    }
    let mut write = Write {
        table: first,
        names,
        levels: 0,
    };
    // It breaks nowhere.
    let ControlFlow::Continue(()) = write.all(select);
}

/// The name that the columns of a table or sub-query have before them.
fn name(relation: &TableFactor) -> Option<Ident> {
    match relation {
        TableFactor::Table {
            alias: Some(alias), ..
        }
        | TableFactor::Derived {
            alias: Some(alias), ..
        } => Some(alias.name.clone()),
        TableFactor::Table { name, .. } => name.0.last()?.as_ident().cloned(),
        _ => None,
    }
}

/// The columns that a join goes by, which is INNER or LEFT then; none where it goes by others than their names.
fn using(join: &Join) -> Vec<Ident> {
    let Some(JoinConstraint::Using(names)) = combined::constraint(join) else {
        return Vec::new();
    };
    let names = names.iter().map(|name| name.0.last()?.as_ident().cloned());
    names.collect::<Option<_>>().unwrap_or_default()
}

const fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(by)
        | JoinOperator::Inner(by)
        | JoinOperator::Left(by)
        | JoinOperator::LeftOuter(by) => Some(by),
        _ => None,
    }
}

/// That the columns of both sides are equal, where all of them are those of the first table.
fn condition(join: &Join, first: &Ident, known: &[Ident]) -> Option<Expr> {
    let own = name(&join.relation)?;
    let names = using(join);
    if names.iter().any(|name| !known.contains(name)) {
        return None;
    }
    let equal = names.into_iter().map(|name| {
        let of = |table: &Ident| Expr::CompoundIdentifier(vec![table.clone(), name.clone()]);
        binary(of(first), BinaryOperator::Eq, of(&own))
    });
    equal.reduce(|all, one| binary(all, BinaryOperator::And, one))
}

/// Writes a table before the columns of these names; those of sub-queries are their own.
struct Write {
    table: Ident,
    names: Vec<Ident>,
    levels: usize,
}

impl Write {
    fn all(&mut self, select: &mut Select) -> ControlFlow<std::convert::Infallible> {
        if self.names.is_empty() {
            return ControlFlow::Continue(());
        }
        select.projection.visit(self)?;
        select.group_by.visit(self)?;
        select.having.visit(self)?;
        select.named_window.visit(self)
    }
}

impl VisitorMut for Write {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.levels += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Self::Break> {
        self.levels -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::Identifier(name) = expr
            && self.levels == 0
            && self.names.contains(name)
        {
            let table = Ident {
                span: name.span,
                ..self.table.clone()
            };
            *expr = Expr::CompoundIdentifier(vec![table, name.clone()]);
        }
        ControlFlow::Continue(())
    }
}
