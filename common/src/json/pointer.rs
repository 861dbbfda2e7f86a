//! Pointers to a value inside a JSON text (RFC 6901), followed without building a tree.

use std::fmt;

use super::{Fault, Scanner, Value};
use crate::limits::{DEPTH_MAX, POINTER_BYTES_MAX};

/// Where in a record something is: `/user/id`. The empty one points to the record itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pointer {
    steps: Vec<String>,
}

/// Why a text is no pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPointer {
    /// It does not begin as it must.
    #[error("a JSON pointer is empty or begins with /, as /user/id does")]
    Begin,
    /// An escape that pointers do not have.
    #[error("in a JSON pointer ~ stands only in ~0 (for ~) and ~1 (for /)")]
    Escape,
    /// It is too long, or leads deeper than any record.
    #[error("a JSON pointer has at most {POINTER_BYTES_MAX} bytes and {DEPTH_MAX} steps")]
    TooLong,
}

impl std::str::FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(NotAPointer::Begin);
        }
        let steps = parts.map(step).collect::<Result<Vec<_>, _>>()?;
        if text.len() > POINTER_BYTES_MAX || steps.len() > DEPTH_MAX {
            return Err(NotAPointer::TooLong);
        }
        Ok(Self { steps })
    }
}

/// One step, its escapes resolved.
fn step(text: &str) -> Result<String, NotAPointer> {
    let mut parts = text.split('~');
    let mut step = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = match part.split_at_checked(1) {
            Some(("0", rest)) => ('~', rest),
            Some(("1", rest)) => ('/', rest),
            _ => return Err(NotAPointer::Escape),
        };
        step.push(escaped);
        step.push_str(rest);
    }
    Ok(step)
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps
            .iter()
            .try_for_each(|step| write!(f, "/{}", step.replace('~', "~0").replace('/', "~1")))
    }
}

impl Pointer {
    /// Checks that `text` is exactly one JSON value, and returns what this points to in it, if that
    /// is there; of duplicate keys the last one counts.
    ///
    /// It costs one pass over the text, no more than the check alone.
    ///
    /// # Errors
    /// Where the text is not JSON, and why.
    pub fn find<'a>(&self, text: &'a str) -> Result<Option<Value<'a>>, Fault> {
        let mut scanner = Scanner::new(text);
        scanner.space();
        let found = scanner.find(0, &self.steps)?;
        scanner.end()?;
        Ok(found)
    }

    /// As [`flattened`](super::flattened), with what this points to in each element.
    ///
    /// # Errors
    /// As those of [`flattened`](super::flattened).
    pub fn flattened<'a>(
        &self,
        text: &'a str,
        mut element: impl FnMut(&'a str, Option<Value<'a>>),
    ) -> Result<(), Fault> {
        let mut scanner = Scanner::new(text);
        scanner.space();
        let mut pass = |scanner: &mut Scanner<'a>| {
            let (text, found) = scanner.element(&self.steps)?;
            element(text, found);
            Ok(())
        };
        if scanner.peek() == Some(b'[') {
            scanner.array(pass)?;
        } else {
            pass(&mut scanner)?;
        }
        scanner.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(text: &str) -> Result<Pointer, NotAPointer> {
        text.parse()
    }

    #[test]
    fn what_is_pointed_to_is_found() {
        // The example of RFC 6901, section 5, and what it leaves open.
        let text = r#" {"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,
                      "k\"l":6," ":7,"m~n":8,"o":{"p":[{"q":9}]},"twice":1,"twice":2,"x":null}"#;
        for (path, expected) in [
            ("/foo/0", Some("bar")),
            ("/foo", Some(r#"["bar","baz"]"#)),
            ("/", Some("0")),
            ("/a~1b", Some("1")),
            ("/c%d", Some("2")),
            ("/e^f", Some("3")),
            ("/g|h", Some("4")),
            ("/i\\j", Some("5")),
            ("/k\"l", Some("6")),
            ("/ ", Some("7")),
            ("/m~0n", Some("8")),
            ("/o/p/0/q", Some("9")),
            ("/twice", Some("2")),
            ("/x", Some("null")),
            ("/nothing", None),
            ("/foo/2", None),
            ("/foo/-", None),
            ("/foo/00", None),
            ("/foo/0/0", None),
            ("/x/y", None),
        ] {
            let found = pointer(path).unwrap().find(text).unwrap();
            let found = found.map(|value| value.plain().into_owned());
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        assert_eq!(
            pointer("").unwrap().find(" 1 ").unwrap().unwrap().plain(),
            "1"
        );
        assert_eq!(pointer("/a").unwrap().find("1"), Ok(None));
    }

    #[test]
    fn a_text_that_is_no_json_is_refused_wherever_the_fault_is() {
        for text in [
            "",
            "{\"a\":1,}",
            "{\"b\":{\"a\":tru}}",
            "{\"a\":1} 2",
            "[1,",
        ] {
            assert!(pointer("/a").unwrap().find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        let (long, deep) = (
            format!("/{}", "x".repeat(POINTER_BYTES_MAX)),
            "/x".repeat(DEPTH_MAX + 1),
        );
        for (text, why) in [
            ("a", NotAPointer::Begin),
            ("$.a", NotAPointer::Begin),
            ("/a~", NotAPointer::Escape),
            ("/a~2", NotAPointer::Escape),
            (&long, NotAPointer::TooLong),
            (&deep, NotAPointer::TooLong),
        ] {
            assert_eq!(pointer(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_pointer_is_written_as_it_is_read() {
        for text in ["", "/", "/a/b", "/a~1b/~0"] {
            assert_eq!(pointer(text).unwrap().to_string(), text);
        }
    }
}
