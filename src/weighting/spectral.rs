//! Ridge and shrinkage to a target over a whole path of penalties, in the eigenvectors of a training fold.
//!
//! The decomposition does not see the outcome: it is made once for each fold and used by every replicate. With c the
//! outcome's coordinates along the eigenvectors, the slopes at a penalty are c_k / (d_k + penalty W), and the score of a
//! held-out row, its covariance with the outcome and its variance are sums over k.

// Inlined into what `pulp` compiles for each instruction set.
#![allow(clippy::inline_always)]

use super::fold::{Fold, FoldSums};
use super::panel::Panel;
use super::resolvent::{NONE, Resolvent, Row};
use crate::error::Result;
use crate::linalg::{SymmetricEigen, dot, times};
use ndarray::Array2;
use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

/// A training fold as ridge (or shrinkage to equal weights) sees it.
#[derive(Debug, Clone)]
pub(super) struct Spectral {
    /// Positive eigenvalues of the penalised part.
    values: Vec<f64>,
    /// Their eigenvectors as columns, p x r.
    vectors: Array2<f64>,
    target: Option<Target>,
}

#[derive(Debug, Clone)]
struct Target {
    /// Ones on the varying items.
    direction: Vec<f64>,
    /// Variance of its score.
    variance: f64,
    /// What the Gram matrix makes of it, along the eigenvectors.
    image: Vec<f64>,
}

/// A held-out row along the eigenvectors, and its target score.
#[derive(Debug, Clone)]
pub(super) struct HeldRow {
    along: Vec<f64>,
    target: f64,
    /// The constant items of the row, adjusted; they count through pinning only.
    pinned: f64,
}

/// Working space of one path; made once for each thread.
#[derive(Debug, Clone)]
pub(super) struct PathSpace {
    /// The outcome's coordinates beyond the target.
    pub(super) coordinates: Vec<f64>,
    full: Vec<f64>,
    /// Slopes along the eigenvectors.
    along: Vec<f64>,
    /// Slopes of the items.
    slopes: Vec<f64>,
    resolvent: Resolvent,
    arch: Arch,
}

impl PathSpace {
    pub(super) fn new(items: usize) -> Self {
        let none = vec![0.0; items];
        Self {
            coordinates: none.clone(),
            full: none.clone(),
            along: none.clone(),
            slopes: none,
            resolvent: Resolvent::default(),
            arch: Arch::new(),
        }
    }
}

impl Spectral {
    /// Decomposes a fold that `units` sites train; `None` when the target's score does not vary there.
    pub(super) fn new(fold: &Fold, units: usize, to_target: bool) -> Result<Option<Self>> {
        let p = fold.gram.nrows();
        let mut penalised = fold.gram.clone();
        let mut target = None;
        if to_target {
            let mut direction = vec![0.0; p];
            for j in &fold.varying {
                direction[*j] = 1.0;
            }
            let image = times(fold.gram.view(), &direction);
            let variance = dot(&image, &direction);
            let size: f64 = fold.gram.diag().sum();
            if fold.varying.is_empty() || variance <= 1e-11 * size {
                return Ok(None);
            }
            // The target's score is partialled out, then only what is orthogonal to the target is penalised.
            for i in 0..p {
                for j in 0..p {
                    penalised[[i, j]] -= image[i] * image[j] / variance;
                }
            }
            project_out(&mut penalised, &direction);
            target = Some((direction, variance, image));
        }
        let eigen = SymmetricEigen::new(penalised.view())?;
        let largest = fold.gram.diag().iter().copied().fold(0.0, f64::max);
        let positive = eigen.values.iter().filter(|value| **value > 1e-12 * largest).count();
        let rank = positive.min(units.saturating_sub(1));
        let vectors = eigen.vectors.slice(ndarray::s![.., ..rank]).as_standard_layout().into_owned();
        let mut found = Self { values: eigen.values[..rank].to_vec(), vectors, target: None };
        found.target = target.map(|(direction, variance, image)| {
            let image = found.along(&image);
            Target { direction, variance, image }
        });
        Ok(Some(found))
    }

