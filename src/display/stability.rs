//! How often a lens would select each finding, had other sites or other respondents been drawn.
//!
//! Means over sites are recomputed from resampled sites, shares from resampled respondents; everything else is held.
//! With few sites every multiset of sites is visited with its probability; shares then follow the binomial law exactly,
//! as long as the rule judges findings one by one. Otherwise replicates are drawn and their Monte Carlo error is told.
//! A frequency says how stable a selection is; it is no probability that a finding matters.

use super::finding::{Finding, Interval, wilson};
use super::lens::{Lens, select};
use super::rule::Rule;
use crate::error::{Result, input};
use crate::job::Control;
use crate::num::special::t_quantile;
use crate::resample::enumerate::Multisets;
use crate::resample::plan::Plan;
use crate::stream::{Purpose, Seed};
use serde::Serialize;

/// How often each finding is selected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stability {
    /// One entry per finding, in order.
    pub findings: Vec<Frequency>,
    /// Whether every configuration was visited.
    pub enumerated: bool,
    /// Replicates visited.
    pub n_resamples: u64,
    /// The seed, where replicates were drawn.
    pub seed: Option<u64>,
}

/// How often one finding is selected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frequency {
    /// The finding.
    pub finding: String,
    /// Whether the rule selects it as it stands, overrides aside.
    pub selected: bool,
    /// Share of replicates that select it.
    pub frequency: f64,
    /// Standard error of that share from drawing replicates; 0 where enumerated.
    pub monte_carlo_error: f64,
    /// What was resampled.
    pub varied: Varied,
}

/// What was resampled of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Varied {
    /// Its sites.
    Sites,
    /// Its respondents.
    Respondents,
    /// Nothing: it is no mean over the sites and no share, or stands on other sites.
    Held,
}

/// Multisets of sites that are visited one by one; more are drawn.
const MOST_MULTISETS: u64 = 100_000;

/// Resamples sites and respondents and applies the rule of a lens to each replicate.
pub fn stability(
    lens: &Lens,
    findings: &[Finding],
    n_resamples: u64,
    seed: Seed,
    control: &Control,
) -> Result<Stability> {
    let rule = Lens { rule: lens.rule.clone(), overrides: Vec::new() };
    let selected: Vec<bool> = select(&rule, findings)?.iter().map(|s| s.selected).collect();
    if n_resamples == 0 {
        return Err(input("number of resamples not allowed").at("n_resamples").got(0).allowed("1 or more").into());
    }
    let varied = varied(findings);
    let sites = findings.iter().zip(&varied).find(|(_, v)| **v == Varied::Sites).map_or(0, |(f, _)| f.by_site.len());
    let has_shares = varied.contains(&Varied::Respondents);
    let plan = Plan::iid(sites.max(2))?;
    let multisets = Multisets::of(&plan, MOST_MULTISETS).filter(|_| one_by_one(&lens.rule) || !has_shares);
    let mut work = Work { lens: &rule, original: findings, current: findings.to_vec(), varied: &varied };
    let enumerated = multisets.is_some();
    let (frequencies, visited) = match multisets {
        Some(all) => work.enumerate(&all, control)?,
        None => (work.draw(sites, n_resamples, seed, control)?, n_resamples),
    };
    let entries = findings.iter().zip(selected).zip(frequencies).zip(&varied);
    let told = entries.map(|(((finding, selected), frequency), varied)| Frequency {
        finding: finding.id.clone(),
        selected,
        frequency,
        monte_carlo_error: if enumerated { 0.0 } else { (frequency * (1.0 - frequency) / n_resamples as f64).sqrt() },
        varied: *varied,
    });
    Ok(Stability { findings: told.collect(), enumerated, n_resamples: visited, seed: (!enumerated).then_some(seed.0) })
}

/// Whether a rule judges each finding by itself.
fn one_by_one(rule: &Rule) -> bool {
    match rule {
        Rule::Rank { .. } | Rule::Shortfall { .. } => false,
        Rule::Any { rules } | Rule::All { rules } => rules.iter().all(one_by_one),
        _ => true,
    }
}

fn varied(findings: &[Finding]) -> Vec<Varied> {
    let names = |f: &Finding| f.by_site.iter().map(|s| s.site.clone()).collect::<Vec<_>>();
    let first = findings.iter().find(|f| f.by_site.len() > 1).map(names).unwrap_or_default();
    let is_mean = |f: &Finding| {
        let mean = f.by_site.iter().map(|s| s.value).sum::<f64>() / f.by_site.len() as f64;
        (mean - f.value).abs() <= 1e-9 * f.value.abs().max(1.0)
    };
    let of = |f: &Finding| {
        if f.by_site.len() > 1 && names(f) == first && is_mean(f) {
            Varied::Sites
        } else if f.count.is_some() && f.by_site.is_empty() {
            Varied::Respondents
        } else {
            Varied::Held
        }
    };
    findings.iter().map(of).collect()
}

