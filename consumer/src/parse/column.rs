//! A column in the making. It can be cut back to any of its rows, so what fails midway leaves no trace.

use std::sync::Arc;

use arrow::{
    array::{
        ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Decimal128Array, ListArray,
        MapArray, PrimitiveArray, StringArray, StructArray, TimestampMicrosecondArray,
        TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
    },
    buffer::{BooleanBuffer, NullBuffer, ScalarBuffer},
    datatypes::{
        DataType, Date32Type, Field, FieldRef, Fields, Float32Type, Float64Type, Int8Type,
        Int16Type, Int32Type, Int64Type, Time32MillisecondType, TimeUnit,
    },
};

use super::{
    moment::Minute,
    object::Object,
    pieces::{Pieces, cut, end, offsets, taken},
};

/// A column in the making.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// How many values it has.
    pub(super) rows: usize,
    pub(super) nullable: bool,
    /// Which values are there; it ends behind the last null.
    present: Vec<bool>,
    pub(super) values: Values,
}

/// Values by their type.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Boolean(Vec<bool>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal(Decimals),
    Text(Pieces),
    Bytes(Pieces),
    Date(Vec<i32>),
    Time(Vec<i32>),
    Moment(Moments),
    Row(Box<Rows>),
    List(Box<List>),
    Map(Box<Map>),
}

/// Decimals as whole numbers of their last place.
#[derive(Debug, Clone)]
pub(super) struct Decimals {
    pub(super) values: Vec<i128>,
    pub(super) precision: u8,
    pub(super) scale: i8,
}

#[derive(Debug, Clone)]
pub(super) struct Moments {
    pub(super) values: Vec<i64>,
    pub(super) unit: TimeUnit,
    pub(super) zone: Option<Arc<str>>,
    pub(super) minute: Minute,
}

/// Objects with the same members.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    fields: Fields,
    pub(super) object: Object,
}

#[derive(Debug, Clone)]
pub(super) struct List {
    field: FieldRef,
    ends: Vec<i32>,
    pub(super) element: Column,
}

#[derive(Debug, Clone)]
pub(super) struct Map {
    field: FieldRef,
    members: Fields,
    ends: Vec<i32>,
    pub(super) keys: Column,
    pub(super) values: Column,
}

/// Why columns cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A type that no value of the format can have.
    #[error("column {name:?}: values of type {data_type} cannot be read")]
    Type {
        /// The column, or the part of it.
        name: String,
        /// Its type.
        data_type: DataType,
    },
    /// A column that is no field of a line.
    #[error("column {0:?} is no field of the line")]
    Field(String),
    /// A character that takes more than a byte.
    #[error("{0:?} is not ASCII: it can neither separate nor quote fields")]
    Character(char),
}

impl Column {
    /// An empty column.
    pub(super) fn new(field: &Field) -> Result<Self, Unreadable> {
        Ok(Self {
            rows: 0,
            nullable: field.is_nullable(),
            present: Vec::new(),
            values: Values::new(field)?,
        })
    }

    /// Adds a null. Where there may be none, it stands in for what is taken back or not looked at.
    pub(super) fn add_null(&mut self) {
        self.present.resize(self.rows, true);
        self.present.push(false);
        self.values.add_default();
        self.rows += 1;
    }

    /// Cuts it back to its first `rows` values, and to no part of another.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.present.truncate(rows);
        self.values.truncate(rows);
        self.rows = self.rows.min(rows);
    }

    /// The column, which begins anew.
    pub(super) fn finish(&mut self) -> ArrayRef {
        let rows = std::mem::take(&mut self.rows);
        let mut present = std::mem::take(&mut self.present);
        let nulls = (!present.is_empty()).then(|| {
            present.resize(rows, true);
            NullBuffer::from(present)
        });
        self.values.finish(rows, nulls)
    }
}

