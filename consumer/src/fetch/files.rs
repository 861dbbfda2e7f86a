//! Files in: lines, in the order of the files' paths, as blocks of whole lines. A thread reads ahead
//! of who parses, no further than a few blocks.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread::{self, JoinHandle},
    time::Duration,
};

use common::offset::Offset;
use futures_util::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{
    Fetched,
    block::{Block, Framed, Origin, Place},
    connection::Ended,
    found::found,
    frame::{Form, Framer},
    packed::Packing,
    trace::{Since, Trace},
};

/// How much is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// How many blocks may wait.
const BLOCKS_MAX: usize = 4;

/// Which files to read.
#[derive(Debug, Clone)]
pub struct FileSource {
    /// A file, a folder with all that lies in it, or a pattern of such.
    pub path: PathBuf,
    /// How often to look for new files and new lines; none reads what is there, and ends.
    pub monitor: Option<Duration>,
}

/// What comes of files: all of them are one stream. Dropping it ends its thread, and waits for that.
#[derive(Debug)]
pub struct Files {
    fetched: Receiver<Fetched>,
    thread: Option<JoinHandle<()>>,
}

/// The files, as they are read.
struct Reader {
    source: FileSource,
    open: BTreeMap<PathBuf, Open>,
    fetched: Sender<Fetched>,
}

/// A file that was read so far.
struct Open {
    origin: Arc<Origin>,
    trace: Trace,
    framer: Framer,
}

/// Nobody wants any more.
struct Unwanted;

impl Files {
    /// Begins to read.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn open(source: FileSource) -> io::Result<Self> {
        let (sender, fetched) = channel(BLOCKS_MAX);
        let reader = Reader {
            source,
            open: BTreeMap::new(),
            fetched: sender,
        };
        let thread = thread::Builder::new()
            .name("files".to_owned())
            .spawn(|| reader.run())?;
        Ok(Self {
            fetched,
            thread: Some(thread),
        })
    }
}

impl Stream for Files {
    type Item = (usize, Fetched);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.fetched.poll_recv(context);
        next.map(|fetched| Some((0, fetched?)))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.fetched.close();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the thread that reads files has panicked");
            }
        }
    }
}

impl Reader {
    fn run(mut self) {
        let ended = match self.read_all() {
            Ok(Ok(())) => Ended::Finished,
            Ok(Err(Unwanted)) => return,
            Err(why) => Ended::Refused(why),
        };
        // Who does not want to know has gone.
        let _gone = self.fetched.blocking_send(Fetched::Ended(ended));
    }

    /// Reads all there is, again and again where that was asked for.
    fn read_all(&mut self) -> Result<Result<(), Unwanted>, String> {
        if self.send(Fetched::Connected { again: false }).is_err() {
            return Ok(Err(Unwanted));
        }
        loop {
            let paths = found(&self.source.path)?;
            if paths.is_empty() && self.source.monitor.is_none() && !self.source.path.is_dir() {
                let path = self.source.path.display();
                return Err(format!("there is no file {path}"));
            }
            for path in paths {
                let read = self.read(&path);
                let read =
                    read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                if read.is_err() {
                    return Ok(read);
                }
            }
            let Some(interval) = self.source.monitor else {
                return Ok(Ok(()));
            };
            thread::park_timeout(interval);
            if self.fetched.is_closed() {
                return Ok(Err(Unwanted));
            }
        }
    }

    /// Reads what is new in a file.
    fn read(&mut self, path: &Path) -> io::Result<Result<(), Unwanted>> {
        let is_last = self.source.monitor.is_none();
        let packing = Packing::of(path)?;
        if packing != Packing::Plain && !is_last {
            let why = "what is compressed is read once, from its start to its end, and not on and \
                       on as 'source.monitor-interval' asks for";
            return Err(io::Error::other(why));
        }
        let mut file = match File::open(path) {
            Ok(file) => file,
            // It has gone since it was found.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_last => return Ok(Ok(())),
            Err(error) => return Err(error),
        };
        let mut open = self.open.remove(path).unwrap_or_else(|| Open::new(path));
        let since = open.trace.look(&file)?;
        if since == Since::Another {
            tracing::warn!(
                "{}it was written anew, and is read from its start",
                open.origin.label
            );
            file.rewind()?;
            open = Open::new(path);
            if self.send(Fetched::Anew).is_err() {
                return Ok(Err(Unwanted));
            }
        }
        if since != Since::Nothing && self.read_on(&mut open, &file, packing)?.is_err() {
            return Ok(Err(Unwanted));
        }
        if !is_last {
            self.open.insert(path.to_owned(), open);
        }
        Ok(Ok(()))
    }

