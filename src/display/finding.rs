//! A quantitative result that can stand in a joint display: an estimate with its interval, n, cuts and signal.

use crate::describe::share::{ShareMethod, share};
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A quantitative result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Finding {
    /// Id that excerpts and themes refer to.
    pub id: String,
    /// How displays name it.
    pub label: String,
    /// The estimate, in `unit`.
    pub value: f64,
    /// Unit: `points`, `percent`, ...
    pub unit: String,
    /// How many units of observation it rests on.
    pub n: u64,
    /// What these are: `sites`, `respondents`, ...
    pub n_unit: String,
    /// Interval; none in a census.
    pub interval: Option<Interval>,
    /// The population, where the finding is a census of it: `these sites`.
    pub population: Option<String>,
    /// At or below is low, at or above is high, in `unit`.
    pub cuts: Cuts,
    /// Which end is the good one.
    pub favourable: Favourable,
    /// The domain it belongs to, such as a subscale.
    pub domain: Option<String>,
    /// Its construct in a framework.
    pub construct: Option<String>,
    /// Smallest and largest possible value.
    pub scale: Option<(f64, f64)>,
    /// The value of each site.
    pub by_site: Vec<SiteValue>,
    /// k of n, for a share.
    pub count: Option<u64>,
    /// Answers by level, for an ordinal question.
    pub distribution: Option<Distribution>,
    /// Difference between two groups of sites, in `unit`.
    pub gap: Option<Gap>,
    /// Value at the review before.
    pub previous: Option<f64>,
    /// How much the item matters, such as a regression weight; any unit, zero or more.
    pub importance: Option<f64>,
    /// Decimals to print.
    pub decimals: u8,
    /// What a reader must know about the number.
    pub caveat: Option<String>,
    /// Table, question or call it comes from.
    pub origin: Option<String>,
}

/// A named interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Confidence level, such as 0.95.
    pub level: f64,
    /// Method: `Wilson`, `BCa`, ...
    pub method: String,
}

/// Closed cuts: at or below `low` is low, at or above `high` is high.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cuts {
    /// Low at or below; None: nothing is low.
    pub low: Option<f64>,
    /// High at or above; None: nothing is high.
    pub high: Option<f64>,
}

/// Which end of the unit is the good one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Favourable {
    /// More is better: a fidelity item, a facilitator.
    #[default]
    High,
    /// Less is better: a barrier.
    Low,
    /// Neither end is good.
    Neither,
}

/// The value at one site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteValue {
    /// The site.
    pub site: String,
    /// Its value.
    pub value: f64,
}

/// Answers to an ordinal question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Distribution {
    /// Names of the levels, from the lowest.
    pub levels: Vec<String>,
    /// Answers at each level.
    pub counts: Vec<u64>,
    /// Position of the middle level; None: the question has none.
    pub neutral: Option<usize>,
    /// How many were asked and did not answer.
    pub missing: u64,
}

/// A difference between two groups of sites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// First group minus second, in the finding's unit.
    pub value: f64,
    /// What is subtracted from what.
    pub contrast: String,
    /// Permutation p-value.
    pub pvalue: Option<f64>,
    /// The smallest p-value that the design can reach.
    pub floor: Option<f64>,
}

/// Where a finding stands with respect to cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// At or below the low cut, interval and all.
    Low,
    /// Between the cuts, interval and all.
    Mid,
    /// At or above the high cut, interval and all.
    High,
    /// The interval spans a cut, or there is neither interval nor census.
    Indeterminate,
    /// The finding has no cut in its own unit.
    NoCut,
}

impl Signal {
    /// The word that displays print.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Mid => "mid",
            Self::High => "high",
            Self::Indeterminate => "indeterminate",
            Self::NoCut => "no cut",
        }
    }
}

/// Equality of an estimate and a cut: sums of scores divided by n are exact to a few units in the last place.
pub(crate) fn at_or_below(x: f64, cut: f64) -> bool {
    x <= cut + 1e-9 * cut.abs().max(1.0)
}

pub(crate) fn at_or_above(x: f64, cut: f64) -> bool {
    x >= cut - 1e-9 * cut.abs().max(1.0)
}

impl Cuts {
    /// Low, mid or high by one value.
    pub fn of(&self, x: f64) -> Signal {
        match (self.low, self.high) {
            (None, None) => Signal::NoCut,
            (Some(low), _) if at_or_below(x, low) => Signal::Low,
            (_, Some(high)) if at_or_above(x, high) => Signal::High,
            _ => Signal::Mid,
        }
    }

    /// The range strictly between the cuts that both ends of an interval must share with the estimate.
    fn spans(&self, interval: &Interval) -> bool {
        self.of(interval.low) != self.of(interval.high)
    }

    pub(crate) fn checked(&self, place: &str) -> Result<()> {
        for (name, cut) in [("low", self.low), ("high", self.high)] {
            if cut.is_some_and(|x| !x.is_finite()) {
                return Err(input(format!("{name} cut is not a number")).at(place).allowed("a finite number").into());
            }
        }
        if let (Some(low), Some(high)) = (self.low, self.high)
            && low >= high
        {
            return Err(input("cuts in the wrong order")
                .at(place)
                .got(format!("low {low}, high {high}"))
                .allowed("low below high")
                .remedy("Exchange them.")
                .into());
        }
        Ok(())
    }
}

