//! `producer inspect` and `producer repair`: damage is named, and what is sound is saved.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use tests::{Service, binaries::binary, eventually, producer};

use crate::{durable::SETTLED, named::named, numbered};

/// How many records each of two streams has, and how many of them a request brings.
pub(crate) const RECORDS: u64 = 4_000;
pub(crate) const EACH: usize = 50;

/// How long a file of the journal gets.
const JOURNAL_BYTES: f64 = 65_536.0;

/// How often a directory is inspected while somebody appends to it.
const LOOKS: usize = 20;

pub(crate) fn on(directory: &Path, more: &[&str]) -> Service {
    let path = directory.to_str().expect("a path of ASCII");
    let journal = JOURNAL_BYTES.to_string();
    let files = ["--journal-bytes", &journal, "--segment-bytes", "256KiB"];
    let place = ["--source", "none", "--data-dir", path];
    producer(&[&place[..], &files, &SETTLED, more].concat())
}

/// A directory that a producer has left behind when it was killed, while all its full journal files were
/// settled: of what is written of one that is not, a start knows nothing, and so does nobody miss it.
pub(crate) fn made() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut service = on(directory.path(), &[]);
    for stream in ["one", "two"] {
        numbered::make(&service, stream);
        numbered::append(&service, stream, 0..RECORDS, EACH);
    }
    let unsettled = || service.metric("brooklet_log_unsettled_bytes");
    assert!(eventually(|| unsettled() <= Some(JOURNAL_BYTES)));
    service.kill();
    let _killed = service.exit_code();
    directory
}

/// What `producer inspect` says of a directory, and its exit code.
fn inspect(directory: &Path) -> (Option<i32>, String) {
    let mut service = Service::start(&binary("producer"), [Path::new("inspect"), directory]);
    let code = service.exit_code();
    (code, service.stdout.all().join("\n"))
}

/// What `producer repair` says, and its exit code.
pub(crate) fn repair(directory: &Path, to: &Path) -> (Option<i32>, String) {
    let words = [Path::new("repair"), directory, Path::new("--to"), to];
    let mut service = Service::start(&binary("producer"), words);
    let code = service.exit_code();
    let said = [service.stdout.all(), service.stderr.all()].concat();
    (code, said.join("\n"))
}

/// All files, by their names in the directory, with a hash of what is in them.
fn files(directory: &Path) -> BTreeMap<PathBuf, u64> {
    let (mut folders, mut files) = (vec![directory.to_owned()], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut hash = DefaultHasher::new();
            fs::read(&path).expect("a file").hash(&mut hash);
            let name = path.strip_prefix(directory).expect("it is in it");
            files.insert(name.to_owned(), hash.finish());
        }
    }
    files
}

/// Flips a bit of a byte.
fn flip(path: &Path, at: usize) {
    let mut content = fs::read(path).expect("a file");
    *content.get_mut(at).expect("a place in the file") ^= 4;
    fs::write(path, content).expect("a file");
}

/// Places in a file at which a flipped bit must be found: those that say something.
fn places(directory: &Path, name: &Path) -> Vec<usize> {
    let text = fs::read(directory.join(name)).expect("a file");
    let kind = name.extension().and_then(|kind| kind.to_str());
    let end = match (name.to_str(), kind) {
        (Some("lock" | "journal/spare" | "journal/reserve"), _) => 0,
        (_, Some("lines" | "side")) => text.len(),
        // A damaged last frame cannot be told from one that was being written.
        _ => last_frame(&text),
    };
    let head = 0..end.min(24);
    let rest = (24..end).step_by(1 + end / 12);
    // Bytes of a sidecar say much, and there are few of them.
    let all = (kind == Some("side")).then_some((0..end).step_by(5));
    head.chain(rest).chain(all.into_iter().flatten()).collect()
}

/// Where the last frame begins.
fn last_frame(text: &[u8]) -> usize {
    let starts = |at: &usize| {
        text.get(*at..)
            .is_some_and(|rest| rest.starts_with(b"BFr2"))
    };
    let places = (0..text.len()).filter(starts);
    // Behind the last one may be others, of an earlier time.
    let number = |at: &usize| {
        text.get(at + 8..at + 16)
            .map(|eight| u64::from_le_bytes(eight.try_into().expect("eight")))
    };
    places.max_by_key(number).unwrap_or_default()
}

