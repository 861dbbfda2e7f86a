//! Joins with the versions that were valid at the times of rows: any rows in any order, by a model of a
//! few lines, with the state taken and put back behind each batch.

use std::collections::BTreeMap;

use arrow::util::display::array_value_to_string;
use proptest::{prelude::*, sample::select};

use super::*;
use crate::{
    plan::{Both, Join, JoinKind, Temporal},
    transform::{BEGINNING, END},
};

/// So many histories are tried.
const HISTORIES: u32 = 1_000;

/// The scans of the first and the second input.
const SCANS: [StepId; 2] = [StepId(0), StepId(2)];

/// What happens to one of the inputs.
#[derive(Debug, Clone)]
enum Next {
    Rows(usize, Vec<Row>),
    Idle(usize),
}

/// A join, and how far the watermarks are behind.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: JoinKind,
    /// Whether the value of a row must not be that of its version.
    is_filtered: bool,
    delay: i64,
}

impl Case {
    fn dataflow(self) -> (Plan, Dataflow) {
        let (keys, schema) = (
            vec![column("k")],
            Plan::windowed(tumble(1), count()).schema(),
        );
        let fields = schema.fields().iter().chain(schema.fields());
        let out = fields.map(|field| field.as_ref().clone().with_nullable(true));
        let out: SchemaRef = Arc::new(Schema::new(out.collect::<Vec<_>>()));
        let value = |at| -> Expression {
            Arc::new(datafusion_physical_expr::expressions::Column::new("v", at))
        };
        let differs = || binary(value(2), Sign::NotEq, value(5), &out).unwrap();
        let join = Join {
            kind: self.kind,
            keys: Both {
                first: keys.clone(),
                second: keys,
            },
            nulls_match: false,
            filter: self.is_filtered.then(differs),
            until: None,
        };
        let times = Both {
            first: 1,
            second: 1,
        };
        let mut plan = Plan::new(Kind::Temporal(Box::new(Temporal { join, times })));
        plan.delay = self.delay;
        let one = plan.dataflow().steps;
        let step = |of: usize, inputs: &[usize], schema: &SchemaRef| Step {
            inputs: inputs.iter().copied().map(StepId).collect(),
            schema: schema.clone(),
            ..one[of].clone()
        };
        let steps = vec![
            one[0].clone(),
            step(1, &[0], &schema),
            one[0].clone(),
            step(1, &[2], &schema),
            step(2, &[1, 3], &out),
            step(3, &[4], &out),
        ];
        let dataflow = Dataflow {
            steps,
            ..Dataflow::default()
        };
        (plan, dataflow)
    }

    /// What each happening gives, and the ends of both inputs, each in no order.
    fn given(self, history: &[Next], cut: Cut) -> Vec<Vec<String>> {
        let (plan, dataflow) = self.dataflow();
        let new = || Task::new(&dataflow, settings(usize::MAX)).unwrap();
        let mut task = new();
        SCANS.iter().for_each(|scan| task.open(*scan, 0).unwrap());
        let mut given = Vec::new();
        for (at, next) in history.iter().enumerate() {
            let outputs = match next {
                Next::Rows(input, rows) => task.push(SCANS[*input], 0, plan.rows(rows)),
                Next::Idle(input) => task.idle(SCANS[*input], 0, true),
            };
            given.push(told(&outputs.unwrap()));
            match cut {
                Cut::Each => {
                    let state = task.state().unwrap();
                    task = new();
                    task.restore(state).unwrap();
                }
                Cut::Lost(lost) if lost == at => task = new(),
                Cut::Lost(_) | Cut::Never => {}
            }
        }
        let ends = SCANS.iter().map(|scan| told(&task.end(*scan, 0).unwrap()));
        given.extend(ends.collect::<Vec<_>>());
        given
    }

    fn expected(self, history: &[Next]) -> Vec<Vec<String>> {
        let mut model = Model {
            case: self,
            reached: [Some((BEGINNING, false)); 2],
            watermark: BEGINNING,
            waiting: Vec::new(),
            versions: BTreeMap::new(),
        };
        let mut expected: Vec<_> = history.iter().map(|next| model.next(next)).collect();
        for input in 0..2 {
            model.reached[input] = None;
            expected.push(model.advance());
        }
        expected
    }
}

/// What becomes of what the steps know.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Never,
    /// It is put into new ones behind each batch.
    Each,
    /// It is lost behind one: what must be found out.
    Lost(usize),
}

/// What is true of a join, written down as plainly as can be.
struct Model {
    case: Case,
    /// How far each input is, and whether it is idle; none is at its end.
    reached: [Option<(i64, bool)>; 2],
    watermark: i64,
    waiting: Vec<Row>,
    versions: BTreeMap<(char, i64), Option<i64>>,
}

impl Model {
    fn next(&mut self, next: &Next) -> Vec<String> {
        match next {
            Next::Idle(input) => self.reached[*input].as_mut().unwrap().1 = true,
            Next::Rows(input, rows) => {
                let times = rows.iter().filter_map(|row| row.time);
                let watermark = times.max().map_or(BEGINNING, |time| time - self.case.delay);
                let (before, _) = self.reached[*input].unwrap();
                self.reached[*input] = Some((before.max(watermark), false));
                for row in rows {
                    match (*input, row.time, row.key) {
                        (0, Some(_), _) => self.waiting.push(*row),
                        (1, Some(time), Some(key)) => {
                            self.versions.insert((key, time), row.value);
                        }
                        _ => {}
                    }
                }
            }
        }
        self.advance()
    }

