//! The file of tokens, a line each, as a person keeps it: a line more is a token more, and a line less
//! is one that is revoked.
//!
//! ```text
//! # NAME     SHA-256 of the token              SCOPES, each with the names that it is for
//! dashboard  sha256:9f86d081884c7d65…          read:orders,append:results
//! ```
//!
//! An error names its line, and never repeats it: a token may stand there that should not.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use common::{limits::TOKENS_MAX, name};
use tokio_util::sync::CancellationToken;

use super::{
    grants::{Grants, Names},
    token::Hash,
};

/// A token that is known.
#[derive(Debug)]
pub(crate) struct Token {
    pub(super) name: String,
    pub(super) hash: Hash,
    pub(super) grants: Grants,
    /// Cancelled when it is known no more.
    pub(super) revoked: CancellationToken,
}

impl Token {
    /// # Errors
    /// `name` is no name for a token.
    pub(super) fn new(name: &str, hash: Hash, grants: Grants) -> Result<Self, &'static str> {
        if name::topic(name).is_err() || name.contains('%') {
            return Err("a token's name is of letters, digits and . _ ~ -");
        }
        Ok(Self {
            name: name.to_owned(),
            hash,
            grants,
            revoked: CancellationToken::new(),
        })
    }

    /// Whether both let in the same, and to the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.hash.is(&other.hash) && self.grants == other.grants
    }
}

/// The line of the file.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}", self.name, self.hash, self.grants)
    }
}

/// Why a file is none of tokens.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("cannot read {}: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{}:{}: {}", .0.display(), .1, .2)]
    Line(PathBuf, usize, String),
}

/// The text of the file at `path`.
pub(super) fn text(path: &Path) -> Result<String, Unusable> {
    fs::read_to_string(path).map_err(|error| Unusable::Unreadable(path.to_owned(), error))
}

/// The tokens that `text`, which stands at `path`, lists.
pub(super) fn tokens(path: &Path, text: &str) -> Result<Vec<Arc<Token>>, Unusable> {
    let mut tokens: Vec<Arc<Token>> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |why: String| Unusable::Line(path.to_owned(), number, why);
        let words: Vec<_> = line.split_whitespace().collect();
        if words.first().is_none_or(|word| word.starts_with('#')) {
            continue;
        }
        let token = token(&words).map_err(wrong)?;
        if tokens.len() == TOKENS_MAX {
            return Err(wrong(format!("there are at most {TOKENS_MAX} tokens")));
        }
        if tokens.iter().any(|other| other.name == token.name) {
            return Err(wrong(format!(
                "{} is the name of another token, too",
                token.name
            )));
        }
        if let Some(other) = tokens.iter().find(|other| other.hash.is(&token.hash)) {
            return Err(wrong(format!(
                "this token is listed already, as {}",
                other.name
            )));
        }
        tokens.push(Arc::new(token));
    }
    Ok(tokens)
}

/// The token of a line.
fn token(words: &[&str]) -> Result<Token, String> {
    let &[name, hash, scopes] = words else {
        let wanted = "a line is a name, sha256: and the hash, and scopes, with spaces between them";
        return Err(wanted.to_owned());
    };
    let hash = hash.parse().map_err(str::to_owned)?;
    let grants = Grants::read(scopes, &Names::default())?;
    Ok(Token::new(name, hash, grants)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_token() {
        let [one, two] = ["a", "b"].map(|token| Hash::of(token.as_bytes()));
        let text =
            format!("# Mine.\n\none {one} read\r\n  two.2\t{two}  admin:a,append  \n#x {one} x");
        let tokens = tokens(Path::new("t"), &text).unwrap();
        let lines: Vec<_> = tokens.iter().map(ToString::to_string).collect();
        let expected = [
            format!("one  {one}  read:*"),
            format!("two.2  {two}  admin:a,append:*"),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_line_that_is_none_is_named_and_not_repeated() {
        let hash = Hash::of(b"a");
        let secret = super::super::token::random().unwrap();
        let secret = secret.expose();
        for (line, why) in [
            (secret.to_owned(), "a line is a name"),
            (format!("b {secret} read"), "this is a token itself"),
            (format!("{secret}! {hash} read"), "a token's name is"),
            (format!("b {hash} {secret}"), "scopes are append, read"),
            (format!("b {hash} read:{secret}!"), "are written as"),
            (format!("b {hash}"), "a line is a name"),
            (format!("b {hash} read append"), "a line is a name"),
            (format!("b/c {hash} read"), "a token's name is"),
            (format!("b {hash}0 read"), "64 hexadecimal"),
            (format!("b {hash} read"), "listed already, as a"),
            (format!("a {} read", Hash::of(b"b")), "the name of another"),
        ] {
            let text = format!("a {hash} read\n\n{line}\n");
            let said = tokens(Path::new("dir/tokens"), &text)
                .unwrap_err()
                .to_string();
            assert!(said.starts_with("dir/tokens:3: "), "{said}");
            assert!(said.contains(why) && !said.contains(secret), "{said}");
        }
    }

    #[test]
    fn there_are_only_so_many() {
        let line = |number: usize| format!("t{number} {} read\n", Hash::of(&number.to_be_bytes()));
        let mut text: String = (0..TOKENS_MAX).map(line).collect();
        assert!(tokens(Path::new("t"), &text).is_ok());
        text += &line(TOKENS_MAX);
        let said = tokens(Path::new("t"), &text).unwrap_err().to_string();
        assert!(said.ends_with("there are at most 1000 tokens"), "{said}");
    }
}
