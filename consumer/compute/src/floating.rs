//! Numbers with a point, where Flink goes by their decimal digits or by what Java's `Math` gives: `ROUND`,
//! `TRUNCATE`, `POWER`, and casts to exact numbers.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Decimal128Array, Float64Array},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type},
};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{
    digits::{Digits, Rest},
    text::once,
};

#[derive(Debug, PartialEq, Eq, Hash)]
struct Floating {
    does: Does,
    signature: Signature,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Does {
    Power,
    /// To so many digits.
    Kept(Rest),
    /// An exact number; null where there is none of that type.
    Exact(DataType),
}

/// `POWER(base, exponent)`.
pub(super) fn power() -> Arc<ScalarUDF> {
    Arc::new(function(Does::Power))
}

/// A number with a point, and how many digits are kept of it: the nearest number that has no more.
pub fn round_digits() -> ScalarUDF {
    function(Does::Kept(Rest::Rounded))
}

/// A number with a point, and how many digits are kept of it; the others are left out.
pub fn truncate_digits() -> ScalarUDF {
    function(Does::Kept(Rest::Cut))
}

/// Casts numbers with a point to this type of exact ones; null where there are too many digits.
pub fn exact_number(to: DataType) -> ScalarUDF {
    function(Does::Exact(to))
}

fn function(does: Does) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::from(Floating { does, signature })
}

impl ScalarUDFImpl for Floating {
    fn name(&self) -> &'static str {
        match self.does {
            Does::Power => "power",
            Does::Kept(Rest::Rounded) => "round_digits",
            Does::Kept(Rest::Cut) => "truncate_digits",
            Does::Exact(_) => "exact_number",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let is_number = |of: &DataType| of.is_numeric() || of.is_null();
        match (&self.does, given) {
            (Does::Power, [base, exponent]) if is_number(base) && is_number(exponent) => {
                Ok(vec![DataType::Float64; 2])
            }
            (Does::Kept(_), [number, digits])
                if number.is_floating() && (digits.is_integer() || digits.is_null()) =>
            {
                Ok(vec![number.clone(), DataType::Int64])
            }
            (Does::Exact(_), [number]) if number.is_floating() => Ok(given.to_vec()),
            _ => plan_err!("{}", self.usage()),
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match (&self.does, given) {
            (Does::Power, _) => Ok(DataType::Float64),
            (Does::Kept(_), [number, _]) => Ok(number.clone()),
            (Does::Exact(to), _) => Ok(to.clone()),
            _ => plan_err!("{}", self.usage()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let values = args.args.iter().map(|value| value.clone().into_array(rows));
        let values = values.collect::<Result<Vec<_>>>()?;
        let result = match (&self.does, values.as_slice()) {
            (Does::Power, [base, exponent]) => powers(base, exponent),
            (Does::Kept(rest), [number, digits]) => kept(number, digits, *rest)?,
            (Does::Exact(to), [number]) => exact(number, to)?,
            _ => return exec_err!("{}", self.usage()),
        };
        once(result, &args.args)
    }
}

impl Floating {
    const fn usage(&self) -> &'static str {
        match self.does {
            Does::Power => "POWER is POWER(number, number)",
            Does::Kept(Rest::Rounded) => "ROUND is ROUND(number [, digits])",
            Does::Kept(Rest::Cut) => "TRUNCATE is TRUNCATE(number [, digits])",
            Does::Exact(_) => "a number with a point is cast",
        }
    }
}

fn powers(base: &ArrayRef, exponent: &ArrayRef) -> ArrayRef {
    let base = base.as_primitive::<Float64Type>().iter();
    let pairs = base.zip(exponent.as_primitive::<Float64Type>());
    let power = |(base, exponent): (Option<f64>, Option<f64>)| Some(of(base?, exponent?));
    let powers: Float64Array = pairs.map(power).collect();
    Arc::new(powers)
}

/// Where Java knows no limit there is no number: C has 1 there.
fn of(base: f64, exponent: f64) -> f64 {
    let has_no_limit = base.abs() == 1.0 && exponent.is_infinite();
    if has_no_limit || exponent.is_nan() {
        return f64::NAN;
    }
    let power = base.powf(exponent);
    // Of all that are no number, the one that is above all numbers.
    if power.is_nan() { f64::NAN } else { power }
}

fn kept(number: &ArrayRef, digits: &ArrayRef, rest: Rest) -> Result<ArrayRef> {
    let numbers = cast(number, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>().iter();
    let pairs = numbers.zip(digits.as_primitive::<Int64Type>());
    let one = |(number, digits): (Option<f64>, Option<i64>)| {
        let (number, digits) = (number?, digits?);
        let most = i64::from(u16::MAX);
        let digits = i32::try_from(digits.clamp(-most, most)).unwrap_or_default();
        let Some(written) = Digits::of(number) else {
            return Some(number);
        };
        // There is one zero.
        let kept = written.kept(digits, rest);
        Some(kept.map_or(number + 0.0, Digits::number))
    };
    let kept: Float64Array = pairs.map(one).collect();
    Ok(cast(&kept, number.data_type())?)
}

fn exact(number: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, scale) = to else {
        return exec_err!("exact numbers are DECIMAL");
    };
    let numbers = cast(number, &DataType::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>().iter();
    let exact = numbers.map(|number| within(Digits::of(number?)?, *precision, *scale));
    let exact = Decimal128Array::from_iter(exact);
    Ok(Arc::new(
        exact.with_precision_and_scale(*precision, *scale)?,
    ))
}

/// A number in units of a type of exact ones; none where there are too many digits.
pub(super) fn within(digits: Digits, precision: u8, scale: i8) -> Option<i128> {
    let most = 10_i128.checked_pow(precision.into())?;
    let units = digits.scaled(scale.into(), Rest::Rounded)?;
    (-most < units && units < most).then_some(units)
}