    fn advance(&mut self) -> Vec<String> {
        let open = self.reached.iter().map(|one| one.unwrap_or((END, false)));
        let busy = open
            .clone()
            .filter(|(_, is_idle)| !is_idle)
            .map(|(at, _)| at)
            .min();
        let now = busy.unwrap_or_else(|| open.map(|(at, _)| at).max().unwrap());
        if now <= self.watermark {
            return Vec::new();
        }
        self.watermark = now;
        let (due, rest) = self
            .waiting
            .iter()
            .partition(|row| row.time.unwrap() <= now);
        self.waiting = rest;
        let due: Vec<Row> = due;
        let mut given: Vec<_> = due.iter().filter_map(|row| self.joined(row)).collect();
        given.sort();
        // Who asks from now on asks for what is valid now, or later.
        let all = self.versions.clone();
        self.versions.retain(|(key, time), _| {
            *time > now
                || !all
                    .keys()
                    .any(|(other, later)| other == key && later > time && *later <= now)
        });
        given
    }

    fn joined(&self, row: &Row) -> Option<String> {
        let time = row.time.unwrap();
        let found = row.key.and_then(|key| {
            let mut all = self.versions.range((key, i64::MIN)..=(key, time));
            all.next_back().map(|((_, since), value)| (*since, *value))
        });
        let is_true = |value: Option<i64>| {
            let both = row.value.zip(value);
            !self.case.is_filtered || both.is_some_and(|(one, other)| one != other)
        };
        let found = found.filter(|(_, value)| is_true(*value));
        if found.is_none() && self.case.kind == JoinKind::Inner {
            return None;
        }
        let number = |value: Option<i64>| value.map_or_else(|| "_".to_owned(), |v| v.to_string());
        let key = row.key.map_or_else(|| "_".to_owned(), String::from);
        let (since, value) = found.map_or((None, None), |(since, value)| (Some(since), value));
        let (own, since, value) = (number(row.value), number(since), number(value));
        Some(format!("{key}@{time}={own} since {since}={value}"))
    }
}

/// The rows that are given, in no order.
fn told(outputs: &Outputs) -> Vec<String> {
    let mut all = Vec::new();
    for (_, changes) in &outputs.changes {
        assert!(changes.ops.is_none(), "rows are added alone");
        let text = |column: usize, row: usize| {
            let values = changes.rows.column(column);
            let is_time = matches!(values.data_type(), DataType::Timestamp(..));
            let values = match is_time {
                true => arrow::compute::cast(values, &DataType::Int64).unwrap(),
                false => values.clone(),
            };
            match arrow::array::Array::is_null(&values, row) {
                true => "_".to_owned(),
                false => array_value_to_string(&values, row).unwrap(),
            }
        };
        for row in 0..changes.rows.num_rows() {
            let [key, time, own, since, value] = [0, 1, 2, 4, 5].map(|column| text(column, row));
            all.push(format!("{key}@{time}={own} since {since}={value}"));
        }
    }
    all.sort();
    all
}

fn histories() -> impl Strategy<Value = Vec<Next>> {
    let maybe =
        |range: std::ops::Range<i64>| prop_oneof![1 => Just(None), 12 => range.prop_map(Some)];
    let key = select(vec![None, Some('a'), Some('a'), Some('b')]);
    let row =
        (key, maybe(0..24), maybe(0..3)).prop_map(|(key, time, value)| Row { key, time, value });
    let rows = (0..2_usize, prop::collection::vec(row, 1..5));
    let next = prop_oneof![
        8 => rows.prop_map(|(input, rows)| Next::Rows(input, rows)),
        1 => (0..2_usize).prop_map(Next::Idle),
    ];
    prop::collection::vec(next, 0..14)
}

fn cases() -> impl Strategy<Value = Case> {
    let kinds = select(vec![JoinKind::Inner, JoinKind::Left]);
    (kinds, any::<bool>(), 0..6_i64).prop_map(|(kind, is_filtered, delay)| Case {
        kind,
        is_filtered,
        delay,
    })
}

/// Tries histories; why one is wrong, the smallest that could be found.
fn tried(cut: fn(usize) -> Cut) -> Option<String> {
    let all = (cases(), histories(), 0..14_usize);
    chance::failure(HISTORIES, &all, |(case, history, at)| {
        let (given, expected) = (case.given(&history, cut(at)), case.expected(&history));
        prop_assert_eq!(given, expected);
        Ok(())
    })
}

#[test]
fn rows_find_the_versions_that_were_valid_at_their_times() {
    assert_eq!(tried(|_| Cut::Never), None);
}

#[test]
fn versions_are_found_by_a_new_task_that_knows_what_the_one_before_knew() {
    assert_eq!(tried(|_| Cut::Each), None);
}

#[test]
fn versions_that_are_lost_are_found_out() {
    assert!(tried(Cut::Lost).is_some());
}

#[test]
fn versions_that_nobody_can_ask_for_take_no_room() {
    let case = Case {
        kind: JoinKind::Left,
        is_filtered: false,
        delay: 0,
    };
    let (plan, dataflow) = case.dataflow();
    let mut task = Task::new(&dataflow, settings(usize::MAX)).unwrap();
    let bytes = |task: &Task| {
        task.reports()
            .iter()
            .map(|one| one.state_bytes)
            .max()
            .unwrap()
    };
    let mut most = 0;
    for round in 0..200 {
        let rows: Vec<_> = (0..100)
            .map(|at| row_of(&format!("a@{}={at}", round * 100 + at)))
            .collect();
        for scan in SCANS {
            task.push(scan, 0, plan.rows(&rows)).unwrap();
        }
        if round == 10 {
            most = bytes(&task);
        }
    }
    assert!(bytes(&task) <= most, "{} bytes after {most}", bytes(&task));
}
