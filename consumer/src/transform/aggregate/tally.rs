//! Sums that can be added to and taken back from: of whole numbers, of floating-point numbers, and of
//! decimals.

use std::{fmt::Debug, sync::Arc};

use arrow::{
    array::{ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array},
    compute::cast,
    datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Float64Type, Int64Type, i256},
};

use super::part;
use crate::transform::{error::Fault, group::narrow};

/// One sum.
pub(super) trait Tally: Debug + Default + Clone + Copy + Send {
    /// What is added up.
    type Of: ArrowPrimitiveType;

    /// Adds a value, or takes it back.
    fn add(&mut self, value: <Self::Of as ArrowPrimitiveType>::Native, adds: bool);

    /// Adds another sum.
    fn join(&mut self, other: Self);

    /// Sums as columns that tell all of them.
    fn columns(sums: impl Iterator<Item = Self> + Clone) -> Vec<ArrayRef>;

    /// The way back.
    fn from_columns(columns: &[ArrayRef]) -> Result<Vec<Self>, Fault>;

    /// Sums as values of `to`; of type `from` are what was added up.
    fn sums(sums: &[Option<Self>], from: &DataType, to: &DataType) -> Result<ArrayRef, Fault>;

    /// Averages as values of `to`.
    fn averages(
        sums: &[Option<(Self, i64)>],
        from: &DataType,
        to: &DataType,
    ) -> Result<ArrayRef, Fault>;
}

/// A sum of whole numbers. It wraps around.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Whole(i64);

/// A sum of floating-point numbers, compensated (Neumaier 1974).
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Real {
    sum: f64,
    /// What the roundings of `sum` have lost.
    lost: f64,
}

/// A sum of decimals, in units of their last digit. It has 64 bits more than its values, so that what has too
/// many digits is known, and comes back when enough is taken back.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Exact {
    /// The last 128 bits, with their sign.
    low: i128,
    /// How often 2^128 is to be added.
    high: i64,
}

impl Tally for Whole {
    type Of = Int64Type;

    #[inline]
    fn add(&mut self, value: i64, adds: bool) {
        self.0 = match adds {
            true => self.0.wrapping_add(value),
            false => self.0.wrapping_sub(value),
        };
    }

    fn join(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    fn columns(sums: impl Iterator<Item = Self> + Clone) -> Vec<ArrayRef> {
        vec![Arc::new(Int64Array::from_iter_values(
            sums.map(|sum| sum.0),
        ))]
    }

    fn from_columns(columns: &[ArrayRef]) -> Result<Vec<Self>, Fault> {
        let sums = part(columns, 0)?.as_primitive::<Int64Type>();
        Ok(sums.values().iter().map(|sum| Self(*sum)).collect())
    }

    fn sums(sums: &[Option<Self>], _: &DataType, to: &DataType) -> Result<ArrayRef, Fault> {
        let unused = 64 - to.primitive_width().map_or(64, |bytes| bytes * 8);
        let wrapped = |sum: Self| sum.0 << unused >> unused;
        narrow(&sums.iter().map(|sum| sum.map(wrapped)).collect(), to)
    }

    fn averages(
        sums: &[Option<(Self, i64)>],
        _: &DataType,
        to: &DataType,
    ) -> Result<ArrayRef, Fault> {
        let average = |(sum, count): (Self, i64)| sum.0.checked_div(count);
        narrow(&sums.iter().map(|sum| sum.and_then(average)).collect(), to)
    }
}

impl Real {
    fn value(self) -> f64 {
        if self.sum.is_finite() {
            self.sum + self.lost
        } else {
            self.sum
        }
    }
}

impl Tally for Real {
    type Of = Float64Type;

    #[inline]
    fn add(&mut self, value: f64, adds: bool) {
        let value = if adds { value } else { -value };
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    fn join(&mut self, other: Self) {
        self.add(other.sum, true);
        self.lost += other.lost;
    }

    fn columns(sums: impl Iterator<Item = Self> + Clone) -> Vec<ArrayRef> {
        vec![
            Arc::new(Float64Array::from_iter_values(
                sums.clone().map(|sum| sum.sum),
            )),
            Arc::new(Float64Array::from_iter_values(sums.map(|sum| sum.lost))),
        ]
    }

    fn from_columns(columns: &[ArrayRef]) -> Result<Vec<Self>, Fault> {
        let sums = part(columns, 0)?.as_primitive::<Float64Type>().values();
        let lost = part(columns, 1)?.as_primitive::<Float64Type>().values();
        let both = sums.iter().zip(lost);
        Ok(both
            .map(|(sum, lost)| Self {
                sum: *sum,
                lost: *lost,
            })
            .collect())
    }

    fn sums(sums: &[Option<Self>], _: &DataType, to: &DataType) -> Result<ArrayRef, Fault> {
        let values: Float64Array = sums.iter().map(|sum| sum.map(Self::value)).collect();
        Ok(cast(&values, to)?)
    }

    fn averages(
        sums: &[Option<(Self, i64)>],
        _: &DataType,
        to: &DataType,
    ) -> Result<ArrayRef, Fault> {
        #[expect(clippy::cast_precision_loss, reason = "no group has 2^53 rows")]
        let average = |(sum, count): (Self, i64)| sum.value() / count as f64;
        let values: Float64Array = sums.iter().map(|sum| sum.map(average)).collect();
        Ok(cast(&values, to)?)
    }
}

impl Exact {
    /// The least that has too many digits.
    const BOUND: i128 = 10_i128.pow(38);

