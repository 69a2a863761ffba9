//! Logistic fits of sixteen replicates at once: Newton steps from the fit of all data, in its orthonormal coordinates.
//!
//! The first step needs sums by unit only ([`super::pairs`]). The next evaluates score and information on the rows; the four
//! after that keep its factor, which costs a third and converges almost as fast so near the maximum; later ones, if any,
//! are full again. Rows that agree in unit, columns and offset are one row of k of n, so that with columns that are constant
//! within sites the cost does not depend on the number of participants.

use super::logit::LogitData;
use super::pairs::{DEPENDENT, Work};
use crate::linalg::lanes::{LANES, Lane, Moments, packed, solve, solve_again};
use crate::num::logistic::probabilities;
use ndarray::{Array2, Axis};
use pulp::{Arch, NullaryFnOnce};
use std::collections::HashMap;

/// Rows that are passed over together: few enough to stay next to the processor.
const BLOCK: usize = 36;
/// A linear predictor this far out means a fitted probability of 0 or 1 in double precision.
const FAR: f64 = 35.0;
/// The squared length, in standard errors, of what is left to go when a replicate has settled.
const LEFT: f64 = 1e-18;
/// So short a step this far out: the likelihood has settled while a coefficient grows.
const SETTLED: f64 = 1e-8;
/// Steps before a replicate is fitted on its own, with steps that are halved where needed.
const STEPS: usize = 24;

/// The rows of a logistic fit in its orthonormal coordinates.
#[derive(Debug)]
pub struct Likelihood {
    data: LogitData,
    estimate: Vec<f64>,
    unit_of_row: Vec<u32>,
    /// Linear predictors of the fit.
    eta: Vec<f64>,
    /// Their coordinates.
    blocks: Vec<Block>,
    arch: Arch,
}

/// The coordinates of up to [`BLOCK`] rows, by row and by coordinate.
#[derive(Debug)]
struct Block {
    by_row: Moments,
    by_coordinate: Moments,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct Buffers {
    eta: Vec<Lane>,
    information: Vec<Lane>,
    scaled: Vec<Lane>,
    residuals: Vec<Lane>,
    score: Vec<Lane>,
    step: Vec<Lane>,
}

/// Joins rows that agree in unit, columns and offset; returns the data and the unit of every row.
pub fn merged(data: &LogitData, unit_of_row: &[i64]) -> (LogitData, Vec<i64>) {
    let mut place: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut kept: Vec<usize> = Vec::new();
    let (mut successes, mut trials) = (Vec::new(), Vec::new());
    for (i, row) in data.x.rows().into_iter().enumerate() {
        // Adding zero makes one of -0 and 0.
        let bits = row.iter().chain([&data.offset[i]]).map(|x| (x + 0.0).to_bits());
        let key = bits.chain([unit_of_row[i] as u64, data.codes[i] as u64]).collect();
        let at = *place.entry(key).or_insert(kept.len());
        if at == kept.len() {
            kept.push(i);
            successes.push(0.0);
            trials.push(0.0);
        }
        successes[at] += data.successes[i];
        trials[at] += data.trials[i];
    }
    let joined = LogitData {
        x: data.x.select(Axis(0), &kept),
        successes,
        trials,
        offset: kept.iter().map(|&i| data.offset[i]).collect(),
        codes: kept.iter().map(|&i| data.codes[i]).collect(),
        names: data.names.clone(),
    };
    (joined, kept.iter().map(|&i| unit_of_row[i]).collect())
}

impl Likelihood {
    /// From data, its maximum and the map from coordinates to coefficients; the unit of every row (the row itself under a
    /// law that weighs rows).
    pub fn new(data: LogitData, estimate: &[f64], back: &Array2<f64>, unit_of_row: Vec<u32>) -> Self {
        let k = estimate.len();
        let eta =
            data.x.dot(&ndarray::ArrayView1::from(estimate)).iter().zip(&data.offset).map(|(e, o)| e + o).collect();
        let z: Vec<f64> = data.x.dot(back).iter().copied().collect();
        let blocks = z.chunks(BLOCK * k).map(|rows| Block::new(rows, k)).collect();
        Self { data, estimate: estimate.to_vec(), unit_of_row, eta, blocks, arch: Arch::new() }
    }

    pub(super) fn buffers(likelihood: Option<&Self>) -> Buffers {
        let Some(k) = likelihood.map(|l| l.estimate.len()) else { return Buffers::default() };
        let zero = [0.0; LANES];
        Buffers {
            eta: vec![zero; BLOCK],
            information: vec![zero; BLOCK],
            residuals: vec![zero; BLOCK],
            score: vec![zero; k],
            step: vec![zero; k],
            scaled: vec![zero; BLOCK],
        }
    }

