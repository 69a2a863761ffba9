//! The ladder of denominators, from the people a programme was meant for to those who were interviewed.
//!
//! Reach in the sense of RE-AIM (Glasgow, Vogt and Boles 1999, <https://doi.org/10.2105/AJPH.89.9.1322>): of the people
//! who were eligible and offered the programme, how many took part, and with those lost before anyone knew counted too.
//! A rung that was not reported stays unknown: it is never filled in from its neighbours.

use super::share::{Share, ShareMethod, checked_level, share};
use crate::error::{Result, input};
use serde::{Deserialize, Serialize};

/// A rung, from the top down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Everybody the programme is meant for.
    TargetPopulation,
    /// Excluded, with reasons.
    Excluded,
    /// Lost before eligibility was known.
    Lost,
    /// Eligible, and offered the programme.
    EligibleOffered,
    /// Recruited (in a trial: randomised to it).
    Recruited,
    /// Took part.
    Participating,
    /// Answered the survey.
    Responding,
    /// Interviewed.
    Interviewed,
}

impl Rung {
    /// All rungs, in order.
    pub const ALL: [Self; 8] = [
        Self::TargetPopulation,
        Self::Excluded,
        Self::Lost,
        Self::EligibleOffered,
        Self::Recruited,
        Self::Participating,
        Self::Responding,
        Self::Interviewed,
    ];

    /// Whether people on the next rungs are among those on this one; those excluded and lost are not.
    fn carries(self) -> bool {
        !matches!(self, Self::Excluded | Self::Lost)
    }

    fn name(self) -> &'static str {
        match self {
            Self::TargetPopulation => "target_population",
            Self::Excluded => "excluded",
            Self::Lost => "lost",
            Self::EligibleOffered => "eligible_offered",
            Self::Recruited => "recruited",
            Self::Participating => "participating",
            Self::Responding => "responding",
            Self::Interviewed => "interviewed",
        }
    }
}

/// What was reported.
#[derive(Debug, Clone, Default)]
pub struct Reported {
    /// Counts by rung; a rung that is missing was not reported.
    pub counts: std::collections::BTreeMap<Rung, u64>,
}

/// One rung of the ladder as found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The rung.
    pub rung: Rung,
    /// People; None: not reported.
    pub n: Option<u64>,
    /// The nearest reported rung above that it is a part of.
    pub of: Option<Rung>,
    /// How many are on that one.
    pub of_n: Option<u64>,
    /// Share of it, with an interval.
    pub share: Option<Share>,
}

/// A rate of the ladder, or the name of what is missing for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rate {
    /// The rate.
    pub value: Option<Share>,
    /// Numerator and denominator.
    pub counts: Option<(u64, u64)>,
    /// Rungs that were not reported and are needed.
    pub missing: Vec<Rung>,
}

/// The ladder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ladder {
    /// All eight rungs, from the top down.
    pub steps: Vec<Step>,
    /// Participating of eligible and offered.
    pub reach: Rate,
    /// The same with those lost in the denominator.
    pub reach_with_lost: Rate,
    /// Responding of recruited.
    pub response: Rate,
    /// Target population minus excluded, lost and eligible: people whose way is not told; None where it is not known.
    pub unaccounted: Option<i64>,
}

/// Builds the ladder; a rung with more people than one above it is refused.
pub fn ladder(reported: &Reported, level: f64, method: ShareMethod) -> Result<Ladder> {
    checked_level(level)?;
    let get = |rung: Rung| reported.counts.get(&rung).copied();
    let mut above: Option<(Rung, u64)> = None;
    let mut steps = Vec::with_capacity(Rung::ALL.len());
    for rung in Rung::ALL {
        let n = get(rung);
        let base = above;
        if let (Some(n), Some((of, most))) = (n, base)
            && n > most
        {
            return Err(input("denominators grow along the ladder")
                .at(rung.name())
                .got(n)
                .allowed(format!("at most {most} ({})", of.name()))
                .remedy("People on a rung are a part of those above it: correct one of the two, or leave one out.")
                .into());
        }
        let part = n.zip(base).filter(|(_, (_, most))| *most > 0);
        steps.push(Step {
            rung,
            n,
            of: part.map(|(_, (of, _))| of),
            of_n: part.map(|(_, (_, most))| most),
            share: part.map(|(n, (_, most))| share(n, most, level, method)),
        });
        if let (Some(n), true) = (n, rung.carries()) {
            above = Some((rung, n));
        }
    }
    let rate = |top: Rung, bottom: &[Rung]| rate(reported, top, bottom, level, method);
    Ok(Ladder {
        steps,
        reach: rate(Rung::Participating, &[Rung::EligibleOffered]),
        reach_with_lost: rate(Rung::Participating, &[Rung::EligibleOffered, Rung::Lost]),
        response: rate(Rung::Responding, &[Rung::Recruited]),
        unaccounted: unaccounted(reported)?,
    })
}

