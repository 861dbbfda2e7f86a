//! What a token may do, and to which streams and topics: `read:orders,append:results`.

use std::{fmt, str::FromStr};

use common::name;

/// A kind of what can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// To make streams and topics, to add to them, and to close them.
    Append,
    /// To read them, and what is said of them.
    Read,
    /// To say how much of them is kept, and to delete them.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Append, Self::Read, Self::Admin];

    /// As it is written.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// Which streams and topics: `orders` is the one of that name and all below it, as `orders/0`, but
/// not `orders2`; with `*` at the end it is all whose names begin so; `*` alone is all there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names(String);

/// The mark of a beginning that may go on in any way.
const ANY: char = '*';

impl Names {
    /// Whether this name is one of them.
    pub(crate) fn cover(&self, name: &str) -> bool {
        match self.0.strip_suffix(ANY) {
            Some(beginning) => name.starts_with(beginning),
            None => {
                let rest = name.strip_prefix(&*self.0);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    /// The first name from `from` on that is one of them, if one can be.
    fn first(&self, from: &str) -> Option<String> {
        if self.cover(from) {
            return Some(from.to_owned());
        }
        // Names that are one of them stand side by side, but that between `orders` and `orders/0`
        // there may be an `orders-7`.
        let begins = match self.0.strip_suffix(ANY) {
            Some(beginning) => vec![beginning.to_owned()],
            None => vec![self.0.clone(), format!("{}/", self.0)],
        };
        begins.into_iter().find(|begin| **begin > *from)
    }

    fn are_all(&self) -> bool {
        self.0 == ANY.to_string()
    }
}

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_begun = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-/".contains(&byte);
        match text.strip_suffix(ANY) {
            Some(beginning) if beginning.bytes().all(is_begun) => {}
            None if !text.contains('%') && name::stream(text).is_ok() => {}
            _ => {
                let why = "the names that a scope is for are written as orders (and all below it), \
                     orders-* (all that begin so) or * (all)";
                return Err(why.to_owned());
            }
        }
        Ok(Self(text.to_owned()))
    }
}

/// All that a token may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Grants(Vec<(Scope, Names)>);

impl Grants {
    /// What is written as `SCOPE[:NAMES],…`; a scope that names nothing is for `others`.
    ///
    /// # Errors
    /// What is wrong with it. It does not repeat what was written: that may be a secret in the
    /// wrong place.
    pub(crate) fn read(text: &str, others: &Names) -> Result<Self, String> {
        let grant = |text: &str| {
            let (word, names) = match text.split_once(':') {
                Some((word, names)) => (word, names.parse()?),
                None => (text, others.clone()),
            };
            let scope = Scope::ALL.into_iter().find(|scope| scope.word() == word);
            let scope = scope.ok_or_else(|| {
                "scopes are append, read and admin, as append,read or read:orders,append:results"
                    .to_owned()
            })?;
            Ok((scope, names))
        };
        text.split(',')
            .map(grant)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether this may be done to the stream or topic called `name`.
    pub(crate) fn allow(&self, scope: Scope, name: &str) -> bool {
        let mut grants = self.0.iter();
        grants.any(|(granted, names)| *granted == scope && names.cover(name))
    }

    /// The first name from `from` on of what this may be done to, if there can be one.
    pub(crate) fn first(&self, scope: Scope, from: &str) -> Option<String> {
        let granted = self.0.iter().filter(|(granted, _)| *granted == scope);
        granted.filter_map(|(_, names)| names.first(from)).min()
    }

    /// Whether this may be done to some stream, whichever that is.
    pub(crate) fn allow_some(&self, scope: Scope) -> bool {
        self.0.iter().any(|(granted, _)| *granted == scope)
    }

    /// Whether this may be done to all that there are and will be.
    pub(crate) fn allow_all(&self, scope: Scope) -> bool {
        let mut grants = self.0.iter();
        grants.any(|(granted, names)| *granted == scope && names.are_all())
    }
}

impl Default for Names {
    /// All there are.
    fn default() -> Self {
        Self(ANY.to_string())
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (scope, Names(names))) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}:{names}", scope.word())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(text: &str) -> Grants {
        Grants::read(text, &Names::default()).unwrap()
    }

    #[test]
    fn names_are_one_and_all_below_it_or_all_that_begin_so() {
        for (names, name, expected) in [
            ("*", "anything/0", true),
            ("orders", "orders", true),
            ("orders", "orders/0", true),
            ("orders", "orders/eu/0", true),
            ("orders", "orders2", false),
            ("orders", "order", false),
            ("orders", "old/orders", false),
            ("orders/eu", "orders/eu/1", true),
            ("orders/eu", "orders", false),
            ("orders-*", "orders-7/0", true),
            ("orders-*", "orders", false),
            ("orders/*", "orders/0", true),
            ("orders/*", "orders", false),
        ] {
            let found = names.parse::<Names>().unwrap().cover(name);
            assert_eq!(found, expected, "{names} and {name}");
        }
        for wrong in [
            "", "orders/", "/orders", "a b", "a%62", "*a", "a**", "a*/b", "__ds",
        ] {
            assert!(wrong.parse::<Names>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_name_from_another_one_on_is_found_without_looking_at_those_between() {
        for (granted, from, expected) in [
            ("read", "a", Some("a")),
            ("read:orders", "", Some("orders")),
            ("read:orders", "orders", Some("orders")),
            ("read:orders", "orders-7", Some("orders/")),
            ("read:orders", "orders/0/1", Some("orders/0/1")),
            ("read:orders", "orders0", None),
            ("read:orders-*", "orders", Some("orders-")),
            ("read:orders-*", "orders-7", Some("orders-7")),
            ("read:orders-*", "orders/0", None),
            ("read:z,append:b,read:c/d,read:c", "a", Some("c")),
            ("read:z,append:b,read:c/d,read:c", "c.", Some("c/")),
            ("read:z,append:b,read:c/d,read:c", "d", Some("z")),
            ("append", "a", None),
        ] {
            let found = grants(granted).first(Scope::Read, from);
            assert_eq!(found.as_deref(), expected, "{granted} from {from}");
        }
    }

    #[test]
    fn a_scope_is_for_what_is_named_behind_it() {
        let granted = grants("read:orders,append:results,read:a-*");
        for (scope, name, expected) in [
            (Scope::Read, "orders/0", true),
            (Scope::Read, "a-1", true),
            (Scope::Read, "results", false),
            (Scope::Append, "results", true),
            (Scope::Append, "orders", false),
            (Scope::Admin, "orders", false),
        ] {
            assert_eq!(granted.allow(scope, name), expected, "{scope:?} {name}");
        }
        assert!(granted.allow_some(Scope::Read) && !granted.allow_some(Scope::Admin));
        assert!(!granted.allow_all(Scope::Read) && grants("read").allow_all(Scope::Read));
        assert!(
            !grants("admin").allow(Scope::Read, "a"),
            "admin is not to read"
        );
    }

    #[test]
    fn grants_are_written_as_they_are_read() {
        let others = "orders".parse().unwrap();
        let check = |text: &str, expected: Option<&str>| {
            let found = Grants::read(text, &others).ok();
            let found = found.map(|grants| grants.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
            if let Some(text) = found {
                assert_eq!(grants(&text).to_string(), text);
            }
        };
        check("read", Some("read:orders"));
        check("append,read:*", Some("append:orders,read:*"));
        for wrong in [
            "", "write", "read,", "read:", "Read", "read:a b", "read:a:b",
        ] {
            check(wrong, None);
        }
    }
}
