//! Rules by which findings select themes. Every decision is logged; a person may override one, with a reason.
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

use super::finding::{Cuts, Favourable, Finding, Signal, at_or_above, at_or_below};
use super::write::number;
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A rule and what people changed about its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lens {
    /// The rule.
    pub rule: Rule,
    /// Decisions by hand.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

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

/// A decision by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The finding.
    pub finding: String,
    /// Whether it is selected.
    pub selected: bool,
    /// Why; printed.
    pub reason: String,
    /// Who decided.
    #[serde(default)]
    pub by: Option<String>,
}

/// The log of one finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The finding.
    pub finding: String,
    /// Whether it is selected, overrides applied.
    pub selected: bool,
    /// Whether the rule could judge it at all.
    pub judged: bool,
    /// Why, in words.
    pub why: String,
    /// The cuts that gave the signal.
    pub cuts: Cuts,
    /// The signal.
    pub signal: Signal,
    /// Distance to the nearest cut: negative on the selected side.
    pub distance: Option<f64>,
    /// Whether a person overrode the rule.
    pub overridden: bool,
}

/// What a rule says about one finding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// None where the rule cannot judge.
    pub(crate) selected: Option<bool>,
    pub(crate) why: String,
}

fn yes(why: String) -> Outcome {
    Outcome { selected: Some(true), why }
}

fn no(why: String) -> Outcome {
    Outcome { selected: Some(false), why }
}

fn cannot(why: impl Into<String>) -> Outcome {
    Outcome { selected: None, why: why.into() }
}

/// Applies a lens; one log entry per finding, in order.
pub fn select(lens: &Lens, findings: &[Finding]) -> Result<Vec<Selection>> {
    lens.rule.checked()?;
    for o in &lens.overrides {
        if !findings.iter().any(|f| f.id == o.finding) {
            return Err(input("override of an unknown finding")
                .at("lens")
                .got(format!("\"{}\"", o.finding))
                .remedy("Name the id of a finding of this display.")
                .into());
        }
        if o.reason.trim().is_empty() {
            return Err(input("override without a reason")
                .at(format!("lens, finding \"{}\"", o.finding))
                .remedy("Pass reason=; it is printed with the display.")
                .into());
        }
    }
    let outcomes = lens.rule.apply(findings);
    Ok(findings.iter().zip(outcomes).map(|(finding, outcome)| logged(lens, finding, outcome)).collect())
}

fn logged(lens: &Lens, finding: &Finding, outcome: Outcome) -> Selection {
    let cuts = lens.rule.cuts_for(finding).unwrap_or(finding.cuts);
    let by_hand = lens.overrides.iter().rev().find(|o| o.finding == finding.id);
    let mut why = outcome.why;
    if let Some(o) = by_hand {
        let verb = if o.selected { "selected" } else { "left out" };
        let who = o.by.as_deref().map_or(String::new(), |by| format!(" ({by})"));
        why = format!("{verb} by hand{who}: {}; the rule said: {why}", o.reason.trim());
    }
    Selection {
        finding: finding.id.clone(),
        selected: by_hand.map_or(outcome.selected == Some(true), |o| o.selected),
        judged: outcome.selected.is_some(),
        why,
        cuts,
        signal: finding.signal(&cuts),
        distance: distance(finding.value, &cuts),
        overridden: by_hand.is_some(),
    }
}

/// Distance to the nearest cut, negative at or beyond it.
fn distance(x: f64, cuts: &Cuts) -> Option<f64> {
    let low = cuts.low.map(|c| x - c);
    let high = cuts.high.map(|c| c - x);
    match (low, high) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
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

    pub(crate) fn apply(&self, findings: &[Finding]) -> Vec<Outcome> {
        match self {
            Self::Rank { lowest, highest, unit } => rank(findings, *lowest, *highest, unit),
            Self::Shortfall { highest } => shortfall(findings, *highest),
            Self::Any { rules } => combined(rules, findings, true),
            Self::All { rules } => combined(rules, findings, false),
            _ => findings.iter().map(|f| self.one(f)).collect(),
        }
    }

    fn one(&self, finding: &Finding) -> Outcome {
        match self {
            Self::Cut { low, high, unit } if *unit == finding.unit => {
                by_cuts(finding, Cuts { low: *low, high: *high }, "")
            }
            Self::Cut { .. } | Self::OwnCuts => by_cuts(finding, finding.cuts, "own cut, "),
            Self::IntervalExcludes { low, high, unit } => {
                interval_excludes(finding, Cuts { low: *low, high: *high }, unit)
            }
            Self::Spread { at_least, any_site_at_or_below } => spread(finding, *at_least, *any_site_at_or_below),
            Self::Gap { at_least } => match &finding.gap {
                None => cannot("no groups of sites"),
                Some(gap) => {
                    let floor = gap.floor.map_or(String::new(), |p| format!("; smallest p possible {}", number(p)));
                    let p = gap.pvalue.map_or(String::new(), |p| format!(", p {}{floor}", number(p)));
                    beyond(gap.value, *at_least, &format!("gap ({})", gap.contrast), &p)
                }
            },
            Self::Change { at_least } => match finding.previous {
                None => cannot("no review before"),
                Some(before) => beyond(finding.value - before, *at_least, "change", ""),
            },
            Self::Rank { .. } | Self::Shortfall { .. } | Self::Any { .. } | Self::All { .. } => {
                cannot("not one by one")
            }
        }
    }
}

fn sides(low: Option<f64>, high: Option<f64>, unit: &str) -> String {
    let low = low.map(|x| format!("{} or less", number(x)));
    let high = high.map(|x| format!("{} or more", number(x)));
    format!("{} {unit}", low.into_iter().chain(high).collect::<Vec<_>>().join(", or "))
}

