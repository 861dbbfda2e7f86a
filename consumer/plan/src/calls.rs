//! Calls of Flink's functions → calls of those that are planned: what is only another way of writing
//! something is written so.

use datafusion_sql::sqlparser::{
    ast::{
        BinaryOperator, DataType, DateTimeField, Expr, ExtractSyntax, Function, FunctionArg,
        FunctionArgExpr, FunctionArguments, Ident,
    },
    tokenizer::Span,
};

use super::{
    dialect::call,
    syntax::{DOUBLE, binary, case, cast, named, not, text, try_cast, whole},
};

/// Another way to write the call, if there is one that is planned.
pub(super) fn rewritten(function: &mut Function) -> Option<Expr> {
    if function.over.is_some() || function.filter.is_some() {
        return None;
    }
    let name = function.name.to_string().to_uppercase();
    let span = function.name.0.first().map_or_else(Span::empty, |part| {
        part.as_ident().map_or_else(Span::empty, |ident| ident.span)
    });
    let FunctionArguments::List(list) = &mut function.args else {
        return None;
    };
    let arguments = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument.clone()),
        FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. } | FunctionArg::Unnamed(_) => None,
    });
    let arguments: Vec<_> = arguments.collect();
    if arguments.len() != list.args.len() {
        return None;
    }
    let with_span = |name: &str, arguments| Some(call(Ident::with_span(span, name), arguments));
    match name.as_str() {
        "CONCAT" if !arguments.is_empty() => concatenated(arguments),
        "GREATEST" | "LEAST" if arguments.len() > 1 => Some(null_if_any(&name, arguments)),
        "POWER" => {
            let double = |argument| cast(argument, DOUBLE);
            with_span("power", arguments.into_iter().map(double).collect())
        }
        "UNIX_TIMESTAMP" if arguments.is_empty() => with_span("unix_timestamp_now", arguments),
        "SHA224" | "SHA256" | "SHA384" | "SHA512" => {
            let hash = with_span(&name.to_lowercase(), arguments)?;
            Some(named("encode", vec![hash, text("hex")]))
        }
        // It gives a type of text that no step takes.
        "MD5" => Some(cast(with_span("md5", arguments)?, DataType::String(None))),
        "TIMESTAMPDIFF" | "TIMESTAMPADD" => {
            let mut arguments = arguments;
            let unit = arguments.first_mut()?;
            let word = unit.to_string().to_uppercase();
            *unit = text(word.strip_prefix("SQL_TSI_").unwrap_or(&word));
            let is_of_days = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"].contains(&word.as_str());
            let of_days = if is_of_days && name == "TIMESTAMPADD" {
                "_days"
            } else {
                ""
            };
            with_span(&format!("{}{of_days}", name.to_lowercase()), arguments)
        }
        "E" if arguments.is_empty() => Some(cast(text("2.718281828459045"), DOUBLE)),
        "CARDINALITY" => {
            let elements = with_span("cardinality", arguments)?;
            Some(cast(elements, DataType::Int(None)))
        }
        _ => of_few(&name, arguments),
    }
}

/// Those that take so many arguments and no others.
fn of_few(name: &str, arguments: Vec<Expr>) -> Option<Expr> {
    let mut arguments = arguments.into_iter();
    let first = arguments.next()?;
    let (second, third) = (arguments.next(), arguments.next());
    if arguments.next().is_some() {
        return None;
    }
    match (name, second, third) {
        ("IF", Some(then), Some(otherwise)) => Some(case(first, then, Some(otherwise))),
        ("IFNULL", Some(other), None) => Some(named("coalesce", vec![first, other])),
        ("MOD", Some(divisor), None) => Some(binary(first, BinaryOperator::Modulo, divisor)),
        ("LOCATE", Some(text), None) => Some(position(first, text)),
        ("INSTR", Some(part), None) => Some(position(part, first)),
        ("LOG", None, None) => Some(named("ln", vec![first])),
        ("TO_DATE", None, None) => Some(try_cast(first, DataType::Date)),
        ("TO_DATE", Some(pattern), None) => {
            let time = named("to_timestamp", vec![first, pattern]);
            Some(cast(time, DataType::Date))
        }
        ("TO_TIMESTAMP_LTZ", None, None) => Some(named("to_timestamp_ltz", vec![first, whole(3)])),
        ("LOCATE", Some(text), Some(from)) => Some(position_from(first, text, from)),
        ("LEFT" | "RIGHT", Some(length), None) => {
            let length = case(below_zero(&length), whole(0), Some(length));
            let part = named(&name.to_lowercase(), vec![first, length]);
            // It gives a type of text that no step takes.
            Some(cast(part, DataType::String(None)))
        }
        ("REPLACE", Some(part), Some(by)) => Some(replaced(first, part, by)),
        ("LPAD" | "RPAD", Some(length), Some(pad)) => Some(padded(name, first, length, pad)),
        ("CHR", None, None) => {
            let byte = binary(first.clone(), BinaryOperator::Modulo, whole(256));
            let character = named("chr", vec![byte]);
            Some(case(below_zero(&first), text(""), Some(character)))
        }
        ("SIGN", None, None) => Some(sign(first)),
        (_, None, None) => field(name).map(|field| Expr::Extract {
            field,
            syntax: ExtractSyntax::From,
            expr: Box::new(first),
        }),
        _ => None,
    }
}

