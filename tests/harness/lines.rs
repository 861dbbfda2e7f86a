//! What a process says, line by line, as it says it.
//!
//! A thread reads the pipe to its end, so the process never waits for us, and wakes whoever waits.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::PATIENCE;

/// The lines that came out of a pipe so far.
#[derive(Debug, Clone)]
pub struct Lines {
    shared: Arc<(Mutex<Said>, Condvar)>,
}

#[derive(Debug, Default)]
struct Said {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads `pipe` to its end.
    #[must_use]
    pub fn of(pipe: impl Read + Send + 'static) -> Self {
        let lines = Self {
            shared: Arc::default(),
        };
        let reader = lines.clone();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                reader.change(|said| said.lines.push(text));
                line.clear();
            }
            reader.change(|said| said.ended = true);
        });
        lines
    }

    /// The first line that holds `text`, waiting for it; none when the pipe ends without it or
    /// patience does.
    #[must_use]
    pub fn wait_for(&self, text: &str) -> Option<String> {
        let (mut looked_at, mut found) = (0, None);
        self.wait(PATIENCE, |said| {
            let mut new = said.lines.iter().skip(looked_at);
            found = new.find(|line| line.contains(text)).cloned();
            looked_at = said.lines.len();
            found.is_some() || said.ended
        });
        found
    }

    /// Waits for the pipe's end, which is the end of the process; says whether it came in time.
    #[must_use]
    pub fn wait_for_end(&self, limit: Duration) -> bool {
        self.wait(limit, |said| said.ended);
        self.said().ended
    }

    /// All lines so far.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.said().lines.clone()
    }

    fn wait(&self, limit: Duration, mut until: impl FnMut(&Said) -> bool) {
        let waited = self
            .shared
            .1
            .wait_timeout_while(self.said(), limit, |said| !until(said));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.said());
        self.shared.1.notify_all();
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
