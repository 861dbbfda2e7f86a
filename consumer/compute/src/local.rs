//! Instants ↔ what clocks on the walls of a zone show, both in milliseconds.

use chrono::{DateTime, LocalResult, Offset, TimeZone, Utc};

use super::Zone;

const DAY: i64 = 86_400_000;

/// What a clock on a wall shows at a time.
pub(super) fn local(zone: Zone, time: i64) -> i64 {
    let instant = DateTime::<Utc>::from_timestamp_millis(time);
    let offset = instant.map_or(0, |instant| {
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
        i64::from(offset.fix().local_minus_utc())
    });
    time.saturating_add(offset * 1000)
}

/// When a clock on a wall shows this; where it shows it twice, the first time. In the hour that is left
/// out, the offset before it counts on.
pub(super) fn instant(zone: Zone, shown: i64) -> i64 {
    let Some(time) = DateTime::<Utc>::from_timestamp_millis(shown) else {
        return shown;
    };
    match zone.from_local_datetime(&time.naive_utc()) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.timestamp_millis(),
        LocalResult::None => {
            let before = shown.saturating_sub(DAY);
            shown - (local(zone, before) - before)
        }
    }
}
