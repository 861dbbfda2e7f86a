//! Whole numbers that go around at the ends of their types, as Java's do: the least one has neither an
//! absolute value nor a negative of its type, and stays what it is.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, ArrowNativeTypeOp, AsArray, PrimitiveArray},
    compute::kernels::arity::try_binary,
    datatypes::{ArrowPrimitiveType, DataType, Int8Type, Int16Type, Int32Type, Int64Type},
    error::ArrowError,
};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion_functions::math;

use super::text::once;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Around {
    does: Does,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Does {
    Absolute,
    Divide,
}

/// `ABS`.
pub fn absolute() -> Arc<ScalarUDF> {
    let signature = math::abs().signature().clone();
    let does = Does::Absolute;
    Arc::new(ScalarUDF::from(Around { does, signature }))
}

/// Divides a whole number by another of its type.
pub fn divide() -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    let does = Does::Divide;
    ScalarUDF::from(Around { does, signature })
}

impl ScalarUDFImpl for Around {
    fn name(&self) -> &'static str {
        match self.does {
            Does::Absolute => "abs",
            Does::Divide => "divide",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match given.first() {
            Some(of) => Ok(of.clone()),
            None => plan_err!("{} is of numbers", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let values = args.args.iter().map(|value| value.clone().into_array(rows));
        let values = values.collect::<Result<Vec<_>>>()?;
        let result = match (self.does, values.as_slice()) {
            (Does::Absolute, [number]) => match distance(number) {
                Some(result) => result,
                None => return math::abs().invoke_with_args(args),
            },
            (Does::Divide, [left, right]) => quotient(left, right)?,
            _ => return exec_err!("{} is of numbers", self.name()),
        };
        once(result, &args.args)
    }
}

/// How far whole numbers are from zero; none where they are others.
fn distance(numbers: &ArrayRef) -> Option<ArrayRef> {
    Some(match numbers.data_type() {
        DataType::Int8 => without_sign::<Int8Type>(numbers),
        DataType::Int16 => without_sign::<Int16Type>(numbers),
        DataType::Int32 => without_sign::<Int32Type>(numbers),
        DataType::Int64 => without_sign::<Int64Type>(numbers),
        _ => return None,
    })
}

fn without_sign<T: ArrowPrimitiveType>(numbers: &ArrayRef) -> ArrayRef {
    let distances: PrimitiveArray<T> = numbers.as_primitive::<T>().unary(|number| {
        if number.is_lt(T::Native::ZERO) {
            number.neg_wrapping()
        } else {
            number
        }
    });
    Arc::new(distances)
}

fn quotient(left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    Ok(match left.data_type() {
        DataType::Int8 => divided::<Int8Type>(left, right)?,
        DataType::Int16 => divided::<Int16Type>(left, right)?,
        DataType::Int32 => divided::<Int32Type>(left, right)?,
        DataType::Int64 => divided::<Int64Type>(left, right)?,
        other => return exec_err!("{other} is no whole number"),
    })
}

fn divided<T: ArrowPrimitiveType>(left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    let (left, right) = (left.as_primitive::<T>(), right.as_primitive::<T>());
    let quotients: PrimitiveArray<T> = try_binary(left, right, |left, right| {
        if right.is_zero() {
            Err(ArrowError::DivideByZero)
        } else {
            Ok(left.div_wrapping(right))
        }
    })?;
    Ok(Arc::new(quotients))
}