impl Values {
    fn new(field: &Field) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::Type {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
        };
        Ok(match field.data_type() {
            DataType::Boolean => Self::Boolean(Vec::new()),
            DataType::Int8 => Self::Int8(Vec::new()),
            DataType::Int16 => Self::Int16(Vec::new()),
            DataType::Int32 => Self::Int32(Vec::new()),
            DataType::Int64 => Self::Int64(Vec::new()),
            DataType::Float32 => Self::Float32(Vec::new()),
            DataType::Float64 => Self::Float64(Vec::new()),
            DataType::Decimal128(precision, scale) => Self::Decimal(Decimals {
                values: Vec::new(),
                precision: *precision,
                scale: *scale,
            }),
            DataType::Utf8 => Self::Text(Pieces::new()),
            DataType::Binary => Self::Bytes(Pieces::new()),
            DataType::Date32 => Self::Date(Vec::new()),
            DataType::Time32(TimeUnit::Millisecond) => Self::Time(Vec::new()),
            DataType::Timestamp(unit, zone) => Self::Moment(Moments {
                values: Vec::new(),
                unit: *unit,
                zone: zone.clone(),
                minute: Minute::NONE,
            }),
            DataType::Struct(fields) => Self::Row(Box::new(Rows {
                fields: fields.clone(),
                object: Object::new(fields)?,
            })),
            DataType::List(field) => Self::List(Box::new(List {
                field: field.clone(),
                ends: vec![0],
                element: Column::new(field)?,
            })),
            DataType::Map(field, false) => {
                Self::Map(Box::new(Map::new(field).ok_or_else(unreadable)??))
            }
            _ => return Err(unreadable()),
        })
    }

    fn add_default(&mut self) {
        match self {
            Self::Boolean(values) => values.push(false),
            Self::Int8(values) => values.push(0),
            Self::Int16(values) => values.push(0),
            Self::Int32(values) | Self::Date(values) | Self::Time(values) => values.push(0),
            Self::Int64(values) => values.push(0),
            Self::Float32(values) => values.push(0.0),
            Self::Float64(values) => values.push(0.0),
            Self::Decimal(decimals) => decimals.values.push(0),
            Self::Text(pieces) | Self::Bytes(pieces) => pieces.end(),
            Self::Moment(moments) => moments.values.push(0),
            Self::Row(rows) => rows.object.add_nulls(),
            Self::List(list) => list.end(),
            Self::Map(map) => map.end(),
        }
    }

    fn truncate(&mut self, rows: usize) {
        match self {
            Self::Boolean(values) => values.truncate(rows),
            Self::Int8(values) => values.truncate(rows),
            Self::Int16(values) => values.truncate(rows),
            Self::Int32(values) | Self::Date(values) | Self::Time(values) => values.truncate(rows),
            Self::Int64(values) => values.truncate(rows),
            Self::Float32(values) => values.truncate(rows),
            Self::Float64(values) => values.truncate(rows),
            Self::Decimal(decimals) => decimals.values.truncate(rows),
            Self::Text(pieces) | Self::Bytes(pieces) => pieces.truncate(rows),
            Self::Moment(moments) => moments.values.truncate(rows),
            Self::Row(row) => row.object.truncate(rows),
            Self::List(list) => {
                let elements = cut(&mut list.ends, rows);
                list.element.truncate(elements);
            }
            Self::Map(map) => {
                let members = cut(&mut map.ends, rows);
                map.keys.truncate(members);
                map.values.truncate(members);
            }
        }
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> ArrayRef {
        match self {
            Self::Boolean(values) => {
                Arc::new(BooleanArray::new(BooleanBuffer::from(taken(values)), nulls))
            }
            Self::Int8(values) => primitive::<Int8Type>(values, nulls),
            Self::Int16(values) => primitive::<Int16Type>(values, nulls),
            Self::Int32(values) => primitive::<Int32Type>(values, nulls),
            Self::Int64(values) => primitive::<Int64Type>(values, nulls),
            Self::Float32(values) => primitive::<Float32Type>(values, nulls),
            Self::Float64(values) => primitive::<Float64Type>(values, nulls),
            Self::Decimal(decimals) => decimals.finish(nulls),
            Self::Text(pieces) => {
                let (ends, bytes) = pieces.finish();
                let array = StringArray::try_new(ends, bytes, nulls);
                Arc::new(array.expect("pieces of a text, cut where ASCII stands"))
            }
            Self::Bytes(pieces) => {
                let (ends, bytes) = pieces.finish();
                Arc::new(BinaryArray::new(ends, bytes, nulls))
            }
            Self::Date(values) => primitive::<Date32Type>(values, nulls),
            Self::Time(values) => primitive::<Time32MillisecondType>(values, nulls),
            Self::Moment(moments) => moments.finish(nulls),
            Self::Row(row) => {
                let columns = row.object.finish();
                let array =
                    StructArray::try_new_with_length(row.fields.clone(), columns, nulls, rows);
                Arc::new(array.expect("columns of one length, of the fields' types"))
            }
            Self::List(list) => list.finish(nulls),
            Self::Map(map) => map.finish(nulls),
        }
    }
}

