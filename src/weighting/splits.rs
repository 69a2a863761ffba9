//! Which sites are held out together, and which the tuning leaves out together. All rows of a site stay together.

use crate::error::{Result, input};
use crate::stream::{Purpose, Seed};
use serde::Deserialize;

/// Fewest sites for folds of several sites: below, leaving one out trains on noticeably more.
pub const FEWEST_FOR_FOLDS: usize = 30;

/// How sites are held out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Validation {
    /// Each site is predicted from all others.
    LeaveOneSiteOut {
        /// Folds of sites that tuning leaves out together; `None`: each site alone.
        #[serde(default)]
        tuning_folds: Option<usize>,
    },
    /// Sites are dealt into folds, several times over; errors are averaged over the repeats.
    RepeatedKFold {
        /// Folds in each repeat.
        folds: usize,
        /// Times that sites are dealt anew.
        repeats: usize,
        /// Folds of sites that tuning leaves out together; `None`: each site alone.
        #[serde(default)]
        tuning_folds: Option<usize>,
    },
}

impl Default for Validation {
    fn default() -> Self {
        Self::LeaveOneSiteOut { tuning_folds: None }
    }
}

/// Sites that are held out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The repeat that this fold belongs to.
    pub repeat: usize,
    /// The sites, rising.
    pub sites: Vec<usize>,
}

/// The folds of a contest: in every repeat each site is held out once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splits {
    /// Outer folds.
    pub outer: Vec<Held>,
    /// Number of repeats.
    pub repeats: usize,
    /// The tuning fold of each site; `None`: each site alone.
    pub tuning: Option<Vec<usize>>,
}

impl Validation {
    /// Deals `sites` sites; the same seed deals alike.
    pub fn splits(&self, sites: usize, seed: Seed) -> Result<Splits> {
        let (mut splits, tuning_folds) = match self {
            Self::LeaveOneSiteOut { tuning_folds } => (Splits::leave_one_site_out(sites), tuning_folds),
            Self::RepeatedKFold { folds, repeats, tuning_folds } => {
                (Splits::k_fold(sites, *folds, *repeats, seed)?, tuning_folds)
            }
        };
        if let Some(folds) = tuning_folds {
            check_folds("tuning_folds", *folds, sites)?;
            splits.tuning = Some(deal(sites, *folds, seed, u64::MAX));
        }
        Ok(splits)
    }
}

impl Splits {
    /// Each site alone.
    pub fn leave_one_site_out(sites: usize) -> Self {
        Self { outer: (0..sites).map(|site| Held { repeat: 0, sites: vec![site] }).collect(), repeats: 1, tuning: None }
    }

    /// Whether each site is held out once, alone.
    pub(super) fn is_leave_one_site_out(&self) -> bool {
        self.repeats == 1 && self.outer.iter().all(|held| held.sites.len() == 1)
    }

    /// Each of these pairs of sites, by itself a repeat.
    pub(super) fn of_pairs(pairs: &[[usize; 2]], tuning: Option<Vec<usize>>) -> Self {
        let outer = pairs.iter().enumerate().map(|(repeat, pair)| Held { repeat, sites: pair.to_vec() });
        Self { outer: outer.collect(), repeats: pairs.len(), tuning }
    }

    fn k_fold(sites: usize, folds: usize, repeats: usize, seed: Seed) -> Result<Self> {
        if sites < FEWEST_FOR_FOLDS {
            return Err(input("too few sites for folds of several sites")
                .at("validation")
                .got(sites)
                .allowed(format!("at least {FEWEST_FOR_FOLDS}"))
                .remedy("Use sy.LeaveOneSiteOut().")
                .into());
        }
        check_folds("folds", folds, sites)?;
        if repeats == 0 {
            return Err(input("number of repeats not allowed").at("repeats").got(0).allowed("1 or more").into());
        }
        let outer = (0..repeats).flat_map(|repeat| {
            let labels = deal(sites, folds, seed, repeat as u64);
            (0..folds)
                .map(move |fold| Held { repeat, sites: (0..sites).filter(|site| labels[*site] == fold).collect() })
        });
        Ok(Self { outer: outer.collect(), repeats, tuning: None })
    }

