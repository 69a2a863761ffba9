//! Many replicates: in blocks, on threads, stoppable; the same bytes whatever the blocks and threads.

use super::draw::Drawer;
use super::enumerate::Multisets;
use super::plan::Plan;
use super::statistic::{Evaluator, Statistic};
use crate::error::Result;
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::Seed;
use rayon::prelude::*;
use std::time::{Duration, Instant};

/// Replicates that one task computes between two glances at the cancel flag.
const BLOCK: usize = 64;
/// A wave of blocks is meant to last about this long; only whole blocks from the start of a wave are kept on a stop.
const WAVE: Duration = Duration::from_millis(60);

/// What a run completed.
#[derive(Debug, Clone, PartialEq)]
pub struct Replicates {
    /// Replicate after replicate, `outputs` numbers each.
    pub values: Vec<f64>,
    /// Probabilities of enumerated replicates; `None` when drawn.
    pub probabilities: Option<Vec<f64>>,
    /// Numbers per replicate.
    pub outputs: usize,
}

impl Replicates {
    /// Replicates completed.
    pub fn len(&self) -> usize {
        self.values.len() / self.outputs.max(1)
    }

    /// Whether nothing was completed.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Draws replicates `first..first + count` and evaluates the statistic on each.
pub fn draw(
    plan: &Plan,
    statistic: &Statistic,
    seed: Seed,
    (first, count): (u64, usize),
    threads: Threads,
    control: &Control,
) -> Result<Replicates> {
    let worker = || (Drawer::new(plan, seed), Evaluator::new(plan, statistic));
    let k = statistic.outputs();
    let values = in_waves(count, k, threads, control, worker, |(drawer, evaluator), replicate, out| {
        let index = first + replicate as u64;
        let gathers = plan.law().draws_units() && matches!(statistic, Statistic::Moments { .. });
        if gathers {
            evaluator.gathered(drawer.units(index), out);
        } else {
            evaluator.weighted(drawer.weights(index), out);
        }
    })?;
    Ok(Replicates { values, probabilities: None, outputs: k })
}

/// Evaluates the statistic on every multiset.
pub fn enumerate(
    plan: &Plan,
    multisets: &Multisets<'_>,
    statistic: &Statistic,
    threads: Threads,
    control: &Control,
) -> Result<Replicates> {
    let k = statistic.outputs();
    let worker = || (multisets.cursor(0), u64::MAX, Evaluator::new(plan, statistic), vec![0.0; plan.n_units()]);
    let count = multisets.len() as usize;
    // The probability travels beside the outputs and is split off at the end.
    let joint = in_waves(count, k + 1, threads, control, worker, |(cursor, at, evaluator, weights), rank, out| {
        let rank = rank as u64;
        if *at != rank {
            *cursor = multisets.cursor(rank);
        }
        weights.iter_mut().zip(cursor.counts()).for_each(|(w, &c)| *w = f64::from(c));
        evaluator.weighted(weights, &mut out[..k]);
        out[k] = cursor.probability();
        cursor.step();
        *at = rank + 1;
    })?;
    let probabilities = joint.iter().skip(k).step_by(k + 1).copied().collect();
    let values = joint.chunks_exact(k + 1).flat_map(|row| &row[..k]).copied().collect();
    Ok(Replicates { values, probabilities: Some(probabilities), outputs: k })
}

/// Evaluates the statistic under supplied weights, one row of units per replicate.
pub fn supplied(
    plan: &Plan,
    statistic: &Statistic,
    weights: &[f64],
    threads: Threads,
    control: &Control,
) -> Result<Vec<f64>> {
    let count = weights.len() / plan.n_units();
    control.set_total(count as u64);
    let worker = || Evaluator::new(plan, statistic);
    in_waves(count, statistic.outputs(), threads, control, worker, |evaluator, i, out| {
        evaluator.by_units(&weights[i * plan.n_units()..(i + 1) * plan.n_units()], out);
    })
}

/// Runs `evaluate(worker, i, out)` for `i` in `0..count`, `width` numbers each, advancing the progress by `count`; on a
/// stop, what is complete from the start.
pub(crate) fn in_waves<W: Send>(
    count: usize,
    width: usize,
    threads: Threads,
    control: &Control,
    worker: impl Fn() -> W + Sync,
    evaluate: impl Fn(&mut W, usize, &mut [f64]) + Sync,
) -> Result<Vec<f64>> {
    in_blocks(BLOCK, count, width, threads, control, worker, evaluate)
}

/// The same with tasks of `block` each.
pub(super) fn in_blocks<W: Send>(
    block: usize,
    count: usize,
    width: usize,
    threads: Threads,
    control: &Control,
    worker: impl Fn() -> W + Sync,
    evaluate: impl Fn(&mut W, usize, &mut [f64]) + Sync,
) -> Result<Vec<f64>> {
    threads.run(|| {
        let mut values = vec![0.0; count * width];
        let (mut done, mut blocks) = (0, 4 * threads.get());
        while done < count && !control.is_cancelled() {
            let wave = (blocks * block).min(count - done);
            let started = Instant::now();
            let complete: Vec<usize> = values[done * width..(done + wave) * width]
                .par_chunks_mut(block * width)
                .enumerate()
                .map_init(&worker, |worker, (task, out)| {
                    if control.is_cancelled() {
                        return 0;
                    }
                    for (i, out) in out.chunks_exact_mut(width).enumerate() {
                        evaluate(worker, done + task * block + i, out);
                    }
                    control.advance((out.len() / width) as u64);
                    out.len() / width
                })
                .collect();
            done += complete.iter().take_while(|&&n| n > 0).sum::<usize>();
            if started.elapsed() < WAVE / 2 {
                blocks *= 2;
            }
        }
        values.truncate(done * width);
        values
    })
}
