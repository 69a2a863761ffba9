//! The bootstrap: clusters (sources, or units where there are no sources) drawn with replacement, counts of patterns
//! summed, every coefficient evaluated. Where there are few clusters every resample is visited instead.

use super::coefficient::{Asked, evaluate};
use super::sums::{Frame, Sums};
use crate::job::Control;
use crate::stream::{Purpose, Seed};
use rayon::prelude::*;

/// Which resamples.
#[derive(Debug)]
pub struct Plan {
    /// Clusters of the data; each resample draws as many.
    pub clusters: usize,
    /// Resamples to draw.
    pub n_resamples: usize,
    /// Seed.
    pub seed: Seed,
    /// All multisets of clusters with their probabilities, where they are visited instead; one row of counts each.
    pub listed: Option<Listed>,
}

/// Every multiset of clusters.
#[derive(Debug)]
pub struct Listed {
    counts: Vec<u8>,
    /// Multinomial probability of each.
    pub probabilities: Vec<f64>,
}

/// Number of multisets of n out of n: `C(2n - 1, n)`.
pub fn n_multisets(n: usize) -> f64 {
    (1..n).map(|k| (n + k) as f64 / k as f64).product::<f64>().round()
}

impl Listed {
    /// Lists every multiset of `n` clusters, `n` at most 255.
    pub fn new(n: usize) -> Self {
        let mut listed = Self { counts: Vec::new(), probabilities: Vec::new() };
        let mut factorial = vec![1.0_f64; n + 1];
        for k in 1..=n {
            factorial[k] = factorial[k - 1] * k as f64;
        }
        let all = factorial[n] / (n as f64).powf(n as f64);
        let mut row = vec![0_u8; n];
        listed.place(&mut row, 0, n, all, &factorial);
        listed
    }

    fn place(&mut self, row: &mut [u8], at: usize, left: usize, probability: f64, factorial: &[f64]) {
        if at + 1 == row.len() {
            row[at] = left as u8;
            self.counts.extend_from_slice(row);
            self.probabilities.push(probability / factorial[left]);
            return;
        }
        for take in 0..=left {
            row[at] = take as u8;
            self.place(row, at + 1, left - take, probability / factorial[take], factorial);
        }
    }
}

impl Plan {
    /// Resamples that are visited.
    pub fn len(&self) -> usize {
        self.listed.as_ref().map_or(self.n_resamples, |l| l.probabilities.len())
    }

    /// Whether nothing is resampled.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How often each cluster stands in resample i.
    fn counts(&self, i: usize, drawn: &mut [u32], out: &mut [f64]) {
        if let Some(listed) = &self.listed {
            let row = &listed.counts[i * self.clusters..(i + 1) * self.clusters];
            for (slot, count) in out.iter_mut().zip(row) {
                *slot = f64::from(*count);
            }
            return;
        }
        out.fill(0.0);
        self.draw(i, drawn);
        for &cluster in &*drawn {
            out[cluster as usize] += 1.0;
        }
    }

    /// The clusters of resample i.
    fn draw(&self, i: usize, drawn: &mut [u32]) {
        self.seed.stream(Purpose::Resample, i as u64).fill_below(self.clusters as u32, drawn);
    }
}

/// What is resampled: the patterns of one scope.
#[derive(Debug)]
pub struct Target<'f> {
    /// Its patterns.
    pub frame: &'f Frame<'f>,
    /// The pattern whose count is the rest: the one in most clusters, where every cluster holds the same number of units.
    rest: Option<usize>,
    /// Pattern of each cluster, where every cluster is one unit: draws are then counted without a detour by clusters.
    of_unit: Vec<u32>,
}

impl<'f> Target<'f> {
    /// Prepares a scope.
    pub fn new(frame: &'f Frame<'f>) -> Self {
        let entries = &frame.tally.entries;
        let most = (0..entries.len()).max_by_key(|p| entries[*p].len());
        let mut of_unit = Vec::new();
        if frame.tally.even == Some(1.0) {
            of_unit.resize(frame.tally.clusters, 0);
            for (p, entries) in entries.iter().enumerate() {
                for (unit, _) in entries {
                    of_unit[*unit as usize] = p as u32;
                }
            }
        }
        Self { frame, rest: most.filter(|_| frame.tally.even.is_some()), of_unit }
    }

    /// Counts of patterns given counts of clusters.
    fn patterns(&self, clusters: &[f64], out: &mut [f64]) {
        let tally = self.frame.tally;
        let mut others = 0.0;
        for (p, entries) in tally.entries.iter().enumerate().filter(|(p, _)| Some(*p) != self.rest) {
            let sum: f64 = entries.iter().map(|(cluster, units)| clusters[*cluster as usize] * units).sum();
            out[p] = sum;
            others += sum;
        }
        if let (Some(rest), Some(size)) = (self.rest, tally.even) {
            out[rest] = size * tally.clusters as f64 - others;
        }
    }
}

/// Room for one thread.
struct Scratch {
    drawn: Vec<u32>,
    clusters: Vec<f64>,
    patterns: Vec<Vec<f64>>,
    lanes: Vec<[u32; LANES]>,
    sums: Vec<Sums>,
}

/// Units are counted in turn into this many rows: the next unit need not wait for the count of a pattern it shares.
const LANES: usize = 4;
/// Resamples between looks at the control.
const BLOCK: usize = 32;

