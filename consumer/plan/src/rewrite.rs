//! Flink's functions and literals → those that are planned: what is only another way of writing
//! something is written so.

use std::{collections::BTreeSet, ops::ControlFlow};

use datafusion_sql::sqlparser::ast::{
    CastKind, CeilFloorKind, DataType, DateTimeField, ExactNumberInfo, Expr, Fetch, Ident,
    LimitClause, NamedWindowDefinition, NamedWindowExpr, OrderByKind, Query, Select, SelectItem,
    TrimWhereField, Value, ValueWithSpan, VisitMut, VisitorMut, WindowType, visit_expressions_mut,
};

use super::{
    access,
    aliases::hide,
    calls::rewritten,
    context::type_name,
    functions::CAST_AS,
    interval::in_one_text,
    syntax::{DOUBLE, cast, named, text},
    using::written_out,
};

/// Rewrites all of `tree`. Gives where names of columns are used that are no longer known there.
pub(super) fn rewrite(tree: &mut impl VisitMut) -> Vec<Ident> {
    let mut rewrite = Rewrite { hidden: Vec::new() };
    // It breaks nowhere.
    let ControlFlow::Continue(()) = tree.visit(&mut rewrite);
    rewrite.hidden
}

struct Rewrite {
    hidden: Vec<Ident>,
}

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
        written_out(select);
        self.hidden.extend(hide(select));
        ControlFlow::Continue(())
    }

    /// Those of queries within are gone by then: what plans this one knows its own alone.
    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        spelled_out(select)
    }

    /// A number alone in ORDER BY is that of a column; FETCH is another word for LIMIT.
    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if let Some(fetch) = query.fetch.take() {
            limit(&mut query.limit_clause, fetch);
        }
        let order = query.order_by.as_mut().map(|order| &mut order.kind);
        if let Some(OrderByKind::Expressions(all)) = order {
            all.iter_mut().for_each(|one| as_written(&mut one.expr));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let new = match expr {
            Expr::Value(value) => number(value),
            Expr::Function(function) => rewritten(function),
            Expr::Cast {
                kind, data_type, ..
            } => {
                let is_plain = *kind == CastKind::Cast;
                let name = text(if is_plain { "CAST" } else { "TRY_CAST" });
                let of = text(&type_name(data_type));
                Some(named(CAST_AS, vec![expr.clone(), name, of]))
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                access::named(root, access_chain);
                None
            }
            Expr::Interval(interval) => in_one_text(interval).map(Expr::Interval),
            Expr::Floor { expr, field } => to_unit("floor_time", expr, field),
            Expr::Ceil { expr, field } => to_unit("ceil_time", expr, field),
            Expr::Substring {
                expr,
                substring_from: Some(from),
                substring_for,
                ..
            } => {
                let arguments = [expr, from].into_iter().chain(substring_for.as_mut());
                Some(named(
                    "substring",
                    arguments.map(|part| (**part).clone()).collect(),
                ))
            }
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters: None,
            } => Some(trimmed(*trim_where, trim_what.as_deref(), expr)),
            Expr::Like {
                pattern,
                escape_char,
                ..
            } => {
                escaped(pattern, escape_char);
                None
            }
            _ => None,
        };
        if let Some(new) = new {
            *expr = new;
        }
        ControlFlow::Continue(())
    }
}

/// Writes each window that WINDOW names where it is used.
fn spelled_out<B>(select: &mut Select) -> ControlFlow<B> {
    for NamedWindowDefinition(name, window) in &select.named_window {
        let NamedWindowExpr::WindowSpec(window) = window else {
            continue;
        };
        visit_expressions_mut(&mut select.projection, |expr| {
            if let Expr::Function(call) = expr
                && let Some(WindowType::NamedWindow(used)) = &call.over
                && used.value == name.value
            {
                call.over = Some(WindowType::WindowSpec(window.clone()));
            }
            ControlFlow::Continue(())
        })?;
    }
    ControlFlow::Continue(())
}

