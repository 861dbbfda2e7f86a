//! What a join gives: rows of the batch at hand, each beside one that is kept of the other input.

use arrow::{
    array::{ArrayRef, UInt32Array},
    compute::take,
    datatypes::SchemaRef,
};

use super::{
    Join,
    batch::Row,
    side::{NULLS, Side},
};
use crate::{
    plan::{Input, JoinKind},
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

impl Join {
    /// Tells what comes of a row that belongs to these.
    pub(super) fn tell(&mut self, input: Input, row: Row, kept: &[u32], told: &mut Told) {
        let kind = self.plan.kind;
        // What waits for its time to pass is told then.
        let is_at_once = self.plan.until.is_none();
        let own = Some(row.number);
        match (kind, input) {
            (JoinKind::Semi, Input::First) if row.is_alone => {}
            (JoinKind::Semi, Input::First) => told.tell(own, None, row.op),
            (JoinKind::Anti, Input::First) => {
                if row.is_alone && (is_at_once || !row.stays) {
                    told.tell(own, None, row.op);
                }
            }
            (JoinKind::Semi | JoinKind::Anti, Input::Second) => {
                let is_told = kind == JoinKind::Semi || is_at_once;
                for kept in kept {
                    if self.turns(Input::First, *kept, row.op) && is_told {
                        let is_new = row.op.adds() == (kind == JoinKind::Semi);
                        told.tell(
                            None,
                            Some(*kept),
                            if is_new { Op::Insert } else { Op::Delete },
                        );
                    }
                }
            }
            _ => {
                if row.is_alone && kind.gives_alone(input) && (is_at_once || !row.stays) {
                    told.tell(own, None, row.op);
                }
                let counts = kind.gives_alone(input.other());
                for kept in kept {
                    let turns = counts && self.turns(input.other(), *kept, row.op) && is_at_once;
                    if turns && row.op.adds() {
                        told.tell(None, Some(*kept), Op::Delete);
                    }
                    told.tell(own, Some(*kept), row.op);
                    if turns && !row.op.adds() {
                        told.tell(None, Some(*kept), Op::Insert);
                    }
                }
            }
        }
    }

    /// Counts a row more, or less, to which a kept one belongs; whether it had none, or has none now.
    fn turns(&mut self, input: Input, kept: u32, op: Op) -> bool {
        self.write(input, kept);
        let (before, now) = self.sides.of_mut(input).matched(kept, op.adds());
        (before == 0) != (now == 0)
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
