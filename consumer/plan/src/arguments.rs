//! What functions take, as in Flink. Left to itself, what plans queries would make a text of a number,
//! and a time of a text, which not every text is.

use arrow::datatypes::DataType;
use datafusion_common::{DFSchema, Result};
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan};

use super::{conditions::place, error::Fault, query::each_expression, types};

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

fn check(expression: &Expr, schema: &DFSchema) -> Result<()> {
    let Expr::ScalarFunction(call) = expression else {
        return Ok(());
    };
    let Some((_, name, of, from, to)) = TAKEN.iter().find(|(own, ..)| *own == call.name()) else {
        return Ok(());
    };
    for value in call.args.iter().take(*to).skip(*from) {
        let given = value.get_type(schema)?;
        if !of.allows(&given) {
            let (of, given) = (of.told(), types::name(&given));
            let message = format!("{name} is of {of}, and this is {given}; write CAST");
            return Err(Fault::new(place(value), message).into());
        }
    }
    Ok(())
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
