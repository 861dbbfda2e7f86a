//! Opens a log, starts those who write and settle, and ends them.

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use common::time::Clock;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc as queue, oneshot};

use super::{
    Log, Room,
    append::{Content, Refused},
    base::{Base, Place},
    command::{Command, Create},
    disk::{Disk, Folder},
    entry::StreamId,
    epoch::Epoch,
    frame::{Draft, Link},
    journal::{Damage, Files},
    keeper::{self, Dirty, Keeper, Sealed, Written},
    known::Known,
    memory::Memory,
    metrics::Levels,
    recent::Recent,
    recovery::{self, Found},
    settings::{Retention, Settings},
    stream::Stream,
    writer::{self, Unsettled, Writer},
};

/// The stream that is there without anybody's asking.
pub(crate) const DEFAULT: &str = "default";

/// Commands that may wait for the writer; their bytes are bounded by their room.
const COMMANDS_MAX: usize = 4096;

/// Full journal files that may wait to be settled.
const SEALED_MAX: usize = 1;

/// What is gathered in memory before it can be let go of, as a part of all that is kept there.
const PARTS_OF_MEMORY: u64 = 8;

/// How a log is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// Where; none is in memory, until the process ends.
    pub(crate) directory: Option<PathBuf>,
    /// How much is kept of a stream that says nothing of it.
    pub(crate) retention: Retention,
    /// How many bytes of records are in memory: all there are, where there is no directory; else the
    /// newest of those on disk, beside what is not settled.
    pub(crate) memory_bytes: u64,
    /// How many bytes may be on their way into the log.
    pub(crate) inflight_bytes: usize,
    /// How long files on disk get.
    pub(crate) file_bytes_max: FileBytesMax,
    /// Less free space than this is none.
    pub(crate) floor_bytes: u64,
}

/// The least length of a file on disk: shorter ones cost more than they hold.
pub(crate) const FILE_BYTES_MIN: u64 = 64 * 1024;

/// How long files on disk get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileBytesMax {
    /// What is not settled is in memory too: up to three journal files.
    pub(crate) journal: u64,
    /// Retention lets go of whole segments.
    pub(crate) segment: u64,
}

/// Why a log cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the log in {directory}: {why}")]
pub struct CannotOpen {
    directory: PathBuf,
    #[source]
    why: Damage,
}

/// The threads that work for a log.
#[derive(Debug)]
pub(crate) struct Running {
    log: Log,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Ends the log: what was appended is settled, so that the next start is quick, as far as there is
    /// time within `limit`.
    pub(crate) async fn stop(self, limit: Duration) {
        let _first = self.log.base.ends.set(Instant::now().checked_add(limit));
        if self.log.queue.send(Command::Stop).await.is_err() {
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
        let open = || {
            let folder = options.directory.as_deref().map(Folder::lock).transpose()?;
            let disk = folder.map(|folder| Arc::new(folder) as Arc<dyn Disk>);
            Parts::open(disk, options, clock)?.start()
        };
        let opened = open().map_err(|why| CannotOpen {
            directory: options.directory.clone().unwrap_or_default(),
            why,
        });
        let (log, running) = opened?;
        match &options.directory {
            Some(directory) => tracing::info!("records are kept in {}", directory.display()),
            None => tracing::info!("records are kept in memory, until this process ends"),
        }
        log.base.metrics.register(registry);
        registry.register_collector(Box::new(Levels(log.clone())));
        Ok((log, running))
    }
}

/// A log, and those who work for it, not yet working.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) log: Log,
    pub(super) writer: Writer,
    pub(super) keeper: Keeper,
    pub(super) commands: queue::Receiver<Command>,
    pub(super) sealed: Receiver<Sealed>,
}

impl Parts {
    /// Opens what is there, and begins a journal file. What is not settled is sealed.
    pub(super) fn open(
        disk: Option<Arc<dyn Disk>>,
        options: &Options,
        clock: &Clock,
    ) -> Result<Self, Damage> {
        let mut parts = match disk {
            None => Self::in_memory(options, clock),
            Some(disk) => Self::on_disk(disk, options, clock)?,
        };
        parts.make_default()?;
        Ok(parts)
    }

    fn in_memory(options: &Options, clock: &Clock) -> Self {
        let place = Place::Memory {
            epoch: Epoch::begin(clock.now()),
            opened: Instant::now(),
        };
        let part = options.memory_bytes / PARTS_OF_MEMORY;
        // What is gathered is in memory as well: one part, and one that waits for the keeper.
        let memory_bytes = options.memory_bytes - 2 * part;
        let options = Options {
            memory_bytes,
            ..options.clone()
        };
        let base = base(place, &options, clock, part);
        Self::new((base, Known::default()), part, None, StreamId(1))
    }

