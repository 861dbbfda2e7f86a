//! Records that could not be read: a few a second go to the log, and all of them to the dead letters,
//! where there is a place for these.

use std::{path::PathBuf, time::Instant};

use super::error::Failure;
use crate::{
    parse::Rows,
    write::{DeadLetters, Samples},
};

/// Where rejects go.
#[derive(Debug)]
pub(super) struct Rejects {
    dead_letters: Option<DeadLetters>,
    samples: Samples,
}

impl Rejects {
    /// Makes ready to keep them in a file, if one is named, with how many bytes it may get.
    pub(super) fn new(dead_letters: Option<&(PathBuf, u64)>) -> Result<Self, Failure> {
        let open = |(path, bytes_max): &(PathBuf, u64)| {
            DeadLetters::open(path, *bytes_max).map_err(|source| Failure::DeadLetters {
                path: path.display().to_string(),
                source,
            })
        };
        Ok(Self {
            dead_letters: dead_letters.map(open).transpose()?,
            samples: Samples::new(Instant::now()),
        })
    }

    /// Takes those of a block. How many could not be kept.
    pub(super) fn take(&mut self, read: &Rows) -> u64 {
        self.samples.tell(read.rejected(), Instant::now());
        let dead_letters = self.dead_letters.as_mut();
        dead_letters.map_or(0, |letters| letters.keep(read.rejected()))
    }

    /// Says how many were not logged, and how many not kept.
    pub(super) fn finish(&mut self) {
        self.samples.finish();
        if let Some(dead_letters) = &self.dead_letters {
            dead_letters.finish();
        }
    }
}
