//! Refuses what cannot be combined: tables in joins, and queries in set operations.

use datafusion_sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, SetExpr, SetOperator, SetQuantifier, Spanned,
    TableFactor, TableVersion, TableWithJoins,
};

use super::supported::{Checked, QUERY, refuse, refuse_from};

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

/// Refuses a version of a table where no join says as of when.
pub(super) fn as_of_alone(from: &TableWithJoins) -> Checked {
    let has_version = |factor: &TableFactor| {
        matches!(
            factor,
            TableFactor::Table {
                version: Some(_),
                ..
            }
        )
    };
    let instead = "there is [LEFT] JOIN t FOR SYSTEM_TIME AS OF o.time ON o.key = t.key";
    if has_version(&from.relation) {
        let what = "FOR SYSTEM_TIME AS OF without JOIN";
        return refuse(from.relation.span(), what, instead);
    }
    for join in &from.joins {
        let is_known = matches!(
            join.join_operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::Left(_)
                | JoinOperator::LeftOuter(_)
        );
        if !is_known && has_version(&join.relation) {
            let what = "FOR SYSTEM_TIME AS OF in such a join";
            return refuse(join.relation.span(), what, instead);
        }
    }
    std::ops::ControlFlow::Continue(())
}

/// Whether a version is that at the time in a column.
pub(super) const fn is_as_of_column(version: &TableVersion) -> bool {
    matches!(
        version,
        TableVersion::ForSystemTimeAsOf(Expr::Identifier(_) | Expr::CompoundIdentifier(_))
    )
}

/// Refuses set operations that there are not.
pub(super) fn set_operation(body: &SetExpr) -> Checked {
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
            let what = match op {
                SetOperator::Minus => Some("MINUS"),
                _ => by_name.then_some("UNION BY NAME"),
            };
            // To know where it is takes a look at all before it: only where it is told.
            if let Some(what) = what {
                return refuse_from(left.span().end, what, QUERY);
            }
            set_operation(left)?;
            set_operation(right)
        }
        SetExpr::Select(_) | SetExpr::Query(_) => std::ops::ControlFlow::Continue(()),
        SetExpr::Values(_) => refuse(body.span(), "VALUES", QUERY),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            refuse(body.span(), "a statement in a query", QUERY)
        }
        SetExpr::Table(_) => refuse(body.span(), "TABLE as a query", QUERY),
    }
}
