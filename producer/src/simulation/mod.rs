//! Simulations: the whole service in a world of one thread, made from a seed, in which the network
//! is slow and the power goes. What was acknowledged is there afterwards, what was asked for is
//! there once, and nothing that was shown is gone.
//!
//! `TESTS_SEEDS=100000 cargo test --release -p producer simulation` is the long run.

mod client;
mod history;
mod host;
mod users;

use std::{
    cell::RefCell,
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use fastrand::Rng;
use turmoil::{Builder, Sim};

use self::history::Streams;
use crate::log::proof::{foreign::ForeignDisk, forgetting_producers, simulated::Fault};

/// A world that has not come to its end after so much of its time hangs.
const WORLD_DURATION: Duration = Duration::from_secs(60);

/// So many seeds are simulated where nothing is said of it, by so many threads.
const SEEDS: u64 = 500;
const THREADS: usize = 4;

/// Where those are who append and read.
const USERS: &str = "users";

/// What came of a seed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Lived {
    /// Stands for all that has happened.
    trace: u64,
    /// How often the power went.
    cuts: usize,
    /// How often something was asked again that had been done.
    repeats: usize,
}

/// Lives one seed to its end.
fn simulate(seed: u64, fault: Fault) -> Result<Lived, String> {
    let mut rng = Rng::with_seed(seed);
    let disk = ForeignDisk::new(fault);
    let lives = RefCell::new(rng.fork());
    let mut sim = world(&mut rng);
    sim.host(host::NAME, || {
        host::live(disk.clone(), lives.borrow_mut().fork())
    });
    let history = users::Shared::default();
    sim.client(USERS, users::use_it(history.clone(), rng.fork()));
    let power = (0..rng.usize(1..8)).map(|_| rng.usize(1..100)).collect();
    let cuts = run(&mut sim, &disk, power, &mut rng)?;

    // What is in the end was there when the power had gone once more.
    crash(&mut sim, &mut rng)?;
    let found = Rc::new(RefCell::new(Streams::new()));
    sim.client("auditor", users::read_all(found.clone()));
    run(&mut sim, &disk, Vec::new(), &mut rng)?;
    let (history, found) = (history.borrow(), found.borrow());
    history.check(&found)?;
    let mut trace = DefaultHasher::new();
    (disk.trace(), format!("{history:?}{found:?}")).hash(&mut trace);
    Ok(Lived {
        trace: trace.finish(),
        cuts,
        repeats: history.repeats,
    })
}

/// A world in which nobody is yet. Of what was not synced nothing is left after a crash; or also
/// some of it, torn.
fn world<'a>(rng: &mut Rng) -> Sim<'a> {
    let mut builder = Builder::new();
    builder
        .rng_seed(rng.u64(..))
        .epoch(std::time::UNIX_EPOCH)
        .simulation_duration(WORLD_DURATION)
        .min_message_latency(Duration::ZERO)
        .max_message_latency(Duration::from_millis(rng.u64(1..10)));
    if rng.bool() {
        builder.fs().sync_probability(0.3);
    }
    if rng.bool() {
        builder.fs().block_size(rng.u64(1..64));
    }
    builder.build()
}

/// Lets time pass until all users have done what they wanted; returns how often the power went. It
/// goes after so many operations of the disk as `power` says, one life after another; then it stays.
fn run(
    sim: &mut Sim<'_>,
    disk: &ForeignDisk,
    power: Vec<usize>,
    rng: &mut Rng,
) -> Result<usize, String> {
    let (mut power, mut cuts) = (power.into_iter(), 0);
    let mut begin = || disk.power(power.next().unwrap_or(usize::MAX));
    begin();
    while !step(sim, rng)? {
        if !disk.has_power() {
            cuts += 1;
            crash(sim, rng)?;
            begin();
        }
    }
    Ok(cuts)
}

/// Lets a moment pass. Now and then nothing comes through between users and host, until it all does.
fn step(sim: &mut Sim<'_>, rng: &mut Rng) -> Result<bool, String> {
    match rng.u8(..100) {
        0 => sim.hold(USERS, host::NAME),
        1..5 => sim.release(USERS, host::NAME),
        _ => {}
    }
    sim.step().map_err(|error| error.to_string())
}

/// The host is gone with what it has not synced, for a while the network finds nobody there, and
/// then it lives again. Its connections are dropped in an order that is not ours, so the network is
/// to stand still then: else the order would decide which of them is told first.
fn crash(sim: &mut Sim<'_>, rng: &mut Rng) -> Result<(), String> {
    sim.hold(USERS, host::NAME);
    sim.crash(host::NAME);
    for _ in 0..rng.usize(1..20) {
        step(sim, rng)?;
    }
    sim.bounce(host::NAME);
    Ok(())
}

/// How many seeds are simulated.
fn seeds() -> u64 {
    let seeds = std::env::var_os("TESTS_SEEDS").and_then(|seeds| seeds.to_str()?.parse().ok());
    seeds.unwrap_or(SEEDS)
}

#[test]
fn no_seed_breaks_a_promise() {
    let (cuts, repeats) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let part = |first| {
        for seed in (first..seeds()).step_by(THREADS) {
            let lived = simulate(seed, Fault::None);
            let lived = lived.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
            cuts.fetch_add(lived.cuts, Ordering::SeqCst);
            repeats.fetch_add(lived.repeats, Ordering::SeqCst);
        }
    };
    std::thread::scope(|scope| {
        for first in (0..).take(THREADS) {
            scope.spawn(move || part(first));
        }
    });
    let (cuts, repeats) = (cuts.into_inner() as u64, repeats.into_inner() as u64);
    assert!(
        cuts > 2 * seeds() && repeats > seeds() / 4,
        "{cuts} cuts and {repeats} repeats"
    );
}

#[test]
fn a_seed_is_always_the_same_world() {
    let worlds = || (0..10).map(|seed| simulate(seed, Fault::None).unwrap());
    let (once, again): (BTreeSet<_>, BTreeSet<_>) = (worlds().collect(), worlds().collect());
    assert_eq!(once, again);
    assert_eq!(once.len(), 10, "no two seeds are the same");
}

#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    for fault in [Fault::FileSyncDoesNothing, Fault::FolderSyncDoesNothing] {
        let found = (0..SEEDS).any(|seed| simulate(seed, fault).is_err());
        assert!(found, "{fault:?} was not noticed");
    }
}

#[test]
fn a_log_that_forgets_its_producers_is_found_out() {
    let found =
        forgetting_producers(|| (0..SEEDS).any(|seed| simulate(seed, Fault::None).is_err()));
    assert!(found, "nobody noticed");
}
