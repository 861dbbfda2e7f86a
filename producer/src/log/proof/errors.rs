//! A disk that fails once, at every single operation of a life: nothing that was acknowledged is
//! missing in the next life, nor after a power cut in that one.

use fastrand::Rng;

use super::{
    model::Model,
    power::{History, by_chance, live, script},
    simulated::{Failure, Fault, SimDisk, State},
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
