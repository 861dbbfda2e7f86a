//! Functions that count by the calendar: `TIMESTAMPDIFF`, `TIMESTAMPADD`, and `FLOOR` and `CEIL` of a
//! time to a unit. What is to be done to a `TIMESTAMP_LTZ` by the unit is done to what clocks of the
//! job's zone show.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Date32Array, Int32Array, Int64Array, PrimitiveArray},
    compute::cast,
    datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMillisecondType},
};
use chrono::{DateTime, Datelike, Months, NaiveDateTime, Utc};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    simplify::{ExprSimplifyResult, SimplifyContext},
};

use super::{
    Named, Zone,
    local::{instant, local},
    text::{Texts, once},
};

const DAY: i64 = 86_400_000;

/// A function of a unit and times.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Calendar {
    name: &'static str,
    does: Does,
    zone: Zone,
    signature: Signature,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Does {
    /// How many whole units lie between two times.
    Difference,
    /// So many units later.
    Add,
    /// The same, where a unit is whole days: a date stays one.
    AddDays,
    Floor,
    Ceil,
    /// The instant at which clocks of the zone show a time.
    Instant,
}

/// A unit of time.
#[derive(Debug, Clone, Copy)]
enum Unit {
    /// Of so many milliseconds.
    Fixed(i64),
    Week,
    /// Of so many months.
    Months(i64),
}

/// The functions by name.
pub(super) fn functions(zone: Zone) -> Vec<Named<ScalarUDF>> {
    [
        ("timestampdiff", Does::Difference),
        ("timestampadd", Does::Add),
        ("timestampadd_days", Does::AddDays),
        ("floor_time", Does::Floor),
        ("ceil_time", Does::Ceil),
    ]
    .into_iter()
    .map(|(name, does)| (name, Arc::new(function(name, does, zone))))
    .collect()
}