struct Work<'w> {
    lens: &'w Lens,
    original: &'w [Finding],
    current: Vec<Finding>,
    varied: &'w [Varied],
}

impl Work<'_> {
    /// Sets every mean over sites to that of the drawn sites.
    fn set_sites(&mut self, drawn: &[usize]) {
        for ((now, before), varied) in self.current.iter_mut().zip(self.original).zip(self.varied) {
            if *varied != Varied::Sites {
                continue;
            }
            for (slot, from) in now.by_site.iter_mut().zip(drawn) {
                if let Some(site) = before.by_site.get(*from) {
                    slot.clone_from(site);
                }
            }
            now.value = now.by_site.iter().map(|s| s.value).sum::<f64>() / drawn.len() as f64;
            if let Some(interval) = &before.interval {
                now.interval = Some(t_interval(now, interval));
            }
        }
    }

    fn set_share(&mut self, at: usize, count: u64) {
        let (Some(now), Some(before)) = (self.current.get_mut(at), self.original.get(at)) else { return };
        let unit = before.count.filter(|k| *k > 0).map_or(100.0, |k| before.value / (k as f64 / before.n as f64));
        now.count = Some(count);
        now.value = unit * count as f64 / before.n as f64;
        if let Some(interval) = &before.interval {
            let (low, high) = wilson(count, before.n, interval.level);
            now.interval = Some(Interval { low: unit * low, high: unit * high, ..interval.clone() });
        }
    }

    fn visit(&self, weight: f64, wanted: impl Fn(Varied) -> bool, sums: &mut [f64]) -> Result<()> {
        let log = select(self.lens, &self.current)?;
        for ((sum, entry), varied) in sums.iter_mut().zip(log).zip(self.varied) {
            if entry.selected && wanted(*varied) {
                *sum += weight;
            }
        }
        Ok(())
    }

    fn enumerate(&mut self, all: &Multisets<'_>, control: &Control) -> Result<(Vec<f64>, u64)> {
        let mut sums = vec![0.0; self.original.len()];
        let (mut drawn, mut mass, mut walk) = (Vec::new(), 0.0, all.cursor(0));
        // Where no finding stands on the sites, one configuration is all there is.
        let mut visited = if self.varied.contains(&Varied::Sites) { all.len() } else { 1 };
        control.set_total(visited);
        for _ in 0..visited {
            drawn.clear();
            drawn.extend(walk.counts().iter().enumerate().flat_map(|(site, n)| std::iter::repeat_n(site, *n as usize)));
            self.set_sites(&drawn);
            let weight = walk.probability();
            self.visit(weight, |v| v != Varied::Respondents, &mut sums)?;
            mass += weight;
            walk.step();
            control.advance(1);
            if control.is_cancelled() {
                return Err(crate::error::Error::Interrupted);
            }
        }
        // Divided by the mass that was summed in the same order: what is always selected has frequency 1 exactly.
        for sum in &mut sums {
            *sum /= mass;
        }
        self.current.clone_from_slice(self.original);
        for at in 0..self.original.len() {
            visited += self.enumerate_share(at, &mut sums)?;
        }
        Ok((sums, visited))
    }

    /// Every count that resampled respondents could give, with its binomial probability.
    fn enumerate_share(&mut self, at: usize, sums: &mut [f64]) -> Result<u64> {
        let Some((n, k)) = self
            .original
            .get(at)
            .filter(|_| self.varied.get(at) == Some(&Varied::Respondents))
            .and_then(|f| Some((f.n, f.count?)))
        else {
            return Ok(0);
        };
        let p = k as f64 / n as f64;
        let (mut hits, mut mass) = (0.0, 0.0);
        for count in 0..=n {
            let probability = binomial(count, n, p);
            self.set_share(at, count);
            let one = self.current.get(at..=at).unwrap_or_default();
            mass += probability;
            if select(self.lens, one)?.iter().any(|s| s.selected) {
                hits += probability;
            }
        }
        if let Some(sum) = sums.get_mut(at) {
            *sum = hits / mass;
        }
        Ok(n + 1)
    }

    fn draw(&mut self, sites: usize, n_resamples: u64, seed: Seed, control: &Control) -> Result<Vec<f64>> {
        let mut counts = vec![0.0; self.original.len()];
        let mut drawn = vec![0; sites];
        control.set_total(n_resamples);
        for replicate in 0..n_resamples {
            let mut stream = seed.stream(Purpose::Resample, replicate);
            for slot in &mut drawn {
                *slot = stream.below(u32::try_from(sites).unwrap_or(u32::MAX)) as usize;
            }
            self.set_sites(&drawn);
            for at in 0..self.original.len() {
                if self.varied.get(at) == Some(&Varied::Respondents)
                    && let Some((n, k)) = self.original.get(at).and_then(|f| Some((f.n, f.count?)))
                {
                    let bound = u32::try_from(n).unwrap_or(u32::MAX);
                    let count = (0..n).filter(|_| u64::from(stream.below(bound)) < k).count() as u64;
                    self.set_share(at, count);
                }
            }
            self.visit(1.0, |_| true, &mut counts)?;
            control.advance(1);
            if control.is_cancelled() {
                return Err(crate::error::Error::Interrupted);
            }
        }
        Ok(counts.into_iter().map(|x| x / n_resamples as f64).collect())
    }
}

