//! The structure of JSON values, byte for byte: which brackets are open, and what may come next.
//!
//! Only what decides where a value ends is judged. What stands for a number or a word may be
//! anything: that breaks its value, but hides no end.

use common::{limits::DEPTH_MAX, ndjson::NEWLINE};

/// A value that is being read, or none yet.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// How many braces and brackets are open.
    depth: usize,
    /// Of the open ones, innermost lowest: a one for each brace.
    braces: u64,
    next: Next,
}

/// One bit for each level.
const _: () = assert!(DEPTH_MAX <= 64);

/// What comes next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Value,
    /// After an open bracket.
    ValueOrClose,
    Name,
    /// After an open brace.
    NameOrClose,
    Colon,
    CommaOrClose,
    /// More of a number or a word.
    Word,
    /// More of a string, after which comes…
    String(After),
    /// The second half of an escape in a string.
    Escaped(After),
}

/// What comes after a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Colon,
    CommaOrClose,
}

/// What a byte has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// The value goes on.
    More,
    /// This was its last byte.
    End,
    /// It is no JSON.
    Fault,
}

impl Structure {
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }

    pub(super) const fn is_in_string(&self) -> bool {
        matches!(self.next, Next::String(_) | Next::Escaped(_))
    }

    /// Takes the value's next byte. After a fault it goes on as well as it can, so that brackets
    /// are still counted.
    pub(super) fn push(&mut self, byte: u8) -> Seen {
        match self.next {
            Next::String(after) | Next::Escaped(after) => self.in_string(byte, after),
            _ => self.outside(byte),
        }
    }

    fn in_string(&mut self, byte: u8, after: After) -> Seen {
        let escaped = matches!(self.next, Next::Escaped(_));
        self.next = match byte {
            NEWLINE => {
                self.next = Next::CommaOrClose;
                return Seen::Fault;
            }
            b'\\' if !escaped => Next::Escaped(after),
            b'"' if !escaped => return self.whole(after),
            _ => Next::String(after),
        };
        Seen::More
    }

    fn outside(&mut self, byte: u8) -> Seen {
        match (byte, self.next) {
            (b' ' | b'\t' | b'\r' | NEWLINE, next) => {
                if next == Next::Word {
                    self.next = Next::CommaOrClose;
                }
                Seen::More
            }
            (b'{' | b'[', _) => self.open(byte == b'{'),
            (b'}' | b']', _) => self.close(byte == b'}'),
            (b'"', _) => self.quote(),
            (b':', Next::Colon) => self.goes_on(Next::Value),
            (b',', Next::CommaOrClose | Next::Word) if self.depth > 0 => {
                self.goes_on(if self.is_in_braces() {
                    Next::Name
                } else {
                    Next::Value
                })
            }
            (b':' | b',', _) => Seen::Fault,
            (_, Next::Value | Next::ValueOrClose | Next::Word) => self.goes_on(Next::Word),
            _ => Seen::Fault,
        }
    }

    fn open(&mut self, brace: bool) -> Seen {
        let fits = self.awaits_value() && self.depth < DEPTH_MAX;
        self.depth += 1;
        self.braces = self.braces << 1 | u64::from(brace);
        self.next = if brace {
            Next::NameOrClose
        } else {
            Next::ValueOrClose
        };
        if fits { Seen::More } else { Seen::Fault }
    }

    fn close(&mut self, brace: bool) -> Seen {
        let fits = self.depth > 0
            && self.is_in_braces() == brace
            && match self.next {
                Next::CommaOrClose | Next::Word => true,
                Next::NameOrClose => brace,
                Next::ValueOrClose => !brace,
                _ => false,
            };
        self.depth = self.depth.saturating_sub(1);
        self.braces >>= 1;
        if fits {
            self.whole(After::CommaOrClose)
        } else {
            self.next = Next::CommaOrClose;
            Seen::Fault
        }
    }

    fn quote(&mut self) -> Seen {
        let is_name = matches!(self.next, Next::Name | Next::NameOrClose);
        let fits = is_name || self.awaits_value();
        self.next = Next::String(if is_name {
            After::Colon
        } else {
            After::CommaOrClose
        });
        if fits { Seen::More } else { Seen::Fault }
    }

    /// A name, or a value in the value, or the value itself is whole.
    fn whole(&mut self, after: After) -> Seen {
        self.next = match after {
            After::Colon => Next::Colon,
            After::CommaOrClose => Next::CommaOrClose,
        };
        if self.depth == 0 {
            Seen::End
        } else {
            Seen::More
        }
    }

    const fn goes_on(&mut self, next: Next) -> Seen {
        self.next = next;
        Seen::More
    }

    const fn awaits_value(&self) -> bool {
        matches!(self.next, Next::Value | Next::ValueOrClose)
    }

    const fn is_in_braces(&self) -> bool {
        self.braces & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    /// At which byte a value is seen to be whole or broken.
    fn seen(text: &str) -> Option<(usize, Seen)> {
        let mut structure = Structure::default();
        let seen = text.bytes().map(|byte| structure.push(byte));
        seen.enumerate().find(|(_, seen)| *seen != Seen::More)
    }

    #[test]
    fn a_value_ends_with_its_last_byte_or_breaks_at_the_first_that_cannot_be() {
        let deepest = "[".repeat(DEPTH_MAX);
        for (text, expected) in [
            ("{}", Some((1, Seen::End))),
            ("{\"a\":[1, {\"b\":\"}\\\"\"} ]\n}", Some((23, Seen::End))),
            ("\"a\\\\\"", Some((4, Seen::End))),
            ("12", None),
            ("{\"a\":\n{\"b\":2}\n{", Some((14, Seen::Fault))),
            ("{\"a\n", Some((3, Seen::Fault))),
            ("{\"a\\\n", Some((4, Seen::Fault))),
            ("[1,]", Some((3, Seen::Fault))),
            ("{\"a\":1,}", Some((7, Seen::Fault))),
            ("[1}", Some((2, Seen::Fault))),
            ("{\"a\"}", Some((4, Seen::Fault))),
            ("{a", Some((1, Seen::Fault))),
            ("[1 2", Some((3, Seen::Fault))),
            ("1,", Some((1, Seen::Fault))),
            ("]", Some((0, Seen::Fault))),
            (&deepest, None),
            (&format!("{deepest}["), Some((DEPTH_MAX, Seen::Fault))),
        ] {
            assert_eq!(seen(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_json_has_no_fault_and_ends_at_its_end(
            text in r#"[\[{][\[\]{}:," e1\n]{0,10}[\]}]"#
        ) {
            if common::json::value(&text).is_ok() {
                prop_assert_eq!(seen(&text), Some((text.len() - 1, Seen::End)));
            }
        }
    }
}
