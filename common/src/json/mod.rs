//! One strict reader of JSON text (RFC 8259) for both services: what one accepts, the other does.
//!
//! Strict means: UTF-8 (a `&str` is proof of it), no byte order mark, one value with only white
//! space around it, at most [`DEPTH_MAX`] levels, numbers that an `f64` can hold, and no lone
//! surrogate in an escape. Duplicate keys are allowed; a reader takes the last one.
//! Nothing is copied or allocated: values are slices of the text.

mod pointer;
mod scanner;
mod usual;
mod value;

use self::scanner::Scanner;
pub use self::{
    pointer::{NotAPointer, Pointer},
    usual::leading_digits,
    value::{Number, Text, Value},
};
use crate::limits::DEPTH_MAX;

/// Why a text is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// Byte position in the text.
    pub at: usize,
    /// What is wrong there.
    pub what: What,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// The value is not complete.
    #[error("the JSON value ends too early")]
    Short,
    /// A byte that cannot stand there.
    #[error("unexpected character in JSON")]
    Character,
    /// Something but white space follows the value.
    #[error("more than one JSON value")]
    Trailing,
    /// A control character inside a string.
    #[error("control character in a JSON string must be escaped")]
    Control,
    /// An escape that JSON does not have, or half of a surrogate pair.
    #[error("invalid escape in a JSON string")]
    Escape,
    /// A number that is not written as JSON writes numbers.
    #[error("invalid JSON number")]
    Number,
    /// A number beyond what an `f64` can hold.
    #[error("JSON number out of range")]
    Range,
    /// More than [`DEPTH_MAX`] levels.
    #[error("JSON nested deeper than {DEPTH_MAX} levels")]
    Depth,
}

/// Checks that `text` is exactly one JSON value, and returns it.
///
/// # Errors
/// Where the text is not JSON, and why.
pub fn value(text: &str) -> Result<Value<'_>, Fault> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    let value = scanner.value(0)?;
    scanner.end()?;
    Ok(value)
}

/// Checks that `text` is exactly one JSON value.
///
/// # Errors
/// Where the text is not JSON, and why.
pub fn check(text: &str) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    scanner.skip(0)?;
    scanner.end()
}

/// Checks that `text` is exactly one JSON value, and shows each member of it to `member` when it is
/// an object (in the order of the text, duplicates and all). Returns whether it is an object.
///
/// # Errors
/// Where the text is not JSON, and why; `member` may have been called before.
pub fn members<'a>(
    text: &'a str,
    mut member: impl FnMut(Text<'a>, Value<'a>),
) -> Result<bool, Fault> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    let is_object = scanner.peek() == Some(b'{');
    if is_object {
        scanner.object(0, |scanner, key, depth| {
            member(key, scanner.value(depth)?);
            Ok(())
        })?;
    } else {
        scanner.skip(0)?;
    }
    scanner.end()?;
    Ok(is_object)
}

/// Checks that `text` is exactly one JSON value, and shows to `element` the text of each element of
/// it when it is an array (which then is no level of depth), else the value itself.
///
/// # Errors
/// Where the text is not JSON, and why; `element` may have been called before.
pub fn flattened<'a>(text: &'a str, mut element: impl FnMut(&'a str)) -> Result<(), Fault> {
    Pointer::default().flattened(text, |text, _| element(text))
}

