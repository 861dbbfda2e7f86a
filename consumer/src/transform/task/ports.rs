//! Where rows come into a task, and how far event time has come in each partition there.

use std::collections::BTreeMap;

use crate::{
    plan::StepId,
    transform::{
        error::{Error, Fault},
        operator::{Event, Origin, Progress},
        state::State,
        watermarks::Partitions,
    },
};

/// The ports of a task.
#[derive(Debug, Default)]
pub(super) struct Ports(BTreeMap<StepId, Partitions>);

impl Ports {
    pub(super) fn add(&mut self, port: StepId) {
        self.0.entry(port).or_default();
    }

    /// Takes note of what happens; whether there is such a port.
    pub(super) fn hear(&mut self, of: Origin, event: Event) -> bool {
        let port = self.0.get_mut(&of.port);
        port.map(|partitions| partitions.hear(of, event)).is_some()
    }

    pub(super) fn raise(&mut self, of: Origin, watermark: i64) {
        if let Some(partitions) = self.0.get_mut(&of.port) {
            partitions.raise(of, watermark);
        }
    }

    /// How far event time has come there; none where there is no such port.
    pub(super) fn progress(&self, port: StepId) -> Option<Progress> {
        self.0.get(&port).map(Partitions::progress)
    }

    /// Tells all that is known, with how far each step is.
    pub(super) fn state(
        &self,
        state: &mut State,
        steps: impl Iterator<Item = Progress>,
    ) -> Result<(), Error> {
        let (watermarks, idle): (Vec<_>, Vec<_>) = steps
            .map(|one| (one.watermark, i64::from(one.is_idle)))
            .unzip();
        let fail = |source| failed(StepId(0), source);
        state
            .put_numbers("progress", &[&watermarks, &idle])
            .map_err(fail)?;
        for (port, partitions) in &self.0 {
            let mut own = State::default();
            partitions
                .state(&mut own)
                .map_err(|source| failed(*port, source))?;
            state.put_below(&format!("port {}/", port.0), own);
        }
        Ok(())
    }

    /// The way back; how far each step is.
    pub(super) fn restore(&mut self, state: &mut State) -> Result<Vec<Progress>, Error> {
        let fail = |source| failed(StepId(0), source);
        let [watermarks, idle] = state.take_numbers("progress").map_err(fail)?;
        for (port, partitions) in &mut self.0 {
            let mut own = state.below(&format!("port {}/", port.0));
            partitions
                .restore(&mut own)
                .map_err(|source| failed(*port, source))?;
        }
        let both = watermarks.into_iter().zip(idle);
        Ok(both
            .map(|(watermark, idle)| Progress {
                watermark,
                is_idle: idle != 0,
            })
            .collect())
    }
}

fn failed(step: StepId, source: Fault) -> Error {
    Error::Step {
        step,
        kind: "port",
        source,
    }
}
