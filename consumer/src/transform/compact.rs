//! The changes of one batch for a sink, without those that another of them undoes: of each key one, or
//! of rows without a name those that have not come and gone.

use std::collections::HashMap;

use arrow::{
    array::{ArrayRef, UInt32Array},
    compute::take_record_batch,
    datatypes::SchemaRef,
    row::{RowConverter, Rows, SortField},
};
use foldhash::fast::RandomState;

use super::{
    changes::{Changes, Op},
    error::Fault,
};

/// What takes changes of a sink together.
#[derive(Debug)]
pub(super) struct Compaction {
    /// The columns that name a row, where the sink knows one of each name.
    key: Option<(Vec<usize>, RowConverter)>,
    /// Of whole rows; none where they have a type that cannot be compared.
    rows: Option<RowConverter>,
}

/// A change that is given: the number of its row, and what happens to it.
type Given = (u32, Op);

/// What a batch does to a key: its first change, and its last.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    last: u32,
}

impl Compaction {
    /// For rows of this schema.
    pub(super) fn new(schema: &SchemaRef, key: Option<&[usize]>) -> Result<Self, Fault> {
        let field = |column: usize| {
            let field = schema.fields().get(column);
            field.map(|field| SortField::new(field.data_type().clone()))
        };
        let key = key.map(|key| {
            let fields = key.iter().copied().filter_map(field);
            Ok::<_, Fault>((key.to_vec(), RowConverter::new(fields.collect())?))
        });
        let all: Vec<_> = (0..schema.fields().len()).filter_map(field).collect();
        let rows = RowConverter::supports_fields(&all).then(|| RowConverter::new(all));
        Ok(Self {
            key: key.transpose()?,
            rows: rows.transpose()?,
        })
    }

    /// What is left of changes that came one behind the other; none where nothing is.
    pub(super) fn compact(&self, all: &[Changes]) -> Result<Option<Changes>, Fault> {
        let changes = match all {
            [one] => one.clone(),
            all => Changes::concat(all)?,
        };
        let rows = self.rows.as_ref();
        let rows = rows.map(|rows| rows.convert_columns(changes.rows.columns()));
        let given = match (&self.key, rows.transpose()?) {
            (Some((key, names)), rows) => by_key(key, names, &changes, rows.as_ref())?,
            (None, Some(rows)) => by_row(&changes, &rows),
            (None, None) => return Ok(Some(changes)),
        };
        if given.is_empty() {
            return Ok(None);
        }
        let (rows, ops): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let rows = take_record_batch(&changes.rows, &UInt32Array::from(rows))?;
        let ops = Some(ops);
        Ok(Some(Changes { rows, ops }))
    }
}

/// Of each key what comes of all its changes, where the last of them stands. As they come in their
/// order, one that begins with a row that is taken back was there before.
fn by_key(
    key: &[usize],
    names: &RowConverter,
    changes: &Changes,
    rows: Option<&Rows>,
) -> Result<Vec<Given>, Fault> {
    let columns = changes.rows.columns();
    let of_key = key.iter().filter_map(|column| columns.get(*column));
    let of_key: Vec<ArrayRef> = of_key.cloned().collect();
    let names = names.convert_columns(&of_key)?;
    let names: Vec<_> = names.iter().collect();
    let mut spans: HashMap<&[u8], Span, RandomState> = HashMap::default();
    for (number, name) in (0..).zip(&names) {
        let new = Span {
            first: number,
            last: number,
        };
        spans.entry(name.data()).or_insert(new).last = number;
    }
    let mut spans: Vec<_> = spans.into_values().collect();
    spans.sort_unstable_by_key(|span| span.last);
    let adds = |number: u32| changes.op(number as usize).adds();
    let is_same = |first: u32, last: u32| {
        rows.is_some_and(|rows| rows.row(first as usize) == rows.row(last as usize))
    };
    let given =
        spans
            .into_iter()
            .filter_map(|Span { first, last }| match (adds(first), adds(last)) {
                (true, true) => Some((last, Op::Insert)),
                (false, false) => Some((first, Op::Delete)),
                (false, true) if !is_same(first, last) => Some((last, Op::UpdateAfter)),
                (true, false) | (false, true) => None,
            });
    Ok(given.collect())
}