#[test]
fn a_sound_directory_is_called_sound() {
    let directory = made();
    let before = files(directory.path());
    let (code, said) = inspect(directory.path());
    assert_eq!(code, Some(0), "{said}");
    for word in ["stream one", "stream two", "4000 records", "sound"] {
        assert!(said.contains(word), "{said}");
    }
    assert_eq!(files(directory.path()), before);
}

#[test]
fn a_torn_frame_is_left_out_and_told() {
    let directory = made();
    let newest = files(directory.path())
        .into_keys()
        .rfind(|name| name.to_str().expect("ASCII").starts_with("journal/0"));
    let newest = directory.path().join(newest.expect("there is a journal"));
    let last = last_frame(&fs::read(&newest).expect("a file"));
    flip(&newest, last + 100);

    let before = files(directory.path());
    let (code, said) = inspect(directory.path());
    assert_eq!(code, Some(0), "that is no damage: {said}");
    let torn = said.lines().find(|line| line.starts_with("torn: journal/"));
    let torn = torn.expect(&said);
    assert!(torn.contains(&format!("byte {last}:")), "{said}");
    assert!(said.contains("BrkCtlg2, BrkJrnl3, BrkSide1"), "{said}");
    assert_eq!(files(directory.path()), before);

    let mut service = on(directory.path(), &[]);
    let said = service.says("it is left out");
    assert!(said.contains("the frame's check is wrong"), "{said}");
    assert!(said.contains(&format!("byte {last}:")), "{said}");
    let all: Vec<_> = (0..RECORDS - EACH as u64).collect();
    assert_eq!(
        numbered::found(&service, "two"),
        all,
        "but the last request"
    );
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));

    let again = on(directory.path(), &[]);
    assert_eq!(numbered::found(&again, "two"), all);
    let said = again.stderr.all().join("\n");
    assert!(!said.contains("left out"), "{said}");
}

#[test]
fn a_directory_is_inspected_while_somebody_appends_to_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let service = on(directory.path(), &["--retention-bytes", "1MiB"]);
    numbered::make(&service, "one");
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::SeqCst;
    std::thread::scope(|scope| {
        let append = || {
            let mut next = 0;
            while !is_done.load(order) {
                numbered::append(&service, "one", next..next + 500, 500);
                next += 500;
            }
        };
        scope.spawn(append);
        let looks: Vec<_> = (0..LOOKS).map(|_| inspect(directory.path())).collect();
        is_done.store(true, order);
        for (code, said) in looks {
            assert_eq!(code, Some(0), "{said}");
            assert!(said.contains("in use by a producer"), "{said}");
        }
    });
}

/// Flips bits of every file of a kind, one after another: each must be found, and its file named.
fn check(is_of_kind: fn(&str) -> bool) {
    let directory = made();
    let names = files(directory.path()).into_keys();
    let names = names.filter(|name| is_of_kind(name.to_str().expect("ASCII")));
    let (mut flips, mut missed) = (0, Vec::new());
    for name in names {
        let path = directory.path().join(&name);
        for at in places(directory.path(), &name) {
            flip(&path, at);
            let (code, said) = inspect(directory.path());
            flip(&path, at);
            let file = name.to_str().expect("ASCII");
            let is_named = |line: &str| line.starts_with("DAMAGED") && line.contains(file);
            if code != Some(65) || !said.lines().any(is_named) {
                missed.push(format!("{file} {at}: {code:?} {said}"));
            }
            flips += 1;
        }
    }
    assert!(flips > 30, "{flips}");
    assert_eq!(missed.len(), 0, "of {flips}: {:?}", missed.first());
}

#[test]
fn a_flipped_bit_is_found_in_the_journal_and_the_catalogue() {
    check(|name| name == "catalogue" || name.starts_with("journal/0"));
}

#[test]
fn a_flipped_bit_is_found_in_records() {
    check(|name| name.ends_with(".lines"));
}

#[test]
fn a_flipped_bit_is_found_in_sidecars() {
    check(|name| name.ends_with(".side"));
}

