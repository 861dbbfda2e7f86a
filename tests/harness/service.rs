//! A service as a started process. It never outlives its owner: drop kills it, and the system
//! kills it when the thread that started it is gone, however that went.

use std::{
    ffi::OsStr,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::{PATIENCE, binaries::binary, http::fetch, lines::Lines};

/// A running producer on a free port.
#[must_use]
pub fn producer(args: &[&str]) -> Service {
    let listen = ["--listen", "127.0.0.1:0"];
    let mut args = args.to_vec();
    if !args.contains(&"--data-dir") {
        args.extend(["--data-dir", "memory"]);
    }
    Service::start(&binary("producer"), [&listen, &args[..]].concat())
}

/// A running consumer.
#[must_use]
pub fn consumer(args: &[&str]) -> Service {
    Service::start(&binary("consumer"), args)
}

/// A command for `program` that is killed when the thread that starts it ends. `setpriv` sets that
/// up and then becomes `program`: id, streams and exit code are those of `program`.
///
/// It has a process group of its own: what is typed at this terminal is ours to pass on.
#[must_use]
pub fn leashed(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(program)
        .stdin(Stdio::null())
        .process_group(0);
    command
}

/// A started process, and what it has said so far.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Child,
    /// What it prints: data.
    pub stdout: Lines,
    /// What it says: talk.
    pub stderr: Lines,
}

impl Service {
    /// Starts `program`.
    #[must_use]
    pub fn start(program: &Path, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        let mut command = leashed(program);
        command.args(args);
        Self::spawn(command)
    }

    /// Starts `command`, which must be [`leashed`].
    #[must_use]
    pub fn spawn(mut command: Command) -> Self {
        let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        let name = words.get(3..).unwrap_or_default().join(" ");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("setpriv, of util-linux, can be started");
        Self {
            name,
            stdout: Lines::of(child.stdout.take().expect("it is a pipe")),
            stderr: Lines::of(child.stderr.take().expect("it is a pipe")),
            child,
        }
    }

    /// Where it listens, once it does.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let line = self.says("listening on http");
        let address = line.split("://").nth(1).unwrap_or_default();
        let address = address.split([' ', '/', '"']).next().unwrap_or_default();
        address.parse().expect("a service says where it listens")
    }

    /// The URL of `path` on it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let is_secured = self.says("listening on http").contains("https://");
        let scheme = if is_secured { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address())
    }

    /// All numbers that it tells of itself, as text.
    #[must_use]
    pub fn metrics(&self) -> String {
        let metrics = fetch(&self.url("/metrics"), &[]).text();
        metrics.expect("a whole answer")
    }

    /// One of them, by its name with its labels; none where it tells no such thing.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let metrics = self.metrics();
        let mut all = metrics.lines().filter_map(|line| line.rsplit_once(' '));
        all.find(|(found, _)| *found == name)?.1.parse().ok()
    }

    /// The first line of its talk that holds `text`, waiting for it.
    pub fn says(&self, text: &str) -> String {
        let line = self.stderr.wait_for(text);
        line.unwrap_or_else(|| self.fail(&format!("never said {text:?}")))
    }

    /// Whether it comes to listen, and does not end before.
    #[must_use]
    pub fn listens(&self) -> bool {
        self.stderr.wait_for("listening on http").is_some()
    }

    /// The first line it prints that holds `text`, waiting for it.
    pub fn prints(&self, text: &str) -> String {
        let line = self.stdout.wait_for(text);
        line.unwrap_or_else(|| self.fail(&format!("never printed {text:?}")))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a power cut would, and waits until it is gone: a disk that it waits for may keep it,
    /// and what it holds, for a while.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        let gone = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let child = WaitId::Pid(Pid::from_child(&self.child));
        waitid(child, gone).expect("it is our child");
    }

    /// Asks it to end in good order.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Freezes it.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits for its end. Its exit code; none if a signal ended it.
    #[must_use]
    pub fn exit_code(&mut self) -> Option<i32> {
        self.exit_code_within(PATIENCE)
    }

    /// As [`Service::exit_code`], but the end has to come within `limit`.
    #[must_use]
    pub fn exit_code_within(&mut self, limit: Duration) -> Option<i32> {
        let ended = self.stdout.wait_for_end(limit) && self.stderr.wait_for_end(limit);
        if !ended {
            self.fail(&format!("did not end within {limit:?}"));
        }
        self.child.wait().expect("it is our child").code()
    }

    /// The last line it printed, after it ended with exit code `expected`.
    #[must_use]
    pub fn answer(&mut self, expected: i32) -> String {
        let code = self.exit_code();
        if code != Some(expected) {
            self.fail(&format!("ended with {code:?} instead of {expected}"));
        }
        self.stdout.all().pop().unwrap_or_default()
    }

    fn signal(&self, signal: Signal) {
        // The child is not waited for before its end was seen, so its id is nobody else's.
        kill_process(Pid::from_child(&self.child), signal).expect("it is our child");
    }

    #[expect(clippy::panic, reason = "a test that waits in vain has failed")]
    fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}", self.name)
    }
}

impl Drop for Service {
    /// Kills it; under a failing test, shows what it said.
    fn drop(&mut self) {
        // It may be gone already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}", self.name, self.stderr.all().join("\n"));
        }
    }
}
