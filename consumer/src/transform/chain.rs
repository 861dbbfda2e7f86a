//! The steps right behind a scan that look at each row alone. They can be done where rows are parsed,
//! by several at once, as long as rows come together again in their order.

use arrow::record_batch::RecordBatch;

use super::{
    changes::Changes,
    error::{Error, Fault},
    operator::{Operator, Origin, Out},
    stateless::{Filter, Project},
    watermarks::greatest,
};
use crate::plan::{Dataflow, Kind, Step, StepId, Watermarks};

/// A scan, and the steps behind it up to one that needs to know more than a row, or that several
/// others read from.
#[derive(Debug, Clone)]
pub struct Chain {
    scan: StepId,
    links: Vec<(StepId, Link)>,
}

#[derive(Debug, Clone)]
enum Link {
    Filter(Filter),
    Project(Project),
    Watermarks(Watermarks),
}

/// What comes of rows.
#[derive(Debug)]
pub struct Chained {
    /// What is left of them.
    pub rows: RecordBatch,
    /// How far event time has come by them, where the chain says so.
    pub watermark: Option<i64>,
    /// How many rows each step took and gave, in the order of [`Chain::steps`].
    pub counts: Vec<(usize, usize)>,
}

impl Chain {
    /// The chain behind `scan`.
    #[must_use]
    pub fn behind(scan: StepId, dataflow: &Dataflow) -> Self {
        let mut chain = Self {
            scan,
            links: Vec::new(),
        };
        while let Some((at, step)) = only_reader(chain.end(), dataflow) {
            let Some(link) = Link::of(step) else {
                break;
            };
            chain.links.push((at, link));
        }
        chain
    }

    /// The scan, and the steps behind it in their order, each with what it does in a word.
    pub fn steps(&self) -> impl Iterator<Item = (StepId, &'static str)> {
        let links = self.links.iter().map(|(step, link)| (*step, link.name()));
        std::iter::once((self.scan, "scan")).chain(links)
    }

    /// The scan.
    #[must_use]
    pub const fn scan(&self) -> StepId {
        self.scan
    }

    /// The last of its steps: what it gives are that one's rows.
    #[must_use]
    pub fn end(&self) -> StepId {
        self.links.last().map_or(self.scan, |(step, _)| *step)
    }

    /// Does its steps on rows of the scan.
    ///
    /// # Errors
    /// A row cannot be computed.
    pub fn apply(&mut self, rows: RecordBatch) -> Result<Chained, Error> {
        let mut chained = Chained {
            counts: vec![(rows.num_rows(), rows.num_rows())],
            rows,
            watermark: None,
        };
        for (step, link) in &mut self.links {
            let before = chained.rows.num_rows();
            link.apply(&mut chained).map_err(|source| Error::Step {
                step: *step,
                kind: link.name(),
                source,
            })?;
            chained.counts.push((before, chained.rows.num_rows()));
        }
        Ok(chained)
    }
}

/// The step that reads from `of`, where it is one, and it reads from nothing else.
fn only_reader(of: StepId, dataflow: &Dataflow) -> Option<(StepId, &Step)> {
    let all = dataflow.steps.iter().enumerate();
    let mut readers = all.filter(|(_, step)| step.inputs.contains(&of));
    let (at, step) = readers.next()?;
    let is_only = readers.next().is_none() && step.inputs.len() == 1;
    is_only.then_some((StepId(at), step))
}

impl Link {
    fn of(step: &Step) -> Option<Self> {
        match &step.kind {
            Kind::Filter(condition) => Some(Self::Filter(Filter(condition.clone()))),
            Kind::Project(expressions) => Some(Self::Project(Project {
                expressions: expressions.clone(),
                schema: step.schema.clone(),
            })),
            Kind::Watermarks(watermarks) => Some(Self::Watermarks(watermarks.clone())),
            Kind::Scan(_)
            | Kind::Union
            | Kind::Repeat(_)
            | Kind::Assign { .. }
            | Kind::Windowed(_)
            | Kind::Running(_)
            | Kind::Over(_)
            | Kind::Join(_)
            | Kind::Lookup(_)
            | Kind::Temporal(_)
            | Kind::Rank(_)
            | Kind::Materialize(_)
            | Kind::Average
            | Kind::Insert(_) => None,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Filter(_) => "filter",
            Self::Project(_) => "project",
            Self::Watermarks(_) => "watermarks",
        }
    }

    fn apply(&mut self, chained: &mut Chained) -> Result<(), Fault> {
        match self {
            Self::Filter(filter) => pass(filter, chained),
            Self::Project(project) => pass(project, chained),
            Self::Watermarks(of) => {
                chained.watermark = greatest(of.time, &of.watermark, &chained.rows)?;
                Ok(())
            }
        }
    }
}

/// Lets an operator without state have the rows.
fn pass(operator: &mut dyn Operator, chained: &mut Chained) -> Result<(), Fault> {
    let origin = Origin {
        port: StepId(0),
        partition: 0,
    };
    let mut out = Out::default();
    let empty = chained.rows.slice(0, 0);
    let rows = std::mem::replace(&mut chained.rows, empty);
    operator.push(origin, Changes::inserts(rows), &mut out)?;
    if let Some(changes) = out.changes.pop() {
        chained.rows = changes.rows;
    }
    Ok(())
}
