//! The Q2 game: what a set of items explains in sites that were left out when it was fitted.
//!
//! A row that was not fitted is one more column of the training system, so that the subset tree updates its error with the
//! same pivot. Squared errors add up over rows, and Shapley's rule is linear: rows walk in eights and their sums are added.

use super::system::Border;
use super::tally::{Shares, Tally};
use super::tree::DEPENDENT;
use crate::error::{Error, Result, input};
use crate::job::Control;
use crate::parallel::Threads;
use ndarray::Array2;
use rayon::prelude::*;

/// Share of an item's variance that is added to it where folds do not determine their slopes: the limit of ridge
/// regression, slopes of smallest norm, whatever the order of entry.
pub const RIDGE: f64 = 1e-6;

/// One left-out site: what the others say, and its own rows about their means.
#[derive(Debug, Clone)]
pub struct Fold {
    /// Cross-products of items, then covariates, of the training rows, (p + q) x (p + q).
    pub gram: Array2<f64>,
    /// With the outcome, length p + q.
    pub cross: Vec<f64>,
    /// Items and covariates that do not vary in the training rows.
    pub constant: Vec<usize>,
    /// Rows of the left-out site.
    pub rows: Vec<Row>,
    /// Squared error that no item can change: the spread of outcomes between participants with the same items.
    pub within: f64,
}

/// A row that was not fitted, about the means of the training rows.
#[derive(Debug, Clone)]
pub struct Row {
    /// Items, then covariates.
    pub x: Vec<f64>,
    /// Outcome.
    pub y: f64,
    /// Weight of its squared error.
    pub weight: f64,
}

/// Divided Q2 and whether a fold left slopes undetermined.
#[derive(Debug, Clone)]
pub struct HeldOut {
    /// Shares of Q2; `empty` is 0, `total` is Q2 and may be negative.
    pub shares: Shares,
    /// Some fold does not determine all slopes; [`RIDGE`] was added to each.
    pub ridged: bool,
}

/// Walks the game of `items` items exactly. The cost is rows x 2^items.
pub fn shares(folds: &[Fold], items: usize, threads: Threads, control: &Control) -> Result<HeldOut> {
    let rows: usize = folds.iter().map(|f| f.rows.len()).sum();
    if items > 34 || rows as f64 * (items as f64).exp2() > 4e9 {
        return Err(input("too many items for exact shares of Q2")
            .got(format!("{items} items, {rows} rows that are left out in turn"))
            .allowed("rows x 2^items up to 4e9")
            .remedy("Use game=\"r2\", or subscale totals as items.")
            .into());
    }
    let ridged = folds.iter().any(|fold| fold.undetermined(items));
    let borders: Vec<(Border<2>, u64)> =
        folds.iter().flat_map(|fold| fold.rows.iter().map(|row| (fold.bordered(row, items, ridged), 0))).collect();
    let within: f64 = folds.iter().map(|fold| fold.within).sum();
    let null = within + borders.iter().map(|(border, _)| border.corner * border.corner).sum::<f64>();
    if null <= 0.0 {
        return Err(input("outcome does not vary between left-out sites")
            .remedy("Q2 needs an outcome that varies.")
            .into());
    }
    let tasks = items.saturating_sub(15).min(6);
    let groups: Vec<&[(Border<2>, u64)]> = borders.chunks(super::lanes::LANES).collect();
    control.set_total((groups.len() << tasks) as u64);
    let part = |at: usize| -> Result<Tally> {
        if control.is_cancelled() {
            return Err(Error::Interrupted);
        }
        let chosen = (at & ((1 << tasks) - 1)) as u64;
        let mut group = groups[at >> tasks].to_vec();
        for (border, included) in &mut group {
            for j in (0..tasks).filter(|j| chosen >> j & 1 == 1) {
                border.include(j);
                *included |= 1 << j;
            }
        }
        let open: Vec<usize> = (tasks..items).collect();
        let mut tally = Tally::new(items);
        tally.walk(&group, &open);
        control.advance(1);
        Ok(tally)
    };
    let parts: Vec<Tally> =
        threads.run(|| (0..groups.len() << tasks).into_par_iter().map(part).collect::<Result<_>>())??;
    let mut whole = Tally::new(items);
    for part in &parts {
        whole.merge(part);
    }
    whole.scale(1.0 / null);
    let mut found = whole.shares();
    found.total += 1.0 - within / null;
    found.empty += 1.0 - within / null;
    Ok(HeldOut { shares: found, ridged })
}

impl Fold {
    fn scale(&self) -> Vec<f64> {
        let size = |j: usize| self.gram[[j, j]];
        (0..self.cross.len())
            .map(|j| if size(j) > 0.0 && !self.constant.contains(&j) { 1.0 / size(j).sqrt() } else { 0.0 })
            .collect()
    }

    fn correlations(&self, scale: &[f64]) -> Array2<f64> {
        Array2::from_shape_fn(self.gram.dim(), |(i, j)| {
            if i == j { f64::from(u8::from(scale[i] > 0.0)) } else { self.gram[[i, j]] * scale[i] * scale[j] }
        })
    }

    /// Whether an item that varies depends on the others.
    fn undetermined(&self, items: usize) -> bool {
        let scale = self.scale();
        let m = scale.len();
        let mut border: Border<1> = Border { items: self.correlations(&scale), further: vec![[0.0]; m], corner: 0.0 };
        (items..m).for_each(|k| border.include(k));
        (0..items).any(|j| {
            let dependent = scale[j] > 0.0 && border.items[[j, j]] <= DEPENDENT;
            border.include(j);
            dependent
        })
    }

    fn bordered(&self, row: &Row, items: usize, ridged: bool) -> Border<2> {
        let scale = self.scale();
        let root = row.weight.sqrt();
        let further = (0..scale.len()).map(|j| [self.cross[j] * scale[j], row.x[j] * scale[j] * root]).collect();
        let mut border = Border { items: self.correlations(&scale), further, corner: row.y * root };
        (items..scale.len()).for_each(|k| border.include(k));
        if ridged {
            (0..items).filter(|j| scale[*j] > 0.0).for_each(|j| border.items[[j, j]] += RIDGE);
        }
        border
    }
}
