//! Types by the names that they have in Flink.

use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};

/// The type as Flink writes it.
#[must_use]
pub fn name(data_type: &DataType) -> String {
    let text = match data_type {
        DataType::Null => "NULL",
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "STRING",
        DataType::Binary | DataType::BinaryView | DataType::LargeBinary => "BYTES",
        DataType::Date32 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Decimal128(precision, scale) => return format!("DECIMAL({precision}, {scale})"),
        DataType::Timestamp(unit, zone) => {
            let name = zone.as_ref().map_or("TIMESTAMP", |_| "TIMESTAMP_LTZ");
            return format!("{name}({})", digits(*unit));
        }
        DataType::List(element) => return format!("ARRAY<{}>", name(element.data_type())),
        DataType::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| format!("{} {}", field.name(), name(field.data_type())));
            return format!("ROW<{}>", fields.collect::<Vec<_>>().join(", "));
        }
        DataType::Map(entries, _) => return of_map(entries.data_type()),
        DataType::Interval(IntervalUnit::MonthDayNano) => "INTERVAL",
        other => return other.to_string(),
    };
    text.to_owned()
}

fn of_map(entries: &DataType) -> String {
    match entries {
        DataType::Struct(fields) => {
            let types = fields.iter().map(|field| name(field.data_type()));
            format!("MAP<{}>", types.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

const fn digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}
