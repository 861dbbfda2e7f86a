//! Which strings are taken: those that are UTF-8, wherever they stand.

use arrow::datatypes::DataType;
use proptest::prelude::{prop, prop_assert_eq, proptest};

use super::{shown, wanted};
use crate::parse::{Format, Json, Reader, agreement::block};

/// What strings are made of, and what is no UTF-8: alone, half a pair, too long, too great.
const PIECES: [&[u8]; 12] = [
    b"a plain piece of ASCII",
    b"x",
    b"\\n",
    b"\\u00e4",
    "\u{e4}".as_bytes(),
    "\u{65e5}\u{672c}".as_bytes(),
    "\u{1f600}".as_bytes(),
    b"\xc3",
    b"\x80",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
];

proptest! {
    #[test]
    fn a_string_is_taken_if_it_is_utf_8(
        pieces in prop::collection::vec(
            prop::sample::select(PIECES.to_vec()),
            0..8,
        )
    ) {
        let text = pieces.concat();
        let columns = wanted(&[("a", DataType::Utf8, true)]);
        let mut reader = Reader::new(&Format::Json(Json::default()), columns).unwrap();
        let [key, wanted, other] = [&b"{\"a\":1,\""[..], b"{\"a\":\"", b"{\"a\":1,\"b\":\""];
        let lines = [
            [key, &text, b"\":1}\n"].concat(),
            [wanted, &text, b"\"}\n"].concat(),
            [other, &text, b"\"}\n"].concat(),
        ];
        let found = reader.parse(block(&lines.concat()));
        let expected = match std::str::from_utf8(&text) {
            Ok(text) => {
                let text = text.replace("\\n", "\n").replace("\\u00e4", "\u{e4}");
                ["1".to_owned(), text, "1".to_owned()]
            }
            Err(_) => ["not_json"; 3].map(str::to_owned),
        };
        prop_assert_eq!(shown(&found), expected);
    }
}
