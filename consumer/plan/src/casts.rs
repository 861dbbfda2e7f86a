//! Casts and arithmetic where Flink's result is another than Arrow's. Each rule does nothing to what it
//! has done already: a plan within another is analysed once more.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};
use datafusion_common::{
    DFSchema, Result, ScalarValue, config::ConfigOptions, tree_node::Transformed,
};
use datafusion_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, ScalarUDF, cast, lit, try_cast, when,
};
use datafusion_functions::datetime::to_local_time;
use datafusion_optimizer::AnalyzerRule;

use super::{
    Zone,
    conditions::place,
    error::Fault,
    functions::{
        self, CAST_AS, TimestampText, decimal, divide, narrow, number_text, to_instant, whole,
    },
    query::{each_expression, replace_expressions},
};

/// Puts Flink's casts where Arrow's would give something else.
#[derive(Debug)]
pub(super) struct Casts {
    timestamp_text: ScalarUDF,
    instant: ScalarUDF,
}

impl Casts {
    pub(super) fn new(zone: Zone) -> Self {
        Self {
            timestamp_text: TimestampText::function(zone),
            instant: to_instant(zone),
        }
    }

    /// Replaces an expression; `computes` says whether one that computes with numbers may have to be.
    fn replace(
        &self,
        expression: Expr,
        schema: &DFSchema,
        computes: bool,
    ) -> Result<Transformed<Expr>> {
        let computed = match &expression {
            Expr::BinaryExpr(of) if computes => computed(of, schema)?,
            Expr::Negative(of) => negated(of, schema)?,
            _ => None,
        };
        if let Some(computed) = computed {
            return Ok(Transformed::yes(computed));
        }
        let (value, field, is_tried) = match &expression {
            Expr::Cast(of) => (&of.expr, &of.field, false),
            Expr::TryCast(of) => (&of.expr, &of.field, true),
            _ => return Ok(Transformed::no(expression)),
        };
        let (from, to) = (value.get_type(schema)?, field.data_type());
        let value = value.as_ref().clone();
        let read = (from == DataType::Utf8).then(|| functions::reading(to, is_tried));
        if let Some(read) = read.flatten() {
            return Ok(Transformed::yes(read.call(vec![value])));
        }
        let replaced = match (&from, to) {
            (DataType::Timestamp(..), DataType::Utf8) => self.timestamp_text.call(vec![value]),
            (DataType::Binary, DataType::Utf8) => functions::bytes_text().call(vec![value]),
            (DataType::Boolean, DataType::Utf8) => when(value.clone(), lit("TRUE"))
                .when(!value, lit("FALSE"))
                .end()?,
            (DataType::Float32 | DataType::Float64, DataType::Utf8) => {
                number_text().call(vec![value])
            }
            (DataType::Utf8, to) if to.is_signed_integer() && !is_number(&value) => {
                whole(to.clone(), is_tried).call(vec![value])
            }
            (from, to @ DataType::Decimal128(..)) if from.is_floating() => {
                functions::exact_number(to.clone()).call(vec![value])
            }
            (from, to) if is_narrower(from, to) => narrow(to.clone()).call(vec![value]),
            (from, DataType::Decimal128(..)) if from.is_numeric() && !is_tried => {
                try_cast(value, to.clone())
            }
            (DataType::Timestamp(_, None) | DataType::Date32, DataType::Timestamp(_, Some(_))) => {
                self.instant_of(value, &from, to)
            }
            (DataType::Utf8, DataType::Timestamp(unit, Some(_))) => {
                let shown = functions::reading_moment(*unit, is_tried);
                self.instant.call(vec![shown.call(vec![value])])
            }
            // What a clock on a wall shows, and not what one in Greenwich does.
            (DataType::Timestamp(_, Some(_)), DataType::Timestamp(_, None))
            | (DataType::Timestamp(_, Some(_)), DataType::Date32 | DataType::Time32(_)) => {
                cast(to_local_time().call(vec![value]), to.clone())
            }
            _ => return Ok(Transformed::no(expression)),
        };
        Ok(Transformed::yes(replaced))
    }
}

