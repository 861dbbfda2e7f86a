//! A source as people write it: `NAME[:ARGUMENT][?option=value&…][@RATE[:COUNT]][>TARGET]`.

use std::{borrow::Cow, fmt, fs, io, path::PathBuf, str::FromStr};

use common::name;

use super::{pace::Rate, sensors};

/// How many sensors there may be: each has its state in memory.
const KEYS_MAX: usize = 1_000_000;

/// Which source, how fast, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    pub(crate) rate: Rate,
    /// How many records; none is as many as it has.
    pub(crate) count: Option<u64>,
    /// The stream or topic it feeds; none is the default stream.
    pub(crate) target: Option<String>,
    text: String,
}

/// Which source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Numbers,
    Sensors(sensors::Options),
    File(PathBuf),
}

impl Spec {
    /// Whether what it needs is there.
    ///
    /// # Errors
    /// Why its file cannot be read.
    pub(crate) fn check(&self) -> io::Result<()> {
        match &self.kind {
            // A pipe can be read once somebody writes, and is not opened before.
            Kind::File(path) => match fs::metadata(path)? {
                found if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
                found if found.is_file() => fs::File::open(path).map(drop),
                _ => Ok(()),
            },
            Kind::Numbers | Kind::Sensors(_) => Ok(()),
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoSource {
    #[error("there is no source {0:?}; there are numbers, sensors, file:PATH and none")]
    Name(String),
    #[error("{0:?} is no rate; write it as 1/s, 50000/s, 10/m or max, then :COUNT if wanted")]
    Rate(String),
    #[error("{0:?} is no count: write a whole number from 1 on")]
    Count(String),
    #[error("the source {0} takes no argument {1:?}")]
    Argument(&'static str, String),
    #[error("the source file needs a path: file:PATH")]
    NoPath,
    #[error("a stream or topic is named after >, as in numbers>readings; {0:?} is no name: {1}")]
    Target(String, name::Invalid),
    #[error("the source {0} has no option {1:?}{2}")]
    Option(&'static str, String, &'static str),
    #[error("the option {0} is {1}, not {2:?}")]
    Value(&'static str, &'static str, String),
}

fn named(target: &str) -> Result<String, NoSource> {
    name::stream(target)
        .map(Cow::into_owned)
        .map_err(|invalid| NoSource::Target(target.to_owned(), invalid))
}

/// One source, or `none`.
pub(crate) fn parse(text: &str) -> Result<Option<Spec>, NoSource> {
    if text == "none" {
        Ok(None)
    } else {
        text.parse().map(Some)
    }
}

impl FromStr for Spec {
    type Err = NoSource;

    fn from_str(text: &str) -> Result<Self, NoSource> {
        let (source, target) = match text.rsplit_once('>') {
            Some((source, target)) => (source, Some(named(target)?)),
            None => (text, None),
        };
        let (what, pace) = match source.rsplit_once('@') {
            Some((what, pace)) => (what, Some(pace)),
            None => (source, None),
        };
        let (named, options) = what.split_once('?').unwrap_or((what, ""));
        let (name, argument) = named.split_once(':').unwrap_or((named, ""));
        let kind = match (name, argument) {
            ("numbers", "") => without_options("numbers", options, Kind::Numbers)?,
            ("sensors", "") => Kind::Sensors(sensor_options(options)?),
            ("numbers", argument) => return Err(unexpected("numbers", argument)),
            ("sensors", argument) => return Err(unexpected("sensors", argument)),
            ("file", "") => return Err(NoSource::NoPath),
            ("file", path) => without_options("file", options, Kind::File(path.into()))?,
            (name, _) => return Err(NoSource::Name(name.to_owned())),
        };
        let (rate, count) = match pace {
            Some(pace) => rate_and_count(pace)?,
            None => (kind.usual_rate(), None),
        };
        Ok(Self {
            kind,
            rate,
            count,
            target,
            text: text.to_owned(),
        })
    }
}

impl Kind {
    /// The rate where none is given.
    const fn usual_rate(&self) -> Rate {
        match self {
            Self::Numbers => Rate::PerSecond(1.0),
            Self::Sensors(_) => Rate::PerSecond(10.0),
            Self::File(_) => Rate::Max,
        }
    }
}

fn unexpected(name: &'static str, argument: &str) -> NoSource {
    NoSource::Argument(name, argument.to_owned())
}

fn without_options(name: &'static str, options: &str, kind: Kind) -> Result<Kind, NoSource> {
    if options.is_empty() {
        Ok(kind)
    } else {
        Err(NoSource::Option(name, options.to_owned(), ""))
    }
}

fn rate_and_count(text: &str) -> Result<(Rate, Option<u64>), NoSource> {
    let (pace, count) = match text.split_once(':') {
        Some((pace, count)) => (pace, Some(count)),
        None => (text, None),
    };
    let count = count
        .map(|count| match count.parse() {
            Ok(0) | Err(_) => Err(NoSource::Count(count.to_owned())),
            Ok(count) => Ok(count),
        })
        .transpose()?;
    let rate = rate(pace).ok_or_else(|| NoSource::Rate(text.to_owned()))?;
    Ok((rate, count))
}

fn rate(text: &str) -> Option<Rate> {
    if text == "max" {
        return Some(Rate::Max);
    }
    let (number, unit) = text.split_once('/')?;
    let number: f64 = number
        .parse()
        .ok()
        .filter(|number: &f64| number.is_normal())?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    (number > 0.0).then_some(Rate::PerSecond(number / seconds))
}

fn sensor_options(text: &str) -> Result<sensors::Options, NoSource> {
    let mut options = sensors::Options {
        keys: 10,
        late: 0.0,
        broken: 0.0,
        seed: fastrand::u64(..),
    };
    for option in text.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name {
            "keys" => options.keys = keys(value)?,
            "late" => options.late = share("late", value)?,
            "broken" => options.broken = share("broken", value)?,
            "seed" => {
                options.seed = value
                    .parse()
                    .map_err(|_| wrong("seed", "a number", value))?
            }
            _ => {
                let known = "; it has keys, late, broken and seed";
                return Err(NoSource::Option("sensors", name.to_owned(), known));
            }
        }
    }
    Ok(options)
}

fn keys(value: &str) -> Result<usize, NoSource> {
    match value.parse() {
        Ok(keys @ 1..=KEYS_MAX) => Ok(keys),
        _ => Err(wrong("keys", "a number from 1 to 1000000", value)),
    }
}

fn share(name: &'static str, value: &str) -> Result<f64, NoSource> {
    match value.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(wrong(name, "a share from 0 to 1", value)),
    }
}

fn wrong(name: &'static str, expected: &'static str, value: &str) -> NoSource {
    NoSource::Value(name, expected, value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written() {
        let check = |text: &str, kind: Kind, rate, count| {
            let expected = Spec {
                kind,
                rate,
                count,
                target: text.split_once('>').map(|(_, target)| target.to_owned()),
                text: text.to_owned(),
            };
            assert_eq!(parse(text), Ok(Some(expected)), "{text}");
        };
        let options = sensors::Options {
            keys: 3,
            late: 0.5,
            broken: 0.01,
            seed: 7,
        };
        let sensors = Kind::Sensors(options);
        let file = |path: &str| Kind::File(path.into());
        check("numbers", Kind::Numbers, Rate::PerSecond(1.0), None);
        check("numbers@max:5", Kind::Numbers, Rate::Max, Some(5));
        check("numbers@0.5/s", Kind::Numbers, Rate::PerSecond(0.5), None);
        check(
            "numbers@120/m:2",
            Kind::Numbers,
            Rate::PerSecond(2.0),
            Some(2),
        );
        let text = "sensors?keys=3&late=0.5&broken=0.01&seed=7@50000/s";
        check(text, sensors, Rate::PerSecond(50_000.0), None);
        check("file:/tmp/a.ndjson", file("/tmp/a.ndjson"), Rate::Max, None);
        check("file:a@b@10/s", file("a@b"), Rate::PerSecond(10.0), None);
        check("numbers>a", Kind::Numbers, Rate::PerSecond(1.0), None);
        check("numbers@max:5>a/b", Kind::Numbers, Rate::Max, Some(5));
        assert_eq!(parse("none"), Ok(None));
    }

    #[test]
    fn anything_else_is_refused_with_what_would_be_right() {
        let check = |text, expected: &str| {
            assert_eq!(
                parse(text).map_err(|error| error.to_string()),
                Err(expected.to_owned())
            );
        };
        let rates = "write it as 1/s, 50000/s, 10/m or max, then :COUNT if wanted";
        check(
            "number",
            "there is no source \"number\"; there are numbers, sensors, file:PATH and none",
        );
        check("numbers@fast", &format!("\"fast\" is no rate; {rates}"));
        check("numbers@-1/s", &format!("\"-1/s\" is no rate; {rates}"));
        check("numbers@0/s", &format!("\"0/s\" is no rate; {rates}"));
        check(
            "numbers@1/s:0",
            "\"0\" is no count: write a whole number from 1 on",
        );
        check(
            "numbers>",
            "a stream or topic is named after >, as in numbers>readings; \"\" is no name: \
             each segment of a name begins with a letter or a digit",
        );
        check("file:", "the source file needs a path: file:PATH");
        check("numbers:5", "the source numbers takes no argument \"5\"");
        check(
            "sensors?key=5",
            "the source sensors has no option \"key\"; it has keys, late, broken and seed",
        );
        check(
            "sensors?late=2",
            "the option late is a share from 0 to 1, not \"2\"",
        );
        check(
            "sensors?keys=0",
            "the option keys is a number from 1 to 1000000, not \"0\"",
        );
    }
}
