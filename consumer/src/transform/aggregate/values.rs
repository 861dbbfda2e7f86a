//! Values as a set holds them.

use std::{fmt::Debug, hash::Hash};

use arrow::{
    array::{ArrayRef, Int64Array},
    buffer::ScalarBuffer,
    datatypes::DataType,
    row::Rows,
};

use super::sorted::Sorter;
use crate::transform::{
    error::Fault,
    group::{narrow, widen},
};

/// Values of a type.
pub(super) trait Values: Debug + Send {
    /// One of them.
    type One: Debug + Ord + Send;
    /// All of a batch.
    type Column;
    /// One of those.
    type Row<'a>: Copy + Hash;

    /// All values of a column that has no nulls where they are used.
    fn read(&self, column: &ArrayRef) -> Result<Self::Column, Fault>;
    /// The value of a row of it.
    fn at(column: &Self::Column, row: usize) -> Self::Row<'_>;
    /// A value that is held.
    fn row(one: &Self::One) -> Self::Row<'_>;
    /// Whether it is this one.
    fn is(one: &Self::One, row: Self::Row<'_>) -> bool;
    /// A value to be held.
    fn own(row: Self::Row<'_>) -> Self::One;
    /// The way back.
    fn write(&self, values: &[&Self::One]) -> Result<ArrayRef, Fault>;
    /// How much memory a value takes beside itself.
    fn bytes(one: &Self::One) -> usize;
}

/// Values that are whole numbers of at most 64 bits underneath.
#[derive(Debug)]
pub(super) struct Narrow(pub(super) DataType);

impl Values for Narrow {
    type One = i64;
    type Column = ScalarBuffer<i64>;
    type Row<'a> = i64;

    fn read(&self, column: &ArrayRef) -> Result<Self::Column, Fault> {
        Ok(widen(column)?.values().clone())
    }

    #[inline]
    fn at(column: &Self::Column, row: usize) -> i64 {
        column.get(row).copied().unwrap_or_default()
    }

    #[inline]
    fn row(one: &i64) -> i64 {
        *one
    }

    #[inline]
    fn is(one: &i64, row: i64) -> bool {
        *one == row
    }

    fn own(row: i64) -> i64 {
        row
    }

    fn write(&self, values: &[&i64]) -> Result<ArrayRef, Fault> {
        let values = values.iter().map(|value| **value);
        narrow(&Int64Array::from_iter_values(values), &self.0)
    }

    fn bytes(_: &i64) -> usize {
        0
    }
}

/// Values of any other type.
impl Values for Sorter {
    type One = Box<[u8]>;
    type Column = Rows;
    type Row<'a> = &'a [u8];

    fn read(&self, column: &ArrayRef) -> Result<Self::Column, Fault> {
        self.encode(column)
    }

    #[inline]
    fn at(column: &Self::Column, row: usize) -> &[u8] {
        column.row(row).data()
    }

    #[inline]
    fn row(one: &Box<[u8]>) -> &[u8] {
        one
    }

    #[inline]
    fn is(one: &Box<[u8]>, row: &[u8]) -> bool {
        **one == *row
    }

    fn own(row: &[u8]) -> Box<[u8]> {
        row.into()
    }

    fn write(&self, values: &[&Box<[u8]>]) -> Result<ArrayRef, Fault> {
        self.decode(values.iter().map(|value| Some(&***value)))
    }

    fn bytes(one: &Box<[u8]>) -> usize {
        one.len()
    }
}