impl Casts {
    /// When clocks of the zone show a time, in the unit of its type; of a day in milliseconds.
    fn instant_of(&self, shown: Expr, from: &DataType, to: &DataType) -> Expr {
        let instant = self.instant.call(vec![shown]);
        let is_same = match (from, to) {
            (DataType::Timestamp(of, _), DataType::Timestamp(unit, _)) => of == unit,
            (_, DataType::Timestamp(unit, _)) => *unit == TimeUnit::Millisecond,
            _ => false,
        };
        if is_same {
            instant
        } else {
            cast(instant, to.clone())
        }
    }
}

/// Whether a whole number of the one type may be too large for the other, or has a point.
fn is_narrower(from: &DataType, to: &DataType) -> bool {
    let is_larger = from.is_integer() && from.primitive_width() > to.primitive_width();
    to.is_signed_integer() && (is_larger || from.is_floating() || from.is_decimal())
}

/// A number as it is written in SQL.
fn is_number(value: &Expr) -> bool {
    match value {
        Expr::Literal(ScalarValue::Utf8(Some(text)), _) => text.parse::<i32>().is_ok(),
        _ => false,
    }
}

const fn is_time(of: &DataType) -> bool {
    matches!(
        of,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Time32(_)
    )
}

/// Whether anything is computed in a way that is another in Flink. To replace a part of a chain takes a look
/// at all before it, and that is saved where there is nothing to do.
fn is_asked(plan: &LogicalPlan) -> Result<bool> {
    let mut is_asked = false;
    each_expression(plan, |expression, typed| {
        let Expr::BinaryExpr(of) = expression else {
            return Ok(());
        };
        if !of.op.is_numerical_operators() {
            return Ok(());
        }
        let types = [typed.of(&of.left)?, typed.of(&of.right)?];
        let is_other = |of: &DataType| of.is_decimal() || is_time(of);
        is_asked |= of.op == Operator::Divide || types.iter().any(is_other);
        Ok(())
    })?;
    Ok(is_asked)
}

/// Numbers are computed with as in Flink: exact ones where Arrow has other digits or may have too many,
/// and whole ones where it has no quotient. None where they are so already.
fn computed(of: &BinaryExpr, schema: &DFSchema) -> Result<Option<Expr>> {
    if !of.op.is_numerical_operators() {
        return Ok(None);
    }
    let types = (of.left.get_type(schema)?, of.right.get_type(schema)?);
    if of.op == Operator::Minus && is_time(&types.0) && is_time(&types.1) {
        let instead = "there is TIMESTAMPDIFF(unit, from, to)";
        let at = place(&of.left);
        return Err(Fault::unsupported(at, "a time less another", instead).into());
    }
    let both = || vec![of.left.as_ref().clone(), of.right.as_ref().clone()];
    if of.op == Operator::Divide && types.0.is_signed_integer() && may_be_minus_one(&of.right) {
        return Ok(Some(divide().call(both())));
    }
    let (DataType::Decimal128(p1, s1), DataType::Decimal128(p2, s2)) = types else {
        return Ok(None);
    };
    let [p1, s1, p2, s2] = [i16::from(p1), s1.into(), p2.into(), s2.into()];
    let digits = match of.op {
        Operator::Plus | Operator::Minus => (p1 - s1).max(p2 - s2) + s1.max(s2) + 1,
        Operator::Multiply => p1 + p2 + 1,
        Operator::Divide => i16::MAX,
        _ => return Ok(None),
    };
    if digits > i16::from(DECIMAL128_MAX_PRECISION) {
        return Ok(Some(functions::exact(of.op).call(both())));
    }
    Ok(None)
}

/// A constant goes around at the ends of its type where columns do.
fn negated(of: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let data_type = of.get_type(schema)?;
    if is_time(&data_type) {
        let instead = "there is TIMESTAMPDIFF(unit, from, to)";
        return Err(Fault::unsupported(place(of), "a time with a minus", instead).into());
    }
    if !data_type.is_signed_integer() || !of.column_refs().is_empty() {
        return Ok(None);
    }
    let zero = lit(ScalarValue::new_zero(&data_type)?);
    Ok(Some(zero - of.clone()))
}

/// Only by -1 the least whole number cannot be divided within its type.
fn may_be_minus_one(divisor: &Expr) -> bool {
    match divisor {
        Expr::Literal(value, _) => value.to_string() == "-1",
        Expr::Cast(of) => may_be_minus_one(&of.expr),
        _ => true,
    }
}

