//! Options as a job writes them: text for text. Each that nobody asks for is an error, so that a
//! slip of the pen is never passed over.

use std::{str::FromStr, time::Duration};

use datafusion_sql::sqlparser::tokenizer::Location;

use super::{
    error::{Fault, did_you_mean},
    statement::Setting,
};

/// The options of one table.
#[derive(Debug)]
pub(super) struct Options<'a> {
    at: Location,
    settings: &'a [Setting],
    /// Those that somebody has asked for, which are those that there are.
    pub(super) asked: Vec<String>,
}

impl<'a> Options<'a> {
    pub(super) const fn new(at: Location, settings: &'a [Setting]) -> Self {
        Self {
            at,
            settings,
            asked: Vec::new(),
        }
    }

    /// The option of this name, as it is written; the last where there are several.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a Setting> {
        if !self.asked.iter().any(|asked| asked == key) {
            self.asked.push(key.to_owned());
        }
        self.settings.iter().rfind(|setting| setting.key == key)
    }

    /// As [`Self::take`], where a table cannot be without.
    pub(super) fn required(&mut self, key: &str) -> Result<&'a Setting, Fault> {
        let at = self.at;
        let missing = || Fault::new(at, format!("the option '{key}' is missing"));
        self.take(key).ok_or_else(missing)
    }

    /// Its text.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).map(|setting| setting.value.clone())
    }

    /// What `parse` makes of it; `expected` says what that can be.
    pub(super) fn parsed<T>(
        &mut self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let setting = self.take(key);
        setting
            .map(|setting| value(setting, expected, parse))
            .transpose()
    }

    /// `true` or `false`; false where nothing is said.
    pub(super) fn is_true(&mut self, key: &str) -> Result<bool, Fault> {
        let is_true = self.parsed(key, "true or false", boolean)?;
        Ok(is_true.unwrap_or(false))
    }

    /// A number.
    pub(super) fn number<T: FromStr>(&mut self, key: &str) -> Result<Option<T>, Fault> {
        self.parsed(key, "a number", |text| text.parse().ok())
    }

    /// The options that `prefix` begins.
    pub(super) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = &'a Setting> {
        let prefix = prefix.to_owned();
        let settings = self.settings.iter();
        settings.filter(move |setting| setting.key.starts_with(&prefix))
    }

    /// Fails if there is an option that nobody has asked for.
    pub(super) fn finish(self) -> Result<(), Fault> {
        let is_known = |setting: &&Setting| self.asked.contains(&setting.key);
        match self.settings.iter().find(|setting| !is_known(setting)) {
            None => Ok(()),
            Some(setting) => Err(unknown(setting, self.asked.iter().map(String::as_str))),
        }
    }
}

/// What `parse` makes of a value; `expected` says what that can be.
pub(super) fn value<T>(
    setting: &Setting,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, Fault> {
    parse(&setting.value).ok_or_else(|| {
        let (key, value) = (&setting.key, &setting.value);
        let message = format!("'{key}' is {expected}, not '{value}'");
        Fault::new(setting.value_at, message)
    })
}

/// That there is no such option, and which is nearest.
pub(super) fn unknown<'a>(setting: &Setting, known: impl Iterator<Item = &'a str>) -> Fault {
    let hint = did_you_mean(&setting.key, known);
    let message = format!("there is no option '{}'{hint}", setting.key);
    Fault::new(setting.at, message)
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// As Flink writes it: `5 s`, `100ms`, `1 min`; milliseconds where no unit is said.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let number: u64 = number.parse().ok()?;
    let nanoseconds: u64 = match unit.trim() {
        "d" | "day" | "days" => 86_400_000_000_000,
        "h" | "hour" | "hours" => 3_600_000_000_000,
        "m" | "min" | "minute" | "minutes" => 60_000_000_000,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000_000,
        "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1_000_000,
        "us" | "µs" | "micro" | "micros" | "microsecond" | "microseconds" => 1_000,
        "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1,
        _ => return None,
    };
    number.checked_mul(nanoseconds).map(Duration::from_nanos)
}

/// What [`duration`] reads.
pub(super) const DURATION: &str = "a duration such as '5 s'";

/// A number of bytes as Flink writes it: `64 kb`, `128MB`, `1g`, in powers of 1024; bytes where no
/// unit is said.
pub(super) fn memory(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let number: u64 = number.parse().ok()?;
    let bytes: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "bytes" => 1,
        "k" | "kb" | "kibibytes" => 1 << 10,
        "m" | "mb" | "mebibytes" => 1 << 20,
        "g" | "gb" | "gibibytes" => 1 << 30,
        "t" | "tb" | "tebibytes" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(bytes).filter(|bytes| *bytes > 0)
}

/// What [`memory`] reads.
pub(super) const MEMORY: &str = "a number of bytes such as '64 mb'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_flink_writes_them() {
        for (text, expected) in [
            ("5 s", Some(Duration::from_secs(5))),
            ("5s", Some(Duration::from_secs(5))),
            ("250", Some(Duration::from_millis(250))),
            ("1 min", Some(Duration::from_secs(60))),
            ("2 days", Some(Duration::from_secs(2 * 86_400))),
            ("s", None),
            ("-1 s", None),
            ("5 weeks", None),
            ("99999999999999999999 s", None),
            ("18446744073709551615 d", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_as_flink_writes_them() {
        for (text, expected) in [
            ("128MB", Some(128 << 20)),
            ("64 kb", Some(64 << 10)),
            ("1g", Some(1 << 30)),
            ("7", Some(7)),
            ("0", None),
            ("1 pb", None),
            ("-1", None),
            ("mb", None),
            ("99999999999 tb", None),
        ] {
            assert_eq!(memory(text), expected, "{text}");
        }
    }
}
