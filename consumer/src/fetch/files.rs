//! Files in: lines, in the order of the files' names, as blocks of whole lines. A thread reads ahead
//! of who parses, no further than a few blocks.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
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
    frame::{Form, Framer},
};

/// How much is read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// How many blocks may wait.
const BLOCKS_MAX: usize = 4;

/// What a pattern is known by.
const WILD: [char; 3] = ['*', '?', '['];

/// Which files to read.
#[derive(Debug, Clone)]
pub struct FileSource {
    /// A file, a folder, or a pattern.
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
    bytes: u64,
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
        let mut open = self.open.remove(path).unwrap_or_else(|| Open::new(path));
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(open.bytes))?;
        loop {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let mut part = file.by_ref().take(CHUNK_BYTES as u64);
            let read = part.read_to_end(&mut chunk)?;
            open.bytes += read as u64;
            if read > 0 {
                open.framer.push(chunk.into());
            } else if is_last {
                open.framer.end();
            }
            while let Some(framed) = open.framer.next() {
                if self.send_framed(&open.origin, framed).is_err() {
                    return Ok(Err(Unwanted));
                }
            }
            if read == 0 {
                break;
            }
            // Of a file without a newline nothing is sent.
            if self.fetched.is_closed() {
                return Ok(Err(Unwanted));
            }
        }
        if !is_last {
            self.open.insert(path.to_owned(), open);
        }
        Ok(Ok(()))
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
            bytes: 0,
            framer: Framer::new(Form::Lines, Place::Counted(Offset::default())),
        }
    }
}

/// The files that a path or pattern means, in the order of their names. Of a folder, or where a pattern
/// begins a name with a wildcard, those whose names do not begin with a dot or an underscore: they are
/// hidden, or not complete.
fn found(path: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot =
        |error: &dyn std::fmt::Display| format!("cannot look for {}: {error}", path.display());
    if let Some(pattern) = path.to_str().filter(|text| text.contains(WILD)) {
        let paths = glob::glob(pattern).map_err(|error| cannot(&error))?;
        let mut files = Vec::new();
        let names_hidden = is_hidden(Path::new(pattern));
        for path in paths {
            let path = path.map_err(|error| cannot(&error))?;
            let is_meant = names_hidden || !is_hidden(&path);
            files.extend((is_meant && path.is_file()).then_some(path));
        }
        return Ok(files);
    }
    if !path.is_dir() {
        return Ok(path.exists().then(|| path.to_owned()).into_iter().collect());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| cannot(&error))? {
        let entry = entry.map_err(|error| cannot(&error))?;
        let path = entry.path();
        files.extend((!is_hidden(&path) && path.is_file()).then_some(path));
    }
    files.sort();
    Ok(files)
}

/// Whether the last name of a path begins with a dot or an underscore.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(b".") || name.starts_with(b"_")
}

#[cfg(test)]
mod tests {
    use std::fs;

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
}
