//! Tables that rows are looked up in: the others are read when all of these were, and these end with them.

use super::Head;
use crate::{
    fetch::Ended,
    run::{
        error::Failure,
        scans::{Loaded, Reading},
    },
};

impl Head {
    /// Begins to read all tables, if nothing is missing of those that rows are looked up in.
    pub(super) fn begin(&mut self) {
        let is_missing = |reading: &Reading| reading.looked_up == Some(Loaded(false));
        if self.scans.iter().any(is_missing) || self.later.is_empty() {
            return;
        }
        let now = self.elapsed();
        self.scans.iter_mut().for_each(|reading| reading.begin(now));
        self.comings.extend(self.later.drain(..));
    }

    /// A table that rows are looked up in was read to its end, or could not be.
    pub(super) async fn loaded(
        &mut self,
        scan: usize,
        loaded: Result<(), Ended>,
    ) -> Result<(), Failure> {
        self.catch_up().await?;
        let Some(reading) = self.scans.get_mut(scan) else {
            return Ok(());
        };
        let (port, is_whole) = (reading.end, reading.loaded(loaded)?);
        self.task.loaded(port, is_whole)?;
        self.outlet.loaded(port, is_whole).await?;
        self.begin();
        Ok(())
    }

    /// Nobody looks anything up any more.
    pub(super) async fn end_looked_up(&mut self) -> Result<(), Failure> {
        for scan in 0..self.scans.len() {
            let is_it = |one: &Reading| one.looked_up.is_some();
            if self.scans.get(scan).is_some_and(is_it) {
                self.end(scan, 0).await?;
            }
        }
        Ok(())
    }
}