    /// Reads a file from where it stands to its end.
    fn read_on(
        &self,
        open: &mut Open,
        file: &File,
        packing: Packing,
    ) -> io::Result<Result<(), Unwanted>> {
        let mut text = packing.unpacked(file);
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let mut part = text.by_ref().take(CHUNK_BYTES as u64);
            let read = part.read_to_end(&mut chunk)?;
            open.trace.read(&chunk);
            if read > 0 {
                open.framer.push(chunk.into());
            } else if self.source.monitor.is_none() {
                open.framer.end();
            }
            while let Some(framed) = open.framer.next() {
                if self.send_framed(&open.origin, framed).is_err() {
                    return Ok(Err(Unwanted));
                }
            }
            if read == 0 {
                return Ok(Ok(()));
            }
            // Of a file without a newline nothing is sent.
            if self.fetched.is_closed() {
                return Ok(Err(Unwanted));
            }
        }
    }

    fn send_framed(&self, origin: &Arc<Origin>, framed: Framed) -> Result<(), Unwanted> {
        match framed {
            Framed::Records { place, content, .. } => self.send(Fetched::Block(Block {
                origin: origin.clone(),
                proved: false,
                counted: None,
                place,
                content,
            })),
            // No server says anything in a file.
            Framed::Mark { .. } | Framed::Gap { .. } => Ok(()),
        }
    }

    fn send(&self, fetched: Fetched) -> Result<(), Unwanted> {
        self.fetched.blocking_send(fetched).map_err(|_| Unwanted)
    }
}

