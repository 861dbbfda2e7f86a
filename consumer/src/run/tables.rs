//! How far the tables of a job have been read, for who asks: each partition, and which one holds event
//! time up.

use std::time::Duration;

use serde_json::{Value, json};

use super::{scans::Partition, status::watermark, watch::Stream};

/// How far a table has been read.
#[derive(Debug, Clone)]
pub(super) struct TableRead {
    pub(super) name: String,
    /// Whether event time comes from it.
    pub(super) is_timed: bool,
    /// Each with its stream, where it comes over a network.
    pub(super) partitions: Vec<(Partition, Option<Stream>)>,
}

impl TableRead {
    /// All there is to tell, when the job has run for so long.
    pub(super) fn told(&self, elapsed: Duration) -> Value {
        let partitions = self.partitions.iter().enumerate();
        let partitions = partitions.map(|(number, (partition, stream))| {
            let newest = partition.newest.as_ref();
            let stream = stream.as_ref();
            json!({
                "partition": number,
                "from": newest.map(|(origin, _)| &origin.url),
                "offset": newest.and_then(|(_, place)| place.token()),
                "records": partition.standing,
                "connected": stream.map(|stream| stream.connected),
                "lag_records": stream.and_then(|stream| stream.lag).map(|lag| lag.records),
                "state": partition.state(),
                "watermark": watermark(partition.progress.watermark),
                "unmoved_seconds": self.is_timed.then(|| unmoved(partition, elapsed)),
            })
        });
        json!({ "table": self.name, "partitions": partitions.collect::<Vec<_>>() })
    }
}

/// The partition whose event time is the least: no window closes before it has come further. None
/// where all are idle or at their ends, or nothing has event time.
pub(super) fn held_back_by(tables: &[TableRead], elapsed: Duration) -> Value {
    let timed = tables.iter().filter(|table| table.is_timed);
    let busy = timed.flat_map(|table| {
        let partitions = table.partitions.iter().enumerate();
        let busy = partitions.filter(|(_, (one, _))| !one.has_ended && !one.progress.is_idle);
        busy.map(|(number, (one, _))| (&table.name, number, one))
    });
    let least = busy.min_by_key(|(_, _, partition)| partition.progress.watermark);
    least.map_or(Value::Null, |(table, number, partition)| {
        json!({
            "table": table,
            "partition": number,
            "watermark": watermark(partition.progress.watermark),
            "unmoved_seconds": unmoved(partition, elapsed),
        })
    })
}

/// For how long event time has stood still.
fn unmoved(partition: &Partition, elapsed: Duration) -> f64 {
    let moved = u64::try_from(partition.moved_at).unwrap_or_default();
    elapsed
        .saturating_sub(Duration::from_millis(moved))
        .as_secs_f64()
}
