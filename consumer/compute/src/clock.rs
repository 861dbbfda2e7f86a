//! Functions that tell the time at which they are computed.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Utc};
use common::time::Clock;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{Named, Zone};

/// Tells the time.
#[derive(Debug)]
struct Now {
    name: &'static str,
    tells: Tells,
    clock: Clock,
    zone: Zone,
    signature: Signature,
}

/// What is told of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Instant,
    Local,
    Date,
    Seconds,
}

/// The functions by name.
pub(super) fn functions(clock: &Clock, zone: Zone) -> Vec<Named<ScalarUDF>> {
    let function = |(name, tells)| {
        let now = Now {
            name,
            tells,
            clock: clock.clone(),
            zone,
            signature: Signature::nullary(Volatility::Volatile),
        };
        (name, Arc::new(ScalarUDF::from(now)))
    };
    let functions = [
        (PROCTIME, Tells::Instant),
        ("current_timestamp", Tells::Instant),
        ("current_row_timestamp", Tells::Instant),
        ("now", Tells::Instant),
        ("localtimestamp", Tells::Local),
        ("current_date", Tells::Date),
        ("unix_timestamp_now", Tells::Seconds),
    ];
    functions.into_iter().map(function).collect()
}

/// The function that makes a column processing time.
pub const PROCTIME: &str = "proctime";

impl PartialEq for Now {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.zone) == (other.name, other.zone)
    }
}

impl Eq for Now {}

impl Hash for Now {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Now {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.tells {
            Tells::Instant => {
                let zone = Some(self.zone.name().into());
                DataType::Timestamp(TimeUnit::Millisecond, zone)
            }
            Tells::Local => DataType::Timestamp(TimeUnit::Millisecond, None),
            Tells::Date => DataType::Date32,
            Tells::Seconds => DataType::Int64,
        })
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let now = self.clock.now().0;
        let local = || {
            let instant = DateTime::<Utc>::from_timestamp_millis(now).unwrap_or_default();
            instant.with_timezone(&self.zone).naive_local()
        };
        let value = match self.tells {
            Tells::Instant => {
                ScalarValue::TimestampMillisecond(Some(now), Some(self.zone.name().into()))
            }
            Tells::Local => {
                let local = local().and_utc().timestamp_millis();
                ScalarValue::TimestampMillisecond(Some(local), None)
            }
            Tells::Date => {
                let days = local().and_utc().timestamp().div_euclid(86_400);
                ScalarValue::Date32(i32::try_from(days).ok())
            }
            Tells::Seconds => ScalarValue::Int64(Some(now.div_euclid(1000))),
        };
        Ok(ColumnarValue::Scalar(value))
    }
}
