//! What a job has done so far, for who asks while it runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{metrics::Summary, tables::TableRead};
use crate::{plan::StepId, transform::Report};

/// What has been read, and what all tasks have done.
#[derive(Debug, Clone, Default)]
pub struct Reports(Arc<Mutex<Reported>>);

#[derive(Debug, Default)]
struct Reported {
    summary: Summary,
    tables: Vec<TableRead>,
    /// Each under the number of its stage and its own in it.
    tasks: BTreeMap<(usize, usize), Vec<Report>>,
}

impl Reports {
    /// Takes note of what a task has done so far.
    pub(super) fn put(&self, stage: usize, number: usize, reports: Vec<Report>) {
        self.lock().tasks.insert((stage, number), reports);
    }

    /// Takes note of what has been read so far.
    pub(super) fn read(&self, summary: Summary, tables: Vec<TableRead>) {
        let mut reported = self.lock();
        reported.summary = summary;
        reported.tables = tables;
    }

    /// What has been read.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.lock().summary
    }

    /// How far each table has been read.
    pub(super) fn tables(&self) -> Vec<TableRead> {
        self.lock().tables.clone()
    }

    /// What each step has done in all tasks together.
    #[must_use]
    pub fn all(&self) -> BTreeMap<StepId, Report> {
        let mut all: BTreeMap<StepId, Report> = BTreeMap::new();
        for report in self.lock().tasks.values().flatten() {
            all.entry(report.step)
                .and_modify(|known| known.add(report))
                .or_insert(*report);
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, Reported> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
