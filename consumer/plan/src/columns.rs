//! A column is of a type that Flink has and that results can be written in, whatever it was computed by.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion_common::Result;
use datafusion_expr::LogicalPlan;

use super::{
    conditions::place,
    error::{Fault, NOWHERE},
    types,
};

/// Refuses columns of other types, in whatever part of a plan they are.
pub(super) fn refuse_others(plan: &LogicalPlan) -> Result<()> {
    for input in plan.inputs() {
        refuse_others(input)?;
    }
    let values = plan.expressions();
    for (number, field) in plan.schema().fields().iter().enumerate() {
        if !may_be(field.data_type()) {
            let at = values.get(number).map_or(NOWHERE, place);
            return Err(refused(field.data_type()).or_at(at).into());
        }
    }
    Ok(())
}

/// That no column is of this type.
pub(super) fn refused(of: &DataType) -> Fault {
    let what = format!("a column of type {}", types::name(of));
    let instead = match of {
        DataType::Interval(_) => "an interval is added to a time, or taken from one",
        _ => "there are numbers, STRING, BYTES, times, ROW, ARRAY and MAP; write CAST",
    };
    Fault::unsupported(NOWHERE, &what, instead)
}

/// Whether a column may be of this type. Texts and bytes that are held in another way are made plain
/// before they are rows.
pub(super) fn may_be(of: &DataType) -> bool {
    use DataType as T;
    match of {
        T::Null | T::Boolean | T::Date32 | T::Float32 | T::Float64 => true,
        T::Utf8 | T::Utf8View | T::LargeUtf8 => true,
        T::Binary | T::BinaryView | T::LargeBinary => true,
        T::Timestamp(unit, _) => *unit != TimeUnit::Second,
        T::Time32(unit) => *unit == TimeUnit::Millisecond,
        T::Decimal128(_, scale) => *scale >= 0,
        T::List(element) => may_be(element.data_type()),
        T::Struct(fields) => fields.iter().all(|field| may_be(field.data_type())),
        T::Map(entries, _) => may_be(entries.data_type()),
        of => of.is_signed_integer(),
    }
}
