//! A directory of each format that there has been stays in `tests/data/log-*`, and is read for ever. Here
//! is what makes and checks the newest one, in which there is everything that can be; what version 0.1.0
//! has left behind is read by `tests/scenarios/formats.rs`.
//!
//! `TESTS_SAMPLE=DIR cargo test -p producer --lib todays_log` leaves one as it is written now in DIR.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use common::{
    offset::Offset,
    record::Batch,
    time::{Clock, Timestamp},
};
use fastrand::Rng;
use prometheus_client::registry::Registry;

use super::life::Life;
use crate::log::{
    Append, Appended, Content, Create, FILE_BYTES_MIN, FileBytesMax, Lifetime, Log, Options,
    Producer, Refused, Retention, Room, Settings, Topic, disk::Folder, inspect, open::Running,
    repair, stream::Stream, survey::Survey,
};

/// How often something is appended to each stream.
const ROUNDS: u64 = 12;

/// In this one a stream is closed and another deleted, when some of them is in segments; a third is
/// deleted in the last one, and a topic.
const END: u64 = 7;
const LAST: u64 = ROUNDS - 1;

/// Every stream that is there in the end, with its content type.
const STREAMS: [(&str, &str); 9] = [
    ("default", "application/json"),
    ("orders", "application/json"),
    ("bytes", "application/octet-stream"),
    ("closed", "application/json"),
    ("kept", "application/x-ndjson"),
    ("idle", "text/plain; charset=utf-8"),
    ("until", "application/json"),
    ("t/0", "application/json"),
    ("t/1", "application/json"),
];

/// Those that are gone.
const GONE: [&str; 3] = ["gone", "gone-late", "u/0"];

fn newest() -> PathBuf {
    sample("log-3")
}

/// Where the sample of that name is.
pub(super) fn sample(name: &str) -> PathBuf {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    all.join(name).join("log")
}

fn settings(name: &str, content_type: &str) -> Settings {
    let retention = match name {
        "kept" => Retention {
            bytes: Some(60),
            age: Some(Duration::from_secs(3_000_000_000)),
        },
        _ => Retention::default(),
    };
    let lifetime = match name {
        "idle" => Lifetime::Idle(3_000_000_000),
        "until" => Lifetime::Until(Timestamp(100_000_000_000_000)),
        _ => Lifetime::Unlimited,
    };
    Settings {
        content_type: content_type.to_owned(),
        lifetime,
        retention,
    }
}

fn topic(name: &str, partitions: u16) -> Topic {
    Topic {
        name: name.to_owned(),
        partitions,
        key: "/key".to_owned(),
        retention: Retention::default(),
    }
}

/// What a round appends to a stream.
fn text(name: &str, round: u64) -> String {
    match name {
        "bytes" => format!("\0\u{fc}\n{round};"),
        "idle" => format!("part {round}"),
        _ => format!("{{\"of\":\"{name}\",\"id\":{round}}}\n"),
    }
}

fn append(name: &str, round: u64) -> Append {
    let text = text(name, round);
    let is_lines = text.ends_with('\n');
    let content = if is_lines {
        Batch::from_ndjson(text.as_bytes()).unwrap().into()
    } else {
        Content::bytes(Bytes::from(text))
    };
    Append {
        content,
        closes: name == "closed" && round == END,
        producer: ["orders", "closed"].contains(&name).then(|| Producer {
            id: "p".to_owned(),
            epoch: 3,
            sequence: round,
        }),
        sequence: (name == "until").then(|| format!("{round:03}")),
        ..Append::default()
    }
}

/// Does to a log all that can be done to one.
async fn fill(log: &Log) {
    let gone = GONE.map(|name| (name, "application/json"));
    let made = STREAMS.iter().chain(&gone);
    for (name, content_type) in made.filter(|(name, _)| !name.contains('/')) {
        let create = Create {
            name: (*name).to_owned(),
            settings: settings(name, content_type),
            content: Content::default(),
            closed: false,
            fork: None,
        };
        log.create(create, Room::of_source()).await.unwrap();
    }
    for topic in [topic("t", 2), topic("u", 1)] {
        assert!(log.create_topic(topic).await.unwrap());
    }
    for round in 0..ROUNDS {
        if round == END {
            log.delete("gone").await.unwrap();
        }
        if round == LAST {
            log.delete_topic("u").await.unwrap();
            log.delete("gone-late").await.unwrap();
        }
        let goes_on = |name: &&str| *name != "closed" || round <= END;
        let part = |name: &str| Some((log.stream(name)?, append(name, round)));
        let names = STREAMS.iter().chain(&gone).map(|(name, _)| *name);
        let (partitions, alone): (Vec<_>, Vec<_>) =
            names.filter(goes_on).partition(|name| name.contains('/'));
        for (stream, append) in alone.into_iter().filter_map(part) {
            log.append(&stream, append, Room::of_source())
                .await
                .unwrap();
        }
        let parts = partitions.into_iter().filter_map(part).collect();
        log.append_all(parts, Room::of_source()).await.unwrap();
    }
}

