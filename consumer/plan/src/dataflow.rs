//! What a job does: steps that hand changes to each other. It is what the planner gives, and what
//! operators are made from. A step reads only from steps that stand before it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arrow::datatypes::SchemaRef;
use datafusion_physical_expr::aggregate::AggregateFunctionExpr;

pub use compute::Expression;

use super::{Input, Join, Table, Temporal, Until, Zone};

/// The steps of a job, from its scans to its sinks.
#[derive(Debug, Clone, Default)]
pub struct Dataflow {
    /// In an order in which each stands behind those it reads from.
    pub steps: Vec<Step>,
    /// What becomes of rows that come too late, for the inputs of steps where they are kept.
    pub late: BTreeMap<Inlet, Late>,
    /// Of how many columns the rows of an input are to its step, where those behind them are there for
    /// late rows alone.
    pub widths: BTreeMap<Inlet, usize>,
    /// For how long steps keep what is not written: their [`Dataflow::state_ttl_of`].
    pub state_ttl: Option<Duration>,
}

/// Where rows come into a step: which, and by which of its inputs. Where all are the same to it, by
/// the first.
pub type Inlet = (StepId, Input);

/// Which step of a dataflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId(pub usize);

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The steps it reads from, in the order in which it numbers its inputs.
    pub inputs: Vec<StepId>,
    /// The columns it gives.
    pub schema: SchemaRef,
    /// What kinds of changes it gives.
    pub changelog: Changelog,
    /// What it does.
    pub kind: Kind,
}

/// What kinds of changes there can be among a step's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changelog {
    /// Rows are only ever added.
    Append,
    /// Rows may be taken back or replaced: what was before is given too (`-U`, `+U`, `-D`).
    Retract,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Reads a table.
    Scan(Scan),
    /// Keeps the rows for which an expression is true.
    Filter(Expression),
    /// Computes columns.
    Project(Vec<Expression>),
    /// Says how far event time has come.
    Watermarks(Watermarks),
    /// All rows of all its inputs.
    Union,
    /// Adds the columns `window_start`, `window_end` and `window_time`: a row for each window that
    /// a row is in.
    Assign {
        /// The windows.
        window: Window,
        /// Where its time is.
        time: Time,
        /// What sessions are apart by; empty for other windows.
        keys: Vec<Expression>,
        /// In which zone windows are aligned, where the time is a `TIMESTAMP_LTZ`.
        zone: Option<Zone>,
    },
    /// Aggregates the rows of each window and key.
    Windowed(Windowed),
    /// Aggregates all rows so far of each key, and gives each new result as a change.
    Running(Running),
    /// Adds to each row aggregates over all rows up to it.
    Over(Over),
    /// Puts each row of one input beside each of the other that it belongs to.
    Join(Box<Join>),
    /// Puts each row of the first input beside those of a table that it belongs to now. The table is
    /// the second input, which is read whole; what was given is not taken back when it is read anew.
    Lookup(Box<Join>),
    /// Puts each row of the first input beside what the second had for its key at its time.
    Temporal(Box<Temporal>),
    /// Gives each row as often as the number in this column says, without it. A row has changed where that
    /// number has, and nothing else.
    Repeat(usize),
    /// Keeps the first rows of each key in an order.
    Rank(Box<Rank>),
    /// Keeps the rows of each key, and gives the newest that is there: what a sink needs that knows one
    /// row of a key, where changes of a key come from several rows in any order.
    Materialize(Vec<Expression>),
    /// The average of all records so far, as the job without a text asks for. Nothing in SQL is this.
    Average,
    /// Writes to a table.
    Insert(Sink),
}

/// Reads some columns of a table. Of a table's columns, only physical ones and metadata: computed
/// ones are a projection behind it.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The table.
    pub table: Arc<Table>,
    /// Which of [`Table::columns`], in the order of the step's schema.
    pub columns: Vec<usize>,
    /// Whether it is read whole before all others, so that rows can be looked up in it; and then anew,
    /// as often as its connector says.
    pub is_looked_up: bool,
}

