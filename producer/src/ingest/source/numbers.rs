//! `numbers`: `{"id":0,"value":0}`, `{"id":1,"value":2}`, …

use bytes::Bytes;
use common::{ndjson, record::Batch};

#[derive(Debug, Default)]
pub(super) struct Numbers {
    next: u64,
}

impl Numbers {
    /// Goes on behind the last number among the newest lines of each stream.
    pub(super) fn after(streams: &[Bytes]) -> Self {
        let last = streams.iter().filter_map(|lines| last_id(lines)).max();
        Self {
            next: last.and_then(|id| id.checked_add(1)).unwrap_or(0),
        }
    }

    pub(super) fn batch(&mut self, records: u64) -> Batch {
        let mut batch = Batch::default();
        let mut digits = itoa::Buffer::new();
        for id in self.next..self.next + records {
            batch.push_with(|line| {
                line.extend_from_slice(br#"{"id":"#);
                line.extend_from_slice(digits.format(id).as_bytes());
                line.extend_from_slice(br#","value":"#);
                line.extend_from_slice(digits.format(id * 2).as_bytes());
                line.push(b'}');
            });
        }
        self.next += records;
        batch
    }
}

/// The id of the last number among `lines`.
fn last_id(lines: &[u8]) -> Option<u64> {
    let all: Vec<_> = ndjson::lines(lines).collect();
    all.iter().rev().find_map(|line| id(line))
}

/// The id of a record that this source gives; of no other.
fn id(line: &[u8]) -> Option<u64> {
    let fields = line.strip_prefix(br#"{"id":"#)?.strip_suffix(b"}")?;
    let (id, value) = std::str::from_utf8(fields)
        .ok()?
        .split_once(r#","value":"#)?;
    let (id, value) = (id.parse::<u64>().ok()?, value.parse::<u64>().ok()?);
    (id.checked_mul(2) == Some(value)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_go_on_where_the_last_one_ended() {
        let mut numbers = Numbers::after(&[]);
        assert_eq!(numbers.batch(1).lines(), b"{\"id\":0,\"value\":0}\n");
        let expected = b"{\"id\":1,\"value\":2}\n{\"id\":2,\"value\":4}\n";
        assert_eq!(numbers.batch(2).lines(), expected);
        let after = |streams: &[&'static str]| {
            let streams: Vec<_> = streams.iter().copied().map(Bytes::from).collect();
            Numbers::after(&streams).next
        };
        let others = "{\"id\":2,\"value\":4}\n{\"id\":9,\"x\":1}\n7\n";
        assert_eq!(after(&[others]), 3);
        assert_eq!(after(&["{\"id\":5,\"value\":10}\n", others, ""]), 6);
        assert_eq!(
            after(&["7\n{\"id\":18446744073709551615,\"value\":1}\n"]),
            0
        );
    }
}
