//! Unions: all rows of several plans, with the same columns of the same types.

use std::sync::Arc;

use datafusion_expr::{Expr, Union};

use super::{
    super::{Changelog, Kind, error::Fault, windows::fields},
    Lowered, Lowering, plain, schema,
    whole::Together,
};

impl Lowering<'_> {
    pub(super) fn union(&mut self, union: &Union) -> Result<Lowered, Fault> {
        let lowered = union.inputs.iter().map(|plan| self.plan(plan));
        let lowered = lowered.collect::<Result<Vec<_>, Fault>>()?;
        let together = match self.carries {
            true => self.carried_together(&lowered)?,
            false => Together::default(),
        };
        let width = union.schema.fields().len();
        let mut inputs = Vec::new();
        for (plan, input) in union.inputs.iter().zip(&lowered) {
            let columns = plan.schema().columns().into_iter().map(Expr::Column);
            let casts = columns.zip(union.schema.fields());
            let casts = casts
                .map(|(column, field)| datafusion_expr::cast(column, plain(field.data_type())));
            let carried = together.values(input, &self.carried(input));
            let values: Vec<_> = casts.chain(carried).collect();
            let names = fields(&union.schema).chain(together.names(width));
            let names = names.collect();
            inputs.push(self.carrying(false, |own| own.project(input, &values, names))?);
        }
        let retracts = inputs
            .iter()
            .any(|input| input.changelog == Changelog::Retract);
        let changelog = if retracts {
            Changelog::Retract
        } else {
            Changelog::Append
        };
        let names = fields(&union.schema).map(|(table, field)| {
            let of = plain(field.data_type());
            (
                table,
                Arc::new(
                    field
                        .as_ref()
                        .clone()
                        .with_data_type(of)
                        .with_nullable(true),
                ),
            )
        });
        let schema = schema(names.chain(together.names(width)).collect())?;
        let inputs: Vec<_> = inputs.iter().collect();
        let lowered = self.step(&inputs, schema, changelog, Kind::Union);
        self.carried.insert(lowered.step, together.behind(width));
        Ok(lowered)
    }
}
