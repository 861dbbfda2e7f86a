//! Bytes as text, as in Java: what is no UTF-8 is replaced, and is no end of the job.

use std::sync::Arc;

use arrow::{
    array::{AsArray, StringArray},
    datatypes::DataType,
};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::text::once;

#[derive(Debug, PartialEq, Eq, Hash)]
struct BytesText(Signature);

/// The function.
pub fn bytes_text() -> ScalarUDF {
    let binary = vec![DataType::Binary];
    let signature = Signature::uniform(1, binary, Volatility::Immutable);
    ScalarUDF::from(BytesText(signature))
}

impl ScalarUDFImpl for BytesText {
    fn name(&self) -> &'static str {
        "bytes_text"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [bytes] = args.args.as_slice() else {
            return exec_err!("text is of one value");
        };
        let bytes = bytes.clone().into_array(args.number_rows)?;
        let texts = bytes.as_binary::<i32>().iter();
        let texts: StringArray = texts
            .map(|bytes| bytes.map(String::from_utf8_lossy))
            .collect();
        once(Arc::new(texts), &args.args)
    }
}