#[test]
fn what_is_sound_is_saved() {
    let directory = made();
    let name = "streams/0000000000000002/0000000000000000_0000000000000000.lines";
    flip(&directory.path().join(name), 100_000);
    let before = files(directory.path());
    let parent = tempfile::tempdir().expect("a temporary directory");
    let new = parent.path().join("new");
    let (code, said) = repair(directory.path(), &new);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(name), "{said}");
    assert_eq!(files(directory.path()), before, "the original is as it was");
    assert_eq!(inspect(&new).0, Some(0), "the new one is sound");

    let service = on(&new, &[]);
    let all: Vec<_> = (0..RECORDS).collect();
    assert_eq!(numbered::found(&service, "two"), all, "it was sound");
    let after = numbered::found(&service, "one");
    let hole = said.lines().find_map(|line| {
        let (_, rest) = line.split_once("stream one.before-")?;
        rest.split(' ').next()?.parse::<u64>().ok()
    });
    let hole = hole.expect(&said);
    let before = format!("one.before-{hole}");
    assert_eq!(
        numbered::found(&service, &before),
        (0..hole).collect::<Vec<_>>()
    );
    let next = after[0];
    assert!(next > hole && next - hole < 4_000, "{hole} to {next}");
    let behind: Vec<_> = (next..RECORDS).collect();
    assert_eq!(after, behind, "all behind the hole");
    assert_eq!(
        named(&service, &before).head().header("stream-closed"),
        "true"
    );

    numbered::append(&service, "one", RECORDS..RECORDS + 1, 1);
    assert_eq!(numbered::found(&service, "one").last(), Some(&RECORDS));
}

#[test]
fn repair_keeps_to_an_empty_folder_and_away_from_others() {
    let directory = made();
    let taken = tempfile::tempdir().expect("a temporary directory");
    fs::write(taken.path().join("mine"), "1").expect("a file");
    let (code, said) = repair(directory.path(), taken.path());
    assert_ne!(code, Some(0));
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(files(taken.path()).len(), 1);

    let service = on(directory.path(), &[]);
    let _listening = service.address();
    let new = taken.path().join("new");
    let (code, said) = repair(directory.path(), &new);
    assert_ne!(code, Some(0));
    assert!(said.contains("a producer uses it"), "{said}");
    assert!(!new.exists());
    let (code, said) = repair(taken.path(), &new);
    assert_ne!(code, Some(0));
    assert!(said.contains("holds no log"), "{said}");
    assert!(!matches!(inspect(taken.path()).0, Some(0)));
    assert_eq!(files(taken.path()).len(), 1);
}

#[test]
fn repair_makes_nothing_within_what_it_repairs() {
    let directory = made();
    let before = files(directory.path());
    for within in ["", "sub", "sub/deeper/", "streams/../sub"] {
        let (code, said) = repair(directory.path(), &directory.path().join(within));
        assert_ne!(code, Some(0));
        assert!(said.contains("lies in the damaged one"), "{said}");
    }
    assert_eq!(files(directory.path()), before);
}

#[test]
fn another_format_is_refused_by_name() {
    let directory = made();
    let names = files(directory.path()).into_keys();
    let is_read = |name: &PathBuf| {
        let name = name.to_str().expect("ASCII");
        name == "catalogue" || name.starts_with("journal/0")
    };
    let read: Vec<_> = names.filter(is_read).collect();
    assert!(read.len() >= 2, "{read:?}");
    for name in read {
        let path = directory.path().join(&name);
        let content = fs::read(&path).expect("a file");
        for magic in [&b"BrkCtlg9"[..], b"BrkJrnl9", b"rubbish!"] {
            let newer = [magic, &content[8..]].concat();
            fs::write(&path, &newer).expect("a file");
            let before = files(directory.path());
            let mut service = on(directory.path(), &[]);
            assert_eq!(service.exit_code(), Some(69));
            let said = service.stderr.all().join("\n");
            assert!(said.contains(name.to_str().expect("ASCII")), "{said}");
            assert!(said.contains("of another format"), "{said}");
            assert_eq!(files(directory.path()), before);
        }
        fs::write(&path, &content).expect("a file");
    }
    assert_eq!(
        numbered::found(&on(directory.path(), &[]), "one").len(),
        4_000
    );
}
