//! A producer on a disk that misbehaves: see `faulty_disk.c`. Needs a C compiler.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{Service, binaries::binary, service::leashed, tool::tool};

const SOURCE: &str = include_str!("faulty_disk.c");

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    /// How; one of those that the source names.
    pub(crate) how: &'static str,
    /// With files in whose path this stands.
    pub(crate) path: &'static str,
    /// After how many calls.
    pub(crate) after: usize,
}

/// The compiled library.
pub(crate) struct FaultyDisk {
    folder: tempfile::TempDir,
}

impl FaultyDisk {
    /// Compiles it; none where that cannot be done.
    pub(crate) fn make() -> Option<Self> {
        tool("cc")?;
        let folder = tempfile::tempdir().expect("a temporary directory");
        let disk = Self { folder };
        let source = disk.folder.path().join("faulty_disk.c");
        fs::write(&source, SOURCE).expect("a file can be written");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&disk.library(), &source])
            .args(["-ldl", "-lpthread"])
            .status();
        assert!(compiled.is_ok_and(|status| status.success()), "it compiles");
        Some(disk)
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("faulty_disk.so")
    }

    /// A producer with its log in `directory`, with that fault.
    pub(crate) fn producer(&self, directory: &Path, fault: Fault, more: &[&str]) -> Service {
        let mut producer = leashed(&binary("producer"));
        producer
            .args(["--listen", "127.0.0.1:0", "--source", "none", "--data-dir"])
            .arg(directory)
            .args(more)
            .env("LD_PRELOAD", self.library())
            .env("FAULT", fault.how)
            .env("FAULT_PATH", fault.path)
            .env("FAULT_AFTER", fault.after.to_string());
        Service::spawn(producer)
    }
}