/// How far event time has come: the greatest that `watermark` ever was; it never falls.
#[derive(Debug, Clone)]
pub struct Watermarks {
    /// The column that is the time of a row: a timestamp in milliseconds. It may be null: such a
    /// row is in no window.
    pub time: usize,
    /// What the watermark is behind a row, over the step's input; of the type of the time.
    pub watermark: Expression,
    /// For how long a partition may be silent before it holds up nothing any more.
    pub idle_timeout: Option<Duration>,
    /// The table to which late rows are written, where there is one.
    pub late: Option<Arc<Table>>,
}

/// When something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The timestamp in this column of the input.
    Event(usize),
    /// When it is computed.
    Processing,
}

/// Windows of time. All lengths are above zero; `offset` moves their borders from where they would
/// be aligned to the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// One after another.
    Tumble {
        /// How long each is.
        size: Duration,
        /// In milliseconds.
        offset: i64,
    },
    /// One begins at each slide; `size` is a multiple of `slide`.
    Hop {
        /// From one to the next.
        slide: Duration,
        /// How long each is.
        size: Duration,
        /// In milliseconds.
        offset: i64,
    },
    /// They begin together each `size` and end one `step` after another; `size` is a multiple.
    Cumulate {
        /// From one end to the next.
        step: Duration,
        /// How long the longest is.
        size: Duration,
        /// In milliseconds.
        offset: i64,
    },
    /// As long as no gap between rows of a key is longer than this.
    Session {
        /// How long nothing happens between two.
        gap: Duration,
    },
}

/// Aggregates by window and key. Its columns are the keys, the aggregates, and then `window_start`,
/// `window_end` (both `TIMESTAMP(3)`, without a zone) and `window_time` (of the time's type).
#[derive(Debug, Clone)]
pub struct Windowed {
    /// The windows.
    pub window: Window,
    /// Where the time of a row is.
    pub time: Time,
    /// In which zone windows are aligned, where the time is a `TIMESTAMP_LTZ`.
    pub zone: Option<Zone>,
    /// By what rows are grouped beside their window; may be none.
    pub keys: Vec<Expression>,
    /// What is computed; may be none.
    pub aggregates: Vec<Aggregate>,
}

/// Aggregates by key, over all rows so far, or those of a window that is among the keys. Its columns
/// are the keys and then the aggregates. With no key there is one group.
#[derive(Debug, Clone)]
pub struct Running {
    /// By what rows are grouped.
    pub keys: Vec<Expression>,
    /// What is computed; none is `SELECT DISTINCT`.
    pub aggregates: Vec<Aggregate>,
    /// When a window closes, where there is one: then its groups are given, and forgotten.
    pub until: Option<Until>,
}

/// Adds aggregates over the rows of the same key from the first up to each. Its columns are those of
/// the input and then the aggregates.
#[derive(Debug, Clone)]
pub struct Over {
    /// What rows are apart by; none is all together.
    pub keys: Vec<Expression>,
    /// In whose order rows count.
    pub time: Time,
    /// Whether rows of one moment count together (`RANGE`), or each behind the one before (`ROWS`).
    pub is_range: bool,
    /// What is computed.
    pub aggregates: Vec<Aggregate>,
}

/// The first rows of each key, in an order. Its columns are those of the input and then, where it is
/// asked for, the number of each row in it.
#[derive(Debug, Clone)]
pub struct Rank {
    /// By what rows are grouped; none is that there is one group.
    pub keys: Vec<Expression>,
    /// In which order they are; none is that in which they come.
    pub order: Vec<Order>,
    /// Which of rows that are equal in that order is first.
    pub arrival: Arrival,
    /// The first row of a key that is given, counted from 1.
    pub from: usize,
    /// The last one.
    pub to: usize,
    /// Whether rows are given with their number.
    pub is_numbered: bool,
    /// When rows are given, where that is not at once: then, and they are forgotten.
    pub until: Option<Until>,
}

impl Rank {
    /// The newest row of each key.
    #[must_use]
    pub const fn newest(keys: Vec<Expression>) -> Self {
        Self {
            keys,
            order: Vec::new(),
            arrival: Arrival::NewestFirst,
            from: 1,
            to: 1,
            is_numbered: false,
            until: None,
        }
    }
}

/// What rows are sorted by.
#[derive(Debug, Clone)]
pub struct Order {
    /// An expression over the input.
    pub value: Expression,
    /// Whether the greatest comes first.
    pub is_descending: bool,
    /// Whether nulls come first.
    pub is_nulls_first: bool,
}

