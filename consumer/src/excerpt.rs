//! What comes from the network stands in the log as a bounded part of one line, whatever is in it.

use common::limits::EXCERPT_BYTES_MAX;

/// Longest message of a library that is repeated, in bytes: it may quote a server.
const MESSAGE_BYTES_MAX: usize = 1024;

/// The beginning of a server's text, quoted and escaped.
pub(crate) fn quoted(text: &str) -> String {
    let (beginning, dots) = beginning(text, EXCERPT_BYTES_MAX);
    format!("{beginning:?}{dots}")
}

/// The beginning of a message, without what would end its line or move the cursor.
pub(crate) fn message(text: &str) -> String {
    let (beginning, dots) = beginning(text, MESSAGE_BYTES_MAX);
    let mut message = String::with_capacity(beginning.len());
    for character in beginning.chars() {
        if character.is_control() {
            message.extend(character.escape_debug());
        } else {
            message.push(character);
        }
    }
    message + dots
}

fn beginning(text: &str, bytes_max: usize) -> (&str, &'static str) {
    let end = text.floor_char_boundary(bytes_max);
    match text.get(..end) {
        Some(beginning) if end < text.len() => (beginning, "…"),
        _ => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_makes_a_line_of_its_own_or_a_long_one() {
        assert_eq!(quoted("a\n\x1b[2J \"b\""), r#""a\n\u{1b}[2J \"b\"""#);
        assert_eq!(message("a\n\x1b: \"b\""), r#"a\n\u{1b}: "b""#);
        let long = "é".repeat(10_000);
        assert_eq!(quoted(&long), format!("\"{}\"…", "é".repeat(60)));
        assert_eq!(message(&long).len(), MESSAGE_BYTES_MAX + "…".len());
    }
}