fn function(name: &'static str, does: Does, zone: Zone) -> ScalarUDF {
    ScalarUDF::from(Calendar {
        name,
        does,
        zone,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

/// What casts a `TIMESTAMP` to a `TIMESTAMP_LTZ`.
pub fn to_instant(zone: Zone) -> ScalarUDF {
    function("instant_of", Does::Instant, zone)
}

impl Unit {
    fn new(name: &str) -> Option<Self> {
        Some(match name {
            "MILLISECOND" => Self::Fixed(1),
            "SECOND" => Self::Fixed(1000),
            "MINUTE" => Self::Fixed(60_000),
            "HOUR" => Self::Fixed(3_600_000),
            "DAY" => Self::Fixed(DAY),
            "WEEK" => Self::Week,
            "MONTH" => Self::Months(1),
            "QUARTER" => Self::Months(3),
            "YEAR" => Self::Months(12),
            _ => return None,
        })
    }

    /// So many units behind a time.
    fn add(self, time: i64, number: i64) -> Option<i64> {
        match self {
            Self::Fixed(length) => time.checked_add(number.checked_mul(length)?),
            Self::Week => time.checked_add(number.checked_mul(7 * DAY)?),
            Self::Months(months) => {
                let months = number.checked_mul(months)?;
                let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
                let time = civil(time)?;
                let moved = if months < 0 {
                    time.checked_sub_months(count)
                } else {
                    time.checked_add_months(count)
                };
                moved.map(|time| time.and_utc().timestamp_millis())
            }
        }
    }

    /// How many whole units lie between two times.
    fn between(self, from: i64, to: i64) -> Option<i64> {
        match self {
            Self::Fixed(length) => to.checked_sub(from)?.checked_div(length),
            Self::Week => to.checked_sub(from)?.checked_div(7 * DAY),
            Self::Months(_) if to < from => self.between(to, from).map(|units| -units),
            Self::Months(months) => {
                let number = month(to)? - month(from)?;
                let is_over = Self::Months(1).add(from, number)? > to;
                Some((number - i64::from(is_over)).div_euclid(months))
            }
        }
    }

    /// The begin of the unit that a time is in.
    fn floor(self, time: i64) -> Option<i64> {
        Some(match self {
            Self::Fixed(length) => time.div_euclid(length) * length,
            // The first day was a Thursday, and weeks begin on Sunday.
            Self::Week => {
                let days = time.div_euclid(DAY);
                (days - (days + 4).rem_euclid(7)) * DAY
            }
            Self::Months(months) => {
                let number = month(time)?;
                let first = number.div_euclid(months) * months;
                let day = Self::Fixed(DAY).floor(time)?;
                let begin = day - (i64::from(civil(time)?.day()) - 1) * DAY;
                Self::Months(1).add(begin, first - number)?
            }
        })
    }

    fn ceil(self, time: i64) -> Option<i64> {
        match self.floor(time)? {
            floor if floor == time => Some(time),
            floor => self.add(floor, 1),
        }
    }
}

fn civil(time: i64) -> Option<NaiveDateTime> {
    DateTime::<Utc>::from_timestamp_millis(time).map(|time| time.naive_utc())
}

/// The month of a time, counted from the year 0.
fn month(time: i64) -> Option<i64> {
    let time = civil(time)?;
    Some(i64::from(time.year()) * 12 + i64::from(time.month0()))
}

impl ScalarUDFImpl for Calendar {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let taken = match (self.does, given) {
            (Does::Instant, [time]) => Some(vec![time.clone()]),
            (Does::Difference, [_, from, to]) => both(timestamp(from), timestamp(to)),
            (Does::Add, [_, number, time]) if is_number(number) => {
                both(Some(DataType::Int64), timestamp(time))
            }
            (Does::AddDays, [_, number, time]) if is_number(number) => {
                both(Some(DataType::Int64), time_or_date(time))
            }
            (Does::Floor | Does::Ceil, [_, time]) => {
                time_or_date(time).map(|time| vec![DataType::Utf8, time])
            }
            _ => None,
        };
        match taken {
            Some(taken) => Ok(taken),
            None => plan_err!("{}", self.usage()),
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match self.does {
            Does::Difference => DataType::Int32,
            Does::Instant => {
                let zone = Some(self.zone.name().into());
                DataType::Timestamp(unit_of(given.first()), zone)
            }
            Does::Add | Does::AddDays | Does::Floor | Does::Ceil => {
                given.last().cloned().unwrap_or(DataType::Null)
            }
        })
    }

    /// A unit that is none is told before there are rows.
    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> Result<ExprSimplifyResult> {
        if self.does != Does::Instant
            && let Some(Expr::Literal(written, _)) = args.first()
            && written.try_as_str().flatten().and_then(Unit::new).is_none()
        {
            return plan_err!("{}, not {written}", self.usage());
        }
        Ok(ExprSimplifyResult::Original(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let result = match (self.does, args.args.as_slice()) {
            (Does::Difference, [unit, from, to]) => {
                let unit = self.unit(unit)?;
                let (from, to) = (times(from, rows)?, times(to, rows)?);
                let between = from.iter().zip(&to).map(|(from, to)| {
                    let between = unit.between(from?, to?)?;
                    i32::try_from(between).ok()
                });
                Arc::new(between.collect::<Int32Array>())
            }
            (Does::Add | Does::AddDays, [unit, number, time]) => {
                let unit = self.unit(unit)?;
                let number = number.cast_to(&DataType::Int64, None)?.into_array(rows)?;
                let number = number.as_primitive::<Int64Type>();
                let given = times(time, rows)?;
                let added = given
                    .iter()
                    .zip(number)
                    .map(|(time, number)| unit.add(time?, number?))
                    .map(|time| time.filter(|time| civil(*time).is_some()));
                typed(&added.collect(), &time.data_type())?
            }
            (Does::Floor, [unit, time]) => {
                let unit = self.unit(unit)?;
                self.by_the_clock(time, rows, |time| unit.floor(time))?
            }
            (Does::Ceil, [unit, time]) => {
                let unit = self.unit(unit)?;
                self.by_the_clock(time, rows, |time| unit.ceil(time))?
            }
            (Does::Instant, [time]) => self.instants(time, rows)?,
            _ => return exec_err!("{}", self.usage()),
        };
        once(result, &args.args)
    }
}

impl Calendar {
    const fn usage(&self) -> &'static str {
        match self.does {
            Does::Difference => {
                "TIMESTAMPDIFF is TIMESTAMPDIFF(unit, from, to), unit from SECOND to YEAR"
            }
            Does::Add | Does::AddDays => {
                "TIMESTAMPADD is TIMESTAMPADD(unit, number, time), unit from SECOND to YEAR"
            }
            Does::Floor => "FLOOR is FLOOR(time TO unit), unit from SECOND to YEAR",
            Does::Ceil => "CEIL is CEIL(time TO unit), unit from SECOND to YEAR",
            Does::Instant => "a timestamp is cast",
        }
    }

    fn unit(&self, unit: &ColumnarValue) -> Result<Unit> {
        match Texts::new(unit)?.at(0).and_then(Unit::new) {
            Some(unit) => Ok(unit),
            None => exec_err!("{}", self.usage()),
        }
    }

    /// When clocks of the zone show these times, in their unit; days begin at midnight.
    fn instants(&self, shown: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
        let unit = unit_of(Some(&shown.data_type()));
        let finer = match unit {
            TimeUnit::Second | TimeUnit::Millisecond => 1,
            TimeUnit::Microsecond => 1_000,
            TimeUnit::Nanosecond => 1_000_000,
        };
        let shown = shown.cast_to(&DataType::Timestamp(unit, None), None)?;
        let instants = times(&shown, rows)?.unary_opt::<_, Int64Type>(|time| {
            let of = instant(self.zone, time.div_euclid(finer));
            of.checked_mul(finer)?.checked_add(time.rem_euclid(finer))
        });
        let zone = Some(self.zone.name().into());
        Ok(cast(&instants, &DataType::Timestamp(unit, zone))?)
    }

    /// What becomes of what a clock shows, where it is one of the zone.
    fn by_the_clock(
        &self,
        time: &ColumnarValue,
        rows: usize,
        does: impl Fn(i64) -> Option<i64>,
    ) -> Result<ArrayRef> {
        let of = time.data_type();
        let is_local = matches!(of, DataType::Timestamp(_, Some(_)));
        let given = times(time, rows)?;
        let moved = given.iter().map(|time| {
            if is_local {
                does(local(self.zone, time?)).map(|shown| instant(self.zone, shown))
            } else {
                does(time?)
            }
        });
        typed(&moved.collect(), &of)
    }
}

fn both(first: Option<DataType>, second: Option<DataType>) -> Option<Vec<DataType>> {
    Some(vec![DataType::Utf8, first?, second?])
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_null()
}

/// The unit of an instant that is made of such a time; at the coarsest a millisecond.
fn unit_of(shown: Option<&DataType>) -> TimeUnit {
    match shown {
        Some(DataType::Timestamp(unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond), _)) => {
            *unit
        }
        _ => TimeUnit::Millisecond,
    }
}

fn timestamp_type(zone: Option<&str>) -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, zone.map(Into::into))
}