    fn on_disk(disk: Arc<dyn Disk>, options: &Options, clock: &Clock) -> Result<Self, Damage> {
        let mut found = recovery::find(disk.as_ref())?;
        let journal_bytes = options.file_bytes_max.journal;
        let base = base(Place::Disk(disk.clone()), options, clock, journal_bytes);
        let (all, unsettled) = found.streams(&base);
        let Found {
            link,
            torn,
            contents,
            ..
        } = found;
        if let Some(torn) = torn {
            tracing::warn!("{torn}");
        }
        let known = Known::default();
        let mut names = known.names_mut();
        let forks = all.iter().filter(|stream| stream.origin().is_some());
        base.metrics.forks.inc_by(forks.count() as i64);
        let named = all
            .into_iter()
            .map(|stream| (stream.name().to_owned(), stream));
        names.streams.extend(named);
        names.topics.clone_from(&contents.topics);
        names.notes.clone_from(&contents.notes);
        drop(names);
        for stream in &contents.deleted {
            disk.remove_folder(&super::shelf::folder(*stream))?;
        }
        let next_stream = contents.next_stream.max(StreamId(1));
        let files = Arc::new(Files::new(disk.clone(), options.floor_bytes));
        files.tidy();
        let durable = writer::Durable {
            files: files.clone(),
            journal: None,
            journal_bytes: 0,
            is_short: false,
            link,
            floor_bytes: options.floor_bytes,
        };
        let settling = keeper::Durable {
            disk,
            files,
            catalogue: Written::Not(contents),
            removed: BTreeSet::new(),
            journal_bytes_max: options.file_bytes_max.journal,
            segment_bytes_max: options.file_bytes_max.segment,
        };
        let both = Some((durable, settling));
        let journal_bytes_max = options.file_bytes_max.journal;
        let parts = Self::new((base, known), journal_bytes_max, both, next_stream);
        parts.seal(link, next_stream, unsettled);
        Ok(parts)
    }

    fn new(
        (base, known): (Arc<Base>, Known),
        journal_bytes_max: u64,
        durable: Option<(writer::Durable, keeper::Durable)>,
        next_stream: StreamId,
    ) -> Self {
        let (queue, commands) = queue::channel(COMMANDS_MAX);
        let (sender, sealed) = mpsc::sync_channel(SEALED_MAX);
        let (durable, settling) = durable.unzip();
        let log = Log {
            base: base.clone(),
            known: known.clone(),
            queue: queue.clone(),
        };
        let writer = Writer {
            base: base.clone(),
            known: known.clone(),
            durable,
            journal_bytes_max,
            keeper: sender,
            next_stream,
            draft: Draft::default(),
            unsettled: Unsettled::default(),
            looked: None,
            held: None,
        };
        let keeper = Keeper {
            base,
            known,
            durable: settling,
            recent: Recent::default(),
            commands: queue,
        };
        Self {
            log,
            writer,
            keeper,
            commands,
            sealed,
        }
    }

    /// What was found in the journal is settled as the first thing.
    fn seal(&self, link: Link, next_stream: StreamId, unsettled: Vec<Stream>) {
        let sealed = Sealed {
            link,
            next_stream,
            bytes: 0,
            dirty: unsettled.into_iter().map(Dirty::of).collect(),
            news: Vec::new(),
            deleted: Vec::new(),
        };
        let sent = self.writer.keeper.try_send(sealed);
        debug_assert!(sent.is_ok(), "nothing else was sealed so far");
    }

    /// Begins the journal, and makes the default stream if it is not there.
    fn make_default(&mut self) -> Result<(), Damage> {
        let (reply, mut answer) = oneshot::channel();
        let retention = Retention::default();
        let create = Create {
            name: DEFAULT.to_owned(),
            settings: Settings::json(retention),
            content: Content::default(),
            closed: false,
            fork: None,
        };
        let is_there = self.log.known.names().streams.contains_key(DEFAULT);
        if !is_there && self.writer.is_low() {
            return Err(self.too_little_space());
        }
        self.writer.begin().map_err(|error| {
            let why = format!(
                "no file can be made in its folder journal: {error}; who runs the producer has to be able \
                 to write there"
            );
            io::Error::new(error.kind(), why)
        })?;
        let room = Room::of_source();
        let command = Command::Create {
            create,
            room,
            reply,
        };
        // Without a command it is seen whether there is space.
        let command = if is_there { Command::Stop } else { command };
        let _flow = self.writer.step(command, &mut self.commands);
        match answer.try_recv() {
            Ok(Err(Refused::Full(_))) => Err(self.too_little_space()),
            Ok(Err(refused)) => Err(io::Error::other(refused).into()),
            _ => Ok(()),
        }
    }

    /// Why a new log is not begun.
    fn too_little_space(&self) -> Damage {
        let free = self.log.base.disk().map(|disk| disk.free_bytes());
        let free = free.and_then(Result::ok).unwrap_or_default();
        let floor = self.writer.durable.as_ref();
        let floor = floor.map_or(0, |durable| durable.floor_bytes);
        let journal = self.writer.journal_bytes_max;
        let why = format!(
            "there is too little space on the disk for a new log: {free} bytes are free; its \
             journal takes {journal} (--journal-bytes), and {floor} have to stay free \
             (--disk-floor-bytes)"
        );
        io::Error::new(io::ErrorKind::StorageFull, why).into()
    }

    fn start(self) -> Result<(Log, Running), Damage> {
        let Self {
            log,
            writer,
            keeper,
            commands,
            sealed,
        } = self;
        let threads = vec![
            start("log-writer", move || writer.run(commands))?,
            start("log-keeper", move || keeper.run(&sealed))?,
        ];
        Ok((log.clone(), Running { log, threads }))
    }
}

/// So many bytes are settled at once, and then so much memory at the most is free at once.
fn base(place: Place, options: &Options, clock: &Clock, settled_bytes: u64) -> Arc<Base> {
    let bounds = (options.retention, options.memory_bytes);
    let memory = (options.inflight_bytes, Memory::new(settled_bytes));
    Arc::new(Base::new(place, clock, bounds, memory))
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}