/// The part of a time that a function of this name gives.
fn field(name: &str) -> Option<DateTimeField> {
    Some(match name {
        "YEAR" => DateTimeField::Year,
        "QUARTER" => DateTimeField::Quarter,
        "MONTH" => DateTimeField::Month,
        "WEEK" => DateTimeField::Week(None),
        "DAYOFYEAR" => DateTimeField::Doy,
        "DAYOFMONTH" => DateTimeField::Day,
        "DAYOFWEEK" => DateTimeField::Dow,
        "HOUR" => DateTimeField::Hour,
        "MINUTE" => DateTimeField::Minute,
        "SECOND" => DateTimeField::Second,
        _ => return None,
    })
}

/// Null where one of them is.
fn concatenated(arguments: Vec<Expr>) -> Option<Expr> {
    let is_one = arguments.len() == 1;
    let texts = arguments.into_iter().chain(is_one.then(|| text("")));
    texts.reduce(|left, right| binary(left, BinaryOperator::StringConcat, right))
}

fn null_if_any(name: &str, arguments: Vec<Expr>) -> Expr {
    let is_known = arguments
        .iter()
        .map(|argument| Expr::IsNotNull(Box::new(argument.clone())));
    let all = is_known.reduce(|left, right| binary(left, BinaryOperator::And, right));
    let result = named(&name.to_lowercase(), arguments);
    match all {
        Some(all) => case(all, result, None),
        None => result,
    }
}

fn below_zero(number: &Expr) -> Expr {
    binary(number.clone(), BinaryOperator::Lt, whole(0))
}

/// The sign as a number of the same type.
fn sign(number: Expr) -> Expr {
    let is_above = binary(number.clone(), BinaryOperator::Gt, whole(0));
    let below = case(below_zero(&number), whole(-1), Some(number));
    case(is_above, whole(1), Some(below))
}

/// Null where there is nothing to fill with, or the length is none.
fn padded(name: &str, value: Expr, length: Expr, pad: Expr) -> Expr {
    let has_pad = binary(pad.clone(), BinaryOperator::NotEq, text(""));
    let has_length = not(below_zero(&length));
    let is_fine = binary(has_length, BinaryOperator::And, has_pad);
    case(
        is_fine,
        named(&name.to_lowercase(), vec![value, length, pad]),
        None,
    )
}

/// The empty text is found before each character and at the end.
fn replaced(value: Expr, part: Expr, by: Expr) -> Expr {
    let all = vec![value, part.clone(), by];
    let is_empty = binary(part, BinaryOperator::Eq, text(""));
    let everywhere = named("regexp_replace", all.clone());
    case(is_empty, everywhere, Some(named("replace", all)))
}

/// Zero where it is not found from there on. What is empty is found at the begin, wherever it is looked for.
fn position_from(part: Expr, value: Expr, from: Expr) -> Expr {
    let is_before = binary(from.clone(), BinaryOperator::Lt, whole(1));
    let from = case(is_before, whole(1), Some(from));
    let behind = named("substring", vec![value, from.clone()]);
    let found = position(part.clone(), behind);
    let is_found = binary(found.clone(), BinaryOperator::Gt, whole(0));
    let is_more = binary(part, BinaryOperator::NotEq, text(""));
    let is_moved = binary(is_found, BinaryOperator::And, is_more);
    let before = binary(from, BinaryOperator::Minus, whole(1));
    let place = binary(found.clone(), BinaryOperator::Plus, before);
    case(is_moved, place, Some(found))
}

fn position(part: Expr, text: Expr) -> Expr {
    Expr::Position {
        expr: Box::new(part),
        r#in: Box::new(text),
    }
}
