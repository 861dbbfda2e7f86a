//! Rows beside those of a table that they belong to now. The table is read whole, and then anew: while
//! it is read, rows are looked up in what was there before. What was given stays as it is.
//!
//! None of this is state to be taken and put back: a new one has the table read again.

use arrow::datatypes::SchemaRef;

use super::Join;
use crate::{
    plan::{self, Input},
    transform::{
        build::Source,
        changes::Changes,
        error::Fault,
        operator::{Operator, Origin, Out},
    },
};

#[derive(Debug)]
pub(in crate::transform) struct Lookup {
    /// A join of which the first input is never kept, so that nothing comes of rows of the second.
    now: Join,
    /// The content that is being read.
    coming: Join,
    schema: SchemaRef,
    plan: plan::Join,
    sources: [Source; 2],
}

impl Lookup {
    pub(in crate::transform) fn new(
        schema: &SchemaRef,
        plan: &plan::Join,
        inputs: [&Source; 2],
    ) -> Result<Self, Fault> {
        let empty = || Join::new(schema.clone(), plan, inputs, None);
        Ok(Self {
            now: empty()?,
            coming: empty()?,
            schema: schema.clone(),
            plan: plan.clone(),
            sources: inputs.map(Clone::clone),
        })
    }
}

impl Operator for Lookup {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        self.now.found_by(Input::First, &changes, out)
    }

    fn push_second(&mut self, _: Origin, changes: Changes, _: &mut Out) -> Result<(), Fault> {
        let none = vec![0; changes.rows.num_rows()];
        self.coming.remember(Input::Second, changes.rows, &none)
    }

    fn loaded(&mut self, is_whole: bool) -> Result<(), Fault> {
        let [first, second] = &self.sources;
        let empty = Join::new(self.schema.clone(), &self.plan, [first, second], None)?;
        let coming = std::mem::replace(&mut self.coming, empty);
        if is_whole {
            self.now = coming;
        }
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.now.state_bytes() + self.coming.state_bytes()
    }
}
