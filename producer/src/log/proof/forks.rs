//! What forks share stays as long as they need it, and no longer; power cuts at every moment of that.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use common::offset::Offset;
use fastrand::Rng;

use super::{
    compared::does_as_meant,
    forgetting_pins,
    histories::{beginning, history},
    life::Life,
    model::{FULL, KEPT_BY_BYTES, Model, Operation},
    power::{History, by_chance, live},
    samples::{copied, sample},
    simulated::{Fault, SimDisk, State},
};
use crate::log::{Refused, disk::Folder, inspect, repair, survey::Survey};

pub(super) fn fork(name: &str, source: &str, records: Option<usize>) -> Operation {
    Operation::Fork {
        name: name.to_owned(),
        source: source.to_owned(),
        records,
    }
}

pub(super) fn delete(name: &str) -> Operation {
    Operation::Delete {
        name: name.to_owned(),
    }
}

pub(super) fn create(name: &str) -> Operation {
    Operation::Create {
        name: name.to_owned(),
        lines: Vec::new(),
        closed: false,
    }
}

/// So much that what came before it is settled.
pub(super) fn fill() -> Vec<Operation> {
    let long = format!("\"{}\"", "x".repeat(90));
    vec![Operation::append("default", &[long.as_str(); 24])]
}

/// A record as long as a segment.
pub(super) fn long(name: &str, digit: u8) -> Operation {
    let line = digit.to_string().repeat(100);
    Operation::append(name, &[&line])
}

/// A life in which everything happens that can happen to forks.
fn script() -> Vec<Vec<Operation>> {
    let kept = |digit| vec![long(KEPT_BY_BYTES, digit)];
    vec![
        vec![create(KEPT_BY_BYTES), create("a")],
        vec![long("a", 1)],
        kept(1),
        fill(),
        vec![long("a", 2)],
        vec![fork("f", KEPT_BY_BYTES, None)],
        fill(),
        kept(2),
        fill(),
        kept(3),
        fill(),
        vec![long("f", 7), fork("g", "a", Some(1))],
        vec![long("g", 8)],
        fill(),
        vec![fork("t/0", "g", None), long("g", 9)],
        vec![delete("a")],
        fill(),
        vec![delete(KEPT_BY_BYTES)],
        vec![delete("g")],
        fill(),
        vec![delete("f")],
        fill(),
        vec![delete("t/0")],
        fill(),
        vec![create("a"), create("g")],
    ]
}

/// How many segments each stream has on a disk, by its number.
pub(super) fn segments(disk: &SimDisk) -> Vec<usize> {
    let state = disk.state();
    let of = |number: u64| {
        let folder = format!("streams/{number:016x}");
        let names = state.names.keys().filter(|path| path.starts_with(&folder));
        let is_segment = |path: &&PathBuf| path.extension() == Some("lines".as_ref());
        names.filter(is_segment).count()
    };
    (2..7).map(of).collect()
}

#[test]
fn what_is_shared_stays_and_goes_with_the_last_fork() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let (mut history, mut groups) = (History::new(), script().into_iter());
    let mut seen = Vec::new();
    let next = |_: &Model| {
        let survey = Survey::of(&disk).unwrap();
        assert!(survey.is_sound(), "{:?}", survey.faults);
        seen.push(segments(&disk));
        groups.next()
    };
    live(&disk, &mut history, next).unwrap();
    // Of `kept`, `a`, `f`, `g` and `t/0`, behind each group that is followed by what settles it.
    for (group, expected, why) in [
        (
            11,
            [2, 2, 0, 0, 0],
            "the fork has the first of three, and its source the last",
        ),
        (14, [2, 2, 1, 1, 0], "a fork has segments of its own"),
        (
            17,
            [2, 1, 1, 2, 0],
            "of what is deleted only what is shared stays",
        ),
        (20, [1, 1, 1, 1, 0], "also where that is a fork"),
        (22, [0, 1, 0, 1, 0], "it goes with its only fork"),
        (
            24,
            [0, 0, 0, 0, 0],
            "and so does all that the last one needed",
        ),
    ] {
        assert_eq!(seen[group], expected, "{why}");
    }
}

#[test]
fn no_moment_in_the_life_of_forks_is_a_bad_one_for_a_cut() {
    let scripted = || {
        let mut groups = script().into_iter();
        move |_: &Model| groups.next()
    };
    for left in 0.. {
        let mut history = History::new();
        let disk = SimDisk::new(State::default(), Fault::None, left);
        live(&disk, &mut history, scripted()).unwrap();
        let mut rng = Rng::with_seed(left as u64);
        let after = disk.after_cut(&mut rng);
        let second = SimDisk::new(after, Fault::None, usize::MAX);
        live(&second, &mut history, by_chance(1, &mut rng))
            .unwrap_or_else(|why| panic!("cut after {left} operations: {why}"));
        let survey = Survey::of(&second).unwrap();
        assert!(survey.is_sound(), "after {left}: {:?}", survey.faults);
        if disk.has_power() {
            assert!(left > 500, "{left} cuts");
            return;
        }
    }
}

#[test]
fn a_log_that_forgets_what_forks_need_is_found_out() {
    let found = forgetting_pins(|| (0..300).find(|seed| history(*seed).is_err()));
    assert!(found.is_some(), "nobody noticed");
}

/// A log in which `t/0` is a fork of `g`, which is one of `a`, and both are deleted; and `f` one of what
/// is kept by bytes. The sample is such a log, so what is done to it stays as it is.
fn forked(life: &mut Life) -> Model {
    let mut model = beginning();
    for group in script().into_iter().take(20) {
        for operation in &group {
            model.apply(operation);
        }
        life.group(&group).unwrap();
    }
    model
}

