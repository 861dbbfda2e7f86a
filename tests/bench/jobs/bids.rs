//! Bids of an auction house as a file of lines, ten each millisecond of their time, 247 bytes each.

use std::fmt::Write;

/// Everybody's table of bids; `WITH` follows.
pub(crate) const TABLE: &str = "CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING,
  arrival AS PROCTIME(), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
)";

/// `count` bids, from the same numbers each time.
pub(crate) fn lines(count: u32) -> String {
    let mut text = String::new();
    let mut state = 0x2026_u64;
    let mut below = |bound: u64| {
        // Marsaglia 2003: the shifts 13, 7 and 17 go through all numbers but zero.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    for number in 0..count {
        let (auction, bidder, price) = (below(1_500), below(5_000), below(1_000_000));
        let channel = below(100);
        let (seconds, milliseconds) = (number / 10_000, number / 10 % 1_000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let extra = "x".repeat(60);
        writeln!(
            text,
            "{{\"auction\":{auction},\"bidder\":{bidder},\"price\":{price},\"channel\":\"channel-{channel}\",\
             \"url\":\"https://www.nexmark.com/abc/def/item.htm?query=1&channel_id={channel}\",\
             \"dateTime\":\"2026-01-01 {hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}\",\"extra\":\"{extra}\"}}"
        )
        .expect("a text takes what is written to it");
    }
    text
}
