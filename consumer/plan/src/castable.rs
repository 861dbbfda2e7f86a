//! Which types are cast to which, as in Flink. Left to itself, what plans queries would make numbers of
//! times by the unit that they happen to be held in.

use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{Expr, LogicalPlan};

use super::{conditions::place, error::Fault, query::each_expression, typed::Typed, types};

/// Refuses casts that are written and that Flink lacks.
pub(super) fn refuse_others(plan: &LogicalPlan) -> Result<()> {
    each_expression(plan, check)
}

fn check(expression: &Expr, typed: &Typed) -> Result<()> {
    let (value, to) = match expression {
        Expr::Cast(of) => (&of.expr, of.field.data_type()),
        Expr::TryCast(of) => (&of.expr, of.field.data_type()),
        _ => return Ok(()),
    };
    let from = typed.of(value)?;
    if is_cast(&from, to) {
        return Ok(());
    }
    let what = format!("CAST of {} to {}", types::name(&from), types::name(to));
    Err(Fault::unsupported(place(value), &what, instead(&from, to)).into())
}

/// Whether Flink casts so. What is made of others is left to what plans it.
fn is_cast(from: &DataType, to: &DataType) -> bool {
    match to {
        to if to.is_string() => !from.is_nested(),
        _ if from.is_string() || from.is_null() || from.is_nested() || to.is_nested() => true,
        DataType::Binary => from.is_binary(),
        DataType::Boolean => from.is_integer() || *from == DataType::Boolean,
        to if to.is_numeric() => from.is_numeric() || *from == DataType::Boolean,
        DataType::Time32(_) => matches!(from, DataType::Time32(_) | DataType::Timestamp(..)),
        DataType::Date32 | DataType::Timestamp(..) => {
            matches!(from, DataType::Date32 | DataType::Timestamp(..))
        }
        _ => true,
    }
}

fn instead(from: &DataType, to: &DataType) -> &'static str {
    if from.is_nested() {
        "CAST what is in it, as item.name or tags[1]"
    } else if to.is_temporal() && from.is_temporal() {
        "there are casts of TIMESTAMP to DATE and TIME, and of DATE to TIMESTAMP"
    } else if to.is_temporal() {
        "there is TO_TIMESTAMP_LTZ(number, precision)"
    } else if from.is_temporal() {
        "there is EXTRACT(EPOCH FROM time), and TIMESTAMPDIFF(unit, from, to)"
    } else {
        "CAST to STRING first, or write a comparison"
    }
}