#[test]
fn damage_of_what_is_shared_is_named_for_the_fork_too() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let model = forked(&mut Life::begin(&disk).unwrap());
    let mut state = disk.state();
    let is_of_a = |path: &&PathBuf| path.starts_with("streams/0000000000000003");
    let mut paths = state.names.keys().filter(is_of_a);
    let lines = paths.find(|path| path.extension() == Some("lines".as_ref()));
    let lines = lines.unwrap().clone();
    state.files[state.names[&lines]].now[50] ^= 1;
    let damaged = SimDisk::new(state, Fault::None, usize::MAX);
    let faults = Survey::of(&damaged).unwrap().faults.join("\n");
    assert!(faults.contains(lines.to_str().unwrap()), "{faults}");
    let of_fork = "streams/0000000000000006: what lies from";
    assert!(faults.contains(of_fork), "{faults}");
    let life = Life::begin(&damaged).unwrap();
    let is_served = |name: &str| life.serves(name, &model.streams[name].records);
    assert_eq!(is_served("t/0"), Ok(false), "it is not served");
    assert_eq!(is_served("f"), Ok(true));
}

#[test]
fn a_repaired_fork_has_its_past_and_needs_nobody() {
    let (made, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let model = forked(&mut on(made.path()));
    let said = inspect(copied(made.path()).path()).unwrap().to_string();
    let line =
        "forked from number 3 at 0000000000000001_0000000000000101, deleted but for its forks";
    assert!(said.contains(line), "{said}");
    repair(copied(made.path()).path(), new.path()).unwrap();
    let life = on(new.path());
    for (name, meant) in &model.streams {
        let is_served = life.serves(name, &meant.records);
        assert_eq!(is_served, Ok(!meant.is_retired), "{name}");
    }
    assert!(inspect(new.path()).unwrap().is_sound());
}

#[test]
fn a_fork_lets_go_of_its_past_before_anything_of_its_own() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    life.does([
        vec![create("a")],
        vec![long("a", 1)],
        fill(),
        vec![long("a", 2)],
        vec![fork("g", "a", None)],
        fill(),
    ]);
    let fork = life.log().stream("g").unwrap();
    assert_eq!(fork.earliest().record, 0);
    life.is_after(10);
    life.sweep();
    assert_eq!(fork.earliest().record, 2, "its past is older than a second");
    life.does([vec![long("g", 3)], fill(), vec![long("g", 4)]]);
    assert_eq!(fork.earliest().record, 2);
    assert!(fork.cursor(Offset::default()).is_err());
    life.is_after(12);
    life.sweep();
    assert_eq!(fork.earliest().record, 3, "its first record is, too");
    let of_a = || segments(&disk)[0];
    assert_eq!(of_a(), 2, "its source keeps all");
    life.group(&[delete("a")]).unwrap();
    life.does([fill(), fill()]);
    assert_eq!(of_a(), 0, "its fork needs nothing of it");
    let is_gone = life.log().find("a").unwrap_err();
    assert!(matches!(is_gone, Refused::Deleted(_)), "{is_gone}");
    let again = Life::begin(&disk).unwrap().log().stream("g").unwrap();
    assert_eq!(again.earliest(), fork.earliest());
}

#[test]
fn what_is_deleted_but_for_its_forks_makes_space_on_a_full_disk() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    life.does([
        vec![create("a")],
        vec![long("a", 1)],
        vec![fork("f", "a", None)],
        fill(),
        vec![long("a", 2)],
    ]);
    life.does([fill(), fill()]);
    assert_eq!(segments(&disk)[0], 2);
    life.is_full();
    let refused = life.group(&[long("a", 3)]).unwrap();
    assert_eq!(refused, [FULL]);
    life.group(&[delete("a")]).unwrap();
    life.settle().unwrap();
    assert_eq!(segments(&disk)[0], 1, "only what is shared is left");
}

/// A copy of the sample of that name, and what it means: what `made` makes. Where a variable of the
/// environment names a directory, one as it is written now is left there.
pub(super) fn sampled(
    name: &str,
    variable: &str,
    made: fn(&mut Life) -> Model,
) -> (tempfile::TempDir, Model) {
    if let Some(directory) = std::env::var_os(variable) {
        made(&mut on(Path::new(&directory)));
    }
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let model = made(&mut Life::begin(&disk).unwrap());
    let copy = copied(&sample(name));
    assert!(inspect(copy.path()).unwrap().is_sound());
    (copy, model)
}

/// The log in a directory.
pub(super) fn on(directory: &Path) -> Life {
    Life::on(Arc::new(Folder::lock(directory).unwrap())).unwrap()
}

/// `TESTS_SAMPLE_OF_FORKS=DIR cargo test -p producer --lib the_sample_of_forks` leaves one in DIR.
#[test]
fn the_sample_of_forks_is_read_and_goes_on() {
    let (copy, mut model) = sampled("log-3-forks", "TESTS_SAMPLE_OF_FORKS", forked);
    let mut life = on(copy.path());
    life.compare(&model).unwrap();
    let groups = vec![
        vec![long("f", 5), long("t/0", 5)],
        fill(),
        vec![delete("t/0")],
        fill(),
    ];
    does_as_meant(&mut life, &mut model, groups);
    assert!(
        !model.streams.contains_key("a"),
        "it went with its last fork"
    );
}