/// Takes the names of casts away, when all columns have theirs.
#[derive(Debug)]
pub(super) struct Unnamed;

impl Unnamed {
    fn replace(expression: Expr) -> Transformed<Expr> {
        match expression {
            Expr::ScalarFunction(mut call) if call.name() == CAST_AS && !call.args.is_empty() => {
                Transformed::yes(call.args.swap_remove(0))
            }
            other => Transformed::no(other),
        }
    }
}

/// Rounds what can be rounded only one way, before types are made the same.
#[derive(Debug)]
pub(super) struct Rounding;

impl Rounding {
    /// A whole number is whole already; one with digits behind the point loses them in its type too.
    fn replace(expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(call) = &expression else {
            return Ok(Transformed::no(expression));
        };
        let (name, [value, rest @ ..]) = (call.name(), call.args.as_slice()) else {
            return Ok(Transformed::no(expression));
        };
        let of = value.get_type(schema)?;
        if of.is_floating()
            && let Some(kept) = by_digits(name)
        {
            let digits = rest.first().cloned().unwrap_or_else(|| digits(0));
            return Ok(Transformed::yes(kept.call(vec![value.clone(), digits])));
        }
        let kept = match (name, rest) {
            ("floor" | "ceil" | "trunc", []) => Some(0),
            ("trunc" | "round", [digits]) => literal(digits),
            _ => None,
        };
        let Some(kept) = kept else {
            return Ok(Transformed::no(expression));
        };
        Ok(match of {
            of if of.is_integer() && (kept == 0 || (name == "trunc" && kept > 0)) => {
                Transformed::yes(value.clone())
            }
            // To tens and so on: up to more than there is in its type, from where it goes around.
            of if of.is_integer() && kept < 0 => {
                let exact = cast(value.clone(), DataType::Decimal128(20, 0));
                let rounded = call.func.call([vec![exact], rest.to_vec()].concat());
                Transformed::yes(narrow(of).call(vec![rounded]))
            }
            // Its type goes by how many, which is a text until it is folded.
            DataType::Decimal128(..) if name == "round" && !rest.contains(&digits(kept)) => {
                let rounded = call.func.call(vec![value.clone(), digits(kept)]);
                Transformed::yes(rounded)
            }
            DataType::Decimal128(precision, scale)
                if name != "round" && kept < i16::from(scale) =>
            {
                let (precision, scale) = (i16::from(precision), i16::from(scale));
                // The next whole number may have a digit more.
                let wide = cast(value.clone(), decimal(precision + 1, scale));
                let rounded = call.func.call([vec![wide], rest.to_vec()].concat());
                let kept = kept.max(0);
                let to = decimal(precision - scale + 1 + kept, kept);
                Transformed::yes(cast(rounded, to))
            }
            _ => Transformed::no(expression),
        })
    }
}

/// Of numbers with a point, those functions that go by their digits.
fn by_digits(name: &str) -> Option<ScalarUDF> {
    match name {
        "round" => Some(functions::round_digits()),
        "trunc" => Some(functions::truncate_digits()),
        _ => None,
    }
}

fn digits(kept: i16) -> Expr {
    lit(i32::from(kept))
}

/// A number that is written as it is, maybe with its type.
fn literal(expression: &Expr) -> Option<i16> {
    match expression {
        Expr::Literal(value, _) => value.to_string().parse().ok(),
        Expr::Cast(of) => literal(&of.expr),
        Expr::Negative(of) => literal(of).and_then(i16::checked_neg),
        _ => None,
    }
}

impl AnalyzerRule for Unnamed {
    fn name(&self) -> &'static str {
        "unnamed"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        replace_expressions(plan, |expression, _| Ok(Self::replace(expression)))
    }
}

impl AnalyzerRule for Rounding {
    fn name(&self) -> &'static str {
        "rounding"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        replace_expressions(plan, Self::replace)
    }
}

impl AnalyzerRule for Casts {
    fn name(&self) -> &'static str {
        "casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let computes = is_asked(&plan)?;
        replace_expressions(plan, |expression, schema| {
            self.replace(expression, schema, computes)
        })
    }
}
