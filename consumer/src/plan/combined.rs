//! Refuses what cannot be combined: tables in joins, and queries in set operations.

use datafusion_sql::sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, SetExpr, SetOperator, SetQuantifier, Spanned,
};

use super::supported::{Checked, QUERY, refuse, refuse_first};

pub(super) const JOINS: &str = "there is [INNER | LEFT | RIGHT | FULL | CROSS] JOIN … ON, or USING";

/// A join of a kind that there is not.
pub(super) const fn other_join(join: &Join) -> Option<(&Join, &'static str)> {
    let what = match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint) => match constraint {
            JoinConstraint::Natural => "NATURAL JOIN",
            _ => return None,
        },
        _ => "a join of this kind",
    };
    Some((join, what))
}

/// Refuses set operations that there are not.
pub(super) fn set_operation(body: &SetExpr) -> Checked {
    let span = body.span();
    match body {
        SetExpr::SetOperation {
            op,
            set_quantifier,
            left,
            right,
        } => {
            let by_name = !matches!(
                set_quantifier,
                SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
            );
            let is_all = *set_quantifier == SetQuantifier::All;
            let behind = left.span().end;
            refuse_first(&[
                (
                    is_all && *op == SetOperator::Intersect,
                    behind,
                    "INTERSECT ALL",
                ),
                (is_all && *op == SetOperator::Except, behind, "EXCEPT ALL"),
                (*op == SetOperator::Minus, behind, "MINUS"),
                (by_name, behind, "UNION BY NAME"),
            ])?;
            set_operation(left)?;
            set_operation(right)
        }
        SetExpr::Select(_) | SetExpr::Query(_) => std::ops::ControlFlow::Continue(()),
        SetExpr::Values(_) => refuse(span, "VALUES", QUERY),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            refuse(span, "a statement in a query", QUERY)
        }
        SetExpr::Table(_) => refuse(span, "TABLE as a query", QUERY),
    }
}
