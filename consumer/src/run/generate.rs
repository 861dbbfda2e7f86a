//! Rows that are made up: `datagen`.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use arrow::array::PrimitiveArray;
use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, SchemaRef},
};
use common::time::Clock;
use futures_util::Stream;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::plan::Generator;

/// How often rows are made.
const PACE: Duration = Duration::from_millis(10);

/// So many rows come at once, at the most.
const ROWS_MAX: u64 = 8192;

/// How long a text is where that is not said, as Flink has it.
const TEXT_LENGTH: usize = 100;

/// Rows that are made up, at a pace.
#[derive(Debug)]
pub(super) struct Generated {
    schema: SchemaRef,
    columns: Vec<Made>,
    rate: u64,
    rows_max: Option<u64>,
    made: u64,
    begun: Option<Instant>,
    pace: Interval,
    random: fastrand::Rng,
}

/// How a column is made up.
#[derive(Debug)]
enum Made {
    Sequence(i64),
    Random { min: f64, max: f64 },
    Text(usize),
    Truth,
    Now,
}

impl Generated {
    /// Rows of this schema, so many a second and so many in all.
    ///
    /// # Errors
    /// A column has a type that cannot be made up.
    pub(super) fn new(
        schema: SchemaRef,
        fields: &BTreeMap<String, Generator>,
        rate: u64,
        rows: Option<u64>,
    ) -> Result<Self, String> {
        let mut rows_max = rows;
        let columns = schema.fields().iter().map(|field| {
            let generator = fields.get(field.name());
            if let Some(Generator::Sequence { start, end }) = generator {
                let length = end.abs_diff(*start).saturating_add(1);
                let length = if end < start { 0 } else { length };
                rows_max = Some(rows_max.unwrap_or(u64::MAX).min(length));
            }
            made(field.name(), field.data_type(), generator)
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let seed = fastrand::u64(..);
        tracing::debug!(seed, "the seed of rows that are made up");
        Ok(Self {
            schema,
            columns,
            rate: rate.max(1),
            rows_max,
            made: 0,
            begun: None,
            pace,
            random: fastrand::Rng::with_seed(seed),
        })
    }

    /// How many rows should have been made by now, and were not.
    fn due(&mut self) -> u64 {
        let begun = *self.begun.get_or_insert_with(Instant::now);
        let since = begun.elapsed() + PACE;
        let due = since.as_micros().saturating_mul(u128::from(self.rate)) / 1_000_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        let due = due.min(self.rows_max.unwrap_or(u64::MAX));
        due.saturating_sub(self.made).min(ROWS_MAX)
    }

    fn rows(&mut self, rows: u64) -> RecordBatch {
        let count = usize::try_from(rows).unwrap_or_default();
        let random = &mut self.random;
        let columns = self.columns.iter_mut().zip(self.schema.fields());
        let columns: Vec<_> = columns
            .map(|(made, field)| made.column(field.data_type(), count, random))
            .collect();
        self.made += rows;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .expect("columns are made for the schema, and have no nulls")
    }
}

impl Stream for Generated {
    type Item = RecordBatch;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<RecordBatch>> {
        loop {
            if self.rows_max.is_some_and(|max| self.made >= max) {
                return Poll::Ready(None);
            }
            let due = self.due();
            if due > 0 {
                return Poll::Ready(Some(self.rows(due)));
            }
            std::task::ready!(self.pace.poll_tick(context));
        }
    }
}

fn made(name: &str, of: &DataType, generator: Option<&Generator>) -> Result<Made, String> {
    let (min, max, length) = match generator {
        Some(Generator::Sequence { start, .. }) => return Ok(Made::Sequence(*start)),
        Some(Generator::Random { min, max, length }) => (*min, *max, *length),
        None => (None, None, None),
    };
    let between = |least: f64, most: f64| Made::Random {
        min: min.unwrap_or(least),
        max: max.unwrap_or(most),
    };
    Ok(match of {
        DataType::Int8 => between(i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => between(i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => between(i32::MIN.into(), i32::MAX.into()),
        #[expect(clippy::cast_precision_loss, reason = "chance needs no exact bounds")]
        DataType::Int64 => between(i64::MIN as f64, i64::MAX as f64),
        DataType::Float32 => between(f32::MIN.into(), f32::MAX.into()),
        DataType::Float64 => between(0.0, 1.0),
        DataType::Decimal128(..) => between(0.0, 1.0),
        DataType::Utf8 => Made::Text(length.unwrap_or(TEXT_LENGTH)),
        DataType::Boolean => Made::Truth,
        DataType::Timestamp(..) | DataType::Date32 => Made::Now,
        other => {
            return Err(format!(
                "'datagen' makes no column of type {other}, as '{name}' is"
            ));
        }
    })
}

impl Made {
    fn column(&mut self, of: &DataType, rows: usize, random: &mut fastrand::Rng) -> ArrayRef {
        let column: ArrayRef = match self {
            Self::Sequence(next) => {
                let first = *next;
                *next += i64::try_from(rows).unwrap_or_default();
                Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(first..*next))
            }
            Self::Random { min, max } if of.is_integer() => {
                let (min, max) = (whole(*min), whole(*max).max(whole(*min)));
                let values = (0..rows).map(|_| random.i64(min..=max));
                Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(values))
            }
            Self::Random { min, max } => {
                let values = (0..rows).map(|_| *min + random.f64() * (*max - *min));
                Arc::new(PrimitiveArray::<Float64Type>::from_iter_values(values))
            }
            Self::Text(length) => {
                let mut text = || -> String { (0..*length).map(|_| digit(random)).collect() };
                Arc::new(StringArray::from_iter_values((0..rows).map(|_| text())))
            }
            Self::Truth => {
                let values = (0..rows).map(|_| Some(random.bool()));
                Arc::new(values.collect::<arrow::array::BooleanArray>())
            }
            Self::Now => {
                let now = Clock::System.now().0;
                let values = std::iter::repeat_n(now, rows);
                let unit = arrow::datatypes::TimeUnit::Millisecond;
                let times = PrimitiveArray::<Int64Type>::from_iter_values(values);
                cast(&times, &DataType::Timestamp(unit, None)).expect("it is the same in memory")
            }
        };
        cast(&column, of).expect("it is made so that it can become what is wanted")
    }
}

fn digit(random: &mut fastrand::Rng) -> char {
    random.digit(16)
}

/// The whole number next to it, as far as there is one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "it ends at the greatest there is"
)]
const fn whole(number: f64) -> i64 {
    number as i64
}
