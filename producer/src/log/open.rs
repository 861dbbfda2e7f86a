//! Opens a log, starts those who write and settle, and ends them.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
};

use common::{offset::Offset, time::Clock};
use prometheus_client::registry::Registry;
use tokio::{sync::watch, time::Instant};

use super::{
    Log, Metrics, Place, Rooms, Shared, Tail,
    disk::{Disk, Folder},
    epoch::Epoch,
    frame::StreamId,
    journal::{Damage, Journal},
    keeper::{Keeper, Sealed},
    kept::Kept,
    recovery::{self, Found},
    writer::{Command, Writer},
};

/// The stream that is there without anybody's asking.
const DEFAULT: (StreamId, &str) = (StreamId(1), "default");

/// Commands that may wait for the writer; their bytes are bounded by their room.
const COMMANDS_MAX: usize = 4096;

/// How long files on disk get.
#[derive(Debug, Clone, Copy)]
struct FileBytesMax {
    /// What is not settled is in memory too, so this bounds that.
    journal: u64,
    /// Retention lets go of whole segments.
    segment: u64,
}

const FILE_BYTES_MAX: FileBytesMax = FileBytesMax {
    journal: 32 * 1024 * 1024,
    segment: 64 * 1024 * 1024,
};

/// Full journal files that may wait to be settled.
const SEALED_MAX: usize = 1;

/// How a log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where, and how much.
    pub(crate) keep: Keep,
    /// How many bytes may be on their way into the log.
    pub(crate) inflight_bytes: usize,
}

/// Where records are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keep {
    /// In memory, until the process ends; beyond so many bytes the oldest go.
    InMemory { retention_bytes: u64 },
    /// In a directory; beyond so many bytes, if there is a bound, the oldest go. The newest are in
    /// memory too.
    OnDisk {
        directory: PathBuf,
        retention_bytes: Option<u64>,
        memory_bytes: u64,
    },
}

/// Why a log cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the log in {directory}: {why}")]
pub struct CannotOpen {
    directory: PathBuf,
    #[source]
    why: Damage,
}

/// The threads that work for a log on disk.
#[derive(Debug)]
pub(crate) struct Running {
    log: Log,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Ends the log: what was appended is settled, so that the next start is quick.
    pub(crate) async fn stop(self) {
        if let Place::Disk { queue, .. } = &self.log.shared.place
            && queue.send(Command::Stop).await.is_err()
        {
            tracing::error!("the writer has ended before it was told to");
        }
        let ended = tokio::task::spawn_blocking(|| {
            self.threads.into_iter().all(|thread| thread.join().is_ok())
        });
        if !ended.await.unwrap_or(false) {
            tracing::error!("a thread of the log has panicked");
        }
    }
}

impl Log {
    /// Opens the log, with all that was acknowledged by earlier runs.
    ///
    /// # Errors
    /// The directory is in use or damaged, or cannot be read or written.
    pub(crate) fn open(
        options: &Options,
        clock: &Clock,
        registry: &mut Registry,
    ) -> Result<(Self, Running), CannotOpen> {
        let opened = match &options.keep {
            Keep::InMemory { retention_bytes } => Ok(Self::in_memory(
                *retention_bytes,
                options.inflight_bytes,
                clock,
            )),
            Keep::OnDisk {
                directory,
                retention_bytes,
                memory_bytes,
            } => {
                let on_disk = || {
                    let folder: Arc<dyn Disk> = Arc::new(Folder::lock(directory)?);
                    let bounds = (*retention_bytes, *memory_bytes);
                    Self::on_disk(&folder, bounds, options.inflight_bytes, clock)
                };
                on_disk().map_err(|why| CannotOpen {
                    directory: directory.clone(),
                    why,
                })
            }
        };
        opened.inspect(|(log, _)| log.shared.metrics.register(registry))
    }

    fn in_memory(retention_bytes: u64, inflight_bytes: usize, clock: &Clock) -> (Self, Running) {
        let epoch = Epoch::begin(clock.now());
        let place = Place::Memory {
            epoch,
            opened: Instant::now(),
            retention_bytes,
        };
        let log = Self::new(Kept::new(epoch.first()), false, place, inflight_bytes);
        (
            log.clone(),
            Running {
                log,
                threads: Vec::new(),
            },
        )
    }

    fn on_disk(
        disk: &Arc<dyn Disk>,
        (retention_bytes, memory_bytes): (Option<u64>, u64),
        inflight_bytes: usize,
        clock: &Clock,
    ) -> Result<(Self, Running), Damage> {
        let (queue, commands) = tokio::sync::mpsc::channel(COMMANDS_MAX);
        let bounds = Bounds {
            retention_bytes,
            memory_bytes,
            inflight_bytes,
            file: FILE_BYTES_MAX,
        };
        let Parts {
            log,
            writer,
            keeper,
            sealed,
        } = Parts::open(disk, queue, bounds, clock)?;
        let threads = vec![
            start("log-writer", move || writer.run(commands))?,
            start("log-keeper", move || keeper.run(&sealed))?,
        ];
        Ok((log.clone(), Running { log, threads }))
    }

    fn new(kept: Kept, closed: bool, place: Place, inflight_bytes: usize) -> Self {
        let next: Offset = kept.next();
        let shared = Shared {
            name: DEFAULT.1.to_owned(),
            id: DEFAULT.0,
            kept: Mutex::new(kept),
            tail: watch::Sender::new(Tail { next, closed }),
            read: watch::Sender::new(next.byte),
            rooms: Rooms::new(inflight_bytes),
            place,
            metrics: Metrics::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

/// The bounds of a log on disk.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    retention_bytes: Option<u64>,
    memory_bytes: u64,
    inflight_bytes: usize,
    file: FileBytesMax,
}

/// A log on disk, and those who work for it, not yet working.
struct Parts {
    log: Log,
    writer: Writer,
    keeper: Keeper,
    sealed: Receiver<Sealed>,
}

impl Parts {
    /// Opens what is there, settles it, and begins a journal file.
    fn open(
        disk: &Arc<dyn Disk>,
        queue: tokio::sync::mpsc::Sender<Command>,
        bounds: Bounds,
        clock: &Clock,
    ) -> Result<Self, Damage> {
        let Found {
            link,
            segments,
            kept,
            closed,
        } = recovery::find(disk, DEFAULT.0, bounds.file.segment)?;
        let place = Place::Disk {
            retention_bytes: bounds.retention_bytes,
            queue,
            shelf: Mutex::new(Arc::new(segments.shelf())),
        };
        let log = Log::new(kept, closed, place, bounds.inflight_bytes);
        let mut keeper = Keeper {
            disk: disk.clone(),
            segments,
            clock: clock.clone(),
            log: log.clone(),
            retention_bytes: bounds.retention_bytes,
            memory_bytes: bounds.memory_bytes,
        };
        keeper.settle(Sealed {
            link,
            tail: log.tail(),
        })?;
        let journal = Journal::begin(disk, link)?;
        let (sender, sealed) = mpsc::sync_channel(SEALED_MAX);
        let keeper_door = (sender, bounds.file.journal);
        let writer = Writer::new(
            disk.clone(),
            journal,
            keeper_door,
            clock.clone(),
            log.clone(),
        );
        Ok(Self {
            log,
            writer,
            keeper,
            sealed,
        })
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

#[cfg(test)]
#[path = "power.rs"]
mod power;
