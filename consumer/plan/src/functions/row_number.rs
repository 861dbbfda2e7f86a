//! `ROW_NUMBER`, as a name and a type: what it counts is up to the step that it becomes.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
    function::{PartitionEvaluatorArgs, WindowUDFFieldArgs},
};

pub(in super::super) const ROW_NUMBER: &str = "ROW_NUMBER";

/// The function.
pub(super) fn function() -> Arc<WindowUDF> {
    let signature = Signature::nullary(Volatility::Immutable);
    Arc::new(WindowUDF::from(RowNumber { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RowNumber {
    signature: Signature,
}

impl WindowUDFImpl for RowNumber {
    fn name(&self) -> &'static str {
        ROW_NUMBER
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        exec_err!("ROW_NUMBER is a step of its own")
    }

    fn field(&self, of: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(of.name(), DataType::Int64, false)))
    }
}
