//! Refuses, with its place, what a query may hold in Flink's grammar but not here, before anything
//! is planned.

use std::ops::ControlFlow;

use datafusion_sql::sqlparser::{
    ast::{
        DataType, Distinct, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
        FunctionArgumentList, FunctionArguments, GroupByExpr, LimitClause, Query, Select,
        SelectItem, Spanned, TableFactor, UnaryOperator, Value, Visit, Visitor, WindowFrameBound,
        WindowSpec, WindowType,
    },
    tokenizer::{Location, Span},
};

use super::{
    chains::{CHAIN_MAX, chain, united},
    combined::{is_as_of_column, is_by_name, joins, set_operation},
    context::refuse_type,
    error::{Fault, begin, did_you_mean},
    expressions,
    functions::Functions,
    many_rows, patterns,
};

pub(super) const QUERY: &str = "there is SELECT … FROM … JOIN … WHERE … GROUP BY … HAVING … ORDER BY … LIMIT, UNION, INTERSECT and EXCEPT [ALL]";
const AGGREGATES: &str = "there is COUNT, SUM, AVG, MIN, MAX, FIRST_VALUE and LAST_VALUE";

/// Fails at the first thing in `tree` that is not supported.
pub(super) fn check(tree: &impl Visit, functions: &Functions) -> Result<(), Fault> {
    let mut check = Check {
        functions,
        in_from: Vec::new(),
    };
    match tree.visit(&mut check) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(fault) => Err(fault),
    }
}

struct Check<'a> {
    functions: &'a Functions,
    /// Where the window functions of FROM stand.
    in_from: Vec<Span>,
}

pub(super) type Checked = ControlFlow<Fault>;

pub(super) fn refuse(span: Span, what: &str, instead: &str) -> Checked {
    refuse_from(begin(span), what, instead)
}

/// What begins with a keyword is told at that keyword, of which the parser keeps no place.
pub(super) fn refuse_from(at: Location, what: &str, instead: &str) -> Checked {
    let fault = Fault::unsupported(at, what, instead);
    let first = what.split(' ').next().unwrap_or_default();
    let is_keyword = first.bytes().all(|byte| byte.is_ascii_uppercase());
    ControlFlow::Break(if is_keyword {
        fault.at_word(first)
    } else {
        fault
    })
}

/// Refuses what stands behind one of these, if it is there.
pub(super) fn refuse_first(parts: &[(bool, Location, &str)]) -> Checked {
    match parts.iter().find(|(is_there, ..)| *is_there) {
        None => ControlFlow::Continue(()),
        Some((_, at, what)) => refuse_from(*at, what, QUERY),
    }
}