    /// The same folds without one site, sites renumbered: what a rerun without it uses.
    #[must_use]
    pub fn without(&self, site: usize) -> Self {
        let place = |s: &usize| if *s > site { s - 1 } else { *s };
        let outer = self.outer.iter().map(|held| Held {
            repeat: held.repeat,
            sites: held.sites.iter().filter(|s| **s != site).map(place).collect(),
        });
        let tuning = self
            .tuning
            .as_ref()
            .map(|labels| labels.iter().enumerate().filter(|(s, _)| *s != site).map(|(_, label)| *label).collect());
        Self { outer: outer.filter(|held| !held.sites.is_empty()).collect(), repeats: self.repeats, tuning }
    }

    /// Outer fold `f` alone.
    #[must_use]
    pub fn only(&self, f: usize) -> Self {
        let outer = vec![Held { repeat: 0, sites: self.outer[f].sites.clone() }];
        Self { outer, repeats: 1, tuning: self.tuning.clone() }
    }

    /// The groups of training sites that tuning leaves out in turn, when `held` are held out of `sites`.
    pub(super) fn tuning_groups(&self, held: &[usize], sites: usize) -> Vec<Vec<usize>> {
        let training = (0..sites).filter(|site| !held.contains(site));
        let Some(labels) = &self.tuning else { return training.map(|site| vec![site]).collect() };
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); labels.iter().max().map_or(0, |last| last + 1)];
        for site in training {
            groups[labels[site]].push(site);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}

fn check_folds(name: &str, folds: usize, sites: usize) -> Result<()> {
    if (2..=sites).contains(&folds) {
        return Ok(());
    }
    Err(input("number of folds not allowed").at(name).got(folds).allowed(format!("2 to {sites}, the sites")).into())
}

/// A fold for each site: a shuffled order, dealt round.
fn deal(sites: usize, folds: usize, seed: Seed, draw: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sites).collect();
    seed.stream(Purpose::Folds, draw).shuffle(&mut order);
    let mut labels = vec![0; sites];
    for (place, site) in order.into_iter().enumerate() {
        labels[site] = place % folds;
    }
    labels
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn folds(sites: usize) -> Result<Splits> {
        Validation::RepeatedKFold { folds: 10, repeats: 3, tuning_folds: Some(5) }.splits(sites, Seed(1))
    }

    #[test]
    fn every_site_is_held_out_once_in_every_repeat_and_sizes_are_even() {
        let splits = folds(34).unwrap();
        for repeat in 0..3 {
            let own = splits.outer.iter().filter(|held| held.repeat == repeat);
            let mut seen: Vec<usize> = own.clone().flat_map(|held| held.sites.clone()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..34).collect::<Vec<_>>());
            assert!(own.map(|held| held.sites.len()).all(|size| size == 3 || size == 4));
        }
        assert_ne!(splits.outer[0], splits.outer[10]);
        assert_eq!(splits, folds(34).unwrap());
    }

    #[test]
    fn tuning_never_sees_what_is_held_out() {
        let splits = folds(34).unwrap();
        for held in &splits.outer {
            let groups = splits.tuning_groups(&held.sites, 34);
            assert!(groups.len() == 5);
            let mut seen: Vec<usize> = groups.into_iter().flatten().chain(held.sites.clone()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..34).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_rerun_keeps_the_folds_of_the_others() {
        let (splits, part) = (folds(30).unwrap(), folds(30).unwrap().without(7));
        let renumbered = |s: usize| if s > 7 { s - 1 } else { s };
        let first: Vec<usize> = splits.outer[0].sites.iter().filter(|s| **s != 7).map(|s| renumbered(*s)).collect();
        assert_eq!(part.outer[0].sites, first);
        assert_eq!(Splits::leave_one_site_out(5).without(2), Splits::leave_one_site_out(4));
    }

    #[test]
    fn folds_are_refused_where_they_make_no_sense() {
        let text = |v: Validation, n| v.splits(n, Seed(1)).unwrap_err().to_string();
        let k = |folds, repeats| Validation::RepeatedKFold { folds, repeats, tuning_folds: None };
        assert!(text(k(10, 1), 29).contains("too few sites for folds of several sites in validation: got 29"));
        assert!(text(k(1, 1), 30).contains("number of folds not allowed in folds: got 1; allowed: 2 to 30"));
        assert!(text(k(10, 0), 30).contains("number of repeats not allowed in repeats: got 0"));
    }
}
