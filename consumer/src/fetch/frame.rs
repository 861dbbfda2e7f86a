//! From chunks of a body to whole records, whatever the borders of the chunks.

use bytes::Bytes;
use common::wire;

use super::{
    block::{Found, Framed, Place},
    events::Events,
    lines::Lines,
    opening::{self, Opening},
    values::Values,
};

/// How a body holds its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// A record a line.
    #[default]
    Lines,
    /// A record a line, and marks between them.
    MarkedLines,
    /// Server-sent events.
    Events,
    /// JSON values.
    Values,
    /// Its first byte tells: values where that is a bracket, else lines.
    LinesOrArray,
}

/// Media types that hold a record a line, whatever it begins with.
const LINES: [&str; 4] = [
    wire::NDJSON,
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
];

/// Media types that hold no lines of text.
const NO_TEXT: [&str; 8] = [
    "image/",
    "audio/",
    "video/",
    "font/",
    "application/gzip",
    "application/pdf",
    "application/wasm",
    "application/zip",
];

impl Form {
    /// The form that a `Content-Type` promises; none where there can be no records.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let media_type = wire::media_type(content_type);
        match media_type.as_str() {
            wire::EVENT_STREAM => Some(Self::Events),
            wire::JSON | "text/json" => Some(Self::Values),
            other if other.ends_with("+json") => Some(Self::Values),
            other if LINES.contains(&other) => Some(Self::Lines),
            other if NO_TEXT.iter().any(|start| other.starts_with(start)) => None,
            _ => Some(Self::LinesOrArray),
        }
    }
}

/// Frames one body.
#[derive(Debug)]
pub(super) struct Framer {
    opening: Opening,
    records: Records,
}

#[derive(Debug)]
enum Records {
    Lines(Lines),
    Events(Events),
    Values(Values),
    /// Nothing but white space has come.
    Undecided(Found),
}

impl Framer {
    /// `place` is that of the body's first record.
    pub(super) fn new(form: Form, place: Place) -> Self {
        Self::of(form, Found::at(place))
    }

    /// Frames the next body of the same stream. What the last one had begun is dropped.
    pub(super) fn begin(&mut self, form: Form, place: Place) {
        let passed_over = std::mem::take(&mut self.records.found_mut().passed_over);
        let mut found = Found::at(place);
        found.passed_over = passed_over;
        *self = Self::of(form, found);
    }

    fn of(form: Form, found: Found) -> Self {
        let records = match form {
            Form::Lines => Records::Lines(Lines::new(found)),
            Form::MarkedLines => Records::Lines(Lines::with_marks(found)),
            Form::Events => Records::Events(Events::new(found)),
            Form::Values => Records::Values(Values::new(found)),
            Form::LinesOrArray => Records::Undecided(found),
        };
        Self {
            opening: Opening::default(),
            records,
        }
    }

    pub(super) fn push(&mut self, mut chunk: Bytes) {
        let held_back = self.opening.strip(&mut chunk);
        self.records.push(held_back);
        self.records.push(chunk);
    }

    /// A clean end of the body. (After a broken one, what has begun will be read again.)
    pub(super) fn end(&mut self) {
        self.records.push(self.opening.end());
        match &mut self.records {
            Records::Lines(lines) => lines.end(),
            Records::Values(values) => values.end(),
            Records::Events(_) | Records::Undecided(_) => {}
        }
    }

    pub(super) fn next(&mut self) -> Option<Framed> {
        self.records.found_mut().next()
    }

    /// Whether there are records for [`Framer::next`].
    pub(super) fn has_records(&self) -> bool {
        self.records.found().has_records()
    }

    /// The place of the first record that has not been framed.
    pub(super) const fn place(&self) -> &Place {
        &self.records.found().place
    }
}

impl Records {
    fn push(&mut self, mut chunk: Bytes) {
        if let Self::Undecided(found) = self
            && let Some(is_array) = opening::is_array(&mut chunk)
        {
            let found = std::mem::take(found);
            *self = if is_array {
                Self::Values(Values::new(found))
            } else {
                Self::Lines(Lines::new(found))
            };
        }
        match self {
            Self::Lines(lines) => lines.push(chunk),
            Self::Events(events) => events.push(chunk),
            Self::Values(values) => values.push(&chunk),
            Self::Undecided(_) => {}
        }
    }

