//! Expressions that the parser knows, of Flink's grammar or of another, and that are not here.

use datafusion_sql::sqlparser::{
    ast::{
        BinaryOperator, CeilFloorKind, DataType, DateTimeField, Expr, FunctionArg, FunctionArgExpr,
        FunctionArgumentList, Ident, Interval, Spanned, TimezoneInfo, UnaryOperator, Value,
        ValueWithSpan,
    },
    tokenizer::Span,
};

use super::interval;

/// Where it is, what is not supported, and what is.
pub(super) type Refused = (Span, &'static str, &'static str);

const INTERVALS: &str = "there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND";

/// Whether an expression is none of ours, whatever it is made of.
pub(super) fn refused(expr: &Expr) -> Option<Refused> {
    if let Expr::Like {
        escape_char: Some(escape),
        ..
    } = expr
        && !is_one_character(escape)
    {
        return Some((escape.span, "this ESCAPE", "it is one character"));
    }
    let (what, instead) = match expr {
        Expr::BinaryOp { left, op, right } => {
            operator(op).or_else(|| times_interval(left, op, right))
        }
        Expr::Interval(interval) => refused_interval(interval),
        _ => refused_value(expr).or_else(|| refused_condition(expr)),
    }?;
    Some((expr.span(), what, instead))
}

/// What is not supported, and what is.
type Instead = (&'static str, &'static str);

fn refused_condition(expr: &Expr) -> Option<Instead> {
    Some(match expr {
        Expr::SimilarTo { .. } => ("SIMILAR TO", "there is LIKE and REGEXP(text, pattern)"),
        Expr::ILike { .. } => ("ILIKE", "there is LIKE, with LOWER"),
        Expr::RLike { regexp: false, .. } => ("RLIKE", "there is REGEXP(text, pattern)"),
        Expr::RLike { .. } => ("REGEXP as an operator", "there is REGEXP(text, pattern)"),
        Expr::Like { any: true, .. } => ("LIKE ANY", "write LIKE of each pattern, with OR"),
        Expr::AnyOp {
            compare_op, right, ..
        }
        | Expr::AllOp {
            compare_op, right, ..
        } if is_query(right) => return Some(of_query(expr, compare_op)),
        Expr::AnyOp { is_some: true, .. } => ("SOME (…)", "there is IN (value, …)"),
        Expr::AnyOp { .. } => ("ANY (…)", "there is IN (value, …)"),
        Expr::AllOp { .. } => ("ALL (…)", "compare with each value, with AND"),
        Expr::InUnnest { .. } => ("UNNEST", "there is IN (value, …)"),
        Expr::MemberOf(_) => ("MEMBER OF", "there is IN (value, …)"),
        Expr::IsNormalized { .. } => ("IS NORMALIZED", "there is IS [NOT] NULL, TRUE and FALSE"),
        _ => return None,
    })
}

fn is_query(value: &Expr) -> bool {
    match value {
        Expr::Subquery(_) => true,
        Expr::Nested(inner) => is_query(inner),
        _ => false,
    }
}

/// A comparison with some or all of what a sub-query gives.
fn of_query(expr: &Expr, operator: &BinaryOperator) -> Instead {
    let what = match expr {
        Expr::AllOp { .. } => "ALL (SELECT …)",
        Expr::AnyOp { is_some: true, .. } => "SOME (SELECT …)",
        _ => "ANY (SELECT …)",
    };
    let is_all = matches!(expr, Expr::AllOp { .. });
    let instead = match operator {
        BinaryOperator::Eq if !is_all => "IN (SELECT …) does the same as = ANY",
        BinaryOperator::NotEq if is_all => "NOT IN (SELECT …) does the same as <> ALL",
        _ => "compare with (SELECT MIN(x) …) or (SELECT MAX(x) …)",
    };
    (what, instead)
}

fn refused_value(expr: &Expr) -> Option<Instead> {
    Some(match expr {
        Expr::AtTimeZone { .. } => (
            "AT TIME ZONE",
            "there is CAST, and SET 'table.local-time-zone'",
        ),
        Expr::Collate { .. } => ("COLLATE", "texts are compared by their bytes"),
        Expr::Cast {
            format: Some(_), ..
        } => ("FORMAT in CAST", "there is DATE_FORMAT and TO_TIMESTAMP"),
        Expr::TypedString(typed) if !is_literal(&typed.data_type) => (
            "a literal of this type",
            "there is DATE '…', TIME '…' and TIMESTAMP '…'; write CAST",
        ),
        Expr::Ceil {
            field: CeilFloorKind::Scale(_),
            ..
        }
        | Expr::Floor {
            field: CeilFloorKind::Scale(_),
            ..
        } => ("a number of digits here", "there is ROUND and TRUNCATE"),
        Expr::Substring {
            substring_from: None,
            ..
        } => ("this SUBSTRING", "write SUBSTRING(text FROM 1 FOR length)"),
        Expr::Extract { field, .. } if !is_part(field) => ("this unit", PARTS_TOLD),
        Expr::Ceil {
            field: CeilFloorKind::DateTimeField(field),
            ..
        }
        | Expr::Floor {
            field: CeilFloorKind::DateTimeField(field),
            ..
        } if !is_whole(field) => ("this unit", UNITS_TOLD),
        Expr::Array(array) if !array.named => ("[…] alone", "write ARRAY[…]"),
        Expr::Tuple(values) if values.is_empty() => ("GROUP BY ()", "leave GROUP BY out"),
        Expr::Tuple(_) => ("(…, …) as a value", ROW),
        _ => return None,
    })
}

