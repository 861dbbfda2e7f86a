//! What a job does, as text for people: its queries as plans, and the steps with what they keep.

use std::fmt::{self, Write as _};

use super::{Aggregate, Changelog, Connector, Expression, Function, Job, Kind, Step, Time, Window};

/// The plan of each query, and then the steps.
#[must_use]
pub fn explain(job: &Job) -> String {
    let mut text = String::new();
    write(job, &mut text).expect("writing to a string cannot fail");
    text
}

fn write(job: &Job, text: &mut String) -> fmt::Result {
    for query in &job.queries {
        let name = query.table.as_ref().map_or("console", |table| &table.name);
        writeln!(text, "== Plan of the rows for {name} ==")?;
        writeln!(text, "{}\n", query.plan.display_indent())?;
    }
    writeln!(text, "== Steps ==")?;
    for (number, step) in job.dataflow.steps.iter().enumerate() {
        let inputs: Vec<_> = step
            .inputs
            .iter()
            .map(|input| format!("#{}", input.0))
            .collect();
        let from = if inputs.is_empty() {
            String::new()
        } else {
            format!(" of {}", inputs.join(", "))
        };
        let changes = match step.changelog {
            Changelog::Append => "",
            Changelog::Retract => "  changes: +I -U +U -D",
        };
        writeln!(text, "#{number} {}{from}{changes}", described(step))?;
        if let Some(state) = state(&step.kind) {
            writeln!(text, "     keeps {state}")?;
        }
    }
    Ok(())
}

fn described(step: &Step) -> String {
    match &step.kind {
        Kind::Scan(scan) => {
            let columns = step
                .schema
                .fields()
                .iter()
                .map(|field| field.name().as_str());
            let columns: Vec<_> = columns.collect();
            let connector = connector(&scan.table.connector);
            format!(
                "Scan {} ({connector}) [{}]",
                scan.table.name,
                columns.join(", ")
            )
        }
        Kind::Filter(condition) => format!("Filter {condition}"),
        Kind::Project(values) => {
            let named = step
                .schema
                .fields()
                .iter()
                .zip(values)
                .map(|(field, value)| format!("{value} AS {}", field.name()));
            format!("Project [{}]", named.collect::<Vec<_>>().join(", "))
        }
        Kind::Watermarks(watermarks) => format!(
            "Watermarks time=@{} watermark={}{}",
            watermarks.time,
            watermarks.watermark,
            watermarks
                .late
                .as_ref()
                .map_or(String::new(), |late| format!(" late={}", late.name))
        ),
        Kind::Union => "Union".to_owned(),
        Kind::Assign {
            window, time, keys, ..
        } => format!("Assign {window} {}{}", at(*time), by(keys)),
        Kind::Windowed(of) => format!(
            "Windowed {} {}{}{}",
            of.window,
            at(of.time),
            by(&of.keys),
            computed(&of.aggregates)
        ),
        Kind::Running(of) => format!("Running{}{}", by(&of.keys), computed(&of.aggregates)),
        Kind::Over(of) => format!(
            "Over {} {}{}{}",
            if of.is_range { "range" } else { "rows" },
            at(of.time),
            by(&of.keys),
            computed(&of.aggregates)
        ),
        Kind::Average => "Average".to_owned(),
        Kind::Insert(sink) => match &sink.table {
            Some(table) => format!("Insert {} ({})", table.name, connector(&table.connector)),
            None => "Insert console".to_owned(),
        },
    }
}

/// What a step has to remember.
const fn state(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Watermarks(_) => Some("the greatest watermark of each partition"),
        Kind::Assign { .. } => Some("the rows of sessions that are not closed"),
        Kind::Windowed(_) => Some("the aggregates of each key in each window that is not closed"),
        Kind::Running(_) => Some("the aggregates of each key, for ever"),
        Kind::Over(_) => {
            Some("the aggregates of each key, for ever, and rows before the watermark")
        }
        Kind::Average => Some("the sum of each partition"),
        Kind::Scan(_) | Kind::Filter(_) | Kind::Project(_) | Kind::Union | Kind::Insert(_) => None,
    }
}

const fn connector(connector: &Connector) -> &'static str {
    match connector {
        Connector::Brooklet { .. } => "brooklet",
        Connector::Http { .. } => "http",
        Connector::Filesystem { .. } => "filesystem",
        Connector::Datagen { .. } => "datagen",
        Connector::Print { .. } => "print",
        Connector::Blackhole => "blackhole",
    }
}

fn at(time: Time) -> String {
    match time {
        Time::Event(column) => format!("time=@{column}"),
        Time::Processing => "time=processing".to_owned(),
    }
}

fn by(keys: &[Expression]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
    format!(" by [{}]", keys.join(", "))
}

fn computed(aggregates: &[Aggregate]) -> String {
    if aggregates.is_empty() {
        return String::new();
    }
    let aggregates: Vec<_> = aggregates.iter().map(ToString::to_string).collect();
    format!(" [{}]", aggregates.join(", "))
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.function {
            Function::Count => "COUNT",
            Function::Sum => "SUM",
            Function::Average => "AVG",
            Function::Minimum => "MIN",
            Function::Maximum => "MAX",
            Function::First => "FIRST_VALUE",
            Function::Last => "LAST_VALUE",
            Function::Other(other) => other.name(),
        };
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        match &self.argument {
            Some(argument) => write!(f, "{name}({distinct}{argument})")?,
            None => write!(f, "{name}(*)")?,
        }
        match &self.filter {
            Some(filter) => write!(f, " FILTER (WHERE {filter})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = match self {
            Self::Tumble { size, offset } => {
                write!(f, "TUMBLE size={size:?}")?;
                *offset
            }
            Self::Hop {
                slide,
                size,
                offset,
            } => {
                write!(f, "HOP slide={slide:?} size={size:?}")?;
                *offset
            }
            Self::Cumulate { step, size, offset } => {
                write!(f, "CUMULATE step={step:?} size={size:?}")?;
                *offset
            }
            Self::Session { gap } => {
                write!(f, "SESSION gap={gap:?}")?;
                0
            }
        };
        match offset {
            0 => Ok(()),
            offset => write!(f, " offset={offset}ms"),
        }
    }
}
