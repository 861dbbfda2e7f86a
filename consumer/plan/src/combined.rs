//! Refuses what cannot be combined: tables in joins, and queries in set operations.

use datafusion_sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, SetExpr, SetOperator, SetQuantifier, Spanned,
    TableFactor, TableVersion, TableWithJoins,
};

use super::supported::{Checked, QUERY, refuse, refuse_from};

const JOINS: &str =
    "there is [INNER | LEFT | RIGHT | FULL] JOIN … ON, [INNER | LEFT] JOIN … USING, and CROSS JOIN";

/// Refuses joins of a kind that there is not.
pub(super) fn joins(from: &TableWithJoins) -> Checked {
    let mut others = from.joins.iter().filter_map(other_join);
    match others.next() {
        Some((join, what)) => refuse(join.relation.span(), what, JOINS),
        None => as_of_alone(from),
    }
}

fn other_join(join: &Join) -> Option<(&Join, &'static str)> {
    use JoinConstraint as By;
    use JoinOperator as Op;
    let what = match (&join.join_operator, constraint(join)) {
        (_, None) => "a join of this kind",
        (_, Some(By::Natural)) => "NATURAL JOIN",
        (Op::CrossJoin(_), _) => return None,
        (_, Some(By::None)) => "JOIN without ON",
        // What the column is, is that of the right side, or of whichever has it.
        (Op::Right(_) | Op::RightOuter(_), Some(By::Using(_))) => "RIGHT JOIN … USING",
        (Op::FullOuter(_), Some(By::Using(_))) => "FULL JOIN … USING",
        _ => return None,
    };
    Some((join, what))
}

/// What a join goes by, if it is of a kind that there is.
pub(super) const fn constraint(join: &Join) -> Option<&JoinConstraint> {
    match &join.join_operator {
        JoinOperator::Join(by)
        | JoinOperator::Inner(by)
        | JoinOperator::Left(by)
        | JoinOperator::LeftOuter(by)
        | JoinOperator::Right(by)
        | JoinOperator::RightOuter(by)
        | JoinOperator::FullOuter(by)
        | JoinOperator::CrossJoin(by) => Some(by),
        _ => None,
    }
}

/// Whether tables are joined by columns of one name, which come first in `*`.
pub(super) fn is_by_name(from: &TableWithJoins) -> bool {
    let is_using = |join: &Join| {
        let is_using = matches!(constraint(join), Some(JoinConstraint::Using(_)));
        is_using && other_join(join).is_none()
    };
    let nested = |factor: &TableFactor| match factor {
        TableFactor::NestedJoin {
            table_with_joins, ..
        } => is_by_name(table_with_joins),
        _ => false,
    };
    let relations = from.joins.iter().map(|join| &join.relation);
    from.joins.iter().any(is_using) || relations.chain([&from.relation]).any(nested)
}

/// Refuses a version of a table where no join says as of when.
fn as_of_alone(from: &TableWithJoins) -> Checked {
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
