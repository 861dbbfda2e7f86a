//! Tokens, made as people make them: by the command, into a file that a producer is given.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::{Service, binaries::binary, producer};

/// A file of tokens. It goes with this value.
#[derive(Debug)]
pub struct Tokens(TempDir);

impl Default for Tokens {
    fn default() -> Self {
        let tokens = Self(tempfile::tempdir().expect("a temporary folder"));
        tokens.write("# Nobody yet.\n");
        tokens
    }
}

impl Tokens {
    /// The file that lists them.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.0.path().join("tokens")
    }

    /// Makes one for `scopes`, lists it, and gives it.
    #[must_use]
    pub fn add(&self, name: &str, scopes: &str) -> String {
        let path = self.path();
        let path = path.to_str().expect("a temporary folder's name is text");
        let args = ["--name", name, "--scope", scopes, "--append-to", path];
        Service::start(&binary("producer"), [&["token", "new"], &args[..]].concat()).answer(0)
    }

    /// A file that holds `token`, as clients are given it.
    #[must_use]
    pub fn file_of(&self, token: &str) -> String {
        let path = self.0.path().join("token");
        fs::write(&path, format!("{token}\n")).expect("a file in a temporary folder");
        path.to_str().expect("its name is text").to_owned()
    }

    /// The file's lines.
    #[must_use]
    pub fn lines(&self) -> String {
        fs::read_to_string(self.path()).expect("the file is there")
    }

    /// Makes it what it holds.
    pub fn write(&self, lines: &str) {
        fs::write(self.path(), lines).expect("a file in a temporary folder");
    }

    /// Takes the token of this name out of it.
    pub fn remove(&self, name: &str) {
        let lines = self.lines();
        let others = lines.lines().filter(|line| !line.starts_with(name));
        self.write(&others.map(|line| format!("{line}\n")).collect::<String>());
    }

    /// A producer that asks for them.
    #[must_use]
    pub fn producer(&self, args: &[&str]) -> Service {
        let path = self.path();
        let tokens = ["--tokens", path.to_str().expect("its name is text")];
        producer(&[&["--source", "none"], &tokens[..], args].concat())
    }
}
