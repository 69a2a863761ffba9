//! What each rule says about findings: selected or not, or that it cannot judge, and why.

use super::finding::{Cuts, Favourable, Finding, Signal, at_or_above, at_or_below};
use super::rule::Rule;
use super::write::number;

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

impl Rule {
    /// What the rule says about each finding, in order.
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
