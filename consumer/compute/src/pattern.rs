//! How times are written: the patterns of Java's `SimpleDateFormat`, as far as they name numbers.
//! A time is a count of milliseconds since 1970 of a clock on a wall; no zone is known here.

use std::fmt::Write as _;

/// A pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    /// How many milliseconds come to the same text: times of one such unit since 1970 do.
    pub(super) unit: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// So many digits at the least.
    Number(Field, usize),
    /// `AM` or `PM`.
    HalfOfDay,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    Month,
    Day,
    DayOfYear,
    Hour,
    HourOfHalf,
    Minute,
    Second,
    Fraction,
}

/// `yyyy-MM-dd HH:mm:ss`.
pub(super) const USUAL: &str = "yyyy-MM-dd HH:mm:ss";

const DAY: i64 = 86_400_000;
const HOUR: i64 = 3_600_000;

impl Piece {
    /// How long it stays the same, in milliseconds.
    const fn unit(&self) -> i64 {
        match self {
            Self::Text(_) => i64::MAX,
            Self::HalfOfDay => HOUR,
            Self::Number(field, _) => field.unit(),
        }
    }
}

impl Field {
    /// How long it stays the same, in milliseconds; at the most a day.
    const fn unit(self) -> i64 {
        match self {
            Self::Year | Self::Month | Self::Day | Self::DayOfYear => DAY,
            Self::Hour | Self::HourOfHalf => HOUR,
            Self::Minute => 60_000,
            Self::Second => 1000,
            Self::Fraction => 1,
        }
    }
}

impl Pattern {
    /// Takes a pattern apart; none where a letter means something that is not known here.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            if c == '\'' {
                let quoted: String = rest.by_ref().take_while(|c| *c != '\'').collect();
                push(&mut pieces, if quoted.is_empty() { "'" } else { &quoted });
            } else if c.is_ascii_alphabetic() {
                let mut width = 1;
                while rest.next_if_eq(&c).is_some() {
                    width += 1;
                }
                pieces.push(piece(c, width)?);
            } else {
                push(&mut pieces, c.encode_utf8(&mut [0; 4]));
            }
        }
        let unit = pieces.iter().map(Piece::unit).min().unwrap_or(i64::MAX);
        Some(Self { pieces, unit })
    }

    /// Writes a time.
    pub(super) fn write(&self, milliseconds: i64, out: &mut String) {
        let civil = Civil::new(milliseconds);
        for piece in &self.pieces {
            let written = match piece {
                Piece::Text(text) => out.write_str(text),
                Piece::HalfOfDay => out.write_str(if civil.hour < 12 { "AM" } else { "PM" }),
                Piece::Number(Field::Year, 2) => write!(out, "{:02}", civil.year.rem_euclid(100)),
                Piece::Number(Field::Fraction, width) => {
                    let digits = format!("{:03}", civil.millisecond);
                    write!(out, "{digits:0<width$.width$}")
                }
                Piece::Number(field, width) => write!(out, "{:0width$}", civil.number(*field)),
            };
            written.expect("writing to a string cannot fail");
        }
    }

    /// Reads a time; none where the text is not of this pattern.
    pub(super) fn read(&self, text: &str) -> Option<i64> {
        let mut read = Read::default();
        let mut rest = text.trim();
        for (place, piece) in self.pieces.iter().enumerate() {
            rest = match piece {
                Piece::Text(text) => rest.strip_prefix(text.as_str())?,
                Piece::HalfOfDay => {
                    let (half, after) = rest.split_at_checked(2)?;
                    read.is_afternoon = Some(half.eq_ignore_ascii_case("PM"));
                    after
                }
                Piece::Number(field, width) => {
                    // Numbers that touch are told apart by their width.
                    let touches = matches!(self.pieces.get(place + 1), Some(Piece::Number(..)));
                    let most = if touches { *width } else { usize::MAX };
                    let digits = rest
                        .bytes()
                        .take_while(u8::is_ascii_digit)
                        .count()
                        .min(most);
                    let (number, after) = rest.split_at_checked(digits)?;
                    read.set(*field, number)?;
                    after
                }
            };
        }
        rest.is_empty().then(|| read.milliseconds()).flatten()
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn piece(letter: char, width: usize) -> Option<Piece> {
    let field = match letter {
        'y' | 'u' => Field::Year,
        'M' | 'L' if width <= 2 => Field::Month,
        'd' => Field::Day,
        'D' => Field::DayOfYear,
        'H' => Field::Hour,
        'h' => Field::HourOfHalf,
        'm' => Field::Minute,
        's' => Field::Second,
        'S' => Field::Fraction,
        'a' => return Some(Piece::HalfOfDay),
        _ => return None,
    };
    Some(Piece::Number(field, width))
}

/// A time by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    day_of_year: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
}

impl Civil {
    /// The days since 1970 are counted from a 1st of March, in eras of 400 years, so that a leap day
    /// is the last of its year.
    fn new(milliseconds: i64) -> Self {
        let (days, rest) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY));
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year,
            month,
            day: of_year - (153 * shifted_month + 2) / 5 + 1,
            day_of_year: days - days_before(year, 1, 1) + 1,
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1000 % 60,
            millisecond: rest % 1000,
        }
    }

    const fn number(&self, field: Field) -> i64 {
        match field {
            Field::Year => self.year,
            Field::Month => self.month,
            Field::Day => self.day,
            Field::DayOfYear => self.day_of_year,
            Field::Hour => self.hour,
            Field::HourOfHalf => (self.hour + 11) % 12 + 1,
            Field::Minute => self.minute,
            Field::Second => self.second,
            Field::Fraction => self.millisecond,
        }
    }
}

