//! A stream and a log as they are, compared with what they mean.

use super::{
    life::{Life, RETENTION_BYTES},
    model::{Meant, Model, Operation},
};
use crate::log::{kept::SEGMENT_BYTES, stream::Stream};

/// Does these groups to a log that is as `model` means.
pub(super) fn does_as_meant(life: &mut Life, model: &mut Model, groups: Vec<Vec<Operation>>) {
    for group in groups {
        let expected: Vec<_> = group.iter().map(|each| model.apply(each)).collect();
        assert_eq!(life.group(&group), Some(expected));
    }
    life.compare(model).unwrap();
}

/// Whether a stream is what is meant; of one that may be cut the oldest may be gone.
pub(super) fn compare(stream: &Stream, meant: &Meant) -> Result<(), String> {
    let head = stream.head();
    same("closed", head.closed, meant.closed)?;
    same("sequence", &head.sequence, &meant.sequence)?;
    let producers = head
        .producers
        .all()
        .map(|producer| (producer.id, (producer.epoch, producer.sequence)));
    same("closed by", &head.closed_by, &meant.closed_by)?;
    same("producers", producers.collect(), meant.producers.clone())?;
    drop(head);
    same("kept", stream.settings().retention.age, meant.kept)?;
    same(
        "tail",
        stream.tail().next.record,
        meant.records.len() as u64,
    )?;
    same("retired", stream.tail().deleted, meant.is_retired)?;
    if meant.is_retired {
        return Ok(());
    }
    let (earliest, tail) = (stream.earliest(), stream.tail().next);
    if earliest.record > 0 && (!meant.is_cut || tail.byte - earliest.byte < RETENTION_BYTES) {
        return Err(format!("it begins at {earliest}, and ends at {tail}"));
    }
    let mut cursor = stream.cursor(earliest).map_err(|error| error.to_string())?;
    let mut left = meant.records[usize::try_from(earliest.record).unwrap()..].iter();
    while let Some(page) = cursor
        .read(SEGMENT_BYTES)
        .map_err(|lost| lost.to_string())?
    {
        stream
            .cursor(page.first)
            .map_err(|error| error.to_string())?;
        for line in common::ndjson::lines(&page.lines) {
            let expected = left.next().map(String::as_bytes);
            same("record", Some(line), expected)?;
        }
    }
    same("records left", left.count(), 0)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "both are made to be compared"
)]
pub(super) fn same<T: Eq + std::fmt::Debug>(
    what: &str,
    found: T,
    expected: T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} and not {expected:?}"))
    }
}
