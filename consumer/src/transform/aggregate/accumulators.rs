//! The accumulators of a step's aggregates, and the sets of values of those that count each value once.

use std::collections::HashSet;

use arrow::{
    array::{ArrayRef, UInt32Array},
    buffer::NullBuffer,
    compute::take,
};

use super::{
    Accumulator, Columns, Input, Program,
    distinct::{Distinct, Learnt, Rows},
};
use crate::transform::error::Fault;

/// The values of all aggregates, for each group.
#[derive(Debug)]
pub(in crate::transform) struct Accumulators {
    each: Vec<Each>,
    sets: Vec<Set>,
}

#[derive(Debug)]
struct Each {
    accumulator: Box<dyn Accumulator>,
    /// The set that tells it which rows are new, and as which of its members.
    told_by: Option<(usize, usize)>,
}

/// What some of the aggregates share.
#[derive(Debug)]
struct Set {
    distinct: Box<dyn Distinct>,
    /// Which, by their numbers.
    members: Vec<usize>,
}

/// Of each set, which rows are new to each of its members.
type News = Vec<Vec<NullBuffer>>;

impl Accumulators {
    pub(in crate::transform) fn new(program: &Program) -> Result<Self, Fault> {
        let mut sets = Vec::new();
        for members in program.distincts() {
            let distinct = program.distinct(&members)?;
            sets.push(Set { distinct, members });
        }
        let told_by = |at: usize| {
            sets.iter().enumerate().find_map(|(set, of)| {
                let member = of.members.iter().position(|member| *member == at)?;
                Some((set, member))
            })
        };
        let accumulators = program.accumulators()?.into_iter().enumerate();
        let each = accumulators.map(|(at, accumulator)| Each {
            accumulator,
            told_by: told_by(at),
        });
        Ok(Self {
            each: each.collect(),
            sets,
        })
    }

    /// Makes room for groups up to `bound`.
    pub(in crate::transform) fn grow(&mut self, bound: usize) {
        self.sets
            .iter_mut()
            .for_each(|set| set.distinct.grow(bound));
        let each = self.each.iter_mut();
        each.for_each(|each| each.accumulator.grow(bound));
    }

    /// Takes rows of these groups.
    pub(in crate::transform) fn update(
        &mut self,
        columns: &Columns,
        groups: &[u32],
    ) -> Result<(), Fault> {
        let news = self.news(columns, groups)?;
        for (at, each) in self.each.iter_mut().enumerate() {
            each.accumulator
                .update(&told(columns.input(at, groups), each.told_by, &news))?;
        }
        Ok(())
    }

    /// Takes rows one by one, and gives the values of each row's group behind it.
    pub(in crate::transform) fn update_each(
        &mut self,
        columns: &Columns,
        groups: &[u32],
    ) -> Result<Vec<ArrayRef>, Fault> {
        let news = self.news(columns, groups)?;
        let each = self.each.iter_mut().enumerate();
        each.map(|(at, each)| {
            let input = told(columns.input(at, groups), each.told_by, &news);
            each.accumulator.update_each(&input)
        })
        .collect()
    }

    fn news(&mut self, columns: &Columns, groups: &[u32]) -> Result<News, Fault> {
        let news = self.sets.iter_mut().map(|set| {
            let inputs = set
                .members
                .iter()
                .map(|member| columns.input(*member, groups));
            let inputs: Vec<_> = inputs.collect();
            let first = inputs
                .first()
                .ok_or_else(|| Fault::State("no member".to_owned()))?;
            set.distinct.news(&Rows {
                groups,
                values: first.argument()?,
                valid: &inputs.iter().map(|input| input.valid).collect::<Vec<_>>(),
                adds: first.adds,
            })
        });
        news.collect()
    }

    /// The values of these groups.
    pub(in crate::transform) fn values(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let each = self.each.iter_mut();
        each.map(|each| each.accumulator.values(groups)).collect()
    }

    /// What these groups know, as columns.
    pub(in crate::transform) fn state(&mut self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        let mut columns = Vec::new();
        for set in &self.sets {
            columns.extend(set.distinct.state(groups)?);
        }
        for each in &mut self.each {
            columns.extend(each.accumulator.state(groups)?);
        }
        Ok(columns)
    }

