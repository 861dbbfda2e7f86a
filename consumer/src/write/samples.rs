//! A few rejects a second go to the log; the others are only counted there.

use std::time::{Duration, Instant};

use common::limits::EXCERPT_BYTES_MAX;

use crate::transform::Rejected;

/// Rejects that are logged in a second.
const SAMPLES_MAX: u64 = 5;
const PERIOD: Duration = Duration::from_secs(1);

/// What was logged in this second.
#[derive(Debug)]
pub struct Samples {
    since: Instant,
    rejects: u64,
}

impl Samples {
    /// Nothing was logged yet.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self {
            since: now,
            rejects: 0,
        }
    }

    /// Logs rejects as long as there are few of them.
    pub fn tell<'a>(&mut self, rejects: impl ExactSizeIterator<Item = Rejected<'a>>, now: Instant) {
        if rejects.len() == 0 {
            return;
        }
        if now.saturating_duration_since(self.since) >= PERIOD {
            self.finish();
            self.since = now;
        }
        for sample in self.sample(rejects) {
            tracing::warn!("rejected {sample}");
        }
    }

    /// Says how many rejects were not logged.
    pub fn finish(&mut self) {
        let more = std::mem::take(&mut self.rejects).saturating_sub(SAMPLES_MAX);
        if more > 0 {
            tracing::warn!("rejected {more} more records");
        }
    }

    fn sample<'a>(&mut self, rejects: impl ExactSizeIterator<Item = Rejected<'a>>) -> Vec<String> {
        let room = SAMPLES_MAX.saturating_sub(self.rejects);
        self.rejects += rejects.len() as u64;
        let described = rejects.map(|reject| {
            let excerpt = reject.line.get(..EXCERPT_BYTES_MAX).unwrap_or(reject.line);
            let place = match &reject.offset {
                Some(token) => {
                    let end = token.floor_char_boundary(EXCERPT_BYTES_MAX);
                    format!(" at {:?}", token.get(..end).unwrap_or_default())
                }
                None => String::new(),
            };
            let text = String::from_utf8_lossy(excerpt);
            let (label, reason) = (&reject.origin.label, reject.reason.name());
            let column = reject.column.map(|column| format!(" of {column:?}"));
            let column = column.unwrap_or_default();
            format!("{label}{reason}{column}{place}: {text:?}")
        });
        described
            .take(usize::try_from(room).unwrap_or(usize::MAX))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::DataType;

    use super::*;
    use crate::parse::{
        Format, Json, Reader, Wanted,
        agreement::{block, reader},
    };

    #[test]
    fn the_column_that_is_not_as_it_should_be_is_named() {
        let check = |line: &[u8], expected: &str| {
            let columns = [("k", true), ("n", false)].map(|(name, nullable)| Wanted {
                name: name.to_owned(),
                data_type: DataType::Int64,
                nullable,
            });
            let reader = Reader::new(&Format::Json(Json::default()), columns.to_vec());
            let batch = reader.unwrap().parse(block(line));
            let told = Samples::new(Instant::now()).sample(batch.rejected());
            assert_eq!(told, [expected]);
        };
        check(
            b"{\"k\":1,\"n\":[]}\n",
            r#"wrong_type of "n": "{\"k\":1,\"n\":[]}""#,
        );
        check(b"{\"k\":1}\n", r#"missing_field of "n": "{\"k\":1}""#);
        check(b"{\"n\":\"x\"}}\n", r#"not_json: "{\"n\":\"x\"}}""#);
        check(b"[]\n", r#"wrong_type: "[]""#);
    }

    #[test]
    fn only_the_first_of_a_second_are_logged() {
        let mut batch = reader(&[]).parse(block(b"{\x1b}\n{\x1b}\n{\x1b}\n"));
        Arc::make_mut(&mut batch.origin).label = "partition 7: ".to_owned();
        let start = Instant::now();
        let mut samples = Samples::new(start);
        let expected = r#"partition 7: not_json: "{\u{1b}}""#;
        assert_eq!(samples.sample(batch.rejected())[0], expected);
        assert_eq!(samples.sample(batch.rejected()).len(), 2);
        assert_eq!(samples.sample(batch.rejected()).len(), 0);
        samples.tell(batch.rejected(), start + PERIOD);
        assert_eq!(samples.rejects, 3);
    }
}
