//! Keys → numbers of groups. Groups are numbered in the order in which their keys are first seen; the
//! number of a group that was removed is given again. A null is a key as any other.
//!
//! One or two keys of at most 64 bits have a table of their own; others are encoded row by row.

mod encoded;
mod fixed;

use arrow::{array::ArrayRef, datatypes::DataType};

use self::{encoded::Encoded, fixed::Fixed};
use super::error::Fault;

pub(super) use fixed::{is_narrow, narrow, widen};

/// The groups of a table.
#[derive(Debug)]
pub(super) enum Groups {
    /// Without a key there is one group, once there was a row.
    One(bool),
    /// One narrow key.
    Narrow(Fixed<1>),
    /// Two narrow keys.
    Pair(Fixed<2>),
    /// Any keys.
    Encoded(Encoded),
}

impl Groups {
    /// No groups yet, of keys of these types.
    pub(super) fn new(types: &[DataType]) -> Result<Self, Fault> {
        Ok(match types {
            [] => Self::One(false),
            [one] if is_narrow(one) => Self::Narrow(Fixed::new([one.clone()])),
            [one, two] if is_narrow(one) && is_narrow(two) => {
                Self::Pair(Fixed::new([one.clone(), two.clone()]))
            }
            types => Self::Encoded(Encoded::new(types)?),
        })
    }

    /// Writes the group of each row into `found`.
    pub(super) fn intern(
        &mut self,
        keys: &[ArrayRef],
        rows: usize,
        found: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        found.clear();
        match self {
            Self::One(exists) => {
                *exists |= rows > 0;
                found.resize(rows, 0);
                Ok(())
            }
            Self::Narrow(groups) => groups.intern(keys, found),
            Self::Pair(groups) => groups.intern(keys, found),
            Self::Encoded(groups) => groups.intern(keys, found),
        }
    }

    /// One more than the greatest number of a group so far.
    pub(super) const fn bound(&self) -> usize {
        match self {
            Self::One(exists) => *exists as usize,
            Self::Narrow(groups) => groups.bound(),
            Self::Pair(groups) => groups.bound(),
            Self::Encoded(groups) => groups.bound(),
        }
    }

    /// The keys of these groups, a column each.
    pub(super) fn keys(&self, groups: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        match self {
            Self::One(_) => Ok(Vec::new()),
            Self::Narrow(own) => own.keys(groups),
            Self::Pair(own) => own.keys(groups),
            Self::Encoded(own) => own.keys(groups),
        }
    }

    /// Forgets these groups.
    pub(super) fn remove(&mut self, groups: &[u32]) {
        match self {
            Self::One(exists) => *exists &= groups.is_empty(),
            Self::Narrow(own) => own.remove(groups),
            Self::Pair(own) => own.remove(groups),
            Self::Encoded(own) => own.remove(groups),
        }
    }

    /// How much memory they take.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Narrow(groups) => groups.bytes(),
            Self::Pair(groups) => groups.bytes(),
            Self::Encoded(groups) => groups.bytes(),
        }
    }
}