impl Visitor for Check<'_> {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> Checked {
        if united(&query.body) > CHAIN_MAX {
            let what = format!("UNION of more than {CHAIN_MAX} queries");
            return refuse_from(begin(query.span()), &what, "write several INSERT INTO");
        }
        let is_recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let (limit, offset) = limits(query.limit_clause.as_ref());
        let fetch = query.fetch.as_ref();
        let is_other_fetch = fetch.is_some_and(|fetch| limit || fetch.percent || fetch.with_ties);
        let limit = limit || fetch.is_some();
        let is_sorted = query.order_by.is_some();
        let behind = query.body.span().end;
        refuse_first(&[
            (is_recursive, begin(query.span()), "WITH RECURSIVE"),
            (is_sorted && !limit, behind, "ORDER BY without LIMIT"),
            (offset && !limit, behind, "OFFSET"),
            (
                is_below_zero(query.limit_clause.as_ref()),
                behind,
                "LIMIT or OFFSET below zero",
            ),
            (
                is_other_fetch,
                behind,
                "FETCH with PERCENT, with WITH TIES, or beside LIMIT",
            ),
            (!query.locks.is_empty(), behind, "FOR UPDATE"),
        ])?;
        set_operation(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Checked {
        let at = begin(select.span());
        if let Some(span) = select.projection.iter().find_map(in_quotes) {
            return refuse(span, "a name in '…'", "names stand in `…`, or alone");
        }
        if let Some(span) = numbered(&select.group_by) {
            return refuse(span, "a number in GROUP BY", "write the expression again");
        }
        let grouping = grouping(&select.group_by).map(begin);
        select.from.iter().try_for_each(joins)?;
        let mut items = select.projection.iter();
        let all = items.find(|item| matches!(item, SelectItem::Wildcard(_)));
        if let Some(all) = all.filter(|_| select.from.iter().any(is_by_name)) {
            return refuse(all.span(), "* of JOIN … USING", "name its columns");
        }
        let is_on = matches!(select.distinct, Some(Distinct::On(_)));
        let is_all = matches!(select.group_by, GroupByExpr::All(_));
        refuse_first(&[
            (select.from.is_empty(), at, "SELECT without FROM"),
            (is_on, at, "DISTINCT ON"),
            (is_all, at, "GROUP BY ALL"),
            (grouping.is_some(), grouping.unwrap_or(at), "GROUPING SETS"),
            (select.qualify.is_some(), at, "QUALIFY"),
            (select.top.is_some(), at, "TOP"),
            (select.into.is_some(), at, "INTO in SELECT"),
            (!select.lateral_views.is_empty(), at, "LATERAL VIEW"),
            (!select.sort_by.is_empty(), at, "SORT BY"),
            (!select.cluster_by.is_empty(), at, "CLUSTER BY"),
            (!select.distribute_by.is_empty(), at, "DISTRIBUTE BY"),
        ])?;
        many_rows::in_clauses(select, self.functions)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Checked {
        let (what, instead) = match factor {
            TableFactor::Table {
                version: Some(version),
                ..
            } if !is_as_of_column(version) => (
                "FOR SYSTEM_TIME AS OF what is no column",
                "write the time of the rows before JOIN: FOR SYSTEM_TIME AS OF o.proc_time",
            ),
            TableFactor::Table {
                sample: Some(_), ..
            } => ("TABLESAMPLE", QUERY),
            TableFactor::Table { with_hints, .. } if !with_hints.is_empty() => {
                ("WITH behind a table", "write its options in CREATE TABLE")
            }
            TableFactor::Table { args: None, .. } => return ControlFlow::Continue(()),
            TableFactor::Table {
                name,
                args: Some(_),
                ..
            } => {
                self.in_from.push(name.span());
                return ControlFlow::Continue(());
            }
            TableFactor::TableFunction {
                expr: Expr::Function(function),
                ..
            } => {
                self.in_from.push(function.name.span());
                return ControlFlow::Continue(());
            }
            TableFactor::Derived { lateral: false, .. } => return ControlFlow::Continue(()),
            TableFactor::MatchRecognize { .. } => ("MATCH_RECOGNIZE", QUERY),
            TableFactor::UNNEST { .. } => ("UNNEST", QUERY),
            TableFactor::NestedJoin {
                table_with_joins, ..
            } => return joins(table_with_joins),
            _ => (
                "this in FROM",
                "there are tables, views, sub-queries and window functions",
            ),
        };
        refuse(factor.span(), what, instead)
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Checked {
        let (operators, first) = chain(expr);
        if operators > CHAIN_MAX {
            let what = format!("an expression of more than {CHAIN_MAX} operators");
            return refuse(first.span(), &what, "write IN (…), or several columns");
        }
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::Exists { .. } | Expr::InSubquery { .. } | Expr::Subquery(_) => {
                ControlFlow::Continue(())
            }
            Expr::Cast {
                expr: value,
                data_type,
                ..
            } if let Err(fault) = refuse_type(data_type) => {
                ControlFlow::Break(at_type(fault, value, data_type))
            }
            _ => match expressions::refused(expr) {
                Some((span, what, instead)) => refuse(span, what, instead),
                None => ControlFlow::Continue(()),
            },
        }
    }
}

impl Check<'_> {
    fn function(&self, function: &Function) -> Checked {
        let span = function.name.span();
        let name = function.name.to_string();
        if self.functions.is_window(&name) && !self.in_from.contains(&span) {
            let what = format!("{} outside of FROM", name.to_uppercase());
            return refuse(
                span,
                &what,
                "write FROM TUMBLE(TABLE t, DESCRIPTOR(time), size)",
            );
        }
        if let Some(WindowType::WindowSpec(over)) = &function.over {
            frame(over, span)?;
        }
        if self.functions.later(&name) {
            return refuse(span, &name.to_uppercase(), AGGREGATES);
        }
        if let Some((what, instead)) = expressions::refused_call(&name.to_uppercase()) {
            return refuse(span, what, instead);
        }
        if !self.functions.knows(&name) {
            let hint = did_you_mean(&name.to_uppercase(), self.functions.all_names());
            let message = format!("there is no function {}{hint}", name.to_uppercase());
            return ControlFlow::Break(Fault::new(begin(span), message));
        }
        if !function.within_group.is_empty() {
            return refuse(span, "WITHIN GROUP", AGGREGATES);
        }
        if function.null_treatment.is_some() {
            return refuse(
                span,
                "IGNORE or RESPECT NULLS",
                "FIRST_VALUE and LAST_VALUE pass NULL over",
            );
        }
        if let Err(fault) = patterns::refuse_none(function) {
            return ControlFlow::Break(fault);
        }
        many_rows::in_call(function, self.functions)?;
        match &function.args {
            FunctionArguments::List(list) => self.arguments(&name, span, list),
            FunctionArguments::None | FunctionArguments::Subquery(_) => ControlFlow::Continue(()),
        }
    }

    fn arguments(&self, name: &str, span: Span, list: &FunctionArgumentList) -> Checked {
        if let Some(unit) = expressions::refused_unit(name, list) {
            return refuse(unit.span, "this unit", expressions::UNITS_TOLD);
        }
        if !list.clauses.is_empty() {
            return refuse(
                span,
                "a clause among arguments",
                "write the arguments alone",
            );
        }
        let is_named = |argument: &FunctionArg| !matches!(argument, FunctionArg::Unnamed(_));
        let is_window = self.functions.is_table_function(name);
        if !is_window && list.args.iter().any(is_named) {
            return refuse(span, "an argument by name", "write the arguments in order");
        }
        let is_star = matches!(
            list.args.as_slice(),
            [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]
        );
        if is_star && !name.eq_ignore_ascii_case("count") {
            return refuse(
                span,
                &format!("{}(*)", name.to_uppercase()),
                "there is COUNT(*)",
            );
        }
        if is_star && list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
            return refuse(span, "COUNT(DISTINCT *)", "there is COUNT(DISTINCT column)");
        }
        if list.args.is_empty() && !self.functions.is_of_nothing(name) {
            let message = format!("{} needs an argument", name.to_uppercase());
            return ControlFlow::Break(Fault::new(begin(span), message));
        }
        ControlFlow::Continue(())
    }
}

