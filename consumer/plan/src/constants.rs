//! Constants are computed when a job is planned: one that has no value, as `CAST('abc' AS INT)`, is
//! refused where it is written, and does not end the job at its first row.
//!
//! What is computed only for some rows is left alone: `ELSE 1 / 0` may be there to end the job. But a
//! text that is no value of the type that it is cast to is refused there too.

use std::ops::ControlFlow;

use arrow::datatypes::DECIMAL128_MAX_PRECISION;
use datafusion_sql::sqlparser::{
    ast::{Expr, Function, Select, SelectItem, Spanned, Value, Visit, Visitor},
    tokenizer::Location,
};

use super::{
    columns,
    error::{Fault, NOWHERE, begin},
    functions::Functions,
    placed::place,
    query::Planner,
};

/// Fails at the first constant in `tree` that has no value, or none of a type of Flink's.
pub(super) fn refuse_without_value(tree: &impl Visit, planner: &Planner<'_>) -> Result<(), Fault> {
    let mut constants = Constants {
        planner,
        choices: 0,
    };
    match tree.visit(&mut constants) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(fault) => Err(fault),
    }
}

struct Constants<'a> {
    planner: &'a Planner<'a>,
    /// How many expressions around this one compute only some of their parts.
    choices: usize,
}

type Checked = ControlFlow<Fault>;

impl Visitor for Constants<'_> {
    type Break = Fault;

    fn pre_visit_select(&mut self, select: &Select) -> Checked {
        for item in &select.projection {
            if let SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. } =
                item
            {
                self.column(value)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> Checked {
        self.choices += usize::from(is_choice(expression));
        match expression {
            Expr::Value(value) => literal(&value.value, begin(value.span)),
            _ => ControlFlow::Continue(()),
        }
    }

    /// From the inside out: what is refused is the least that has no value.
    fn post_visit_expr(&mut self, expression: &Expr) -> Checked {
        self.choices -= usize::from(is_choice(expression));
        let is_left = self.choices > 0 && !is_cast_of_text(expression);
        if is_left || is_written(expression) || !is_constant(expression, self.planner.functions) {
            return ControlFlow::Continue(());
        }
        match self.planner.constant(expression) {
            Ok(_) => ControlFlow::Continue(()),
            Err(fault) => ControlFlow::Break(fault.or_at(begin(expression.span()))),
        }
    }
}

impl Constants<'_> {
    /// A constant that is a column.
    fn column(&self, value: &Expr) -> Checked {
        let is_number = matches!(value, Expr::Value(_));
        if is_number || !is_constant(value, self.planner.functions) {
            return ControlFlow::Continue(());
        }
        match self.planner.constant(value) {
            Ok(Some(of)) if !columns::may_be(&of) => {
                ControlFlow::Break(columns::refused(&of).or_at(begin(value.span())))
            }
            // Why it has no value is told of the part of it that has none.
            Ok(_) | Err(_) => ControlFlow::Continue(()),
        }
    }
}

/// The fault at the least constant in `tree` that alone is refused with the same words: what plans a query
/// knows where its columns are written, and not where its constants are.
pub(super) fn placed(fault: Fault, tree: &impl Visit, planner: &Planner<'_>) -> Fault {
    if fault.at != NOWHERE {
        return fault;
    }
    let mut refused = Refused {
        planner,
        message: &fault.message,
    };
    match tree.visit(&mut refused) {
        ControlFlow::Break(at) => fault.or_at(at),
        ControlFlow::Continue(()) => fault,
    }
}

/// Looks for a constant that is refused with these words.
struct Refused<'a> {
    planner: &'a Planner<'a>,
    message: &'a str,
}

impl Visitor for Refused<'_> {
    type Break = Location;

    fn post_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Location> {
        if is_written(expression) || !is_constant(expression, self.planner.functions) {
            return ControlFlow::Continue(());
        }
        match self.planner.refusal(expression) {
            Some(fault) if fault.message == self.message => ControlFlow::Break(place(expression)),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Whether it is a value as it stands: there is nothing to compute.
const fn is_written(expression: &Expr) -> bool {
    matches!(
        expression,
        Expr::Value(_) | Expr::Interval(_) | Expr::Nested(_)
    )
}

/// Whether some of its parts are computed only where others say so.
fn is_choice(expression: &Expr) -> bool {
    match expression {
        Expr::Case { .. } => true,
        Expr::Function(function) => {
            let name = function.name.to_string().to_uppercase();
            ["IF", "IFNULL", "COALESCE"].contains(&name.as_str())
        }
        _ => false,
    }
}

/// What is refused wherever it stands: it would not be planned with its place.
fn is_cast_of_text(expression: &Expr) -> bool {
    match expression {
        Expr::TypedString(_) => true,
        Expr::Cast { expr, .. } => matches!(expr.as_ref(), Expr::Value(_)),
        _ => false,
    }
}

/// More can be written than there is in any type.
fn literal(value: &Value, at: Location) -> Checked {
    let (what, instead) = match value {
        Value::Number(written, _) if written.contains(['e', 'E']) => match written.parse::<f64>() {
            Ok(number) if number.is_infinite() => {
                (format!("the number {written}"), "a DOUBLE is below 1.8e308")
            }
            _ => return ControlFlow::Continue(()),
        },
        Value::Number(written, _) => {
            let digits = written.trim_start_matches('0').replace('.', "").len();
            if digits <= usize::from(DECIMAL128_MAX_PRECISION) {
                return ControlFlow::Continue(());
            }
            let instead = "a DECIMAL has 38 at the most, and 1e40 is a DOUBLE";
            (format!("a number of {digits} digits"), instead)
        }
        _ => return ControlFlow::Continue(()),
    };
    ControlFlow::Break(Fault::unsupported(at, &what, instead))
}

/// Whether it is the same for all rows.
fn is_constant(expression: &Expr, functions: &Functions) -> bool {
    expression.visit(&mut Varying { functions }).is_continue()
}

/// Looks for what is not the same for all rows.
struct Varying<'a> {
    functions: &'a Functions,
}

impl Visitor for Varying<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        let is_varying = match expression {
            Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..)
            | Expr::Subquery(_)
            | Expr::Exists { .. }
            | Expr::InSubquery { .. } => true,
            Expr::Function(function) => function.over.is_some() || self.is_of_many_rows(function),
            _ => false,
        };
        if is_varying {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

impl Varying<'_> {
    fn is_of_many_rows(&self, function: &Function) -> bool {
        let name = function.name.to_string();
        self.functions.aggregate(&name).is_some() || self.functions.is_table_function(&name)
    }
}
