//! How deep a text is, and how long chains of operators and of queries are: each is planned within the one before.

use datafusion_sql::sqlparser::ast::{Expr, SetExpr};

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
