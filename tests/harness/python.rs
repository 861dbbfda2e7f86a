//! Python, and programs of others that pip installs beside what is built.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    binaries::release,
    service::leashed,
    tool::{skip, tool},
};

/// A Python, and where it looks for modules besides its own.
#[derive(Debug)]
pub struct Python {
    program: PathBuf,
    modules: Option<PathBuf>,
}

impl Python {
    /// One that has `module`, where there is one.
    #[must_use]
    pub fn having(module: &str) -> Option<Self> {
        let program = tool("python3")?;
        let import = format!("import {module}");
        let tried = Command::new(&program).args(["-c", &import]).output();
        if !tried.is_ok_and(|tried| tried.status.success()) {
            skip(&format!("python3 has no {module}"));
            return None;
        }
        Some(Self {
            program,
            modules: None,
        })
    }

    /// One with all that the file `requirements` asks for, in a folder called `name`; where that can be
    /// had.
    #[must_use]
    pub fn with(requirements: &Path, name: &str) -> Option<Self> {
        let program = tool("python3")?;
        let modules = release().with_file_name(name);
        let install = leashed(&program)
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade"])
            .arg("--target")
            .arg(&modules)
            .arg("--requirement")
            .arg(requirements)
            .output()
            .expect("it can be started");
        if !install.status.success() {
            let why = String::from_utf8_lossy(&install.stderr);
            skip(&format!("pip cannot install {name}: {why}"));
            return None;
        }
        Some(Self {
            program,
            modules: Some(modules),
        })
    }

    /// A command that runs `script`.
    #[must_use]
    pub fn run(&self, script: &Path) -> Command {
        let mut command = leashed(&self.program);
        command.env("PYTHONUNBUFFERED", "1").arg(script);
        if let Some(modules) = &self.modules {
            command.env("PYTHONPATH", modules);
        }
        command
    }
}