    /// Goes on from the first Newton step in `work.coordinates` to the maximum of every lane. Coordinates are NaN where
    /// columns depend on one another or separate the outcomes; lanes that return false were not settled.
    pub(super) fn climb(&self, weights: &[Lane], work: &mut Work) -> [bool; LANES] {
        let mut active: [bool; LANES] = std::array::from_fn(|lane| !work.coordinates[0][lane].is_nan());
        let mut settled = active.map(|active| !active);
        let mut before = [0.0; LANES];
        for step in 0..STEPS {
            let full = step == 0 || step > 4;
            let farthest = self.pass(weights, work, full);
            let Buffers { score, step, .. } = &mut work.rows;
            let k = step.len();
            if full {
                let at = packed(k) - k;
                work.system[at..].copy_from_slice(score);
                solve(&mut work.system, step, DEPENDENT * DEPENDENT);
            } else {
                step.copy_from_slice(score);
                solve_again(&work.system, step);
            }
            for lane in 0..LANES {
                if !active[lane] {
                    continue;
                }
                let length: f64 = score.iter().zip(step.iter()).map(|(s, d)| s[lane] * d[lane]).sum();
                let separated = farthest[lane] > FAR && length < SETTLED;
                // The next step would be shorter by at least as much as this one is.
                let left = length * if length < before[lane] { length / before[lane] } else { 1.0 };
                before[lane] = length;
                settled[lane] = separated || left < LEFT;
                active[lane] = !settled[lane] && farthest[lane] <= FAR && length.is_finite();
                for (c, d) in work.coordinates.iter_mut().zip(step.iter()) {
                    c[lane] = if separated { f64::NAN } else { c[lane] + d[lane] };
                }
            }
            if !active.contains(&true) {
                break;
            }
        }
        settled
    }

    /// Score, and information when `full`, at the coordinates; returns the farthest linear predictor of each lane.
    fn pass(&self, weights: &[Lane], work: &mut Work, full: bool) -> Lane {
        let mut farthest = [0.0; LANES];
        let rows = &mut work.rows;
        rows.score.fill([0.0; LANES]);
        if full {
            work.system.fill([0.0; LANES]);
        }
        for (number, block) in self.blocks.iter().enumerate() {
            let from = number * BLOCK;
            let n = block.by_row.units();
            rows.eta[..n].fill([0.0; LANES]);
            block.by_coordinate.add_weighted(&work.coordinates, &mut rows.eta);
            self.arch.dispatch(Residuals { of: self, from, n, weights, rows, farthest: &mut farthest });
            block.by_row.add_weighted(&rows.residuals[..n], &mut rows.score);
            if full {
                block.by_row.add_gram(&rows.information[..n], &mut rows.scaled[..n], &mut work.system);
            }
        }
        farthest
    }

    /// The fit of one lane on its own, with steps that are halved where needed; NaN where there is no finite maximum.
    pub(super) fn alone(&self, weights: &[Lane], lane: usize, out: &mut [f64]) {
        let weight = |i: usize| weights[self.unit_of_row[i] as usize][lane];
        let drawn: Vec<usize> = (0..self.eta.len()).filter(|&i| weight(i) > 0.0).collect();
        let data = LogitData {
            x: self.data.x.select(Axis(0), &drawn),
            successes: drawn.iter().map(|&i| weight(i) * self.data.successes[i]).collect(),
            trials: drawn.iter().map(|&i| weight(i) * self.data.trials[i]).collect(),
            offset: drawn.iter().map(|&i| self.data.offset[i]).collect(),
            codes: vec![0; drawn.len()],
            names: self.data.names.clone(),
        };
        match data.fit(Some(&self.estimate)) {
            Ok(fit) => out.copy_from_slice(&fit.coefficients),
            Err(_) => out.fill(f64::NAN),
        }
    }
}

impl Block {
    fn new(rows: &[f64], k: usize) -> Self {
        let n = rows.len() / k;
        let transposed: Vec<f64> = (0..k).flat_map(|j| (0..n).map(move |r| rows[r * k + j])).collect();
        Self { by_row: Moments::new(rows, k), by_coordinate: Moments::new(&transposed, n) }
    }
}

/// Residuals and information of the rows of a block, every lane under its own weights.
struct Residuals<'a> {
    of: &'a Likelihood,
    from: usize,
    n: usize,
    weights: &'a [Lane],
    rows: &'a mut Buffers,
    farthest: &'a mut Lane,
}

impl NullaryFnOnce for Residuals<'_> {
    type Output = ();

    // Inlined into the functions that `pulp` compiles for each instruction set.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn call(self) {
        let Self { of, from, n, weights, rows, farthest } = self;
        for r in 0..n {
            let i = from + r;
            let weight = &weights[of.unit_of_row[i] as usize];
            let (successes, trials, base) = (of.data.successes[i], of.data.trials[i], of.eta[i]);
            let eta = rows.eta[r].map(|moved| moved + base);
            let p = probabilities(&eta);
            // Local, so that the compiler sees that nothing overlaps.
            let (mut information, mut residuals, mut reach) = ([0.0; LANES], [0.0; LANES], *farthest);
            for lane in 0..LANES {
                let (w, p) = (weight[lane], p[lane]);
                information[lane] = w * trials * p * (1.0 - p);
                residuals[lane] = w * (successes - trials * p);
                let out = if w > 0.0 { eta[lane].abs() } else { 0.0 };
                reach[lane] = if out > reach[lane] { out } else { reach[lane] };
            }
            (rows.information[r], rows.residuals[r], *farthest) = (information, residuals, reach);
        }
    }
}
