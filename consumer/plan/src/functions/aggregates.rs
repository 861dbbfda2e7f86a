//! Functions of many rows: what types they take and give in Flink. They compute nothing here: the
//! operators do, by [`Function`].

use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use compute::Named;
use datafusion_common::{Result, ScalarValue, not_impl_err, plan_err};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility, function::AccumulatorArgs,
    function::StateFieldsArgs,
};

use super::super::Function;

/// One of the functions that the operators know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Known {
    Count,
    Sum,
    Average,
    Minimum,
    Maximum,
    First,
    Last,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Aggregate {
    name: &'static str,
    known: Known,
    signature: Signature,
}

const FUNCTIONS: [(&str, Known); 7] = [
    ("count", Known::Count),
    ("sum", Known::Sum),
    ("avg", Known::Average),
    ("min", Known::Minimum),
    ("max", Known::Maximum),
    ("first_value", Known::First),
    ("last_value", Known::Last),
];

/// The functions by name.
pub(super) fn functions() -> Vec<Named<AggregateUDF>> {
    let function = |(name, known)| {
        let aggregate = Aggregate {
            name,
            known,
            signature: Signature::user_defined(Volatility::Immutable),
        };
        (name, Arc::new(AggregateUDF::from(aggregate)))
    };
    FUNCTIONS.into_iter().map(function).collect()
}

/// What the operators call it, where it is one that they know.
pub(in super::super) fn function(planned: &AggregateUDF) -> Option<Function> {
    let is_it = |name: &str| name.eq_ignore_ascii_case(planned.name());
    let known = FUNCTIONS.iter().find(|(name, _)| is_it(name));
    known.map(|(_, known)| match known {
        Known::Count => Function::Count,
        Known::Sum => Function::Sum,
        Known::Average => Function::Average,
        Known::Minimum => Function::Minimum,
        Known::Maximum => Function::Maximum,
        Known::First => Function::First,
        Known::Last => Function::Last,
    })
}

impl AggregateUDFImpl for Aggregate {
    fn name(&self) -> &str {
        // Behind OVER, DataFusion takes these in small letters for functions of its own.
        match self.known {
            Known::First => "FIRST_VALUE",
            Known::Last => "LAST_VALUE",
            _ => self.name,
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.name.to_uppercase();
        let [argument] = arguments else {
            return plan_err!("{name} is of one argument");
        };
        let taken = match self.known {
            Known::Sum | Known::Average => argument.is_numeric(),
            Known::Minimum | Known::Maximum => !argument.is_nested(),
            Known::Count | Known::First | Known::Last => true,
        };
        if taken {
            return Ok(vec![argument.clone()]);
        }
        plan_err!("{name} is not of {}", super::super::types::name(argument))
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let Some(argument) = arguments.first() else {
            return Ok(DataType::Int64);
        };
        Ok(match (self.known, argument) {
            (Known::Count, _) => DataType::Int64,
            (Known::Sum, DataType::Decimal128(_, scale)) => {
                DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale)
            }
            (Known::Average, DataType::Decimal128(_, scale)) => {
                DataType::Decimal128(DECIMAL128_MAX_PRECISION, (*scale).max(6))
            }
            (_, argument) => argument.clone(),
        })
    }

    fn is_nullable(&self) -> bool {
        self.known != Known::Count
    }

    /// What it is of no rows.
    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        match self.known {
            Known::Count => ScalarValue::new_zero(data_type),
            _ => ScalarValue::try_from(data_type),
        }
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        not_impl_err!("{} is computed by the operators", self.name)
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<Arc<arrow::datatypes::Field>>> {
        Ok(Vec::new())
    }
}
