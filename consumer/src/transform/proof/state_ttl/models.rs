//! Steps that forget, as a few lines of plain Rust.

use std::collections::BTreeMap;

use super::{Change, Row};

/// What a step would do if it went through all it knows each time.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) ttl: i64,
    /// Of each key: rows, their sum or none where they are only counted, and when it was written.
    pub(super) keys: BTreeMap<Option<i64>, (i64, i64, i64)>,
    pub(super) is_count: bool,
}

impl Sums {
    pub(super) fn push(&mut self, now: i64, changes: &[Change]) -> Vec<Change> {
        let mut before = BTreeMap::new();
        for (adds, [key, value]) in changes {
            let ttl = self.ttl;
            self.keys
                .retain(|_, (rows, _, written)| *rows > 0 && *written + ttl > now);
            let was = self
                .keys
                .get(key)
                .map(|(rows, sum, _)| if self.is_count { *rows } else { *sum });
            if was.is_none() && !adds {
                continue;
            }
            before.entry(*key).or_insert(was);
            let sign = if *adds { 1 } else { -1 };
            let known = self.keys.entry(*key).or_default();
            *known = (
                known.0 + sign,
                known.1 + sign * value.unwrap_or_default(),
                now,
            );
        }
        let now_of = |(rows, sum, _): &(i64, i64, i64)| {
            (*rows > 0).then_some(if self.is_count { *rows } else { *sum })
        };
        let told = before.into_iter().flat_map(|(key, was)| {
            let is = self.keys.get(&key).and_then(now_of);
            let was = was.map(|was| (false, [key, Some(was)]));
            was.into_iter().chain(is.map(|is| (true, [key, Some(is)])))
        });
        told.collect()
    }
}

/// The two rows of each key with the greatest values.
#[derive(Debug)]
pub(super) struct Greatest {
    pub(super) ttl: i64,
    pub(super) keys: BTreeMap<Option<i64>, (Vec<i64>, i64)>,
}

impl Greatest {
    pub(super) fn push(&mut self, now: i64, changes: &[Change]) -> Vec<Change> {
        let mut before = BTreeMap::new();
        for (_, [key, value]) in changes {
            let ttl = self.ttl;
            self.keys.retain(|_, (_, written)| *written + ttl > now);
            let (values, written) = self.keys.entry(*key).or_insert((Vec::new(), now));
            before.entry(*key).or_insert_with(|| values.clone());
            values.push(value.unwrap());
            values.sort_unstable_by_key(|value| -value);
            if values.len() < 3 || values.pop() != *value {
                *written = now;
            }
        }
        let mut told = Vec::new();
        for (key, was) in before {
            let is = &self.keys[&key].0;
            let row = |value: &i64| [key, Some(*value)];
            let gone = was.iter().filter(|value| !is.contains(value));
            told.extend(gone.map(|value| (false, row(value))));
            let new = is.iter().filter(|value| !was.contains(value));
            told.extend(new.map(|value| (true, row(value))));
        }
        told
    }
}

/// A row that a join keeps.
#[derive(Debug)]
pub(super) struct Kept {
    row: Row,
    matches: usize,
    written: i64,
}

/// A join by the first column, of which the result has the two values.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) ttl: i64,
    pub(super) kind: &'static str,
    pub(super) sides: [Vec<Kept>; 2],
}

impl Joined {
    /// Whether it matters for rows of that side to how many they belong.
    fn counts(&self, side: usize) -> bool {
        match self.kind {
            "LEFT JOIN" | "EXISTS" | "NOT EXISTS" => side == 0,
            "RIGHT JOIN" => side == 1,
            kind => kind == "FULL JOIN",
        }
    }

    /// What is given of a row of a side beside one of the other.
    fn pair(&self, side: usize, one: Row, other: Option<Row>) -> Row {
        let (first, second) = match side {
            0 => (Some(one), other),
            _ => (other, Some(one)),
        };
        let of = |row: Option<Row>| row.and_then(|row| row[1]);
        [of(first), of(second)]
    }

    pub(super) fn push(&mut self, side: usize, now: i64, changes: &[Change]) -> Vec<Change> {
        changes
            .iter()
            .flat_map(|change| self.take(side, now, *change))
            .collect()
    }

    fn take(&mut self, side: usize, now: i64, (adds, row): Change) -> Vec<Change> {
        let ttl = self.ttl;
        self.sides
            .iter_mut()
            .for_each(|kept| kept.retain(|kept| kept.written + ttl > now));
        let belongs = |kept: &&mut Kept| kept.row[0] == row[0] && row[0].is_some();
        let own = match adds {
            true => {
                let matches = self.sides[1 - side].iter_mut().filter(belongs).count();
                self.sides[side].push(Kept {
                    row,
                    matches,
                    written: now,
                });
                matches
            }
            false => match self.sides[side].iter().position(|kept| kept.row == row) {
                Some(at) => self.sides[side].remove(at).matches,
                None => return Vec::new(),
            },
        };
        let mut told = Vec::new();
        let is_exists = self.kind.ends_with("EXISTS");
        let (counts, other_counts) = (self.counts(side), self.counts(1 - side));
        match is_exists {
            true if side == 0 && (own > 0) == (self.kind == "EXISTS") => told.push((adds, row)),
            false if counts && own == 0 => told.push((adds, self.pair(side, row, None))),
            _ => {}
        }
        let mut others = std::mem::take(&mut self.sides[1 - side]);
        for other in others.iter_mut().filter(belongs) {
            let before = other.matches;
            if other_counts {
                other.written = now;
                other.matches = if adds { before + 1 } else { before - 1 };
            }
            let turns = other_counts && (before == 0) != (other.matches == 0);
            match (is_exists, turns) {
                (true, true) => told.push((adds == (self.kind == "EXISTS"), other.row)),
                (true, false) => {}
                (false, turns) => {
                    told.push((adds, self.pair(side, row, Some(other.row))));
                    if turns {
                        told.push((!adds, self.pair(1 - side, other.row, None)));
                    }
                }
            }
        }
        self.sides[1 - side] = others;
        told
    }
}
