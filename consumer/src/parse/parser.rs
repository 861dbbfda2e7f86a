//! Finds one field's value in each line.

use bytes::Bytes;
use common::{
    json::{self, Value},
    ndjson::{self, NEWLINE},
};

use super::{Batch, Reason, Reject};
use crate::fetch::{Block, Content};

/// Parses blocks.
#[derive(Debug, Clone)]
pub struct Parser {
    /// The name of the field.
    pub field: String,
    /// Whether batches say where each record is.
    pub with_spans: bool,
}

impl Parser {
    /// Finds the values in `block`.
    #[must_use]
    pub fn parse(&self, block: Block) -> Batch {
        let mut batch = Batch {
            origin: block.origin,
            proved: block.proved,
            place: block.place,
            ..Batch::default()
        };
        match block.content {
            Content::Lines(text) => self.lines(&text, &mut batch),
            Content::TooLong(head) => {
                batch.rejects.push(Reject {
                    reason: Reason::TooLong,
                    before: (0, 0),
                    span: 0..position(head.len()),
                });
                batch.text = head;
            }
        }
        batch
    }

    fn lines(&self, text: &Bytes, batch: &mut Batch) {
        // UTF-8 is checked once for all lines, and for each where that fails.
        match std::str::from_utf8(text) {
            Ok(all) => self.each_line(text, batch, |from, to| all.get(from..to)),
            Err(_) => self.each_line(text, batch, |from, to| {
                std::str::from_utf8(text.get(from..to)?).ok()
            }),
        }
        batch.text = text.clone();
    }

    fn each_line<'a>(
        &self,
        text: &[u8],
        batch: &mut Batch,
        line: impl Fn(usize, usize) -> Option<&'a str>,
    ) {
        let mut from = 0;
        let mut blank = 0;
        let ends = memchr::memchr_iter(NEWLINE, text);
        let unfinished = (text.last() != Some(&NEWLINE)).then_some(text.len());
        for to in ends.chain(unfinished) {
            if text.get(from..to).is_none_or(ndjson::is_blank) {
                blank += to + 1 - from;
            } else {
                let span = position(from)..position(to);
                match line(from, to).map_or(Err(Reason::NotJson), |line| self.value(line)) {
                    Ok(value) => {
                        batch.values.push(value);
                        if self.with_spans {
                            batch.spans.push(span);
                        }
                    }
                    Err(reason) => batch.rejects.push(Reject {
                        reason,
                        before: (position(batch.records()), position(from - blank)),
                        span,
                    }),
                }
            }
            from = to + 1;
        }
    }

    /// The field's value; of several with that name, the last one counts.
    fn value(&self, line: &str) -> Result<f64, Reason> {
        let mut found = None;
        let is_object = json::members(line, |key, value| {
            if key.is(&self.field) {
                found = Some(value);
            }
        });
        match (is_object, found) {
            (Err(_), _) => Err(Reason::NotJson),
            (Ok(true), Some(Value::Number(number))) => Ok(number.to_f64()),
            (Ok(true), None) => Err(Reason::MissingField),
            (Ok(_), _) => Err(Reason::WrongType),
        }
    }
}

/// A position in a block, which is far shorter than 4 GiB.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use common::offset::Offset;
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::*;
    use crate::fetch::Place;

    pub(crate) fn block(text: &[u8]) -> Block {
        Block {
            origin: Arc::default(),
            proved: false,
            place: Place::Counted(Offset {
                record: 5,
                byte: 50,
            }),
            content: Content::Lines(Bytes::copy_from_slice(text)),
        }
    }

    pub(crate) fn parser() -> Parser {
        Parser {
            field: "value".to_owned(),
            with_spans: true,
        }
    }

    /// Each record's value or reason.
    fn check(text: &[u8], expected: &str) {
        let batch = parser().parse(block(text));
        let mut values = batch.values.iter();
        let mut rejects = batch.rejects.iter().peekable();
        let mut all = Vec::new();
        for index in 0..batch.records() {
            all.push(
                match rejects.next_if(|reject| reject.before.0 as usize == index) {
                    Some(reject) => reject.reason.name().to_owned(),
                    None => format!("{:?}", values.next().expect("a value or a reject")),
                },
            );
        }
        assert_eq!(all.join(" "), expected, "{}", String::from_utf8_lossy(text));
        assert_eq!(batch.spans.len(), batch.values.len());
    }

    #[test]
    fn each_line_is_a_value_or_a_reason() {
        check(
            b"{\"value\":1}\n{\"id\":0,\"value\":-2.5e1}\r\n",
            "1.0 -25.0",
        );
        check(b"{\"value\":1,\"value\":2}", "2.0");
        check(b"{\"valu\\u0065\":3}", "3.0");
        check(b"{\"a\":{\"value\":1}}\n{}", "missing_field missing_field");
        check(
            b"{\"value\":null}\n{\"value\":\"1\"}\n7\n[1]\nnull",
            "wrong_type wrong_type wrong_type wrong_type wrong_type",
        );
        check(
            b"{\"value\":1,}\nx\n{\"value\":1}{}\n{\"value\":NaN}",
            "not_json not_json not_json not_json",
        );
        check(b"{\"value\":1}\n\n \r\n{\"value\":2}", "1.0 2.0");
        check(
            b"{\"value\":1}\n{\"value\":2,\"t\":\"\xff\"}\n{\"value\":3}\n",
            "1.0 not_json 3.0",
        );
        check(b"", "");
    }

    #[test]
    fn a_reject_knows_its_place_and_its_text() {
        let batch = parser().parse(block(b"\n{\"value\":1}\n\nx\n"));
        let reject = &batch.rejects[0];
        assert_eq!(batch.line(&reject.span), b"x");
        assert_eq!(batch.line(&batch.spans[0]), b"{\"value\":1}");
        let place = Offset {
            record: 6,
            byte: 62,
        };
        assert_eq!(batch.offset(reject), Some(place.to_string()));
    }

    #[test]
    fn what_is_too_long_is_a_reject_with_its_beginning() {
        let batch = parser().parse(Block {
            place: Place::Event("7".into()),
            content: Content::TooLong(Bytes::from_static(b"{\"val")),
            ..block(b"")
        });
        assert_eq!(batch.rejects[0].reason, Reason::TooLong);
        assert_eq!(batch.line(&batch.rejects[0].span), b"{\"val");
        assert_eq!(batch.offset(&batch.rejects[0]).as_deref(), Some("7"));
    }

    proptest! {
        #[test]
        fn the_first_records_are_those_of_the_first_lines(
            lines in prop::collection::vec(prop::sample::select(vec!["{\"value\":1}", "{\"value\":2}", "x", "{}"]), 0..20),
            records in 0_usize..22,
        ) {
            let text = lines.join("\n");
            let head = lines[..records.min(lines.len())].join("\n");
            let (mut all, first) = (parser().parse(block(text.as_bytes())), parser().parse(block(head.as_bytes())));
            all.truncate(records);
            prop_assert_eq!((all.values, all.spans, all.rejects), (first.values, first.spans, first.rejects));
        }
    }
}
