//! The types of the expressions of a plan. That of a chain of operators is told from all of its operands: it
//! is kept of each of them, so that who asks for all of them looks at each once.

use std::{cell::RefCell, collections::HashMap};

use arrow::datatypes::DataType;
use datafusion_common::{DFSchema, Result};
use datafusion_expr::{BinaryExpr, Expr, ExprSchemable, type_coercion::binary::BinaryTypeCoercer};

/// Types of expressions over the same columns, which stay where they are.
#[derive(Debug)]
pub(super) struct Typed {
    schema: DFSchema,
    known: RefCell<HashMap<*const BinaryExpr, DataType>>,
}

impl Typed {
    pub(super) fn new(schema: DFSchema) -> Self {
        Self {
            schema,
            known: RefCell::default(),
        }
    }

    /// The type of an expression.
    pub(super) fn of(&self, expression: &Expr) -> Result<DataType> {
        let (mut at, mut chain) = (expression, Vec::new());
        let mut of = loop {
            let Expr::BinaryExpr(operation) = at else {
                break at.get_type(&self.schema)?;
            };
            if let Some(known) = self.known.borrow().get(&std::ptr::from_ref(operation)) {
                break known.clone();
            }
            chain.push(operation);
            at = &operation.left;
        };
        for operation in chain.into_iter().rev() {
            let right = self.of(&operation.right)?;
            of = BinaryTypeCoercer::new(&of, &operation.op, &right).get_result_type()?;
            let mut known = self.known.borrow_mut();
            known.insert(std::ptr::from_ref(operation), of.clone());
        }
        Ok(of)
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Schema};
    use datafusion_expr::{col, lit};

    use super::*;

    #[test]
    fn a_chain_has_the_type_that_it_has_alone() {
        let fields = [
            ("i", DataType::Int32),
            ("d", DataType::Decimal128(4, 1)),
            ("f", DataType::Float64),
        ];
        let fields = fields.map(|(name, of)| Field::new(name, of, true));
        let schema = DFSchema::try_from(Schema::new(fields.to_vec())).unwrap();
        let typed = Typed::new(schema.clone());
        let mut chain = col("i") + lit(1_i64);
        for (at, name) in ["i", "d", "i", "f", "d"]
            .iter()
            .cycle()
            .take(50)
            .enumerate()
        {
            chain = match at % 3 {
                0 => chain + col(*name),
                1 => chain * (col(*name) - lit(2)),
                _ => chain - col(*name),
            };
        }
        let mut at = &chain;
        while let Expr::BinaryExpr(operation) = at {
            assert_eq!(typed.of(at).unwrap(), at.get_type(&schema).unwrap());
            at = &operation.left;
        }
        let is_more = chain.gt(lit(1)).and(col("i").eq(lit(2)));
        assert_eq!(typed.of(&is_more).unwrap(), DataType::Boolean);
    }

    #[test]
    fn of_a_long_chain_each_operand_is_looked_at_once() {
        let schema = Schema::new(vec![Field::new("i", DataType::Int64, true)]);
        let typed = Typed::new(DFSchema::try_from(schema).unwrap());
        let mut chain = col("i");
        for _ in 0..300 {
            chain = chain + col("i");
        }
        typed.of(&chain).unwrap();
        assert_eq!(typed.known.borrow().len(), 300);
        let mut at = &chain;
        while let Expr::BinaryExpr(operation) = at {
            let known = &typed.known.borrow()[&std::ptr::from_ref(operation)];
            assert_eq!(*known, DataType::Int64);
            at = &operation.left;
        }
    }
}
