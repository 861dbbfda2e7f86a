//! Histories by chance, against the model, with restarts in between.

use fastrand::Rng;

use super::{
    forgetting_producers,
    life::Life,
    model::{Meant, Model, Operation},
    simulated::{Failure, Fault, SimDisk, State},
};

/// What there is in the beginning.
pub(super) fn beginning() -> Model {
    let streams = [("default".to_owned(), Meant::default())];
    Model {
        streams: streams.into(),
        ..Model::default()
    }
}

/// Asks a life and the model the same, and compares what they say.
fn group(life: &mut Life, model: &mut Model, rng: &mut Rng) -> Result<(), String> {
    let operations = Operation::group(model, rng.usize(1..4), rng);
    let mut next = model.clone();
    let expected: Vec<_> = operations
        .iter()
        .map(|operation| next.apply(operation))
        .collect();
    let found = life.group(&operations).ok_or("the disk has failed")?;
    *model = next;
    if found == expected {
        Ok(())
    } else {
        Err(format!("{operations:?}: {found:?} and not {expected:?}"))
    }
}

pub(super) fn history(seed: u64) -> Result<(), String> {
    let mut rng = Rng::with_seed(seed);
    let mut model = beginning();
    let mut disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    for _ in 0..rng.usize(1..4) {
        let mut life = Life::begin(&disk)?;
        life.compare(&model)?;
        for _ in 0..rng.usize(1..12) {
            group(&mut life, &mut model, &mut rng)?;
            if rng.u8(..8) == 0 {
                life.sweep();
            }
            if rng.u8(..4) == 0 {
                life.compare(&model)?;
            }
        }
        life.compare(&model)?;
        match rng.u8(..4) {
            0 => life.end_at_once(),
            1 => drop(life),
            _ => life.end(),
        }
        // The default stream is made again when somebody has deleted it.
        let default = model.streams.entry("default".to_owned());
        default.or_default();
        disk = SimDisk::new(disk.state(), Fault::None, usize::MAX);
    }
    Ok(())
}

#[test]
fn a_log_that_has_ended_holds_nothing() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    for _ in 0..2 {
        let mut life = Life::begin(&disk).unwrap();
        let mut model = beginning();
        group(&mut life, &mut model, &mut Rng::with_seed(1)).unwrap();
        drop(life);
        assert_eq!(disk.holders(), 1);
    }
    // Nor does one that could not be begun, wherever that was.
    for at in 0.. {
        let disk = SimDisk::new(disk.state(), Fault::None, usize::MAX);
        disk.fail_after(at, Failure::Error);
        drop(Life::begin(&disk));
        assert_eq!(disk.holders(), 1, "operation {at} fails");
        if disk.is_to_fail() {
            assert!(at > 5, "{at} operations");
            break;
        }
    }
}

#[test]
fn a_log_means_what_a_few_lines_say() {
    let part = |seeds: std::ops::Range<u64>| {
        for seed in seeds {
            history(seed).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        }
    };
    std::thread::scope(|scope| {
        let parts = (0..4).map(|nth| scope.spawn(move || part(nth * 2500..(nth + 1) * 2500)));
        for done in parts.collect::<Vec<_>>() {
            done.join().unwrap();
        }
    });
}

#[test]
fn a_log_that_forgets_its_producers_is_found_out() {
    let found = forgetting_producers(|| (0..200).find(|seed| history(*seed).is_err()));
    assert!(found.is_some(), "nobody noticed");
}
