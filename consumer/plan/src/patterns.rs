//! A pattern that is written in a query is one: left to itself, what is none would match nothing, row
//! after row.

use datafusion_sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};
use regex::Regex;

use super::error::{Fault, begin};

/// Functions whose second argument is a pattern.
const OF_PATTERNS: [&str; 3] = ["REGEXP", "REGEXP_EXTRACT", "REGEXP_REPLACE"];

/// Refuses a call with a pattern that is none.
pub(super) fn refuse_none(call: &Function) -> Result<(), Fault> {
    let name = call.name.to_string().to_uppercase();
    let FunctionArguments::List(list) = &call.args else {
        return Ok(());
    };
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(written)))) = list.args.get(1)
    else {
        return Ok(());
    };
    let Value::SingleQuotedString(pattern) = &written.value else {
        return Ok(());
    };
    if !OF_PATTERNS.contains(&name.as_str()) {
        return Ok(());
    }
    let Err(error) = Regex::new(pattern) else {
        return Ok(());
    };
    // What is wrong stands behind a drawing of where it is.
    let told = error.to_string();
    let why = told.rsplit("error: ").next().unwrap_or_default().trim();
    let what = format!("the pattern '{pattern}'");
    Err(Fault::unsupported(begin(written.span), &what, why))
}
