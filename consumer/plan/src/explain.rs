//! What a job does, as text for people: its queries as plans, the steps with what they keep, and what
//! its sinks promise.

use std::fmt::{self, Write as _};

use super::{
    Aggregate, Both, Changelog, Connector, Dataflow, Expression, Function, Job, Join, Kind, Rank,
    Running, Scan, Sink, Step, StepId, Table, Takes, Temporal, Time, Window,
    keys::{Key, Keys},
    kinds::Kinds,
    lower::is_for_late_rows,
    table::PRINTED,
};

/// What all sinks have in common.
const AGAIN: &str =
    "a job that is started again begins from its start: there are no checkpoints yet";

/// The plan of each query, then the steps, and then the sinks.
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
    let (kinds, keys) = (Kinds::of(&job.dataflow), Keys::of(&job.dataflow));
    for (number, (step, (kinds, keys))) in job
        .dataflow
        .steps
        .iter()
        .zip(kinds.iter().zip(&keys))
        .enumerate()
    {
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
        let changes = changes(step, *kinds, keys);
        writeln!(
            text,
            "#{number} {}{from}  changes: {changes}",
            described(step)
        )?;
        let state_ttl = job.dataflow.state_ttl_of(StepId(number));
        match (state(&step.kind), state_ttl) {
            (Some(state), Some(ttl)) => {
                let end = format!("until not written for {ttl:?}");
                writeln!(text, "     keeps {}", state.replace(FOR_EVER, &end))?;
            }
            (Some(state), None) => writeln!(text, "     keeps {state}")?,
            (None, _) => {}
        }
    }
    writeln!(text, "\n== Sinks ({AGAIN}) ==")?;
    for promise in promises(&job.dataflow) {
        writeln!(text, "{promise}")?;
    }
    Ok(())
}

/// What each sink promises, a line each.
#[must_use]
pub fn promises(dataflow: &Dataflow) -> Vec<String> {
    let promised = |table: Option<&Table>| {
        let name = table.map_or_else(|| "console".to_owned(), named);
        let promise = table.map_or(Some(PRINTED), |table| table.connector.promise())?;
        let all = match promise.takes {
            Takes::Inserts => "+I alone",
            Takes::Changes | Takes::Upserts => "+I -U +U -D",
        };
        let takes = table.and_then(upserts).unwrap_or_else(|| all.to_owned());
        let is_changed = dataflow.changes(table.map(|table| table.name.as_str()));
        let shape = match promise.takes {
            Takes::Upserts if is_changed => CHANGE,
            _ => "",
        };
        Some(format!("{name} takes {takes}{shape}: {}", promise.text))
    };
    dataflow
        .sinks()
        .into_values()
        .filter_map(promised)
        .collect()
}

/// How changes are written where they are records of a stream.
const CHANGE: &str = ", written as {\"op\":\"+I\",\"row\":{…}}";

/// What a sink is given that knows one row of each key; none where it is another.
fn upserts(table: &Table) -> Option<String> {
    let key = table.upsert_key()?.iter();
    let names = key.filter_map(|number| table.columns.get(*number));
    let names: Vec<_> = names.map(|column| column.name.as_str()).collect();
    Some(format!("+I +U -D by ({})", names.join(", ")))
}

/// What kinds of changes a step gives; and what names its rows, where they are changed.
fn changes(step: &Step, kinds: Kinds, keys: &Keys) -> String {
    if step.changelog == Changelog::Append {
        return kinds.to_string();
    }
    if let Kind::Insert(Sink { table: Some(table) }) = &step.kind
        && let Some(upserts) = upserts(table)
    {
        return upserts;
    }
    let names = |key: &Key| {
        let fields = key.iter().map(|column| step.schema.field(*column));
        let names: Vec<_> = fields.map(|field| field.name().as_str()).collect();
        format!("{kinds} by ({})", names.join(", "))
    };
    keys.least().map_or_else(|| kinds.to_string(), names)
}

