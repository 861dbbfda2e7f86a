//! The tokens that are known now: those of the file, which is read again and again.
//!
//! A file that has become unusable changes nothing: the tokens of before are known until it is
//! mended.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{
    file::{self, Token, Unusable},
    token::Hash,
};

/// How often the file is read: it is short, and to read it says more than the time of its last change.
/// In twice that a token is known, or known no more.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// The tokens of a file.
#[derive(Debug)]
pub(super) struct Keys {
    path: PathBuf,
    known: RwLock<Arc<[Arc<Token>]>>,
}

impl Keys {
    /// The tokens of the file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or a line of it is wrong.
    pub(super) fn open(path: &Path) -> Result<Self, Unusable> {
        let tokens = file::tokens(path, &file::text(path)?)?;
        Ok(Self {
            path: path.to_owned(),
            known: RwLock::new(tokens.into()),
        })
    }

    /// The known token that `shown` is.
    pub(super) fn find(&self, shown: &[u8]) -> Option<Arc<Token>> {
        let hash = Hash::of(shown);
        let known = self.known();
        known.iter().find(|token| token.hash.is(&hash)).cloned()
    }

    /// How many tokens are known.
    pub(super) fn count(&self) -> usize {
        self.known().len()
    }

    fn known(&self) -> Arc<[Arc<Token>]> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Reads the file again and again until `stop`.
    pub(super) async fn follow(&self, stop: CancellationToken) {
        let mut seen = Seen::default();
        let look = async {
            loop {
                tokio::time::sleep(LOOK_INTERVAL).await;
                let path = self.path.clone();
                let text = tokio::task::spawn_blocking(move || file::text(&path)).await;
                // There is no text where the process ends.
                if let Ok(text) = text {
                    self.look(text, &mut seen);
                }
            }
        };
        stop.run_until_cancelled(look).await;
    }

    /// Takes what the file holds, once that was seen twice: a file that is just being written is not
    /// taken for one with fewer tokens.
    fn look(&self, text: Result<String, Unusable>, seen: &mut Seen) {
        let text = text.map_err(|error| error.to_string());
        if seen.text.as_ref() != Some(&text) {
            seen.text = Some(text);
            seen.is_taken = false;
            return;
        }
        if std::mem::replace(&mut seen.is_taken, true) {
            return;
        }
        let tokens = text
            .and_then(|text| file::tokens(&self.path, &text).map_err(|error| error.to_string()));
        match tokens {
            Ok(tokens) => {
                if let Some(revoked) = self.replace(&tokens) {
                    let known = self.count();
                    tracing::info!(known, revoked, "the tokens have changed");
                } else if std::mem::take(&mut seen.is_unusable) {
                    tracing::info!("the file of tokens is as it was before");
                }
                seen.is_unusable = false;
            }
            Err(why) => {
                tracing::error!("{why}; the tokens of before are still known");
                seen.is_unusable = true;
            }
        }
    }

    /// Knows `tokens` from now on; says how many of before are not known any more, if anything
    /// changes.
    fn replace(&self, tokens: &[Arc<Token>]) -> Option<usize> {
        let before = self.known();
        let stays = |token: &Arc<Token>, all: &[Arc<Token>]| {
            all.iter().find(|other| other.is(token)).cloned()
        };
        let revoked: Vec<_> = before
            .iter()
            .filter(|token| stays(token, tokens).is_none())
            .collect();
        let has_news = tokens.iter().any(|token| stays(token, &before).is_none());
        if revoked.is_empty() && !has_news {
            return None;
        }
        // What is open on a token that stays goes on.
        let known = tokens
            .iter()
            .map(|token| stays(token, &before).unwrap_or_else(|| token.clone()));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known.collect();
        for token in &revoked {
            token.revoked.cancel();
        }
        Some(revoked.len())
    }
}

/// What was seen of the file last.
#[derive(Debug, Default)]
struct Seen {
    text: Option<Result<String, String>>,
    is_taken: bool,
    is_unusable: bool,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn line(name: &str, scopes: &str) -> String {
        format!("{name} {} {scopes}\n", Hash::of(name.as_bytes()))
    }

    fn look(keys: &Keys, seen: &mut Seen, text: &str) {
        // What is there only once is not taken.
        for text in ["", text, text] {
            fs::write(&keys.path, text).unwrap();
            keys.look(file::text(&keys.path), seen);
        }
    }

    #[test]
    fn a_token_is_known_as_long_as_it_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, line("a", "read") + &line("b", "read")).unwrap();
        let (keys, mut seen) = (Keys::open(&path).unwrap(), Seen::default());
        let known = || ["a", "b", "c"].map(|name| keys.find(name.as_bytes()).is_some());
        let [a, b] = ["a", "b"].map(|name| keys.find(name.as_bytes()).unwrap());
        assert_eq!(known(), [true, true, false]);

        look(&keys, &mut seen, &(line("c", "read") + &line("a", "read")));
        assert_eq!(known(), [true, false, true]);
        assert!(b.revoked.is_cancelled() && !a.revoked.is_cancelled());

        // Nobody keeps what is not granted any more.
        look(&keys, &mut seen, &line("a", "read:x"));
        assert_eq!(known(), [true, false, false]);
        assert!(a.revoked.is_cancelled());
    }

    #[test]
    fn an_unusable_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        assert!(matches!(Keys::open(&path), Err(Unusable::Unreadable(..))));
        fs::write(&path, line("a", "read")).unwrap();
        let (keys, mut seen) = (Keys::open(&path).unwrap(), Seen::default());
        let a = keys.find(b"a").unwrap();
        look(&keys, &mut seen, "a b");
        assert!(seen.is_unusable && keys.find(b"a").is_some());
        fs::remove_file(&path).unwrap();
        for _ in 0..2 {
            keys.look(file::text(&path), &mut seen);
        }
        assert!(seen.is_unusable && !a.revoked.is_cancelled());
        look(&keys, &mut seen, "# None.\n");
        assert!(!seen.is_unusable && a.revoked.is_cancelled());
        assert!(keys.find(b"a").is_none());
    }
}
