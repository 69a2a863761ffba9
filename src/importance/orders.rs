//! Sampled orders of entry, for games that are too dear for every subset.
//!
//! Each order is followed by its reverse (antithetic pairs), which removes what first and last places have in common; the
//! standard error comes from the pairs (Mann and Shapley 1960; Mitchell, Cooper, Frank and Holmes 2022).

use crate::error::{Error, Result};
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::{Purpose, Seed};
use rayon::prelude::*;

/// Shares with their Monte Carlo error.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// Mean marginal value of each item.
    pub shares: Vec<f64>,
    /// Standard error of each.
    pub standard_errors: Vec<f64>,
    /// Value of all items.
    pub total: f64,
    /// Value of none.
    pub empty: f64,
}

/// Draws `pairs` orders and their reverses of `items` items.
pub fn sample(
    items: usize,
    pairs: u64,
    seed: Seed,
    game: impl Fn(u64) -> Result<f64> + Sync,
    threads: Threads,
    control: &Control,
) -> Result<Sampled> {
    let (all, empty) = (game((1_u64 << items) - 1)?, game(0)?);
    control.set_total(pairs);
    let pair = |replicate: u64| -> Result<Vec<f64>> {
        if control.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let mut order: Vec<usize> = (0..items).collect();
        seed.stream(Purpose::Permute, replicate).shuffle(&mut order);
        let mut marginal = vec![0.0; items];
        for _ in 0..2 {
            let (mut set, mut value) = (0_u64, empty);
            for (place, j) in order.iter().enumerate() {
                set |= 1 << j;
                let next = if place + 1 == items { all } else { game(set)? };
                marginal[*j] += 0.5 * (next - value);
                value = next;
            }
            order.reverse();
        }
        control.advance(1);
        Ok(marginal)
    };
    let drawn: Vec<Vec<f64>> = threads.run(|| (0..pairs).into_par_iter().map(pair).collect::<Result<_>>())??;
    let n = pairs as f64;
    let shares: Vec<f64> = (0..items).map(|j| drawn.iter().map(|m| m[j]).sum::<f64>() / n).collect();
    let standard_errors = (0..items)
        .map(|j| {
            let squares: f64 = drawn.iter().map(|m| (m[j] - shares[j]).powi(2)).sum();
            (squares / (n - 1.0) / n).sqrt()
        })
        .collect();
    Ok(Sampled { shares, standard_errors, total: all, empty })
}
