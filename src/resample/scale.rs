//! Scales on which the t interval of a bounded statistic is made, so that its ends stay in the range.
//!
//! The standard error is carried over by the delta method. Logit for shares (Korn and Graubard 1998; the `xlogit` of R's
//! survey), Fisher's z for correlations, log(1 - x) for Cronbach's alpha (Bonett 2002,
//! <https://doi.org/10.3102/10769986027004335>), log for spreads.

use serde::{Deserialize, Serialize};

/// A monotone map of the range of a statistic onto the line, or onto a half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// As it is.
    #[default]
    Identity,
    /// log(x / (1 - x)), of a share.
    Logit,
    /// artanh(x), of a correlation or a difference of shares.
    FisherZ,
    /// artanh of the root, of R²: Fisher's z of the multiple correlation, which is not below 0.
    FisherZOfRoot,
    /// log(1 - x), of a reliability.
    LogOneMinus,
    /// log(x), of a standard deviation or a variance.
    Log,
}

impl Scale {
    /// As it is written in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Logit => "logit",
            Self::FisherZ => "fisher-z",
            Self::FisherZOfRoot => "fisher-z-of-root",
            Self::LogOneMinus => "log-one-minus",
            Self::Log => "log",
        }
    }

    /// The value on the scale; not finite at the ends of the range.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Logit => (x / (1.0 - x)).ln(),
            Self::FisherZ => x.atanh(),
            Self::FisherZOfRoot => x.sqrt().atanh(),
            Self::LogOneMinus => (-x).ln_1p(),
            Self::Log => x.ln(),
        }
    }

    /// The derivative of [`Self::at`], with its sign.
    pub fn slope(self, x: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Logit => 1.0 / (x * (1.0 - x)),
            Self::FisherZ => 1.0 / (1.0 - x * x),
            Self::FisherZOfRoot => 0.5 / (x.sqrt() * (1.0 - x)),
            Self::LogOneMinus => -1.0 / (1.0 - x),
            Self::Log => 1.0 / x,
        }
    }

    /// The inverse of [`Self::at`]: always in the range.
    pub fn back(self, z: f64) -> f64 {
        match self {
            Self::Identity => z,
            Self::Logit => 1.0 / (1.0 + (-z).exp()),
            Self::FisherZ => z.tanh(),
            Self::FisherZOfRoot => z.max(0.0).tanh().powi(2),
            Self::LogOneMinus => -z.exp_m1(),
            Self::Log => z.exp(),
        }
    }
}

/// The end of an exact interval of a rate that is 0 or 1 in all of `units` units, below which the rate lies with
/// confidence `p`.
///
/// However alike the participants of a unit are, the chance that none of them is a success is at most that of a single
/// one, so that Clopper and Pearson's limit with units as trials holds. At 0 the upper end is 1 - (1 - p)^(1/units).
pub fn sites_as_trials(rate: f64, units: usize, p: f64) -> f64 {
    let root = 1.0 / units as f64;
    match (rate == 0.0, p < 0.5) {
        (true, true) => 0.0,
        (true, false) => 1.0 - (1.0 - p).powf(root),
        (false, true) => p.powf(root),
        (false, false) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Scale; 6] =
        [Scale::Identity, Scale::Logit, Scale::FisherZ, Scale::FisherZOfRoot, Scale::LogOneMinus, Scale::Log];

    #[test]
    fn there_and_back_and_the_slope_is_the_derivative() {
        for scale in ALL {
            for x in [0.02, 0.3, 0.5, 0.97] {
                assert!((scale.back(scale.at(x)) - x).abs() < 1e-15, "{scale:?} {x}");
                // Central differences of width 2e-6 are good to 1e-12 of the third derivative.
                let h = 1e-6;
                let numeric = (scale.at(x + h) - scale.at(x - h)) / (2.0 * h);
                assert!((scale.slope(x) / numeric - 1.0).abs() < 1e-7, "{scale:?} {x}");
            }
        }
    }

    #[test]
    fn far_ends_stay_in_the_range() {
        for z in [-800.0, -40.0, 0.0, 40.0, 800.0] {
            assert!((0.0..=1.0).contains(&Scale::Logit.back(z)));
            assert!((-1.0..=1.0).contains(&Scale::FisherZ.back(z)));
            assert!((0.0..=1.0).contains(&Scale::FisherZOfRoot.back(z)));
            assert!(Scale::LogOneMinus.back(z) <= 1.0 && Scale::Log.back(z) >= 0.0);
        }
    }

    #[test]
    fn none_in_six_sites_leaves_room_for_many() {
        // 0.025^(1/6) = 0.540741874, so the upper limit is that of binom.test(0, 6): 0.4592581.
        assert!((sites_as_trials(0.0, 6, 0.975) - 0.459_258_1).abs() < 1e-7);
        assert!((sites_as_trials(1.0, 6, 0.025) - 0.540_741_9).abs() < 1e-7);
        assert_eq!((sites_as_trials(0.0, 6, 0.025), sites_as_trials(1.0, 6, 0.975)), (0.0, 1.0));
    }
}