    /// Eigenvalues of the penalised part.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// A row along the eigenvectors.
    pub(super) fn along(&self, row: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.values.len()];
        self.project(row, &mut out);
        out
    }

    /// The coordinates of a vector of length p along the eigenvectors.
    fn project(&self, vector: &[f64], out: &mut [f64]) {
        let vectors = self.vectors.as_slice().unwrap_or_default();
        Arch::new().dispatch(Project { vectors, vector, out: &mut out[..self.values.len()] });
    }

    /// The target, the variance of its score and what the Gram matrix makes of it; zeros without a target.
    pub(super) fn target_parts(&self, fold: &Fold) -> (Vec<f64>, f64, Vec<f64>) {
        match &self.target {
            None => (vec![0.0; fold.gram.nrows()], 0.0, vec![0.0; fold.gram.nrows()]),
            Some(target) => (target.direction.clone(), target.variance, times(fold.gram.view(), &target.direction)),
        }
    }

    /// The target's cross-product with the outcome; zero without a target.
    pub(super) fn on_target(&self, sums: &FoldSums) -> f64 {
        self.target.as_ref().map_or(0.0, |target| dot(&target.direction, &sums.cross))
    }

    /// Prepares a held-out row; `adjusted` is the row after the fold's intercept and covariates.
    pub(super) fn held(&self, fold: &Fold, adjusted: &[f64]) -> HeldRow {
        HeldRow {
            along: self.along(adjusted),
            target: self.target.as_ref().map_or(0.0, |t| dot(&t.direction, adjusted)),
            pinned: fold.constant.iter().map(|j| adjusted[*j]).sum(),
        }
    }

    /// Finds the outcome's coordinates; call before [`Self::contribution`], [`Self::contributions`] or [`Self::slopes`].
    pub(super) fn load(&self, sums: &FoldSums, space: &mut PathSpace) {
        let r = self.values.len();
        self.project(&sums.cross, &mut space.full);
        match &self.target {
            None => space.coordinates[..r].copy_from_slice(&space.full[..r]),
            Some(target) => {
                let scale = dot(&target.direction, &sums.cross) / target.variance;
                for k in 0..r {
                    space.coordinates[k] = space.full[k] - target.image[k] * scale;
                }
            }
        }
    }

    /// What the calibrated score at a penalty adds to the base prediction of a held-out row.
    pub(super) fn contribution(
        &self,
        fold: &Fold,
        sums: &FoldSums,
        held: &HeldRow,
        penalty: f64,
        space: &mut PathSpace,
    ) -> f64 {
        let r = self.values.len();
        let (mut with_outcome, mut within, mut score, mut with_image) = (0.0, 0.0, 0.0, 0.0);
        if penalty.is_finite() {
            let shift = penalty * fold.weight;
            let image = self.target.as_ref().map_or(&space.full[..0], |t| &t.image[..]);
            for k in 0..r {
                let b = space.coordinates[k] / (self.values[k] + shift);
                with_outcome += space.full[k] * b;
                within += self.values[k] * b * b;
                score += held.along[k] * b;
                if let Some(m) = image.get(k) {
                    with_image += m * b;
                }
            }
        }
        if let Some(target) = &self.target {
            let on_target = dot(&target.direction, &sums.cross);
            let scale = (on_target - with_image) / target.variance;
            with_outcome += scale * on_target;
            within += with_image * with_image / target.variance;
            within += 2.0 * scale * with_image + scale * scale * target.variance;
            score += scale * held.target;
        }
        if !fold.constant.is_empty() && held.pinned != 0.0 {
            self.slopes(sums, fold, penalty, space);
            score += held.pinned * space.slopes[fold.constant[0]];
        }
        if within > 0.0 { with_outcome / within * score } else { 0.0 }
    }

    /// The same at every penalty of a grid.
    pub(super) fn contributions(
        &self,
        fold: &Fold,
        sums: &FoldSums,
        held: &HeldRow,
        penalties: &[f64],
        space: &mut PathSpace,
    ) -> Row {
        let mut pinned = NONE;
        if !fold.constant.is_empty() && held.pinned != 0.0 {
            for (value, penalty) in pinned.iter_mut().zip(penalties) {
                *value = held.pinned * self.slopes(sums, fold, *penalty, space)[fold.constant[0]];
            }
        }
        let on_target = self.on_target(sums);
        space.arch.dispatch(Contributions {
            spectral: self,
            weight: fold.weight,
            held,
            penalties,
            pinned,
            on_target,
            space,
        })
    }

    /// Slopes at a penalty, pinned, in `space`; returned as a slice of length p.
    pub(super) fn slopes<'s>(&self, sums: &FoldSums, fold: &Fold, penalty: f64, space: &'s mut PathSpace) -> &'s [f64] {
        space.slopes.fill(0.0);
        let mut with_image = 0.0;
        if penalty.is_finite() {
            for (k, value) in self.values.iter().enumerate() {
                space.along[k] = space.coordinates[k] / (value + penalty * fold.weight);
            }
            for (slope, row) in space.slopes.iter_mut().zip(self.vectors.rows()) {
                *slope = row.iter().zip(&space.along).map(|(v, b)| v * b).sum();
            }
            with_image = self.target.as_ref().map_or(0.0, |t| dot(&t.image, &space.along[..self.values.len()]));
        }
        if let Some(target) = &self.target {
            let scale = (dot(&target.direction, &sums.cross) - with_image) / target.variance;
            for (slope, d) in space.slopes.iter_mut().zip(&target.direction) {
                *slope += scale * d;
            }
        }
        fold.pin(&mut space.slopes);
        &space.slopes
    }
}

