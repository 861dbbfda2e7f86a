//! Intervals: their units, and `INTERVAL '10' MINUTES` → milliseconds, for the lengths of windows.

use arrow::compute::kernels::cast_utils::parse_interval_month_day_nano;
use datafusion_sql::sqlparser::{
    ast::{DateTimeField, Expr, Interval, Spanned, Value},
    tokenizer::Location,
};

use super::error::{Fault, begin};

/// How long a window, or a gap between sessions, may be, in milliseconds: some thirty thousand years.
/// With it and with any time all sums fit.
pub const WINDOW_MAX_MS: u64 = 1_000_000_000_000_000;

/// How long an interval is, in milliseconds.
pub(super) fn milliseconds(expression: &Expr) -> Result<i64, Fault> {
    let at = begin(expression.span());
    let wrong = |at| Fault::new(at, "expected an interval such as INTERVAL '10' SECOND");
    let Expr::Interval(interval) = expression else {
        return Err(wrong(at));
    };
    let Expr::Value(value) = interval.value.as_ref() else {
        return Err(wrong(at));
    };
    let at = begin(value.span);
    let Value::SingleQuotedString(text) = &value.value else {
        return Err(wrong(at));
    };
    let unit = unit(interval, at)?;
    scaled(text.trim(), unit).ok_or_else(|| wrong(at))
}

/// How many milliseconds one of the interval's unit is.
fn unit(interval: &Interval, at: Location) -> Result<i64, Fault> {
    let instead = "write one number and one unit, from SECOND to WEEK";
    let Some(field) = &interval.leading_field else {
        let what = "an interval of several units, or of none";
        return Err(Fault::unsupported(at, what, instead));
    };
    of_fixed(field)
        .ok_or_else(|| Fault::unsupported(at, &format!("an interval in {field}"), instead))
}

/// How many milliseconds a unit is that always has as many.
const fn of_fixed(field: &DateTimeField) -> Option<i64> {
    Some(match field {
        DateTimeField::Week(None) | DateTimeField::Weeks => 604_800_000,
        DateTimeField::Day | DateTimeField::Days => 86_400_000,
        DateTimeField::Hour | DateTimeField::Hours => 3_600_000,
        DateTimeField::Minute | DateTimeField::Minutes => 60_000,
        DateTimeField::Second | DateTimeField::Seconds => 1_000,
        _ => return None,
    })
}

/// Whether its unit is one of Flink's: what plans queries takes any other for seconds.
pub(super) fn has_known_unit(interval: &Interval) -> bool {
    use DateTimeField::{Month, Months, Year, Years};
    let field = interval.leading_field.as_ref();
    field.is_some_and(|field| {
        matches!(field, Year | Years | Month | Months) || of_fixed(field).is_some()
    })
}

/// Whether it is a number of months, or of days and nanoseconds, that an interval can hold.
pub(super) fn fits(interval: &Interval) -> bool {
    let several = in_one_text(interval);
    let interval = several.as_ref().unwrap_or(interval);
    let Expr::Value(value) = interval.value.as_ref() else {
        return true;
    };
    let Value::SingleQuotedString(text) = &value.value else {
        return true;
    };
    let unit = interval.leading_field.as_ref();
    let unit = unit.map_or_else(String::new, ToString::to_string);
    parse_interval_month_day_nano(format!("{text} {unit}").trim()).is_ok()
}

/// A number with up to three digits behind the point, times `unit`.
fn scaled(text: &str, unit: i64) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    let part = part.checked_mul(unit)?.checked_div(1000)?;
    whole
        .checked_mul(unit)?
        .checked_add(part)?
        .checked_mul(sign)
}

const OF_YEAR: [DateTimeField; 2] = [DateTimeField::Year, DateTimeField::Month];
const OF_DAY: [DateTimeField; 4] = [
    DateTimeField::Day,
    DateTimeField::Hour,
    DateTimeField::Minute,
    DateTimeField::Second,
];

/// `'1 02:03' DAY TO MINUTE` → `'1 DAY 2 HOUR 3 MINUTE'`; none where it is not so.
pub(super) fn in_one_text(interval: &Interval) -> Option<Interval> {
    let (first, last) = (
        interval.leading_field.as_ref()?,
        interval.last_field.as_ref()?,
    );
    let Expr::Value(value) = interval.value.as_ref() else {
        return None;
    };
    let Value::SingleQuotedString(written) = &value.value else {
        return None;
    };
    let units = units(&OF_YEAR, first, last).or_else(|| units(&OF_DAY, first, last))?;
    let (sign, text) = match written.trim().strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", written.trim()),
    };
    let numbers: Vec<_> = text.split([' ', ':', '-']).collect();
    if numbers.len() != units.len() {
        return None;
    }
    let parts = numbers.iter().zip(units);
    let parts: Vec<_> = parts
        .map(|(number, unit)| format!("{sign}{number} {unit}"))
        .collect();
    let text = Value::SingleQuotedString(parts.join(" "));
    Some(Interval {
        value: Box::new(Expr::Value(text.with_span(value.span))),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })
}

fn units<'a>(
    all: &'a [DateTimeField],
    first: &DateTimeField,
    last: &DateTimeField,
) -> Option<&'a [DateTimeField]> {
    let place = |unit| all.iter().position(|known| known == unit);
    all.get(place(first)?..=place(last)?)
}
