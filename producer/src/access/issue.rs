//! `producer token new`: makes a token, which is shown once, and the line by which it is known.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use common::token::Secret;

use super::{
    file::{self, Token, Unusable},
    grants::{Grants, Names},
    token::{self, Hash},
};

/// How much of a hash a token is called by that nobody has named.
const NAME_DIGITS: usize = 8;

/// A token to be made.
#[derive(Debug, Clone, clap::Args)]
pub struct New {
    /// What it may do: append (make streams and add to them), read, admin (say how much of them is
    /// kept, and delete them), with commas between; each for all names, or for those behind it, as
    /// read:orders,append:results
    #[arg(long, value_name = "SCOPES")]
    scope: String,
    /// The names that scopes are for which name none: NAME is the stream or topic of that name and all
    /// below it, NAME* all whose names begin so
    #[arg(long, value_name = "NAME", default_value = "*")]
    prefix: String,
    /// What it is called in the tokens file and in refusals [default: made of its hash]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Put its line into this tokens file, too
    #[arg(long, value_name = "FILE")]
    append_to: Option<PathBuf>,
}

/// A token that was made.
#[derive(Debug)]
pub struct Issued {
    /// The token, which nobody else knows.
    pub secret: Secret,
    /// The line of the tokens file by which it is known.
    pub line: String,
    /// Where the line was put.
    pub file: Option<PathBuf>,
}

/// Why no token is made.
#[derive(Debug, thiserror::Error)]
pub enum CannotIssue {
    /// What was asked for is no token.
    #[error("{0}: {1}")]
    Setting(&'static str, String),
    /// The file it shall be put into is none of tokens.
    #[error("{0}")]
    File(String),
    /// The system does not help.
    #[error("cannot make a token: {0}")]
    System(#[source] io::Error),
}

impl From<Unusable> for CannotIssue {
    fn from(unusable: Unusable) -> Self {
        Self::File(unusable.to_string())
    }
}

/// Makes a token.
///
/// # Errors
/// It is none that can be, or its line cannot be put where it belongs.
pub fn issue(new: &New) -> Result<Issued, CannotIssue> {
    let others: Names = new
        .prefix
        .parse()
        .map_err(|why| CannotIssue::Setting("--prefix", why))?;
    let grants = Grants::read(&new.scope, &others);
    let grants = grants.map_err(|why| CannotIssue::Setting("--scope", why))?;
    let secret = token::random().map_err(CannotIssue::System)?;
    let hash = Hash::of(secret.expose().as_bytes());
    let name = new.name.clone().unwrap_or_else(|| named_after(&hash));
    let token = Token::new(&name, hash, grants);
    let token = token.map_err(|why| CannotIssue::Setting("--name", why.to_owned()))?;
    if let Some(path) = &new.append_to {
        append(path, &token)?;
    }
    Ok(Issued {
        secret,
        line: token.to_string(),
        file: new.append_to.clone(),
    })
}

fn named_after(hash: &Hash) -> String {
    let hash = hash.to_string();
    let digits: String = hash.chars().rev().take(NAME_DIGITS).collect();
    format!("token-{digits}")
}

/// Puts the token's line at the end of the file, which has to be one of tokens, or none yet.
fn append(path: &Path, token: &Token) -> Result<(), CannotIssue> {
    let text = match file::text(path) {
        Err(Unusable::Unreadable(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            String::new()
        }
        text => text?,
    };
    let break_before = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let line = format!("{break_before}{token}\n");
    // With it the file must be one that the producer takes.
    file::tokens(path, &(text + &line))?;
    let write = || {
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| CannotIssue::File(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn new(scope: &str, name: Option<&str>, append_to: Option<&Path>) -> New {
        New {
            scope: scope.to_owned(),
            prefix: "orders".to_owned(),
            name: name.map(str::to_owned),
            append_to: append_to.map(Path::to_owned),
        }
    }

    #[test]
    fn a_token_is_known_by_its_line() {
        let issued = issue(&new("read,append:*", None, None)).unwrap();
        let tokens = file::tokens(Path::new("t"), &issued.line).unwrap();
        let [token] = &tokens[..] else {
            panic!("{tokens:?}")
        };
        assert!(token.hash.is(&Hash::of(issued.secret.expose().as_bytes())));
        assert_eq!(token.grants.to_string(), "read:orders,append:*");
        assert!(!issued.line.contains(issued.secret.expose()));
    }

    #[test]
    fn lines_gather_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, "# no newline at the end").unwrap();
        for name in ["a", "b"] {
            issue(&new("read", Some(name), Some(&path))).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(file::tokens(&path, &text).unwrap().len(), 2, "{text}");
        let said = issue(&new("read", Some("b"), Some(&path)))
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("tokens:4: b is the name of another"),
            "{said}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn what_can_be_no_token_is_named() {
        for (new, setting) in [
            (new("write", None, None), "--scope"),
            (new("read", Some("a b"), None), "--name"),
        ] {
            let said = issue(&new).unwrap_err().to_string();
            assert!(said.starts_with(setting), "{said}");
        }
    }
}
