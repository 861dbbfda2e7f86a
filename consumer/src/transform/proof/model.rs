//! What windows and watermarks mean, in the plainest way: every row is kept, every window is looked
//! through. Random histories must come to the same through a task and through this.

use std::collections::BTreeMap;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{GapInfo, Tz};
use proptest::{prelude::*, sample::select};

use super::*;

/// Rows by where their window ends, where it begins, and their key.
type Windows = BTreeMap<(i64, i64, Option<char>), Vec<Row>>;

struct Model {
    window: Window,
    delay: i64,
    zone: Option<Tz>,
    partitions: Vec<(i64, bool)>,
    watermark: i64,
    open: Windows,
}

impl Model {
    fn of(plan: &Plan) -> Self {
        let Kind::Windowed(windowed) = &plan.step else {
            panic!("no window")
        };
        Self {
            window: windowed.window,
            delay: plan.delay,
            zone: plan.zone,
            partitions: vec![(i64::MIN, false); plan.partitions],
            watermark: i64::MIN,
            open: Windows::new(),
        }
    }

    /// The windows that close by it, with their rows.
    fn happen(&mut self, happening: &Happening) -> Windows {
        match happening {
            Happening::Rows(partition, rows) => {
                rows.iter().for_each(|row| self.add(*row));
                let seen = rows.iter().filter_map(|row| row.time).max();
                let (watermark, is_idle) = &mut self.partitions[*partition];
                *is_idle = false;
                *watermark = (*watermark).max(seen.map_or(i64::MIN, |time| time - self.delay));
            }
            Happening::Idle(partition, is_idle) => self.partitions[*partition].1 = *is_idle,
            Happening::Clock(_) => {}
        }
        let all = self.partitions.iter();
        let busy = all
            .clone()
            .filter(|(_, is_idle)| !is_idle)
            .map(|(watermark, _)| *watermark)
            .min();
        let reached = busy.or(all.map(|(watermark, _)| *watermark).max()).unwrap();
        self.watermark = self.watermark.max(reached);
        self.close()
    }

    fn end(&mut self) -> Windows {
        self.watermark = i64::MAX;
        self.close()
    }

    fn close(&mut self) -> Windows {
        let open = std::mem::take(&mut self.open);
        let (closed, open) = open
            .into_iter()
            .partition(|((end, _, _), _)| self.is_closed(*end));
        self.open = open;
        closed
    }

    /// As Flink says it: by the instant of a timer for the last moment of the window.
    fn is_closed(&self, end: i64) -> bool {
        let last = end - 1;
        let timer = self.zone.map_or(last, |zone| {
            let naive = DateTime::from_timestamp_millis(last).unwrap().naive_utc();
            match zone.offset_from_local_datetime(&naive).latest() {
                Some(offset) => last - i64::from(offset.fix().local_minus_utc()) * 1000,
                None => GapInfo::new(&naive, &zone)
                    .unwrap()
                    .end
                    .unwrap()
                    .timestamp_millis(),
            }
        });
        self.watermark >= timer
    }

    fn add(&mut self, row: Row) {
        let Some(time) = row.time else { return };
        let local = self.zone.map_or(time, |zone| {
            let utc = DateTime::from_timestamp_millis(time).unwrap().naive_utc();
            time + i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * 1000
        });
        let of = |of: Duration| i64::try_from(of.as_millis()).unwrap();
        // All borders near the time, tried one by one.
        let (step, size, first) = match self.window {
            Window::Tumble { size, offset } => (of(size), of(size), offset),
            Window::Hop {
                slide,
                size,
                offset,
            } => (of(slide), of(size), offset),
            Window::Cumulate { step, size, offset } => (of(step), of(size), offset),
            Window::Session { gap } => return self.add_to_session(row, local, of(gap)),
        };
        let near = (local - first).div_euclid(step) - size / step - 1;
        let borders: Vec<_> = (near..=near + 2 * (size / step) + 2)
            .map(|n| first + n * step)
            .collect();
        for start in &borders {
            for end in &borders {
                let is_window = match self.window {
                    Window::Cumulate { .. } => {
                        (start - first) % size == 0 && (step..=size).contains(&(end - start))
                    }
                    _ => end - start == size,
                };
                if is_window && (*start..*end).contains(&local) && !self.is_closed(*end) {
                    self.open
                        .entry((*end, *start, row.key))
                        .or_default()
                        .push(row);
                }
            }
        }
    }

    fn add_to_session(&mut self, row: Row, local: i64, gap: i64) {
        let (mut start, mut end) = (local, local + gap);
        let touched: Vec<_> = self
            .open
            .keys()
            .copied()
            .filter(|(e, s, key)| *key == row.key && *s <= end && *e >= start)
            .collect();
        let mut rows = Vec::new();
        for (e, s, key) in touched {
            (start, end) = (start.min(s), end.max(e));
            rows.extend(self.open.remove(&(e, s, key)).unwrap());
        }
        rows.push(row);
        if rows.len() > 1 || !self.is_closed(end) {
            self.open.insert((end, start, row.key), rows);
        }
    }
}