/// [`Spectral::project`], for the vectors of the machine: sums over items, one eigenvector beside the next.
struct Project<'a> {
    vectors: &'a [f64],
    vector: &'a [f64],
    out: &'a mut [f64],
}

impl NullaryFnOnce for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.out.fill(0.0);
        let rows = self.vectors.chunks_exact(self.out.len().max(1));
        for (row, value) in rows.zip(self.vector) {
            for (sum, v) in self.out.iter_mut().zip(row) {
                *sum += value * v;
            }
        }
    }
}

/// [`Spectral::contributions`], for the vectors of the machine.
struct Contributions<'a> {
    spectral: &'a Spectral,
    weight: f64,
    held: &'a HeldRow,
    penalties: &'a [f64],
    /// What constant items add to the score.
    pinned: Row,
    on_target: f64,
    space: &'a mut PathSpace,
}

impl WithSimd for Contributions<'_> {
    type Output = Row;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Row {
        let Self { spectral, held, on_target, .. } = self;
        let PathSpace { coordinates, full, resolvent, .. } = self.space;
        resolvent.fill(simd, &spectral.values, self.penalties, self.weight);
        let with_outcome = resolvent.sum(simd, full, coordinates);
        let within = resolvent.shrunken_sum(simd, coordinates, coordinates);
        let score = resolvent.sum(simd, &held.along, coordinates);
        let (mut image, mut variance) = (NONE, 1.0);
        if let Some(target) = &spectral.target {
            image = resolvent.sum(simd, &target.image, coordinates);
            variance = target.variance;
        }
        let over = 1.0 / variance;
        let mut out = NONE;
        for k in 0..out.len() {
            // Without a target its score and its image, and so the scale, are zero.
            let scale = (on_target - image[k]) * over;
            let with_outcome = with_outcome[k] + scale * on_target;
            let beyond = image[k] * image[k] * over + 2.0 * scale * image[k] + scale * scale * variance;
            let within = within[k] + beyond;
            let score = score[k] + scale * held.target + self.pinned[k];
            out[k] = if within > 0.0 { with_outcome / within * score } else { 0.0 };
        }
        out
    }
}

/// The held-out rows of some sites, prepared.
pub(super) fn held_rows(panel: &Panel, fold: &Fold, spectral: &Spectral, sites: &[usize]) -> Vec<HeldRow> {
    let mut adjusted = vec![0.0; panel.item_count()];
    sites
        .iter()
        .flat_map(|site| &panel.rows[*site])
        .map(|row| {
            fold.adjusted_row(panel, *row, &mut adjusted);
            spectral.held(fold, &adjusted)
        })
        .collect()
}

/// P A P for P = I - d d' / d'd.
fn project_out(a: &mut Array2<f64>, direction: &[f64]) {
    let length = dot(direction, direction);
    for transposed in [false, true] {
        let mut view = if transposed { a.view_mut().reversed_axes() } else { a.view_mut() };
        for mut row in view.rows_mut() {
            let along = row.iter().zip(direction).map(|(v, d)| v * d).sum::<f64>() / length;
            for (v, d) in row.iter_mut().zip(direction) {
                *v -= along * d;
            }
        }
    }
}