impl Finding {
    /// The signal under the given cuts. An interval that spans a cut makes it indeterminate; a census has no interval and
    /// its value decides.
    pub fn signal(&self, cuts: &Cuts) -> Signal {
        let by_value = cuts.of(self.value);
        if by_value == Signal::NoCut {
            return by_value;
        }
        match (&self.interval, &self.population) {
            (Some(interval), _) if cuts.spans(interval) => Signal::Indeterminate,
            (None, None) => Signal::Indeterminate,
            _ => by_value,
        }
    }

    /// Whether a signal is good news; None at mid, indeterminate, or where neither end is good.
    pub fn is_favourable(&self, signal: Signal) -> Option<bool> {
        match (signal, self.favourable) {
            (Signal::High, Favourable::High) | (Signal::Low, Favourable::Low) => Some(true),
            (Signal::Low, Favourable::High) | (Signal::High, Favourable::Low) => Some(false),
            _ => None,
        }
    }

    pub(crate) fn checked(&self) -> Result<()> {
        let place = format!("finding \"{}\"", self.id);
        if self.id.is_empty() {
            return Err(input("finding without an id").at(format!("finding labelled \"{}\"", self.label)).into());
        }
        if self.n == 0 {
            return Err(input("finding without an n")
                .at(place)
                .got(0)
                .allowed("the number of units it rests on, 1 or more")
                .remedy("Pass n=, and n_unit= to say what is counted.")
                .into());
        }
        let numbers = [Some(self.value), self.previous, self.importance];
        if numbers.into_iter().flatten().any(|x| !x.is_finite()) {
            return Err(input("finding with a number that is not finite").at(place).remedy("Leave it out.").into());
        }
        if self.count.is_some_and(|k| k > self.n) {
            return Err(input("count above n")
                .at(place)
                .got(self.count.unwrap_or(0))
                .allowed(format!("0 to {}", self.n))
                .into());
        }
        if let Some(d) = &self.distribution {
            let middle = d.neutral.is_none_or(|at| at < d.levels.len());
            if d.levels.len() != d.counts.len() || d.counts.iter().sum::<u64>() == 0 || !middle {
                return Err(input("distribution not allowed")
                    .at(place)
                    .got(format!("{} levels, {} counts", d.levels.len(), d.counts.len()))
                    .allowed("a count for each level, not all 0, and a neutral level among them or none")
                    .into());
            }
        }
        if let Some(i) = &self.interval {
            let ordered = i.low <= i.high && i.level > 0.0 && i.level < 1.0;
            if !ordered {
                return Err(input("interval not allowed")
                    .at(place)
                    .got(format!("{} to {} at level {}", i.low, i.high, i.level))
                    .allowed("low at or below high, level between 0 and 1")
                    .into());
            }
            if self.population.is_some() {
                return Err(input("interval for a census")
                    .at(place)
                    .allowed("an interval, or population=\"these sites\", not both")
                    .remedy("A census of its population has no sampling error: leave one of them out.")
                    .into());
            }
        }
        self.cuts.checked(&place)
    }
}

/// Wilson's score interval for k of n: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
///
/// Wilson (1927), J Am Stat Assoc 22:209, doi 10.1080/01621459.1927.10502953. Shares, not percent.
///
/// ```
/// let (low, high) = steelyard::display::finding::wilson(71, 77, 0.95);
/// assert!((low - 0.8402).abs() < 5e-5 && (high - 0.9638).abs() < 5e-5);
/// ```
pub fn wilson(k: u64, n: u64, level: f64) -> (f64, f64) {
    let found = share(k, n, level, ShareMethod::Wilson);
    (found.low, found.high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(value: f64) -> Finding {
        Finding { id: "x".into(), value, n: 6, population: Some("these sites".into()), ..Finding::default() }
    }

    #[test]
    fn cuts_are_closed_and_survive_rounding() {
        let cuts = Cuts { low: Some(3.0), high: Some(4.5) };
        assert_eq!(finding(3.0).signal(&cuts), Signal::Low);
        assert_eq!(finding(9.0 * (1.0 / 3.0)).signal(&cuts), Signal::Low);
        assert_eq!(finding(3.001).signal(&cuts), Signal::Mid);
        assert_eq!(finding(4.5).signal(&cuts), Signal::High);
        assert_eq!(finding(4.5).signal(&Cuts::default()), Signal::NoCut);
    }

    #[test]
    fn an_interval_that_spans_a_cut_is_indeterminate() {
        let cuts = Cuts { low: Some(25.0), high: Some(75.0) };
        let with = |low, high| Finding {
            population: None,
            interval: Some(Interval { low, high, level: 0.95, method: "Wilson".into() }),
            ..finding(f64::midpoint(low, high))
        };
        assert_eq!(with(68.0, 87.0).signal(&cuts), Signal::Indeterminate);
        assert_eq!(with(84.0, 96.0).signal(&cuts), Signal::High);
        assert_eq!(with(75.0, 96.0).signal(&cuts), Signal::High);
        assert_eq!(with(30.0, 70.0).signal(&cuts), Signal::Mid);
        assert_eq!(Finding { population: None, ..finding(90.0) }.signal(&cuts), Signal::Indeterminate);
    }

    #[test]
    fn barriers_are_read_the_other_way_round() {
        let barrier = Finding { favourable: Favourable::Low, ..finding(9.0) };
        assert_eq!(barrier.is_favourable(Signal::Low), Some(true));
        assert_eq!(finding(2.0).is_favourable(Signal::Low), Some(false));
        assert_eq!(finding(2.0).is_favourable(Signal::Mid), None);
    }

    #[test]
    fn wilson_ends_at_the_ends() {
        assert_eq!(wilson(0, 5, 0.95).0, 0.0);
        assert_eq!(wilson(5, 5, 0.95).1, 1.0);
    }
}
