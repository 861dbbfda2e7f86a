//! What closed windows have known is given back a portion at a time.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray};
use common::time::Clock;

use super::changelogs::{scans, task};
use crate::{
    plan::{Settings, plan},
    transform::{Changes, Origin, Task},
};

fn bytes(task: &Task) -> usize {
    let reports = task.reports().into_iter();
    reports.map(|report| report.state_bytes).sum()
}

#[test]
fn a_window_of_very_many_values_goes_in_portions() {
    for window in [
        "TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND)",
        "HOP(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND, INTERVAL '2' SECOND)",
        "CUMULATE(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND, INTERVAL '2' SECOND)",
        "SESSION(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND)",
        "attached",
    ] {
        let rows = match window {
            "attached" => "(SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND)) \
                            UNION ALL SELECT * FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(at), INTERVAL '1' SECOND)))"
                .to_owned(),
            window => format!("TABLE({window})"),
        };
        let text = format!(
            "CREATE TABLE t (v STRING, at TIMESTAMP(3), WATERMARK FOR at AS at) WITH ('connector' = 'datagen'); \
             SELECT COUNT(DISTINCT v) AS n FROM {rows} GROUP BY window_start, window_end"
        );
        let dataflow = plan(&text, &Settings::new("job.sql", Clock::System));
        let dataflow = dataflow
            .unwrap_or_else(|error| panic!("{error}: {text}"))
            .dataflow;
        let mut task = task(&dataflow);
        let (port, _) = scans(&dataflow).next().unwrap();
        let from = Origin { port, partition: 0 };
        task.open(port, 0).unwrap();
        let push = |task: &mut Task, values: Vec<String>, at: i64| {
            let times = TimestampMillisecondArray::from(vec![at; values.len()]);
            let columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(values)), Arc::new(times)];
            let schema = dataflow.steps[port.0].schema.clone();
            let rows = RecordBatch::try_new(schema, columns).unwrap();
            let given = task.push_changes(from, Changes::inserts(rows)).unwrap();
            given
                .changes
                .iter()
                .map(|(_, changes)| changes.rows.num_rows())
                .sum::<usize>()
        };
        let values = (0..100_000).map(|value| format!("value {value}"));
        push(&mut task, values.collect(), 0);
        let full = bytes(&task);
        assert!(
            push(&mut task, vec!["next".to_owned()], 60_000) > 0,
            "{window}"
        );
        let behind = bytes(&task);
        assert!(behind > full / 2, "{window}: {behind} of {full}");
        for tick in 0..40 {
            task.tick(tick).unwrap();
        }
        let left = bytes(&task);
        assert!(left < full / 10, "{window}: {left} of {full}");
    }
}
