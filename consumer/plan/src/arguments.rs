//! What functions take, as in Flink. Left to itself, what plans queries would make a text of a number,
//! and a time of a text, which not every text is.

use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{Expr, LogicalPlan};

use super::{conditions::place, error::Fault, query::each_expression, typed::Typed, types};

/// What an argument is.
#[derive(Debug, Clone, Copy)]
enum Of {
    Text,
    Time,
}

/// Functions, as they are called here and in Flink, and what their arguments from one number to before
/// another are.
const TAKEN: [(&str, &str, Of, usize, usize); 12] = [
    ("ceil_time", "CEIL", Of::Time, 1, 2),
    ("character_length", "CHAR_LENGTH", Of::Text, 0, 1),
    ("concat_ws", "CONCAT_WS", Of::Text, 0, usize::MAX),
    ("date_part", "EXTRACT", Of::Time, 1, 2),
    ("floor_time", "FLOOR", Of::Time, 1, 2),
    ("left", "LEFT", Of::Text, 0, 1),
    ("regexp", "REGEXP", Of::Text, 0, 2),
    ("regexp_extract", "REGEXP_EXTRACT", Of::Text, 0, 2),
    ("reverse", "REVERSE", Of::Text, 0, 1),
    ("right", "RIGHT", Of::Text, 0, 1),
    ("split_index", "SPLIT_INDEX", Of::Text, 0, 2),
    ("translate", "TRANSLATE", Of::Text, 0, 3),
];

/// Refuses other arguments.
pub(super) fn refuse_others(plan: &LogicalPlan) -> Result<()> {
    each_expression(plan, check)
}

/// Functions of a text and of how many characters of it are wanted, as they are called here and in Flink.
const OF_SO_MANY: [(&str, &str); 2] = [("left", "LEFT"), ("right", "RIGHT")];

fn check(expression: &Expr, typed: &Typed) -> Result<()> {
    let Expr::ScalarFunction(call) = expression else {
        return Ok(());
    };
    if let Some((_, name)) = OF_SO_MANY.iter().find(|(own, _)| *own == call.name()) {
        check_count(name, call.args.get(1), typed)?;
    }
    if let ("date_part", [unit, time]) = (call.name(), call.args.as_slice()) {
        check_part(unit, time, typed)?;
    }
    let Some((_, name, of, from, to)) = TAKEN.iter().find(|(own, ..)| *own == call.name()) else {
        return Ok(());
    };
    for value in call.args.iter().take(*to).skip(*from) {
        let given = typed.of(value)?;
        if !of.allows(&given) {
            let (of, given) = (of.told(), types::name(&given));
            let message = format!("{name} is of {of}, and this is {given}; write CAST");
            return Err(Fault::new(place(value), message).into());
        }
    }
    Ok(())
}

/// How many characters are wanted is a number. It is written as what it is where it is not below zero.
fn check_count(name: &str, count: Option<&Expr>, typed: &Typed) -> Result<()> {
    let count = match count {
        Some(Expr::Case(case)) => case.else_expr.as_deref(),
        count => count,
    };
    let Some(count) = count else {
        return Ok(());
    };
    let given = typed.of(count)?;
    if given.is_numeric() || given.is_null() {
        return Ok(());
    }
    let given = types::name(&given);
    let message = format!("{name} is of so many characters, INT, and this is {given}; write CAST");
    Err(Fault::new(place(count), message).into())
}

/// Parts of a time of day, as they are called here.
const OF_DAY: [&str; 6] = [
    "HOUR",
    "MINUTE",
    "SECOND",
    "MILLISECOND",
    "MICROSECOND",
    "NANOSECOND",
];

/// A time of day has no year.
fn check_part(unit: &Expr, time: &Expr, typed: &Typed) -> Result<()> {
    let Expr::Literal(unit, _) = unit else {
        return Ok(());
    };
    let unit = unit.to_string().to_uppercase();
    let of_day = matches!(typed.of(time)?, DataType::Time32(_) | DataType::Time64(_));
    if !of_day || OF_DAY.contains(&unit.as_str()) {
        return Ok(());
    }
    let what = format!("{unit} of a TIME, in EXTRACT,");
    let instead = "a TIME has HOUR, MINUTE, SECOND and parts of it";
    Err(Fault::unsupported(place(time), &what, instead).into())
}

impl Of {
    fn allows(self, given: &DataType) -> bool {
        match self {
            _ if given.is_null() => true,
            Self::Text => given.is_string(),
            Self::Time => given.is_temporal(),
        }
    }

    const fn told(self) -> &'static str {
        match self {
            Self::Text => "STRING",
            Self::Time => "times",
        }
    }
}