/// A table with where it is.
fn named(table: &Table) -> String {
    format!("{} ({})", table.name, table.connector.name())
}

fn described(step: &Step) -> String {
    match &step.kind {
        Kind::Scan(scan) => scanned(scan, step),
        Kind::Filter(condition) => format!("Filter {condition}"),
        Kind::Project(values) => {
            let named =
                step.schema.fields().iter().zip(values).map(
                    |(field, value)| match is_for_late_rows(field.name()) {
                        true => format!("{value} for late rows"),
                        false => format!("{value} AS {}", field.name()),
                    },
                );
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
        Kind::Repeat(times) => format!("Repeat times=@{times}"),
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
        Kind::Running(of) => grouped(of),
        Kind::Over(of) => format!(
            "Over {} {}{}{}",
            if of.is_range { "range" } else { "rows" },
            at(of.time),
            by(&of.keys),
            computed(&of.aggregates)
        ),
        Kind::Join(of) => format!("Join {}", joined(of)),
        Kind::Lookup(of) => format!("Lookup {}", joined(of)),
        Kind::Temporal(of) => temporal(of),
        Kind::Rank(of) => ranked(of),
        Kind::Materialize(keys) => format!("Materialize{}", by(keys)),
        Kind::Average => "Average".to_owned(),
        Kind::Insert(sink) => match &sink.table {
            Some(table) => format!("Insert {}", named(table)),
            None => "Insert console".to_owned(),
        },
    }
}

fn scanned(scan: &Scan, step: &Step) -> String {
    let columns = step
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    let columns: Vec<_> = columns.collect();
    let whole = match (scan.is_looked_up, &scan.table.connector) {
        (
            true,
            Connector::Filesystem {
                reload: Some(interval),
                ..
            },
        ) => format!(" whole, and anew each {interval:?}"),
        (true, _) => " whole, once".to_owned(),
        (false, _) => String::new(),
    };
    format!(
        "Scan {}{whole} [{}]",
        named(&scan.table),
        columns.join(", ")
    )
}

fn temporal(of: &Temporal) -> String {
    let Both { first, second } = of.times;
    let joined = joined(&of.join);
    format!("Temporal as of @{first}, from @{second} on, {joined}")
}
/// What is written of state that has no end, in the text of [`state`].
const FOR_EVER: &str = "for ever";

/// What a step has to remember.
const fn state(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Watermarks(_) => Some("the greatest watermark of each partition"),
        Kind::Assign { .. } => Some("the rows of sessions that are not closed"),
        Kind::Windowed(_) | Kind::Running(Running { until: Some(_), .. }) => {
            Some("the aggregates of each key in each window that is not closed")
        }
        Kind::Running(_) => Some("the aggregates of each key, for ever"),
        Kind::Over(_) => {
            Some("the aggregates of each key, for ever, and rows before the watermark")
        }
        Kind::Join(of) if of.until.is_some() => {
            Some("the rows of both inputs, until the watermark has passed their time")
        }
        Kind::Rank(of) if of.until.is_some() => {
            Some("the first rows of each key in each window that is not closed")
        }
        Kind::Rank(_) => Some("the first rows of each key, for ever; all rows where they change"),
        Kind::Join(_) => Some("the rows of both inputs, for ever"),
        Kind::Materialize(_) => Some("the rows of each key of the sink, for ever"),
        Kind::Lookup(_) => {
            Some("the rows of the table, which is read again and not part of the state")
        }
        Kind::Temporal(_) => Some(
            "the rows of the first input until the watermark has come to their time, and the versions \
             that they can still ask for",
        ),
        Kind::Average => Some("the sum of each partition"),
        Kind::Scan(_)
        | Kind::Filter(_)
        | Kind::Project(_)
        | Kind::Union
        | Kind::Repeat(_)
        | Kind::Insert(_) => None,
    }
}

