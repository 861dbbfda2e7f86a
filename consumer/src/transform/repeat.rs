//! Rows of which each stands for several: given as often as a column says.

use arrow::{
    array::{AsArray, UInt64Array},
    compute::take_arrays,
    datatypes::{Int64Type, SchemaRef},
};

use super::{
    changes::{Changes, Op},
    error::Fault,
    operator::{Operator, Origin, Out},
};

/// So many rows are given at once.
const ROWS_MAX: usize = 8192;

/// Gives each row as often as the number in one of its columns says, without it. Where that number has
/// changed, only by how much more or less it is.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) schema: SchemaRef,
    pub(super) times: usize,
}

impl Operator for Repeat {
    fn push(&mut self, _: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let mut columns = changes.rows.columns().to_vec();
        let times = columns.remove(self.times);
        let numbers = times.as_primitive::<Int64Type>().iter();
        let ops = (0..).map(|row| changes.op(row));
        for (rows, ops) in given(numbers.map(Option::unwrap_or_default).zip(ops)) {
            let columns = take_arrays(&columns, &UInt64Array::from(rows), None)?;
            let given = Changes::new(self.schema.clone(), columns, ops)?;
            out.changes.push(given);
        }
        Ok(())
    }
}

/// The numbers of the rows that are given and taken back, where each is there so often.
fn given(rows: impl Iterator<Item = (i64, Op)>) -> Vec<(Vec<u64>, Vec<Op>)> {
    let mut given = vec![(Vec::new(), Vec::new())];
    let mut add = |row: u64, number: i64| {
        let op = if number < 0 { Op::Delete } else { Op::Insert };
        for _ in 0..number.unsigned_abs() {
            let is_full = given.last().is_none_or(|(rows, _)| rows.len() >= ROWS_MAX);
            if is_full {
                given.push((Vec::new(), Vec::new()));
            }
            if let Some((rows, ops)) = given.last_mut() {
                rows.push(row);
                ops.push(op);
            }
        }
    };
    // What a row was, until it is known what it is now.
    let mut before: Option<(u64, i64)> = None;
    for (row, (number, op)) in (0_u64..).zip(rows) {
        let number = number.max(0);
        let was = before.take();
        match (op, was) {
            (Op::UpdateAfter, Some((_, was))) => {
                add(row, number - was);
                continue;
            }
            (_, Some((row, was))) => add(row, -was),
            (_, None) => {}
        }
        match op {
            Op::Insert | Op::UpdateAfter => add(row, number),
            Op::UpdateBefore => before = Some((row, number)),
            Op::Delete => add(row, -number),
        }
    }
    if let Some((row, was)) = before {
        add(row, -was);
    }
    given.retain(|(rows, _)| !rows.is_empty());
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is given of rows that are there so often.
    fn check(rows: &[(&str, i64)], expected: &str) {
        let op = |name: &&str| {
            let all = [Op::Insert, Op::UpdateBefore, Op::UpdateAfter, Op::Delete];
            all.into_iter().find(|op| op.name() == *name).unwrap()
        };
        let given = given(rows.iter().map(|(name, number)| (*number, op(name))));
        let told = given.iter().flat_map(|(rows, ops)| rows.iter().zip(ops));
        let told: Vec<_> = told
            .map(|(row, op)| format!("{}{row}", op.name()))
            .collect();
        assert_eq!(told.join(" "), expected, "{rows:?}");
    }

    #[test]
    fn rows_are_given_as_often_as_they_are_there() {
        check(&[], "");
        check(
            &[("+I", 2), ("+I", 0), ("+I", -3), ("-D", 1)],
            "+I0 +I0 -D3",
        );
        check(&[("-U", 1), ("+U", 3)], "+I1 +I1");
        check(&[("-U", 3), ("+U", 2)], "-D1");
        check(&[("-U", 2), ("+U", -1)], "-D1 -D1");
        check(&[("-U", 2), ("+U", 2)], "");
        // Where only one of both is there.
        check(&[("-U", 1), ("-U", 1), ("+U", 2)], "-D0 +I2");
        check(&[("-U", 1), ("+I", 1)], "-D0 +I1");
        check(&[("+U", 1), ("-U", 1)], "+I0 -D1");
    }

    #[test]
    fn very_many_are_given_in_portions() {
        let given = given([(20_000, Op::Insert)].into_iter());
        let lengths = given.iter().map(|(rows, ops)| (rows.len(), ops.len()));
        assert_eq!(
            lengths.collect::<Vec<_>>(),
            [(8192, 8192), (8192, 8192), (3616, 3616)]
        );
    }
}
