//! A time and a fixed interval: `time - INTERVAL '4' SECOND`, of which most jobs need one for each row.
//!
//! DataFusion's operator goes by the calendar, as months need it. Days, hours and less are always as
//! long, so a number is added.

use std::{
    fmt::{self, Display},
    hash::{Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use arrow::{
    array::{ArrayRef, AsArray},
    datatypes::{DataType, Schema, TimeUnit, TimestampMillisecondType},
    error::ArrowError,
    record_batch::RecordBatch,
};
use datafusion_common::{
    Result, ScalarValue,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::{
    PhysicalExpr,
    expressions::{BinaryExpr, Literal},
};

use super::Expression;

const DAY: i64 = 86_400_000;
const NANOSECONDS: i64 = 1_000_000;

/// A time that is moved by a number of milliseconds.
#[derive(Debug, Clone)]
struct Shifted {
    /// What it stands for: its left side is the time.
    whole: BinaryExpr,
    by: i64,
}

/// The same expression, with numbers instead of intervals where it can be.
pub fn with_numbers(expression: Expression, schema: &Schema) -> Result<Expression> {
    let shifted = expression.transform_up(|one| {
        let shifted = one
            .downcast_ref::<BinaryExpr>()
            .and_then(|whole| Shifted::new(whole, schema));
        Ok(match shifted {
            Some(shifted) => Transformed::yes(Arc::new(shifted) as Expression),
            None => Transformed::no(one),
        })
    })?;
    Ok(shifted.data)
}

impl Shifted {
    fn new(whole: &BinaryExpr, schema: &Schema) -> Option<Self> {
        let interval = whole.right().downcast_ref::<Literal>()?;
        let time = whole.left().data_type(schema).ok()?;
        if !matches!(time, DataType::Timestamp(TimeUnit::Millisecond, _)) {
            return None;
        }
        let length = milliseconds(interval.value())?;
        let by = match whole.op() {
            Operator::Plus => length,
            Operator::Minus => length.checked_neg()?,
            _ => return None,
        };
        Some(Self {
            whole: whole.clone(),
            by,
        })
    }
}

/// How long an interval is; none where that is not always the same, or no number of milliseconds.
pub fn milliseconds(interval: &ScalarValue) -> Option<i64> {
    match interval {
        ScalarValue::IntervalMonthDayNano(Some(one)) if one.months == 0 => {
            let is_whole = one.nanoseconds % NANOSECONDS == 0;
            let rest = is_whole.then_some(one.nanoseconds / NANOSECONDS)?;
            i64::from(one.days).checked_mul(DAY)?.checked_add(rest)
        }
        ScalarValue::IntervalDayTime(Some(one)) => {
            Some(i64::from(one.days) * DAY + i64::from(one.milliseconds))
        }
        _ => None,
    }
}

impl Display for Shifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.by < 0 { '-' } else { '+' };
        let by = Duration::from_millis(self.by.unsigned_abs());
        write!(f, "{} {sign} {by:?}", self.whole.left())
    }
}

impl PartialEq for Shifted {
    fn eq(&self, other: &Self) -> bool {
        self.whole == other.whole
    }
}

impl Eq for Shifted {}

impl Hash for Shifted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.whole.hash(state);
    }
}

impl PhysicalExpr for Shifted {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.whole.left().data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.whole.left().nullable(schema)
    }

    fn evaluate(&self, rows: &RecordBatch) -> Result<ColumnarValue> {
        let times = self.whole.left().evaluate(rows)?;
        let times = times.into_array(rows.num_rows())?;
        let times = times.as_primitive::<TimestampMillisecondType>();
        let shifted = times.try_unary::<_, TimestampMillisecondType, _>(|time| {
            let beyond = || ArrowError::ComputeError(format!("{time} {:+} ms", self.by));
            time.checked_add(self.by).ok_or_else(beyond)
        })?;
        let shifted: ArrayRef = Arc::new(shifted.with_timezone_opt(times.timezone()));
        Ok(ColumnarValue::Array(shifted))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![self.whole.left()]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let time = children.first().unwrap_or(self.whole.left()).clone();
        let right = self.whole.right().clone();
        Ok(Arc::new(Self {
            whole: BinaryExpr::new(time, *self.whole.op(), right),
            by: self.by,
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.fmt_sql(f)
    }
}