fn by_cuts(finding: &Finding, cuts: Cuts, whose: &str) -> Outcome {
    match (cuts.of(finding.value), cuts.low, cuts.high) {
        (Signal::NoCut, ..) => cannot(format!("no cut in {}", finding.unit)),
        (Signal::Low, Some(low), _) => yes(format!("{whose}{} or less", number(low))),
        (Signal::High, _, Some(high)) => yes(format!("{whose}{} or more", number(high))),
        _ => no(format!("{whose}beyond no cut")),
    }
}

fn interval_excludes(finding: &Finding, cuts: Cuts, unit: &str) -> Outcome {
    if finding.unit != unit {
        return cannot(format!("in {}, the cut is in {unit}", finding.unit));
    }
    let Some(interval) = &finding.interval else { return cannot("no interval") };
    match (cuts.low, cuts.high) {
        (Some(low), _) if at_or_below(interval.high, low) => {
            yes(format!("interval wholly at or below {}", number(low)))
        }
        (_, Some(high)) if at_or_above(interval.low, high) => {
            yes(format!("interval wholly at or above {}", number(high)))
        }
        _ => no("interval reaches across the cut".into()),
    }
}

fn spread(finding: &Finding, at_least: Option<f64>, any_site: Option<f64>) -> Outcome {
    if finding.by_site.is_empty() {
        return cannot("no values by site");
    }
    let values = finding.by_site.iter().map(|s| s.value);
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    let mut reasons = Vec::new();
    if at_least.is_some_and(|x| at_or_above(high - low, x)) {
        reasons.push(format!("sites range over {}", number(high - low)));
    }
    if let Some(cut) = any_site {
        let sites: Vec<&str> =
            finding.by_site.iter().filter(|s| at_or_below(s.value, cut)).map(|s| s.site.as_str()).collect();
        if !sites.is_empty() {
            reasons.push(format!("{} or less at {}", number(cut), sites.join(", ")));
        }
    }
    if reasons.is_empty() { no(format!("sites range over {}", number(high - low))) } else { yes(reasons.join("; ")) }
}

fn beyond(value: f64, at_least: f64, what: &str, more: &str) -> Outcome {
    let why = format!("{what} {}{more}", number(value));
    if at_or_above(value.abs(), at_least) { yes(why) } else { no(why) }
}

fn rank(findings: &[Finding], lowest: usize, highest: usize, unit: &str) -> Vec<Outcome> {
    let mut sorted: Vec<f64> = findings.iter().filter(|f| f.unit == unit).map(|f| f.value).collect();
    sorted.sort_by(f64::total_cmp);
    let low = lowest.min(sorted.len()).checked_sub(1).and_then(|k| sorted.get(k)).copied();
    let high = sorted.len().checked_sub(highest.max(1)).map_or_else(|| sorted.first(), |k| sorted.get(k)).copied();
    let high = high.filter(|_| highest > 0);
    findings
        .iter()
        .map(|f| {
            if f.unit != unit {
                return cannot(format!("in {}, ranked are findings in {unit}", f.unit));
            }
            let below = sorted.iter().filter(|x| !at_or_above(**x, f.value)).count();
            let ties = sorted.iter().filter(|x| at_or_above(**x, f.value) && at_or_below(**x, f.value)).count();
            let place = if ties > 1 {
                format!("rank {}-{} of {} from below, tied", below + 1, below + ties, sorted.len())
            } else {
                format!("rank {} of {} from below", below + 1, sorted.len())
            };
            let is_low = low.is_some_and(|cut| at_or_below(f.value, cut));
            let is_high = high.is_some_and(|cut| at_or_above(f.value, cut));
            if is_low || is_high { yes(place) } else { no(place) }
        })
        .collect()
}

/// Importance times distance to the best possible value.
pub(crate) fn shortfall_of(finding: &Finding) -> Option<f64> {
    let (low, high) = finding.scale?;
    let distance = match finding.favourable {
        Favourable::High => high - finding.value,
        Favourable::Low => finding.value - low,
        Favourable::Neither => return None,
    };
    Some(finding.importance? * distance)
}

fn shortfall(findings: &[Finding], highest: usize) -> Vec<Outcome> {
    let products: Vec<Option<f64>> = findings.iter().map(shortfall_of).collect();
    let mut sorted: Vec<f64> = products.iter().flatten().copied().collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let cut = highest.min(sorted.len()).checked_sub(1).and_then(|k| sorted.get(k)).copied();
    products
        .into_iter()
        .map(|product| match (product, cut) {
            (Some(x), Some(cut)) if at_or_above(x, cut) && x > 0.0 => {
                yes(format!("importance x shortfall {}", number(x)))
            }
            (Some(x), _) => no(format!("importance x shortfall {}", number(x))),
            (None, _) => cannot("no importance, no scale, or neither end is good"),
        })
        .collect()
}

fn combined(rules: &[Rule], findings: &[Finding], any: bool) -> Vec<Outcome> {
    let by_rule: Vec<Vec<Outcome>> = rules.iter().map(|r| r.apply(findings)).collect();
    (0..findings.len())
        .map(|i| {
            let outcomes: Vec<&Outcome> = by_rule.iter().filter_map(|o| o.get(i)).collect();
            let chosen = |o: &&&Outcome| o.selected == Some(true);
            let hits = outcomes.iter().filter(chosen).count();
            let selected = if outcomes.iter().all(|o| o.selected.is_none()) {
                None
            } else {
                Some(if any { hits > 0 } else { hits == outcomes.len() })
            };
            let told = outcomes.iter().filter(|o| selected != Some(true) || o.selected == Some(true));
            Outcome { selected, why: told.map(|o| o.why.as_str()).collect::<Vec<_>>().join("; ") }
        })
        .collect()
}
