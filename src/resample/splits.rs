//! Two groups of sites: every way of choosing which sites form the first group, with differences of means.
//!
//! With n sites of which k form the first group there are C(n, k) splits. They are enumerated up to a limit and drawn
//! at random beyond it. For every column the difference of means has a two-sided p-value by |difference|; over columns
//! the single-step maximum of |difference| gives p-values that hold for all columns at once (Westfall and Young 1993),
//! and the maximum of |r| (columns standardised) one global test. Exact under exchangeability of the sites.

use crate::error::{Result, input};
use crate::job::Control;
use crate::stream::{Purpose, Seed};
use serde::Serialize;

/// Splits looked at between two glances at the cancel flag.
const BLOCK: u64 = 1 << 14;
/// Two differences closer than this share of the largest spread are tied: sums of scores are exact, quotients are not.
const TIE: f64 = 1e-10;

/// How splits are visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitOptions {
    /// Random splits when there are too many to enumerate.
    pub n_resamples: u64,
    /// Up to this many splits are enumerated.
    pub limit: u64,
    /// Seed of the random splits.
    pub seed: Seed,
}

/// p-values by how ties with the observed value count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SplitP {
    /// Ties count fully: the valid test.
    pub weak: f64,
    /// Ties do not count.
    pub strict: f64,
    /// Ties count half.
    pub mid: f64,
}

/// The test of one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitColumn {
    /// Mean of the first group minus mean of the second.
    pub difference: f64,
    /// Correlation with group membership; `None` for a constant column.
    pub correlation: Option<f64>,
    /// Two-sided p-values.
    pub p: SplitP,
    /// p-values of the maximum |difference| over all columns.
    pub adjusted: SplitP,
}

/// A test of all columns at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SplitGlobal {
    /// The observed maximum.
    pub statistic: f64,
    /// Its p-values.
    pub p: SplitP,
}

/// All tests of one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitTest {
    /// One entry per column.
    pub columns: Vec<SplitColumn>,
    /// The maximum |difference|.
    pub max_difference: SplitGlobal,
    /// The maximum |r| over columns that vary; `None` when none does.
    pub max_correlation: Option<SplitGlobal>,
    /// Splits visited (with the observed one).
    pub n_splits: u64,
    /// Whether every split was visited.
    pub enumerated: bool,
    /// The smallest two-sided p-value that the design (and the number of random splits) can reach.
    pub floor: f64,
    /// Largest Monte Carlo standard error of a p-value; 0 when enumerated.
    pub monte_carlo_error: f64,
    /// Whether the job was stopped before all random splits were drawn.
    pub interrupted: bool,
}

/// Counts of one statistic against its observed value.
#[derive(Clone, Copy, Default)]
struct Tally {
    weak: u64,
    strict: u64,
}

impl Tally {
    fn see(&mut self, value: f64, observed: f64, tie: f64) {
        self.weak += u64::from(value >= observed - tie);
        self.strict += u64::from(value > observed + tie);
    }

    /// The observed split counts as one of the random ones (Phipson and Smyth 2010); enumeration already has it.
    fn p(self, visited: u64, enumerated: bool) -> SplitP {
        let extra = f64::from(u8::from(!enumerated));
        let n = visited as f64 + extra;
        let (weak, strict) = ((self.weak as f64 + extra) / n, self.strict as f64 / n);
        SplitP { weak, strict, mid: f64::midpoint(weak, strict) }
    }
}

/// What is looked at in every split.
struct Scan<'a> {
    values: &'a [f64],
    columns: usize,
    n: usize,
    k: usize,
    totals: Vec<f64>,
    /// 1 / population SD of each column, 0 for a constant one.
    scale: Vec<f64>,
    observed: Vec<f64>,
    observed_max: f64,
    observed_max_r: f64,
    tie: f64,
    tie_r: f64,
    tallies: Vec<(Tally, Tally)>,
    max: Tally,
    max_r: Tally,
    visited: u64,
}

