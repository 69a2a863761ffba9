//! Replicates in groups of sixteen, one per SIMD lane: for statistics that solve a system in every replicate.
//!
//! The group is a matter of speed alone: what a lane computes depends on its own weights only.

use super::draw::Drawer;
use super::enumerate::Multisets;
use super::plan::Plan;
use super::run::{Replicates, in_blocks};
use crate::error::Result;
use crate::job::Control;
use crate::linalg::lanes::{LANES, Lane};
use crate::parallel::Threads;
use crate::stream::Seed;

/// A statistic that is computed on sixteen replicates at once.
pub trait LaneStatistic: Sync {
    /// Buffers of one thread.
    type Work: Send;
    /// Numbers per replicate.
    fn outputs(&self) -> usize;
    /// Fresh buffers.
    fn work(&self) -> Self::Work;
    /// From the weights that each replicate gives to units (to rows under a law that weighs rows) to its numbers, written
    /// replicate after replicate; NaN where they are undefined.
    fn evaluate(&self, weights: &[Lane], work: &mut Self::Work, out: &mut [f64]);
}

/// Where the weights of replicates come from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Replicates `first..first + count` of a plan.
    Drawn {
        /// Of the streams.
        seed: Seed,
        /// The first replicate.
        first: u64,
        /// How many.
        count: usize,
    },
    /// Every multiset.
    Enumerated(&'a Multisets<'a>),
    /// One row of unit weights per replicate.
    Supplied(&'a [f64]),
    /// Each unit left out in turn.
    LeftOut,
}

impl Source<'_> {
    /// How many replicates there are.
    pub fn len(&self, plan: &Plan) -> usize {
        match self {
            Self::Drawn { count, .. } => *count,
            Self::Enumerated(multisets) => multisets.len() as usize,
            Self::Supplied(weights) => weights.len() / plan.n_units(),
            Self::LeftOut => plan.n_units(),
        }
    }

    /// How far a run advances the progress.
    pub fn steps(&self, plan: &Plan) -> u64 {
        self.len(plan).div_ceil(LANES) as u64
    }
}

/// Evaluates a statistic on all replicates of a source; on a stop, on what is complete from the start.
pub fn run<S: LaneStatistic>(
    plan: &Plan,
    source: Source<'_>,
    statistic: &S,
    threads: Threads,
    control: &Control,
) -> Result<Replicates> {
    let (k, count) = (statistic.outputs(), source.len(plan));
    // The probability of an enumerated replicate travels behind the outputs of its group.
    let width = LANES * (k + 1);
    let worker = || (Weigher::new(plan, source), statistic.work());
    let groups =
        in_blocks(1, count.div_ceil(LANES), width, threads, control, worker, |(weigher, work), group, out| {
            let (values, probabilities) = out.split_at_mut(LANES * k);
            for lane in 0..LANES {
                // The last group is filled up by repeating the last replicate; the surplus is cut off below.
                probabilities[lane] = weigher.load((group * LANES + lane).min(count - 1), lane);
            }
            statistic.evaluate(&weigher.weights, work, values);
        })?;
    let mut values = Vec::with_capacity(groups.len() / (k + 1) * k);
    groups.chunks_exact(width).for_each(|group| values.extend_from_slice(&group[..LANES * k]));
    values.truncate(count * k);
    let probabilities = matches!(source, Source::Enumerated(_)).then(|| {
        let all = groups.chunks_exact(width).flat_map(|group| &group[LANES * k..]);
        all.take(values.len() / k).copied().collect()
    });
    Ok(Replicates { values, probabilities, outputs: k })
}

/// Writes the weights of replicates into lanes.
struct Weigher<'a> {
    plan: &'a Plan,
    source: Source<'a>,
    drawer: Option<Drawer<'a>>,
    cursor: Option<(usize, super::enumerate::Cursor<'a>)>,
    units: Vec<f64>,
    rows: Vec<f64>,
    weights: Vec<Lane>,
}

impl<'a> Weigher<'a> {
    fn new(plan: &'a Plan, source: Source<'a>) -> Self {
        let drawer = if let Source::Drawn { seed, .. } = source { Some(Drawer::new(plan, seed)) } else { None };
        Self {
            plan,
            source,
            drawer,
            cursor: None,
            units: vec![1.0; plan.n_units()],
            rows: vec![0.0; if plan.law().weighs_rows() { plan.n_rows() } else { 0 }],
            weights: vec![[0.0; LANES]; plan.n_weights()],
        }
    }

