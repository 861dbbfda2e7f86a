//! The options of `datagen`: how each column is made up. What a column's type cannot hold is refused.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;

use super::{
    Connector, Generator,
    error::Fault,
    options::{Options, value},
    statement::Setting,
    types,
};

/// A column with its type.
pub(super) type Named<'a> = (&'a str, &'a DataType);

const ROWS_PER_SECOND: u64 = 10_000;

/// How long a text may be: longer ones are no records.
const LENGTH_MAX: usize = 1 << 20;

/// What the options of a table of made up rows say.
pub(super) fn datagen(
    options: &mut Options<'_>,
    columns: &[Named<'_>],
) -> Result<Connector, Fault> {
    let rate = options.number("rows-per-second")?;
    let rows = options.number("number-of-rows")?;
    let mut fields = BTreeMap::new();
    for (name, of) in columns {
        if let Some(generator) = generator(options, name, of)? {
            fields.insert((*name).to_owned(), generator);
        }
    }
    Ok(Connector::Datagen {
        rate: rate.unwrap_or(ROWS_PER_SECOND),
        rows,
        fields,
    })
}

fn generator(
    options: &mut Options<'_>,
    column: &str,
    of: &DataType,
) -> Result<Option<Generator>, Fault> {
    let key = |rest: &str| format!("fields.{column}.{rest}");
    let is_sequence = |text: &str| match text {
        "sequence" => Some(true),
        "random" => Some(false),
        _ => None,
    };
    let expected = "'random' or 'sequence'";
    let is_sequence = options.parsed(&key("kind"), expected, is_sequence)?;
    if is_sequence == Some(true) {
        return sequence(options, column, of).map(Some);
    }
    let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    let min = options.parsed(&key("min"), "a number", finite)?;
    let max = options.parsed(&key("max"), "a number", finite)?;
    for (key, number) in [(key("min"), min), (key("max"), max)] {
        if let (Some(number), Some(setting)) = (number, options.take(&key)) {
            fits(number, setting, column, of)?;
        }
    }
    if let (Some(min), Some(max)) = (min, max) {
        in_order(options, &key("max"), min <= max, &key("min"))?;
    }
    let length = |text: &str| text.parse().ok().filter(|length| *length <= LENGTH_MAX);
    let expected = format!("a number up to {LENGTH_MAX}");
    let length = options.parsed(&key("length"), &expected, length)?;
    let is_said = options.beginning_with(&key("")).next().is_some();
    Ok(is_said.then_some(Generator::Random { min, max, length }))
}

fn sequence(options: &mut Options<'_>, column: &str, of: &DataType) -> Result<Generator, Fault> {
    let key = |rest: &str| format!("fields.{column}.{rest}");
    let ends = [key("start"), key("end")];
    let mut numbers = [0_i64; 2];
    for (key, number) in ends.iter().zip(&mut numbers) {
        let setting = options.required(key)?;
        *number = value(setting, "a whole number", |text| text.parse().ok())?;
        if *of != DataType::Utf8 {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a type's end is not missed by more"
            )]
            fits(*number as f64, setting, column, of)?;
        }
    }
    let ([start, end], [first, last]) = (numbers, &ends);
    in_order(options, last, start <= end, first)?;
    Ok(Generator::Sequence { start, end })
}

/// Refuses a number that the type of its column does not have.
fn fits(number: f64, setting: &Setting, column: &str, of: &DataType) -> Result<(), Fault> {
    let (key, name) = (&setting.key, types::name(of));
    let Some((least, most)) = range(of) else {
        let message = format!("'{key}' is a number, and '{column}' is {name}");
        return Err(Fault::new(setting.at, message));
    };
    if number < least || number > most {
        let message = format!("'{key}' is {}, and '{column}' is {name}", setting.value);
        return Err(Fault::new(setting.value_at, message));
    }
    Ok(())
}

/// The ends of a type of numbers.
fn range(of: &DataType) -> Option<(f64, f64)> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an end is not missed by more than one"
    )]
    let whole = (i64::MIN as f64, i64::MAX as f64);
    Some(match of {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::Int64 => whole,
        DataType::Float32 => (f32::MIN.into(), f32::MAX.into()),
        DataType::Float64 => (f64::MIN, f64::MAX),
        DataType::Decimal128(precision, scale) => {
            let most = 10_f64.powi(i32::from(*precision) - i32::from(*scale));
            let most = most - 10_f64.powi(-i32::from(*scale));
            (-most, most)
        }
        _ => return None,
    })
}

/// Refuses the last of a range that is below its first.
fn in_order(
    options: &mut Options<'_>,
    last: &str,
    is_in_order: bool,
    first: &str,
) -> Result<(), Fault> {
    let setting = options.required(last)?;
    if is_in_order {
        return Ok(());
    }
    let message = format!("'{last}' is {}, which is below '{first}'", setting.value);
    Err(Fault::new(setting.value_at, message))
}