impl Scan<'_> {
    /// The difference of means when the first group sums to `sum`.
    fn difference(&self, sum: f64, j: usize) -> f64 {
        sum / self.k as f64 - (self.totals[j] - sum) / (self.n - self.k) as f64
    }

    fn visit(&mut self, sums: &[f64]) {
        let (mut most, mut most_r) = (0.0_f64, 0.0_f64);
        for j in 0..self.columns {
            let size = self.difference(sums[j], j).abs();
            self.tallies[j].0.see(size, self.observed[j].abs(), self.tie);
            most = most.max(size);
            most_r = most_r.max(size * self.scale[j]);
        }
        for j in 0..self.columns {
            self.tallies[j].1.see(most, self.observed[j].abs(), self.tie);
        }
        self.max.see(most, self.observed_max, self.tie);
        self.max_r.see(most_r, self.observed_max_r, self.tie_r);
        self.visited += 1;
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.columns..(i + 1) * self.columns]
    }
}

/// The number of splits; `None` beyond 2^63.
pub fn count_splits(n: usize, k: usize) -> Option<u64> {
    let mut count: u128 = 1;
    for i in 0..k.min(n - k) {
        count = count * (n - i) as u128 / (i + 1) as u128;
        if count > 1 << 63 {
            return None;
        }
    }
    Some(count as u64)
}

/// Tests the difference of means of two groups of sites in every column.
///
/// `values` is row-major, sites x `columns`, finite; `first` says which sites form the first group. Both groups need
/// at least two sites.
pub fn split_test(
    values: &[f64],
    columns: usize,
    first: &[bool],
    options: SplitOptions,
    control: &Control,
) -> Result<SplitTest> {
    let n = first.len();
    let k = first.iter().filter(|&&x| x).count();
    if k < 2 || n - k < 2 {
        return Err(input("group too small")
            .got(format!("{k} and {} sites", n - k))
            .allowed("at least 2 sites in each group")
            .remedy("One site has no spread of its own to judge a gap by: join groups, or compare items by eye.")
            .into());
    }
    let mut scan = scan(values, columns, first, k);
    let possible = count_splits(n, k).filter(|&count| count <= options.limit);
    let total = possible.unwrap_or(options.n_resamples);
    control.set_total(total);
    if possible.is_some() {
        enumerate(&mut scan, control);
    } else {
        draw(&mut scan, options, control);
    }
    if control.is_cancelled() && (scan.visited == 0 || possible.is_some() && scan.visited < total) {
        return Err(crate::error::Error::Interrupted);
    }
    Ok(finish(&scan, possible, total))
}

fn scan<'a>(values: &'a [f64], columns: usize, first: &[bool], k: usize) -> Scan<'a> {
    let n = first.len();
    let mut totals = vec![0.0; columns];
    let mut sums = vec![0.0; columns];
    let mut spread = 0.0_f64;
    for (row, &inside) in values.chunks_exact(columns).zip(first) {
        for j in 0..columns {
            totals[j] += row[j];
            sums[j] += if inside { row[j] } else { 0.0 };
        }
    }
    let scale = (0..columns)
        .map(|j| {
            let mean = totals[j] / n as f64;
            let column = || values.iter().skip(j).step_by(columns);
            spread = spread.max(column().map(|x| (x - mean).abs()).fold(0.0, f64::max));
            let constant = column().all(|&x| x == values[j]);
            let variance = column().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            if constant { 0.0 } else { variance.sqrt().recip() }
        })
        .collect();
    let mut scan = Scan {
        values,
        columns,
        n,
        k,
        totals,
        scale,
        observed: Vec::new(),
        observed_max: 0.0,
        observed_max_r: 0.0,
        tie: TIE * spread.max(f64::MIN_POSITIVE),
        tie_r: TIE,
        tallies: vec![Default::default(); columns],
        max: Tally::default(),
        max_r: Tally::default(),
        visited: 0,
    };
    scan.observed = (0..columns).map(|j| scan.difference(sums[j], j)).collect();
    scan.observed_max = scan.observed.iter().fold(0.0, |most, d| most.max(d.abs()));
    scan.observed_max_r = scan.observed.iter().zip(&scan.scale).fold(0.0, |most, (d, s)| most.max(d.abs() * s));
    scan
}