/// Fills a directory, and leaves it as a producer does that is killed.
async fn write(directory: &Path) {
    let folder = Folder::lock(directory).unwrap();
    let life = Life::on(Arc::new(folder)).unwrap();
    let log = life.log();
    tokio::select! {
        ended = life.work(Rng::with_seed(0)) => panic!("{ended:?}"),
        () = fill(&log) => {}
    }
}

fn open(directory: &Path) -> (Log, Running) {
    let options = Options {
        directory: Some(directory.to_owned()),
        retention: Retention::default(),
        memory_bytes: 1 << 20,
        inflight_bytes: 1 << 20,
        file_bytes_max: FileBytesMax {
            journal: FILE_BYTES_MIN,
            segment: FILE_BYTES_MIN,
        },
        floor_bytes: 0,
    };
    let clock = Clock::manual(Timestamp(1_800_000_000_000));
    Log::open(&options, &clock, &mut Registry::default()).unwrap()
}

fn all(stream: &Stream) -> String {
    let mut cursor = stream.cursor(stream.earliest()).unwrap();
    let mut all = Vec::new();
    while let Some(page) = cursor.read(1 << 20).unwrap() {
        all.extend_from_slice(&page.lines);
    }
    String::from_utf8(all).unwrap()
}

/// That everything is there which was done, up to this round.
fn is_there(log: &Log, rounds: u64) {
    for (name, content_type) in STREAMS {
        let stream = log.stream(name).expect(name);
        assert_eq!(
            Settings::clone(&stream.settings()),
            settings(name, content_type)
        );
        let first = match name {
            "kept" => stream.earliest().record,
            _ => 0,
        };
        let end = if name == "closed" { END + 1 } else { rounds };
        let meant: String = (first..end).map(|round| text(name, round)).collect();
        assert_eq!(all(&stream), meant, "{name}");
        assert_eq!(stream.tail().closed, name == "closed", "{name}");
    }
    assert!(GONE.iter().all(|name| log.stream(name).is_none()));
    assert_eq!(log.topics(), [topic("t", 2)]);
}

/// That what was said before is known, and that all goes on.
async fn goes_on(log: &Log) {
    let kept = log.stream("kept").unwrap();
    assert!(kept.earliest().record > 0, "it is kept by bytes");
    let orders = log.stream("orders").unwrap();
    let line = text("orders", 0).len() as u64;
    let second = Offset::default().advance(1, line);
    let page = orders.cursor(second).unwrap().read(1).unwrap().unwrap();
    assert_eq!(page.lines, text("orders", 1), "an offset of then");

    let say = async |name: &str, round| {
        let stream = log.stream(name).unwrap();
        log.append(&stream, append(name, round), Room::of_source())
            .await
    };
    let is_known = |said: Result<Appended, Refused>| said.unwrap().is_duplicate;
    assert!(is_known(say("orders", LAST).await));
    assert!(is_known(say("closed", END).await));
    let last = format!("{LAST:03}");
    assert_eq!(say("until", LAST).await, Err(Refused::Sequence { last }));
    for (name, _) in STREAMS.iter().filter(|(name, _)| *name != "closed") {
        assert!(!is_known(say(name, ROUNDS).await), "{name}");
    }
    let new = Create {
        name: "new".to_owned(),
        settings: Settings::json(Retention::default()),
        content: Content::default(),
        closed: false,
        fork: None,
    };
    let new = log.create(new, Room::of_source()).await.unwrap();
    let had = STREAMS.len() + GONE.len();
    assert_eq!(new.stream.number(), had as u64 + 1, "none is given twice");
}

fn is_sound(directory: &Path) -> String {
    let inspection = inspect(directory).unwrap();
    let said = inspection.to_string();
    assert!(inspection.is_sound(), "{said}");
    said
}

