//! Why a step cannot go on. A batch with a row that cannot be computed is never lost silently: the
//! error names the step, the expression, where that is written, and the values of the row.

use arrow::error::ArrowError;
use datafusion_common::DataFusionError;

use crate::plan::StepId;

/// Why a task cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A step could not do its work.
    #[error("step {} ({kind})", step.0)]
    Step {
        /// Which.
        step: StepId,
        /// What it does.
        kind: &'static str,
        /// Why not.
        source: Fault,
    },
    /// State has become too large.
    #[error(
        "state takes {bytes} bytes, more than the {budget} that {setting} allows; {largest} of them \
         are held by step {} ({kind}): give more by {setting}, or {instead}",
        step.0
    )]
    Budget {
        /// The step that holds most.
        step: StepId,
        /// What it does.
        kind: &'static str,
        /// How much it holds, in all tasks.
        largest: usize,
        /// How much all steps hold.
        bytes: usize,
        /// How much they may hold.
        budget: usize,
        /// The name of the setting that says so.
        setting: &'static str,
        /// What else helps that step.
        instead: &'static str,
    },
    /// Rows or events came for a step that takes none from outside.
    #[error("step {} takes no rows from outside", .0.0)]
    NoSuchPort(StepId),
}

/// Why a step could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An expression has no value for a row.
    #[error("{0}")]
    Expression(Box<Uncomputed>),
    /// An aggregate function failed.
    #[error("{0}")]
    Function(String),
    /// Columns do not fit together.
    #[error(transparent)]
    Columns(#[from] ArrowError),
    /// Nothing here can do this.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// There are more groups than can be numbered.
    #[error("more than {} groups", u32::MAX)]
    TooManyGroups,
    /// State is not what this step has given.
    #[error("state has no {0}")]
    State(String),
}

/// An expression that has no value for a row.
#[derive(Debug, thiserror::Error)]
#[error("cannot compute {expression}{at}{row}: {why}")]
pub struct Uncomputed {
    /// The expression.
    pub expression: String,
    /// Where it is written, if that is known.
    pub at: String,
    /// What it looks at in the first row for which it has none.
    pub row: String,
    /// Why not.
    pub why: String,
}

impl From<DataFusionError> for Fault {
    fn from(error: DataFusionError) -> Self {
        Self::Function(plainly(&error))
    }
}

/// That a text is no value of a type, by the name that the type has in SQL.
fn uncast(why: &str) -> String {
    let types = [
        ("Date32", "DATE"),
        ("Time32", "TIME"),
        ("Decimal", "DECIMAL"),
        ("Float64", "DOUBLE"),
        ("Float32", "FLOAT"),
        ("Boolean", "BOOLEAN"),
    ];
    let of_time = why.strip_prefix("Error parsing timestamp from ");
    let cast = why.strip_prefix("Cannot cast string ");
    let cast = cast.or_else(|| why.strip_prefix("Cannot cast value "));
    let cast = cast.and_then(|rest| rest.rsplit_once(" to value of "));
    if let Some((text, _)) = of_time.and_then(|rest| rest.rsplit_once("': ")) {
        return format!("{text}' is no TIMESTAMP");
    }
    let named = cast.and_then(|(text, of)| {
        let known = types.iter().find(|(arrow, _)| of.starts_with(arrow));
        known.map(|(_, name)| format!("{text} is no {name}"))
    });
    named.unwrap_or_else(|| why.to_owned())
}

/// What is wrong, without the words that only say that something is.
pub(super) fn plainly(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::Execution(why) => why.clone(),
        DataFusionError::ArrowError(error, _) => match error.as_ref() {
            ArrowError::DivideByZero => "division by zero".to_owned(),
            ArrowError::CastError(why) | ArrowError::ParseError(why) => uncast(why),
            ArrowError::ComputeError(why)
            | ArrowError::ArithmeticOverflow(why)
            | ArrowError::InvalidArgumentError(why) => why.clone(),
            other => other.to_string(),
        },
        other => other.strip_backtrace(),
    }
}
