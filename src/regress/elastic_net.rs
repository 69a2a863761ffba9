//! Lasso and elastic net by coordinate descent on the Gram matrix, stopped by the duality gap.
//!
//! Minimises RSS/(2W) + penalty (l1 |b|_1 + (1 - l1)/2 |b|_2^2) (Friedman, Hastie and Tibshirani 2010,
//! doi:10.18637/jss.v033.i01, whose loss is the same with W = n). A fit criterion that only watches the coefficients stops early;
//! the gap bounds how far the objective can still fall, and is returned.

use crate::error::{Error, Result};
use crate::linalg::{Cholesky, SymmetricEigen, dot};
use ndarray::{Array2, ArrayView2};

/// The problem, in moments.
#[derive(Debug, Clone, Copy)]
pub struct ElasticNet<'a> {
    /// X'WX about the means, p x p.
    pub gram: ArrayView2<'a, f64>,
    /// X'Wy about the means, length p.
    pub cross: &'a [f64],
    /// Sum of squares of the outcome.
    pub yy: f64,
    /// Sum of weights W.
    pub weight: f64,
    /// Share of the absolute penalty, above 0 to 1; 1 is the lasso.
    pub l1_ratio: f64,
}

/// Slopes with their certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse {
    /// Slopes, length p.
    pub b: Vec<f64>,
    /// Duality gap relative to the null objective yy/(2W).
    pub gap: f64,
    /// Sweeps over the coordinates.
    pub sweeps: usize,
}

/// The gap, relative to the null objective, at which a fit is accepted.
pub const TOLERANCE: f64 = 1e-10;
const SWEEPS: usize = 20_000;

