//! Forks with what else a stream can do: keep less from now on, and tell where a time or a count begins.

use std::time::Duration;

use common::time::Timestamp;

use super::{
    compared::does_as_meant,
    forks::{create, delete, fill, fork, long, on, sampled, segments},
    histories::beginning,
    life::Life,
    model::{Model, Operation, Outcome},
    samples::copied,
    simulated::{Fault, SimDisk, State},
};
use crate::log::repair;

fn retain(name: &str, seconds: u64) -> Operation {
    Operation::Retain {
        name: name.to_owned(),
        age: Some(Duration::from_secs(seconds)),
    }
}

#[test]
fn who_is_to_keep_less_lets_go_of_its_own_and_not_of_what_forks_need() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    life.does([
        vec![create("a")],
        vec![long("a", 1)],
        fill(),
        vec![long("a", 2)],
        vec![fork("f", "a", None), fork("t/0", "a", Some(1))],
        fill(),
        vec![long("a", 3)],
        fill(),
    ]);
    let earliest = |life: &Life, name: &str| life.log().stream(name).unwrap().earliest().record;
    life.is_after(10);
    life.sweep();
    assert_eq!(earliest(&life, "a"), 0);
    let of_a = || segments(&disk)[0];
    for (name, own, left) in [("a", 3, 2), ("f", 2, 1), ("t/0", 1, 0)] {
        assert_eq!(life.group(&[retain(name, 1)]), Some(vec![Outcome::Done]));
        life.sweep();
        assert_eq!(earliest(&life, name), own, "{name}");
        assert_eq!(of_a(), left, "{name}");
        if name == "a" {
            let shared = ["1", "2"].map(|digit| digit.repeat(100));
            assert_eq!(life.serves("f", &shared), Ok(true));
            assert_eq!(life.serves("t/0", &shared[..1]), Ok(true));
        }
    }
    life.group(&fill()).unwrap();
    let again = Life::begin(&disk).unwrap();
    for (name, own) in [("a", 3), ("f", 2), ("t/0", 1)] {
        assert_eq!(earliest(&again, name), own, "{name}, in the next life");
    }
}

/// Finds each record of `t/0` by its count and its time, which is its second; by that exactly where each
/// is a piece of its own.
fn finds_places(life: &Life, seconds: &[i64], is_exact: bool) {
    let stream = life.log().stream("t/0").unwrap();
    let tail = stream.tail().next;
    for (record, second) in (0..).zip(seconds) {
        let place = stream.last(tail.record - record).unwrap();
        assert_eq!(place.record, record);
        let since = stream.since(Timestamp(second * 1000 - 500)).unwrap();
        assert!(since <= place, "{second} s: {since}");
        assert!(since == place || !is_exact, "{second} s: {since}");
        let between = record - since.record;
        let behind = stream.cursor(since).unwrap().behind(between, usize::MAX);
        assert_eq!(behind, Ok(place), "{second} s");
    }
    assert_eq!(stream.since(Timestamp(60_000)), Ok(tail));
}

#[test]
fn places_by_time_and_by_count_lie_in_what_is_shared_too() {
    for settles_each in [false, true] {
        let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
        let mut life = Life::begin(&disk).unwrap();
        life.group(&[create("a")]).unwrap();
        // What `t/0` has are the first two of `a`, then one of `f`, and two of its own.
        for (second, operation) in [
            long("a", 7),
            long("a", 1),
            fork("f", "a", None),
            long("a", 9),
            long("f", 2),
            fork("t/0", "f", None),
            long("f", 9),
            long("t/0", 3),
            long("t/0", 4),
        ]
        .into_iter()
        .enumerate()
        {
            life.is_after(second as i64);
            life.group(&[operation]).unwrap();
            if settles_each {
                life.group(&fill()).unwrap();
            }
        }
        for group in [
            Vec::new(),
            vec![delete("a")],
            vec![delete("f")],
            fill(),
            fill(),
        ] {
            life.group(&group).unwrap();
            finds_places(&life, &[0, 1, 4, 7, 8], settles_each);
        }
        finds_places(&Life::begin(&disk).unwrap(), &[0, 1, 4, 7, 8], settles_each);
    }
}

/// So long nothing of a sample is too old.
const LONG_SECONDS: u64 = 3_000_000_000;

/// A log in which other retentions are said of a stream, in the catalogue, and of its fork, in the journal
/// only. The sample is such a log, so what is done to it stays as it is.
fn retained(life: &mut Life) -> Model {
    let mut model = beginning();
    let groups = vec![
        vec![create("a")],
        vec![long("a", 1), fork("f", "a", Some(0))],
        vec![retain("a", LONG_SECONDS)],
        fill(),
        vec![retain("f", LONG_SECONDS + 1), long("f", 2)],
    ];
    does_as_meant(life, &mut model, groups);
    model
}

/// `TESTS_SAMPLE_OF_RETENTION=DIR cargo test -p producer --lib the_sample_of_retention` leaves one in DIR.
#[test]
fn the_sample_of_retention_is_read_and_goes_on() {
    let (copy, mut model) = sampled("log-3-retain", "TESTS_SAMPLE_OF_RETENTION", retained);
    let mut life = on(copy.path());
    life.compare(&model).unwrap();
    let groups = vec![vec![retain("a", LONG_SECONDS + 2), long("a", 3)], fill()];
    does_as_meant(&mut life, &mut model, groups);
    drop(life);
    let again = copied(copy.path());
    on(again.path()).compare(&model).unwrap();
}

fn note(notes: &[(&str, &str)]) -> Operation {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Operation::Note {
        notes: notes.iter().map(owned).collect(),
    }
}

/// A log with notes in its catalogue and in its journal, which say otherwise. The sample is such a log, so
/// what is done to it stays as it is.
fn noted(life: &mut Life) -> Model {
    let mut model = beginning();
    let groups = vec![
        vec![note(&[("n", "1"), ("n/1", "2"), ("o", "3")])],
        vec![note(&[("n/1", "")]), create("a")],
        vec![long("a", 1)],
        fill(),
        vec![note(&[("n", "4"), ("o", ""), ("p", "5")]), long("a", 2)],
    ];
    does_as_meant(life, &mut model, groups);
    model
}

/// `TESTS_SAMPLE_OF_NOTES=DIR cargo test -p producer --lib the_sample_of_notes` leaves one in DIR.
#[test]
fn the_sample_of_notes_is_read_and_goes_on() {
    let (copy, mut model) = sampled("log-3-notes", "TESTS_SAMPLE_OF_NOTES", noted);
    assert_eq!(model.notes.len(), 2);
    let mut life = on(copy.path());
    life.compare(&model).unwrap();
    let groups = vec![vec![note(&[("p", ""), ("n/1", "6")]), long("a", 3)], fill()];
    does_as_meant(&mut life, &mut model, groups);
    drop(life);
    let (again, repaired) = (copied(copy.path()), tempfile::tempdir().unwrap());
    repair(again.path(), repaired.path()).unwrap();
    on(again.path()).compare(&model).unwrap();
    on(repaired.path()).compare(&model).unwrap();
}
