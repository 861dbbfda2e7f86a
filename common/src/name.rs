//! Names of streams and topics as they stand in a path. A name that exists is allow-listed, so it
//! can stand in a path, a header, a log line and JSON as it is.

use std::borrow::Cow;

use crate::limits::NAME_BYTES_MAX;

/// Why a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is too long.
    #[error("a name has at most {NAME_BYTES_MAX} bytes, a topic's with /N of its last partition")]
    TooLong,
    /// A segment does not begin as it must.
    #[error("each segment of a name begins with a letter or a digit")]
    Begin,
    /// A character that no name has.
    #[error("a name is of letters, digits and . _ ~ - (and / between segments of a stream's)")]
    Character,
    /// A percent sign without two digits of base 16.
    #[error("% must be followed by two hexadecimal digits")]
    Escape,
}

/// The name of a stream, from what follows `/v1/stream/` in a path: segments, `/` between them.
///
/// # Errors
/// Why it is none.
pub fn stream(path: &str) -> Result<Cow<'_, str>, Invalid> {
    let name = unescaped(path)?;
    name.split('/').try_for_each(check)?;
    Ok(name)
}

/// The name of a topic, from what follows `/v1/topics/` in a path: one segment.
///
/// # Errors
/// Why it is none.
pub fn topic(path: &str) -> Result<Cow<'_, str>, Invalid> {
    let name = unescaped(path)?;
    check(&name)?;
    Ok(name)
}

fn check(segment: &str) -> Result<(), Invalid> {
    if !segment.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(Invalid::Begin);
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if segment.bytes().all(is_allowed) {
        Ok(())
    } else {
        Err(Invalid::Character)
    }
}

/// The path with its escapes resolved. An escaped `/` is no border between segments, and so cannot
/// stand in a name at all.
fn unescaped(path: &str) -> Result<Cow<'_, str>, Invalid> {
    let name = if path.contains('%') {
        Cow::Owned(resolved(path)?)
    } else {
        Cow::Borrowed(path)
    };
    if name.len() > NAME_BYTES_MAX {
        return Err(Invalid::TooLong);
    }
    Ok(name)
}

fn resolved(path: &str) -> Result<String, Invalid> {
    let mut parts = path.split('%');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(Invalid::Escape)?;
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).map_err(|_| Invalid::Escape)?;
        match byte {
            _ if !is_hexadecimal => return Err(Invalid::Escape),
            b'/' | 0x80.. => return Err(Invalid::Character),
            ascii => name.push(char::from(ascii)),
        }
        name.push_str(rest);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_segments_of_allowed_characters() {
        let longest = "x".repeat(NAME_BYTES_MAX);
        for (path, name) in [
            ("a", "a"),
            ("fc-ops-1730000000000-x1y2", "fc-ops-1730000000000-x1y2"),
            ("orders/7", "orders/7"),
            ("A.b_c~d-e/0/1", "A.b_c~d-e/0/1"),
            ("%61%2Eb", "a.b"),
            (&longest, &longest),
        ] {
            assert_eq!(stream(path).as_deref(), Ok(name), "{path}");
        }
        assert_eq!(topic("a%2db").as_deref(), Ok("a-b"));
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for (path, why) in [
            ("", Invalid::Begin),
            ("a/", Invalid::Begin),
            ("a//b", Invalid::Begin),
            ("../a", Invalid::Begin),
            ("%2e%2e/a", Invalid::Begin),
            ("__ds/x", Invalid::Begin),
            ("a b", Invalid::Character),
            ("a%20b", Invalid::Character),
            ("a%0Ab", Invalid::Character),
            ("a%2Fb", Invalid::Character),
            ("a%ff", Invalid::Character),
            ("stra\u{df}e", Invalid::Character),
            ("a%", Invalid::Escape),
            ("a%+1", Invalid::Escape),
            ("a%zz", Invalid::Escape),
            ("a%\u{20ac}", Invalid::Escape),
            (&long, Invalid::TooLong),
        ] {
            assert_eq!(stream(path), Err(why), "{path}");
        }
        assert_eq!(topic("a/0"), Err(Invalid::Character));
    }
}
