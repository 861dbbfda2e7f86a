//! AND and OR as Flink computes them: where the left side decides, the right one is not computed, so
//! that a condition guards what would fail without it. What cannot fail is looked at first, wherever
//! it stands: a condition that was moved here from a view still guards what is around the view.

use std::{
    fmt::{self, Display},
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray, BooleanArray},
    compute::{and_kleene, or_kleene},
    datatypes::{DataType, Schema},
    record_batch::RecordBatch,
};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::{
    PhysicalExpr, ScalarFunctionExpr,
    expressions::{BinaryExpr, CastExpr, NegativeExpr},
};

use super::Expression;

/// Functions that give a value of whatever they get.
const NEVER_FAIL: [&str; 9] = [
    "btrim",
    "character_length",
    "lower",
    "ltrim",
    "regexp",
    "rtrim",
    "strpos",
    "substring",
    "upper",
];

/// `left AND right`, or `left OR right`.
#[derive(Debug)]
struct Guarded {
    left: Expression,
    right: Expression,
    operator: Operator,
}

/// The same expression, in which what may fail is guarded.
pub fn guarded(expression: Expression, schema: &Schema) -> Result<Expression> {
    Ok(told(expression, schema)?.0)
}

/// The same expression, guarded, and whether there can be rows of which it cannot be computed, as far
/// as is known. What cannot fail stays as it is.
fn told(expression: Expression, schema: &Schema) -> Result<(Expression, bool)> {
    let binary = expression.downcast_ref::<BinaryExpr>();
    let joins = binary.map(|binary| *binary.op());
    if let Some(operator @ (Operator::And | Operator::Or)) = joins {
        return chain(expression, operator, schema);
    }
    let children = expression.children().into_iter().cloned();
    let children: Result<Vec<_>> = children.map(|child| told(child, schema)).collect();
    let (children, fail): (Vec<_>, Vec<_>) = children?.into_iter().unzip();
    if fail.contains(&true) {
        return Ok((expression.with_new_children(children)?, true));
    }
    let fails = fails_itself(&expression, schema);
    Ok((expression, fails))
}

/// As [`told`], of a chain of one operator: what cannot fail comes first.
fn chain(
    expression: Expression,
    operator: Operator,
    schema: &Schema,
) -> Result<(Expression, bool)> {
    let mut parts = Vec::new();
    collect(&expression, operator, &mut parts);
    let parts: Result<Vec<_>> = parts.into_iter().map(|part| told(part, schema)).collect();
    let mut parts = parts?;
    parts.sort_by_key(|(_, fails)| *fails);
    if !parts.last().is_some_and(|(_, fails)| *fails) {
        return Ok((expression, false));
    }
    let joined = parts.into_iter().reduce(|(left, _), (right, fails)| {
        let joined: Expression = if fails {
            Arc::new(Guarded {
                left,
                right,
                operator,
            })
        } else {
            Arc::new(BinaryExpr::new(left, operator, right))
        };
        (joined, true)
    });
    Ok(joined.unwrap_or((expression, false)))
}

/// The parts of a chain of one operator, in their order.
fn collect(expression: &Expression, operator: Operator, parts: &mut Vec<Expression>) {
    match expression.downcast_ref::<BinaryExpr>() {
        Some(binary) if *binary.op() == operator => {
            collect(binary.left(), operator, parts);
            collect(binary.right(), operator, parts);
        }
        _ => parts.push(expression.clone()),
    }
}

/// Whether what it does with its parts may fail.
fn fails_itself(expression: &Expression, schema: &Schema) -> bool {
    let is = |expression: &Expression, is: fn(&DataType) -> bool| {
        expression.data_type(schema).is_ok_and(|of| is(&of))
    };
    let is_plain = |of: &DataType| of.is_integer() || of.is_floating();
    if let Some(binary) = expression.downcast_ref::<BinaryExpr>() {
        return match binary.op() {
            Operator::Divide | Operator::Modulo => true,
            Operator::Plus | Operator::Minus | Operator::Multiply => {
                // Of parts that cannot fail: one that is such an operator is plain itself. So no
                // type is looked for through a whole chain, once for each of its operators.
                let sides = [binary.left(), binary.right()];
                let mut sides = sides.into_iter();
                !sides.all(|side| is_computed(side) || is(side, is_plain))
            }
            _ => false,
        };
    }
    if let Some(cast) = expression.downcast_ref::<CastExpr>() {
        let is_wide = |of: &DataType| matches!(of, DataType::Int64 | DataType::Float64);
        return !(is(cast.expr(), is_plain) && is(expression, is_wide));
    }
    if expression.is::<NegativeExpr>() {
        return !is(expression, is_plain);
    }
    expression
        .downcast_ref::<ScalarFunctionExpr>()
        .is_some_and(|call| !NEVER_FAIL.contains(&call.name()))
}

fn is_computed(expression: &Expression) -> bool {
    use Operator::{Minus, Multiply, Plus};
    let binary = expression.downcast_ref::<BinaryExpr>();
    binary.is_some_and(|binary| [Plus, Minus, Multiply].contains(binary.op()))
}