/// Coefficients per resample, target and coefficient, in that order; the number of resamples that were completed.
pub fn resample(targets: &[Target<'_>], asked: &[Asked], plan: &Plan, control: &Control) -> (Vec<f64>, usize) {
    let columns = targets.len() * asked.len();
    let mut values = vec![f64::NAN; plan.len() * columns];
    let wave = BLOCK * 8 * rayon::current_num_threads();
    let mut done = 0;
    for (at, wave_values) in values.chunks_mut(wave * columns).enumerate() {
        if control.is_cancelled() {
            break;
        }
        let first = at * wave;
        wave_values.par_chunks_mut(BLOCK * columns).enumerate().for_each_init(
            || Scratch::new(targets, asked, plan.clusters),
            |scratch, (block, out)| {
                if control.is_cancelled() {
                    return;
                }
                for (j, row) in out.chunks_exact_mut(columns).enumerate() {
                    count(targets, plan, first + block * BLOCK + j, scratch);
                    one(targets, asked, scratch, row);
                }
                control.advance((out.len() / columns * targets.len()) as u64);
            },
        );
        if control.is_cancelled() {
            break;
        }
        done = first + wave_values.len() / columns;
    }
    values.truncate(done * columns);
    (values, done)
}

impl Scratch {
    fn new(targets: &[Target<'_>], asked: &[Asked], clusters: usize) -> Self {
        Self {
            drawn: vec![0; clusters],
            clusters: vec![0.0; clusters],
            patterns: targets.iter().map(|t| vec![0.0; t.frame.tally.len()]).collect(),
            lanes: vec![[0; LANES]; targets.iter().map(|t| t.frame.tally.len()).max().unwrap_or(0)],
            sums: targets.iter().map(|t| Sums::only(t.frame, asked)).collect(),
        }
    }
}

/// Counts of patterns of every target in resample i.
fn count(targets: &[Target<'_>], plan: &Plan, i: usize, scratch: &mut Scratch) {
    if let [target] = targets
        && !target.of_unit.is_empty()
        && plan.listed.is_none()
    {
        plan.draw(i, &mut scratch.drawn);
        histogram(&scratch.drawn, &target.of_unit, &mut scratch.lanes, &mut scratch.patterns[0]);
        return;
    }
    plan.counts(i, &mut scratch.drawn, &mut scratch.clusters);
    for (target, patterns) in targets.iter().zip(&mut scratch.patterns) {
        target.patterns(&scratch.clusters, patterns);
    }
}

/// How often each pattern stands among drawn units.
fn histogram(drawn: &[u32], of_unit: &[u32], lanes: &mut [[u32; LANES]], out: &mut [f64]) {
    lanes.fill([0; LANES]);
    let (blocks, rest) = drawn.as_chunks::<LANES>();
    for units in blocks.iter().map(<[u32; LANES]>::as_slice).chain([rest]) {
        for (lane, unit) in units.iter().enumerate() {
            lanes[of_unit[*unit as usize] as usize][lane] += 1;
        }
    }
    for (slot, lanes) in out.iter_mut().zip(lanes) {
        *slot = f64::from(lanes.iter().sum::<u32>());
    }
}

fn one(targets: &[Target<'_>], asked: &[Asked], scratch: &mut Scratch, row: &mut [f64]) {
    for (t, (target, out)) in targets.iter().zip(row.chunks_exact_mut(asked.len())).enumerate() {
        let sums = &mut scratch.sums[t];
        sums.fill(target.frame, &scratch.patterns[t]);
        for (slot, asked) in out.iter_mut().zip(asked) {
            *slot = evaluate(*asked, target.frame, sums).estimate;
        }
    }
}

/// Leave one cluster out: coefficients and how many clusters give them, clusters with the same patterns taken together.
pub fn jackknife(frame: &Frame<'_>, asked: &[Asked]) -> Vec<(Vec<f64>, f64)> {
    let tally = frame.tally;
    let mut by_cluster: Vec<Vec<(u32, f64)>> = vec![Vec::new(); tally.clusters];
    for (p, entries) in tally.entries.iter().enumerate() {
        for (cluster, units) in entries {
            by_cluster[*cluster as usize].push((p as u32, *units));
        }
    }
    by_cluster.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let mut sums = Sums::only(frame, asked);
    let mut counts = tally.counts.clone();
    let mut found: Vec<(Vec<f64>, f64)> = Vec::new();
    for same in by_cluster.chunk_by(|a, b| a == b) {
        for (p, units) in &same[0] {
            counts[*p as usize] -= units;
        }
        sums.fill(frame, &counts);
        let values = asked.iter().map(|a| evaluate(*a, frame, &mut sums).estimate).collect();
        found.push((values, same.len() as f64));
        for (p, units) in &same[0] {
            counts[*p as usize] += units;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_multiset_is_listed_once() {
        for n in 1..=6 {
            let listed = Listed::new(n);
            assert_eq!(listed.probabilities.len() as f64, n_multisets(n));
            assert!((listed.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(listed.counts.chunks_exact(n).all(|row| row.iter().map(|c| usize::from(*c)).sum::<usize>() == n));
        }
        assert_eq!(n_multisets(12), 1_352_078.0);
    }
    #[test]
    fn drawn_units_are_counted_by_pattern() {
        let (of_unit, drawn) = ([0, 1, 1, 2, 0], [4, 1, 1, 2, 3, 0, 0]);
        let (mut lanes, mut counts) = (vec![[9; LANES]; 3], [0.0; 3]);
        histogram(&drawn, &of_unit, &mut lanes, &mut counts);
        assert_eq!(counts, [3.0, 3.0, 1.0]);
    }
}