fn refused_interval(interval: &Interval) -> Option<Instead> {
    let has_precision =
        interval.leading_precision.is_some() || interval.fractional_seconds_precision.is_some();
    if !is_text(&interval.value) {
        Some(("an interval without quotes", INTERVALS))
    } else if !interval::has_known_unit(interval) || has_letters(&interval.value) {
        Some(("this interval", INTERVALS))
    } else if !interval::fits(interval) {
        Some(("an interval of this length", INTERVALS))
    } else if has_precision {
        Some(("the precision of an interval", INTERVALS))
    } else if interval.last_field.is_some() && interval::in_one_text(interval).is_none() {
        let instead = "there is INTERVAL '1 02:03' DAY TO MINUTE, a number for each unit";
        Some(("this interval", instead))
    } else {
        None
    }
}

const ROW: &str = "write the values without brackets, and give each a column of its own";

/// What a call is of a function that is none of ours, and what to write instead.
pub(super) fn refused_call(name: &str) -> Option<Instead> {
    if is_of_group_window(name) {
        return Some((
            "a window in GROUP BY",
            "write FROM TUMBLE(TABLE t, DESCRIPTOR(time), size), and window_start",
        ));
    }
    Some(match name {
        "ROW" => ("ROW(…)", ROW),
        "ARRAY" => ("ARRAY(…)", "write ARRAY[…]"),
        "CURRENT_TIME" => ("CURRENT_TIME", TIME),
        "LOCALTIME" => ("LOCALTIME", TIME),
        _ => return None,
    })
}

/// Whether it tells of windows that are written in GROUP BY, as `TUMBLE_START` does.
fn is_of_group_window(name: &str) -> bool {
    let parts = name.split_once('_');
    parts.is_some_and(|(window, part)| {
        ["TUMBLE", "HOP", "SESSION"].contains(&window)
            && ["START", "END", "ROWTIME", "PROCTIME"].contains(&part)
    })
}

const TIME: &str = "write CAST(LOCALTIMESTAMP AS TIME)";

/// The first argument of `TIMESTAMPADD` or `TIMESTAMPDIFF`, where it is none of their units.
pub(super) fn refused_unit<'a>(name: &str, list: &'a FunctionArgumentList) -> Option<&'a Ident> {
    let is_theirs = ["TIMESTAMPADD", "TIMESTAMPDIFF"]
        .iter()
        .any(|of| name.eq_ignore_ascii_case(of));
    match list.args.first()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(unit))) if is_theirs => {
            let name = unit.value.to_uppercase();
            let name = name.strip_prefix("SQL_TSI_").unwrap_or(&name);
            (!UNITS.contains(&name)).then_some(unit)
        }
        _ => None,
    }
}

/// What a time is cut to.
fn is_whole(field: &DateTimeField) -> bool {
    let name = field.to_string().to_uppercase();
    *field == DateTimeField::NoDateTime || UNITS.contains(&name.as_str())
}

pub(super) const UNITS_TOLD: &str =
    "there is SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER and YEAR";

/// What EXTRACT gives beside units.
fn is_part(field: &DateTimeField) -> bool {
    let name = field.to_string().to_uppercase();
    UNITS.contains(&name.as_str()) || PARTS.contains(&name.as_str())
}

const PARTS: [&str; 10] = [
    "MICROSECOND",
    "NANOSECOND",
    "DOW",
    "DOY",
    "ISODOW",
    "ISOYEAR",
    "EPOCH",
    "DECADE",
    "CENTURY",
    "MILLENNIUM",
];

const PARTS_TOLD: &str = "there is MILLISECOND to YEAR, DOW, DOY, ISODOW, ISOYEAR, EPOCH, DECADE, CENTURY and MILLENNIUM";

const UNITS: [&str; 9] = [
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
];

const fn operator(op: &BinaryOperator) -> Option<Instead> {
    Some(match op {
        BinaryOperator::Xor => ("XOR", "compare the conditions by <>"),
        BinaryOperator::MyIntegerDivide => ("DIV", "write /, which of whole numbers gives one"),
        BinaryOperator::Overlaps => ("OVERLAPS", "compare the times by < and >"),
        _ => return None,
    })
}

/// A number of intervals, or a part of one.
fn times_interval(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Instead> {
    let is_times = matches!(op, BinaryOperator::Multiply | BinaryOperator::Divide);
    let is_interval = [left, right].into_iter().any(|side| {
        let mut side = side;
        while let Expr::Nested(inner) = side {
            side = inner;
        }
        matches!(side, Expr::Interval(_))
    });
    let instead = "there is TIMESTAMPADD(MINUTE, 10 * n, time)";
    (is_times && is_interval).then_some(("an interval times a number", instead))
}

fn is_one_character(escape: &ValueWithSpan) -> bool {
    matches!(&escape.value, Value::SingleQuotedString(text) if text.chars().count() == 1)
}

/// A sign may stand before it.
fn is_text(value: &Expr) -> bool {
    match value {
        Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_)),
        Expr::UnaryOp {
            op: UnaryOperator::Minus | UnaryOperator::Plus,
            expr,
        } => is_text(expr),
        _ => false,
    }
}

/// A unit stands behind the quotes.
fn has_letters(value: &Expr) -> bool {
    let Expr::Value(value) = value else {
        return false;
    };
    matches!(&value.value, Value::SingleQuotedString(text) if text.contains(char::is_alphabetic))
}

/// Whether a text behind the type is a value of it.
const fn is_literal(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date
            | DataType::Time(_, TimezoneInfo::None)
            | DataType::Timestamp(_, TimezoneInfo::None)
    )
}