fn primitive<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let values = ScalarBuffer::from(taken(values));
    Arc::new(PrimitiveArray::<T>::new(values, nulls))
}

impl Decimals {
    fn finish(&mut self, nulls: Option<NullBuffer>) -> ArrayRef {
        let values = ScalarBuffer::from(taken(&mut self.values));
        let array = Decimal128Array::new(values, nulls);
        let array = array.with_precision_and_scale(self.precision, self.scale);
        Arc::new(array.expect("the planner's types have a precision that a decimal can have"))
    }
}

impl Moments {
    fn finish(&mut self, nulls: Option<NullBuffer>) -> ArrayRef {
        let values = ScalarBuffer::from(taken(&mut self.values));
        let zone = self.zone.clone();
        match self.unit {
            TimeUnit::Second => {
                Arc::new(TimestampSecondArray::new(values, nulls).with_timezone_opt(zone))
            }
            TimeUnit::Millisecond => {
                Arc::new(TimestampMillisecondArray::new(values, nulls).with_timezone_opt(zone))
            }
            TimeUnit::Microsecond => {
                Arc::new(TimestampMicrosecondArray::new(values, nulls).with_timezone_opt(zone))
            }
            TimeUnit::Nanosecond => {
                Arc::new(TimestampNanosecondArray::new(values, nulls).with_timezone_opt(zone))
            }
        }
    }
}

impl List {
    /// The elements since the last end are a list.
    pub(super) fn end(&mut self) {
        self.ends.push(end(self.element.rows));
    }

    fn finish(&mut self, nulls: Option<NullBuffer>) -> ArrayRef {
        let elements = self.element.finish();
        let ends = offsets(&mut self.ends);
        Arc::new(ListArray::new(self.field.clone(), ends, elements, nulls))
    }
}

impl Map {
    /// None where its keys are no strings.
    fn new(field: &FieldRef) -> Option<Result<Self, Unreadable>> {
        let DataType::Struct(members) = field.data_type() else {
            return None;
        };
        let [key, value] = members.as_ref() else {
            return None;
        };
        let keys = Column::new(key).ok()?;
        if !matches!(keys.values, Values::Text(_)) {
            return None;
        }
        Some(Column::new(value).map(|values| Self {
            field: field.clone(),
            members: members.clone(),
            ends: vec![0],
            keys,
            values,
        }))
    }

    /// The members since the last end are a map.
    pub(super) fn end(&mut self) {
        self.ends.push(end(self.keys.rows));
    }

    fn finish(&mut self, nulls: Option<NullBuffer>) -> ArrayRef {
        let members = vec![self.keys.finish(), self.values.finish()];
        let members = StructArray::new(self.members.clone(), members, None);
        let ends = offsets(&mut self.ends);
        Arc::new(MapArray::new(
            self.field.clone(),
            ends,
            members,
            nulls,
            false,
        ))
    }
}
