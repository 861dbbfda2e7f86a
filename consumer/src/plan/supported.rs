//! Refuses, with its place, what a query may hold in Flink's grammar but not here, before anything
//! is planned.

use std::ops::ControlFlow;

use datafusion_sql::sqlparser::{
    ast::{
        Distinct, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr,
        LimitClause, Query, Select, SetExpr, SetOperator, SetQuantifier, Spanned, TableFactor,
        Value, Visit, Visitor, WindowFrameBound, WindowSpec, WindowType,
    },
    tokenizer::{Location, Span},
};

use super::{
    error::{Fault, NOWHERE, begin, did_you_mean},
    functions::Functions,
    interval,
};

const QUERY: &str = "there is SELECT … FROM … WHERE … GROUP BY … HAVING, and UNION [ALL]";
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
    /// Where the window functions of FROM stand, and the sub-queries among their arguments.
    in_from: Vec<Span>,
}

type Checked = ControlFlow<Fault>;

fn refuse(span: Span, what: &str, instead: &str) -> Checked {
    ControlFlow::Break(Fault::unsupported(begin(span), what, instead))
}

/// Refuses what stands behind one of these, if it is there.
fn refuse_first(parts: &[(bool, Span, &str)]) -> Checked {
    match parts.iter().find(|(is_there, ..)| *is_there) {
        None => ControlFlow::Continue(()),
        Some((_, span, what)) => refuse(*span, what, QUERY),
    }
}

impl Visitor for Check<'_> {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &Query) -> Checked {
        let span = query.span();
        let order = query.order_by.as_ref().map(Spanned::span);
        let limit = query.limit_clause.as_ref().map(of_limit);
        let is_recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        refuse_first(&[
            (is_recursive, span, "WITH RECURSIVE"),
            (order.is_some(), order.unwrap_or(span), "ORDER BY"),
            (limit.is_some(), limit.unwrap_or(span), "LIMIT"),
            (query.fetch.is_some(), span, "FETCH"),
            (!query.locks.is_empty(), span, "FOR UPDATE"),
            (!query.pipe_operators.is_empty(), span, "|>"),
        ])?;
        set_operation(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Checked {
        let span = select.span();
        let grouping = grouping(&select.group_by);
        if let Some(span) = numbered(&select.group_by) {
            return refuse(span, "a number in GROUP BY", "write the expression again");
        }
        let second = select.from.get(1).map(Spanned::span);
        let join = select.from.iter().flat_map(|from| &from.joins).next();
        let join = join.map(|join| join.relation.span());
        let is_on = matches!(select.distinct, Some(Distinct::On(_)));
        let qualify = select.qualify.as_ref().map(Spanned::span);
        refuse_first(&[
            (select.from.is_empty(), span, "SELECT without FROM"),
            (join.is_some(), join.unwrap_or(span), "a join"),
            (second.is_some(), second.unwrap_or(span), "a join"),
            (is_on, span, "DISTINCT ON"),
            (
                grouping.is_some(),
                grouping.unwrap_or(span),
                "GROUPING SETS",
            ),
            (qualify.is_some(), qualify.unwrap_or(span), "QUALIFY"),
            (select.top.is_some(), span, "TOP"),
            (select.into.is_some(), span, "SELECT INTO"),
            (!select.lateral_views.is_empty(), span, "LATERAL VIEW"),
            (!select.sort_by.is_empty(), span, "SORT BY"),
            (!select.cluster_by.is_empty(), span, "CLUSTER BY"),
            (!select.distribute_by.is_empty(), span, "DISTRIBUTE BY"),
        ])
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Checked {
        let (what, instead) = match factor {
            TableFactor::Table {
                version: Some(_), ..
            } => ("FOR SYSTEM_TIME AS OF", QUERY),
            TableFactor::Table {
                sample: Some(_), ..
            } => ("TABLESAMPLE", QUERY),
            TableFactor::Table { args: None, .. } => return ControlFlow::Continue(()),
            TableFactor::Table {
                name,
                args: Some(arguments),
                ..
            } => {
                self.window(name.span(), &arguments.args);
                return ControlFlow::Continue(());
            }
            TableFactor::TableFunction {
                expr: Expr::Function(function),
                ..
            } => {
                if let FunctionArguments::List(list) = &function.args {
                    self.window(function.name.span(), &list.args);
                }
                return ControlFlow::Continue(());
            }
            TableFactor::Derived { lateral: false, .. } => return ControlFlow::Continue(()),
            TableFactor::MatchRecognize { .. } => ("MATCH_RECOGNIZE", QUERY),
            TableFactor::UNNEST { .. } => ("UNNEST", QUERY),
            TableFactor::NestedJoin { .. } => ("a join", QUERY),
            _ => (
                "this in FROM",
                "there are tables, views, sub-queries and window functions",
            ),
        };
        refuse(factor.span(), what, instead)
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Checked {
        let (what, instead) = match expr {
            Expr::Function(function) => return self.function(function),
            Expr::Subquery(_) if self.in_from.contains(&expr.span()) => {
                return ControlFlow::Continue(());
            }
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => (
                "a sub-query in an expression",
                "there are sub-queries in FROM",
            ),
            Expr::SimilarTo { .. } => ("SIMILAR TO", "there is LIKE and REGEXP(text, pattern)"),
            Expr::ILike { .. } => ("ILIKE", "there is LIKE, with LOWER"),
            Expr::RLike { .. } => ("RLIKE", "there is REGEXP(text, pattern)"),
            Expr::AtTimeZone { .. } => (
                "AT TIME ZONE",
                "there is CAST, and SET 'table.local-time-zone'",
            ),
            Expr::Interval(interval) if !interval::has_known_unit(interval) => (
                "this interval",
                "there is INTERVAL '1' YEAR, MONTH, WEEK, DAY, HOUR, MINUTE or SECOND",
            ),
            _ => return ControlFlow::Continue(()),
        };
        refuse(expr.span(), what, instead)
    }
}

impl Check<'_> {
    /// Notes a call of a window function in FROM.
    fn window(&mut self, name: Span, arguments: &[FunctionArg]) {
        let queries = arguments.iter().filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(query))
            | FunctionArg::Named {
                arg: FunctionArgExpr::Expr(query),
                ..
            } => matches!(query, Expr::Subquery(_)).then(|| query.span()),
            _ => None,
        });
        self.in_from.extend([name].into_iter().chain(queries));
    }

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
        let FunctionArguments::List(list) = &function.args else {
            return ControlFlow::Continue(());
        };
        if !list.clauses.is_empty() {
            return refuse(
                span,
                "a clause among arguments",
                "write the arguments alone",
            );
        }
        let is_named = |argument: &FunctionArg| !matches!(argument, FunctionArg::Unnamed(_));
        let is_window = self.functions.is_table_function(&name);
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
        ControlFlow::Continue(())
    }
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

