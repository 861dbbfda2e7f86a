//! Rows that are made up: `datagen`.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use arrow::{
    array::{
        ArrayRef, BinaryArray, ListArray, MapArray, PrimitiveArray, RecordBatch,
        RecordBatchOptions, StringArray, StructArray, new_null_array,
    },
    buffer::OffsetBuffer,
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, SchemaRef},
};
use common::time::Clock;
use fastrand::Rng;
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
    random: Rng,
}

/// How a column is made up.
#[derive(Debug)]
enum Made {
    Sequence(i64),
    Random {
        min: f64,
        max: f64,
    },
    Text(usize),
    Truth,
    Now,
    Bytes(usize),
    /// A time of the day.
    Clock,
    Array(Box<Self>),
    Map(Box<[Self; 2]>),
    Row(Vec<Self>),
}

/// How many elements an ARRAY or MAP has, as in Flink.
const ELEMENTS: usize = 3;

const DAY: i64 = 86_400_000;

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
            random: Rng::with_seed(seed),
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
        DataType::Binary => Made::Bytes(length.unwrap_or(TEXT_LENGTH)),
        DataType::Time32(_) => Made::Clock,
        DataType::List(element) => Made::Array(Box::new(made(name, element.data_type(), None)?)),
        DataType::Struct(fields) => {
            let parts = fields.iter();
            let parts = parts.map(|field| made(name, field.data_type(), None));
            Made::Row(parts.collect::<Result<_, _>>()?)
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(parts) = entries.data_type() else {
                return Err(format!("the MAP '{name}' has no entries"));
            };
            let (Some(key), Some(value)) = (parts.first(), parts.last()) else {
                return Err(format!("the MAP '{name}' has no entries"));
            };
            let key = made(name, key.data_type(), None)?;
            Made::Map(Box::new([key, made(name, value.data_type(), None)?]))
        }
        other => {
            return Err(format!(
                "'datagen' makes no column of type {other}, as '{name}' is"
            ));
        }
    })
}

impl Made {
    fn column(&mut self, of: &DataType, rows: usize, random: &mut Rng) -> ArrayRef {
        if let Some(nested) = self.nested(of, rows, random) {
            return nested;
        }
        let column: ArrayRef = match self {
            Self::Sequence(next) => {
                let first = *next;
                let numbers = (0_i64..)
                    .take(rows)
                    .map(|number| first.wrapping_add(number));
                *next = first.wrapping_add(i64::try_from(rows).unwrap_or_default());
                Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(numbers))
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
            Self::Bytes(length) => {
                let mut bytes = || -> Vec<u8> { (0..*length).map(|_| random.u8(..)).collect() };
                Arc::new(BinaryArray::from_iter_values((0..rows).map(|_| bytes())))
            }
            Self::Clock => {
                let times = (0..rows).map(|_| random.i64(0..DAY));
                let times = PrimitiveArray::<Int64Type>::from_iter_values(times);
                cast(&times, &DataType::Int32).expect("a day has fewer milliseconds")
            }
            // These are made above.
            Self::Array(_) | Self::Map(_) | Self::Row(_) => new_null_array(of, rows),
        };
        cast(&column, of).expect("it is made so that it can become what is wanted")
    }
}

impl Made {
    /// A column of several; none of what is single.
    fn nested(&mut self, of: &DataType, rows: usize, random: &mut Rng) -> Option<ArrayRef> {
        let lengths = || OffsetBuffer::from_lengths(std::iter::repeat_n(ELEMENTS, rows));
        Some(match (self, of) {
            (Self::Array(made), DataType::List(element)) => {
                let values = made.column(element.data_type(), rows * ELEMENTS, random);
                Arc::new(ListArray::new(element.clone(), lengths(), values, None))
            }
            (Self::Row(parts), DataType::Struct(fields)) => {
                let parts = parts.iter_mut().zip(fields);
                let parts = parts.map(|(made, field)| made.column(field.data_type(), rows, random));
                Arc::new(StructArray::new(fields.clone(), parts.collect(), None))
            }
            (Self::Map(made), DataType::Map(entries, is_sorted)) => {
                let DataType::Struct(fields) = entries.data_type() else {
                    return None;
                };
                let parts = made.iter_mut().zip(fields);
                let parts = parts
                    .map(|(made, field)| made.column(field.data_type(), rows * ELEMENTS, random));
                let all = StructArray::new(fields.clone(), parts.collect(), None);
                let (entries, is_sorted) = (entries.clone(), *is_sorted);
                Arc::new(MapArray::new(entries, lengths(), all, None, is_sorted))
            }
            _ => return None,
        })
    }
}

fn digit(random: &mut Rng) -> char {
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

#[cfg(test)]
mod tests {
    use arrow::{
        array::{Array, AsArray},
        datatypes::{Field, Fields, Schema, TimeUnit},
    };

    use super::*;

    fn field(name: &str, of: DataType) -> Field {
        Field::new(name, of, false)
    }

    #[tokio::test]
    async fn columns_of_all_types_are_made_up() {
        let row = DataType::Struct(Fields::from(vec![
            field("x", DataType::Int32),
            field("y", DataType::Utf8),
        ]));
        let entries = Fields::from(vec![
            field("key", DataType::Utf8),
            field("value", row.clone()),
        ]);
        let entries = Arc::new(field("entries", DataType::Struct(entries)));
        let schema = Arc::new(Schema::new(vec![
            field(
                "array",
                DataType::List(Arc::new(field("item", row.clone()))),
            ),
            field("map", DataType::Map(entries, false)),
            field("row", row),
            field("bytes", DataType::Binary),
            field("clock", DataType::Time32(TimeUnit::Millisecond)),
        ]));
        let mut made = Generated::new(schema, &BTreeMap::new(), 1000, Some(5)).unwrap();
        let rows = made.rows(5);
        assert_eq!(rows.num_rows(), 5);
        assert_eq!(rows.column(0).as_list::<i32>().value_length(4), 3);
        assert_eq!(rows.column(1).as_map().value_length(0), 3);
        assert!(rows.columns().iter().all(|column| column.null_count() == 0));
    }

    #[tokio::test]
    async fn a_sequence_ends_with_the_greatest_number_there_is() {
        let schema = Arc::new(Schema::new(vec![field("a", DataType::Int64)]));
        let (start, end) = (i64::MAX - 1, i64::MAX);
        let fields = BTreeMap::from([("a".to_owned(), Generator::Sequence { start, end })]);
        let mut made = Generated::new(schema, &fields, 1000, None).unwrap();
        assert_eq!(made.rows_max, Some(2));
        let numbers = made.rows(2);
        let numbers = numbers.column(0).as_primitive::<Int64Type>();
        assert_eq!(numbers.values(), &[i64::MAX - 1, i64::MAX]);
    }
}
