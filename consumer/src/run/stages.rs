//! A dataflow → its stages: what can be done where rows are parsed, what one task does with all rows
//! in their order, and what several tasks do side by side, each with the rows of its keys.

use std::collections::BTreeSet;

use crate::{
    plan::{Both, Dataflow, Expression, Join, Kind, Scan, Step, StepId, Time, Window},
    transform::Chain,
};

/// How the steps of a dataflow are shared out.
#[derive(Debug, Clone)]
pub(super) struct Stages {
    /// One for each scan, in the order of the scans. Their steps are in no stage.
    pub(super) chains: Vec<Chain>,
    /// The first is run by one task, the others by several each. Each reads only from chains and from
    /// stages before it.
    pub(super) stages: Vec<Stage>,
}

/// Steps that run together.
#[derive(Debug, Clone, Default)]
pub(super) struct Stage {
    /// Which.
    pub(super) steps: BTreeSet<StepId>,
    /// Whose rows come in, and to which of the tasks.
    pub(super) inputs: Vec<(StepId, Route)>,
}

/// To which of a stage's tasks a row goes.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// Rows with the same values of these go to the same one.
    Keys(Vec<Expression>),
    /// All go to the first.
    One,
    /// To the one with the number of that which gave it.
    Same,
}

impl Stages {
    /// With more than one stage only where tasks are to run side by side.
    pub(super) fn of(dataflow: &Dataflow, is_parallel: bool) -> Self {
        let is_scan = |step: &StepId| {
            let step = dataflow.steps.get(step.0);
            step.is_some_and(|step| matches!(step.kind, Kind::Scan(_)))
        };
        let scans = (0..dataflow.steps.len()).map(StepId).filter(is_scan);
        let chains: Vec<_> = scans.map(|scan| Chain::behind(scan, dataflow)).collect();
        let mut stages = Self {
            chains,
            stages: vec![Stage::default()],
        };
        let chained = stages.chains.iter().flat_map(Chain::steps);
        let chained: BTreeSet<_> = chained.map(|(step, _)| step).collect();
        for (at, step) in dataflow.steps.iter().enumerate() {
            if !chained.contains(&StepId(at)) {
                let routes = routes(&step.kind).into_iter().filter(|_| is_parallel);
                stages.add(StepId(at), &step.inputs, &routes.collect::<Vec<_>>());
            }
        }
        stages
    }

    /// Each scan with its step and the chain behind it.
    pub(super) fn scans<'a>(
        &'a self,
        dataflow: &'a Dataflow,
    ) -> impl Iterator<Item = (&'a Scan, &'a Step, &'a Chain)> {
        self.chains.iter().filter_map(|chain| {
            let step = dataflow.steps.get(chain.scan().0)?;
            match &step.kind {
                Kind::Scan(scan) => Some((scan, step, chain)),
                _ => None,
            }
        })
    }

    /// Puts a step where its inputs are; or, where its rows have to be sent to their tasks first, or
    /// come from several stages, into a stage of its own.
    fn add(&mut self, step: StepId, inputs: &[StepId], routes: &[Route]) {
        let mut places = inputs.iter().map(|input| self.stage_of(*input));
        let first = places.next().unwrap_or_default();
        let is_new = !routes.is_empty() || places.any(|place| place != first);
        let at = if is_new {
            self.stages.push(Stage::default());
            self.stages.len() - 1
        } else {
            first
        };
        let steps = self.stages.get(at).map(|stage| stage.steps.clone());
        let Some(stage) = self.stages.get_mut(at) else {
            return;
        };
        for (number, input) in inputs.iter().enumerate() {
            let is_within = steps.as_ref().is_some_and(|steps| steps.contains(input));
            let is_known = stage.inputs.iter().any(|(known, _)| known == input);
            if !is_within && !is_known {
                let route = routes.get(number).cloned();
                stage.inputs.push((*input, route.unwrap_or(Route::Same)));
            }
        }
        stage.steps.insert(step);
    }

    /// The stage that a step is in; what chains give comes from the first.
    pub(super) fn stage_of(&self, step: StepId) -> usize {
        let mut stages = self.stages.iter();
        stages
            .position(|stage| stage.steps.contains(&step))
            .unwrap_or_default()
    }
}

impl Stage {
    /// Whether nothing that its steps do depends on how far event time has come, or the clock; what
    /// is forgotten by ticks may, since none is overtaken by rows.
    pub(super) fn is_timeless(&self, dataflow: &Dataflow) -> bool {
        let mut kinds = self
            .steps
            .iter()
            .filter_map(|step| dataflow.steps.get(step.0));
        kinds.all(|step| match step.kind {
            Kind::Filter(_)
            | Kind::Project(_)
            | Kind::Union
            | Kind::Repeat(_)
            | Kind::Materialize(_)
            | Kind::Average
            | Kind::Lookup(_)
            | Kind::Insert(_) => true,
            Kind::Running(ref running) => running.until.is_none(),
            Kind::Join(ref join) => join.until.is_none(),
            Kind::Rank(ref rank) => rank.until.is_none(),
            Kind::Scan(_)
            | Kind::Watermarks(_)
            | Kind::Assign { .. }
            | Kind::Windowed(_)
            | Kind::Temporal(_)
            | Kind::Over(_) => false,
        })
    }
}

/// How the rows of each input have to be shared out for a step that knows more than one row; none for
/// others.
fn routes(kind: &Kind) -> Vec<Route> {
    let keys = match kind {
        Kind::Windowed(windowed) => &windowed.keys,
        Kind::Running(running) => &running.keys,
        Kind::Over(over) => &over.keys,
        Kind::Rank(rank) => &rank.keys,
        Kind::Materialize(keys) => keys,
        Kind::Join(join) | Kind::Lookup(join) => return routes_of(join),
        Kind::Temporal(of) => return routes_of(&of.join),
        Kind::Assign {
            window: Window::Session { .. },
            keys,
            ..
        } => keys,
        Kind::Scan(_)
        | Kind::Filter(_)
        | Kind::Project(_)
        | Kind::Watermarks(_)
        | Kind::Union
        | Kind::Repeat(_)
        | Kind::Assign { .. }
        | Kind::Average
        | Kind::Insert(_) => return Vec::new(),
    };
    vec![route(keys)]
}

fn routes_of(join: &Join) -> Vec<Route> {
    let Both { first, second } = &join.keys;
    [first, second].map(|keys| route(keys)).into()
}

fn route(keys: &[Expression]) -> Route {
    if keys.is_empty() {
        Route::One
    } else {
        Route::Keys(keys.to_vec())
    }
}

/// Whether a step goes by the clock.
pub(super) fn is_by_clock(dataflow: &Dataflow) -> bool {
    let mut steps = (0..).map(StepId).zip(&dataflow.steps);
    steps.any(|(id, step)| has_processing_time(&step.kind) || dataflow.state_ttl_of(id).is_some())
}

const fn has_processing_time(kind: &Kind) -> bool {
    match kind {
        Kind::Assign { time, .. } => matches!(time, Time::Processing),
        Kind::Windowed(windowed) => matches!(windowed.time, Time::Processing),
        Kind::Over(over) => matches!(over.time, Time::Processing),
        Kind::Scan(_)
        | Kind::Filter(_)
        | Kind::Project(_)
        | Kind::Watermarks(_)
        | Kind::Union
        | Kind::Repeat(_)
        | Kind::Running(_)
        | Kind::Join(_)
        | Kind::Lookup(_)
        | Kind::Temporal(_)
        | Kind::Rank(_)
        | Kind::Materialize(_)
        | Kind::Average
        | Kind::Insert(_) => false,
    }
}
