//! A disk that fails once, at every single operation of a life: nothing that was acknowledged is
//! missing in the next life, nor after a power cut in that one.

use std::sync::Arc;

use fastrand::Rng;

use super::{
    life::Life,
    model::Model,
    power::{History, by_chance, live, script},
    simulated::{Failure, Fault, SimDisk, State},
};
use crate::log::{
    frame::Link,
    journal::{self, Files},
};

fn fail_everywhere(failure: Failure, fault: Fault) -> Result<usize, String> {
    for at in 0.. {
        let mut groups = script().into_iter();
        let mut history = History::new();
        let disk = SimDisk::new(State::default(), fault, usize::MAX);
        disk.fail_after(at, failure);
        let name = |why| format!("operation {at} fails: {why}");
        live(&disk, &mut history, |_: &Model| groups.next()).map_err(name)?;
        let was_reached = !disk.is_to_fail();
        // The process begins anew; the system goes on.
        let mut rng = Rng::with_seed(at as u64);
        let second = SimDisk::new(disk.state(), fault, usize::MAX);
        live(&second, &mut history, by_chance(2, &mut rng)).map_err(name)?;
        let third = SimDisk::new(second.after_cut(&mut rng), fault, usize::MAX);
        live(&third, &mut history, by_chance(1, &mut rng)).map_err(name)?;
        if !was_reached {
            return Ok(at);
        }
    }
    Ok(0)
}

/// What a life leaves behind that is killed after so many groups of the script.
fn killed_after(groups: usize) -> (State, History) {
    let mut history = History::new();
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let mut life = Life::begin(&disk).unwrap();
    for group in script().into_iter().take(groups) {
        for operation in &group {
            history.does(operation);
        }
        life.group(&group).unwrap();
        history.acknowledge();
    }
    (disk.state(), history)
}

/// Lets each operation fail of a start after which nothing is asked; then the power goes, and it is
/// started once more.
fn fail_at_start(state: &State, history: &History, failure: Failure) -> Result<usize, String> {
    for at in 0.. {
        let mut history = history.clone();
        let name = |why| format!("operation {at} fails: {why}");
        let first = SimDisk::new(state.clone(), Fault::None, usize::MAX);
        first.fail_after(at, failure);
        live(&first, &mut history, |_: &Model| None).map_err(name)?;
        let mut rng = Rng::with_seed(at as u64);
        let second = SimDisk::new(first.after_cut(&mut rng), Fault::None, usize::MAX);
        live(&second, &mut history, by_chance(1, &mut rng)).map_err(name)?;
        if first.is_to_fail() {
            return Ok(at);
        }
    }
    Ok(0)
}

#[test]
fn a_file_that_is_announced_is_there_whatever_failed_before() {
    let link = Link {
        number: 7,
        before: 1,
    };
    for at in 0.. {
        let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
        let files = Files::new(Arc::new(disk.clone()), 0);
        disk.fail_after(at, Failure::Error);
        let has_begun = files.begin(link, 100).is_ok();
        disk.fail_after(usize::MAX, Failure::Error);
        files.announce(link).unwrap();
        for seed in 0..10 {
            let after = disk.after_cut(&mut Rng::with_seed(seed));
            let is_there = after.names.contains_key(&journal::path(link.number));
            assert!(is_there, "operation {at} fails, seed {seed}");
        }
        if has_begun {
            assert!(at > 3, "{at} operations");
            break;
        }
    }
}

#[test]
fn no_failure_of_the_disk_at_a_start_keeps_the_next_one_from_it() {
    let check = |groups| {
        let (state, history) = killed_after(groups);
        for failure in [Failure::Error, Failure::Short, Failure::NoSpace] {
            match fail_at_start(&state, &history, failure) {
                Ok(operations) => assert!(operations > 5, "{operations} operations"),
                Err(why) => panic!("after {groups} groups, {failure:?}: {why}"),
            }
        }
    };
    // Side by side, for a log waits until there is space.
    std::thread::scope(|scope| {
        for groups in 0..=script().len() {
            scope.spawn(move || check(groups));
        }
    });
}

#[test]
fn no_failure_of_the_disk_loses_what_was_acknowledged() {
    for failure in [Failure::Error, Failure::Short, Failure::NoSpace] {
        match fail_everywhere(failure, Fault::None) {
            Ok(operations) => assert!(operations > 100, "{operations} operations"),
            Err(why) => panic!("{failure:?}: {why}"),
        }
    }
}

#[test]
fn a_disk_that_fails_and_does_not_sync_is_found_out() {
    let found = fail_everywhere(Failure::Error, Fault::FileSyncDoesNothing);
    assert!(found.is_err(), "nobody noticed");
}
