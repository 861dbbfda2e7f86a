//! The averages of streams that are read side by side, and the one of all their records.
//!
//! Each stream has its own sum, and they are put together in the order of their numbers: so the
//! average of a topic depends on what its partitions hold, and not on which of them was faster.
//! What was not proved to be complete can be taken back.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Float64Array, RecordBatch, UInt32Array, UInt64Array,
        new_null_array,
    },
    compute::take,
    datatypes::{DataType, Field, Schema, SchemaRef},
};

use super::{
    average::{Answer, Average},
    changes::Changes,
    error::Fault,
    operator::{Event, Operator, Origin, Out, Void},
    state::State,
};

/// The running average of one stream or more. Rows are records: their first column is the value, null
/// where it has none, and the second, where there is one, the record as it is written.
#[derive(Debug)]
pub(super) struct Averages {
    schema: SchemaRef,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Default)]
struct Part {
    now: Average,
    /// As it was when all of it was proved to be complete.
    proved: Average,
}

/// Rows in the making, of the columns of [`answers`].
#[derive(Debug, Default)]
struct Told {
    /// Which of the records each is about; none where it is about all.
    of: Vec<Option<u32>>,
    answers: Vec<Answer>,
}

/// The columns of what a running average gives: a row for each record with a value, where records are
/// known, and one without a record for all up to then.
#[must_use]
pub fn answers() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("record", DataType::BinaryView, true),
        Field::new("records", DataType::UInt64, false),
        Field::new("rejected", DataType::UInt64, false),
        Field::new("average", DataType::Float64, true),
    ]))
}

impl Averages {
    pub(super) const fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            parts: Vec::new(),
        }
    }

    fn add(&mut self, partition: usize, values: &Float64Array) {
        let rejects = values.null_count();
        let now = &mut self.part(partition).now;
        now.reject(rejects as u64);
        if rejects == 0 {
            values.values().iter().for_each(|value| now.add(*value));
        } else {
            values.iter().flatten().for_each(|value| now.add(value));
        }
    }

    /// Adds values, and tells the average behind each of them.
    fn add_each(&mut self, partition: usize, values: &Float64Array, told: &mut Told) {
        for (record, value) in (0_u32..).zip(values) {
            let now = &mut self.part(partition).now;
            match value {
                None => now.reject(1),
                Some(value) => {
                    now.add(value);
                    told.add(Some(record), self.answer());
                }
            }
        }
    }

    /// What has been computed so far.
    fn answer(&self) -> Answer {
        let mut all = Average::default();
        self.parts.iter().for_each(|part| all.join(&part.now));
        all.answer()
    }

    fn part(&mut self, partition: usize) -> &mut Part {
        if self.parts.len() <= partition {
            self.parts.resize_with(partition + 1, Part::default);
        }
        let part = self.parts.get_mut(partition);
        part.expect("it was made where there was none")
    }

    /// Tells the answer behind what was told of `records`.
    fn tell(&self, mut told: Told, records: Option<&ArrayRef>, out: &mut Out) -> Result<(), Fault> {
        told.add(None, self.answer());
        let rows = told.finish(self.schema.clone(), records)?;
        out.changes.push(Changes::inserts(rows));
        Ok(())
    }
}

impl Operator for Averages {
    fn push(&mut self, from: Origin, changes: Changes, out: &mut Out) -> Result<(), Fault> {
        let columns = changes.rows.columns();
        let values = columns.first().and_then(|column| column.as_primitive_opt());
        let values: &Float64Array =
            values.ok_or_else(|| Fault::Unsupported("an average without numbers".to_owned()))?;
        let (mut told, records) = (Told::default(), columns.get(1));
        match records {
            Some(_) => self.add_each(from.partition, values, &mut told),
            None => self.add(from.partition, values),
        }
        self.tell(told, records, out)
    }

    fn hear(&mut self, of: Origin, event: Event) {
        let part = self.part(of.partition);
        if event == Event::Proved {
            part.proved = part.now.clone();
        }
    }

    fn void(&mut self, of: Origin, what: Void, out: &mut Out) -> Result<(), Fault> {
        let part = self.part(of.partition);
        match what {
            Void::All => *part = Part::default(),
            Void::Unproved => part.now = part.proved.clone(),
        }
        self.tell(Told::default(), None, out)
    }

    fn state(&mut self) -> Result<State, Fault> {
        let mut columns: [Vec<i64>; 8] = Default::default();
        for Part { now, proved } in &self.parts {
            let numbers = now.numbers().into_iter().chain(proved.numbers());
            for (column, number) in columns.iter_mut().zip(numbers) {
                column.push(number);
            }
        }
        let mut state = State::default();
        state.put_numbers("averages", &columns.each_ref().map(Vec::as_slice))?;
        Ok(state)
    }

    fn restore(&mut self, mut state: State) -> Result<(), Fault> {
        let columns: [Vec<i64>; 8] = state.take_numbers("averages")?;
        let number = |column: &Vec<i64>, row| column.get(row).copied().unwrap_or_default();
        let rows = columns.first().map_or(0, Vec::len);
        self.parts = (0..rows)
            .map(|row| {
                let [a, b, c, d, e, f, g, h] = columns.each_ref().map(|column| number(column, row));
                Part {
                    now: Average::of_numbers([a, b, c, d]),
                    proved: Average::of_numbers([e, f, g, h]),
                }
            })
            .collect();
        Ok(())
    }

    fn state_bytes(&self) -> usize {
        self.parts.capacity() * size_of::<Part>()
    }
}

impl Told {
    fn add(&mut self, record: Option<u32>, answer: Answer) {
        self.of.push(record);
        self.answers.push(answer);
    }

