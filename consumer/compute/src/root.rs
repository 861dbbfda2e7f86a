//! `SQRT`: of what is below zero it is no number, and no end of the job.

use std::sync::Arc;

use arrow::{
    array::{AsArray, Float64Array},
    compute::unary,
    datatypes::{DataType, Float64Type},
};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::text::once;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Root(Signature);

const USAGE: &str = "SQRT is SQRT(number)";

/// The function.
pub(super) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(Root(signature)))
}

impl ScalarUDFImpl for Root {
    fn name(&self) -> &'static str {
        "sqrt"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [of] if of.is_numeric() || of.is_null() => Ok(vec![DataType::Float64]),
            _ => plan_err!("{USAGE}"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [number] = args.args.as_slice() else {
            return exec_err!("{USAGE}");
        };
        let numbers = number.clone().into_array(args.number_rows)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        let roots: Float64Array = unary(numbers, root);
        once(Arc::new(roots), &args.args)
    }
}

/// Of all that are no number, the one that is above all numbers: a processor may give another.
fn root(number: f64) -> f64 {
    if number < 0.0 {
        f64::NAN
    } else {
        number.sqrt()
    }
}
