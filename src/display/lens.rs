//! A lens: the rule by which findings select themes, and what people decided otherwise. Every decision is logged; a person
//! may override one, with a reason. Rules are in [`rule`](super::rule).

use super::finding::{Cuts, Finding, Signal};
use super::judge::Outcome;
use super::rule::Rule;
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