impl ElasticNet<'_> {
    /// The smallest penalty at which every slope is zero.
    pub fn largest_penalty(&self) -> f64 {
        self.cross.iter().fold(0.0, |a: f64, c| a.max(c.abs())) / (self.weight * self.l1_ratio)
    }

    /// Fits at each penalty in turn, each from the last one's solution; give them falling.
    pub fn path(&self, penalties: &[f64]) -> Result<Vec<Sparse>> {
        let p = self.cross.len();
        let mut state = State { b: vec![0.0; p], gradient: self.cross.to_vec() };
        let falling = penalties.windows(2).all(|pair| pair[0] >= pair[1]);
        let traced = if self.l1_ratio == 1.0 && falling { self.trace(penalties) } else { Vec::new() };
        penalties
            .iter()
            .enumerate()
            .map(|(k, penalty)| {
                if let Some(b) = traced.get(k) {
                    state.place(self.gram, self.cross, b);
                }
                self.descend(*penalty, &mut state)
            })
            .collect()
    }

    /// The lasso's path knot by knot: between knots the slopes are linear in the penalty (Osborne, Presnell and Turlach 2000,
    /// doi:10.1093/imanum/20.3.389). Ends early where the active items depend on one another; what it gives is checked by its gap
    /// like everything else, and descended on where it falls short.
    fn trace(&self, falling: &[f64]) -> Vec<Vec<f64>> {
        let p = self.cross.len();
        let mut at = self.largest_penalty() * self.weight;
        let mut active: Vec<(usize, f64)> = Vec::new();
        let mut out = Vec::with_capacity(falling.len());
        let mut line = Line::default();
        let mut next = match (0..p).max_by(|i, j| self.cross[*i].abs().total_cmp(&self.cross[*j].abs())) {
            Some(j) if at > 0.0 => Event { level: at, join: Some((j, self.cross[j].signum())), leave: None },
            _ => return out,
        };
        let mut events = 0;
        for penalty in falling {
            let level = penalty * self.weight;
            while next.level > level {
                at = next.level;
                if let Some(place) = next.leave {
                    active.remove(place);
                }
                active.extend(next.join);
                events += 1;
                let Some(found) = self.line(&active) else { return out };
                line = found;
                next = self.next_event(&active, &line, at);
                if events > 10 * p + 50 {
                    return out;
                }
            }
            let mut b = vec![0.0; p];
            for ((j, _), (u, v)) in active.iter().zip(line.start.iter().zip(&line.slope)) {
                b[*j] = u - level * v;
            }
            out.push(b);
        }
        out
    }

    /// The active slopes as start - level x slope.
    fn line(&self, active: &[(usize, f64)]) -> Option<Line> {
        let sub = Array2::from_shape_fn((active.len(), active.len()), |(i, k)| self.gram[[active[i].0, active[k].0]]);
        let factor = Cholesky::factor(sub.view()).definite()?;
        let start: Vec<f64> = active.iter().map(|(j, _)| self.cross[*j]).collect();
        let slope: Vec<f64> = active.iter().map(|(_, sign)| *sign).collect();
        Some(Line { start: factor.solve(&start), slope: factor.solve(&slope) })
    }

    /// The largest level below `at` where an item joins or leaves.
    fn next_event(&self, active: &[(usize, f64)], line: &Line, at: f64) -> Event {
        let below = at * (1.0 - 1e-12);
        let mut next = Event { level: 0.0, join: None, leave: None };
        for (place, (u, v)) in line.start.iter().zip(&line.slope).enumerate() {
            let level = u / v;
            if level < below && level > next.level {
                next = Event { level, join: None, leave: Some(place) };
            }
        }
        for j in (0..self.cross.len()).filter(|j| self.gram[[*j, *j]] > 0.0 && active.iter().all(|(k, _)| k != j)) {
            let (mut constant, mut rate) = (self.cross[j], 0.0);
            for ((k, _), (u, v)) in active.iter().zip(line.start.iter().zip(&line.slope)) {
                constant -= self.gram[[j, *k]] * u;
                rate += self.gram[[j, *k]] * v;
            }
            for (sign, level) in [(1.0, constant / (1.0 - rate)), (-1.0, -constant / (1.0 + rate))] {
                if level < below && level > next.level {
                    next = Event { level, join: Some((j, sign)), leave: None };
                }
            }
        }
        next
    }

    fn descend(&self, penalty: f64, state: &mut State) -> Result<Sparse> {
        let l1 = penalty * self.l1_ratio * self.weight;
        let l2 = penalty * (1.0 - self.l1_ratio) * self.weight;
        if penalty == 0.0 {
            return self.unpenalised(state);
        }
        let mut gap = self.gap(l1, l2, state);
        let mut sweeps = 0;
        while gap > TOLERANCE {
            let before: Vec<bool> = state.b.iter().map(|b| *b != 0.0).collect();
            for _ in 0..4 {
                self.sweep(l1, l2, state);
                sweeps += 1;
            }
            // Once the support stands still, the smooth problem on it is solved exactly.
            if state.b.iter().zip(&before).all(|(b, was)| (*b != 0.0) == *was) {
                self.solve_on_support(l1, l2, state);
            }
            gap = self.gap(l1, l2, state);
            if sweeps >= SWEEPS {
                return Err(Error::Convergence {
                    what: format!("elastic net at penalty {penalty:.3e}"),
                    iterations: sweeps,
                    gap,
                    tolerance: TOLERANCE,
                    remedy: "Raise the penalty, or lower l1_ratio below 1 where items are nearly collinear.".into(),
                });
            }
        }
        Ok(Sparse { b: state.b.clone(), gap, sweeps })
    }

    /// Least squares, where the dual of the absolute penalty has nothing to say: the gap is what single coordinates could still gain.
    fn unpenalised(&self, state: &mut State) -> Result<Sparse> {
        let rank = SymmetricEigen::new(self.gram)?.rank();
        let b = super::least_squares::solve(self.gram, self.cross, rank)?;
        state.place(self.gram, self.cross, &b);
        let gain = |j: usize| state.gradient[j].powi(2) / self.gram[[j, j]];
        let gap =
            (0..b.len()).filter(|j| self.gram[[*j, *j]] > 0.0).map(gain).sum::<f64>() / self.yy.max(f64::MIN_POSITIVE);
        Ok(Sparse { b, gap, sweeps: 0 })
    }

    fn sweep(&self, l1: f64, l2: f64, state: &mut State) {
        for j in 0..state.b.len() {
            let curvature = self.gram[[j, j]] + l2;
            if self.gram[[j, j]] <= 0.0 {
                continue;
            }
            let old = state.b[j];
            let pull = state.gradient[j] + self.gram[[j, j]] * old;
            let new = if pull > l1 {
                (pull - l1) / curvature
            } else if pull < -l1 {
                (pull + l1) / curvature
            } else {
                0.0
            };
            if new != old {
                state.set(self.gram, j, new);
            }
        }
    }

    fn solve_on_support(&self, l1: f64, l2: f64, state: &mut State) {
        let support: Vec<usize> = (0..state.b.len()).filter(|j| state.b[*j] != 0.0).collect();
        if support.is_empty() {
            return;
        }
        let sub = Array2::from_shape_fn((support.len(), support.len()), |(i, k)| {
            self.gram[[support[i], support[k]]] + if i == k { l2 } else { 0.0 }
        });
        let Some(factor) = Cholesky::factor(sub.view()).definite() else { return };
        let right: Vec<f64> = support.iter().map(|j| self.cross[*j] - l1 * state.b[*j].signum()).collect();
        let solution = factor.solve(&right);
        if solution.iter().zip(&support).any(|(new, j)| new.signum() != state.b[*j].signum() || *new == 0.0) {
            return;
        }
        for (j, new) in support.into_iter().zip(solution) {
            state.b[j] = new;
        }
        for (j, gradient) in state.gradient.iter_mut().enumerate() {
            *gradient = self.cross[j] - self.gram.row(j).iter().zip(&state.b).map(|(g, b)| g * b).sum::<f64>();
        }
    }

    /// Primal minus dual value at the scaled residual, relative to the null objective; the l2 part is read as further rows of the
    /// design (Zou and Hastie 2005, lemma 1, doi:10.1111/j.1467-9868.2005.00503.x).
    fn gap(&self, l1: f64, l2: f64, state: &State) -> f64 {
        if self.yy <= 0.0 {
            return 0.0;
        }
        let (b, gradient) = (&state.b, &state.gradient);
        let norm = b.iter().map(|b| b.abs()).sum::<f64>();
        let squares = dot(b, b);
        let explained = dot(self.cross, b);
        let fitted = explained - dot(gradient, b);
        let residual = (self.yy - 2.0 * explained + fitted + l2 * squares).max(0.0);
        let steepest = gradient.iter().zip(b).fold(0.0, |a: f64, (g, b)| a.max((g - l2 * b).abs()));
        let scale = if steepest > l1 { l1 / steepest } else { 1.0 };
        let primal = 0.5 * residual + l1 * norm;
        let dual = scale * (self.yy - explained) - 0.5 * scale * scale * residual;
        ((primal - dual) / (0.5 * self.yy)).max(0.0)
    }
}

/// Active slopes between two knots: start - level x slope.
#[derive(Default)]
struct Line {
    start: Vec<f64>,
    slope: Vec<f64>,
}

/// Where the line ends.
struct Event {
    level: f64,
    /// The item that joins, with its sign.
    join: Option<(usize, f64)>,
    /// The place of the one that leaves.
    leave: Option<usize>,
}

struct State {
    b: Vec<f64>,
    /// c - Gb.
    gradient: Vec<f64>,
}

impl State {
    fn place(&mut self, gram: ArrayView2<'_, f64>, cross: &[f64], b: &[f64]) {
        self.b.copy_from_slice(b);
        self.gradient.copy_from_slice(cross);
        for (j, value) in b.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            for (gradient, g) in self.gradient.iter_mut().zip(gram.row(j)) {
                *gradient -= value * g;
            }
        }
    }

    fn set(&mut self, gram: ArrayView2<'_, f64>, j: usize, value: f64) {
        let change = value - self.b[j];
        self.b[j] = value;
        for (gradient, g) in self.gradient.iter_mut().zip(gram.row(j)) {
            *gradient -= change * g;
        }
    }
}
