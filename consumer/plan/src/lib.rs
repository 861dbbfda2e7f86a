//! SQL text → what is to be done: tables, and the steps of a dataflow.
//!
//! In: the text of a job. Out: its [`Dataflow`], which is what operators are made from.
//!
//! ```text
//! text ──statement──→ statements ──supported, rewrite──→ queries ──query──→ logical plans ──lower──→ steps
//!                       │ declare, connector
//!                       └──────────────────→ catalog: tables and views
//! ```
//!
//! Nothing is read, written or waited for here, and what is not supported is refused with its place.

mod access;
mod aliases;
mod alike;
mod arguments;
mod as_of;
mod calls;
mod castable;
mod casts;
mod catalog;
mod chains;
mod coerce;
mod columns;
mod combined;
mod conditions;
mod connector;
mod constants;
mod context;
mod counted;
mod dataflow;
mod datagen;
mod declare;
mod dialect;
mod error;
mod explain;
mod expressions;
mod fleeting;
mod format;
mod functions;
mod further;
mod in_common;
mod interval;
mod job;
mod joined;
mod keys;
mod kinds;
mod lineage;
mod lower;
mod many_rows;
mod marks;
mod mixed;
mod options;
mod outer;
mod patterns;
mod placed;
mod query;
mod rewrite;
mod scalars;
mod sets;
mod settings;
mod shared;
mod statement;
mod sub_queries;
mod supported;
mod syntax;
mod table;
mod told;
mod tvf;
mod typed;
mod types;
mod using;
mod windows;
mod written;

pub use compute::{Zone, type_name};
pub use dataflow::{
    Aggregate, Arrival, Changelog, Dataflow, Expression, Function, Inlet, Kind, Late, Order, Over,
    Rank, Running, Scan, Sink, Step, StepId, Time, Watermarks, Window, Windowed,
};
pub use error::Error;
pub use explain::{explain, promises};
pub use format::{Csv, Format, Json, Timestamps};
pub use interval::WINDOW_MAX_MS;
pub use job::{Job, Planned, plan};
pub use joined::{Both, Input, Join, JoinKind, Temporal, Until};
pub use settings::{MiniBatch, OnNull, Settings, UpsertMaterialize};
pub use table::{
    Bounded, Column, Connector, Generator, Metadata, Origin, Promise, Rolling, Startup, Table,
    Takes,
};
pub use told::sql;
pub use written::written_at;

#[cfg(test)]
mod proof;
