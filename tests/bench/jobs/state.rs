//! How much memory the state of many keys takes, and how much a small job.

use super::run as run_job;
use crate::{sample::Sample, say};

const RUNS: usize = 3;

/// A count and a sum of each of so many keys, each of which comes once.
fn keys(count: u64) -> String {
    format!(
        "CREATE TABLE made (k BIGINT, v BIGINT) WITH ('connector'='datagen', 'rows-per-second'='1000000000', \
         'fields.k.kind'='sequence', 'fields.k.start'='1', 'fields.k.end'='{count}', \
         'fields.v.kind'='random', 'fields.v.min'='0', 'fields.v.max'='1000'); \
         CREATE TABLE sums WITH ('connector'='blackhole') AS SELECT k, COUNT(*) AS n, SUM(v) AS total FROM made GROUP BY k"
    )
}

pub(crate) fn run() {
    say("COUNT(*) and SUM of each key; parallelism 2; median of 3 (least … most)");
    for count in [1_000, 10_000_000] {
        let text = keys(count);
        let took: Vec<_> = (0..RUNS).map(|_| run_job(&text)).collect();
        let peak = Sample::new(took.iter().map(|took| took.peak).collect());
        let seconds = Sample::new(took.iter().map(|took| took.seconds).collect());
        say(&format!(
            "{count:>9} keys   peak MB {peak}   seconds {seconds}"
        ));
    }
}