/// `text` as a JSON string, quotes included.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always valid JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Ok` with the kind of the value, or where and why not.
    fn check(text: &str) -> Result<&'static str, (usize, What)> {
        value(text)
            .map(|value| value.kind())
            .map_err(|fault| (fault.at, fault.what))
    }

    #[test]
    fn what_is_json_is_accepted() {
        for (text, kind) in [
            (" null ", "null"),
            ("true", "a boolean"),
            ("-0.5e+3", "a number"),
            (r#""\ud83d\ude00 \u0000 \/""#, "a string"),
            ("[]", "an array"),
            ("[1, [2], {}]", "an array"),
            (r#"{"a":{"b":[null,false]},"a":1}"#, "an object"),
            ("1e-400", "a number"),
        ] {
            assert_eq!(check(text), Ok(kind), "{text}");
        }
    }

    #[test]
    fn what_is_not_is_refused_with_its_place() {
        for (text, at, what) in [
            ("", 0, What::Short),
            ("[1,", 3, What::Short),
            (r#"{"a":1"#, 6, What::Short),
            (r#"{"a":1 "b":2}"#, 7, What::Character),
            (r#"{"a":1,}"#, 7, What::Character),
            (r#"{"a":01}"#, 6, What::Character),
            (r#"{"a":1.}"#, 7, What::Number),
            (r#"{"a":-}"#, 6, What::Number),
            ("{\"a\":\"\t\"}", 6, What::Control),
            (r#""abc"#, 4, What::Short),
            ("nul", 3, What::Short),
            ("nulL", 3, What::Character),
            ("[1,]", 3, What::Character),
            ("{1:2}", 1, What::Character),
            ("'a'", 0, What::Character),
            ("\u{feff}1", 0, What::Character),
            ("1 2", 2, What::Trailing),
            ("01", 1, What::Trailing),
            ("\"a\tb\"", 2, What::Control),
            (r#""\x""#, 2, What::Escape),
            (r#""\ud800""#, 7, What::Escape),
            (r#""\udc00""#, 6, What::Escape),
            (r#""\ud800\u0041""#, 12, What::Escape),
            (r#""\u12g4""#, 5, What::Escape),
            ("-x", 1, What::Number),
            ("1.", 2, What::Short),
            ("1.x", 2, What::Number),
            ("[1e400]", 1, What::Range),
            ("NaN", 0, What::Character),
        ] {
            assert_eq!(check(text), Err((at, what)), "{text}");
        }
    }

    #[test]
    fn depth_has_a_bound() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check(&nested(DEPTH_MAX)), Ok("an array"));
        assert_eq!(check(&nested(DEPTH_MAX + 1)), Err((DEPTH_MAX, What::Depth)));
        assert_eq!(check(&"[".repeat(100_000)), Err((DEPTH_MAX, What::Depth)));
    }

    #[test]
    fn a_key_is_compared_with_its_escapes_resolved() {
        let mut found = Vec::new();
        let text = r#"{"valu\u0065":1,"value":2,"values":3}"#;
        let object = members(text, |key, value| {
            if key.is("value") {
                found.push(value);
            }
        });
        assert_eq!(object, Ok(true));
        assert_eq!(
            found,
            [Value::Number(Number("1")), Value::Number(Number("2"))]
        );
    }

    #[test]
    fn a_text_is_quoted_so_that_it_is_read_back() {
        for text in ["", "plain", "\"\\\n\u{1}\u{df}"] {
            let quoted = quoted(text);
            assert_eq!(value(&quoted).map(|value| value.plain()), Ok(text.into()));
        }
    }

    #[test]
    fn an_array_is_flattened_once_and_is_no_level() {
        let elements = |text| {
            let mut all = Vec::new();
            flattened(text, |element| all.push(element)).map(|()| all)
        };
        assert_eq!(elements("[1, [2,3] ,{}]"), Ok(vec!["1", "[2,3]", "{}"]));
        assert_eq!(elements(" {} "), Ok(vec!["{}"]));
        assert_eq!(elements("[]"), Ok(vec![]));
    }

    proptest::proptest! {
        #[test]
        fn a_number_is_read_as_the_standard_library_reads_it(
            text in r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?(e[+-]?[0-9]{1,2})?"
        ) {
            let Ok(Value::Number(number)) = value(&text) else { panic!("{text} is a number") };
            let expected: f64 = text.parse().unwrap();
            proptest::prop_assert_eq!(number.to_f64().to_bits(), expected.to_bits());
        }

        #[test]
        fn serde_json_agrees_on_members(
            text in r#"\{("[a-z\\"]{0,18}" ?: ?("[ a-z\\"\x00]{0,20}"|-?[0-9]{0,10}\.?[0-9]{0,10}e?|true|\[1\]),?){0,3}\}"#
        ) {
            let ours = value(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            proptest::prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn serde_json_agrees(text in r#"[\[\]{}:,"\\ue0-9.+\- truefalsn]{0,12}"#) {
            let ours = value(&text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            proptest::prop_assert_eq!(ours, theirs, "{}", text);
        }
    }
}
