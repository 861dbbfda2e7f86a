//! What joins do: which rows of two inputs belong together, for how long, and what becomes of those
//! that belong to none.

use super::{Expression, Zone};

/// Rows of two inputs that belong together. Its columns are those of the first and then those of the
/// second; of a semi or anti join, those of the first.
#[derive(Debug, Clone)]
pub struct Join {
    /// What becomes of rows that belong to none.
    pub kind: JoinKind,
    /// What must be equal, over each input; none is that all rows may belong together.
    pub keys: Both<Vec<Expression>>,
    /// Whether nulls are equal to each other.
    pub nulls_match: bool,
    /// What else must be true, over the columns of the first and then of the second.
    pub filter: Option<Expression>,
    /// For how long rows of each input may find others, where not for ever.
    pub until: Option<Both<Until>>,
}

/// Each row of the first input beside the version of a key that was valid at its time: that of the
/// second input with the latest time that is not behind it. A version is known by the keys.
#[derive(Debug, Clone)]
pub struct Temporal {
    /// Which rows belong together: inner or left, and all but the time.
    pub join: Join,
    /// The columns of the times: timestamps in milliseconds.
    pub times: Both<usize>,
}

/// What becomes of rows, by whether they belong to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Only rows that belong to another are given, beside it.
    Inner,
    /// And rows of the first input that belong to none, beside nulls.
    Left,
    /// And rows of the second input that belong to none, beside nulls.
    Right,
    /// And rows of both.
    Full,
    /// The rows of the first input that belong to some.
    Semi,
    /// The rows of the first input that belong to none.
    Anti,
}

/// One of two inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// That before `JOIN`.
    First,
    /// That behind it.
    Second,
}

/// Something for each of two inputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// That of the first.
    pub first: T,
    /// That of the second.
    pub second: T,
}

/// Until event time has come to the time in this column and so much more, a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Until {
    /// A timestamp in milliseconds.
    pub column: usize,
    /// In milliseconds.
    pub plus: i64,
    /// In which zone the clocks are that the column tells; none is that it is an instant.
    pub zone: Option<Zone>,
    /// Whether a row that comes later counts no more; else it may still find those that are there.
    pub drops_late: bool,
}

impl JoinKind {
    /// Whether rows of that input that belong to none are given beside nulls.
    #[must_use]
    pub const fn gives_alone(self, input: Input) -> bool {
        matches!(
            (self, input),
            (Self::Full, _) | (Self::Left, Input::First) | (Self::Right, Input::Second)
        )
    }
}

impl Input {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

impl<T> Both<T> {
    /// That of one.
    pub const fn of(&self, input: Input) -> &T {
        match input {
            Input::First => &self.first,
            Input::Second => &self.second,
        }
    }

    /// That of one, to be changed.
    pub const fn of_mut(&mut self, input: Input) -> &mut T {
        match input {
            Input::First => &mut self.first,
            Input::Second => &mut self.second,
        }
    }
}
