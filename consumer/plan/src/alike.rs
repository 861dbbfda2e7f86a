//! What is compared, chosen from or joined is of one kind, as in Flink. Left to itself, what makes types
//! the same would read texts as numbers when the job runs, and not every text is one.

use arrow::datatypes::DataType;
use datafusion_common::Result;
use datafusion_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use super::{
    conditions::place,
    error::{Fault, NOWHERE},
    mixed::OF_ONE_TYPE,
    query::each_expression,
    typed::Typed,
    types,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    Bytes,
    Date,
    Time,
    Moment,
    Array,
    Map,
    Row,
}

/// What is done with values.
#[derive(Debug, Clone, Copy)]
enum Use {
    /// Beside a time a text is one.
    Compared,
    /// One of them is the result.
    Chosen,
    /// All of them are the result.
    Listed,
    /// One behind the other.
    Joined,
}

/// Refuses values of several kinds where they have to be of one.
pub(super) fn refuse_others(plan: &LogicalPlan) -> Result<()> {
    each_expression(plan, |expression, typed| {
        refuse_days(expression, typed)?;
        refuse_in(expression, typed)?;
        let mut uses = uses(expression).into_iter();
        uses.try_for_each(|(of, values)| of.check(&values, typed))
    })
}

/// A number is no number of days.
fn refuse_days(expression: &Expr, typed: &Typed) -> Result<()> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expression else {
        return Ok(());
    };
    if !matches!(op, Operator::Plus | Operator::Minus) {
        return Ok(());
    }
    let types = [typed.of(left)?, typed.of(right)?];
    if !types.contains(&DataType::Date32) || !types.iter().any(DataType::is_numeric) {
        return Ok(());
    }
    let [first, second] = types.map(|of| types::name(&of));
    let message = format!("{first} {op} {second} is not computed; write {op} INTERVAL '1' DAY");
    Err(Fault::new(place(expression), message).into())
}

/// What is looked for in a query is of its column's kind: it is found by its value.
fn refuse_in(expression: &Expr, typed: &Typed) -> Result<()> {
    let Expr::InSubquery(of) = expression else {
        return Ok(());
    };
    let first = typed.of(&of.expr)?;
    let second = of.subquery.subquery.schema().field(0).data_type();
    let kinds = kind(&first).zip(kind(second));
    if kinds.is_none_or(|(first, second)| first == second) {
        return Ok(());
    }
    let message = Use::Compared.told(&first, second);
    Err(Fault::new(place(&of.expr), message).into())
}

/// What an expression does with which of its parts.
fn uses(expression: &Expr) -> Vec<(Use, Vec<&Expr>)> {
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let of = used(*op).map(|of| (of, vec![left.as_ref(), right.as_ref()]));
            of.into_iter().collect()
        }
        Expr::Between(of) => vec![(Use::Compared, vec![&of.expr, &of.low, &of.high])],
        Expr::InList(of) => {
            let values = [of.expr.as_ref()].into_iter().chain(&of.list);
            vec![(Use::Compared, values.collect())]
        }
        Expr::Case(case) => {
            let branches = &case.when_then_expr;
            let mut results: Vec<_> = branches.iter().map(|(_, then)| then.as_ref()).collect();
            results.extend(case.else_expr.as_deref());
            let mut compared: Vec<_> = case.expr.as_deref().into_iter().collect();
            compared.extend(branches.iter().map(|(when, _)| when.as_ref()));
            vec![(Use::Compared, compared), (Use::Chosen, results)]
        }
        Expr::ScalarFunction(call) if call.name() == "nullif" => {
            vec![(Use::Compared, call.args.iter().collect())]
        }
        Expr::ScalarFunction(call) if call.name() == "make_array" => {
            vec![(Use::Listed, call.args.iter().collect())]
        }
        Expr::ScalarFunction(call) if OF_ONE_TYPE.contains(&call.name()) => {
            vec![(Use::Chosen, call.args.iter().collect())]
        }
        _ => Vec::new(),
    }
}

fn used(operator: Operator) -> Option<Use> {
    use Operator as Op;
    match operator {
        Op::StringConcat => Some(Use::Joined),
        Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => Some(Use::Compared),
        Op::IsDistinctFrom | Op::IsNotDistinctFrom => Some(Use::Compared),
        _ => None,
    }
}

impl Use {
    /// Looks at each value beside the first; `NULL` is of any kind.
    fn check(self, values: &[&Expr], typed: &Typed) -> Result<()> {
        let mut first: Option<(Kind, DataType)> = None;
        for value in values {
            let of = typed.of(value)?;
            let Some(kind) = kind(&of) else {
                continue;
            };
            let (beside, other) = first.get_or_insert_with(|| (kind, of.clone()));
            if !self.allows(*beside, kind) {
                let message = self.told(other, &of);
                let places = values.iter().map(|value| place(value));
                let at = places.min_by_key(|at| (at.line == 0, at.line, at.column));
                return Err(Fault::new(at.unwrap_or(NOWHERE), message).into());
            }
        }
        Ok(())
    }

    fn allows(self, first: Kind, kind: Kind) -> bool {
        use Kind::{Date, Moment, Text, Time};
        let is_text_or_time = |kind| matches!(kind, Text | Date | Time | Moment);
        match self {
            Self::Compared if first == Text || kind == Text => {
                is_text_or_time(first) && is_text_or_time(kind)
            }
            Self::Compared | Self::Chosen | Self::Listed => first == kind,
            Self::Joined => first == Text && kind == Text,
        }
    }

    fn told(self, first: &DataType, second: &DataType) -> String {
        let (what, instead) = match self {
            Self::Compared => ("what is compared is of one type", "CAST"),
            Self::Chosen => ("what a result is chosen from is of one type", "CAST"),
            Self::Listed => ("what is in an ARRAY is of one type", "CAST"),
            Self::Joined => ("what is joined is STRING", "CAST(… AS STRING)"),
        };
        let instead = if first.is_nested() || second.is_nested() {
            "what is in it, as item.name or tags[1]"
        } else {
            instead
        };
        let (first, second) = (types::name(first), types::name(second));
        if first == second {
            format!("{what}, and this is {first}; write {instead}")
        } else {
            format!("{what}, and these are {first} and {second}; write {instead}")
        }
    }
}

/// None for what is looked at elsewhere.
fn kind(of: &DataType) -> Option<Kind> {
    Some(match of {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => Kind::Text,
        of if of.is_numeric() => Kind::Number,
        DataType::Boolean => Kind::Boolean,
        DataType::Binary => Kind::Bytes,
        DataType::Date32 => Kind::Date,
        DataType::Time32(_) | DataType::Time64(_) => Kind::Time,
        DataType::Timestamp(..) => Kind::Moment,
        DataType::List(_) => Kind::Array,
        DataType::Map(..) => Kind::Map,
        DataType::Struct(_) => Kind::Row,
        _ => return None,
    })
}