impl Guarded {
    /// The rows of which the left side says too little.
    fn undecided(&self, left: &BooleanArray) -> BooleanArray {
        let open = match self.operator {
            Operator::And => left.values().clone(),
            _ => !left.values(),
        };
        let open = match left.nulls() {
            Some(known) => &open | &!known.inner(),
            None => open,
        };
        BooleanArray::new(open, None)
    }
}

impl PhysicalExpr for Guarded {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        Ok(self.left.nullable(schema)? || self.right.nullable(schema)?)
    }

    fn evaluate(&self, rows: &RecordBatch) -> Result<ColumnarValue> {
        let left = self.left.evaluate(rows)?.into_array(rows.num_rows())?;
        let undecided = self.undecided(left.as_boolean());
        if !undecided.has_true() {
            return Ok(ColumnarValue::Array(left));
        }
        let right = self.right.evaluate_selection(rows, &undecided)?;
        let right = right.into_array(rows.num_rows())?;
        let both = match self.operator {
            Operator::And => and_kleene(left.as_boolean(), right.as_boolean()),
            _ => or_kleene(left.as_boolean(), right.as_boolean()),
        };
        Ok(ColumnarValue::Array(Arc::new(both?)))
    }

    fn children(&self) -> Vec<&Expression> {
        vec![&self.left, &self.right]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Expression>) -> Result<Expression> {
        let [left, right] = [0, 1].map(|at| children.get(at).cloned());
        Ok(Arc::new(Self {
            left: left.unwrap_or_else(|| self.left.clone()),
            right: right.unwrap_or_else(|| self.right.clone()),
            operator: self.operator,
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.left.fmt_sql(f)?;
        write!(f, " {} ", self.operator)?;
        self.right.fmt_sql(f)
    }
}

impl Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.operator, self.right)
    }
}

impl PartialEq for Guarded {
    fn eq(&self, other: &Self) -> bool {
        self.operator == other.operator && self.left.eq(&other.left) && self.right.eq(&other.right)
    }
}

impl Eq for Guarded {}

impl Hash for Guarded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operator.hash(state);
        self.left.hash(state);
        self.right.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use arrow::{array::Int64Array, datatypes::Field};
    use datafusion_physical_expr::expressions::{IsNullExpr, col, lit};

    use super::*;

    fn schema() -> Schema {
        Schema::new(vec![Field::new("a", DataType::Int64, true)])
    }

    fn binary(left: Expression, operator: Operator, right: Expression) -> Expression {
        Arc::new(BinaryExpr::new(left, operator, right))
    }

    /// `10 / (a - 1) > 1`, which has no value where a is one.
    fn divided() -> Expression {
        let a = col("a", &schema()).unwrap();
        let less = binary(a, Operator::Minus, lit(1_i64));
        let divided = binary(lit(10_i64), Operator::Divide, less);
        binary(divided, Operator::Gt, lit(1_i64))
    }

    fn compared(operator: Operator) -> Expression {
        binary(col("a", &schema()).unwrap(), operator, lit(1_i64))
    }

    fn evaluate(expression: &Expression, values: &[Option<i64>]) -> Result<Vec<Option<bool>>> {
        let column = Arc::new(Int64Array::from(values.to_vec()));
        let rows = RecordBatch::try_new(Arc::new(schema()), vec![column]).unwrap();
        let value = expression.evaluate(&rows)?.into_array(values.len())?;
        Ok(value.as_boolean().iter().collect())
    }

    #[test]
    fn what_the_left_side_decides_is_not_computed() {
        let values = [Some(1), Some(1), Some(1), Some(2), None, Some(30)];
        let [f, t] = [Some(false), Some(true)];
        for (operator, guard, expected) in [
            (Operator::And, Operator::NotEq, [f, f, f, t, None, f]),
            (Operator::Or, Operator::Eq, [t, t, t, t, None, f]),
        ] {
            for swapped in [false, true] {
                let (mut left, mut right) = (compared(guard), divided());
                if swapped {
                    (left, right) = (right, left);
                }
                let unguarded = binary(left, operator, right);
                // The control: without the guard the batch has no value.
                assert!(evaluate(&unguarded, &values).is_err());
                let guarded = guarded(unguarded, &schema()).unwrap();
                assert_eq!(evaluate(&guarded, &values).unwrap(), expected, "{guarded}");
                assert_eq!(evaluate(&guarded, &values[..3]).unwrap(), expected[..3]);
                assert!(evaluate(&guarded, &[]).unwrap().is_empty());
            }
        }
    }

    #[test]
    fn guards_are_found_within_other_expressions_and_put_nowhere_else() {
        let inner = binary(compared(Operator::NotEq), Operator::And, divided());
        let outer: Expression = Arc::new(IsNullExpr::new(inner));
        let guarded_outer = guarded(outer, &schema()).unwrap();
        let values = [Some(1), Some(2)];
        let expected = [Some(false), Some(false)];
        assert_eq!(evaluate(&guarded_outer, &values).unwrap(), expected);
        let safe = binary(
            compared(Operator::Gt),
            Operator::And,
            compared(Operator::Lt),
        );
        let same = guarded(safe.clone(), &schema()).unwrap();
        assert!(Arc::ptr_eq(&safe, &same));
        // What nothing guards still fails.
        assert!(evaluate(&guarded(divided(), &schema()).unwrap(), &values).is_err());
    }
}