    fn finish(self, schema: SchemaRef, records: Option<&ArrayRef>) -> Result<RecordBatch, Fault> {
        let records = match records {
            Some(records) => take(records, &UInt32Array::from(self.of), None)?,
            None => new_null_array(&DataType::BinaryView, self.of.len()),
        };
        let answers = self.answers.iter();
        let all = UInt64Array::from_iter_values(answers.clone().map(|answer| answer.records));
        let rejected = UInt64Array::from_iter_values(answers.clone().map(|answer| answer.rejected));
        let averages: Float64Array = answers.map(|answer| answer.average).collect();
        let columns = vec![
            records,
            Arc::new(all),
            Arc::new(rejected),
            Arc::new(averages),
        ];
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::{
        array::BinaryViewArray,
        datatypes::{Float64Type, UInt64Type},
    };
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::plan::StepId;

    const fn origin(partition: usize) -> Origin {
        Origin {
            port: StepId(0),
            partition,
        }
    }

    fn averages() -> Averages {
        Averages::new(answers())
    }

    /// Rows of values, nulls being rejects; with the records where they are wanted.
    fn rows(values: &[Option<f64>], with_records: bool) -> Changes {
        let records = (0..values.len()).map(|row| Some(row.to_string().into_bytes()));
        let records: ArrayRef = Arc::new(records.collect::<BinaryViewArray>());
        let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        let both = [("value", values), ("record", records)].into_iter();
        let columns = both.take(1 + usize::from(with_records));
        Changes::inserts(RecordBatch::try_from_iter(columns).unwrap())
    }

    /// What was given, a line a row: the record, how many there are, how many were rejected, and the
    /// average.
    fn given(out: &Out) -> Vec<String> {
        let line = |rows: &RecordBatch, row| {
            let record = rows.column(0).as_binary_view();
            let record = record.is_valid(row).then(|| record.value(row));
            let record = record.map_or("all", |record| std::str::from_utf8(record).unwrap());
            let counts = [1, 2].map(|at| rows.column(at).as_primitive::<UInt64Type>().value(row));
            let average = rows.column(3).as_primitive::<Float64Type>();
            let average = average.is_valid(row).then(|| average.value(row));
            format!("{record}: {} {} {average:?}", counts[0], counts[1])
        };
        let all = out.changes.iter();
        all.flat_map(|changes| {
            (0..changes.rows.num_rows()).map(move |row| line(&changes.rows, row))
        })
        .collect()
    }

    fn push(averages: &mut Averages, partition: usize, rows: Changes) -> Vec<String> {
        let mut out = Out::default();
        averages.push(origin(partition), rows, &mut out).unwrap();
        given(&out)
    }

    #[test]
    fn each_record_gets_the_average_of_all_streams_so_far() {
        let mut averages = averages();
        let before = push(&mut averages, 1, rows(&[Some(9.0), None], false));
        assert_eq!(before, ["all: 2 1 Some(9.0)"]);
        let values = [Some(0.0), None, Some(3.0), Some(4.0), None];
        let expected = [
            "0: 3 1 Some(4.5)",
            "2: 5 2 Some(4.0)",
            "3: 6 2 Some(4.0)",
            "all: 7 3 Some(4.0)",
        ];
        assert_eq!(push(&mut averages, 0, rows(&values, true)), expected);
        let nothing = push(&mut averages, 1, rows(&[], true));
        assert_eq!(nothing, ["all: 7 3 Some(4.0)"]);
    }

    #[test]
    fn only_what_one_stream_has_brought_since_its_proof_is_taken_back() {
        let mut all = averages();
        push(&mut all, 0, rows(&[Some(1.0), Some(3.0)], false));
        push(&mut all, 1, rows(&[Some(100.0)], false));
        all.hear(origin(0), Event::Proved);
        push(&mut all, 0, rows(&[Some(5.0)], false));
        let last = push(&mut all, 0, rows(&[Some(7.0), None], false));
        assert_eq!(last, [format!("all: 6 1 {:?}", Some(116.0 / 5.0))]);
        let mut check = |partition, what, records, average| {
            // What it knows can be taken down and put up again between any two.
            let state = all.state().unwrap();
            all = averages();
            all.restore(state).unwrap();
            let mut out = Out::default();
            all.void(origin(partition), what, &mut out).unwrap();
            let expected = format!("all: {records} 0 {average:?}");
            assert_eq!(given(&out), [expected]);
        };
        check(0, Void::Unproved, 3, Some(104.0 / 3.0));
        check(0, Void::Unproved, 3, Some(104.0 / 3.0));
        check(1, Void::All, 2, Some(2.0));
        check(0, Void::All, 0, None);
        check(1, Void::Unproved, 0, None);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_which_stream_was_faster(
            batches in prop::collection::vec((0_usize..3, prop::collection::vec(-1e9..1e9_f64, 0..5)), 0..20),
            turns in prop::collection::vec(any::<usize>(), 20),
        ) {
            let rows = |values: &[f64]| {
                let values: Vec<_> = values.iter().copied().map(Some).collect();
                rows(&values, false)
            };
            let (mut one, mut other) = (averages(), averages());
            for (stream, values) in &batches {
                push(&mut one, *stream, rows(values));
            }
            let mut streams: Vec<Vec<_>> = (0..3)
                .map(|stream| batches.iter().filter(|(of, _)| *of == stream).rev().collect())
                .collect();
            let turns = turns.iter().map(|turn| turn % 3).chain((0..3).cycle());
            for turn in turns {
                if streams.iter().all(Vec::is_empty) {
                    break;
                }
                if let Some((stream, values)) = streams[turn].pop() {
                    push(&mut other, *stream, rows(values));
                }
            }
            prop_assert_eq!(one.answer(), other.answer());
        }
    }
}
