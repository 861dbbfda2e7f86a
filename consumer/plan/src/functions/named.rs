//! Casts with names. Without them a column that is cast is called as the column that it is cast from,
//! and no two columns of an aggregate may be called the same.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, exec_err, plan_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// What a cast is rewritten to: the cast itself, and texts that say of which kind it is and to
/// which type.
pub(in super::super) const CAST_AS: &str = "cast_as";

#[derive(Debug, PartialEq, Eq, Hash)]
struct CastAs(Signature);

/// The function, which is there only while names are given.
pub(super) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::any(3, Volatility::Immutable);
    Arc::new(ScalarUDF::from(CastAs(signature)))
}

impl ScalarUDFImpl for CastAs {
    fn name(&self) -> &'static str {
        CAST_AS
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [value, Expr::Literal(cast, _), Expr::Literal(of, _)] => {
                Ok(format!("{cast}({} AS {of})", value.schema_name()))
            }
            _ => plan_err!("a cast has a value, a name and a type"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("its type is that of its value")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(value) => Ok(value.clone()),
            None => plan_err!("a cast has a value"),
        }
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        exec_err!("names are taken away before rows come")
    }
}
