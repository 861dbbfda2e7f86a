//! What a join gives: rows of the batch at hand, each beside one that is kept of the other input.

use arrow::{
    array::{ArrayRef, UInt32Array},
    compute::take,
    datatypes::SchemaRef,
};

use super::side::{NULLS, Side};
use crate::{
    plan::Input,
    transform::{
        changes::{Changes, Op},
        error::Fault,
    },
};

/// Rows to be given, with what happens to each. Where there is no number there are nulls.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Rows of the batch.
    own: Vec<Option<u32>>,
    /// Rows that are kept.
    kept: Vec<u32>,
    ops: Vec<Op>,
}

impl Told {
    pub(super) fn tell(&mut self, own: Option<u32>, kept: Option<u32>, op: Op) {
        self.own.push(own);
        self.kept.push(kept.unwrap_or(NULLS));
        self.ops.push(op);
    }

    pub(super) const fn len(&self) -> usize {
        self.ops.len()
    }

    /// The rows: those of `batch`, which came by `input`, beside those that `other` keeps. Of a
    /// result of fewer columns there are those of the first input.
    pub(super) fn changes(
        self,
        schema: &SchemaRef,
        (input, batch): (Input, &[ArrayRef]),
        other: &Side,
    ) -> Result<Changes, Fault> {
        let rows = UInt32Array::from(self.own);
        let own = batch.iter().map(|column| take(column, &rows, None));
        let own = own.collect::<Result<Vec<_>, _>>()?;
        let kept = other.columns(&self.kept)?;
        let both = match input {
            Input::First => [own, kept],
            Input::Second => [kept, own],
        };
        rows_of(schema, both, self.ops)
    }
}

/// Columns of the first and the second input as rows.
pub(super) fn rows_of(
    schema: &SchemaRef,
    both: [Vec<ArrayRef>; 2],
    ops: Vec<Op>,
) -> Result<Changes, Fault> {
    let columns = both.into_iter().flatten().take(schema.fields().len());
    Ok(Changes::new(schema.clone(), columns.collect(), ops)?)
}
