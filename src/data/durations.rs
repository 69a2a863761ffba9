//! Durations with events: the product-limit curve, the restricted mean and hazards by interval.
//!
//! Restricted mean: the area under the curve up to a horizon, with the variance of Klein and Moeschberger (2003, eq.
//! 4.5.2). It stays defined where the median does not: most participants may never start a job.

use crate::error::{Result, input};
use serde::Serialize;

/// One group's durations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Durations {
    /// Participants with a duration.
    pub n: u64,
    /// Events.
    pub events: u64,
    /// Times at which events happened, ascending.
    pub times: Vec<f64>,
    /// At risk just before each time.
    pub at_risk: Vec<u64>,
    /// Events at each time.
    pub deaths: Vec<u64>,
    /// Product-limit curve just after each time: the share without the event.
    pub survival: Vec<f64>,
    /// Area under the curve up to the horizon; `None` where nobody was followed so far and the curve has not ended.
    pub restricted_mean: Option<f64>,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Longest follow-up.
    pub longest: f64,
    /// Hazard in each interval between cut-points: events, at risk at the start, follow-up inside it.
    pub hazards: Vec<Hazard>,
}

/// The discrete-time hazard of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hazard {
    /// Start of the interval (included).
    pub from: f64,
    /// Its end (excluded, except that the last interval includes it).
    pub to: f64,
    /// Events inside.
    pub events: u64,
    /// Participants still at risk at its start.
    pub at_risk: u64,
    /// Those of them who were censored inside it.
    pub censored: u64,
    /// Events over (at risk - censored / 2), the actuarial hazard; `None` where nobody is at risk.
    pub hazard: Option<f64>,
}

/// Describes durations; `event[i]` is true where the event ended it, false where follow-up did.
///
/// ```
/// use steelyard::data::durations::durations;
/// let d = durations(&[1.0, 2.0, 3.0, 4.0], &[true, false, true, false], 4.0, &[0.0, 2.0, 4.0])?;
/// assert_eq!(d.survival, vec![0.75, 0.375]);
/// assert_eq!(d.restricted_mean, Some(1.0 + 2.0 * 0.75 + 0.375));
/// # Ok::<(), steelyard::error::Error>(())
/// ```
pub fn durations(time: &[f64], event: &[bool], horizon: f64, cuts: &[f64]) -> Result<Durations> {
    if time.len() != event.len() || time.iter().any(|t| !t.is_finite() || *t < 0.0) {
        return Err(input("durations not allowed").allowed("finite numbers from 0, with an event each").into());
    }
    if !horizon.is_finite() || horizon <= 0.0 || cuts.windows(2).any(|w| w[0] >= w[1]) {
        return Err(input("horizon or intervals not allowed")
            .allowed("a positive horizon, ascending cut-points")
            .into());
    }
    let mut order: Vec<usize> = (0..time.len()).collect();
    order.sort_by(|&a, &b| time[a].total_cmp(&time[b]));
    let mut found = Durations {
        n: time.len() as u64,
        events: event.iter().filter(|e| **e).count() as u64,
        times: Vec::new(),
        at_risk: Vec::new(),
        deaths: Vec::new(),
        survival: Vec::new(),
        restricted_mean: None,
        standard_error: None,
        longest: order.last().map_or(0.0, |&i| time[i]),
        hazards: cuts.windows(2).enumerate().map(|(k, w)| hazard(time, event, w, k + 2 == cuts.len())).collect(),
    };
    let mut curve = 1.0;
    let mut i = 0;
    while i < order.len() {
        let t = time[order[i]];
        let tied = order[i..].iter().take_while(|&&k| time[k] == t).count();
        let deaths = order[i..i + tied].iter().filter(|&&k| event[k]).count();
        if deaths > 0 {
            let at_risk = order.len() - i;
            curve *= 1.0 - deaths as f64 / at_risk as f64;
            found.times.push(t);
            found.at_risk.push(at_risk as u64);
            found.deaths.push(deaths as u64);
            found.survival.push(curve);
        }
        i += tied;
    }
    if found.n > 0 && (found.longest >= horizon || found.survival.last() == Some(&0.0)) {
        let (mean, error) = restricted_mean(&found, horizon);
        found.restricted_mean = Some(mean);
        found.standard_error = Some(error);
    }
    Ok(found)
}

fn hazard(time: &[f64], event: &[bool], ends: &[f64], last: bool) -> Hazard {
    let (from, to) = (ends[0], ends[1]);
    let inside = |t: f64| t >= from && (t < to || (last && t <= to));
    let at_risk = time.iter().filter(|t| **t >= from).count() as u64;
    let count = |kind: bool| time.iter().zip(event).filter(|(t, e)| inside(**t) && **e == kind).count() as u64;
    let (events, censored) = (count(true), count(false));
    let exposed = at_risk as f64 - censored as f64 / 2.0;
    Hazard { from, to, events, at_risk, censored, hazard: (exposed > 0.0).then(|| events as f64 / exposed) }
}

fn restricted_mean(d: &Durations, horizon: f64) -> (f64, f64) {
    let inside = d.times.iter().take_while(|t| **t < horizon).count();
    // Area under the curve between each event time and the horizon, built from the right.
    let mut areas = vec![0.0; inside];
    let (mut area, mut right) = (0.0, horizon);
    for k in (0..inside).rev() {
        area += d.survival[k] * (right - d.times[k]);
        right = d.times[k];
        areas[k] = area;
    }
    let mean = area + right;
    let variance: f64 = (0..inside)
        .map(|k| {
            let (y, e) = (d.at_risk[k] as f64, d.deaths[k] as f64);
            if y > e { areas[k] * areas[k] * e / (y * (y - e)) } else { 0.0 }
        })
        .sum();
    (mean, variance.sqrt())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn follow_up_that_ends_before_the_horizon_gives_no_mean() {
        let d = durations(&[1.0, 2.0], &[true, false], 5.0, &[]).unwrap();
        assert_eq!((d.restricted_mean, d.longest), (None, 2.0));
        let ended = durations(&[1.0, 2.0], &[true, true], 5.0, &[]).unwrap();
        assert_eq!(ended.restricted_mean, Some(1.5));
    }

    #[test]
    fn nobody_and_wrong_numbers() {
        let d = durations(&[], &[], 5.0, &[0.0, 5.0]).unwrap();
        assert_eq!((d.n, d.restricted_mean, d.hazards[0].hazard), (0, None, None));
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(durations(&[bad], &[true], 5.0, &[]).is_err());
        }
        assert!(durations(&[1.0], &[true], 0.0, &[]).is_err());
        assert!(durations(&[1.0], &[true], 1.0, &[2.0, 1.0]).is_err());
    }

    #[test]
    fn hazards_count_who_is_at_risk() {
        let d = durations(&[1.0, 3.0, 4.0, 6.0], &[true, false, true, false], 6.0, &[0.0, 3.0, 6.0]).unwrap();
        assert_eq!((d.hazards[0].events, d.hazards[0].at_risk, d.hazards[0].hazard), (1, 4, Some(0.25)));
        // Three at risk from 3, one censored at 3 and one at 6 inside: 1 / (3 - 1).
        assert_eq!((d.hazards[1].events, d.hazards[1].censored, d.hazards[1].hazard), (1, 2, Some(0.5)));
    }
}
