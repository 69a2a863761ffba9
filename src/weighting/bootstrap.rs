//! The whole contest on sites drawn with replacement: how much gains vary, tuning and all.
//!
//! A site that is drawn twice counts twice, in one fold: copies that stood in two folds would predict themselves.

use super::crossfit::{Entrant, Plan};
use super::gain::Losses;
use super::panel::Panel;
use super::splits::Validation;
use crate::error::{Result, input};
use crate::job::Control;
use crate::stream::{Purpose, Seed};
use rayon::prelude::*;

/// Fewest sites: with fewer, resamples hold too few different ones for a nested contest.
pub const FEWEST_FOR_BOOTSTRAP: usize = 20;

/// Gains per replicate and scheme, in the order of the schemes; an undefined one is NaN. Replicate i draws from stream i of the seed.
/// On cancellation the replicates completed without a gap from the first are returned.
pub fn bootstrap_gains(
    panel: &Panel,
    schemes: &[Entrant],
    reference: usize,
    validation: &Validation,
    replicates: usize,
    seed: Seed,
    control: &Control,
) -> Result<Vec<Vec<f64>>> {
    let sites = panel.sites();
    if sites < FEWEST_FOR_BOOTSTRAP {
        return Err(input("too few sites to resample the whole contest")
            .got(sites)
            .allowed(format!("at least {FEWEST_FOR_BOOTSTRAP}"))
            .remedy("The interval of the gain reruns the contest without each site: use that.")
            .into());
    }
    control.set_total(replicates as u64);
    let rows: Vec<Option<Vec<f64>>> = (0..replicates)
        .into_par_iter()
        .map(|i| {
            if control.is_cancelled() {
                return Ok(None);
            }
            let mut drawn = vec![0_u32; sites];
            seed.stream(Purpose::Resample, i as u64).fill_below(sites as u32, &mut drawn);
            let mut counts = vec![0_u32; sites];
            for site in drawn {
                counts[site as usize] += 1;
            }
            let part = panel.counted(&counts);
            let splits = validation.splits(part.sites(), Seed(seed.0.wrapping_add(i as u64)))?;
            let plan = Plan::with(&part, schemes, splits)?;
            let mut space = plan.space();
            plan.predict(&part.outcome, &mut space);
            control.advance(1);
            let gains = Losses::of(&part, &part.outcome, &space).gains(reference);
            Ok(Some(gains.unwrap_or_else(|| vec![f64::NAN; schemes.len()])))
        })
        .collect::<Result<_>>()?;
    Ok(rows.into_iter().map_while(|row| row).collect())
}
