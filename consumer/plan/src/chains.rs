//! How long chains of operators and of queries are: each is planned within the one before.

use datafusion_sql::sqlparser::ast::{Expr, SetExpr};

/// So many of them are planned in a second or two, and within the stack.
pub(super) const CHAIN_MAX: usize = 500;

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
