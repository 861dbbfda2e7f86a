//! An expression as who wrote it would know it: operators, casts and functions by the names that they
//! have in Flink, whatever they are computed by here.

use std::{fmt, sync::Arc};

use arrow::datatypes::{DataType, Schema};
use datafusion_expr::Operator;
use datafusion_physical_expr::{
    ScalarFunctionExpr,
    expressions::{BinaryExpr, CastExpr, Column, Literal, TryCastExpr},
};

use super::{Expression, error::in_names_of_flink, types};

/// Functions of other names in Flink, where the arguments stand as they do there.
const OF_FLINK: [(&str, &str); 10] = [
    ("character_length", "CHAR_LENGTH"),
    ("ends_with", "ENDSWITH"),
    ("round_digits", "ROUND"),
    ("starts_with", "STARTSWITH"),
    ("substr", "SUBSTRING"),
    ("timestampadd_days", "TIMESTAMPADD"),
    ("trunc", "TRUNCATE"),
    ("truncate_digits", "TRUNCATE"),
    ("btrim", "TRIM"),
    ("unix_timestamp_now", "UNIX_TIMESTAMP"),
];

/// What a function is called in Flink.
pub(super) fn name_of_flink(name: &str) -> String {
    let known = OF_FLINK.iter().find(|(own, _)| *own == name);
    known.map_or_else(|| name.to_uppercase(), |(_, flink)| (*flink).to_owned())
}

/// An expression over columns of a schema in SQL, as far as there is one.
#[must_use]
pub fn sql(expression: &Expression, schema: &Schema) -> String {
    text(&told(expression, schema))
}

fn text(expression: &Expression) -> String {
    in_names_of_flink(&fmt::from_fn(|f| expression.fmt_sql(f)).to_string())
}

/// The same, of parts that are told so. It is there to be written, and not to be computed.
fn told(one: &Expression, schema: &Schema) -> Expression {
    let parts: Vec<_> = one
        .children()
        .into_iter()
        .map(|part| told(part, schema))
        .collect();
    let first = || parts.first().map(text).unwrap_or_default();
    if let Some(literal) = one.downcast_ref::<Literal>() {
        return match literal.value().try_as_str().flatten() {
            Some(value) => word(&format!("'{}'", value.replace('\'', "''"))),
            None => one.clone(),
        };
    }
    if let Some(call) = one.downcast_ref::<ScalarFunctionExpr>() {
        return called(call, &parts, schema);
    }
    if let Some(cast) = one.downcast_ref::<CastExpr>() {
        let to = types::name(cast.cast_type());
        let from = cast.expr().data_type(schema);
        // Of a text that is held in another way.
        let is_same = from.is_ok_and(|from| types::name(&from) == to);
        return match parts.into_iter().next() {
            Some(part) if is_same => part,
            part => word(&format!(
                "CAST({} AS {to})",
                part.as_ref().map(text).unwrap_or_default()
            )),
        };
    }
    if let Some(cast) = one.downcast_ref::<TryCastExpr>() {
        return word(&format!(
            "TRY_CAST({} AS {})",
            first(),
            types::name(cast.cast_type())
        ));
    }
    if parts.is_empty() {
        return one.clone();
    }
    let same = one.clone().with_new_children(parts);
    same.unwrap_or_else(|_| one.clone())
}

/// What is written as it is.
fn word(text: &str) -> Expression {
    Arc::new(Column::new(text, 0))
}

fn called(call: &ScalarFunctionExpr, parts: &[Expression], schema: &Schema) -> Expression {
    if let Some(operator) = operator(call.name())
        && let [left, right] = call.args()
    {
        let [left, right] = [left, right].map(|side| told(as_written(side, schema), schema));
        return Arc::new(BinaryExpr::new(left, operator, right));
    }
    let texts: Vec<_> = parts.iter().map(text).collect();
    let all = texts.join(", ");
    let to = types::name(call.return_type());
    word(&match (call.name(), texts.as_slice()) {
        (
            "narrow" | "whole_number" | "number_text" | "bytes_text" | "read_text" | "exact_number",
            _,
        ) => {
            format!("CAST({all} AS {to})")
        }
        ("timestamp_text" | "instant_of" | "to_local_time", _) => format!("CAST({all} AS {to})"),
        ("try_whole_number" | "try_read_text", _) => format!("TRY_CAST({all} AS {to})"),
        ("make_array", _) => format!("ARRAY[{all}]"),
        ("array_element", [array, number]) => match array.strip_suffix(']') {
            // The one value of a MAP.
            Some(value) if number == "1" && is_value(call) => format!("{value}]"),
            _ => format!("{array}[{number}]"),
        },
        ("map_extract", [map, key]) => format!("{map}[{key}]"),
        ("get_field", [_, names @ ..]) => field(call, names, schema),
        ("date_part", [part, time]) => format!("EXTRACT({} FROM {time})", part.replace('\'', "")),
        ("floor_time", [unit, time]) => format!("FLOOR({time} TO {})", unit.replace('\'', "")),
        ("ceil_time", [unit, time]) => format!("CEIL({time} TO {})", unit.replace('\'', "")),
        ("strpos", [value, part]) => format!("POSITION({part} IN {value})"),
        ("encode", [hash, _]) => hash.clone(),
        (name, _) => format!("{}({all})", name_of_flink(name)),
    })
}

/// The operator that a function of two numbers computes.
fn operator(name: &str) -> Option<Operator> {
    Some(match name {
        "exact +" => Operator::Plus,
        "exact -" => Operator::Minus,
        "exact *" => Operator::Multiply,
        "exact %" => Operator::Modulo,
        "divide" | "exact /" => Operator::Divide,
        _ => return None,
    })
}

/// Without the cast of a whole number to an exact one, which nobody writes.
fn as_written<'a>(side: &'a Expression, schema: &Schema) -> &'a Expression {
    let Some(cast) = side.downcast_ref::<TryCastExpr>() else {
        return side;
    };
    let of = cast.expr().data_type(schema);
    if of.is_ok_and(|of| of.is_integer()) && cast.cast_type().is_decimal() {
        return cast.expr();
    }
    side
}

/// Whether it is the element of what `map_extract` gives.
fn is_value(element: &ScalarFunctionExpr) -> bool {
    let array = element.args().first();
    let call = array.and_then(|array| array.downcast_ref::<ScalarFunctionExpr>());
    call.is_some_and(|call| call.name() == "map_extract")
}

/// Fields of a ROW and values of a MAP, one within another.
fn field(call: &ScalarFunctionExpr, names: &[String], schema: &Schema) -> String {
    let whole = call.args().first();
    let mut of = whole.and_then(|whole| whole.data_type(schema).ok());
    let mut told = whole.map(|whole| sql(whole, schema)).unwrap_or_default();
    for name in names {
        let plain = name.trim_matches('\'');
        of = match of {
            Some(DataType::Struct(fields)) => {
                told = format!("{told}.{plain}");
                let field = fields.iter().find(|field| field.name() == plain);
                field.map(|field| field.data_type().clone())
            }
            Some(DataType::Map(entries, _)) => {
                told = format!("{told}[{name}]");
                match entries.data_type() {
                    DataType::Struct(fields) => fields.last().map(|of| of.data_type().clone()),
                    _ => None,
                }
            }
            _ => {
                told = format!("{told}[{name}]");
                None
            }
        };
    }
    told
}
