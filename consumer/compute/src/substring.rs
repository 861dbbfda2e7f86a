//! `SUBSTRING`: places count from 1, and from the end where they are below zero.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, StringBuilder},
    datatypes::{DataType, Int64Type},
};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::text::{Texts, once};

#[derive(Debug, PartialEq, Eq, Hash)]
struct Substring(Signature);

const USAGE: &str = "SUBSTRING is SUBSTRING(text, from [, length])";

/// The function.
pub(super) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::from(Substring(signature)))
}

impl ScalarUDFImpl for Substring {
    fn name(&self) -> &'static str {
        "substring"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (DataType::Utf8 | DataType::Null, [_, _] | [_, _, _]) =
            (given.first().unwrap_or(&DataType::Int8), given)
        else {
            return plan_err!("{USAGE}");
        };
        let mut places = given.iter().skip(1);
        if !places.all(|of| of.is_integer() || of.is_null()) {
            return plan_err!("{USAGE}");
        }
        let places = given.iter().skip(1).map(|_| DataType::Int64);
        Ok([DataType::Utf8].into_iter().chain(places).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [text, from, rest @ ..] = args.args.as_slice() else {
            return exec_err!("{USAGE}");
        };
        let texts = Texts::new(text)?;
        let numbers = |value: &ColumnarValue| value.clone().into_array(rows);
        let from = numbers(from)?;
        let from = from.as_primitive::<Int64Type>();
        let lengths = rest.first().map(numbers).transpose()?;
        let lengths = lengths.as_ref().map(|all| all.as_primitive::<Int64Type>());
        let mut parts = StringBuilder::with_capacity(rows, 0);
        for row in 0..rows {
            let is_known = from.is_valid(row) && lengths.is_none_or(|all| all.is_valid(row));
            let text = texts.at(row).filter(|_| is_known);
            let length = lengths.map_or(i64::MAX, |all| all.value(row));
            parts.append_option(text.and_then(|text| part(text, from.value(row), length)));
        }
        let parts: ArrayRef = Arc::new(parts.finish());
        once(parts, &args.args)
    }
}

/// So many characters from that place on; none where their number is below zero.
fn part(text: &str, from: i64, length: i64) -> Option<&str> {
    let length = usize::try_from(length).ok()?;
    let skipped = match usize::try_from(from) {
        Ok(from) => from.saturating_sub(1),
        Err(_) => {
            let back = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
            match text.chars().count().checked_sub(back) {
                Some(skipped) => skipped,
                None => return Some(""),
            }
        }
    };
    let place = |text: &str, number: usize| text.char_indices().nth(number).map(|(at, _)| at);
    let Some(begin) = place(text, skipped) else {
        return Some("");
    };
    let (_, rest) = text.split_at_checked(begin)?;
    let end = place(rest, length).unwrap_or(rest.len());
    rest.get(..end)
}
