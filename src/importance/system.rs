//! Items and outcome on the scale of correlations, so that one tolerance serves items in any unit.

use super::tree::DEPENDENT;
use crate::error::{Result, input};
use ndarray::{Array2, ArrayView2};

/// Correlations of p items with each other and with the outcome. Items that do not vary have zero rows.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Correlations of the items, p x p; the diagonal is 1 for items that vary, else 0.
    pub items: Array2<f64>,
    /// Correlations with the outcome, length p.
    pub outcome: Vec<f64>,
}

impl System {
    /// From cross-products about the means: `gram` p x p, `cross` with the outcome, `yy` of the outcome, all adjusted for covariates;
    /// `constant` lists the items that do not vary.
    ///
    /// ```
    /// use ndarray::array;
    /// let s = steelyard::importance::System::new(array![[4.0, 1.0], [1.0, 1.0]].view(), &[2.0, 1.0], 4.0, &[])?;
    /// assert_eq!((s.items[[0, 1]], s.outcome), (0.5, vec![0.5, 0.5]));
    /// # Ok::<(), steelyard::error::Error>(())
    /// ```
    pub fn new(gram: ArrayView2<'_, f64>, cross: &[f64], yy: f64, constant: &[usize]) -> Result<Self> {
        let p = cross.len();
        if gram.dim() != (p, p) || p == 0 || !(yy > 0.0 && yy.is_finite()) {
            return Err(input("moments not usable for importance")
                .got(format!("{} x {}, {p} items, outcome sum of squares {yy:e}", gram.nrows(), gram.ncols()))
                .allowed("one row and column per item, and an outcome that varies")
                .into());
        }
        let scale: Vec<f64> = (0..p)
            .map(|j| {
                let size = gram[[j, j]];
                if size > 0.0 && !constant.contains(&j) { 1.0 / size.sqrt() } else { 0.0 }
            })
            .collect();
        let items = Array2::from_shape_fn((p, p), |(i, j)| {
            if i == j { f64::from(u8::from(scale[i] > 0.0)) } else { gram[[i, j]] * scale[i] * scale[j] }
        });
        let outcome = (0..p).map(|j| cross[j] * scale[j] / yy.sqrt()).collect();
        Ok(Self { items, outcome })
    }

    /// Number of items p.
    pub fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.outcome.is_empty()
    }

    /// The system bordered by the outcome, ready to be swept.
    pub fn bordered(&self) -> Border<1> {
        Border { items: self.items.clone(), further: self.outcome.iter().map(|c| [*c]).collect(), corner: 0.0 }
    }

    /// What a set of items explains of the outcome.
    pub fn explained(&self, set: &[usize]) -> f64 {
        let mut border = self.bordered();
        for j in set {
            border.include(*j);
        }
        border.corner
    }
}

/// A symmetric matrix of items with `E` further columns and the value in their corner, as the subset tree knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Border<const E: usize> {
    /// p x p, with the included items swept out.
    pub items: Array2<f64>,
    /// Further columns, p of them.
    pub further: Vec<[f64; E]>,
    /// E = 1: the explained share; E = 2: the error of the row that was not fitted.
    pub corner: f64,
}

impl<const E: usize> Border<E> {
    /// A border of which nothing comes: it fills lanes that have no work.
    pub fn nothing(p: usize) -> Self {
        Self { items: Array2::zeros((p, p)), further: vec![[0.0; E]; p], corner: 0.0 }
    }

    /// Sweeps one item out. An item that depends on those before it changes nothing.
    pub fn include(&mut self, j: usize) {
        let p = self.further.len();
        let pivot = self.items[[j, j]];
        if pivot <= DEPENDENT {
            return;
        }
        let row = self.items.row(j).to_owned();
        let border = self.further[j];
        let gain = border[0] * border[E - 1] / pivot;
        self.corner += if E == 1 { gain } else { -gain };
        for i in 0..p {
            let factor = row[i] / pivot;
            for k in 0..p {
                self.items[[i, k]] -= factor * row[k];
            }
            for (value, from) in self.further[i].iter_mut().zip(border) {
                *value -= factor * from;
            }
        }
    }

    /// The packed state of the open items, in their order.
    pub fn pack(&self, open: &[usize], mut put: impl FnMut(usize, f64)) {
        let mut at = 0;
        for (i, a) in open.iter().enumerate() {
            for b in &open[i..] {
                put(at, self.items[[*a, *b]]);
                at += 1;
            }
            for value in self.further[*a] {
                put(at, value);
                at += 1;
            }
        }
    }
}