    fn fitting(value: i128) -> Option<i128> {
        (value > -Self::BOUND && value < Self::BOUND).then_some(value)
    }

    /// The sum, where it does not have too many digits.
    fn value(self) -> Option<i128> {
        Self::fitting(self.low).filter(|_| self.high == 0)
    }

    #[inline]
    const fn add_low(&mut self, value: i128) {
        let (low, is_over) = self.low.overflowing_add(value);
        self.low = low;
        if is_over {
            self.high += if value < 0 { -1 } else { 1 };
        }
    }

    /// The average with `more` digits behind the point than the sum has, rounded half away from zero.
    fn average(self, count: i64, more: u8) -> Option<i128> {
        let sum = self.value()?;
        let unit = i256::from_i128(10_i128.checked_pow(u32::from(more))?);
        let (sum, count) = (i256::from_i128(sum).checked_mul(unit)?, i256::from(count));
        let (whole, rest) = (sum.checked_div(count)?, sum.checked_rem(count)?);
        let is_more = rest.wrapping_abs().checked_mul(i256::from(2_i64))? >= count;
        let away = i256::from(i64::from(is_more)).checked_mul(i256::from(sum.signum_of()))?;
        whole.checked_add(away)?.to_i128().and_then(Self::fitting)
    }
}

/// What `i256` lacks.
trait Sign {
    fn signum_of(self) -> i64;
}

impl Sign for i256 {
    fn signum_of(self) -> i64 {
        if self.is_negative() { -1 } else { 1 }
    }
}

impl Tally for Exact {
    type Of = Decimal128Type;

    #[inline]
    fn add(&mut self, value: i128, adds: bool) {
        // No value has so many digits that it had no opposite.
        self.add_low(if adds { value } else { -value });
    }

    fn join(&mut self, other: Self) {
        self.add_low(other.low);
        self.high += other.high;
    }

    fn columns(sums: impl Iterator<Item = Self> + Clone) -> Vec<ArrayRef> {
        let low = sums.clone().map(|sum| sum.low);
        let high = sums.map(|sum| sum.high);
        vec![
            Arc::new(Decimal128Array::from_iter_values(low)),
            Arc::new(Int64Array::from_iter_values(high)),
        ]
    }

    fn from_columns(columns: &[ArrayRef]) -> Result<Vec<Self>, Fault> {
        let low = part(columns, 0)?.as_primitive::<Decimal128Type>().values();
        let high = part(columns, 1)?.as_primitive::<Int64Type>().values();
        let both = low.iter().zip(high);
        Ok(both
            .map(|(low, high)| Self {
                low: *low,
                high: *high,
            })
            .collect())
    }

    fn sums(sums: &[Option<Self>], _: &DataType, to: &DataType) -> Result<ArrayRef, Fault> {
        let values = sums.iter().map(|sum| sum.and_then(Self::value));
        Ok(Arc::new(
            values
                .collect::<Decimal128Array>()
                .with_data_type(to.clone()),
        ))
    }

    fn averages(
        sums: &[Option<(Self, i64)>],
        from: &DataType,
        to: &DataType,
    ) -> Result<ArrayRef, Fault> {
        let (DataType::Decimal128(_, own), DataType::Decimal128(_, wanted)) = (from, to) else {
            return Err(Fault::Unsupported(format!("an average of {from} as {to}")));
        };
        let Ok(more) = u8::try_from(wanted - own) else {
            return Err(Fault::Unsupported(format!("an average of {from} as {to}")));
        };
        let values = sums
            .iter()
            .map(|sum| sum.and_then(|(sum, count)| sum.average(count, more)));
        Ok(Arc::new(
            values
                .collect::<Decimal128Array>()
                .with_data_type(to.clone()),
        ))
    }
}
