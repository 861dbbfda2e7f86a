//! Apache Flink on the same queries over the same file, in turns with ours, where `BENCH_FLINK` is the
//! folder that its `lib` is in (with pip it is `…/site-packages/pyflink`) and there is a JDK.
//!
//! It works in a process of its own for each job. What that takes for a job of one row is not counted:
//! a start is asked once, and a job may run for months.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use tests::{
    binaries::workspace,
    service::{Service, leashed},
};

use super::{Took, took};

/// Opened to Flink's serializers as its own scripts do.
const OPENED: [&str; 4] = ["java.lang", "java.util", "java.time", "java.net"];

/// An installed Flink, with what starts jobs on it.
#[derive(Debug)]
pub(super) struct Flink {
    classes: String,
    folder: PathBuf,
    /// User seconds for a job of one row.
    pub(super) start: f64,
}

impl Flink {
    /// Compiles what starts jobs into `folder`, if there is a Flink.
    pub(super) fn installed(folder: &Path) -> Option<Self> {
        let home = PathBuf::from(std::env::var_os("BENCH_FLINK")?);
        let compiled = Command::new("javac")
            .arg("-cp")
            .arg(home.join("lib/*"))
            .arg("-d")
            .arg(folder)
            .arg(workspace().join("tests/jobs/FlinkJobs.java"))
            .status()
            .expect("there is a JDK");
        assert!(compiled.success(), "FlinkJobs.java is compiled");
        let mut flink = Self {
            classes: format!("{}:{}/lib/*", folder.display(), home.display()),
            folder: folder.to_owned(),
            start: 0.0,
        };
        flink.start = flink.run("SELECT 1").user;
        Some(flink)
    }

    /// What a job took beyond the start.
    pub(super) fn without_start(&self, took: Took) -> Took {
        Took {
            user: took.user - self.start,
            ..took
        }
    }

    /// Runs a job to its end.
    pub(super) fn run(&self, text: &str) -> Took {
        let job = self.folder.join("job");
        fs::write(&job, statements(text)).expect("a file can be written");
        let (asked, mut ask) = io::pipe().expect("a pipe");
        let mut java = leashed(Path::new("java"));
        java.arg("-XX:+UseSerialGC")
            .args(OPENED.map(|name| format!("--add-opens=java.base/{name}=ALL-UNNAMED")))
            .args(["-cp", &self.classes, "FlinkJobs"])
            .stdin(asked);
        writeln!(ask, "run {}\n", job.display()).expect("there is room in the pipe");
        let took = took(Service::spawn(java));
        // It would have ended with the pipe.
        drop(ask);
        let ended = fs::read_to_string(self.folder.join("job.out")).unwrap_or_default();
        assert!(ended.starts_with("done\n"), "{text}\n{ended}");
        took
    }
}

/// The statements of a job without remarks, as `FlinkJobs.java` takes them.
fn statements(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let statements = text.split(';').map(str::trim);
    let statements = statements.filter(|statement| !statement.is_empty());
    ["SET 'parallelism.default' = '2'"]
        .into_iter()
        .chain(statements)
        .collect::<Vec<_>>()
        .join("\0")
}
