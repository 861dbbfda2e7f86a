//! Power cuts on a disk of our own making, at every single operation: what was acknowledged is
//! there, what is there was asked for, and nothing in it is missing or half done.

use fastrand::Rng;

use super::{
    forgetting_producers,
    histories::beginning,
    life::Life,
    model::{FULL, KEPT_BY_BYTES, Model, Operation, Outcome},
    simulated::{Fault, SimDisk, State},
};

/// What is known to have happened to a log.
#[derive(Clone)]
pub(super) struct History {
    /// What there was after each operation, and what there may be now, the oldest first.
    moments: Vec<Model>,
    /// Which of them was acknowledged last.
    acknowledged: usize,
}

impl History {
    pub(super) fn new() -> Self {
        // The default stream is not yet there, or it is.
        Self {
            moments: vec![Model::default(), beginning()],
            acknowledged: 0,
        }
    }

    fn last(&self) -> &Model {
        &self.moments[self.moments.len() - 1]
    }

    /// Something more is asked; what is meant to come of it.
    pub(super) fn does(&mut self, operation: &Operation) -> Outcome {
        let mut moment = self.last().clone();
        let outcome = moment.apply(operation);
        self.moments.push(moment);
        outcome
    }

    /// All that was asked is acknowledged.
    pub(super) fn acknowledge(&mut self) {
        self.acknowledged = self.moments.len() - 1;
    }

    /// Some of the last operations were not done for want of space.
    fn take_back(&mut self, operations: &[Operation], outcomes: &[Outcome]) {
        self.moments.truncate(self.moments.len() - operations.len());
        for (operation, outcome) in operations.iter().zip(outcomes) {
            let mut moment = self.last().clone();
            if *outcome != FULL {
                moment.apply(operation);
            }
            self.moments.push(moment);
        }
    }

    /// Finds out which of the moments this is, and goes on from it.
    fn find(&mut self, life: &Life) -> Result<(), String> {
        let mut why = String::new();
        for (index, moment) in self
            .moments
            .iter()
            .enumerate()
            .skip(self.acknowledged)
            .rev()
        {
            let mut moment = moment.clone();
            let default = moment.streams.entry("default".to_owned());
            default.or_default();
            match life.compare(&moment) {
                Ok(()) => {
                    self.moments = vec![moment];
                    self.acknowledged = 0;
                    return Ok(());
                }
                Err(error) => why = format!("{why}; moment {index}: {error}"),
            }
        }
        Err(format!(
            "this was at no time since {}{why}",
            self.acknowledged
        ))
    }
}

/// Opens the log on `disk` and does groups of what `next` says until the power goes.
pub(super) fn live(
    disk: &SimDisk,
    history: &mut History,
    mut next: impl FnMut(&Model) -> Option<Vec<Operation>>,
) -> Result<(), String> {
    let was_to_fail = disk.is_to_fail();
    let has_failed = || !disk.has_power() || (was_to_fail && !disk.is_to_fail());
    let mut life = match Life::begin(disk) {
        Err(_) if has_failed() => return Ok(()),
        life => life?,
    };
    match history.find(&life) {
        Err(_) if has_failed() => return Ok(()),
        found => found?,
    }
    while let Some(operations) = next(history.last()) {
        let mut expected = Vec::new();
        for operation in &operations {
            expected.push(history.does(operation));
        }
        match life.group(&operations) {
            Some(found) if found == expected => history.acknowledge(),
            Some(found) if found.contains(&FULL) => history.take_back(&operations, &found),
            Some(found) if !has_failed() => {
                return Err(format!("{operations:?}: {found:?} and not {expected:?}"));
            }
            _ => {}
        }
        if !disk.has_power() {
            return Ok(());
        }
        life.sweep();
    }
    life.end();
    Ok(())
}

/// So many groups by chance.
pub(super) fn by_chance(
    groups: usize,
    rng: &mut Rng,
) -> impl FnMut(&Model) -> Option<Vec<Operation>> {
    let mut left = groups;
    move |model| {
        left = left.checked_sub(1)?;
        Some(Operation::group(model, rng.usize(1..3), rng))
    }
}

