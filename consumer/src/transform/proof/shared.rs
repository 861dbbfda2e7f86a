//! Two `INSERT`s that read one view, any query, for other columns and rows: what they have in common is done
//! once, and each comes to what `DuckDB` answers.

use std::{cell::RefCell, collections::BTreeMap};

use common::time::Clock;
use proptest::{prelude::*, sample::select, test_runner::TestCaseError};

use super::{
    chance,
    changelogs::{Batch, Duck, Query, Row, TABLES, apply, batches, queries, rows_of, scans, task},
};
use crate::{
    plan::{Dataflow, Kind, Settings, StepId, plan},
    transform::{Changes, Origin, Outputs},
};

/// So many views are tried.
const VIEWS: u32 = 300;

/// What is asked of a view that is called `shared`.
const ASKED: [&str; 6] = [
    "SELECT k, v FROM shared",
    "SELECT v AS k, k AS v FROM shared WHERE k > 1",
    "SELECT k, k AS v FROM shared WHERE k > 1",
    "SELECT v AS k, v FROM shared WHERE v IS NOT NULL AND v < 4",
    "SELECT k, COUNT(*) AS v FROM shared GROUP BY k",
    "SELECT x.k AS k, y.v AS v FROM shared x JOIN shared y ON x.k = y.v",
];

fn dataflow(view: &str, asked: &[&str]) -> Dataflow {
    let sinks = (0..asked.len()).map(|sink| {
        format!("CREATE TABLE s{sink} (k BIGINT, v BIGINT) WITH ('connector' = 'blackhole');")
    });
    let inserts = asked.iter().enumerate();
    let inserts = inserts.map(|(sink, query)| format!("INSERT INTO s{sink} {query};"));
    let text = format!(
        "{TABLES} {} CREATE VIEW shared AS {view}; EXECUTE STATEMENT SET BEGIN {} END;",
        sinks.collect::<String>(),
        inserts.collect::<String>()
    );
    let planned = plan(&text, &Settings::new("job.sql", Clock::System));
    planned
        .unwrap_or_else(|error| panic!("{error}: {text}"))
        .dataflow
}

/// How many steps keep something.
fn keeping(dataflow: &Dataflow) -> usize {
    let steps = dataflow.steps.iter();
    let keeping = steps.filter(|step| {
        let kind = &step.kind;
        matches!(kind, Kind::Join(_) | Kind::Rank(_) | Kind::Running(_))
    });
    keeping.count()
}

/// What each sink comes to.
fn results(
    dataflow: &Dataflow,
    batches: &[Batch],
) -> Result<Vec<BTreeMap<Row, i64>>, TestCaseError> {
    let inserts = dataflow.steps.iter().enumerate();
    let inserts = inserts.filter(|(_, step)| matches!(step.kind, Kind::Insert(_)));
    let sinks: Vec<_> = inserts.map(|(at, _)| StepId(at)).collect();
    let mut counts = vec![BTreeMap::new(); sinks.len()];
    let mut take = |mut outputs: Outputs| {
        let changes = std::mem::take(&mut outputs.changes);
        for (sink, counts) in sinks.iter().zip(&mut counts) {
            let own = changes.iter().filter(|(step, _)| step == sink);
            let changes = own.cloned().collect();
            apply(
                counts,
                &Outputs {
                    changes,
                    ..Outputs::default()
                },
            )?;
        }
        Ok::<_, TestCaseError>(())
    };
    let mut task = task(dataflow);
    for (scan, _) in scans(dataflow) {
        task.open(scan, 0).unwrap();
    }
    for (table, rows) in batches {
        for (port, _) in scans(dataflow).filter(|(_, name)| name == table) {
            let changes = Changes::inserts(rows_of(dataflow, port, rows));
            let origin = Origin { port, partition: 0 };
            take(task.push_changes(origin, changes).unwrap())?;
        }
    }
    for (scan, _) in scans(dataflow) {
        take(task.end(scan, 0).unwrap())?;
    }
    Ok(counts)
}

fn tried(
    view: &Query,
    asked: [&str; 2],
    batches: &[Batch],
    duck: &mut Duck,
) -> Result<(), TestCaseError> {
    let view = view.sql();
    let dataflow = dataflow(&view, &asked);
    // The steps of the view alone, and those that the queries have beside it.
    let alone = self::dataflow(&view, &["SELECT k, v FROM shared"]);
    let own = asked.iter().map(|query| {
        let plain = self::dataflow("SELECT k, v FROM a", &[query]);
        keeping(&plain)
    });
    let most = keeping(&alone) + own.sum::<usize>();
    prop_assert!(keeping(&dataflow) <= most, "{view}: {asked:?}");
    let given = results(&dataflow, batches)?;
    for (query, given) in asked.iter().zip(given) {
        let query = query.replace("shared", &format!("({view})"));
        let answer = duck.answer(&query, batches);
        prop_assert_eq!(given, answer, "{}", query);
    }
    Ok(())
}

#[test]
fn what_queries_have_in_common_is_done_once_and_comes_to_the_same() {
    let Some(duck) = Duck::start() else {
        return;
    };
    let duck = RefCell::new(duck);
    let asked = || select(ASKED.to_vec());
    let all = (queries(), asked(), asked(), batches());
    let failure = chance::failure(VIEWS, &all, |(view, first, second, batches)| {
        tried(&view, [first, second], &batches, &mut duck.borrow_mut())
    });
    assert_eq!(failure.unwrap_or_default(), "");
}