fn t_interval(finding: &Finding, before: &Interval) -> Interval {
    let n = finding.by_site.len() as f64;
    let squares: f64 = finding.by_site.iter().map(|s| (s.value - finding.value).powi(2)).sum();
    let half = t_quantile(0.5 + before.level / 2.0, n - 1.0) * (squares / (n - 1.0) / n).sqrt();
    Interval { low: finding.value - half, high: finding.value + half, ..before.clone() }
}

/// Binomial probability of `k` in `n`, by logarithms.
fn binomial(k: u64, n: u64, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return f64::from(u8::from(k == if p >= 1.0 { n } else { 0 }));
    }
    let ways: f64 = (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum();
    (ways + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::finding::SiteValue;
    use super::*;

    fn item(id: &str, values: &[f64]) -> Finding {
        let site = |(i, v): (usize, &f64)| SiteValue { site: i.to_string(), value: *v };
        Finding {
            id: id.into(),
            value: values.iter().sum::<f64>() / values.len() as f64,
            unit: "points".into(),
            n: values.len() as u64,
            population: Some("these sites".into()),
            by_site: values.iter().enumerate().map(site).collect(),
            ..Finding::default()
        }
    }

    fn cut(low: f64) -> Rule {
        Rule::Cut { low: Some(low), high: None, unit: "points".into() }
    }

    fn run(rule: Rule, findings: &[Finding]) -> Stability {
        let lens = Lens { rule, overrides: Vec::new() };
        stability(&lens, findings, 20_000, Seed(7), &Control::new()).unwrap()
    }

    #[test]
    fn two_sites_by_hand() {
        // Of 2 and 4: means 2 (1/4), 3 (1/2), 4 (1/4); at or below 3 in three quarters.
        let found = run(cut(3.0), &[item("a", &[2.0, 4.0])]);
        assert!(found.enumerated);
        assert_eq!((found.n_resamples, found.findings[0].frequency), (3, 0.75));
    }

    #[test]
    fn binomial_probabilities_sum_to_one() {
        let all: f64 = (0..=77).map(|k| binomial(k, 77, 71.0 / 77.0)).sum();
        assert!((all - 1.0).abs() < 1e-12);
    }

    #[test]
    fn drawing_agrees_with_enumeration() {
        let findings = [item("a", &[2.0, 3.0, 3.0, 3.0, 2.0, 3.0]), item("b", &[3.0, 3.0, 4.0, 5.0, 2.0, 2.0])];
        let exact = run(cut(3.0), &findings);
        assert_eq!(exact.findings[0].frequency, 1.0);
        // The lowest of the two by rank needs both at once: a wins or ties whenever its mean is not above that of b.
        let rank = run(Rule::Rank { lowest: 1, highest: 0, unit: "points".into() }, &findings);
        assert!(rank.enumerated);
        let share = Finding {
            id: "s".into(),
            value: 60.0,
            unit: "percent".into(),
            n: 10,
            count: Some(6),
            ..Finding::default()
        };
        let mixed = [findings[0].clone(), findings[1].clone(), share];
        let drawn = run(Rule::Rank { lowest: 1, highest: 0, unit: "points".into() }, &mixed);
        assert!(!drawn.enumerated);
        for at in 0..2 {
            let (x, y) = (&rank.findings[at], &drawn.findings[at]);
            assert!((x.frequency - y.frequency).abs() < 4.5 * y.monte_carlo_error.max(1e-9), "{x:?} {y:?}");
        }
    }

    #[test]
    fn shares_follow_the_binomial_law() {
        // Of 3 asked, 2 said yes: at or above 2 of 3 with probability 3 (2/3)^2 (1/3) + (2/3)^3 = 20/27.
        let share = Finding {
            id: "s".into(),
            value: 200.0 / 3.0,
            unit: "percent".into(),
            n: 3,
            count: Some(2),
            ..Finding::default()
        };
        let rule = Rule::Cut { low: None, high: Some(60.0), unit: "percent".into() };
        let found = run(rule, &[share]);
        assert!(found.enumerated);
        assert!((found.findings[0].frequency - 20.0 / 27.0).abs() < 1e-12);
        assert_eq!(found.findings[0].varied, Varied::Respondents);
    }
}