/// Writes `FETCH FIRST n ROWS ONLY` as `LIMIT n`; without a number it is one.
fn limit(clause: &mut Option<LimitClause>, fetch: Fetch) {
    let one = || Expr::Value(Value::Number("1".to_owned(), false).with_empty_span());
    let offset = match clause.take() {
        Some(LimitClause::LimitOffset { offset, .. }) => offset,
        _ => None,
    };
    *clause = Some(LimitClause::LimitOffset {
        limit: Some(fetch.quantity.unwrap_or_else(one)),
        offset,
        limit_by: Vec::new(),
    });
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

/// A whole number is an `INT` where it fits, or a `BIGINT`, or exact; one with an exponent is a
/// `DOUBLE`.
fn number(value: &ValueWithSpan) -> Option<Expr> {
    let Value::Number(digits, _) = &value.value else {
        return None;
    };
    let data_type = if digits.contains(['e', 'E']) {
        DOUBLE
    } else if digits.parse::<i32>().is_ok() {
        DataType::Int(None)
    } else if digits.contains('.') || digits.parse::<i64>().is_ok() {
        return None;
    } else {
        let precision = digits.trim_start_matches('0').len();
        DataType::Decimal(ExactNumberInfo::Precision(u64::try_from(precision).ok()?))
    };
    let text = Value::SingleQuotedString(digits.clone());
    Some(cast(Expr::Value(text.with_span(value.span)), data_type))
}

/// Undoes what was made of a whole number. No other cast is left in what is written.
fn as_written(expr: &mut Expr) {
    let Expr::Cast {
        expr: of,
        data_type: DataType::Int(None),
        ..
    } = expr
    else {
        return;
    };
    if let Expr::Value(value) = of.as_mut()
        && let Value::SingleQuotedString(digits) = &value.value
    {
        let number = Value::Number(digits.clone(), false);
        *expr = Expr::Value(number.with_span(value.span));
    }
}

/// `FLOOR(time TO unit)`, as a function of both.
fn to_unit(name: &str, time: &Expr, field: &CeilFloorKind) -> Option<Expr> {
    match field {
        CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) | CeilFloorKind::Scale(_) => None,
        CeilFloorKind::DateTimeField(unit) => {
            let unit = text(&unit.to_string().to_uppercase());
            Some(named(name, vec![unit, time.clone()]))
        }
    }
}

fn trimmed(from: Option<TrimWhereField>, what: Option<&Expr>, value: &Expr) -> Expr {
    let name = match from {
        None | Some(TrimWhereField::Both) => "btrim",
        Some(TrimWhereField::Leading) => "ltrim",
        Some(TrimWhereField::Trailing) => "rtrim",
    };
    let all = [value].into_iter().chain(what);
    named(name, all.cloned().collect())
}

/// A pattern escapes by what it says, and by nothing where it says nothing; what plans it escapes by
/// a backslash.
fn escaped(pattern: &mut Expr, escape: &mut Option<ValueWithSpan>) {
    let Expr::Value(value) = pattern else {
        return;
    };
    let Value::SingleQuotedString(written) = &value.value else {
        return;
    };
    let by = match escape.as_ref().map(|escape| &escape.value) {
        None => None,
        Some(Value::SingleQuotedString(by)) => by.chars().next(),
        Some(_) => return,
    };
    let mut text = String::new();
    let mut rest = written.chars();
    while let Some(character) = rest.next() {
        let next = if Some(character) == by {
            rest.next()
        } else {
            None
        };
        match next {
            Some(next) => text.extend(['\\', next]),
            None if character == '\\' => text.push_str("\\\\"),
            None => text.push(character),
        }
    }
    value.value = Value::SingleQuotedString(text);
    *escape = None;
}

#[cfg(test)]
mod tests {
    use datafusion_sql::sqlparser::{dialect::GenericDialect, parser::Parser};

    use super::rewrite;

    #[test]
    fn a_window_of_a_name_is_that_of_its_own_select() {
        let within = "SELECT COUNT(*) OVER w AS b FROM t WINDOW w AS (ORDER BY y)";
        let text = format!(
            "SELECT COUNT(*) OVER w AS a, (SELECT MAX(b) FROM ({within})) AS c FROM t \
             WINDOW w AS (ORDER BY x)"
        );
        let mut parsed = Parser::parse_sql(&GenericDialect {}, &text).unwrap();
        assert!(rewrite(&mut parsed).is_empty());
        let written = parsed[0].to_string();
        for own in ["OVER (ORDER BY x) AS a", "OVER (ORDER BY y) AS b"] {
            assert!(written.contains(own), "{written}");
        }
    }
}
