//! How numbers and records are written.

use std::io::Write;

/// Writes a number as it stands in JSON; none is `null`. Whole numbers keep their `.0`.
pub(super) fn number(out: &mut Vec<u8>, number: Option<f64>) {
    let written = match number {
        Some(number) => write!(out, "{number:?}"),
        None => write!(out, "null"),
    };
    written.expect("writing into memory cannot fail");
}

/// Writes a valid record so that no terminal mistakes any of it for a command: control characters
/// beyond ASCII, which can only stand in strings, as `\u00XX`; those of ASCII, which can only
/// stand between values, as spaces.
pub(super) fn record(out: &mut Vec<u8>, record: &[u8]) {
    let record = record.trim_ascii();
    if !record.iter().copied().any(may_control) {
        return out.extend_from_slice(record);
    }
    for character in String::from_utf8_lossy(record).chars() {
        match character {
            '\u{7f}'..='\u{9f}' => {
                write!(out, "\\u{:04x}", u32::from(character))
                    .expect("writing into memory cannot fail");
            }
            '\0'..='\u{1f}' => out.push(b' '),
            plain => {
                let mut utf8 = [0; 4];
                out.extend_from_slice(plain.encode_utf8(&mut utf8).as_bytes());
            }
        }
    }
}

/// U+0080 to U+009F begin with 0xC2 in UTF-8.
const fn may_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f || byte == 0xc2
}

/// Writes `text` as a JSON string, in plain ASCII where a terminal could be misled.
pub(super) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for character in String::from_utf8_lossy(text).chars() {
        let mut utf8 = [0; 4];
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                write!(out, "\\u{:04x}", u32::from(character))
                    .expect("writing into memory cannot fail");
            }
            plain => out.extend_from_slice(plain.encode_utf8(&mut utf8).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_gets_through() {
        for (text, as_record, as_string) in [
            ("{\"a\":1}", "{\"a\":1}", r#""{\"a\":1}""#),
            ("[1,\r2]\r", "[1, 2]", r#""[1,\u000d2]\u000d""#),
            (
                "\"\u{7f}\u{9b}é\u{c2}\"",
                "\"\\u007f\\u009bé\u{c2}\"",
                "\"\\\"\\u007f\\u009bé\u{c2}\\\"\"",
            ),
        ] {
            let (mut record_out, mut string_out) = (Vec::new(), Vec::new());
            record(&mut record_out, text.as_bytes());
            quoted(&mut string_out, text.as_bytes());
            assert_eq!(String::from_utf8(record_out).unwrap(), as_record);
            assert_eq!(String::from_utf8(string_out).unwrap(), as_string);
        }
    }

    #[test]
    fn numbers_are_written_as_the_article_writes_them() {
        for (value, expected) in [(Some(0.0), "0.0"), (Some(1.5e-9), "1.5e-9"), (None, "null")] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
