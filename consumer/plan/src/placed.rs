//! Where an error is that is told without its place by what plans a query: at the part of the query
//! that its words are about.

use std::ops::ControlFlow;

use datafusion_sql::sqlparser::{
    ast::{
        BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
        Select, SelectItem, SelectItemQualifiedWildcardKind, Spanned, Value, Visit, Visitor,
    },
    tokenizer::{Location, Span},
};

use super::error::{Fault, NOWHERE, begin};

/// A fault at the first part of a query that its words are about.
pub(super) fn placed(fault: Fault, tree: &impl Visit) -> Fault {
    if fault.message.starts_with("UNION ") {
        return fault.at_word("UNION");
    }
    if fault.at != NOWHERE {
        return fault;
    }
    let mut part = Part {
        message: &fault.message,
    };
    match tree.visit(&mut part) {
        ControlFlow::Break(at) => fault.or_at(at),
        ControlFlow::Continue(()) => fault,
    }
}

/// Looks for a function or a field of a row that a message names, or for a condition.
struct Part<'a> {
    message: &'a str,
}

impl Part<'_> {
    fn names(&self, name: &str) -> bool {
        let mut words = self
            .message
            .split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| word.eq_ignore_ascii_case(name))
    }

    /// Whether it is of what has words of its own instead of a name.
    fn is_about(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Substring { .. } => self.names("substring"),
            Expr::Trim { .. } => self.names("trim") || self.names("ltrim") || self.names("rtrim"),
            Expr::Position { .. } => self.names("position"),
            Expr::Like { .. } => self.message.starts_with("LIKE is of texts"),
            Expr::Floor { .. } => self.names("floor"),
            Expr::Ceil { .. } => self.names("ceil"),
            Expr::BinaryOp {
                op: BinaryOperator::And | BinaryOperator::Or,
                ..
            } => self.message.starts_with("a condition is BOOLEAN"),
            Expr::CompoundFieldAccess { .. } => {
                let words = [
                    "an element of",
                    "the elements of",
                    "the keys of",
                    "only an ARRAY",
                ];
                let mut words = words.iter().chain(&["a ROW has"]);
                words.any(|words| self.message.starts_with(words))
            }
            Expr::BinaryOp { op, .. } => self.message.starts_with(&format!("{op} of ")),
            Expr::Case {
                conditions,
                else_result,
                ..
            } => {
                let results = conditions.iter().map(|when| &when.result);
                self.is_of_results(results.chain(else_result.as_deref()))
            }
            Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("IF") => {
                self.is_of_results(arguments(call).skip(1))
            }
            Expr::CompoundIdentifier(names) => {
                let names: Vec<_> = names.iter().map(|name| name.value.as_str()).collect();
                let name = format!("only a ROW has fields, and '{}'", names.join("."));
                self.message.starts_with(&name)
            }
            _ => false,
        }
    }

    /// Whether it is of these results, some of which are written as numbers and some as texts. Where any of
    /// them had a column, it would be known where that is.
    fn is_of_results<'a>(&self, results: impl Iterator<Item = &'a Expr>) -> bool {
        let of = |result: &Expr| match result {
            Expr::Value(value) => match value.value {
                Value::Number(..) => Some(Written::Number),
                Value::SingleQuotedString(_) => Some(Written::Text),
                Value::Boolean(_) => Some(Written::Truth),
                _ => None,
            },
            _ => None,
        };
        let mut known = results.filter_map(of);
        let first = known.next();
        self.message.starts_with("what a result is chosen from")
            && known.any(|other| Some(other) != first)
    }

    /// Whether it is of the table before a star.
    fn is_of_table(&self, item: &SelectItem) -> bool {
        let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) =
            item
        else {
            return false;
        };
        self.message == format!("there is no table '{name}' in FROM")
    }

    /// Whether it is of this field.
    fn is_of_field(&self, name: &Ident) -> bool {
        let missing = format!("there is no field '{}'", name.value);
        self.message.starts_with(&missing)
    }
}

impl Visitor for Part<'_> {
    type Break = Location;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Location> {
        let condition = if self.message.starts_with("a condition is BOOLEAN") {
            select.selection.as_ref().or(select.having.as_ref())
        } else if self.message.starts_with("HAVING has") {
            select.having.as_ref()
        } else {
            None
        };
        let missing = select.projection.iter().find(|item| self.is_of_table(item));
        match condition.map(place).or_else(|| missing.map(place)) {
            Some(at) => ControlFlow::Break(at),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Location> {
        let found = match expr {
            Expr::Function(call) if self.names(planned(&call.name.to_string())) => {
                Some(call.name.span())
            }
            Expr::CompoundIdentifier(names) => {
                let mut fields = names.iter().filter(|name| self.is_of_field(name));
                fields.next().map(|name| name.span)
            }
            _ => None,
        };
        if self.is_about(expr) {
            return ControlFlow::Break(place(expr));
        }
        match found {
            Some(span) => ControlFlow::Break(begin(span)),
            None => ControlFlow::Continue(()),
        }
    }
}

/// The name by which a function is planned that is another way to write one.
fn planned(name: &str) -> &str {
    let is = |of: &str| name.eq_ignore_ascii_case(of);
    if is("LOCATE") || is("INSTR") {
        "POSITION"
    } else {
        name
    }
}

/// What a value is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Number,
    Text,
    Truth,
}

/// What a function is called with.
fn arguments(call: &Function) -> impl Iterator<Item = &Expr> {
    let list = match &call.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) => Some(argument),
        _ => None,
    })
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
