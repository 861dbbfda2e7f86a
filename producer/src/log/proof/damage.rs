//! Bits that flip and files that are cut, at random places of a directory: what is damaged is named
//! and never served, and nothing is removed because of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use fastrand::Rng;

use super::{
    life::Life,
    model::{Model, Operation},
    power::script,
    simulated::{Fault, SimDisk, State},
    trusting_the_disk,
};
use crate::log::{shelf, survey::Survey};

impl State {
    /// How long each file is.
    fn lengths(&self) -> BTreeMap<String, usize> {
        let name = |path: &PathBuf| path.display().to_string();
        let length = |number: &usize| self.files[*number].now.len();
        self.names
            .iter()
            .map(|(path, number)| (name(path), length(number)))
            .collect()
    }

    /// With one bit flipped, somewhere; and in which file.
    fn flipped(&self, rng: &mut Rng) -> (Self, PathBuf) {
        self.damaged(rng, |content, rng| {
            let at = rng.usize(..content.len());
            content[at] ^= 1 << rng.u8(..8);
        })
    }

    /// With one file cut, somewhere; and which.
    fn cut(&self, rng: &mut Rng) -> (Self, PathBuf) {
        self.damaged(rng, |content, rng| {
            content.truncate(rng.usize(..content.len()))
        })
    }

    fn damaged(&self, rng: &mut Rng, damage: impl Fn(&mut Vec<u8>, &mut Rng)) -> (Self, PathBuf) {
        let mut state = self.clone();
        let is_used = |path: &&PathBuf| is_used(path);
        let paths: Vec<_> = self.names.keys().filter(is_used).collect();
        loop {
            let path = paths[rng.usize(..paths.len())];
            let file = &mut state.files[self.names[path]];
            if !file.now.is_empty() {
                damage(&mut file.now, rng);
                file.durable.clone_from(&file.now);
                return (state, path.clone());
            }
        }
    }
}

/// A directory in which everything is that can be there, and what it means. Some of it is settled,
/// the rest is in the journal.
fn directory() -> (State, Model) {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    let mut model = super::histories::beginning();
    let last = vec![Operation::append("default", &["1", "2"])];
    for group in script().into_iter().chain([last]) {
        for operation in &group {
            model.apply(operation);
        }
        life.group(&group).unwrap();
    }
    (disk.state(), model)
}

/// What `found` serves is what `model` means, or says that it is damaged.
fn is_honest(disk: &SimDisk, model: &Model) -> Result<bool, String> {
    let Ok(life) = Life::begin(disk) else {
        // It refuses to start: that names the damage.
        return Ok(false);
    };
    let mut is_whole = true;
    let live = model.streams.iter().filter(|(_, meant)| !meant.is_retired);
    for (name, meant) in live {
        is_whole &= life.serves(name, &meant.records)?;
    }
    Ok(is_whole)
}

fn names(state: &State) -> BTreeMap<String, usize> {
    state.lengths()
}