/// Those of rows that are not equal to one that is taken back, or given again.
fn by_row(changes: &Changes, rows: &Rows) -> Vec<Given> {
    let rows: Vec<_> = rows.iter().collect();
    let mut open: HashMap<&[u8], Vec<usize>, RandomState> = HashMap::default();
    let mut is_left = vec![true; rows.len()];
    for (number, row) in rows.iter().enumerate() {
        let same = open.entry(row.data()).or_default();
        let other = |before: &mut usize| changes.op(*before).adds() != changes.op(number).adds();
        match same.pop_if(other) {
            Some(before) => [before, number].iter().for_each(|undone| {
                if let Some(is_left) = is_left.get_mut(*undone) {
                    *is_left = false;
                }
            }),
            None => same.push(number),
        }
    }
    let left = (0..).zip(&is_left).filter(|(_, is_left)| **is_left);
    let left: Vec<_> = left.map(|(number, _)| number).collect();
    let given = left.iter().enumerate();
    let given = given.map(|(at, number)| (*number, halved(changes, &left, at)));
    given.collect()
}

/// What happens to one of the rows that are left. One whose other half is undone is not replaced but
/// new, or gone; what stands beside each other then may be halves of what was one chain.
fn halved(changes: &Changes, left: &[u32], at: usize) -> Op {
    let op = |at: Option<usize>| Some(changes.op(*left.get(at?)? as usize));
    let number = left.get(at).map_or(0, |number| *number as usize);
    let had = |other: Option<usize>, of: Op| {
        let is_there = |other: &usize| *other < changes.rows.num_rows();
        other
            .filter(is_there)
            .is_some_and(|other| changes.op(other) == of)
    };
    let (before, behind) = (at.checked_sub(1), at.checked_add(1));
    match changes.op(number) {
        Op::UpdateBefore if op(behind) == Some(Op::UpdateAfter) => Op::UpdateBefore,
        Op::UpdateAfter if op(before) == Some(Op::UpdateBefore) => Op::UpdateAfter,
        Op::UpdateBefore if had(number.checked_add(1), Op::UpdateAfter) => Op::Delete,
        Op::UpdateAfter if had(number.checked_sub(1), Op::UpdateBefore) => Op::Insert,
        op => op,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{AsArray, Int64Array, RecordBatch, StringArray},
        datatypes::Int64Type,
    };

    use super::*;

    const OPS: [Op; 4] = [Op::Insert, Op::UpdateBefore, Op::UpdateAfter, Op::Delete];

    /// Changes as words: `+Ia1` is a new row of the key `a` with the value 1.
    fn changes(words: &str) -> Changes {
        let (mut ops, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for word in words.split(' ') {
            let (op, row) = word.split_at(2);
            let (key, value) = row.split_at(1);
            ops.push(OPS.into_iter().find(|known| known.name() == op).unwrap());
            keys.push(key);
            values.push(value.parse::<i64>().unwrap());
        }
        let keys: ArrayRef = Arc::new(StringArray::from(keys));
        let values: ArrayRef = Arc::new(Int64Array::from(values));
        Changes {
            rows: RecordBatch::try_from_iter([("k", keys), ("v", values)]).unwrap(),
            ops: Some(ops),
        }
    }

    fn check(words: &str, by_row: &str, by_key: &str) {
        let batches: Vec<_> = words.split(" | ").map(changes).collect();
        for (key, expected) in [(None, by_row), (Some(&[0][..]), by_key)] {
            let schema = batches[0].rows.schema();
            let compaction = Compaction::new(&schema, key).unwrap();
            let left = compaction.compact(&batches).unwrap();
            let given = left.iter().flat_map(|left| {
                let (keys, values) = (left.rows.column(0), left.rows.column(1));
                let (keys, values) = (keys.as_string::<i32>(), values.as_primitive::<Int64Type>());
                let word = |row| {
                    format!(
                        "{}{}{}",
                        left.op(row).name(),
                        keys.value(row),
                        values.value(row)
                    )
                };
                (0..left.rows.num_rows()).map(word).collect::<Vec<_>>()
            });
            assert_eq!(
                given.collect::<Vec<_>>().join(" "),
                expected,
                "{words} by {key:?}"
            );
        }
    }

    #[test]
    fn what_another_change_undoes_is_not_given() {
        check("+Ia1", "+Ia1", "+Ia1");
        check("+Ia1 -Da1", "", "");
        check("-Ua1 +Ua2", "-Ua1 +Ua2", "+Ua2");
        check("-Ua1 +Ua2 | -Ua2 +Ua3", "-Ua1 +Ua3", "+Ua3");
        check("-Ua1 +Ua2 -Ua2 +Ua1", "", "");
        check("+Ia1 -Ua1 +Ua2", "+Ia2", "+Ia2");
        check("-Ua1 +Ua2 -Da2", "-Da1", "-Da1");
        check("-Da1 +Ia2 +Ib1", "-Da1 +Ia2 +Ib1", "+Ua2 +Ib1");
        check("-Ua1 -Ub1 +Ub2", "-Ua1 -Ub1 +Ub2", "-Da1 +Ub2");
        check("-Da1 +Ia1", "", "");
        check("+Ia1 +Ia1 -Da1", "+Ia1", "");
    }
}
