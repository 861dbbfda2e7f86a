//! `numbers`: `{"id":0,"value":0}`, `{"id":1,"value":2}`, …

use common::{ndjson, record::Batch};

#[derive(Debug, Default)]
pub(super) struct Numbers {
    next: u64,
}

impl Numbers {
    /// Goes on behind the last number among `lines`, the newest ones there are.
    pub(super) fn after(lines: &[u8]) -> Self {
        let all: Vec<_> = ndjson::lines(lines).collect();
        let last = all.iter().rev().find_map(|line| id(line));
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
        let mut numbers = Numbers::after(b"");

        assert_eq!(numbers.batch(1).lines(), b"{\"id\":0,\"value\":0}\n");
        let expected = b"{\"id\":1,\"value\":2}\n{\"id\":2,\"value\":4}\n";
        assert_eq!(numbers.batch(2).lines(), expected);
        let mut more = Numbers::after(
            b"{\"id\":2,\"value\":4}
{\"id\":9,\"x\":1}
7
",
        );
        assert_eq!(more.batch(1).lines(), b"{\"id\":3,\"value\":6}\n");
        assert_eq!(
            Numbers::after(b"7\n{\"id\":18446744073709551615,\"value\":1}\n").next,
            0
        );
    }
}
