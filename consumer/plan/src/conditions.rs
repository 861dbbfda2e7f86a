//! Conditions are true or false or unknown, and nothing is made a condition that is none: not every
//! text or number can be.

use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{Expr, LogicalPlan};
use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    error::{Fault, NOWHERE},
    query::each_expression,
    typed::Typed,
    types,
};

/// Refuses other conditions of FILTER, CASE and IS TRUE; those of WHERE and HAVING are never planned.
pub(super) fn refuse_others(plan: &LogicalPlan) -> Result<()> {
    each_expression(plan, check)
}

fn check(expression: &Expr, typed: &Typed) -> Result<()> {
    match expression {
        Expr::AggregateFunction(call) => {
            let mut filter = call.params.filter.iter();
            filter.try_for_each(|condition| boolean(condition, typed))?;
        }
        Expr::Case(case) if case.expr.is_none() => {
            let mut conditions = case.when_then_expr.iter();
            conditions.try_for_each(|(condition, _)| boolean(condition, typed))?;
        }
        Expr::IsTrue(of)
        | Expr::IsFalse(of)
        | Expr::IsUnknown(of)
        | Expr::IsNotTrue(of)
        | Expr::IsNotFalse(of)
        | Expr::IsNotUnknown(of) => boolean(of, typed)?,
        _ => {}
    }
    Ok(())
}

fn boolean(condition: &Expr, typed: &Typed) -> Result<()> {
    let data_type = typed.of(condition)?;
    if matches!(data_type, DataType::Boolean | DataType::Null) {
        return Ok(());
    }
    let name = types::name(&data_type);
    let message = format!("a condition is BOOLEAN, and this is {name}; write a comparison");
    Err(Fault::new(place(condition), message).into())
}

/// Where the first of its columns is written.
pub(super) fn place(expression: &Expr) -> Location {
    let columns = expression.column_refs();
    let spans = columns.iter().filter_map(|column| column.spans.first());
    let begins = spans.map(|span| (span.start.line, span.start.column));
    begins
        .min()
        .map_or(NOWHERE, |(line, column)| Location { line, column })
}
