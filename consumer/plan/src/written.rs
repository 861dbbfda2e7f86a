//! Where an expression is written: whoever is told that it could not be computed is told this too.

use std::{
    fmt::{self, Display},
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    datatypes::{DataType, FieldRef, Schema},
    record_batch::RecordBatch,
};
use datafusion_common::Result;
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::{
    PhysicalExpr,
    expressions::{Column, Literal},
};
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{Expression, Kind, error::NOWHERE};

/// An expression that is known to be written at a place. It is the same as another that is written
/// elsewhere.
#[derive(Debug, Clone)]
struct Placed {
    expression: Expression,
    at: Location,
}

/// The same expression, with its place where one is known. What cannot fail needs none.
pub(super) fn placed(expression: Expression, at: Location) -> Expression {
    if at == NOWHERE || expression.is::<Column>() || expression.is::<Literal>() {
        return expression;
    }
    Arc::new(Placed { expression, at })
}

/// The expressions of a step whose own place is not known are of a statement that is.
pub(super) fn at_least(kind: &mut Kind, at: Location) {
    let expressions = match kind {
        Kind::Project(expressions) => expressions.as_mut_slice(),
        Kind::Filter(condition) => std::slice::from_mut(condition),
        _ => return,
    };
    for expression in expressions.iter_mut() {
        if written_at(expression).is_none() {
            *expression = placed(expression.clone(), at);
        }
    }
}

/// The expression itself, without its place.
pub(super) fn unplaced(expression: &Expression) -> &Expression {
    let placed = expression.downcast_ref::<Placed>();
    placed.map_or(expression, |placed| &placed.expression)
}

/// In which line and column of the job an expression begins, by the first of its columns; or its
/// statement.
#[must_use]
pub fn written_at(expression: &Expression) -> Option<(u64, u64)> {
    let placed = expression.downcast_ref::<Placed>();
    placed.map(|placed| (placed.at.line, placed.at.column))
}

impl Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.expression.eq(&other.expression)
    }
}

impl Eq for Placed {}

impl Hash for Placed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expression.hash(state);
    }
}

impl PhysicalExpr for Placed {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.expression.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.expression.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.expression.return_field(schema)
    }

    fn evaluate(&self, rows: &RecordBatch) -> Result<ColumnarValue> {
        self.expression.evaluate(rows)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.expression]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let expression = children.first().unwrap_or(&self.expression).clone();
        let at = self.at;
        Ok(Arc::new(Self { expression, at }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt_sql(f)
    }
}
