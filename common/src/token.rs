//! A bearer token, which must never be seen where it does not belong: it does not show itself.

use std::{borrow::Cow, fmt, str::FromStr};

use memchr::memmem;

/// What our own tokens begin with, so that one is known where it stands in the wrong place.
pub const MARK: &str = "brooklet_";

/// How many letters, digits, `-` and `_` follow in a token.
const BODY_BYTES: usize = 43;

/// `text` without what makes tokens of ours in it useful: of each the mark is left.
#[must_use]
pub fn blanked(text: &[u8]) -> Cow<'_, [u8]> {
    let is_of_token = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let mut blanked = Cow::Borrowed(text);
    for at in memmem::find_iter(text, MARK) {
        let begin = at + MARK.len();
        let rest = text.get(begin..).unwrap_or_default();
        let length = rest.iter().take_while(is_of_token).count();
        if length >= BODY_BYTES
            && let Some(body) = blanked.to_mut().get_mut(begin..begin + length)
        {
            body.fill(b'*');
        }
    }
    blanked
}

/// A token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The token itself, for the one place that it has to get to.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// That a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is one word of visible ASCII characters")]
pub struct NotAToken;

impl FromStr for Secret {
    type Err = NotAToken;

    /// The token that `text` holds, but for the white space around it.
    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let text = text.trim();
        let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_word.then(|| Self(text.to_owned())).ok_or(NotAToken)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_text_is_blanked() {
        let check = |text: &str, expected: &str| {
            let found = blanked(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected, "{text}");
        };
        let [body, stars] = ["aB3-_", "*****"].map(|part| part.repeat(9));
        let token = format!("brooklet_{body}");
        check(&token, &format!("brooklet_{stars}"));
        check(
            &format!("GET /{token}?a={token} of \"{token}\""),
            &format!("GET /brooklet_{stars}?a=brooklet_{stars} of \"brooklet_{stars}\""),
        );
        for text in ["", "brooklet_", "brooklet_records_total of a", "Brooklet"] {
            check(text, text);
        }
    }

    #[test]
    fn a_token_is_one_word_and_does_not_show_itself() {
        let secret: Secret = " brooklet_abc\r\n".parse().unwrap();
        assert_eq!(secret.expose(), "brooklet_abc");
        assert_eq!(format!("{secret:?}"), "Secret");
        for text in ["", " \n", "a b", "a\nb", "caf\u{e9}", "a\0"] {
            assert_eq!(text.parse::<Secret>(), Err(NotAToken), "{text:?}");
        }
    }
}
