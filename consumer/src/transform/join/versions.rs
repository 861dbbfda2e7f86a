//! The versions of keys, by their times. Behind [`Versions::settle`], what no row behind event time can
//! ask for any more is gone: of the versions that are not behind it, the last of each key is left.

use std::collections::BTreeMap;

use arrow::{array::ArrayRef, datatypes::SchemaRef, record_batch::RecordBatch, row::Rows};

use super::side::NULLS;
use crate::transform::{error::Fault, store::Store};

#[derive(Debug)]
pub(super) struct Versions {
    schema: SchemaRef,
    /// The first is of nulls: it stands beside a row that has no version.
    rows: Store,
    /// Those of each group, by their times.
    of_groups: Vec<Vec<Version>>,
    /// Groups of which some versions are not wanted any more when event time is there.
    unsettled: BTreeMap<i64, Vec<u32>>,
}

/// From `time` on, the row of this number.
#[derive(Debug, Clone, Copy)]
struct Version {
    time: i64,
    row: u32,
}

impl Versions {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, Fault> {
        Ok(Self {
            schema: schema.clone(),
            rows: Store::behind_nulls(schema)?,
            of_groups: Vec::new(),
            unsettled: BTreeMap::new(),
        })
    }

    /// Makes room for groups up to `bound`.
    pub(super) fn grow(&mut self, bound: usize) {
        let bound = bound.max(self.of_groups.len());
        self.of_groups.resize_with(bound, Vec::new);
    }

    /// Rows as they are kept.
    pub(super) fn encoded(&self, columns: &[ArrayRef]) -> Result<Rows, Fault> {
        self.rows.encoded(columns)
    }

    /// Rows of these numbers as columns.
    pub(super) fn columns(&self, rows: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        self.rows.columns(rows)
    }

    /// Whether a group has versions.
    pub(super) fn has(&self, group: u32) -> bool {
        self.of_groups
            .get(group as usize)
            .is_some_and(|all| !all.is_empty())
    }

    /// Takes a version. Of two that are valid from the same time on, the one that comes last is.
    pub(super) fn put(&mut self, group: u32, time: i64, row: &[u8]) -> Result<(), Fault> {
        let row = self.rows.put(row)?;
        let Some(all) = self.of_groups.get_mut(group as usize) else {
            return Ok(());
        };
        let at = all.partition_point(|one| one.time < time);
        if let Some(same) = all.get_mut(at).filter(|one| one.time == time) {
            let before = std::mem::replace(&mut same.row, row);
            self.rows.remove(&[before]);
            return Ok(());
        }
        all.insert(at, Version { time, row });
        // The one before goes when this one's time has come, and this one when the next one's has.
        let until_next = all.get(at + 1).map(|next| next.time);
        let until_own = (at > 0).then_some(time);
        for until in [until_own, until_next].into_iter().flatten() {
            self.unsettled.entry(until).or_default().push(group);
        }
        Ok(())
    }

    /// The version that was valid at a time; none is the row of nulls.
    pub(super) fn at(&self, group: u32, time: i64) -> u32 {
        let all = self.of_groups.get(group as usize);
        let valid = all.and_then(|all| {
            let behind = all.partition_point(|one| one.time <= time);
            all.get(behind.checked_sub(1)?)
        });
        valid.map_or(NULLS, |version| version.row)
    }

    /// Forgets what no row behind event time can ask for.
    pub(super) fn settle(&mut self, watermark: i64) {
        while let Some(first) = self.unsettled.first_entry() {
            if *first.key() > watermark {
                break;
            }
            for group in first.remove() {
                let Some(all) = self.of_groups.get_mut(group as usize) else {
                    continue;
                };
                let passed = all.partition_point(|one| one.time <= watermark);
                let gone = all.drain(..passed.saturating_sub(1));
                let gone: Vec<_> = gone.map(|version| version.row).collect();
                self.rows.remove(&gone);
            }
        }
    }

    /// All of them, those of a group by their times.
    pub(super) fn all(&self) -> Result<RecordBatch, Fault> {
        let rows: Vec<_> = self.of_groups.iter().flatten().map(|one| one.row).collect();
        Ok(RecordBatch::try_new(
            self.schema.clone(),
            self.columns(&rows)?,
        )?)
    }

    pub(super) fn bytes(&self) -> usize {
        let versions: usize = self.of_groups.iter().map(Vec::capacity).sum();
        let unsettled: usize = self.unsettled.values().map(Vec::capacity).sum();
        self.rows.bytes()
            + self.of_groups.capacity() * size_of::<Vec<Version>>()
            + versions * size_of::<Version>()
            + unsettled * size_of::<u32>()
            + self.unsettled.len() * size_of::<(i64, Vec<u32>)>()
    }
}