    const fn found(&self) -> &Found {
        match self {
            Self::Lines(lines) => &lines.found,
            Self::Events(events) => &events.found,
            Self::Values(values) => &values.found,
            Self::Undecided(found) => found,
        }
    }

    const fn found_mut(&mut self) -> &mut Found {
        match self {
            Self::Lines(lines) => &mut lines.found,
            Self::Events(events) => &mut events.found,
            Self::Values(values) => &mut values.found,
            Self::Undecided(found) => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use common::{limits::RECORD_BYTES_MAX, offset::Offset};
    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

    use super::*;
    use crate::fetch::block::Content;

    /// All records with their places, one a line: `place text`, with `!` before the too long.
    fn framed(framer: &mut Framer) -> Vec<String> {
        let mut records = Vec::new();
        while let Some(framed) = framer.next() {
            let (place, content) = match framed {
                Framed::Gap { from, to } => {
                    records.push(format!("gap {from} {to}"));
                    continue;
                }
                Framed::Mark { counted, mark } => {
                    let (said, counted) = (mark.offset, counted.token().unwrap_or_default());
                    records.push(format!("mark {said} after {counted}"));
                    continue;
                }
                Framed::Records { place, content, .. } => (place, content),
            };
            let (mut count, mut bytes) = (0, 0);
            let (mark, text) = match &content {
                Content::Lines(text) => ("", text),
                Content::TooLong(text) => ("!", text),
            };
            for line in common::ndjson::lines(text).filter(|line| !common::ndjson::is_blank(line)) {
                let place = place.advance(count, bytes).token().unwrap_or_default();
                let text = String::from_utf8_lossy(line);
                records.push(format!("{mark}{place} {text}"));
                count += 1;
                bytes += line.len() as u64 + 1;
            }
        }
        records
    }

    /// Frames `body` in chunks that end at `cuts`.
    fn frame(form: Form, place: &Place, body: &[u8], cuts: &[usize]) -> (Vec<String>, Place) {
        let mut framer = Framer::new(form, place.clone());
        let mut from = 0;
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
        cuts.push(body.len());
        cuts.sort_unstable();
        for cut in cuts {
            framer.push(Bytes::copy_from_slice(&body[from..cut]));
            from = cut;
        }
        framer.end();
        let place = framer.place().clone();
        (framed(&mut framer), place)
    }

    fn check(form: Form, body: &str, expected: &[&str]) {
        let (records, _) = frame(form, &Place::Unknown, body.as_bytes(), &[]);
        let records: Vec<_> = records.iter().map(|record| record.trim_start()).collect();
        assert_eq!(records, expected, "{body:?}");
    }

    #[test]
    fn the_content_type_tells_the_form() {
        for (content_type, form) in [
            ("application/x-ndjson", Some(Form::Lines)),
            ("Application/JSONL", Some(Form::Lines)),
            ("", Some(Form::LinesOrArray)),
            ("text/plain", Some(Form::LinesOrArray)),
            ("Text/Event-Stream; charset=utf-8", Some(Form::Events)),
            ("application/json", Some(Form::Values)),
            ("text/json", Some(Form::Values)),
            ("application/hal+json; charset=utf-8", Some(Form::Values)),
            ("application/octet-stream", Some(Form::LinesOrArray)),
            ("image/png", None),
        ] {
            assert_eq!(Form::of(content_type), form, "{content_type}");
        }
    }

    #[test]
    fn lines_are_records_and_the_last_needs_no_newline() {
        check(Form::Lines, "1\n\n \r\n2\r\n3", &["1", "2\r", "3"]);
        check(Form::Lines, "\n\n", &[]);
    }

    #[test]
    fn values_are_elements_or_a_sequence() {
        check(
            Form::Values,
            "[1, {\"a\":[2,\n3]} ,\"]\\\"\"]",
            &["1", "{\"a\":[2,\r3]}", "\"]\\\"\""],
        );
        check(
            Form::Values,
            "{\"a\":1}{\"a\":2}\n3 \"x\"[5]\n4\"x\"[5]",
            &["{\"a\":1}", "{\"a\":2}", "3", "\"x\"", "5", "4\"x\"[5]"],
        );
        check(Form::Values, "[]", &[]);
        check(Form::Values, "[[1],[2]]", &["[1]", "[2]"]);
        check(
            Form::Values,
            "{\"a\":}\n{\"a\":1}",
            &["{\"a\":}", "{\"a\":1}"],
        );
    }

    #[test]
    fn the_first_byte_tells_an_array_from_lines_where_the_server_does_not() {
        check(Form::LinesOrArray, " \n\n[1,\n2]", &["1", "2"]);
        check(Form::LinesOrArray, "\n 1\n[2]\n", &["1", "[2]"]);
        check(Form::LinesOrArray, "\n \n", &[]);
        check(Form::Lines, "[1]\n", &["[1]"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_record() {
        for (form, body) in [
            (Form::Lines, "1\n2\n"),
            (Form::Values, "[1,2]"),
            (Form::LinesOrArray, "[1,2]"),
            (Form::LinesOrArray, "1\n2"),
            (Form::Events, "data: 1\n\ndata: 2\n\n"),
        ] {
            check(form, &format!("\u{feff}{body}"), &["1", "2"]);
        }
        check(Form::Lines, "\u{feff}\u{feff}1\n", &["\u{feff}1"]);
        check(Form::Lines, "1\n\u{feff}2\n", &["1", "\u{feff}2"]);
        let (records, _) = frame(Form::Lines, &Place::Unknown, b"\xef\xbb\n\xef", &[1, 2, 4]);
        assert_eq!(records, [" \u{fffd}", " \u{fffd}"]);
    }

    #[test]
    fn events_are_read_as_browsers_read_them() {
        check(
            Form::Events,
            "\u{feff}data: 1\n\ndata:2\r\rdata: 3\r\n\r\n",
            &["1", "2", "3"],
        );
        check(Form::Events, "data: [1,\ndata: 2]\n\n", &["[1,\r2]"]);
        check(
            Form::Events,
            ": comment\nretry: 5\n\nevent: other\ndata: 1\n\ndata: 2\n\n",
            &["2"],
        );
        check(
            Form::Events,
            "event: message\ndata: 1\n\nevent: data\ndata:[2,[3]]\n\n",
            &["1", "2", "[3]"],
        );
        check(Form::Events, "data\n\ndata:  1\n\ndata: 2\n", &["1"]);
    }

    #[test]
    fn an_event_has_the_last_id() {
        let body = b"id: a\ndata: 1\n\ndata: 2\n\nid: b\x00\ndata: 3\n\nid: c\ndata: 4\n\nid\ndata: 5\n\nid: d\n\nid: e\n";
        let (records, place) = frame(Form::Events, &Place::Unknown, body, &[]);
        assert_eq!(records, ["a 1", "a 2", "a 3", "c 4", " 5"]);
        assert_eq!(place, Place::Event("d".into()));
    }

    #[test]
    fn a_gap_moves_the_place_and_is_told_once() {
        let (from, to) = (
            Offset {
                record: 1,
                byte: 10,
            },
            Offset {
                record: 5,
                byte: 50,
            },
        );
        let body =
            format!("event: gap\ndata: {{\"from\":\"{from}\",\"to\":\"{to}\"}}\n\ndata: 1\n\n");
        let (records, _) = frame(Form::Events, &Place::Counted(from), body.as_bytes(), &[]);
        assert_eq!(records, [format!("gap {from} {to}"), format!("{to} 1")]);
        let (records, place) = frame(Form::Events, &Place::Counted(to), body.as_bytes(), &[]);
        assert_eq!(records, [format!("{to} 1")]);
        assert_eq!(place, Place::Counted(to.advance(1, 2)));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_with_its_bytes() {
        let start = Place::Counted(Offset::default());
        let body = [&vec![b'x'; RECORD_BYTES_MAX + 1], &b"\n1\n"[..]].concat();
        let (records, place) = frame(Form::Lines, &start, &body, &[70_000, RECORD_BYTES_MAX]);
        assert_eq!(records.len(), 2);
        assert!(records[0].starts_with("!0000000000000000_") && records[0].len() < 5000);
        assert_eq!(records[1], "0000000000000001_0000000001048578 1");
        assert_eq!(place, start.advance(2, 1_048_580));
        for (form, before, after) in [
            (Form::Values, "[", ",7]"),
            (Form::Events, "data: ", "\n\ndata: 7\n\n"),
        ] {
            let body = [
                before.as_bytes(),
                &body[..RECORD_BYTES_MAX + 1],
                after.as_bytes(),
            ]
            .concat();
            let (records, _) = frame(form, &Place::Unknown, &body, &[100]);
            assert!(
                records.len() == 2 && records[0].starts_with('!'),
                "{form:?}"
            );
            assert_eq!(records[1], " 7", "{form:?}");
        }
    }

    /// A mark at `place`, as it comes.
    fn mark(place: Offset) -> String {
        format!("#{{\"offset\":\"{place}\"}}\n")
    }

    #[test]
    fn marks_are_no_records_wherever_the_chunks_are_cut() {
        let start = Offset {
            record: 7,
            byte: 70,
        };
        let (first, second) = (start.advance(2, 5), start.advance(4, 17));
        let body = format!(
            "{}1\n#2\n{}{}\n{{\"#\":3}}\n4#\n{}5",
            mark(start),
            mark(first),
            mark(first),
            mark(second)
        );
        let expected = [
            format!("mark {start} after {start}"),
            format!("{start} 1"),
            format!("{} #2", start.advance(1, 2)),
            format!("mark {first} after {first}"),
            format!("mark {first} after {first}"),
            format!("{first} {{\"#\":3}}"),
            format!("{} 4#", first.advance(1, 8)),
            format!("mark {second} after {}", first.advance(2, 11)),
            format!("{second} 5"),
        ];
        let place = Place::Counted(start);
        for one in 0..=body.len() {
            for two in [one, one + 1, one + 40, body.len()] {
                let (records, _) = frame(Form::MarkedLines, &place, body.as_bytes(), &[one, two]);
                assert_eq!(records, expected, "cut at {one} and {two}");
            }
        }
    }

    #[test]
    fn a_mark_begins_a_line_and_is_looked_for_where_it_was_asked_for() {
        let body = mark(Offset::default());
        check(Form::Lines, &body, &[body.trim_end()]);
        check(Form::MarkedLines, &format!(" {body}"), &[body.trim_end()]);
        let (records, place) = frame(Form::MarkedLines, &Place::Unknown, body.as_bytes(), &[]);
        assert_eq!(records, [format!("mark {} after ", Offset::default())]);
        assert_eq!(place, Place::Counted(Offset::default()));
    }

    #[test]
    fn a_line_of_the_longest_length_is_a_record() {
        let body = vec![b'x'; RECORD_BYTES_MAX];
        for cuts in [&[][..], &[1], &[RECORD_BYTES_MAX - 1]] {
            let (records, _) = frame(Form::Lines, &Place::Unknown, &body, cuts);
            assert!(records.len() == 1 && records[0].len() == RECORD_BYTES_MAX + 1);
        }
    }

    #[test]
    fn a_broken_end_drops_what_has_begun() {
        let mut framer = Framer::new(Form::Lines, Place::Counted(Offset::default()));
        framer.push(Bytes::from_static(b"1\n2"));
        assert_eq!(framed(&mut framer), ["0000000000000000_0000000000000000 1"]);
        assert_eq!(
            framer.place(),
            &Place::Counted(Offset { record: 1, byte: 2 })
        );
    }

    fn body() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("\n"),
            Just("\r"),
            Just("\r\n"),
            Just("\n\n"),
            Just("data:"),
            Just("data: "),
            Just("id: 7"),
            Just("event: data"),
            Just(":"),
            Just("{\"a\":1}"),
            Just("["),
            Just("]"),
            Just(","),
            Just("\""),
            Just("\\"),
            Just(" "),
            Just("12"),
            Just("é"),
            Just("\u{feff}"),
            Just("{"),
            Just("}"),
            Just("#"),
            Just("\n#{\"offset\":\"0000000000000001_0000000000000009\"}\n"),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn chunk_borders_change_nothing(
            body in body(),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
            counted in any::<bool>(),
        ) {
            let place = if counted { Place::Counted(Offset::default()) } else { Place::Unknown };
            for form in [Form::Lines, Form::MarkedLines, Form::Events, Form::Values, Form::LinesOrArray] {
                let whole = frame(form, &place, &body, &[]);
                prop_assert_eq!(&frame(form, &place, &body, &cuts), &whole, "{:?}", form);
            }
        }
    }
}
