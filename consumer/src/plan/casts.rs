//! Casts where Flink's result is another than Arrow's.

use arrow::datatypes::DataType;
use chrono_tz::Tz;
use datafusion_common::{DFSchema, Result, config::ConfigOptions, tree_node::Transformed};
use datafusion_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF, cast, lit, when};
use datafusion_functions::datetime::to_local_time;
use datafusion_optimizer::AnalyzerRule;

use super::{functions::TimestampText, query::replace_expressions};

/// Puts Flink's casts where Arrow's would give something else.
#[derive(Debug)]
pub(super) struct Casts {
    timestamp_text: ScalarUDF,
}

impl Casts {
    pub(super) fn new(zone: Tz) -> Self {
        let timestamp_text = TimestampText::function(zone);
        Self { timestamp_text }
    }

    fn replace(&self, expression: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let Expr::Cast(of) = &expression else {
            return Ok(Transformed::no(expression));
        };
        let (from, to) = (of.expr.get_type(schema)?, of.field.data_type());
        let value = of.expr.as_ref().clone();
        let replaced = match (&from, to) {
            (DataType::Timestamp(..), DataType::Utf8) => self.timestamp_text.call(vec![value]),
            (DataType::Boolean, DataType::Utf8) => when(value.clone(), lit("TRUE"))
                .when(!value, lit("FALSE"))
                .end()?,
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

impl AnalyzerRule for Casts {
    fn name(&self) -> &'static str {
        "casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        replace_expressions(plan, |expression, schema| self.replace(expression, schema))
    }
}
