//! Rules by which findings select themes, and their words. How each judges is in `judge`.
//!
//! | rule | selects |
//! |---|---|
//! | cut | values at or below `low`, or at or above `high` |
//! | own cuts | the same, by each finding's own cuts |
//! | rank | the k lowest and the k highest; ties at the k-th place are kept |
//! | interval excludes | intervals that lie wholly on the far side of a cut |
//! | spread | a range between sites of at least so much, or any site at or below a value |
//! | gap | a difference between groups of sites of at least so much |
//! | change | a change since the review before of at least so much |
//! | shortfall | the k largest products of importance and distance to the best possible value |
//! | any, all | combinations |

use super::finding::{Cuts, Finding};
use super::write::number;
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A rule. Findings that it cannot judge are logged as such, not passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rule {
    /// Closed cuts in one unit; a finding in another unit is judged by its own cuts.
    Cut {
        /// Selected at or below.
        low: Option<f64>,
        /// Selected at or above.
        high: Option<f64>,
        /// Unit of the cuts.
        unit: String,
    },
    /// Each finding's own cuts.
    OwnCuts,
    /// The lowest and highest values of one unit.
    Rank {
        /// How many of the lowest.
        lowest: usize,
        /// How many of the highest.
        highest: usize,
        /// Unit within which findings are ranked.
        unit: String,
    },
    /// The whole interval on the far side of a cut.
    IntervalExcludes {
        /// Selected when the upper end is at or below.
        low: Option<f64>,
        /// Selected when the lower end is at or above.
        high: Option<f64>,
        /// Unit of the cuts.
        unit: String,
    },
    /// Sites differ.
    Spread {
        /// Largest minus smallest site value, at least.
        at_least: Option<f64>,
        /// Any site at or below this value.
        any_site_at_or_below: Option<f64>,
    },
    /// Two groups of sites differ by at least this, in either direction.
    Gap {
        /// In the finding's unit.
        at_least: f64,
    },
    /// A change since the review before of at least this, in either direction.
    Change {
        /// In the finding's unit.
        at_least: f64,
    },
    /// The largest products of importance and distance to the best possible value.
    Shortfall {
        /// How many.
        highest: usize,
    },
    /// One of the rules.
    Any {
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Each of the rules.
    All {
        /// The rules.
        rules: Vec<Rule>,
    },
}

impl Rule {
    pub(crate) fn checked(&self) -> Result<()> {
        match self {
            Self::Cut { low, high, .. } | Self::IntervalExcludes { low, high, .. } => {
                if low.is_none() && high.is_none() {
                    return Err(input("lens without a cut").remedy("Pass low=, high= or both.").into());
                }
                Cuts { low: *low, high: *high }.checked("lens")
            }
            Self::Rank { lowest: 0, highest: 0, .. } | Self::Shortfall { highest: 0 } => {
                Err(input("lens that selects nothing").got("0 places").allowed("1 or more").into())
            }
            Self::Spread { at_least: None, any_site_at_or_below: None } => {
                Err(input("lens without a threshold").remedy("Pass at_least= or any_site_at_or_below=.").into())
            }
            Self::Any { rules } | Self::All { rules } if rules.is_empty() => {
                Err(input("combination of no rules").at("lens").remedy("Pass at least one rule.").into())
            }
            Self::Any { rules } | Self::All { rules } => rules.iter().try_for_each(Self::checked),
            _ => Ok(()),
        }
    }

    /// The cuts that give this finding its signal, where the rule has some.
    pub(crate) fn cuts_for(&self, finding: &Finding) -> Option<Cuts> {
        match self {
            Self::Cut { low, high, unit } | Self::IntervalExcludes { low, high, unit } if *unit == finding.unit => {
                Some(Cuts { low: *low, high: *high })
            }
            Self::Any { rules } | Self::All { rules } => rules.iter().find_map(|r| r.cuts_for(finding)),
            _ => None,
        }
    }

    /// The rule in words, as a display prints it.
    pub fn describe(&self) -> String {
        let join = |rules: &[Self], word: &str| rules.iter().map(Self::describe).collect::<Vec<_>>().join(word);
        match self {
            Self::Cut { low, high, unit } => {
                format!("{}; findings in another unit by their own cuts", sides(*low, *high, unit))
            }
            Self::OwnCuts => "at or beyond the finding's own cuts".into(),
            Self::Rank { lowest, highest, unit } => {
                format!("the {lowest} lowest and the {highest} highest in {unit}, ties kept")
            }
            Self::IntervalExcludes { low, high, unit } => format!("the whole interval {}", sides(*low, *high, unit)),
            Self::Spread { at_least, any_site_at_or_below } => {
                let range = at_least.map(|x| format!("a range between sites of at least {}", number(x)));
                let site = any_site_at_or_below.map(|x| format!("any site at or below {}", number(x)));
                range.into_iter().chain(site).collect::<Vec<_>>().join(", or ")
            }
            Self::Gap { at_least } => format!("a gap between groups of sites of at least {}", number(*at_least)),
            Self::Change { at_least } => {
                format!("a change since the review before of at least {}", number(*at_least))
            }
            Self::Shortfall { highest } => {
                format!("the {highest} largest products of importance and shortfall, ties kept")
            }
            Self::Any { rules } => format!("any of: {}", join(rules, "; ")),
            Self::All { rules } => format!("all of: {}", join(rules, "; ")),
        }
    }
}

fn sides(low: Option<f64>, high: Option<f64>, unit: &str) -> String {
    let low = low.map(|x| format!("{} or less", number(x)));
    let high = high.map(|x| format!("{} or more", number(x)));
    format!("{} {unit}", low.into_iter().chain(high).collect::<Vec<_>>().join(", or "))
}
