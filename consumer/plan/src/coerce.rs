//! The rows of a query for a table: column by column in order, cast where Flink casts by itself.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::{ExprSchema, ScalarValue};
use datafusion_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use datafusion_sql::sqlparser::{ast::Ident, tokenizer::Location};

use super::{
    Origin, Table,
    catalog::{Declared, Value},
    error::{Fault, begin, did_you_mean},
    table::Column,
    types,
};

/// The table with the columns that are written.
pub(super) fn written(declared: &Declared, at: Location) -> Result<Arc<Table>, Fault> {
    let table = &declared.table;
    let is_virtual = |number: usize| {
        let values = declared.columns.iter().map(|column| &column.value);
        values
            .clone()
            .any(|value| matches!(value, Value::Virtual(of) if *of == number))
    };
    let kept: Vec<_> = (0..table.columns.len())
        .filter(|number| !is_virtual(*number))
        .collect();
    let columns: Vec<_> = kept
        .iter()
        .filter_map(|number| table.columns.get(*number))
        .collect();
    let metadata = columns.iter().find(|column| column.origin != Origin::Field);
    if let Some(metadata) = metadata {
        let what = format!("writing the metadata '{}'", metadata.name);
        return Err(Fault::unsupported(at, &what, "declare it VIRTUAL"));
    }
    if columns.len() == table.columns.len() {
        return Ok(table.clone());
    }
    let key = table.primary_key.iter();
    let key = key.filter_map(|number| kept.iter().position(|kept| kept == number));
    Ok(Arc::new(Table {
        primary_key: key.collect(),
        columns: columns.into_iter().cloned().collect(),
        ..table.as_ref().clone()
    }))
}

/// The plan's rows as rows of the table. `named` are the columns that it gives; none is all.
pub(super) fn coerced(
    plan: LogicalPlan,
    table: &Table,
    named: &[Ident],
    at: Location,
) -> Result<LogicalPlan, Fault> {
    let places = places(table, named)?;
    let given = plan.schema().columns();
    if given.len() != places.len() {
        let message = format!(
            "the query gives {} columns, and '{}' takes {}: {}",
            given.len(),
            table.name,
            places.len(),
            names(table, &places)
        );
        return Err(Fault::new(at, message));
    }
    let mut values = Vec::new();
    for (number, column) in table.columns.iter().enumerate() {
        let place = places.iter().position(|place| *place == number);
        let value = match place.and_then(|place| given.get(place)) {
            Some(value) => {
                let from = plan.schema().data_type(value)?.clone();
                value_of(Expr::Column(value.clone()), &from, column, at)?
            }
            None if column.nullable => cast(lit(ScalarValue::Null), column.data_type.clone()),
            None => {
                let message = format!(
                    "the column '{}' may not be null, so it has to be given",
                    column.name
                );
                return Err(Fault::new(at, message));
            }
        };
        values.push(value.alias(&column.name));
    }
    Ok(LogicalPlanBuilder::from(plan).project(values)?.build()?)
}

fn places(table: &Table, named: &[Ident]) -> Result<Vec<usize>, Fault> {
    if named.is_empty() {
        return Ok((0..table.columns.len()).collect());
    }
    let place = |name: &Ident| {
        let names = || table.columns.iter().map(|column| column.name.as_str());
        let place = names().position(|known| known == name.value);
        place.ok_or_else(|| {
            let hint = did_you_mean(&name.value, names());
            let message = format!("'{}' has no column '{}'{hint}", table.name, name.value);
            Fault::new(begin(name.span), message)
        })
    };
    let places = named.iter().map(place).collect::<Result<Vec<_>, Fault>>()?;
    let is_twice = |number: usize| {
        places
            .iter()
            .take(number)
            .any(|place| places.get(number) == Some(place))
    };
    match named
        .iter()
        .enumerate()
        .find(|(number, _)| is_twice(*number))
    {
        None => Ok(places),
        Some((_, name)) => {
            let message = format!("the column '{}' is given twice", name.value);
            Err(Fault::new(begin(name.span), message))
        }
    }
}

fn names(table: &Table, places: &[usize]) -> String {
    let columns = places.iter().filter_map(|place| table.columns.get(*place));
    let names: Vec<_> = columns.map(|column| column.name.as_str()).collect();
    names.join(", ")
}

fn value_of(value: Expr, from: &DataType, column: &Column, at: Location) -> Result<Expr, Fault> {
    let to = &column.data_type;
    if from.equals_datatype(to) {
        return Ok(value);
    }
    if casts_by_itself(from, to) {
        return Ok(cast(value, to.clone()));
    }
    let (name, from, to) = (&column.name, types::name(from), types::name(to));
    let message =
        format!("the column '{name}' is {to}, and the query gives {from}; write CAST(… AS {to})");
    Err(Fault::new(at, message))
}

/// Whether Flink casts without being told to.
fn casts_by_itself(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    let is_text = |of: &T| matches!(of, T::Utf8 | T::Utf8View | T::LargeUtf8);
    let is_bytes = |of: &T| matches!(of, T::Binary | T::BinaryView | T::LargeBinary);
    match (from, to) {
        (T::Null, _)
        | (T::Timestamp(..), T::Timestamp(..))
        | (T::Timestamp(_, None), T::Date32 | T::Time32(_))
        | (T::Time32(_) | T::Time64(_), T::Time32(_)) => true,
        (from, to) if is_text(from) => is_text(to),
        (from, to) if is_bytes(from) => is_bytes(to),
        (from, T::Decimal128(..) | T::Float64) => from.is_numeric(),
        (from, T::Float32) => from.is_numeric() && *from != T::Float64,
        (from, to) if from.is_signed_integer() && to.is_signed_integer() => {
            from.primitive_width() <= to.primitive_width()
        }
        (T::List(from), T::List(to)) => casts_or_is(from.data_type(), to.data_type()),
        (T::Struct(from), T::Struct(to)) => {
            let mut both = from.iter().zip(to.iter());
            from.len() == to.len()
                && both.all(|(from, to)| casts_or_is(from.data_type(), to.data_type()))
        }
        _ => false,
    }
}

/// Whether Flink casts without being told to, or has nothing to cast.
pub(super) fn casts_or_is(from: &DataType, to: &DataType) -> bool {
    from.equals_datatype(to) || casts_by_itself(from, to)
}