fn rate(reported: &Reported, top: Rung, bottom: &[Rung], level: f64, method: ShareMethod) -> Rate {
    let needed: Vec<Rung> = bottom.iter().copied().chain([top]).collect();
    let missing: Vec<Rung> = needed.into_iter().filter(|rung| !reported.counts.contains_key(rung)).collect();
    let sum: u64 = bottom.iter().filter_map(|rung| reported.counts.get(rung)).sum();
    let counts = reported.counts.get(&top).map(|k| (*k, sum)).filter(|(_, n)| missing.is_empty() && *n > 0);
    Rate { value: counts.map(|(k, n)| share(k, n, level, method)), counts, missing }
}

/// People of the target population who are neither excluded nor lost nor eligible; fewer than none is refused.
fn unaccounted(reported: &Reported) -> Result<Option<i64>> {
    let get = |rung: Rung| reported.counts.get(&rung).map(|n| n.cast_signed());
    let parts = [Rung::Excluded, Rung::Lost, Rung::EligibleOffered].map(get);
    let (Some(target), [Some(out), Some(lost), Some(offered)]) = (get(Rung::TargetPopulation), parts) else {
        return Ok(None);
    };
    let rest = target - out - lost - offered;
    if rest < 0 {
        return Err(input("the parts of the target population exceed it")
            .at("target_population")
            .got(format!("{out} excluded, {lost} lost, {offered} eligible and offered"))
            .allowed(format!("together at most {target}"))
            .remedy("Count each person once.")
            .into());
    }
    Ok(Some(rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reported(counts: &[(Rung, u64)]) -> Reported {
        Reported { counts: counts.iter().copied().collect() }
    }

    #[test]
    fn the_study_reports_three_rungs() {
        let found = ladder(
            &reported(&[(Rung::Recruited, 227), (Rung::Responding, 96), (Rung::Interviewed, 12)]),
            0.95,
            ShareMethod::Wilson,
        )
        .unwrap();
        assert_eq!(found.steps.iter().filter(|s| s.n.is_none()).count(), 5);
        let response = found.response.value.unwrap();
        assert!((response.share - 0.4229).abs() < 5e-5 && (response.low - 0.3604).abs() < 5e-5);
        assert_eq!(found.reach.missing, [Rung::EligibleOffered, Rung::Participating]);
        assert_eq!((found.steps[7].of, found.steps[7].of_n), (Some(Rung::Responding), Some(96)));
        assert_eq!(found.unaccounted, None);
    }

    #[test]
    fn reach_counts_the_lost() {
        let found = ladder(
            &reported(&[
                (Rung::TargetPopulation, 500),
                (Rung::Excluded, 100),
                (Rung::Lost, 50),
                (Rung::EligibleOffered, 330),
                (Rung::Participating, 110),
            ]),
            0.95,
            ShareMethod::Wilson,
        )
        .unwrap();
        assert_eq!(found.reach.counts, Some((110, 330)));
        assert_eq!(found.reach_with_lost.counts, Some((110, 380)));
        assert_eq!(found.unaccounted, Some(20));
        // Excluded and lost are parts of the target population, not of each other.
        assert_eq!(found.steps[2].of, Some(Rung::TargetPopulation));
        assert_eq!(found.steps[3].of, Some(Rung::TargetPopulation));
    }

    #[test]
    fn ladders_that_grow_are_refused() {
        let message =
            |counts: &[(Rung, u64)]| ladder(&reported(counts), 0.95, ShareMethod::Wilson).unwrap_err().to_string();
        assert!(message(&[(Rung::Recruited, 90), (Rung::Responding, 96)]).contains("at most 90 (recruited)"));
        let over = [(Rung::TargetPopulation, 10), (Rung::Excluded, 5), (Rung::Lost, 2), (Rung::EligibleOffered, 4)];
        assert!(message(&over).contains("exceed"));
    }
}