/// How many days lie between 1970 and this day.
const fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// What was read so far.
#[derive(Debug, Default)]
struct Read {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: Option<i64>,
    minute: Option<i64>,
    second: Option<i64>,
    millisecond: Option<i64>,
    is_afternoon: Option<bool>,
}

impl Read {
    fn set(&mut self, field: Field, digits: &str) -> Option<()> {
        if field == Field::Fraction {
            let cut: String = digits.chars().chain("000".chars()).take(3).collect();
            self.millisecond = Some(cut.parse().ok()?);
            return Some(());
        }
        let number: i64 = digits.parse().ok()?;
        let (slot, most) = match field {
            Field::Year => (&mut self.year, 9999),
            Field::Month => (&mut self.month, 12),
            Field::Day => (&mut self.day, 31),
            Field::DayOfYear => (&mut self.day_of_year, 366),
            Field::Hour => (&mut self.hour, 23),
            Field::HourOfHalf => (&mut self.hour, 12),
            Field::Minute => (&mut self.minute, 59),
            Field::Second | Field::Fraction => (&mut self.second, 59),
        };
        *slot = Some(number).filter(|number| *number <= most);
        slot.map(drop)
    }

    fn milliseconds(&self) -> Option<i64> {
        let hour = match (self.hour.unwrap_or(0), self.is_afternoon) {
            (hour, None) => hour,
            (hour, Some(false)) => hour % 12,
            (hour, Some(true)) => hour % 12 + 12,
        };
        let (year, month) = (self.year.unwrap_or(1970), self.month.unwrap_or(1));
        let day = self.day.unwrap_or(1);
        let days = match self.day_of_year {
            Some(day) => days_before(year, 1, 1) + day - 1,
            None => days_before(year, month, day),
        };
        let seconds = hour * 3600 + self.minute.unwrap_or(0) * 60 + self.second.unwrap_or(0);
        let time = days * DAY + seconds * 1000 + self.millisecond.unwrap_or(0);
        let civil = Civil::new(time);
        // The 30th of February is no day.
        let is_day = self.day_of_year.is_some() || (civil.month, civil.day) == (month, day);
        is_day.then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Datelike, Timelike};
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, milliseconds: i64, expected: Option<&str>) {
        let written = Pattern::new(pattern).map(|pattern| {
            let mut out = String::new();
            pattern.write(milliseconds, &mut out);
            out
        });
        assert_eq!(written.as_deref(), expected, "{pattern}");
    }

    #[test]
    fn times_are_written_as_java_writes_them() {
        let time = 1_780_317_045_678;
        check(USUAL, time, Some("2026-06-01 12:30:45"));
        check(
            "yyyy-MM-dd'T'HH:mm:ss.SSS''",
            time,
            Some("2026-06-01T12:30:45.678'"),
        );
        check("yyMMdd", time, Some("260601"));
        check("d.M.yyyy h:mm a", time, Some("1.6.2026 12:30 PM"));
        check("D", time, Some("152"));
        check("SSSSSS", time, Some("678000"));
        check("yyyy", -1, Some("1969"));
        check("EEEE", time, None);
        check("MMM", time, None);
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        let read = |pattern, text| Pattern::new(pattern).and_then(|pattern| pattern.read(text));
        assert_eq!(read(USUAL, "1970-01-01 00:00:01"), Some(1000));
        assert_eq!(read("yyyyMMdd", "19700102"), Some(DAY));
        assert_eq!(read("yyyy-MM-dd hh a", "1970-01-01 12 AM"), Some(0));
        for wrong in [
            "",
            "1970-01-01",
            "1970-02-30 00:00:00",
            "1970-01-01 24:00:00",
            "x",
        ] {
            assert_eq!(read(USUAL, wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_calendar_is_that_of_others(milliseconds in -62_135_596_800_000..253_402_300_800_000_i64) {
            let civil = Civil::new(milliseconds);
            let other = DateTime::from_timestamp_millis(milliseconds).unwrap();
            prop_assert_eq!(civil.year, i64::from(other.year()));
            prop_assert_eq!(civil.month, i64::from(other.month()));
            prop_assert_eq!(civil.day, i64::from(other.day()));
            prop_assert_eq!(civil.day_of_year, i64::from(other.ordinal()));
            prop_assert_eq!(civil.hour, i64::from(other.hour()));
            prop_assert_eq!(civil.millisecond, i64::from(other.timestamp_subsec_millis()));
        }

        #[test]
        fn times_of_a_unit_are_written_alike(
            letters in prop::collection::vec(prop::sample::select(vec!["yyyy", "yy", "MM", "d", "D", "H", "h", "m", "s", "SSS", "a", "-"]), 1..4),
            milliseconds in -62_135_596_800_000..253_402_300_800_000_i64,
            later in 0..200_000_000_i64,
        ) {
            let pattern = Pattern::new(&letters.join("' '")).unwrap();
            let written = |time| {
                let mut text = String::new();
                pattern.write(time, &mut text);
                text
            };
            let unit = |time: i64| time.div_euclid(pattern.unit);
            if unit(milliseconds) == unit(milliseconds + later) {
                prop_assert_eq!(written(milliseconds), written(milliseconds + later), "{:?}", pattern);
            }
        }

        #[test]
        fn what_is_written_is_read(milliseconds in 0..253_402_300_800_000_i64) {
            let pattern = Pattern::new("yyyy-MM-dd HH:mm:ss.SSS").unwrap();
            let mut text = String::new();
            pattern.write(milliseconds, &mut text);
            prop_assert_eq!(pattern.read(&text), Some(milliseconds));
        }
    }
}
