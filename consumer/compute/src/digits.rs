//! Numbers as their decimal digits: what Java's `BigDecimal` makes of a text or of a number with a point,
//! and how it is cut or rounded.

use arrow::datatypes::DECIMAL128_MAX_PRECISION;

/// A number: so many units of ten to the power of an exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    units: i128,
    exponent: i32,
}

/// What becomes of digits that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rest {
    /// A half or more counts as one, away from zero.
    Rounded,
    Cut,
}

/// More digits than there are in any type; those behind them are cut.
const KEPT: usize = DECIMAL128_MAX_PRECISION as usize;

impl Digits {
    /// The shortest digits that are read as this number; none where it is no number, or infinite.
    pub(super) fn of(number: f64) -> Option<Self> {
        let is_finite = number.is_finite();
        is_finite.then(|| Self::read(&format!("{number:e}")))?
    }

    /// What a text says: `-12`, `.5`, `1.25e3`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (is_below, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_empty = whole.is_empty() && part.is_empty();
        if is_empty || !(whole.bytes().chain(part.bytes())).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent: i32 = read_exponent(exponent)?;
        let behind = i32::try_from(part.len()).ok()?;
        let all = format!("{whole}{part}");
        let all = all.trim_start_matches('0');
        let (kept, left) = all.split_at(all.len().min(KEPT));
        // One that was left out may be a half: it is enough to know that there was one.
        let units: i128 = if kept.is_empty() {
            0
        } else {
            kept.parse().ok()?
        };
        let left = i32::try_from(left.len()).ok()?;
        Some(Self {
            units: if is_below { -units } else { units },
            exponent: exponent.checked_sub(behind)?.checked_add(left)?,
        })
    }

    /// In units of so many digits behind the point; none where there are too many.
    pub(super) fn scaled(self, scale: i32, rest: Rest) -> Option<i128> {
        let power = self.exponent.saturating_add(scale);
        if self.units == 0 || power >= 0 {
            let factor = if self.units == 0 { 0 } else { power };
            let factor = 10_i128.checked_pow(u32::try_from(factor).ok()?)?;
            return self.units.checked_mul(factor);
        }
        let Some(divisor) = 10_i128.checked_pow(power.unsigned_abs()) else {
            return Some(0);
        };
        let (whole, left) = (self.units / divisor, self.units % divisor);
        let is_more = rest == Rest::Rounded && left.abs() >= divisor - left.abs();
        let step = if is_more { self.units.signum() } else { 0 };
        Some(whole + step)
    }

    /// With no more than so many digits behind the point; none where it has no more.
    pub(super) fn kept(self, digits: i32, rest: Rest) -> Option<Self> {
        let has_more = self.exponent.saturating_add(digits) < 0;
        let units = has_more.then(|| self.scaled(digits, rest))??;
        let exponent = digits.checked_neg()?;
        Some(Self { units, exponent })
    }

    /// The number with a point that is nearest.
    pub(super) fn number(self) -> f64 {
        let text = format!("{}e{}", self.units, self.exponent);
        text.parse().unwrap_or(f64::NAN)
    }
}

/// One that is beyond all numbers is as good as any such.
fn read_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    const BEYOND: i32 = 1_000_000;
    let number = digits.parse().unwrap_or(BEYOND).min(BEYOND);
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_read_as_they_are_written() {
        let check = |text: &str, scale: i32, expected: Option<i128>| {
            let read = Digits::read(text);
            let scaled = read.and_then(|digits| digits.scaled(scale, Rest::Rounded));
            assert_eq!(scaled, expected, "{text}");
        };
        check("1.015", 2, Some(102));
        check("-1.015", 2, Some(-102));
        check("1e2", 2, Some(10_000));
        check("+.5", 1, Some(5));
        check("5.", 0, Some(5));
        check("1.5E-1", 1, Some(2));
        check("0e99999999999", 2, Some(0));
        check("1e-99999999999", 2, Some(0));
        check("1e99999999999", 2, None);
        check("1e38", 0, Some(10_i128.pow(38)));
        check(&"9".repeat(50), 0, None);
        check(&format!("1.{}", "0".repeat(60)), 1, Some(10));
        check(&format!("0.{}4", "0".repeat(60)), 37, Some(0));
        for none in ["", ".", "e5", "1e", "--1", "1.2.3", "0x1", "١", "1 "] {
            check(none, 0, None);
        }
    }

    proptest! {
        /// With as many digits as it has, a number is what it was.
        #[test]
        fn a_number_is_its_shortest_digits(number in any::<f64>()) {
            match Digits::of(number) {
                Some(digits) => prop_assert_eq!(digits.number(), number),
                None => prop_assert!(!number.is_finite()),
            }
        }

        #[test]
        fn what_is_kept_is_nearest(units in -1_000_000_i64..1_000_000, digits in 0_i32..4) {
            let number = Digits { units: units.into(), exponent: -4 };
            let unit = 10_i64.pow(u32::try_from(4 - digits).unwrap());
            let given = number.kept(digits, Rest::Rounded).unwrap().units;
            prop_assert!((i128::from(units) - given * i128::from(unit)).abs() * 2 <= unit.into());
            let cut = number.kept(digits, Rest::Cut).unwrap().units;
            prop_assert_eq!(cut, i128::from(units / unit));
        }
    }
}
