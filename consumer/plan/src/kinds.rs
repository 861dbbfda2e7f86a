//! Which kinds of changes there can be among the rows of a step, as Flink's planner infers them: from
//! the scans on, by what each step makes of those of its inputs. Of steps for which that names all kinds,
//! as outer joins and ranks, those that there can be.

use std::fmt;

use super::{Changelog, Dataflow, Join, JoinKind, Kind, Rank, Step};

/// What may happen to rows beside being added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds {
    /// They are replaced: `-U` and `+U`.
    pub(super) updates: bool,
    /// They go: `-D`.
    pub(super) deletes: bool,
}

impl Kinds {
    /// Rows are only added.
    pub(super) const INSERTS: Self = Self {
        updates: false,
        deletes: false,
    };

    const fn or(self, other: Self) -> Self {
        Self {
            updates: self.updates || other.updates,
            deletes: self.deletes || other.deletes,
        }
    }

    const fn deleting(self, deletes: bool) -> Self {
        self.or(Self {
            updates: false,
            deletes,
        })
    }

    /// Where a row is replaced as long as there is one, and goes where its last one is taken back.
    const fn replacing(input: Self) -> Self {
        Self {
            updates: true,
            deletes: input.updates || input.deletes,
        }
    }

    /// Those of each step.
    pub(super) fn of(dataflow: &Dataflow) -> Vec<Self> {
        let mut all = Vec::new();
        for step in &dataflow.steps {
            let inputs = step.inputs.iter();
            let inputs = inputs.filter_map(|input| all.get(input.0).copied());
            all.push(Self::of_step(step, &inputs.collect::<Vec<_>>()));
        }
        all
    }

    fn of_step(step: &Step, inputs: &[Self]) -> Self {
        if step.changelog == Changelog::Append {
            return Self::INSERTS;
        }
        let both = inputs.iter().copied().fold(Self::INSERTS, Self::or);
        match &step.kind {
            Kind::Running(_) | Kind::Materialize(_) => Self::replacing(both),
            Kind::Rank(rank) => Self::of_rank(rank, both),
            Kind::Join(join) => Self::of_join(join, inputs),
            // Where there is one less it goes, and where there is one more it is new.
            Kind::Repeat(_) => Self::INSERTS.deleting(true),
            Kind::Scan(_)
            | Kind::Filter(_)
            | Kind::Project(_)
            | Kind::Watermarks(_)
            | Kind::Union
            | Kind::Assign { .. }
            | Kind::Windowed(_)
            | Kind::Over(_)
            | Kind::Lookup(_)
            | Kind::Temporal(_)
            | Kind::Average
            | Kind::Insert(_) => both,
        }
    }

    /// A place in the order is filled anew; a row without a place goes.
    const fn of_rank(rank: &Rank, input: Self) -> Self {
        if rank.is_numbered || rank.from == rank.to {
            Self::replacing(input)
        } else {
            Self::INSERTS.deleting(true)
        }
    }

    /// Changes of either input are those of the rows that belong to it. What was alone goes when
    /// another comes, and the other way around.
    fn of_join(join: &Join, inputs: &[Self]) -> Self {
        let [first, second] = inputs else {
            return Self::INSERTS;
        };
        match join.kind {
            JoinKind::Inner => first.or(*second),
            JoinKind::Semi => first.deleting(second.updates || second.deletes),
            JoinKind::Anti => first.deleting(true),
            JoinKind::Left | JoinKind::Right | JoinKind::Full => first.or(*second).deleting(true),
        }
    }
}

/// As Flink writes them.
impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let updates = if self.updates { " -U +U" } else { "" };
        let deletes = if self.deletes { " -D" } else { "" };
        write!(f, "+I{updates}{deletes}")
    }
}
