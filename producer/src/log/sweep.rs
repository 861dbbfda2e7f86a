//! The keeper's look at the clock: every few seconds it lets go of what is too old, of streams that
//! are, and of what need not be kept any more since somebody has said so. What is too old may still be
//! in the journal only; then the writer is asked to seal it, once in a sweep, for whole journal files
//! are settled. Where there is no space for that, it looks for some; and it has the writer look how much
//! there is.

use std::{io, time::Duration};

use common::time::Timestamp;
use tokio::sync::oneshot;

use super::{
    command::Command,
    disk::AT_ONCE_BYTES,
    keeper::{Durable, Keeper, Moved},
    segment::Sync,
    shelf,
    stream::Stream,
};

/// How often it is looked for what is too old.
pub(super) const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

impl Keeper {
    /// Lets go of what is too old, and of streams that are.
    pub(super) fn sweep(&mut self) {
        let names = self.known.names();
        let streams = names.streams.values();
        // What is there for its forks only has no age.
        let streams = streams.filter(|stream| !stream.tail().deleted);
        let streams: Vec<Stream> = streams.cloned().collect();
        drop(names);
        let mut is_overdue = false;
        for stream in &streams {
            if stream.is_expired() {
                let (reply, _) = oneshot::channel();
                self.ask(Command::Delete {
                    name: stream.name().to_owned(),
                    only_expired: true,
                    reply,
                });
                continue;
            }
            let since = stream.retention().since(self.base.clock.now());
            let is_kept_anew = stream.is_kept_anew();
            if since.is_some() || is_kept_anew {
                self.age(stream);
                let unsealed = stream.unsealed_since();
                let is_due = |oldest| is_kept_anew || since.is_some_and(|since| oldest < since);
                is_overdue |= unsealed.is_some_and(is_due);
            }
        }
        if is_overdue {
            self.ask(Command::Settle);
        }
        // Where nobody asks for anything, as where it is not ready, nobody would see to the space.
        if self.durable.is_some() {
            let (reply, _) = oneshot::channel();
            self.ask(Command::Look { reply });
        }
        self.base.memory.rest();
        self.prepare();
    }

    /// Removes what is deleted before the catalogue can be told: the journal tells of it as long as the
    /// catalogue does not, so that no start looks for it.
    pub(super) fn find_space(&mut self) {
        let Some(durable) = &mut self.durable else {
            return;
        };
        for stream in self.known.doomed().clone() {
            if durable.removed.insert(stream)
                && let Err(error) = durable.disk.remove_folder(&shelf::folder(stream))
            {
                tracing::warn!(%error, "cannot remove what is deleted");
            }
        }
    }

    /// Tells the writer. When the queue is full, the next sweep does it.
    fn ask(&self, command: Command) {
        drop(self.commands.try_send(command));
    }

    fn prepare(&self) {
        if let Some(durable) = &self.durable
            && let Err(error) = durable.files.prepare(durable.journal_bytes_max)
        {
            tracing::debug!(%error, "no spare for the journal");
        }
    }

    fn age(&mut self, stream: &Stream) {
        let now = self.base.clock.now();
        let aged = match &mut self.durable {
            Some(durable) => durable.age(stream, now),
            None => {
                self.retain_in_memory(stream);
                Ok(())
            }
        };
        if let Err(error) = aged {
            tracing::warn!(%error, stream = stream.name(), "cannot let go of what is too old");
        }
    }

    pub(super) fn retain_in_memory(&self, stream: &Stream) {
        let retention = stream.retention();
        let since = retention.since(self.base.clock.now());
        let mut kept = stream.kept();
        if kept.last_time() < since {
            kept.seal(&self.base.memory);
        }
        kept.retain(retention.bytes, since);
    }
}

impl Durable {
    /// Lets go of the segments of a stream that are too old.
    fn age(&mut self, stream: &Stream, now: Timestamp) -> io::Result<()> {
        let moved = Moved::of(
            stream,
            self.segments(stream, Sync::Each(AT_ONCE_BYTES))?,
            now,
        );
        if !moved.lets_go() {
            return Ok(());
        }
        self.tell(&[moved.entry()])?;
        let gone = moved.show();
        self.remove(&gone, &[])
    }
}