fn timestamp(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(_, zone) => Some(timestamp_type(zone.as_deref())),
        DataType::Date32 | DataType::Utf8 | DataType::Null => Some(timestamp_type(None)),
        _ => None,
    }
}

fn time_or_date(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Date32 => Some(DataType::Date32),
        other => timestamp(other),
    }
}

/// Times in milliseconds.
fn times(value: &ColumnarValue, rows: usize) -> Result<Int64Array> {
    let values = value.clone().into_array(rows)?;
    Ok(match values.data_type() {
        DataType::Date32 => {
            let days = values.as_primitive::<Date32Type>();
            days.unary(|days| i64::from(days) * DAY)
        }
        _ => cast(&values, &DataType::Int64)?
            .as_primitive::<Int64Type>()
            .clone(),
    })
}

/// Milliseconds as times of this type.
fn typed(times: &Int64Array, of: &DataType) -> Result<ArrayRef> {
    Ok(match of {
        DataType::Date32 => {
            let days = times
                .iter()
                .map(|time| i32::try_from(time?.div_euclid(DAY)).ok());
            Arc::new(days.collect::<Date32Array>())
        }
        DataType::Timestamp(_, zone) => {
            let times: PrimitiveArray<TimestampMillisecondType> = times.reinterpret_cast();
            Arc::new(times.with_timezone_opt(zone.clone()))
        }
        other => cast(times, other)?,
    })
}
