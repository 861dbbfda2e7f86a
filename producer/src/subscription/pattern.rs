//! Patterns of stream names: segments, of which `*` is any one, and `**` any number of them.

use common::name;

const ONE: &str = "*";
const MANY: &str = "**";

/// A pattern that can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    /// The pattern that `text` is, if it is one: what is no wildcard is as names are.
    pub(super) fn read(text: &str) -> Result<Self, name::Invalid> {
        let text = text.trim_matches('/');
        // A wildcard is as long as something that stands for it.
        let as_name = text.split('/').map(|part| match part {
            ONE => "x",
            MANY => "xx",
            part => part,
        });
        let as_name: Vec<_> = as_name.collect();
        match name::stream(&as_name.join("/"))? {
            // An escape would be compared as it is written, and match nothing.
            _ if text.contains('%') => Err(name::Invalid::Character),
            _ => Ok(Self(text.to_owned())),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What all names that match begin with; `a/**` is for `a` too.
    pub(super) fn prefix(&self) -> &str {
        let plain = self.0.split('*').next().unwrap_or_default();
        plain.trim_end_matches('/')
    }

    /// Whether a stream of that name is meant. Goes back to the last `**` only, so it takes no more steps
    /// than the one has segments times the other.
    pub(super) fn matches(&self, name: &str) -> bool {
        let pattern: Vec<_> = self.0.split('/').collect();
        let name: Vec<_> = name.split('/').collect();
        let (mut at, mut here, mut many) = (0, 0, None);
        while let Some(segment) = name.get(here) {
            match pattern.get(at) {
                Some(&MANY) => {
                    many = Some((at, here));
                    at += 1;
                }
                Some(part) if *part == ONE || part == segment => {
                    at += 1;
                    here += 1;
                }
                _ => {
                    let Some((star, from)) = many else {
                        return false;
                    };
                    many = Some((star, from + 1));
                    (at, here) = (star + 1, from + 1);
                }
            }
        }
        pattern.iter().skip(at).all(|part| *part == MANY)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_matches_segment_by_segment() {
        let check = |pattern: &str, yes: &[&str], no: &[&str]| {
            let read = Pattern::read(pattern).unwrap();
            for name in yes {
                assert!(read.matches(name), "{pattern} is for {name}");
            }
            for name in no {
                assert!(!read.matches(name), "{pattern} is not for {name}");
            }
        };
        check(
            "events/*",
            &["events/a"],
            &["events", "events/a/b", "event/a"],
        );
        check("/a/", &["a"], &["a/b", "b"]);
        check("**", &["a", "a/b/c"], &[]);
        check("a/**", &["a", "a/b", "a/b/c"], &["b", "b/a"]);
        check("**/z", &["z", "a/z", "a/z/z"], &["z/a"]);
        check("a/**/b/*", &["a/b/c", "a/x/b/b/c"], &["a/b", "a/b/c/d"]);
        check("*/*", &["a/b"], &["a", "a/b/c"]);
    }

    #[test]
    fn what_can_never_match_is_no_pattern() {
        for text in ["", "/", "a//b", "a*", "***", "__ds/**", "a/%2A", "a b"] {
            assert!(Pattern::read(text).is_err(), "{text}");
        }
        assert_eq!(
            Pattern::read("a/b*").map(drop),
            Err(name::Invalid::Character)
        );
    }

    /// What matching means, by trying everything.
    fn is_for(pattern: &[&str], name: &[&str]) -> bool {
        match (pattern, name) {
            ([], name) => name.is_empty(),
            ([MANY, rest @ ..], name) => (0..=name.len()).any(|skip| is_for(rest, &name[skip..])),
            ([part, rest @ ..], [segment, more @ ..]) => {
                (*part == ONE || part == segment) && is_for(rest, more)
            }
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_trying_everything_finds(
            pattern in prop::collection::vec(prop::sample::select(vec!["a", "b", ONE, MANY]), 1..7),
            name in prop::collection::vec(prop::sample::select(vec!["a", "b"]), 1..7),
        ) {
            let read = Pattern::read(&pattern.join("/")).unwrap();
            let is_match = read.matches(&name.join("/"));
            prop_assert_eq!(is_match, is_for(&pattern, &name));
            prop_assert!(!is_match || name.join("/").starts_with(read.prefix()));
        }
    }
}
