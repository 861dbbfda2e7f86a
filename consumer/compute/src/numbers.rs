//! Numbers where Flink's result is another than Arrow's: exact arithmetic, casts to smaller types, and
//! text as Java writes it.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, StringArray},
    compute::{CastOptions, cast, cast_with_options},
    datatypes::{
        DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Float32Type, Float64Type, Int64Type,
        i256,
    },
};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::text::once;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Number {
    does: Does,
    signature: Signature,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Does {
    /// Computes with exact numbers, to as many digits as Flink; null where there are more.
    Exact(Operator),
    /// Casts to a smaller type: what is too large goes around, as in Java.
    Narrow(DataType),
    /// A number with a point as text.
    Text,
    /// Text as a number of a type of whole ones; what stands behind a point is left out.
    Whole { to: DataType, is_tried: bool },
}

/// Computes with two exact numbers.
pub fn exact(operator: Operator) -> ScalarUDF {
    function(Does::Exact(operator))
}

/// Casts numbers to this type of whole numbers.
pub fn narrow(to: DataType) -> ScalarUDF {
    function(Does::Narrow(to))
}

/// Writes numbers with a point.
pub fn number_text() -> ScalarUDF {
    function(Does::Text)
}

/// Reads whole numbers; where it is tried, what is none gives null.
pub fn whole(to: DataType, is_tried: bool) -> ScalarUDF {
    function(Does::Whole { to, is_tried })
}

fn function(does: Does) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::from(Number { does, signature })
}

impl ScalarUDFImpl for Number {
    fn name(&self) -> &'static str {
        match self.does {
            Does::Exact(Operator::Plus) => "exact +",
            Does::Exact(Operator::Minus) => "exact -",
            Does::Exact(Operator::Multiply) => "exact *",
            Does::Exact(Operator::Divide) => "exact /",
            Does::Exact(_) => "exact %",
            Does::Narrow(_) => "narrow",
            Does::Text => "number_text",
            Does::Whole { is_tried: true, .. } => "try_whole_number",
            Does::Whole { .. } => "whole_number",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given.to_vec())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match (&self.does, given) {
            (Does::Exact(operator), [left, right]) => {
                Exact::new(*operator, left, right).map(|exact| exact.of())
            }
            (Does::Narrow(to) | Does::Whole { to, .. }, _) => Ok(to.clone()),
            (Does::Text, _) => Ok(DataType::Utf8),
            _ => plan_err!("{} is of one number, or of two", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let values = args.args.iter().map(|value| value.clone().into_array(rows));
        let values = values.collect::<Result<Vec<_>>>()?;
        let result = match (&self.does, values.as_slice()) {
            (Does::Exact(operator), [left, right]) => computed(*operator, left, right)?,
            (Does::Narrow(to), [value]) => narrowed(value, to)?,
            (Does::Text, [value]) => written(value)?,
            (Does::Whole { to, is_tried }, [value]) => read(value, to, *is_tried)?,
            _ => return exec_err!("{} is of one number, or of two", self.name()),
        };
        once(result, &args.args)
    }
}

/// Digits behind the point that are kept where there would be too many.
const SCALE_LEAST: i8 = 6;

/// A type of so many digits, or the nearest to it that there is.
pub fn decimal(precision: i16, scale: i16) -> DataType {
    let most = i16::from(DECIMAL128_MAX_PRECISION);
    let (precision, scale) = if precision <= most {
        (precision, scale)
    } else {
        let least = scale.min(i16::from(SCALE_LEAST));
        (most, (most - (precision - scale)).max(least))
    };
    let digits = u8::try_from(precision).unwrap_or(DECIMAL128_MAX_PRECISION);
    DataType::Decimal128(digits, i8::try_from(scale).unwrap_or(SCALE_LEAST))
}

/// How two exact numbers are computed with: in units of `scale` digits behind the point, of which the
/// result has `kept`.
#[derive(Debug, Clone, Copy)]
struct Exact {
    operator: Operator,
    scales: [i16; 2],
    scale: i16,
    precision: u8,
    kept: i8,
}

impl Exact {
    fn new(operator: Operator, left: &DataType, right: &DataType) -> Result<Self> {
        let (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) = (left, right) else {
            return plan_err!("exact numbers are computed with");
        };
        let [p1, p2] = [p1, p2].map(|precision| i16::from(*precision));
        let [s1, s2] = [s1, s2].map(|scale| i16::from(*scale));
        let (precision, scale) = match operator {
            Operator::Multiply => (p1 + p2 + 1, s1 + s2),
            Operator::Divide => {
                let scale = (s1 + p2 + 1).max(i16::from(SCALE_LEAST));
                (p1 - s1 + s2 + scale, scale)
            }
            _ => {
                let scale = s1.max(s2);
                ((p1 - s1).max(p2 - s2) + scale + 1, scale)
            }
        };
        let DataType::Decimal128(digits, kept) = decimal(precision, scale) else {
            return plan_err!("exact numbers are computed with");
        };
        let of_result = i16::from(kept);
        Ok(Self {
            operator,
            scales: [s1, s2],
            scale: if operator == Operator::Divide {
                of_result
            } else {
                scale
            },
            precision: digits,
            kept,
        })
    }

    const fn of(&self) -> DataType {
        DataType::Decimal128(self.precision, self.kept)
    }