#[test]
fn damage_is_named_and_never_served() {
    let (state, model) = directory();
    let (mut named, mut rng) = (0, Rng::with_seed(7));
    for round in 0..1500 {
        let (damaged, path) = if rng.u8(..4) == 0 {
            state.cut(&mut rng)
        } else {
            state.flipped(&mut rng)
        };
        let before = names(&damaged);
        let disk = SimDisk::new(damaged.clone(), Fault::None, usize::MAX);
        let is_sound = Survey::of(&disk).unwrap().is_sound();
        let kept = names(&disk.state());
        assert_eq!(before, kept, "round {round}: to look at it changes nothing");
        let is_whole = is_honest(&disk, &model);
        let is_whole = is_whole.unwrap_or_else(|why| panic!("round {round}: {why}"));
        if !is_whole {
            // What is not there is missed by the one who looks; but the end of the journal, which
            // could also be what a power cut has left.
            let path = path.display();
            assert!(
                !is_sound || path.to_string().starts_with("journal/"),
                "round {round}: {path}"
            );
            named += usize::from(!is_sound);
        }
        let segments = |names: &BTreeMap<String, usize>| {
            let segments = names.iter().filter(|(name, _)| name.ends_with(".lines"));
            segments.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        for segment in segments(&before) {
            let is_there = segments(&names(&disk.state())).contains(&segment);
            assert!(is_there, "round {round}: {segment} was removed");
        }
    }
    assert!(named > 500, "{named} were named");
}

#[test]
fn a_log_that_trusts_its_disk_is_found_out() {
    let (state, model) = directory();
    let mut rng = Rng::with_seed(7);
    let serves_damage = |_| {
        let (damaged, _) = state.flipped(&mut rng);
        let disk = SimDisk::new(damaged, Fault::None, usize::MAX);
        is_honest(&disk, &model).is_err()
    };
    let found = trusting_the_disk(|| (0..500).any(serves_damage));
    assert!(found, "nobody noticed");
}

/// A directory in which stream `a` has a segment of several pieces; and that one's sidecar.
fn pieces() -> (State, PathBuf) {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    let long = format!("\"{}\"", "x".repeat(1200));
    let create = Operation::Create {
        name: "a".to_owned(),
        lines: Vec::new(),
        closed: false,
    };
    life.group(&[create]).unwrap();
    for line in ["1", "2", "3", "4"] {
        life.group(&[Operation::append("a", &[line])]).unwrap();
        let fill = Operation::append("default", &[&long, &long]);
        life.group(&[fill]).unwrap();
    }
    life.end();
    let state = disk.state();
    let is_of_a = |path: &&PathBuf| path.starts_with("streams/0000000000000002");
    let mut of_a = state.names.keys().filter(is_of_a);
    let side = of_a.find(|path| path.extension() == Some("side".as_ref()));
    let side = side.unwrap().clone();
    (state, side)
}

#[test]
fn a_damaged_description_is_named_whatever_stands_behind_it() {
    let (state, side) = pieces();
    let length = state.lengths()[side.to_str().unwrap()];
    assert!(length >= shelf::HEAD_BYTES + 3 * shelf::PIECE_BYTES);
    for at in 0..length {
        let mut damaged = state.clone();
        damaged.files[state.names[&side]].now[at] ^= 1;
        let disk = SimDisk::new(damaged, Fault::None, usize::MAX);
        let faults = Survey::of(&disk).unwrap().faults;
        let said = faults.join("\n");
        assert!(said.contains(side.to_str().unwrap()), "{at}: {said}");
        let is_placed = |fault: &String| fault.contains("from 0000000000000");
        assert!(faults.iter().any(is_placed), "{at}: {said}");
    }
}

/// That `state` is refused at the start, and called damaged by who looks, with the name of `file`;
/// and that nothing in it is changed.
fn is_refused(state: &State, file: &Path) {
    let file = file.to_str().unwrap();
    let disk = SimDisk::new(state.clone(), Fault::None, usize::MAX);
    let before = names(&disk.state());
    let faults = Survey::of(&disk).unwrap().faults;
    assert!(
        faults.iter().any(|fault| fault.contains(file)),
        "{faults:?}"
    );
    let why = Life::begin(&disk).map(drop).unwrap_err();
    assert!(why.contains(file), "{why}");
    assert_eq!(names(&disk.state()), before);
}

/// The files of the journal, in order.
/// Whether something is told by it: it is none that space is held in.
fn is_used(path: &Path) -> bool {
    !path.ends_with("spare") && !path.ends_with("reserve")
}

fn journal(state: &State) -> Vec<PathBuf> {
    let is_file = |path: &&PathBuf| path.starts_with("journal") && is_used(path);
    state.names.keys().filter(is_file).cloned().collect()
}

#[test]
fn a_journal_file_that_the_catalogue_mentions_is_missed() {
    let (mut state, _) = directory();
    let files = journal(&state);
    assert_eq!(files.len(), 1);
    state.names.remove(&files[0]);
    is_refused(&state, &files[0]);
}

#[test]
fn a_journal_file_that_was_cut_is_refused() {
    let (state, _) = directory();
    let file = journal(&state).remove(0);
    let length = state.lengths()[file.to_str().unwrap()];
    for length in (0..length).step_by(7) {
        let mut cut = state.clone();
        cut.files[state.names[&file]].now.truncate(length);
        is_refused(&cut, &file);
    }
}

#[test]
fn records_of_which_nothing_tells_are_left_as_they_are() {
    let (mut state, _) = directory();
    state.names.retain(|path, _| path.starts_with("streams"));
    is_refused(&state, Path::new("streams"));
}

#[test]
fn files_of_a_newer_format_are_refused_by_name() {
    let (state, _) = directory();
    let newer = |path: &PathBuf| {
        let mut state = state.clone();
        let content = &mut state.files[state.names[path]].now;
        assert!(content.starts_with(b"Brk"), "{}", path.display());
        content[7] += 1;
        state
    };
    for path in journal(&state).iter().chain([&PathBuf::from("catalogue")]) {
        is_refused(&newer(path), path);
    }
    // A sidecar is read when somebody asks for what it describes.
    let sides = state
        .names
        .keys()
        .filter(|path| path.extension() == Some("side".as_ref()));
    for path in sides {
        let disk = SimDisk::new(newer(path), Fault::None, usize::MAX);
        let faults = Survey::of(&disk).unwrap().faults.join("\n");
        let said = format!(
            "{}: its head is damaged, or of another format",
            path.display()
        );
        assert!(faults.contains(&said), "{faults}");
    }
}

#[test]
fn a_sound_directory_is_sound() {
    let (state, model) = directory();
    let disk = SimDisk::new(state, Fault::None, usize::MAX);
    let survey = Survey::of(&disk).unwrap();
    assert!(survey.is_sound(), "{:?}", survey.faults);
    assert_eq!(is_honest(&disk, &model), Ok(true));
}
