//! How a job goes, for who watches it: a line at the foot of the terminal that is written anew each
//! second, or a line of the log each ten.

use std::{
    fmt,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use common::{service::telemetry, time::Timestamp};

use crate::{
    plan::{Connector, Dataflow, Kind},
    run::{Reports, Summary},
    transform::{BEGINNING, END},
};

/// How often the line on a terminal is written anew.
const SHOWN_EACH: Duration = Duration::from_secs(1);

/// How often the log says how a job goes.
const TOLD_EACH: Duration = Duration::from_secs(10);

/// What is said of a job while it runs.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    reports: &'a Reports,
    begun: Instant,
    /// Whether it is shown at the foot of the terminal.
    is_shown: bool,
    /// When it was last told, and how many records had been read by then.
    before: (Instant, u64),
}

impl<'a> Progress<'a> {
    /// Of a job that begins to run.
    pub(crate) fn new(reports: &'a Reports, begun: Instant, dataflow: &Dataflow) -> Self {
        // Rows on the same terminal would come in between.
        let is_free = !io::stdout().is_terminal() || !prints(dataflow);
        Self {
            reports,
            begun,
            is_shown: is_free && io::stderr().is_terminal(),
            before: (begun, 0),
        }
    }

    /// How often it is to be told.
    pub(crate) const fn each(&self) -> Duration {
        if self.is_shown { SHOWN_EACH } else { TOLD_EACH }
    }

    /// Says how it goes.
    pub(crate) fn tell(&mut self) {
        let Summary {
            records, rejected, ..
        } = self.reports.summary();
        let (now, (then, known)) = (Instant::now(), self.before);
        self.before = (now, records);
        let rate = records.saturating_sub(known) as f64 / (now - then).as_secs_f64();
        let seconds = (now - self.begun).as_secs();
        let totals = Totals::of(self.reports);
        let told = format!(
            "after {seconds} s: {records} records read, {rate:.0}/s, {rejected} rejected, {totals}"
        );
        if self.is_shown {
            telemetry::show(&told);
        } else {
            tracing::info!("{told}");
        }
    }

    /// Says how it ended, if it did without an error.
    pub(crate) fn end(self, summary: Option<&Summary>) {
        if self.is_shown {
            telemetry::show("");
        }
        let Some(Summary {
            records,
            rejected,
            gaps,
            is_stopped,
            ..
        }) = summary
        else {
            return;
        };
        let how = if *is_stopped { "stopped" } else { "done" };
        let seconds = self.begun.elapsed().as_secs_f64();
        let totals = Totals::of(self.reports);
        tracing::info!(
            "{how} after {seconds:.1} s: {records} records read, {rejected} rejected, {totals}"
        );
        if *gaps > 0 {
            tracing::warn!("records were missing, or began again, {gaps} times");
        }
    }
}

/// Whether a job writes rows to stdout.
fn prints(dataflow: &Dataflow) -> bool {
    let mut kinds = dataflow.steps.iter().map(|step| &step.kind);
    kinds.any(|kind| match kind {
        Kind::Insert(sink) => sink
            .table
            .as_ref()
            .is_none_or(|table| matches!(table.connector, Connector::Print { .. })),
        _ => false,
    })
}

/// What all steps have done together.
#[derive(Debug, Default)]
struct Totals {
    given: u64,
    late: u64,
    untimed: u64,
    state_bytes: usize,
    /// How far event time has come in the step that is furthest behind, in milliseconds.
    watermark: Option<i64>,
}

impl Totals {
    fn of(reports: &Reports) -> Self {
        let mut totals = Self::default();
        for report in reports.all().values() {
            if report.kind == "insert" {
                totals.given += report.rows_in;
            }
            totals.late += report.counts.late;
            totals.untimed += report.counts.untimed;
            totals.state_bytes += report.state_bytes;
            if report.watermark != BEGINNING && report.watermark != END {
                let least = totals.watermark.unwrap_or(END);
                totals.watermark = Some(report.watermark.min(least));
            }
        }
        totals
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            given,
            late,
            untimed,
            state_bytes,
            watermark,
        } = self;
        write!(
            f,
            "{given} rows given, {late} late, {untimed} without a time"
        )?;
        write!(f, ", {:.1} MB of state", *state_bytes as f64 / 1e6)?;
        match watermark {
            Some(watermark) => write!(f, ", event time {}", Timestamp(*watermark)),
            None => Ok(()),
        }
    }
}
