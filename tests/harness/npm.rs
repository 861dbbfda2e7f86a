//! Programs of others that npm installs, beside what is built: nothing of them is kept in the repository.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    binaries::release,
    service::leashed,
    tool::{skip, tool},
};

/// The oldest that those programs work with.
const NODE_MIN: u64 = 20;

/// A folder with all that its `package.json` asks for.
#[derive(Debug)]
pub struct Npm {
    node: PathBuf,
    /// Where it is.
    pub folder: PathBuf,
}

impl Npm {
    /// A copy of the files in `kept`, called `name`, with what they ask for; where that can be had.
    #[must_use]
    pub fn installed(kept: &Path, name: &str) -> Option<Self> {
        let (node, npm) = (tool("node")?, tool("npm")?);
        let version = Command::new(&node).arg("--version").output();
        let version = version.expect("it can be started").stdout;
        let version = String::from_utf8_lossy(&version).into_owned();
        let major = version.trim_start_matches('v').split('.').next();
        if major.and_then(|major| major.parse().ok()) < Some(NODE_MIN) {
            skip(&format!("node {version} is older than {NODE_MIN}"));
            return None;
        }
        let folder = release().with_file_name(name);
        fs::create_dir_all(&folder).expect("a folder beside what is built");
        for file in fs::read_dir(kept).expect("it is in the repository") {
            let file = file.expect("a readable entry");
            fs::copy(file.path(), folder.join(file.file_name())).expect("a copy");
        }
        let install = leashed(&npm)
            .args(["install", "--no-audit", "--no-fund", "--no-package-lock"])
            .current_dir(&folder)
            .output()
            .expect("it can be started");
        if !install.status.success() {
            let why = String::from_utf8_lossy(&install.stderr);
            skip(&format!("npm cannot install {name}: {why}"));
            return None;
        }
        Some(Self { node, folder })
    }

    /// A command that lets node run `script`, which is a path in the folder.
    #[must_use]
    pub fn run(&self, script: &str) -> Command {
        let mut command = leashed(&self.node);
        command.arg(script).current_dir(&self.folder);
        command
    }
}
