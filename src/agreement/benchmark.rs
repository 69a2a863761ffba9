//! What a coefficient may be called, given how sure it is.
//!
//! A point value on a line between two labels earns the upper one by luck. Gwet (2014, section 6.6) sums, from the top
//! label down, the probability that the coefficient lies in each label's range (normal, cut to -1 to 1), and gives the
//! first label whose sum passes 0.95.

use crate::num::special::normal_cdf;
use serde::{Deserialize, Serialize};

/// A published scale of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Landis and Koch 1977, <https://doi.org/10.2307/2529310>.
    LandisKoch,
    /// Fleiss 1981.
    Fleiss,
    /// Altman 1991.
    Altman,
}

impl Scale {
    /// Label and lower end of its range, from the top.
    pub fn labels(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::LandisKoch => &[
                ("almost perfect", 0.8),
                ("substantial", 0.6),
                ("moderate", 0.4),
                ("fair", 0.2),
                ("slight", 0.0),
                ("poor", -1.0),
            ],
            Self::Fleiss => &[("excellent", 0.75), ("intermediate to good", 0.4), ("poor", -1.0)],
            Self::Altman => &[("very good", 0.8), ("good", 0.6), ("moderate", 0.4), ("fair", 0.2), ("poor", -1.0)],
        }
    }
}

/// A label and the probability of being at least that good.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// The label.
    pub label: String,
    /// Probability that the coefficient lies in its range or above.
    pub probability: f64,
}

/// The label that is earned with probability above `required`; `None` without a standard error.
pub fn benchmark(scale: Scale, estimate: f64, standard_error: f64, required: f64) -> Option<Label> {
    if !estimate.is_finite() || !standard_error.is_finite() {
        return None;
    }
    let above = |cut: f64| {
        if standard_error == 0.0 {
            return f64::from(u8::from(estimate >= cut));
        }
        let tail = |x: f64| normal_cdf((estimate - x) / standard_error);
        (tail(cut) - tail(1.0)) / (tail(-1.0) - tail(1.0))
    };
    let earned = scale.labels().iter().map(|(label, cut)| (label, above(*cut)));
    let (label, probability) = earned.into_iter().find(|(_, p)| *p > required)?;
    Some(Label { label: (*label).to_owned(), probability })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_just_above_a_line_does_not_earn_its_label() {
        let label = |estimate, se| benchmark(Scale::LandisKoch, estimate, se, 0.95).map(|l| l.label);
        assert_eq!(label(0.81, 0.06).as_deref(), Some("substantial"));
        assert_eq!(label(0.95, 0.02).as_deref(), Some("almost perfect"));
        assert_eq!(label(1.0, 0.0).as_deref(), Some("almost perfect"));
        assert_eq!(label(-0.2, 0.3).as_deref(), Some("poor"));
        assert_eq!(label(f64::NAN, 0.3), None);
    }
}
