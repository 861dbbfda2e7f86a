//! Flink's functions and literals → those that are planned: what is only another way of writing
//! something is written so.

use std::{collections::BTreeSet, ops::ControlFlow};

use datafusion_sql::sqlparser::{
    ast::{
        BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField,
        ExactNumberInfo, Expr, ExtractSyntax, Function, FunctionArg, FunctionArgExpr,
        FunctionArguments, Ident, Select, SelectItem, Value, ValueWithSpan, VisitMut, VisitorMut,
        helpers::attached_token::AttachedToken,
    },
    tokenizer::Span,
};

use super::dialect::call;

/// Rewrites all of `tree`.
pub(super) fn rewrite(tree: &mut impl VisitMut) {
    // It breaks nowhere.
    let ControlFlow::Continue(()) = tree.visit(&mut Rewrite);
}

struct Rewrite;

impl VisitorMut for Rewrite {
    type Break = std::convert::Infallible;

    /// Columns get the names that they have in Flink, each its own.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let mut names = BTreeSet::new();
        for (place, item) in select.projection.iter_mut().enumerate() {
            let (expr, name) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.clone())),
                _ => continue,
            };
            let name = name.or_else(|| named_by(expr));
            let name = name.unwrap_or_else(|| Ident::new(format!("EXPR${place}")));
            let alias = unique(name, &mut names);
            let expr = expr.clone();
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let new = match expr {
            Expr::Value(value) => number(value),
            Expr::Function(function) => of_function(function),
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(field),
            } if *field != DateTimeField::NoDateTime => {
                let unit = text(&field.to_string());
                Some(named("date_trunc", vec![unit, take(expr)]))
            }
            _ => None,
        };
        if let Some(new) = new {
            *expr = new;
        }
        ControlFlow::Continue(())
    }
}

/// The name that an expression gives to its column.
fn named_by(expr: &Expr) -> Option<Ident> {
    match expr {
        Expr::Identifier(name) => Some(name.clone()),
        Expr::CompoundIdentifier(names) => names.last().cloned(),
        _ => None,
    }
}

/// With a number behind it where there is one of this name already.
fn unique(mut name: Ident, names: &mut BTreeSet<String>) -> Ident {
    let given = name.value.clone();
    for number in 0_usize.. {
        if names.insert(name.value.clone()) {
            break;
        }
        name.value = format!("{given}{number}");
    }
    name
}

/// A whole number is an `INT` where it fits; one with an exponent is a `DOUBLE`.
fn number(value: &ValueWithSpan) -> Option<Expr> {
    let Value::Number(digits, _) = &value.value else {
        return None;
    };
    let data_type = if digits.contains(['e', 'E']) {
        DataType::Double(ExactNumberInfo::None)
    } else if digits.parse::<i32>().is_ok() {
        DataType::Int(None)
    } else {
        return None;
    };
    let text = Value::SingleQuotedString(digits.clone());
    Some(cast(Expr::Value(text.with_span(value.span)), data_type))
}

fn of_function(function: &mut Function) -> Option<Expr> {
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
            let double = |argument| cast(argument, DataType::Double(ExactNumberInfo::None));
            with_span("power", arguments.into_iter().map(double).collect())
        }
        "UNIX_TIMESTAMP" if arguments.is_empty() => with_span("unix_timestamp_now", arguments),
        "SHA224" | "SHA256" | "SHA384" | "SHA512" => {
            let hash = with_span(&name.to_lowercase(), arguments)?;
            Some(named("encode", vec![hash, text("hex")]))
        }
        "REGEXP_REPLACE" => {
            let all = arguments.into_iter().chain([text("g")]).collect();
            with_span("regexp_replace", all)
        }
        "TIMESTAMPDIFF" | "TIMESTAMPADD" => {
            let mut arguments = arguments;
            let unit = arguments.first_mut()?;
            *unit = text(&unit.to_string());
            with_span(&name.to_lowercase(), arguments)
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
        ("TO_DATE", None, None) => Some(cast(first, DataType::Date)),
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
    let strings = arguments
        .into_iter()
        .map(|argument| cast(argument, DataType::String(None)));
    strings.reduce(|left, right| binary(left, BinaryOperator::StringConcat, right))
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

fn position(part: Expr, text: Expr) -> Expr {
    Expr::Position {
        expr: Box::new(part),
        r#in: Box::new(text),
    }
}

fn case(condition: Expr, result: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: otherwise.map(Box::new),
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    Expr::Nested(Box::new(Expr::BinaryOp { left, op, right }))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

fn named(name: &str, arguments: Vec<Expr>) -> Expr {
    call(Ident::new(name), arguments)
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).with_empty_span())
}

fn take(expr: &mut Box<Expr>) -> Expr {
    (**expr).clone()
}
