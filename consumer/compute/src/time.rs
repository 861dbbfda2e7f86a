//! Functions of times and of how they are written. A `TIMESTAMP_LTZ` is written as the clocks of the
//! job's zone show it.

use std::{ops::RangeInclusive, sync::Arc};

use arrow::{
    array::{
        ArrayRef, AsArray, Int64Builder, PrimitiveArray, StringBuilder, TimestampMillisecondBuilder,
    },
    compute::cast,
    datatypes::{DataType, TimeUnit, TimestampMillisecondType},
};
use datafusion_common::{Result, ScalarValue, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
    simplify::{ExprSimplifyResult, SimplifyContext},
};

use super::{
    Named, Zone, local,
    pattern::{Pattern, USUAL},
    text::{Texts, once},
};

/// A function of a time.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Time {
    name: &'static str,
    does: Does,
    zone: Zone,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Does {
    /// `DATE_FORMAT(timestamp, pattern)`.
    Write,
    /// `FROM_UNIXTIME(seconds [, pattern])`.
    WriteSeconds,
    /// `TO_TIMESTAMP(text [, pattern])`.
    Read,
    /// `UNIX_TIMESTAMP(text [, pattern])`.
    ReadSeconds,
    /// `TO_TIMESTAMP_LTZ(number, precision)`.
    Instant,
    /// What `CAST(timestamp AS STRING)` is.
    Text,
}

/// From the year 0 to the year 9999, in milliseconds: as in Flink, a number beyond them is no instant.
const INSTANTS: RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

/// The functions by name.
pub(super) fn functions(zone: Zone) -> Vec<Named<ScalarUDF>> {
    [
        ("date_format", Does::Write),
        ("from_unixtime", Does::WriteSeconds),
        ("to_timestamp", Does::Read),
        ("unix_timestamp", Does::ReadSeconds),
        ("to_timestamp_ltz", Does::Instant),
    ]
    .into_iter()
    .map(|(name, does)| (name, Arc::new(function(name, does, zone))))
    .collect()
}