/// A type keeps no place of its own; it stands behind what is cast.
fn at_type(fault: Fault, value: &Expr, data_type: &DataType) -> Fault {
    let name = data_type.to_string();
    let word = name
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next();
    let at = value.span().end;
    Fault { at, ..fault }.at_word(&word.unwrap_or_default().to_uppercase())
}

/// Only the rows from the first on.
fn frame(over: &WindowSpec, span: Span) -> Checked {
    let Some(frame) = &over.window_frame else {
        return ControlFlow::Continue(());
    };
    let is_to_current = matches!(frame.end_bound, None | Some(WindowFrameBound::CurrentRow));
    let is_from_first = matches!(frame.start_bound, WindowFrameBound::Preceding(None));
    if is_from_first && is_to_current {
        return ControlFlow::Continue(());
    }
    let instead = "there is ROWS or RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    refuse(span, "OVER of some of the rows before", instead)
}

/// Whether there is a LIMIT, and an OFFSET.
const fn limits(clause: Option<&LimitClause>) -> (bool, bool) {
    match clause {
        None => (false, false),
        Some(LimitClause::LimitOffset { limit, offset, .. }) => (limit.is_some(), offset.is_some()),
        Some(LimitClause::OffsetCommaLimit { .. }) => (true, true),
    }
}

/// Whether it is of less than no rows.
fn is_below_zero(clause: Option<&LimitClause>) -> bool {
    let Some(LimitClause::LimitOffset { limit, offset, .. }) = clause else {
        return false;
    };
    let is_negative = |value: &Expr| {
        matches!(
            value,
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                ..
            }
        )
    };
    let offset = offset.as_ref().map(|offset| &offset.value);
    limit.iter().chain(offset).any(is_negative)
}

fn grouping(group_by: &GroupByExpr) -> Option<Span> {
    match group_by {
        GroupByExpr::All(_) => Some(group_by.span()),
        GroupByExpr::Expressions(expressions, modifiers) => {
            let is_set = |expression: &&Expr| {
                matches!(
                    expression,
                    Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_)
                )
            };
            let set = expressions.iter().find(is_set).map(Spanned::span);
            set.or_else(|| (!modifiers.is_empty()).then(|| group_by.span()))
        }
    }
}

/// Where a column is whose name is written as a text.
fn in_quotes(item: &SelectItem) -> Option<Span> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } if alias.quote_style == Some('\'') => {
            Some(expr.span())
        }
        _ => None,
    }
}

/// A number is no column in Flink, but a constant.
fn numbered(group_by: &GroupByExpr) -> Option<Span> {
    let GroupByExpr::Expressions(expressions, _) = group_by else {
        return None;
    };
    expressions.iter().find_map(|expression| match expression {
        Expr::Value(value) if matches!(value.value, Value::Number(..)) => Some(value.span),
        _ => None,
    })
}