    /// None where there are too many digits.
    fn compute(&self, left: i128, right: i128) -> Option<i128> {
        let [s1, s2] = self.scales;
        let (left, wide) = (i256::from_i128(left), i256::from_i128(right));
        let whole = match self.operator {
            Operator::Multiply => left.checked_mul(wide)?,
            Operator::Divide => {
                let whole = left.checked_mul(power(self.scale - s1 + s2)?)?;
                return self.fitting(rounded(whole, wide)?);
            }
            operator => {
                let left = left.checked_mul(power(self.scale - s1)?)?;
                let right = wide.checked_mul(power(self.scale - s2)?)?;
                if operator == Operator::Minus {
                    left.checked_sub(right)?
                } else {
                    left.checked_add(right)?
                }
            }
        };
        let unit = power(self.scale - i16::from(self.kept))?;
        self.fitting(rounded(whole, unit)?)
    }

    fn fitting(&self, value: i256) -> Option<i128> {
        let value = value.to_i128()?;
        (digits(value) <= self.precision).then_some(value)
    }
}

fn power(digits: i16) -> Option<i256> {
    i256::from_i128(10).checked_pow(u32::try_from(digits).ok()?)
}

/// Rounded half away from zero.
fn computed(operator: Operator, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
    let exact = Exact::new(operator, left.data_type(), right.data_type())?;
    let left = left.as_primitive::<Decimal128Type>();
    let right = right.as_primitive::<Decimal128Type>();
    let mut results = Vec::with_capacity(left.len());
    for pair in left.iter().zip(right) {
        let (Some(left), Some(right)) = pair else {
            results.push(None);
            continue;
        };
        if right == 0 && operator == Operator::Divide {
            return Err(arrow::error::ArrowError::DivideByZero.into());
        }
        results.push(exact.compute(left, right));
    }
    let results = Decimal128Array::from(results);
    let (precision, scale) = (exact.precision, exact.kept);
    Ok(Arc::new(
        results.with_precision_and_scale(precision, scale)?,
    ))
}

fn rounded(whole: i256, divisor: i256) -> Option<i256> {
    let (quotient, rest) = (whole.checked_div(divisor)?, whole.checked_rem(divisor)?);
    let is_half = rest.wrapping_abs().checked_mul(i256::from_i128(2))? >= divisor.wrapping_abs();
    let is_below = (whole < i256::ZERO) != (divisor < i256::ZERO);
    let step = match (is_half, is_below) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => -1,
    };
    quotient.checked_add(i256::from_i128(step))
}

fn digits(value: i128) -> u8 {
    let digits = value
        .unsigned_abs()
        .checked_ilog10()
        .map_or(1, |log| log + 1);
    u8::try_from(digits).unwrap_or(u8::MAX)
}

/// Through the type that Java goes through: what has a point ends at the greatest there is, and then
/// the bits that do not fit are left out.
#[expect(clippy::cast_possible_truncation, reason = "as Java does")]
fn narrowed(value: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let whole: Int64Array = match value.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let numbers = cast(value, &DataType::Float64)?;
            let is_long = *to == DataType::Int64;
            numbers.as_primitive::<Float64Type>().unary(|number| {
                if is_long {
                    number as i64
                } else {
                    i64::from(number as i32)
                }
            })
        }
        DataType::Decimal128(_, scale) => {
            let unit = 10_i128.pow(u32::try_from(*scale).unwrap_or(0));
            let numbers = value.as_primitive::<Decimal128Type>();
            numbers.unary(|number| (number / unit) as i64)
        }
        _ => cast(value, &DataType::Int64)?
            .as_primitive::<Int64Type>()
            .clone(),
    };
    let whole: Int64Array = match to {
        DataType::Int8 => whole.unary(|number| i64::from(number as i8)),
        DataType::Int16 => whole.unary(|number| i64::from(number as i16)),
        DataType::Int32 => whole.unary(|number| i64::from(number as i32)),
        _ => whole,
    };
    exactly(&whole, to)
}

/// Fails where a number does not fit.
fn exactly(numbers: &Int64Array, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    Ok(cast_with_options(numbers, to, &options)?)
}

fn read(value: &ArrayRef, to: &DataType, is_tried: bool) -> Result<ArrayRef> {
    let texts = cast(value, &DataType::Utf8)?;
    let mut numbers = Vec::with_capacity(texts.len());
    for text in texts.as_string::<i32>() {
        let number = text.and_then(|text| whole_of(text, to));
        if let (Some(text), None, false) = (text, number, is_tried) {
            return exec_err!("'{text}' is no {}", super::types::name(to));
        }
        numbers.push(number);
    }
    exactly(&Int64Array::from(numbers), to)
}

/// The number that a text is, as far as there is one of that type.
fn whole_of(text: &str, to: &DataType) -> Option<i64> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let has_digit = whole.ends_with(|c: char| c.is_ascii_digit());
    if !has_digit || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    let fits = match to {
        DataType::Int8 => i8::try_from(number).is_ok(),
        DataType::Int16 => i16::try_from(number).is_ok(),
        DataType::Int32 => i32::try_from(number).is_ok(),
        _ => true,
    };
    fits.then_some(number)
}

fn written(value: &ArrayRef) -> Result<ArrayRef> {
    let texts: StringArray = match value.data_type() {
        DataType::Float32 => {
            let numbers = value.as_primitive::<Float32Type>().iter();
            numbers
                .map(|number| number.map(|number| float(&format!("{number:e}"), number.into())))
                .collect()
        }
        _ => {
            let numbers: Float64Array = cast(value, &DataType::Float64)?.as_primitive().clone();
            let texts = numbers.iter();
            texts
                .map(|number| number.map(|number| float(&format!("{number:e}"), number)))
                .collect()
        }
    };
    Ok(Arc::new(texts))
}

/// A number as Java writes it, from its shortest digits in the form `1.25e3`.
fn float(shortest: &str, number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        return format!("{sign}Infinity");
    }
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        let plain: f64 = shortest.parse().unwrap_or(number);
        return format!("{plain:?}");
    }
    let (digits, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}