    /// Loads one replicate; returns its probability when enumerated.
    fn load(&mut self, replicate: usize, lane: usize) -> f64 {
        let mut probability = 0.0;
        match self.source {
            Source::Drawn { first, .. } => {
                if let Some(drawer) = &mut self.drawer {
                    let index = first + replicate as u64;
                    if self.plan.law().draws_units() {
                        self.weights.iter_mut().for_each(|weight| weight[lane] = 0.0);
                        drawer.units(index).iter().for_each(|&unit| self.weights[unit as usize][lane] += 1.0);
                    } else {
                        let drawn = drawer.weights(index);
                        self.weights.iter_mut().zip(drawn).for_each(|(weight, &w)| weight[lane] = w);
                    }
                }
                return probability;
            }
            Source::Enumerated(multisets) => {
                let (_, mut cursor) = match self.cursor.take() {
                    Some((at, cursor)) if at == replicate => (at, cursor),
                    _ => (replicate, multisets.cursor(replicate as u64)),
                };
                self.units.iter_mut().zip(cursor.counts()).for_each(|(weight, &c)| *weight = f64::from(c));
                probability = cursor.probability();
                cursor.step();
                self.cursor = Some((replicate + 1, cursor));
            }
            Source::Supplied(weights) => {
                let n = self.plan.n_units();
                self.units.copy_from_slice(&weights[replicate * n..(replicate + 1) * n]);
            }
            Source::LeftOut => {
                self.units.fill(1.0);
                self.units[replicate] = 0.0;
            }
        }
        let of_units = if self.plan.law().weighs_rows() {
            self.plan.spread(&self.units, &mut self.rows);
            &self.rows
        } else {
            &self.units
        };
        self.weights.iter_mut().zip(of_units).for_each(|(weight, &w)| weight[lane] = w);
        probability
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::resample::enumerate::Multisets;
    use crate::resample::plan::Law;
    use crate::resample::run;
    use crate::resample::statistic::Evaluator;
    use crate::resample::statistics::{Spec, Table, bind};

    /// The weighted mean of the units' values.
    struct Mean(Vec<f64>);

    impl LaneStatistic for Mean {
        type Work = ();
        fn outputs(&self) -> usize {
            1
        }
        fn work(&self) {}
        fn evaluate(&self, weights: &[Lane], (): &mut (), out: &mut [f64]) {
            for lane in 0..LANES {
                let total: f64 = weights.iter().map(|w| w[lane]).sum();
                out[lane] = weights.iter().zip(&self.0).map(|(w, x)| w[lane] * x).sum::<f64>() / total;
            }
        }
    }

    fn close(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{a} {b}"));
    }

    #[test]
    fn groups_give_what_single_replicates_give() {
        let x = [1.0, 2.0, 4.0, 9.0, 11.0];
        let units: Vec<i64> = (0..5).collect();
        for law in [Law::Multinomial, Law::Balanced, Law::Exponential, Law::TwoStage] {
            let plan = Plan::new(&units, &[0; 5], None, law).unwrap();
            let single = bind(&Spec::Mean, Table { values: &x, columns: 1, sample: None }, &plan).unwrap();
            let (mean, control, one) = (Mean(x.to_vec()), Control::new(), Threads::ONE);
            let drawn = |first, count| {
                let source = Source::Drawn { seed: Seed(1), first, count };
                run(&plan, source, &mean, one, &control).unwrap().values
            };
            close(&drawn(0, 37), &run::draw(&plan, &single, Seed(1), (0, 37), one, &control).unwrap().values);
            assert_eq!(drawn(0, 37)[5..], drawn(5, 32));
            let left_out = run(&plan, Source::LeftOut, &mean, one, &control).unwrap().values;
            let mut expected = [0.0];
            let mut weights = [1.0; 5];
            weights[2] = 0.0;
            Evaluator::new(&plan, &single).by_units(&weights, &mut expected);
            close(&left_out[2..3], &expected);
            let supplied = run(&plan, Source::Supplied(&weights), &mean, one, &control).unwrap().values;
            close(&supplied, &expected);
            let Some(multisets) = Multisets::of(&plan, 1 << 20) else { continue };
            let all = run(&plan, Source::Enumerated(&multisets), &mean, one, &control).unwrap();
            let expected = run::enumerate(&plan, &multisets, &single, one, &control).unwrap();
            close(&all.values, &expected.values);
            assert_eq!(all.probabilities, expected.probabilities);
        }
    }
}