    /// Adds what others knew to these groups, one row each. What is told by a set learns its new values, but
    /// where the group is new: it is then as it was, to the last digit, whatever order its values came in.
    pub(in crate::transform) fn merge(
        &mut self,
        groups: &[u32],
        state: &[ArrayRef],
    ) -> Result<(), Fault> {
        let mut rest = state;
        let mut are_new = Vec::new();
        for set in &mut self.sets {
            let new = New::of(groups, set.distinct.as_ref());
            let own = set.distinct.state(&[])?.len();
            let mut learnt = set.distinct.merge(groups, split(&mut rest, own)?)?;
            new.leave_out(&mut learnt);
            are_new.push(new);
            for (member, news) in set.members.iter().zip(&learnt.news) {
                let input = Input {
                    groups: &learnt.groups,
                    values: std::slice::from_ref(&learnt.values),
                    valid: Some(news),
                    adds: None,
                    arrivals: &[],
                };
                if let Some(each) = self.each.get_mut(*member) {
                    each.accumulator.update(&input)?;
                }
            }
        }
        for each in &mut self.each {
            let own = each.accumulator.state(&[])?.len();
            let own = split(&mut rest, own)?;
            match each.told_by.and_then(|(set, _)| are_new.get(set)) {
                None => each.accumulator.merge(groups, own)?,
                Some(new) => each.accumulator.merge(&new.groups, &new.of_rows(own)?)?,
            }
        }
        Ok(())
    }

    /// Makes these groups anew.
    pub(in crate::transform) fn clear(&mut self, groups: &[u32]) {
        let sets = self.sets.iter_mut();
        sets.for_each(|set| set.distinct.clear(groups));
        let each = self.each.iter_mut();
        each.for_each(|each| each.accumulator.clear(groups));
    }

    /// Gives back so many values of each, or all there are, of groups that were made anew.
    pub(in crate::transform) fn sweep(&mut self, most: usize) {
        let sets = self.sets.iter_mut();
        sets.for_each(|set| set.distinct.sweep(most));
        let each = self.each.iter_mut();
        each.for_each(|each| each.accumulator.sweep(most));
    }

    /// Whether nothing is to be given back.
    pub(in crate::transform) fn is_swept(&self) -> bool {
        let each = self.each.iter();
        self.sets.iter().all(|set| set.distinct.is_swept())
            && each.map(|each| &each.accumulator).all(|one| one.is_swept())
    }

    /// Gives back up to so many places for values, where they are not used any more; how many it was.
    pub(in crate::transform) fn dismantle(&mut self, most: usize) -> usize {
        let mut given = 0;
        for set in &mut self.sets {
            given += set.distinct.dismantle(most - given);
        }
        given
    }

    /// How much memory they take.
    pub(in crate::transform) fn bytes(&self) -> usize {
        let sets = self.sets.iter().map(|set| set.distinct.bytes());
        let each = self.each.iter().map(|each| each.accumulator.bytes());
        sets.chain(each).sum()
    }
}

/// The groups that a set knows nothing of before it learns, and in which rows they stand.
#[derive(Debug)]
struct New {
    groups: Vec<u32>,
    rows: UInt32Array,
    /// Whether all are.
    are_all: bool,
}

impl New {
    fn of(groups: &[u32], set: &dyn Distinct) -> Self {
        let (mut seen, rows) = (HashSet::new(), (0_u32..).zip(groups));
        let new = rows.filter(|(_, group)| set.is_new(**group) && seen.insert(**group));
        let (rows, new): (Vec<_>, Vec<_>) = new.map(|(row, group)| (row, *group)).unzip();
        Self {
            are_all: new.len() == groups.len(),
            groups: new,
            rows: rows.into(),
        }
    }

    /// Their values are no news: what is made of them is known.
    fn leave_out(&self, learnt: &mut Learnt) {
        if self.groups.is_empty() {
            return;
        }
        let own: HashSet<_> = self.groups.iter().collect();
        let of_others = learnt.groups.iter().map(|group| !own.contains(group));
        let of_others = NullBuffer::from(of_others.collect::<Vec<_>>());
        for news in &mut learnt.news {
            let both = NullBuffer::union(Some(news), Some(&of_others));
            *news = both.unwrap_or_else(|| of_others.clone());
        }
    }

    /// Their rows of these columns.
    fn of_rows(&self, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>, Fault> {
        if self.are_all {
            return Ok(columns.to_vec());
        }
        let rows = columns.iter().map(|column| take(column, &self.rows, None));
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Rows as an aggregate sees them that is told what is new.
fn told<'a>(input: Input<'a>, told_by: Option<(usize, usize)>, news: &'a News) -> Input<'a> {
    let own = told_by.and_then(|(set, member)| news.get(set)?.get(member));
    Input {
        valid: own.or(input.valid),
        ..input
    }
}

/// The first `count` columns, which are taken from the rest.
fn split<'a>(rest: &mut &'a [ArrayRef], count: usize) -> Result<&'a [ArrayRef], Fault> {
    let parts = rest.split_at_checked(count);
    let (own, others) = parts.ok_or_else(|| Fault::State(format!("{count} columns")))?;
    *rest = others;
    Ok(own)
}
