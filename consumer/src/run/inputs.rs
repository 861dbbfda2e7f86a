//! What a job reads, opened: the tables that rows are looked up in come first, and all others when
//! those are there.

use futures_util::stream::SelectAll;

use super::{
    Options,
    error::Failure,
    prepare::{Preparation, Preparer},
    scans::Reading,
    source::{self, Comings},
    wiring::Wiring,
};

/// The tables of a job, in the order of its scans.
pub(super) struct Inputs {
    /// Those that are read at once.
    pub(super) comings: SelectAll<Comings>,
    /// The others.
    pub(super) later: Vec<Comings>,
    pub(super) scans: Vec<Reading>,
    pub(super) preparer: Preparer,
}

impl Inputs {
    /// Begins to read.
    pub(super) fn open(wiring: &Wiring<'_>, options: &Options) -> Result<Self, Failure> {
        let mut inputs = Self {
            comings: SelectAll::new(),
            later: Vec::new(),
            scans: Vec::new(),
            preparer: Preparer(Vec::new()),
        };
        for (number, (scan, step, chain)) in wiring.stages.scans(wiring.dataflow).enumerate() {
            let coming = source::open(number, scan, &step.schema, &options.reach)?;
            if scan.is_looked_up {
                inputs.comings.push(coming);
            } else {
                inputs.later.push(coming);
            }
            let reading = Reading::new(scan, chain, wiring.dataflow, 0);
            inputs.scans.push(reading);
            let prepared = Preparation::new(scan, step.schema.clone(), chain.clone())?;
            inputs.preparer.0.push(prepared);
        }
        Ok(inputs)
    }
}
