//! `numbers`: `{"id":0,"value":0}`, `{"id":1,"value":2}`, …

use common::record::Batch;

#[derive(Debug, Default)]
pub(super) struct Numbers {
    next: u64,
}

impl Numbers {
    /// Goes on behind `last`, the last record there is, if that was one of these.
    pub(super) fn after(last: Option<&[u8]>) -> Self {
        let last = last.and_then(|record| std::str::from_utf8(record).ok());
        let digits = last.and_then(|record| record.strip_prefix(r#"{"id":"#)?.split(',').next());
        let id = digits.and_then(|digits| digits.parse::<u64>().ok());
        Self {
            next: id.map_or(0, |id| id + 1),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_go_on_where_the_last_one_ended() {
        let mut numbers = Numbers::after(None);

        assert_eq!(numbers.batch(1).lines(), b"{\"id\":0,\"value\":0}\n");
        let expected = b"{\"id\":1,\"value\":2}\n{\"id\":2,\"value\":4}\n";
        assert_eq!(numbers.batch(2).lines(), expected);
        let mut more = Numbers::after(Some(br#"{"id":2,"value":4}"#));
        assert_eq!(more.batch(1).lines(), b"{\"id\":3,\"value\":6}\n");
        assert_eq!(Numbers::after(Some(b"7")).next, 0);
    }
}
