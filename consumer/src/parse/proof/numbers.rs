//! Records of which one number is wanted, and that keep their places also where they have none.

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Float64Type},
};
use bytes::Bytes;
use common::offset::Offset;
use proptest::prelude::{prop, prop_assert_eq, proptest};

use super::wanted;
use crate::{
    fetch::{Block, Content, Place},
    parse::{Format, Json, Reader, Reason, Rows, agreement},
};

fn block(text: &[u8]) -> Block {
    Block {
        place: Place::Counted(Offset {
            record: 5,
            byte: 50,
        }),
        ..agreement::block(text)
    }
}

fn parse(block: Block) -> Rows {
    let json = Json {
        bare_numbers: true,
        keeps_rejects: true,
        ..Json::default()
    };
    let wanted = wanted(&[("value", DataType::Float64, false)]);
    let mut reader = Reader::new(&Format::Json(json), wanted).unwrap();
    reader.parse(block)
}

/// Each record's value or reason.
fn shown(rows: &Rows) -> Vec<String> {
    let values = rows.rows.column(0).as_primitive::<Float64Type>();
    let mut rejects = rows.rejects.iter();
    let shown = (0..rows.records()).map(|row| {
        if values.is_valid(row) {
            return format!("{:?}", values.value(row));
        }
        let reject = rejects.next().expect("a value or a reject");
        assert_eq!(reject.before.0 as usize, row);
        reject.reason.name().to_owned()
    });
    let shown = shown.collect();
    assert_eq!(rejects.next(), None);
    shown
}

fn check(text: &[u8], expected: &str) {
    let shown = shown(&parse(block(text)));
    assert_eq!(shown.join(" "), expected, "{}", text.escape_ascii());
}

#[test]
fn each_line_is_a_value_or_a_reason() {
    check(
        b"{\"value\":1}\n{\"id\":0,\"value\":-2.5e1}\r\n",
        "1.0 -25.0",
    );
    check(b"{\"value\":1,\"value\":2}", "2.0");
    check(b"{\"value\":\"1\",\"value\":2}", "2.0");
    check(b"{\"value\":1,\"value\":\"2\"}", "wrong_type");
    check(b"{\"valu\\u0065\":3}", "3.0");
    check(b"{\"a\":{\"value\":1}}\n{}", "missing_field missing_field");
    check(
        b"{\"value\":null}\n{\"value\":\"1\"}\n7\n[1]\nnull",
        "wrong_type wrong_type wrong_type wrong_type wrong_type",
    );
    check(
        b"{\"value\":true}\n{\"value\":[1]}\n{\"value\":{}}\n\"value\"",
        "wrong_type wrong_type wrong_type wrong_type",
    );
    check(
        b"{\"value\":1,}\nx\n{\"value\":1}{}\n{\"value\":NaN}\n{\"value\":1e400}",
        "not_json not_json not_json not_json not_json",
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
    let rows = parse(block(b"\n{\"value\":1}\n\nx\n"));
    let reject = &rows.rejects[0];
    assert_eq!(rows.line(&reject.span), b"x");
    let place = Offset {
        record: 6,
        byte: 62,
    };
    assert_eq!(rows.offset(reject), Some(place.to_string()));
    let written = rows.written().map(|(span, _)| &rows.text[span]);
    assert_eq!(written.collect::<Vec<_>>(), [&b"{\"value\":1}"[..], b"x"]);
}

#[test]
fn what_is_too_long_is_a_reject_with_its_beginning() {
    let rows = parse(Block {
        place: Place::Event("7".into()),
        content: Content::TooLong(Bytes::from_static(b"{\"val")),
        ..block(b"")
    });
    assert_eq!(shown(&rows), [Reason::TooLong.name()]);
    assert_eq!(rows.line(&rows.rejects[0].span), b"{\"val");
    assert_eq!(rows.offset(&rows.rejects[0]).as_deref(), Some("7"));
}

proptest! {
    #[test]
    fn the_first_records_are_those_of_the_first_lines(
        lines in prop::collection::vec(prop::sample::select(vec!["{\"value\":1}", "{\"value\":2}", "x", "{}"]), 0..20),
        records in 0_usize..22,
    ) {
        let records = records.min(lines.len());
        let text = lines.join("\n\n");
        let all = shown(&parse(block(text.as_bytes())));
        let first = shown(&parse(block(text.as_bytes()).first(records as u64)));
        prop_assert_eq!(&all[..records], &first);
    }
}