fn grouped(of: &Running) -> String {
    let name = match of.until {
        Some(until) => format!("Windowed end=@{}", until.column),
        None => "Running".to_owned(),
    };
    format!("{name}{}{}", by(&of.keys), computed(&of.aggregates))
}

fn joined(of: &Join) -> String {
    let pairs = of.keys.first.iter().zip(&of.keys.second);
    let sign = if of.nulls_match {
        "IS NOT DISTINCT FROM"
    } else {
        "="
    };
    let pairs = pairs.map(|(first, second)| format!("{first} {sign} {second}"));
    let pairs: Vec<_> = pairs.collect();
    let filter = of.filter.as_ref();
    let filter = filter.map_or_else(String::new, |filter| format!(" where {filter}"));
    format!("{:?} on [{}]{filter}", of.kind, pairs.join(", "))
}

fn ranked(of: &Rank) -> String {
    let order = of.order.iter().map(|order| {
        let direction = if order.is_descending { "DESC" } else { "ASC" };
        format!("{} {direction}", order.value)
    });
    let order: Vec<_> = order.collect();
    let number = if of.is_numbered {
        " with its number"
    } else {
        ""
    };
    let Rank { from, to, .. } = of;
    format!(
        "Rank {from} to {to} of [{}]{}{number}",
        order.join(", "),
        by(&of.keys)
    )
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

#[cfg(test)]
mod tests {
    use common::time::Clock;

    use super::*;
    use crate::{Settings, plan};

    fn job(sql: &str) -> Job {
        plan(sql, &Settings::new("job", Clock::System)).unwrap()
    }

    #[test]
    fn each_sink_says_what_it_promises() {
        let check = |place: &str, expected: &[&str]| {
            let job = job(&format!(
                "CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen'); \
                 CREATE TABLE results (n BIGINT) WITH ('connector' = {place}); \
                 INSERT INTO results SELECT n FROM numbers"
            ));
            let text = explain(&job);
            let (_, sinks) = text.split_once("== Sinks").unwrap();
            let lines: Vec<_> = sinks.lines().collect();
            assert_eq!(lines.len(), 2, "{text}");
            for part in expected {
                assert!(lines[1].contains(part), "{part}: {text}");
            }
        };
        let again = "; the next run prints all again";
        check("'print'", &["results (print) takes +I -U +U -D: ", again]);
        check("'blackhole'", &["takes +I -U +U -D: nothing is kept"]);
        let folder = "'filesystem', 'path' = '/tmp/results', 'format' = 'json'";
        check(
            folder,
            &["takes +I alone: ", "when it is complete", "hidden"],
        );
        let once = "each once, however often it had to be sent";
        check("'brooklet', 'stream' = 'results'", &["+I -U +U -D: ", once]);
        let twice = "may be there twice";
        check("'brooklet', 'topic' = 'results'", &["+I -U +U -D: ", twice]);
    }

    /// The steps of queries over `a` for tables that are streams, of which `c` has the key `k`.
    fn steps(queries: &str) -> String {
        let streams = ["a (k BIGINT, v INT)", "b (k BIGINT, n BIGINT)"];
        let keyed = "c (k BIGINT, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)";
        let tables = streams.into_iter().chain([keyed]).map(|table| {
            format!("CREATE TABLE {table} WITH ('connector' = 'brooklet', 'stream' = 's'); ")
        });
        let text = explain(&job(&(tables.collect::<String>() + queries)));
        let (_, steps) = text.split_once("== Steps ==\n").unwrap();
        steps.split_once("\n== Sinks").unwrap().0.to_owned()
    }

    #[test]
    fn each_step_says_which_changes_it_gives() {
        let check = |query: &str, expected: &[&str]| {
            let steps = steps(query);
            let lines = steps
                .lines()
                .filter_map(|line| line.split_once("  changes: "));
            let changes: Vec<_> = lines.map(|(_, changes)| changes).collect();
            assert!(changes.ends_with(expected), "{steps}");
        };
        check("SELECT k FROM a", &["+I", "+I"]);
        let counts = "SELECT k, COUNT(*) AS n FROM a GROUP BY k";
        let by_key = "+I -U +U by (k)";
        check(counts, &["+I", by_key, by_key]);
        check(&format!("INSERT INTO b {counts}"), &["+I", by_key, by_key]);
        check(
            &format!("INSERT INTO c {counts}"),
            &["+I", by_key, "+I +U -D by (k)"],
        );
        let of_counts = format!("SELECT n, COUNT(*) FROM ({counts}) GROUP BY n");
        let by_count = "+I -U +U -D by (n)";
        check(&of_counts, &[by_count, by_count]);
        let alone = "SELECT x.k, y.v FROM a x LEFT JOIN a y ON x.k = y.v";
        check(alone, &["+I", "+I -D", "+I -D"]);
        check(
            "SELECT * FROM a ORDER BY v LIMIT 3",
            &["+I", "+I -D", "+I -D"],
        );
    }

    #[test]
    fn rows_of_a_key_are_kept_where_they_could_come_in_another_order() {
        let check = |query: &str, expected: bool| {
            let steps = steps(query);
            assert_eq!(steps.contains("Materialize by [k@0]"), expected, "{steps}");
        };
        let counts = "SELECT k, COUNT(*) AS n FROM a GROUP BY k";
        check("INSERT INTO c SELECT k, v FROM a", false);
        check(&format!("INSERT INTO c {counts}"), false);
        check(&format!("INSERT INTO b {counts}"), false);
        check(&format!("INSERT INTO c SELECT n, k FROM ({counts})"), true);
        check(
            &format!("INSERT INTO c SELECT a.k, n FROM a JOIN ({counts}) x ON a.k = x.k"),
            true,
        );
        let set = |value: &str| format!("SET 'table.exec.sink.upsert-materialize' = '{value}';");
        check(
            &format!("{} INSERT INTO c SELECT n, k FROM ({counts})", set("NONE")),
            false,
        );
        check(&format!("{} INSERT INTO c {counts}", set("force")), true);
    }

    #[test]
    fn queries_of_a_statement_set_share_what_they_have_in_common() {
        let steps = steps(
            "CREATE VIEW counts AS SELECT k, COUNT(*) AS n FROM a GROUP BY k; \
             CREATE VIEW many AS SELECT * FROM counts WHERE n > 10; \
             EXECUTE STATEMENT SET BEGIN INSERT INTO b SELECT * FROM counts; \
             INSERT INTO c SELECT * FROM many; INSERT INTO b SELECT k + 1, n FROM many; END",
        );
        for (kind, count) in [("Scan", 1), ("Running", 1), ("Filter", 1), ("Insert", 3)] {
            let of_kind = steps
                .lines()
                .filter(|line| line.contains(&format!(" {kind} ")));
            assert_eq!(of_kind.count(), count, "{kind}: {steps}");
        }
    }

    #[test]
    fn a_time_and_an_interval_are_shown_as_they_are_read() {
        let job = job(
            "CREATE TABLE moments (at TIMESTAMP(3), WATERMARK FOR at AS at - INTERVAL '90' SECOND) \
             WITH ('connector' = 'brooklet', 'stream' = 's'); \
             SELECT window_end + INTERVAL '1' DAY AS next, COUNT(*) AS n FROM \
             TABLE(TUMBLE(TABLE moments, DESCRIPTOR(at), INTERVAL '1' SECOND)) \
             GROUP BY window_start, window_end",
        );
        let text = explain(&job);
        for part in ["watermark=at@0 - 90s", " + 86400s AS next"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn state_that_ends_with_time_says_so() {
        let tables = "CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen');";
        let check = |set: &str, query: &str, expected: &str| {
            let text = explain(&job(&format!("{set}; {tables} {query}")));
            let kept = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("keeps "));
            assert_eq!(kept.collect::<Vec<_>>(), [expected], "{text}");
        };
        let hour = "SET 'table.exec.state.ttl' = '1 h'";
        let count = "SELECT n, COUNT(*) FROM numbers GROUP BY n";
        let until = "the aggregates of each key, until not written for 3600s";
        check(hour, count, until);
        check(
            "SET 'table.exec.state.ttl' = '0'",
            count,
            "the aggregates of each key, for ever",
        );
        let joined = "SELECT a.n FROM numbers a JOIN numbers b ON a.n = b.n";
        let until = "the rows of both inputs, until not written for 3600s";
        check(hour, joined, until);
    }

    #[test]
    fn windows_upon_windows_keep_what_is_not_closed() {
        let job = job(
            "CREATE TABLE moments (n BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at) \
             WITH ('connector' = 'datagen'); \
             SELECT e, SUM(c) FROM (SELECT n, window_start AS s, window_end AS e, COUNT(*) AS c FROM \
             TABLE(TUMBLE(TABLE moments, DESCRIPTOR(at), INTERVAL '1' SECOND)) \
             GROUP BY n, window_start, window_end) GROUP BY s, e",
        );
        let text = explain(&job);
        let (_, upon) = text.split_once(" Windowed end=@").unwrap();
        let (_, kept) = upon.split_once("keeps ").unwrap();
        assert!(
            kept.starts_with("the aggregates of each key in each window"),
            "{text}"
        );
        let (kept, _) = kept.split_once("== Sinks").unwrap();
        assert!(!kept.contains("-U"), "{text}");
        assert!(!text.contains("for ever"), "{text}");
    }

    #[test]
    fn the_console_and_late_rows_have_sinks_too() {
        let job = job(
            "CREATE TABLE missed (at TIMESTAMP(3)) WITH ('connector' = 'blackhole'); \
             CREATE TABLE moments (at TIMESTAMP(3), WATERMARK FOR at AS at) \
             WITH ('connector' = 'brooklet', 'stream' = 's', 'late.table' = 'missed'); \
             SELECT window_start, COUNT(*) FROM \
             TABLE(TUMBLE(TABLE moments, DESCRIPTOR(at), INTERVAL '1' SECOND)) \
             GROUP BY window_start, window_end",
        );
        let promises = promises(&job.dataflow);
        let names = promises.iter().map(|line| line.split(" takes").next());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [Some("console"), Some("missed (blackhole)")]
        );
    }

    #[test]
    fn what_late_rows_are_to_have_says_so() {
        let job = job(
            "CREATE TABLE missed (at TIMESTAMP(3), note STRING) WITH ('connector' = 'print'); \
             CREATE TABLE moments (n INT, note STRING, at TIMESTAMP(3), WATERMARK FOR at AS at) \
             WITH ('connector' = 'brooklet', 'stream' = 's', 'late.table' = 'missed'); \
             CREATE VIEW v AS SELECT n, window_start AS s, window_end AS e FROM \
             TABLE(TUMBLE(TABLE moments, DESCRIPTOR(at), INTERVAL '1' SECOND)); \
             SELECT x.n FROM v x JOIN (SELECT s, e, MAX(n) AS n FROM v GROUP BY s, e) y \
             ON x.n = y.n AND x.s = y.s AND x.e = y.e",
        );
        let text = explain(&job);
        let to_join = "window_end@4 AS e, at@2 for late rows, note@1 for late rows]";
        assert!(text.contains(to_join), "{text}");
        assert!(!text.contains('\0'), "{text}");
        // The join keeps its own columns alone.
        let is_join = |step: &&Step| matches!(step.kind, Kind::Join(_));
        let join = job.dataflow.steps.iter().find(is_join).unwrap();
        assert_eq!(join.schema.fields().len(), 6);
    }
}
