//! SQL text → what is to be done: tables, and the steps of a dataflow.
//!
//! In: the text of a job. Out: its [`Dataflow`], which is what operators are made from.

mod dataflow;
mod table;

pub use dataflow::{
    Aggregate, Changelog, Dataflow, Expression, Function, Kind, Over, Running, Scan, Sink, Step,
    StepId, Time, Watermarks, Window, Windowed,
};
pub use table::{Bounded, Column, Connector, Generator, Metadata, Origin, Startup, Table};
