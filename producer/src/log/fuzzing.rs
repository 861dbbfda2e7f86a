//! What must hold of the log whatever bytes it is given: see `producer/src/fuzzing.rs`.

use std::sync::OnceLock;

use bytes::Bytes;
use common::{
    offset::Offset,
    record::Batch,
    time::{Clock, Timestamp},
};
use prometheus_client::registry::Registry;

use super::{
    Content, DEFAULT, FileBytesMax, Log, Options, Retention, Room,
    entry::Entry,
    frame::{Draft, HEAD_BYTES, Link, Read, any_later, salvage},
};

const FIRST: Link = Link {
    number: 10,
    before: 99,
};

/// The records that forks are asked of: borders with gaps of different lengths between them.
const RECORDS: &str = "1\n22\n\"three\"\n{\"four\":4}\n[]\n666666\n";

/// How many bytes behind its offset a fork may begin.
const BYTES_MAX: usize = 16;

/// Frames, in a file that holds `data`, and in one whose entries are `data`.
pub(crate) fn frames(data: &[u8]) {
    frames_by(Link::read, data);
}

/// The same with a planted fault: a decoder that looks at no check.
#[cfg(test)]
pub(crate) fn frames_unchecked(data: &[u8]) {
    let unchecked = |link: Link, text: &Bytes| match link.read(text) {
        Read::Torn("the frame's check is wrong") => Read::Frame(Vec::new(), link, text.len()),
        read => read,
    };
    frames_by(unchecked, data);
}

fn frames_by(read: impl Fn(Link, &Bytes) -> Read, data: &[u8]) {
    let file = Bytes::copy_from_slice(data);
    // A fuzzer finds out what a check must be.
    let _any = any_later(&file, 0);
    let _all = salvage(&file, 0);
    if let Read::Frame(entries, ..) = read(FIRST, &file) {
        written_again(&read, &entries);
    }
    let whole = Bytes::copy_from_slice(Draft::of(data).end(FIRST).0);
    let behind = [&whole, &b"BFr2"[..]].concat().into();
    match read(FIRST, &behind) {
        Read::Frame(entries, next, end) => {
            assert_eq!((next.number, end), (FIRST.number + 1, whole.len()));
            assert_eq!(salvage(&behind, 0), entries);
            written_again(&read, &entries);
        }
        Read::Newer => {}
        Read::Torn(why) | Read::Nothing(why) => unreachable!("{why}: {data:?}"),
    }
    if let [at, flip, ..] = *data
        && flip != 0
    {
        let at = usize::from(at);
        for at in [at % HEAD_BYTES, HEAD_BYTES + at % data.len()] {
            no_part_is_taken(&read, &whole, (at, flip));
        }
    }
}

/// Neither a frame with a byte that is another nor the beginning of one is taken for a frame.
fn no_part_is_taken(read: impl Fn(Link, &Bytes) -> Read, whole: &Bytes, (at, flip): (usize, u8)) {
    let mut damaged = whole.to_vec();
    for byte in damaged.iter_mut().skip(at).take(1) {
        *byte ^= flip;
    }
    for part in [damaged.into(), whole.slice(..at)] {
        let read = read(FIRST, &part);
        assert!(!matches!(read, Read::Frame(..) | Read::Newer));
    }
}

fn written_again(read: impl Fn(Link, &Bytes) -> Read, entries: &[Entry]) {
    let mut again = Draft::of(&[]);
    entries.iter().for_each(|entry| again.push(entry));
    let again = Bytes::copy_from_slice(again.end(FIRST).0);
    match read(FIRST, &again) {
        Read::Frame(found, ..) => assert_eq!(found, entries),
        other => unreachable!("what was written is a frame, not {other:?}"),
    }
}

/// A fork of a stream in memory that begins so many records behind `at`.
pub(crate) fn fork(at: Offset, records: u64) {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(log);
    let found = log.fork("fork", DEFAULT, Some((at, records)), BYTES_MAX);
    let found = found.ok().and_then(|fork| fork.at);
    let ends = RECORDS.match_indices('\n').map(|(end, _)| end as u64 + 1);
    let borders = [0].into_iter().chain(ends).zip(0_u64..);
    let borders: Vec<_> = borders
        .map(|(byte, record)| Offset { record, byte })
        .collect();
    let expected = borders
        .iter()
        .position(|border| *border == at)
        .and_then(|from| {
            let place = borders.get(from.checked_add(usize::try_from(records).ok()?)?)?;
            (place.byte <= at.byte + BYTES_MAX as u64).then_some(*place)
        });
    assert_eq!(found, expected, "{records} behind {at}");
}

fn log() -> Log {
    let options = Options {
        directory: None,
        retention: Retention::default(),
        memory_bytes: 1 << 20,
        inflight_bytes: 1 << 20,
        file_bytes_max: FileBytesMax {
            journal: 1 << 20,
            segment: 1 << 20,
        },
        floor_bytes: 0,
    };
    // When a log in memory begins its offsets at zero.
    let clock = Clock::manual(Timestamp(1_767_225_600_000));
    let opened = Log::open(&options, &clock, &mut Registry::default());
    let log = opened.expect("nothing can be wrong with it").0;
    let stream = log.stream(DEFAULT).expect("it is there from the beginning");
    let batch = Batch::from_ndjson(RECORDS.as_bytes()).expect("they are records");
    let appended = log.append(&stream, Content::from(batch), Room::of_source());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let appended = runtime.expect("it needs nothing").block_on(appended);
    assert!(appended.is_ok());
    log
}