/// Which of rows that are equal in an order is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// That which came first.
    OldestFirst,
    /// That which came last.
    NewestFirst,
}

/// What is computed of the rows of a group.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// The function.
    pub function: Function,
    /// Of what; none for `COUNT(*)`. It has the type that the function computes in.
    pub argument: Option<Expression>,
    /// Which rows count; all where there is none.
    pub filter: Option<Expression>,
    /// Whether equal values count once.
    pub distinct: bool,
}

/// A function of many rows. Results are Flink's: an average of integers is an integer, rounded
/// towards zero; a sum has the type of its argument and wraps around where that is an integer; of
/// no rows all but a count are null.
#[derive(Debug, Clone)]
pub enum Function {
    /// How many rows, or how many values that are not null.
    Count,
    /// Their sum.
    Sum,
    /// Their average.
    Average,
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
    /// The first in order of arrival that is not null.
    First,
    /// The last in order of arrival that is not null.
    Last,
    /// One of DataFusion's.
    Other(Arc<AggregateFunctionExpr>),
}

/// Writes to a table. The input's columns are those of the table, in its order and of its types.
#[derive(Debug, Clone)]
pub struct Sink {
    /// The table; none is the console, for a bare `SELECT`.
    pub table: Option<Arc<Table>>,
}

/// What becomes of rows that come too late for a step.
#[derive(Debug, Clone)]
pub struct Late {
    /// The table that they are written to.
    pub table: Arc<Table>,
    /// Its columns, over those of the input.
    pub values: Vec<Expression>,
}

impl Dataflow {
    /// After what time of the clock a step forgets a key or a row that was not written since; none is
    /// never. What ends with event time has no other end.
    #[must_use]
    pub fn state_ttl_of(&self, step: StepId) -> Option<Duration> {
        self.state_ttl.filter(|_| self.can_expire(step))
    }

    /// Whether a step keeps what nothing but [`Self::state_ttl`] ends.
    #[must_use]
    pub fn can_expire(&self, step: StepId) -> bool {
        self.steps.get(step.0).is_some_and(|step| match &step.kind {
            Kind::Running(running) => running.until.is_none(),
            Kind::Over(_) | Kind::Materialize(_) => true,
            Kind::Join(join) => join.until.is_none(),
            Kind::Rank(rank) => rank.until.is_none(),
            Kind::Scan(_)
            | Kind::Filter(_)
            | Kind::Project(_)
            | Kind::Watermarks(_)
            | Kind::Union
            | Kind::Assign { .. }
            | Kind::Windowed(_)
            | Kind::Lookup(_)
            | Kind::Temporal(_)
            | Kind::Repeat(_)
            | Kind::Average
            | Kind::Insert(_) => false,
        })
    }

    /// Of how many columns the rows of an input are to its step.
    #[must_use]
    pub fn width(&self, (step, input): Inlet) -> usize {
        let own = self.steps.get(step.0).and_then(|step| match input {
            Input::First => step.inputs.first(),
            Input::Second => step.inputs.get(1),
        });
        let rows = own.and_then(|rows| self.steps.get(rows.0));
        let all = rows.map_or(0, |rows| rows.schema.fields().len());
        self.widths.get(&(step, input)).copied().unwrap_or(all)
    }

    /// The tables that are written to, by name, those of late rows too; none is the console.
    #[must_use]
    pub fn sinks(&self) -> BTreeMap<Option<&str>, Option<&Table>> {
        let kinds = self.steps.iter().map(|step| &step.kind);
        let tables = kinds.filter_map(|kind| match kind {
            Kind::Insert(sink) => Some(sink.table.as_deref()),
            _ => None,
        });
        let late = self.late.values().map(|late| Some(late.table.as_ref()));
        tables
            .chain(late)
            .map(|table| (table.map(|table| table.name.as_str()), table))
            .collect()
    }

    /// Whether rows that were written to the table of this name are changed; none is the console.
    #[must_use]
    pub fn changes(&self, table: Option<&str>) -> bool {
        self.steps.iter().any(|step| match &step.kind {
            Kind::Insert(sink) => {
                let name = sink.table.as_ref().map(|table| table.name.as_str());
                name == table && step.changelog == Changelog::Retract
            }
            _ => false,
        })
    }
}
