//! `curl`, which most of those who try Brooklet begin with.

use std::{path::PathBuf, process::Output};

use crate::{PATIENCE, service::leashed, tool::tool};

/// A `curl` that is given these arguments with each request.
#[derive(Debug, Clone)]
pub struct Curl {
    program: PathBuf,
    always: Vec<String>,
}

impl Curl {
    /// None where it is not installed.
    #[must_use]
    pub fn with(always: &[&str]) -> Option<Self> {
        Some(Self {
            program: tool("curl")?,
            always: always.iter().map(|&word| word.to_owned()).collect(),
        })
    }

    /// What it prints of a request that has an answer.
    #[must_use]
    pub fn ask(&self, args: &[&str]) -> String {
        let done = self.run(args);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{args:?}: {said}");
        String::from_utf8(done.stdout).expect("it is text")
    }

    /// What comes of a request.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Output {
        let limit = PATIENCE.as_secs().to_string();
        leashed(&self.program)
            .args(["-sS", "-m", &limit])
            .args(&self.always)
            .args(args)
            .output()
            .expect("setpriv, of util-linux, can be started")
    }
}