fn function(name: &'static str, does: Does, zone: Zone) -> ScalarUDF {
    ScalarUDF::from(Time {
        name,
        does,
        zone,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

/// What a timestamp is as text.
#[derive(Debug)]
pub struct TimestampText;

impl TimestampText {
    /// The function that writes it.
    pub fn function(zone: Zone) -> ScalarUDF {
        function("timestamp_text", Does::Text, zone)
    }
}

impl ScalarUDFImpl for Time {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let taken = match (self.does, given) {
            (Does::Text, [time]) => vec![time.clone()],
            (Does::Write, [time @ DataType::Timestamp(_, zone), pattern]) if is_text(pattern) => {
                let _ = time;
                vec![milliseconds(zone.as_deref()), DataType::Utf8]
            }
            (Does::Write, [text, pattern]) if is_text(text) && is_text(pattern) => {
                vec![milliseconds(None), DataType::Utf8]
            }
            (Does::WriteSeconds, [number, rest @ ..])
                if number.is_integer() && are_text(rest, 1) =>
            {
                with_texts(DataType::Int64, rest)
            }
            (Does::Read | Does::ReadSeconds, [text, rest @ ..])
                if is_text(text) && are_text(rest, 1) =>
            {
                with_texts(DataType::Utf8, rest)
            }
            (Does::Instant, [number, precision])
                if number.is_integer() && precision.is_integer() =>
            {
                vec![DataType::Int64, DataType::Int64]
            }
            _ => return plan_err!("{}", self.usage()),
        };
        Ok(taken)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.does {
            Does::Write | Does::WriteSeconds | Does::Text => DataType::Utf8,
            Does::Read => milliseconds(None),
            Does::ReadSeconds => DataType::Int64,
            Does::Instant => milliseconds(Some(&self.zone.name())),
        })
    }

    /// What is no time gives null.
    fn return_field_from_args(
        &self,
        args: ReturnFieldArgs<'_>,
    ) -> Result<Arc<arrow::datatypes::Field>> {
        let types: Vec<_> = args
            .arg_fields
            .iter()
            .map(|field| field.data_type().clone())
            .collect();
        let of = self.return_type(&types)?;
        let nullable =
            self.does != Does::Text || args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(arrow::datatypes::Field::new(
            self.name, of, nullable,
        )))
    }

    /// A precision or pattern that is none is told before there are rows.
    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match (self.does, args.get(1)) {
            (Does::Instant, Some(Expr::Literal(ScalarValue::Int64(Some(0 | 3)), _))) => {}
            (Does::Instant, _) => return plan_err!("{}", self.usage()),
            (_, Some(Expr::Literal(pattern, _))) => {
                if let Some(text) = pattern.try_as_str().flatten()
                    && Pattern::new(text).is_none()
                {
                    return plan_err!("{}: {}", self.name.to_uppercase(), unreadable(text));
                }
            }
            _ => {}
        }
        Ok(ExprSimplifyResult::Original(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let result: ArrayRef = match (self.does, args.args.as_slice()) {
            (Does::Write, [time, pattern]) => self.written(time, pattern, rows)?,
            (Does::WriteSeconds, [seconds, rest @ ..]) => {
                let factor = |seconds: i64| seconds.saturating_mul(1000);
                let seconds = seconds.cast_to(&DataType::Int64, None)?.into_array(rows)?;
                let seconds = seconds.as_primitive::<arrow::datatypes::Int64Type>();
                let times: PrimitiveArray<TimestampMillisecondType> = seconds.unary(factor);
                let times = times.with_timezone(self.zone.name());
                let pattern = rest.first().cloned().unwrap_or_else(usual);
                self.written(&ColumnarValue::Array(Arc::new(times)), &pattern, rows)?
            }
            (Does::Read, [text, rest @ ..]) => {
                let mut read = TimestampMillisecondBuilder::with_capacity(rows);
                self.read(text, rest, rows, |time| read.append_option(time))?;
                Arc::new(read.finish())
            }
            (Does::ReadSeconds, [text, rest @ ..]) => {
                let mut read = Int64Builder::with_capacity(rows);
                let seconds = |time| local::instant(self.zone, time).div_euclid(1000);
                self.read(text, rest, rows, |time| {
                    read.append_option(time.map(seconds))
                })?;
                Arc::new(read.finish())
            }
            (Does::Instant, [number, precision]) => self.instants(number, precision, rows)?,
            (Does::Text, [time]) => self.texts(time, rows)?,
            _ => return exec_err!("{}", self.usage()),
        };
        once(result, &args.args)
    }
}

impl Time {
    const fn usage(&self) -> &'static str {
        match self.does {
            Does::Write => "DATE_FORMAT is DATE_FORMAT(timestamp, 'pattern')",
            Does::WriteSeconds => "FROM_UNIXTIME is FROM_UNIXTIME(seconds [, 'pattern'])",
            Does::Read => "TO_TIMESTAMP is TO_TIMESTAMP(text [, 'pattern'])",
            Does::ReadSeconds => "UNIX_TIMESTAMP is UNIX_TIMESTAMP([text [, 'pattern']])",
            Does::Instant => {
                "TO_TIMESTAMP_LTZ is TO_TIMESTAMP_LTZ(number, precision), precision 0 or 3"
            }
            Does::Text => "a timestamp is cast",
        }
    }

    fn local(&self, time: i64) -> i64 {
        local::local(self.zone, time)
    }

    fn written(
        &self,
        time: &ColumnarValue,
        pattern: &ColumnarValue,
        rows: usize,
    ) -> Result<ArrayRef> {
        let is_local = matches!(time.data_type(), DataType::Timestamp(_, None));
        let times = time.cast_to(&milliseconds(None), None)?.into_array(rows)?;
        let times = times.as_primitive::<TimestampMillisecondType>();
        let patterns = Texts::new(pattern)?;
        let mut known = Known::default();
        let mut written = StringBuilder::with_capacity(rows, rows * USUAL.len());
        for (row, time) in times.iter().enumerate() {
            match (time, patterns.at(row)) {
                (Some(time), Some(pattern)) => {
                    let time = if is_local { time } else { self.local(time) };
                    written.append_value(known.written(pattern, time)?);
                }
                _ => written.append_null(),
            }
        }
        Ok(Arc::new(written.finish()))
    }

    fn read(
        &self,
        text: &ColumnarValue,
        rest: &[ColumnarValue],
        rows: usize,
        mut found: impl FnMut(Option<i64>),
    ) -> Result<()> {
        let texts = Texts::new(text)?;
        let patterns = rest.first().map(Texts::new).transpose()?;
        let mut known = Known::default();
        let others = ["yyyy-MM-dd HH:mm:ss.SSS", "yyyy-MM-dd"].map(Pattern::new);
        let others = others.iter().flatten().filter(|_| patterns.is_none());
        for row in 0..rows {
            let pattern = match &patterns {
                None => Some(USUAL),
                Some(patterns) => patterns.at(row),
            };
            found(match (texts.at(row), pattern) {
                (Some(text), Some(pattern)) => {
                    let read = known.pattern(pattern)?.read(text);
                    read.or_else(|| others.clone().find_map(|other| other.read(text)))
                }
                _ => None,
            });
        }
        Ok(())
    }

    fn instants(
        &self,
        number: &ColumnarValue,
        precision: &ColumnarValue,
        rows: usize,
    ) -> Result<ArrayRef> {
        let factor = match precision {
            ColumnarValue::Scalar(ScalarValue::Int64(Some(0))) => 1000,
            ColumnarValue::Scalar(ScalarValue::Int64(Some(3))) => 1,
            _ => return exec_err!("{}", self.usage()),
        };
        let numbers = number.clone().into_array(rows)?;
        let numbers = numbers.as_primitive::<arrow::datatypes::Int64Type>();
        let times: PrimitiveArray<TimestampMillisecondType> = numbers.unary_opt(|number| {
            let time = number.checked_mul(factor);
            time.filter(|time| INSTANTS.contains(time))
        });
        Ok(Arc::new(times.with_timezone(self.zone.name())))
    }

    /// With as many digits behind the point as its type has.
    fn texts(&self, time: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
        let DataType::Timestamp(unit, zone) = time.data_type() else {
            return exec_err!("{}", self.usage());
        };
        let (per_second, digits) = match unit {
            TimeUnit::Second => (1, 0),
            TimeUnit::Millisecond => (1_000, 3),
            TimeUnit::Microsecond => (1_000_000, 6),
            TimeUnit::Nanosecond => (1_000_000_000, 9),
        };
        let numbers = cast(&time.clone().into_array(rows)?, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<arrow::datatypes::Int64Type>();
        let mut known = Known::default();
        let pattern = known.pattern(USUAL)?;
        let mut texts = StringBuilder::with_capacity(rows, rows * USUAL.len());
        for number in numbers {
            texts.append_option(number.map(|number: i64| {
                let seconds = number.div_euclid(per_second).saturating_mul(1000);
                let seconds = if zone.is_some() {
                    self.local(seconds)
                } else {
                    seconds
                };
                let mut text = String::new();
                pattern.write(seconds, &mut text);
                format!("{text}.{:0digits$}", number.rem_euclid(per_second))
            }));
        }
        Ok(Arc::new(texts.finish()))
    }
}

/// The pattern of the row before, and what it has written: both are mostly those of the next.
#[derive(Debug, Default)]
struct Known {
    pattern: Option<(String, Pattern)>,
    /// Of which of the pattern's units the text is.
    unit: Option<i64>,
    text: String,
}

impl Known {
    fn pattern(&mut self, text: &str) -> Result<&Pattern> {
        let is_known = matches!(&self.pattern, Some((known, _)) if known == text);
        if !is_known {
            self.pattern = Pattern::new(text).map(|pattern| (text.to_owned(), pattern));
            self.unit = None;
        }
        match &self.pattern {
            Some((_, pattern)) => Ok(pattern),
            None => exec_err!("{}", unreadable(text)),
        }
    }

    /// A time in a pattern.
    fn written(&mut self, pattern: &str, time: i64) -> Result<&str> {
        let unit = Some(time.div_euclid(self.pattern(pattern)?.unit));
        if self.unit != unit {
            let mut text = std::mem::take(&mut self.text);
            text.clear();
            self.pattern(pattern)?.write(time, &mut text);
            (self.unit, self.text) = (unit, text);
        }
        Ok(&self.text)
    }
}

fn unreadable(pattern: &str) -> String {
    format!(
        "the pattern '{pattern}' has a letter that is not supported; there is y, M, d, D, H, h, m, \
         s, S and a"
    )
}

fn usual() -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::from(USUAL))
}

fn milliseconds(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, zone.map(Into::into))
}

const fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null
    )
}

fn are_text(types: &[DataType], most: usize) -> bool {
    types.len() <= most && types.iter().all(is_text)
}

fn with_texts(first: DataType, rest: &[DataType]) -> Vec<DataType> {
    let rest = rest.iter().map(|_| DataType::Utf8);
    [first].into_iter().chain(rest).collect()
}
