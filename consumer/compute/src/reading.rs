//! Texts that are cast to numbers with a point, exact numbers and times, as Flink reads them.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, AsArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array,
        StringArray, Time32MillisecondArray,
    },
    compute::cast,
    datatypes::{DataType, Date32Type, TimeUnit},
};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{digits::Digits, floating::within, text::once};

/// A cast of texts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Reading {
    to: DataType,
    /// Whether what is none gives null.
    is_tried: bool,
    signature: Signature,
}

/// Casts texts to this type, if they are so cast here: where it is tried, what is none gives null.
pub fn reading(to: &DataType, is_tried: bool) -> Option<ScalarUDF> {
    let is_read = matches!(
        to,
        DataType::Float32
            | DataType::Float64
            | DataType::Decimal128(..)
            | DataType::Date32
            | DataType::Time32(TimeUnit::Millisecond)
            | DataType::Timestamp(_, None)
    );
    is_read.then(|| function(to.clone(), is_tried))
}

/// Casts texts to times on a clock, in this unit.
pub fn reading_moment(unit: TimeUnit, is_tried: bool) -> ScalarUDF {
    function(DataType::Timestamp(unit, None), is_tried)
}

fn function(to: DataType, is_tried: bool) -> ScalarUDF {
    ScalarUDF::from(Reading {
        to,
        is_tried,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

impl ScalarUDFImpl for Reading {
    fn name(&self) -> &'static str {
        if self.is_tried {
            "try_read_text"
        } else {
            "read_text"
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [of] if of.is_string() => Ok(vec![DataType::Utf8]),
            _ => plan_err!("a text is read"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text] = args.args.as_slice() else {
            return exec_err!("a text is read");
        };
        let texts = text.clone().into_array(args.number_rows)?;
        let texts = texts.as_string::<i32>();
        let read: ArrayRef = match &self.to {
            DataType::Float32 => Arc::new(Float32Array::from(self.all(texts, floating)?)),
            DataType::Float64 => Arc::new(Float64Array::from(self.all(texts, floating)?)),
            DataType::Decimal128(precision, scale) => {
                // What has too many digits is no value either.
                let exact = |text: &str| within(exact(text)?, *precision, *scale);
                let exact = Decimal128Array::from(self.all(texts, exact)?);
                Arc::new(exact.with_precision_and_scale(*precision, *scale)?)
            }
            DataType::Date32 => Arc::new(Date32Array::from(self.all(texts, days)?)),
            DataType::Time32(_) => Arc::new(Time32MillisecondArray::from(self.all(texts, of_day)?)),
            DataType::Timestamp(unit, _) => {
                let moments = self.all(texts, |text| moment(text, *unit))?;
                cast(&Int64Array::from(moments), &self.to)?
            }
            other => return exec_err!("{other} is not read"),
        };
        once(read, &args.args)
    }
}

impl Reading {
    fn all<T>(
        &self,
        texts: &StringArray,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<Option<T>>> {
        let one = |text: Option<&str>| match text.map(|text| (text, read(text))) {
            None => Ok(None),
            Some((text, None)) if !self.is_tried => {
                exec_err!("'{text}' is no {}", super::types::name(&self.to))
            }
            Some((_, read)) => Ok(read),
        };
        texts.iter().map(one).collect()
    }
}

/// As Java reads them: white space around them and a letter for their type behind them are none of them.
fn floating<T: std::str::FromStr + std::ops::Neg<Output = T> + From<f32>>(text: &str) -> Option<T> {
    let text = text.trim_matches(|c: char| c <= ' ');
    let (is_below, number) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = match number {
        "NaN" => T::from(f32::NAN),
        "Infinity" => T::from(f32::INFINITY),
        _ => {
            let number = number.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(number);
            // Rust knows more words for what is infinite, and more signs.
            let begins = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            begins.then(|| number.parse().ok())??
        }
    };
    Some(if is_below { -number } else { number })
}

fn exact(text: &str) -> Option<Digits> {
    Digits::read(text.trim_matches([' ', '\n', '\t']))
}

/// `2024-1-2`, `2024-1`, `2024`; what stands behind a blank is none of it.
fn days(text: &str) -> Option<i32> {
    let text = match text.find(' ') {
        Some(at) if at > 0 => text.get(..at)?,
        _ => text,
    };
    let mut parts = text.splitn(3, '-').map(number);
    let year = parts.next()??;
    let month = parts.next().unwrap_or(Some(1))?;
    let day = parts.next().unwrap_or(Some(1))?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let is_known = (0..=9999).contains(&date.year());
    is_known.then(|| Date32Type::from_naive_date(date))
}

/// `3:4:5.678`, `3:4`, `3`: in milliseconds, rounded.
fn of_day(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, ':');
    let hour = number(parts.next()?)?;
    let minute = parts.next().map_or(Some(0), number)?;
    let second = parts.next().unwrap_or("0");
    let (second, part) = second.split_once('.').unwrap_or((second, ""));
    let second = number(second)?;
    let part = part.trim();
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |at: usize| {
        let byte = part.as_bytes().get(at);
        byte.map_or(0, |byte| u32::from(byte - b'0'))
    };
    let rounded = u32::from(digit(3) >= 5);
    let parts = digit(0) * 100 + digit(1) * 10 + digit(2) + rounded;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let time = ((hour * 60 + minute) * 60 + second) * 1000 + parts;
    (time < 86_400_000).then(|| i32::try_from(time).ok())?
}

/// Digits, with blanks around them.
fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// `2024-1-2 3:4:5.678`, `2024-1-2`: one or two digits each, behind four of the year; what is finer than the
/// unit is left out.
fn moment(text: &str, unit: TimeUnit) -> Option<i64> {
    let (date, time) = match text.split_once(' ') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let year = parts
        .next()
        .filter(|year| year.len() == 4)
        .and_then(exactly)?;
    let month = parts.next().and_then(short)?;
    let day = parts.next().and_then(short)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let time = match time {
        Some(time) => clock(time)?,
        None => NaiveTime::MIN,
    };
    let moment = NaiveDateTime::new(date, time).and_utc();
    match unit {
        TimeUnit::Second => Some(moment.timestamp()),
        TimeUnit::Millisecond => Some(moment.timestamp_millis()),
        TimeUnit::Microsecond => Some(moment.timestamp_micros()),
        TimeUnit::Nanosecond => moment.timestamp_nanos_opt(),
    }
}

fn clock(text: &str) -> Option<NaiveTime> {
    let mut parts = text.splitn(3, ':');
    let hour = parts.next().and_then(short)?;
    let minute = parts.next().and_then(short)?;
    let second = parts.next()?;
    let (second, part) = second.split_once('.').unwrap_or((second, ""));
    let nanoseconds = match part.len() {
        0 => 0,
        1..=9 => exactly(&format!("{part:0<9}"))?,
        _ => return None,
    };
    NaiveTime::from_hms_nano_opt(hour, minute, short(second)?, nanoseconds)
}

/// One or two digits.
fn short(text: &str) -> Option<u32> {
    (text.len() <= 2).then(|| exactly(text))?
}

fn exactly(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_rounded_and_within_a_day() {
        let at = |seconds: i32, parts: i32| Some(seconds * 1000 + parts);
        assert_eq!(of_day("3:4:5.6789"), at(11_045, 679));
        assert_eq!(of_day(" 3 : 4 : 5.6"), at(11_045, 600));
        assert_eq!(of_day("23:59:59.9994"), at(86_399, 999));
        for none in [
            "23:59:59.9996",
            "24:00:00",
            "12:60:00",
            "1:2:3:4",
            "1:2:3.x",
            "1:-2",
            "",
            "4294967295",
            "4294967296",
        ] {
            assert_eq!(of_day(none), None, "{none}");
        }
    }

    #[test]
    fn days_and_moments_that_are_none_are_not_read() {
        for none in ["", "-", "2024-", "2024-1-1-1", "99999999999-1-1", "٢٠٢٤"] {
            assert_eq!(days(none), None, "{none}");
        }
        let milliseconds = |text| moment(text, TimeUnit::Millisecond);
        assert_eq!(milliseconds("1970-1-1 0:0:0.0019"), Some(1));
        assert_eq!(milliseconds("1969-12-31 23:59:59.9999"), Some(-1));
        for none in [
            "1970-1-1 ",
            "1970-001-1",
            "70-1-1",
            "1970-1-1 1:1",
            "1970-1-1 1:1:1.1234567891",
            "1970-1-1  1:1:1",
            "1970-1-1 1:1:60",
        ] {
            assert_eq!(milliseconds(none), None, "{none}");
        }
        assert_eq!(moment("2300-1-1", TimeUnit::Nanosecond), None);
    }
}