impl Open {
    fn new(path: &Path) -> Self {
        let url = path.display().to_string();
        Self {
            origin: Arc::new(Origin {
                partition: 0,
                label: format!("{url}: "),
                url,
            }),
            trace: Trace::default(),
            framer: Framer::new(Form::Lines, Place::Counted(Offset::default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write, time::SystemTime};

    use flate2::{Compression, write::GzEncoder};
    use futures_util::StreamExt;

    use super::*;
    use crate::fetch::Content;

    /// All lines, and how it ended.
    async fn all(path: PathBuf) -> (Vec<String>, Ended) {
        let mut files = Files::open(FileSource {
            path,
            monitor: None,
        })
        .unwrap();
        let mut lines = Vec::new();
        while let Some((0, fetched)) = files.next().await {
            match fetched {
                Fetched::Block(block) => match block.content {
                    Content::Lines(text) => {
                        let text = std::str::from_utf8(&text).unwrap();
                        lines.extend(text.lines().map(str::to_owned));
                    }
                    Content::TooLong(_) => lines.push("too long".to_owned()),
                },
                Fetched::Ended(ended) => return (lines, ended),
                _ => {}
            }
        }
        panic!("it did not say that it ends");
    }

    #[tokio::test]
    async fn files_are_read_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("b.json", "3\n4"),
            ("a.json", "1\n2\n"),
            (".hidden", "5\n"),
            ("_part", "6\n"),
            ("c.txt", "7\n"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let check = async |path: &str, expected: &[&str]| {
            let (lines, ended) = all(folder.path().join(path)).await;
            assert_eq!(
                (&lines[..], ended),
                (
                    &expected
                        .iter()
                        .map(|line| (*line).to_owned())
                        .collect::<Vec<_>>()[..],
                    Ended::Finished
                )
            );
        };
        check("", &["1", "2", "3", "4", "7"]).await;
        check("*.json", &["1", "2", "3", "4"]).await;
        check("*", &["1", "2", "3", "4", "7"]).await;
        check("_*", &["6"]).await;
        fs::create_dir(folder.path().join("empty")).unwrap();
        check("empty", &[]).await;
        check("b.json", &["3", "4"]).await;
        let (_, ended) = all(folder.path().join("d.json")).await;
        let Ended::Refused(why) = ended else {
            panic!("{ended:?}")
        };
        assert!(
            why.contains("there is no file") && why.contains("d.json"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn compressed_files_are_read_as_what_they_were_and_not_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json.gz");
        let mut packed = Vec::new();
        // A file of several members is what comes of files that are put together.
        for text in ["\u{feff}1\n", "2\n3"] {
            let mut member = GzEncoder::new(Vec::new(), Compression::fast());
            member.write_all(text.as_bytes()).unwrap();
            packed.extend(member.finish().unwrap());
        }
        fs::write(&path, &packed).unwrap();
        let lines = ["1", "2", "3"].map(str::to_owned).to_vec();
        assert_eq!(all(path.clone()).await, (lines, Ended::Finished));
        let refused = async |monitor, expected: &str| {
            let path = path.clone();
            let mut files = Files::open(FileSource { path, monitor }).unwrap();
            let why = loop {
                if let Some((_, Fetched::Ended(ended))) = files.next().await {
                    let Ended::Refused(why) = ended else {
                        panic!("{ended:?}")
                    };
                    break why;
                }
            };
            assert!(why.contains(expected) && why.contains("a.json.gz"), "{why}");
        };
        refused(Some(Duration::from_secs(1)), "is read once").await;
        fs::write(&path, &packed[..packed.len() - 9]).unwrap();
        refused(None, "cannot read").await;
    }

    #[tokio::test]
    async fn a_byte_order_mark_is_no_part_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1", "2"] {
            let text = format!("\u{feff}{{\"a\":{name}}}\n");
            fs::write(folder.path().join(name), text).unwrap();
        }
        let (lines, _) = all(folder.path().to_owned()).await;
        assert_eq!(lines, ["{\"a\":1}", "{\"a\":2}"]);
    }

    #[tokio::test]
    async fn long_files_come_in_blocks_with_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let line = |number: usize| format!("{{\"number\":{number}}}");
        let text: String = (0..100_000).map(|number| line(number) + "\n").collect();
        fs::write(&path, &text).unwrap();
        let mut files = Files::open(FileSource {
            path,
            monitor: None,
        })
        .unwrap();
        let mut blocks = 0;
        while let Some((_, fetched)) = files.next().await {
            if let Fetched::Block(Block {
                place: Place::Counted(at),
                content: Content::Lines(lines),
                ..
            }) = fetched
            {
                let byte = usize::try_from(at.byte).unwrap();
                assert_eq!(&text.as_bytes()[byte..byte + lines.len()], &lines[..]);
                assert!(lines.starts_with(line(usize::try_from(at.record).unwrap()).as_bytes()));
                blocks += 1;
            }
        }
        assert!(blocks > 5, "{blocks}");
    }

    #[tokio::test]
    async fn what_has_no_end_and_no_line_is_let_go_of() {
        let mut files = Files::open(FileSource {
            path: "/dev/zero".into(),
            monitor: None,
        })
        .unwrap();
        let first = Fetched::Connected { again: false };
        assert_eq!(files.next().await, Some((0, first)));
        // This waits for its thread.
        drop(files);
    }

    #[tokio::test]
    async fn a_file_that_grows_is_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "1\n2").unwrap();
        let monitor = Some(Duration::from_millis(1));
        let mut files = Files::open(FileSource {
            path: path.clone(),
            monitor,
        })
        .unwrap();
        let mut line = async || loop {
            if let Some((_, Fetched::Block(block))) = files.next().await
                && let Content::Lines(text) = block.content
            {
                return text;
            }
        };
        assert_eq!(&line().await[..], b"1\n");
        fs::write(&path, "1\n23\n").unwrap();
        assert_eq!(&line().await[..], b"23");
        fs::write(folder.path().join("other"), "7\n").unwrap();
        fs::write(&path, "1\n23\n4\n").unwrap();
        assert_eq!(&line().await[..], b"4\n");
    }

    #[tokio::test]
    async fn a_file_that_is_written_anew_is_read_anew_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "1\n2").unwrap();
        let monitor = Some(Duration::from_millis(1));
        let source = FileSource {
            path: path.clone(),
            monitor,
        };
        let mut files = Files::open(source).unwrap();
        let mut news = async || loop {
            match files.next().await {
                Some((_, Fetched::Block(block))) => match block.content {
                    Content::Lines(text) => return String::from_utf8(text.to_vec()).unwrap(),
                    Content::TooLong(_) => return "too long".to_owned(),
                },
                Some((_, Fetched::Anew)) => return "anew".to_owned(),
                _ => {}
            }
        };
        assert_eq!(news().await, "1\n");
        fs::write(&path, "3\n4").unwrap();
        // It may have been written within one tick of the clock of the file system.
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((news().await, news().await), ("anew".into(), "3\n".into()));
        fs::write(&path, "5\n").unwrap();
        assert_eq!((news().await, news().await), ("anew".into(), "5\n".into()));
    }
}
