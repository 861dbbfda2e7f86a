//! Where a `TIMESTAMP_LTZ` is local: a zone of the world, or always as far from Greenwich.

use std::str::FromStr;

use chrono::{FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{GapInfo, Tz};

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// One with a name, as `Europe/Berlin`.
    Named(Tz),
    /// Without a name, as `GMT+02:30`.
    Fixed(FixedOffset),
}

impl Zone {
    /// The clocks of Greenwich.
    pub const UTC: Self = Self::Named(Tz::UTC);

    /// As Arrow knows it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Named(zone) => zone.name().to_owned(),
            Self::Fixed(offset) => offset.to_string(),
        }
    }

    /// What was the offset before clocks left this time out; none where they do not.
    #[must_use]
    pub fn before_gap(&self, local: &NaiveDateTime) -> Option<FixedOffset> {
        match self {
            Self::Named(zone) => {
                let (_, before) = GapInfo::new(local, zone)?.begin?;
                Some(before.fix())
            }
            Self::Fixed(_) => None,
        }
    }
}

impl From<Tz> for Zone {
    fn from(zone: Tz) -> Self {
        Self::Named(zone)
    }
}

/// As Flink reads it.
impl FromStr for Zone {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let named = text.parse().map(Self::Named).ok();
        named.or_else(|| fixed(text)).ok_or(())
    }
}

/// The greatest offset that there is.
const HOURS_MAX: i32 = 18;

/// `GMT+2`, `GMT+02`, `GMT+02:30` or `GMT+0230`.
fn fixed(text: &str) -> Option<Zone> {
    let rest = text.strip_prefix("GMT")?;
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if hours.len() == 2 && minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None if digits.len() <= 2 => (digits, "0"),
        None => return None,
    };
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i32>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let is_offset = minutes < 60 && hours * 60 + minutes <= HOURS_MAX * 60;
    let seconds = sign * (hours * 60 + minutes) * 60;
    let offset = FixedOffset::east_opt(seconds).filter(|_| is_offset)?;
    Some(Zone::Fixed(offset))
}

impl TimeZone for Zone {
    type Offset = FixedOffset;

    fn from_offset(offset: &FixedOffset) -> Self {
        Self::Fixed(*offset)
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<FixedOffset> {
        match self {
            Self::Named(zone) => zone.offset_from_local_date(local).map(|of| of.fix()),
            Self::Fixed(offset) => LocalResult::Single(*offset),
        }
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<FixedOffset> {
        match self {
            Self::Named(zone) => zone.offset_from_local_datetime(local).map(|of| of.fix()),
            Self::Fixed(offset) => LocalResult::Single(*offset),
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> FixedOffset {
        match self {
            Self::Named(zone) => zone.offset_from_utc_date(utc).fix(),
            Self::Fixed(offset) => *offset,
        }
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
        match self {
            Self::Named(zone) => zone.offset_from_utc_datetime(utc).fix(),
            Self::Fixed(offset) => *offset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_as_flink_reads_them() {
        for (text, expected) in [
            ("Europe/Berlin", Some("Europe/Berlin")),
            ("UTC", Some("UTC")),
            ("GMT+02:30", Some("+02:30")),
            ("GMT-0930", Some("-09:30")),
            ("GMT+2", Some("+02:00")),
            ("GMT+18:00", Some("+18:00")),
            ("GMT+18:01", None),
            ("GMT+02:60", None),
            ("GMT+2:30", None),
            ("GMT+", None),
            ("GMT++1", None),
            ("+02:30", None),
            ("UTC+02:30", None),
        ] {
            let read = text.parse::<Zone>().ok().map(|zone| zone.name());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