/// That a directory is as [`write`] leaves one, also when it is read again.
async fn check(directory: &Path) {
    let said = is_sound(directory);
    for (name, content_type) in STREAMS {
        let named = format!("stream {name} (number ");
        let line = said.lines().find(|line| line.starts_with(&named));
        assert!(line.expect(&said).contains(content_type), "{said}");
    }
    assert!(said.contains("topic t: 2 partitions by \"/key\""), "{said}");
    let (log, running) = open(directory);
    is_there(&log, ROUNDS);
    goes_on(&log).await;
    is_there(&log, ROUNDS + 1);
    running.stop(Duration::MAX).await;
    is_sound(directory);
    // Its lock is held as long as this process runs.
    let copy = copied(directory);
    let (log, running) = open(copy.path());
    is_there(&log, ROUNDS + 1);
    running.stop(Duration::MAX).await;
}

/// The names of all files, as they lie in a directory.
fn files(directory: &Path, within: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory.join(within)).unwrap() {
        let name = within.join(entry.unwrap().file_name());
        if directory.join(&name).is_dir() {
            files.extend(self::files(directory, &name));
        } else {
            files.push(name);
        }
    }
    files
}

/// A copy that may be changed.
pub(super) fn copied(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in files(directory, Path::new("")) {
        let to = copy.path().join(&name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(directory.join(&name), to).unwrap();
    }
    copy
}

fn formats(directory: &Path) -> Vec<String> {
    let (folder, _) = Folder::read(directory).unwrap();
    let formats = Survey::of(&folder).unwrap().formats;
    formats.into_iter().collect()
}

#[tokio::test]
async fn the_newest_sample_is_read_and_goes_on() {
    let names = files(&newest(), Path::new(""));
    let of = |kind: &str| {
        let is_of = |name: &&PathBuf| name.extension() == Some(kind.as_ref());
        names.iter().filter(is_of).count()
    };
    assert!(of("lines") >= STREAMS.len() && of("side") == of("lines"));
    let journal = names.iter().filter(|name| name.starts_with("journal"));
    assert!(journal.count() > 1, "and a spare: {names:?}");
    check(copied(&newest()).path()).await;
}

#[test]
fn the_sample_of_version_0_1_0_is_sound_without_its_lock() {
    let copy = copied(&sample("log-2"));
    assert!(!copy.path().join("lock").exists());
    let said = is_sound(copy.path());
    assert!(
        said.contains("formats: BrkCtlg2, BrkJrnl2, BrkSide1"),
        "{said}"
    );
    let orders = "stream orders (number 2, application/json): 800 records";
    assert!(said.contains(orders), "{said}");
    assert!(!copy.path().join("lock").exists(), "nothing was changed");
    let none = inspect(tempfile::tempdir().unwrap().path()).unwrap_err();
    assert!(none.to_string().contains("holds no log"), "{none}");
}

#[tokio::test]
async fn todays_log_is_as_the_newest_sample() {
    let temporary = tempfile::tempdir().unwrap();
    let given = std::env::var_os("TESTS_SAMPLE").map(PathBuf::from);
    let directory = given.unwrap_or_else(|| temporary.path().to_owned());
    write(&directory).await;
    check(copied(&directory).path()).await;
    assert_eq!(
        formats(&directory),
        formats(&newest()),
        "what is written now needs a sample of its own"
    );
}

/// A directory in which the first frame of the journal is not whole, and nothing follows.
fn torn() -> tempfile::TempDir {
    let begun = tempfile::tempdir().unwrap();
    let folder = Folder::lock(begun.path()).unwrap();
    drop(Life::on(Arc::new(folder)).unwrap());
    let torn = copied(begun.path());
    let journal = torn.path().join("journal/00000000000000000000");
    let mut content = fs::read(&journal).unwrap();
    let last = content.iter().rposition(|byte| *byte != 0).unwrap();
    content[last] ^= 1;
    fs::write(&journal, content).unwrap();
    torn
}

#[test]
fn a_torn_frame_is_shown_and_is_no_damage() {
    let (torn, new) = (torn(), tempfile::tempdir().unwrap());
    let line = "torn: journal/00000000000000000000, byte 32: the frame's check is wrong, and nothing follows";
    let is_shown = |said: &str| said.lines().any(|said| said.starts_with(line));
    let said = is_sound(torn.path());
    assert!(is_shown(&said), "{said}");
    let said = repair(torn.path(), new.path()).unwrap().to_string();
    assert!(is_shown(&said), "{said}");
    assert!(!is_shown(&is_sound(new.path())));

    let _in_use = Folder::lock(torn.path()).unwrap();
    let said = is_sound(torn.path());
    assert!(!is_shown(&said), "it is being written: {said}");
}
