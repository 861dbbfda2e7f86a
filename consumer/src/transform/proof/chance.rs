//! Cases made by chance: many are tried, and of one that is wrong it is told how to make it again.

use std::fmt::Debug;

use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestCaseError, TestRunner},
};

/// Tries so many cases, by `TESTS_SEED` where that is set. Why one is wrong, the smallest that could be
/// found, with its seed; none where all are right.
pub(crate) fn failure<S>(
    count: u32,
    cases: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) -> Option<String>
where
    S: Strategy,
    S::Value: Debug,
{
    let given = std::env::var_os("TESTS_SEED").and_then(|seed| seed.to_str()?.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::with_cases(count)
    };
    let failure = TestRunner::new(config).run(cases, test).err()?;
    Some(format!("{failure}\nTESTS_SEED={seed}"))
}