fn of_limit(limit: &LimitClause) -> Span {
    match limit {
        LimitClause::LimitOffset { limit, offset, .. } => {
            let limit = limit.as_ref().map(Spanned::span);
            let offset = offset.as_ref().map(|offset| offset.value.span());
            limit.or(offset).unwrap_or_else(Span::empty)
        }
        LimitClause::OffsetCommaLimit { offset, .. } => offset.span(),
    }
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

fn set_operation(body: &SetExpr) -> Checked {
    let span = body.span();
    match body {
        SetExpr::SetOperation {
            op,
            set_quantifier,
            left,
            right,
        } => {
            let by_name = !matches!(
                set_quantifier,
                SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
            );
            refuse_first(&[
                (*op == SetOperator::Intersect, right.span(), "INTERSECT"),
                (*op != SetOperator::Union, right.span(), "EXCEPT"),
                (by_name, right.span(), "UNION BY NAME"),
            ])?;
            set_operation(left)?;
            set_operation(right)
        }
        SetExpr::Select(_) | SetExpr::Query(_) => ControlFlow::Continue(()),
        SetExpr::Values(_) => refuse(span, "VALUES", QUERY),
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            refuse(span, "a statement in a query", QUERY)
        }
        SetExpr::Table(_) => refuse(span, "TABLE as a query", QUERY),
    }
}

/// A fault about a function, at the first call of it.
pub(super) fn placed(fault: Fault, tree: &impl Visit) -> Fault {
    let mut calls = Calls {
        message: fault.message.to_lowercase(),
    };
    match tree.visit(&mut calls) {
        ControlFlow::Continue(()) => fault,
        ControlFlow::Break(at) => fault.or_at(at),
    }
}

/// Looks for a call of a function that a message names.
struct Calls {
    message: String,
}

impl Visitor for Calls {
    type Break = Location;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Location> {
        let Expr::Function(function) = expr else {
            return ControlFlow::Continue(());
        };
        let name = function.name.to_string().to_lowercase();
        let mut words = self
            .message
            .split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| word == name) {
            return ControlFlow::Break(begin(function.name.span()));
        }
        ControlFlow::Continue(())
    }
}

/// The first place that is known among those of an expression.
pub(super) fn place(expression: &impl Spanned) -> Location {
    let span = expression.span();
    if span == Span::empty() {
        NOWHERE
    } else {
        begin(span)
    }
}
