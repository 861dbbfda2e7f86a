//! What a consumer comes to in the end.

use std::fmt;

use tests::{Service, consumer, http::json};

/// Prints only the answer, for programs.
pub(crate) const ONLY_THE_ANSWER: [&str; 4] = ["--print", "final", "--output", "json"];

/// The last line of `--print final --output json`, understood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) records: u64,
    pub(crate) rejected: u64,
    pub(crate) average: Option<f64>,
}

impl Outcome {
    /// What comes of `count` records of the source `numbers`: of 0, 2, 4, … the mean is the last
    /// half, `count` − 1.
    #[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
    pub(crate) fn of_numbers(count: u64) -> Self {
        Self {
            records: count,
            rejected: 0,
            average: Some(count as f64 - 1.0),
        }
    }

    /// What comes of these lines, by other code than the consumer's.
    #[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
    pub(crate) fn recomputed(lines: &[&str]) -> Self {
        let value = |line: &&str| {
            let record: serde_json::Value = serde_json::from_str(line).ok()?;
            record.get("value")?.as_f64()
        };
        let values: Vec<f64> = lines.iter().filter_map(value).collect();
        let average = values.iter().sum::<f64>() / values.len() as f64;
        Self {
            records: lines.len() as u64,
            rejected: (lines.len() - values.len()) as u64,
            average: (!values.is_empty()).then_some(average),
        }
    }

    /// Whether both are the same but for the order in which values were added up.
    pub(crate) fn is_close_to(&self, other: &Self) -> bool {
        let close = match (self.average, other.average) {
            (Some(one), Some(two)) => (one - two).abs() <= 1e-9 * two.abs(),
            (one, two) => one == two,
        };
        close && self.records == other.records && self.rejected == other.rejected
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records, {} rejected, average {:?}",
            self.records, self.rejected, self.average
        )
    }
}

/// A consumer of `url` that will print only its answer.
pub(crate) fn reader(url: &str, args: &[&str]) -> Service {
    consumer(&[&["--url", url], &ONLY_THE_ANSWER[..], args].concat())
}

/// What `reader` printed in the end, after it ended with exit code `expected`.
pub(crate) fn outcome(reader: &mut Service, expected: i32) -> Outcome {
    let line = reader.answer(expected);
    let answer = json(&line);
    let field = |name: &str| answer.get(name).expect(&line);
    let count = |name: &str| field(name).as_u64().expect(&line);
    let keys: Vec<_> = answer
        .as_object()
        .expect(&line)
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, ["average", "records", "rejected"], "{line}");
    Outcome {
        records: count("records"),
        rejected: count("rejected"),
        average: field("average").as_f64(),
    }
}

/// What comes of reading `url` to its end.
pub(crate) fn read_all(url: &str, args: &[&str]) -> Outcome {
    outcome(&mut reader(url, &[&["--until-end"], args].concat()), 0)
}