/// Visits every split in lexicographic order; the sum of the first i chosen rows is kept for every i, so that a step
/// adds only the rows that change and no rounding accumulates.
fn enumerate(scan: &mut Scan<'_>, control: &Control) {
    let (n, k, p) = (scan.n, scan.k, scan.columns);
    let mut chosen: Vec<usize> = (0..k).collect();
    let mut prefix = vec![0.0; (k + 1) * p];
    let mut from = 0;
    loop {
        for level in from..k {
            for j in 0..p {
                prefix[(level + 1) * p + j] = prefix[level * p + j] + scan.values[chosen[level] * p + j];
            }
        }
        scan.visit(&prefix[k * p..]);
        if scan.visited.is_multiple_of(BLOCK) {
            control.advance(BLOCK);
            if control.is_cancelled() {
                return;
            }
        }
        let Some(level) = (0..k).rev().find(|&level| chosen[level] < n - k + level) else {
            control.advance(scan.visited % BLOCK);
            return;
        };
        chosen[level] += 1;
        for later in level + 1..k {
            chosen[later] = chosen[later - 1] + 1;
        }
        from = level;
    }
}

/// Draws splits: replicate i shuffles the sites with its own stream and takes the first k.
fn draw(scan: &mut Scan<'_>, options: SplitOptions, control: &Control) {
    let mut order: Vec<usize> = (0..scan.n).collect();
    let mut sums = vec![0.0; scan.columns];
    for replicate in 0..options.n_resamples {
        order.iter_mut().enumerate().for_each(|(i, place)| *place = i);
        let mut stream = options.seed.stream(Purpose::Permute, replicate);
        sums.fill(0.0);
        for i in 0..scan.k {
            let j = i + stream.below((scan.n - i) as u32) as usize;
            order.swap(i, j);
            for (sum, x) in sums.iter_mut().zip(scan.row(order[i])) {
                *sum += x;
            }
        }
        scan.visit(&sums);
        if scan.visited.is_multiple_of(256) {
            control.advance(256);
            if control.is_cancelled() {
                return;
            }
        }
    }
    control.advance(scan.visited % 256);
}

fn finish(scan: &Scan<'_>, possible: Option<u64>, total: u64) -> SplitTest {
    let enumerated = possible.is_some();
    let p = |tally: Tally| tally.p(scan.visited, enumerated);
    // The complement of a split of two equal groups has the same |difference|.
    let least = if scan.n == 2 * scan.k { 2.0 } else { 1.0 };
    let design = count_splits(scan.n, scan.k).map_or(0.0, |count| least / count as f64);
    let random = if enumerated { 0.0 } else { 1.0 / (scan.visited + 1) as f64 };
    let columns: Vec<SplitColumn> = (0..scan.columns)
        .map(|j| SplitColumn {
            difference: scan.observed[j],
            correlation: (scan.scale[j] > 0.0).then(|| scan.correlation(scan.observed[j], j)),
            p: p(scan.tallies[j].0),
            adjusted: p(scan.tallies[j].1),
        })
        .collect();
    let error = |x: f64| (x * (1.0 - x) / (scan.visited + 1) as f64).sqrt();
    let worst = columns.iter().flat_map(|c| [c.p.weak, c.adjusted.weak]).map(error).fold(0.0, f64::max);
    let varies = scan.scale.iter().any(|&s| s > 0.0);
    SplitTest {
        columns,
        max_difference: SplitGlobal { statistic: scan.observed_max, p: p(scan.max) },
        max_correlation: varies
            .then(|| SplitGlobal { statistic: scan.observed_max_r * scan.shares(), p: p(scan.max_r) }),
        n_splits: scan.visited,
        enumerated,
        floor: design.max(random),
        monte_carlo_error: if enumerated { 0.0 } else { worst },
        interrupted: scan.visited < total,
    }
}

impl Scan<'_> {
    /// The SD of group membership: a difference of means over the column's SD becomes r when multiplied by it.
    fn shares(&self) -> f64 {
        let share = self.k as f64 / self.n as f64;
        (share * (1.0 - share)).sqrt()
    }

    fn correlation(&self, difference: f64, j: usize) -> f64 {
        difference * self.scale[j] * self.shares()
    }
}
