//! From numbers to a verdict, in words that a referee accepts.

use super::gain::GainInterval;
use serde::{Deserialize, Serialize};

/// What the contest shows against a stated smallest gain d.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The interval lies above d, and the test of equal weights rejects.
    #[serde(rename = "weighted better by at least d")]
    WeightedBetter,
    /// The interval lies within -d and d.
    #[serde(rename = "equivalent within d")]
    Equivalent,
    /// The interval lies below -d.
    #[serde(rename = "unit better by at least d")]
    UnitBetter,
    /// None of these.
    #[serde(rename = "inconclusive")]
    Inconclusive,
    /// The design cannot reach significance, or there are too few sites for a valid test.
    #[serde(rename = "cannot be tested")]
    CannotBeTested,
}

/// Decides. `p` is the one-sided p of the gain under equal weights, adjusted for the number of schemes tried; without it, or
/// without an interval, nothing can be tested.
pub fn verdict(p: Option<f64>, interval: Option<&GainInterval>, smallest_gain: f64, alpha: f64) -> Verdict {
    let (Some(p), Some(interval)) = (p, interval) else { return Verdict::CannotBeTested };
    if interval.low >= smallest_gain && p <= alpha {
        Verdict::WeightedBetter
    } else if interval.high <= -smallest_gain {
        Verdict::UnitBetter
    } else if interval.low >= -smallest_gain && interval.high <= smallest_gain {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: f64, high: f64) -> GainInterval {
        GainInterval { std_error: 1.0, low, high, without: Vec::new() }
    }

    #[test]
    fn each_verdict_has_its_region() {
        let decide = |p, low, high| verdict(Some(p), Some(&between(low, high)), 0.01, 0.05);
        assert_eq!(decide(0.01, 0.02, 0.3), Verdict::WeightedBetter);
        assert_eq!(decide(0.2, 0.02, 0.3), Verdict::Inconclusive);
        assert_eq!(decide(0.01, 0.005, 0.3), Verdict::Inconclusive);
        assert_eq!(decide(0.9, -0.009, 0.009), Verdict::Equivalent);
        assert_eq!(decide(0.9, -0.3, -0.02), Verdict::UnitBetter);
        assert_eq!(verdict(None, Some(&between(0.1, 0.2)), 0.01, 0.05), Verdict::CannotBeTested);
        assert_eq!(verdict(Some(0.001), None, 0.01, 0.05), Verdict::CannotBeTested);
    }
}