/// As the task writes it, for all functions but those that go by order of arrival.
fn line(((end, start, key), rows): (&(i64, i64, Option<char>), &Vec<Row>)) -> String {
    let mut values: Vec<_> = rows.iter().filter_map(|row| row.value).collect();
    let (count, all) = (i64::try_from(values.len()).unwrap(), rows.len());
    let sum: i64 = values.iter().sum();
    values.sort_unstable();
    let of = |value: Option<i64>| value.map_or("_".to_owned(), |value| value.to_string());
    let (least, most) = (of(values.first().copied()), of(values.last().copied()));
    values.dedup();
    let apart = values.len();
    let (total, average) = (of((count > 0).then_some(sum)), of(sum.checked_div(count)));
    let key = key.map_or("_".to_owned(), String::from);
    format!("{key}[{start}..{end})={all},{count},{total},{average},{least},{most},{apart}")
}

fn functions() -> Vec<Aggregate> {
    let by_arrival = |one: &Aggregate| matches!(one.function, Function::First | Function::Last);
    all_functions()
        .into_iter()
        .filter(|one| !by_arrival(one))
        .collect()
}

/// A task and the model give the same windows at the same moments, ends in order; cut or not.
fn same(plan: &Plan, history: &[Happening]) -> Result<(), TestCaseError> {
    let mut model = Model::of(plan);
    let mut expected: Vec<_> = history.iter().map(|one| model.happen(one)).collect();
    expected.push(model.end());
    let whole = plan.run(history, false);
    prop_assert_eq!(&whole, &plan.run(history, true), "cut");
    for (given, expected) in whole.into_iter().zip(expected) {
        let ends: Vec<i64> = given.iter().map(|one| end_of(one)).collect();
        prop_assert!(ends.is_sorted(), "{:?}", given);
        let mut given = given;
        let mut expected: Vec<_> = expected.iter().map(line).collect();
        given.sort();
        expected.sort();
        prop_assert_eq!(given, expected);
    }
    Ok(())
}

fn end_of(line: &str) -> i64 {
    let (_, rest) = line.split_once("..").unwrap();
    rest.split_once(')').unwrap().0.parse().unwrap()
}

fn windows(unit: u64) -> impl Strategy<Value = Window> {
    (1..5_u64, 1..5_u64, -7..7_i64, 0..4).prop_map(move |(part, parts, offset, which)| {
        let (part, size) = (ms(part * unit), ms(part * parts * unit));
        match which {
            0 => Window::Tumble { size, offset },
            1 => Window::Hop {
                slide: part,
                size,
                offset,
            },
            2 => Window::Cumulate {
                step: part,
                size,
                offset,
            },
            _ => Window::Session { gap: part },
        }
    })
}

fn histories(times: impl Strategy<Value = i64> + Clone) -> impl Strategy<Value = Vec<Happening>> {
    let key = prop::option::weighted(0.8, select(vec!['a', 'b', 'c']));
    let row = (
        key,
        prop::option::weighted(0.95, times),
        prop::option::weighted(0.8, -3..4_i64),
    );
    let row = row.prop_map(|(key, time, value)| Row { key, time, value });
    let rows = (0..3_usize, prop::collection::vec(row, 1..12));
    let rows = rows.prop_map(|(partition, rows)| Happening::Rows(partition, rows));
    let idle = (0..3_usize, any::<bool>()).prop_map(|(of, is_idle)| Happening::Idle(of, is_idle));
    prop::collection::vec(prop_oneof![6 => rows, 1 => idle], 1..14)
}

fn plan(window: Window, delay: i64) -> Plan {
    Plan {
        partitions: 3,
        delay,
        ..Plan::windowed(window, functions())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn windows_are_what_the_model_says(
        window in windows(4),
        delay in 0..20_i64,
        history in histories(-40..160_i64),
    ) {
        same(&plan(window, delay), &history)?;
    }

    #[test]
    fn so_are_they_with_gaps_and_far_times(
        window in windows(1000),
        history in histories(prop_oneof![
            -5_000..5_000_i64,
            select(vec![-8_000_000_000_000_000, 7_999_999_999_000_000, 1 << 40, -(1 << 41)]),
        ]),
    ) {
        same(&plan(window, 0), &history)?;
    }

    #[test]
    fn so_are_they_where_clocks_change(
        window in windows(15 * 60_000),
        zone in select(vec![
            (Tz::Europe__Berlin, 1_635_638_400_000_i64),
            (Tz::Europe__Berlin, 1_616_889_600_000),
            (Tz::America__New_York, 1_636_264_800_000),
            (Tz::America__New_York, 1_615_705_200_000),
        ]),
        history in histories((-20..30_i64).prop_map(|quarter| quarter * 900_000 + 1)),
        hours in 0..3_i64,
    ) {
        let (zone, near) = zone;
        let shifted = history.into_iter().map(|happening| match happening {
            Happening::Rows(partition, rows) => {
                let near = |row: Row| Row { time: row.time.map(|time| time + near), ..row };
                Happening::Rows(partition, rows.into_iter().map(near).collect())
            }
            other => other,
        });
        let history: Vec<_> = shifted.collect();
        same(&plan(window, hours * 3_600_000).in_zone(zone), &history)?;
    }
}

#[test]
fn a_wrong_model_is_found_out() {
    let plan = Plan {
        partitions: 1,
        ..plan(tumble(10), 0)
    };
    let wrong = Plan {
        delay: 1,
        ..plan.clone()
    };
    let history = history("a@9 | a@3");
    let mut model = Model::of(&wrong);
    let expected: Vec<_> = history.iter().map(|one| model.happen(one).len()).collect();
    let given: Vec<_> = plan.run(&history, false).iter().map(Vec::len).collect();
    assert_ne!(given[..2], expected[..]);
}
