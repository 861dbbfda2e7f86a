//! `INTERVAL '10' MINUTES` → milliseconds, for the lengths of windows.

use datafusion_sql::sqlparser::{
    ast::{DateTimeField, Expr, Interval, Spanned, Value},
    tokenizer::Location,
};

use super::error::{Fault, begin};

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
    if interval.last_field.is_some() {
        return Err(Fault::unsupported(
            at,
            "an interval of several units",
            instead,
        ));
    }
    Ok(match &interval.leading_field {
        Some(DateTimeField::Week(None) | DateTimeField::Weeks) => 604_800_000,
        Some(DateTimeField::Day | DateTimeField::Days) => 86_400_000,
        Some(DateTimeField::Hour | DateTimeField::Hours) => 3_600_000,
        Some(DateTimeField::Minute | DateTimeField::Minutes) => 60_000,
        Some(DateTimeField::Second | DateTimeField::Seconds) => 1_000,
        Some(other) => {
            let what = format!("an interval in {other}");
            return Err(Fault::unsupported(at, &what, instead));
        }
        None => {
            return Err(Fault::unsupported(
                at,
                "an interval without a unit",
                instead,
            ));
        }
    })
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
