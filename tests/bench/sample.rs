//! Several measurements of one thing.

use std::fmt;

/// Measurements in order.
#[derive(Debug)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn new(mut measured: Vec<f64>) -> Self {
        measured.sort_by(f64::total_cmp);
        Self(measured)
    }

    /// The measurements of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::new([self.0, other.0].concat())
    }

    /// The measurement below which the share `share` of all lies.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "there are not that many")]
        let place = share * self.0.len() as f64;
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        #[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
        let place = (place as usize).min(self.0.len().saturating_sub(1));
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    /// `p50 p99 p99.9 max`, in columns.
    pub(crate) fn tail(&self) -> String {
        let shares = [0.5, 0.99, 0.999, 1.0];
        let tail = shares.map(|share| format!("{:>8.3}", self.quantile(share)));
        tail.join(" ")
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

impl fmt::Display for Sample {
    /// `median (least … most)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.quantile(0.0), self.quantile(1.0));
        write!(f, "{:>8.2} ({least:.2} … {most:.2})", self.median())
    }
}