/// Cuts the power at each operation of a life, and again in the life after it.
fn cut_everywhere(fault: Fault, seed: u64) -> Result<usize, String> {
    let mut cuts = 0;
    for left in 0.. {
        let mut rng = Rng::with_seed(seed);
        let mut history = History::new();
        let disk = SimDisk::new(State::default(), fault, left);
        live(&disk, &mut history, by_chance(10, &mut rng))?;
        let finished = disk.has_power();
        let mut rng = Rng::with_seed(seed ^ left as u64);
        let again = rng.usize(1..120);
        let second = SimDisk::new(disk.after_cut(&mut rng), fault, again);
        live(&second, &mut history, by_chance(4, &mut rng))?;
        let third = SimDisk::new(second.after_cut(&mut rng), fault, usize::MAX);
        live(&third, &mut history, by_chance(2, &mut rng))?;
        cuts += 2;
        if finished {
            break;
        }
    }
    Ok(cuts)
}

/// A short life in which everything happens once: append, roll, retention, close, delete, and the
/// journal dropped.
pub(super) fn script() -> Vec<Vec<Operation>> {
    let long = format!("\"{}\"", "x".repeat(90));
    let kept = || Operation::append(KEPT_BY_BYTES, &[&long]);
    let create = |name: &str| Operation::Create {
        name: name.to_owned(),
        lines: Vec::new(),
        closed: false,
    };
    let close = Operation::Append {
        parts: vec![("a".to_owned(), vec!["5".to_owned()])],
        producer: Some(("p".to_owned(), 0, 0)),
        sequence: None,
        closes: true,
    };
    let delete = |name: &str| Operation::Delete {
        name: name.to_owned(),
    };
    let fill = || vec![Operation::append("default", &[long.as_str(); 12])];
    vec![
        vec![create("a"), create(KEPT_BY_BYTES)],
        vec![kept(), kept(), Operation::append("a", &["1", "2"])],
        fill(),
        fill(),
        vec![close],
        vec![kept(), kept()],
        fill(),
        vec![delete("a"), Operation::CreateTopic { partitions: 2 }],
        fill(),
        vec![create("a"), Operation::append("t/0", &["1"])],
        fill(),
        fill(),
    ]
}

#[test]
fn no_power_cut_loses_what_was_acknowledged() {
    let mut cuts = 0;
    for seed in 0..60 {
        match cut_everywhere(Fault::None, seed) {
            Ok(more) => cuts += more,
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
    assert!(cuts > 10_000, "{cuts} cuts");
}

#[test]
fn no_moment_of_a_short_life_is_a_bad_one_for_a_cut() {
    let scripted = || {
        let mut groups = script().into_iter();
        move |_: &Model| groups.next()
    };
    for left in 0.. {
        for seed in 0..3 {
            let mut history = History::new();
            let disk = SimDisk::new(State::default(), Fault::None, left);
            live(&disk, &mut history, scripted()).unwrap();
            let after = disk.after_cut(&mut Rng::with_seed(seed));
            let second = SimDisk::new(after, Fault::None, usize::MAX);
            let mut rng = Rng::with_seed(seed);
            live(&second, &mut history, by_chance(1, &mut rng))
                .unwrap_or_else(|why| panic!("cut after {left} operations, seed {seed}: {why}"));
            if disk.has_power() {
                return;
            }
        }
    }
}

#[test]
fn in_a_short_life_everything_happens() {
    let disk = SimDisk::new(State::default(), Fault::None, usize::MAX);
    let (mut history, mut groups) = (History::new(), script().into_iter());
    let has = |name: &str| disk.state().names.keys().any(|path| path.starts_with(name));
    let (deleted, first) = ("streams/0000000000000002", "journal/00000000000000000000");
    let (mut was_closed, mut had_segments, mut had_first) = (false, false, false);
    let next = |model: &Model| {
        was_closed |= model.streams.get("a").is_some_and(|a| a.closed);
        had_segments |= has(deleted);
        had_first |= has(first);
        groups.next()
    };
    live(&disk, &mut history, next).unwrap();
    assert!(was_closed && had_segments && had_first);
    assert!(!has(deleted), "its segments went with it");
    assert!(
        !has(first) && has("journal/spare"),
        "it was dropped, and is used again"
    );
    let life = Life::begin(&disk).unwrap();
    let kept = life.log().stream(KEPT_BY_BYTES).unwrap();
    assert!(kept.earliest().record > 0, "the oldest were let go of");
}

#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    for fault in [Fault::FileSyncDoesNothing, Fault::FolderSyncDoesNothing] {
        let found = (0..20).any(|seed| cut_everywhere(fault, seed).is_err());
        assert!(found, "{fault:?} was not noticed");
    }
}

#[test]
fn a_log_that_forgets_its_producers_is_found_out_by_a_cut() {
    let found =
        forgetting_producers(|| (0..20).any(|seed| cut_everywhere(Fault::None, seed).is_err()));
    assert!(found, "nobody noticed");
}
