//! What users know: what they asked, what they were told, and what they were shown; and whether what
//! is there in the end is as that promises.

use std::{collections::BTreeMap, time::Duration};

use common::offset::Offset;

/// The records of each stream.
pub(super) type Streams = BTreeMap<String, Vec<String>>;

/// What all users know together.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) appends: Vec<Append>,
    /// What each live reader was shown, from the beginning of a stream on.
    pub(super) shown: Vec<(String, Vec<String>)>,
    /// How often something was asked again and had been done.
    pub(super) repeats: usize,
}

/// A request to append, asked once or more often.
#[derive(Debug, Clone)]
pub(super) struct Append {
    pub(super) lines: Vec<String>,
    pub(super) began: Duration,
    /// When it was acknowledged; until then nobody knows.
    pub(super) ended: Option<Duration>,
    /// The place behind it, where the answer says that.
    pub(super) next: Option<Offset>,
}

/// Where a record is: in which stream, and which one it is.
type Place<'a> = (&'a str, usize);

impl History {
    /// Whether `found` keeps every promise.
    pub(super) fn check(&self, found: &Streams) -> Result<(), String> {
        let places = places(found)?;
        let known: usize = self
            .appends
            .iter()
            .map(|append| append.check(&places))
            .sum::<Result<_, _>>()?;
        if known != places.len() {
            return Err(format!(
                "{known} of {} records were asked for",
                places.len()
            ));
        }
        self.is_in_order(&places)?;
        for (stream, shown) in &self.shown {
            if !found[stream].starts_with(shown) {
                let there = &found[stream];
                return Err(format!(
                    "{stream}: {shown:?} was shown, and {there:?} is there"
                ));
            }
        }
        Ok(())
    }

    /// What was asked after something else was acknowledged comes after it.
    fn is_in_order(&self, places: &BTreeMap<&str, Place<'_>>) -> Result<(), String> {
        let place = |append: &Append| places.get(append.lines[0].as_str()).copied();
        for one in &self.appends {
            for other in &self.appends {
                let is_before = one.ended.is_some_and(|ended| ended < other.began);
                if let (true, Some(first), Some(second)) = (is_before, place(one), place(other))
                    && first.0 == second.0
                    && first.1 >= second.1
                {
                    return Err(format!("{other:?} is before {one:?}"));
                }
            }
        }
        Ok(())
    }
}

impl Append {
    /// That all of it is there, or none of it; how many records that is.
    fn check(&self, places: &BTreeMap<&str, Place<'_>>) -> Result<usize, String> {
        let found: Vec<Place<'_>> = self
            .lines
            .iter()
            .filter_map(|line| places.get(line.as_str()).copied())
            .collect();
        if found.len() != self.lines.len() && !(found.is_empty() && self.ended.is_none()) {
            return Err(format!("of {self:?} only {found:?} is there"));
        }
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        for (stream, index) in &found {
            let before = last.insert(stream, *index);
            if before.is_some_and(|before| before + 1 != *index) {
                return Err(format!("{self:?} is torn apart: {found:?}"));
            }
        }
        let end = found.last().map(|(_, index)| *index as u64 + 1);
        match self.next {
            Some(next) if Some(next.record) != end => Err(format!("{self:?} ends at {end:?}")),
            _ => Ok(found.len()),
        }
    }
}

/// Where each record is; none is there twice.
fn places(found: &Streams) -> Result<BTreeMap<&str, Place<'_>>, String> {
    let mut places = BTreeMap::new();
    for (stream, lines) in found {
        for (index, line) in lines.iter().enumerate() {
            let place = (stream.as_str(), index);
            if let Some(other) = places.insert(line.as_str(), place) {
                return Err(format!("{line} is at {other:?} and at {place:?}"));
            }
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked at one time and acknowledged at the next, to end behind so many records.
    fn append(lines: &str, began: u64, ended: Option<u64>, next: Option<u64>) -> Append {
        Append {
            lines: words(lines),
            began: Duration::from_millis(began),
            ended: ended.map(Duration::from_millis),
            next: next.map(|record| Offset { record, byte: 0 }),
        }
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn every_broken_promise_is_found() {
        let history = History {
            appends: vec![
                append("1 2", 0, Some(1), Some(2)),
                append("3", 2, Some(5), None),
                append("4 5", 3, None, None),
            ],
            shown: vec![("a".to_owned(), words("1 2"))],
            repeats: 0,
        };
        let check = |a: &str, b: &str, is_kept: bool| {
            let found = [("a".to_owned(), words(a)), ("b".to_owned(), words(b))];
            let checked = history.check(&found.into());
            assert_eq!(checked.is_ok(), is_kept, "{a} and {b}: {checked:?}");
        };
        check("1 2 3", "", true);
        check("1 2 4 5 3", "", true);
        check("1 2 4 3", "5", true);
        check("1 2", "", false);
        check("1 2 3 4", "", false);
        check("1 2 3 3", "", false);
        check("1 2 3", "3", false);
        check("1 2 3 6", "", false);
        check("1 2 4 3 5", "", false);
        check("3 1 2", "", false);
        check("4 5 1 2", "3", false);
        check("3", "1 2", false);
    }
}
