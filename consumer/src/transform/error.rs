//! Why a step cannot go on. A batch with a row that cannot be computed is never lost silently: the
//! error names the step, the expression and the row.

use arrow::error::ArrowError;
use datafusion_common::DataFusionError;

use crate::plan::StepId;

/// Why a task cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A step could not do its work.
    #[error("step {} ({kind}): {source}", step.0)]
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
        "state takes {bytes} bytes, more than the {budget} that {setting} allows; most of it, \
         {largest} bytes, is held by step {} ({kind})",
        step.0
    )]
    Budget {
        /// The step that holds most.
        step: StepId,
        /// What it does.
        kind: &'static str,
        /// How much it holds.
        largest: usize,
        /// How much all steps hold.
        bytes: usize,
        /// How much they may hold.
        budget: usize,
        /// The name of the setting that says so.
        setting: &'static str,
    },
    /// Rows or events came for a step that takes none from outside.
    #[error("step {} takes no rows from outside", .0.0)]
    NoSuchPort(StepId),
}

/// Why a step could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An expression has no value for a row.
    #[error("cannot compute {expression} of row {row} of a batch: {source}")]
    Expression {
        /// The expression.
        expression: String,
        /// The first row for which it has none, from zero.
        row: usize,
        /// Why not.
        source: Box<DataFusionError>,
    },
    /// An aggregate function failed.
    #[error(transparent)]
    Function(Box<DataFusionError>),
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

impl From<DataFusionError> for Fault {
    fn from(error: DataFusionError) -> Self {
        Self::Function(Box::new(error))
    }
}
