//! Functions that make a text as long as a number says: `REPEAT`, `LPAD` and `RPAD`. The number may be
//! anybody's, so where the text would be longer than a record may be, there is none.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array},
    compute::cast,
    datatypes::{DataType, FieldRef, Int64Type},
};
use common::limits::RECORD_BYTES_MAX;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use super::text::once;

/// A function whose second argument says how long its result is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Long {
    of: Arc<ScalarUDF>,
    counts: Counts,
}

/// What the number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counts {
    /// Times that the text stands there.
    Texts,
    /// Characters, of up to four bytes each.
    Characters,
}

/// The function, with a bound.
pub fn bounded(of: Arc<ScalarUDF>, counts: Counts) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Long { of, counts }))
}

impl ScalarUDFImpl for Long {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.of.coerce_types(given)
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.of.return_type(given)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.of.return_field_from_args(args)?;
        Ok(Arc::new(field.as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, number, ..] = args.args.as_slice() else {
            return exec_err!("{} is of a text and a number", self.name());
        };
        let of = number.data_type();
        let texts = cast(&text.to_array(args.number_rows)?, &DataType::Utf8)?;
        let numbers = cast(&number.to_array(args.number_rows)?, &DataType::Int64)?;
        let kept = self.kept(&texts, &numbers);
        if kept.null_count() == numbers.null_count() {
            return self.of.invoke_with_args(args);
        }
        let given = args.args.clone();
        if let Some(number) = args.args.get_mut(1) {
            *number = ColumnarValue::Array(cast(&kept, &of)?);
        }
        let rows = args.number_rows;
        once(self.of.invoke_with_args(args)?.into_array(rows)?, &given)
    }
}

impl Long {
    /// The numbers that are not too great.
    fn kept(&self, texts: &ArrayRef, numbers: &ArrayRef) -> Int64Array {
        let texts = texts.as_string::<i32>().iter();
        let all = texts.zip(numbers.as_primitive::<Int64Type>());
        all.map(|(text, number)| {
            let each = match self.counts {
                Counts::Texts => text.map_or(0, str::len),
                Counts::Characters => size_of::<char>(),
            };
            let most = RECORD_BYTES_MAX.checked_div(each).unwrap_or(usize::MAX);
            number.filter(|number| usize::try_from(*number).unwrap_or(0) <= most)
        })
        .collect()
    }
}
