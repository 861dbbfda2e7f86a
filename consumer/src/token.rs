//! The token that a server is shown. It is read from its file whenever it is shown, so it can be
//! changed there; and it is shown to no other server than the one it is for.

use std::{fs, io, path::PathBuf};

use common::token::{MARK, NotAToken, Secret};
use reqwest::Url;

/// The token as it is set.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// The file that holds the token for the server of --url, or of tap's URL
    #[arg(
        long,
        env = "BROOKLET_TOKEN_FILE",
        hide_env = true,
        value_name = "PATH",
        global = true
    )]
    token_file: Option<PathBuf>,
}

impl Args {
    /// The token for the server that `url` leads to, if there is one.
    ///
    /// # Errors
    /// There should be one, and there is none.
    pub(crate) fn open(&self, url: &Url) -> Result<Option<Token>, Unreadable> {
        let file = self.token_file.clone();
        file.map(|file| Token::open(file, url.clone())).transpose()
    }
}

/// A token for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    file: PathBuf,
    server: Url,
}

/// Why there is no token to show.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file cannot be read.
    #[error("cannot read the token in {}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// It holds something else.
    #[error("{} holds no token: {}", .0.display(), .1)]
    Content(PathBuf, #[source] NotAToken),
    /// What should be the name of a file is a token.
    #[error(
        "--token-file (BROOKLET_TOKEN_FILE) names a file that holds the token; this is a token"
    )]
    Itself,
}

impl Token {
    /// The token in `file`, for the server that `server` leads to.
    ///
    /// # Errors
    /// There is none now.
    pub fn open(file: PathBuf, server: Url) -> Result<Self, Unreadable> {
        if file.to_string_lossy().starts_with(MARK) && !file.exists() {
            return Err(Unreadable::Itself);
        }
        let token = Self { file, server };
        token.read()?;
        Ok(token)
    }

    fn read(&self) -> Result<Secret, Unreadable> {
        let text = fs::read_to_string(&self.file)
            .map_err(|error| Unreadable::File(self.file.clone(), error))?;
        text.parse()
            .map_err(|error| Unreadable::Content(self.file.clone(), error))
    }

    /// Whether it is for the server that `url` leads to.
    pub(crate) fn is_for(&self, url: &Url) -> bool {
        self.server.origin() == url.origin()
    }

    /// The token, if it is for the server that `url` leads to.
    pub(crate) fn shown_to(&self, url: &Url) -> Result<Option<Secret>, Unreadable> {
        self.is_for(url).then(|| self.read()).transpose()
    }

    /// Where it is.
    pub(crate) fn file(&self) -> String {
        self.file.display().to_string()
    }

    /// Which server it is for.
    pub(crate) fn server(&self) -> String {
        self.server.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_to_its_server_alone_as_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "one\n").unwrap();
        let server = "http://a.example:80/stream".parse().unwrap();
        let token = Token::open(file.clone(), server).unwrap();
        let shown = |url: &str| {
            let shown = token.shown_to(&url.parse().unwrap()).unwrap();
            shown.map(|secret| secret.expose().to_owned())
        };
        assert_eq!(
            shown("http://a.example/v1/topics/t").as_deref(),
            Some("one")
        );
        for other in [
            "https://a.example/",
            "http://a.example:81/",
            "http://b.example/",
            "http://a.example.b/",
        ] {
            assert_eq!(shown(other), None, "{other}");
        }
        fs::write(&file, "two").unwrap();
        assert_eq!(shown("http://a.example/").as_deref(), Some("two"));
        fs::write(&file, "two words").unwrap();
        assert!(
            token
                .shown_to(&"http://a.example/".parse().unwrap())
                .is_err()
        );
    }

    #[test]
    fn a_token_in_place_of_its_file_is_not_repeated() {
        let open = |file: &str| {
            let server = "http://a.example/".parse().unwrap();
            Token::open(file.into(), server).unwrap_err().to_string()
        };
        assert!(!open("brooklet_abc").contains("abc"));
        assert!(open("/no/such/file").contains("/no/such/file"));
    }
}
