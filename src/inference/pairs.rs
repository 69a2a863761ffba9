//! The pairs bootstrap of a regression: rows, or whole sites, are drawn with what belongs to them, and the fit is made anew.
//!
//! In the orthonormal coordinates of the fit a unit is known by its share of the information, B = Q'Q, and its score,
//! z = Q'e. A replicate with weights w moves the coordinates by (sum of w B)^-1 (sum of w z): sums by one matrix product
//! for sixteen replicates, then sixteen Cholesky factors side by side. A logistic fit takes that as its first Newton
//! step and goes on from there ([`super::pairs_logit`]).

use super::pairs_logit::{Likelihood, merged};
use super::regression::{Family, Rows};
use super::working::Working;
use crate::error::{Result, input};
use crate::linalg::lanes::{LANES, Lane, Moments, packed, solve};
use crate::resample::lanes::LaneStatistic;
use crate::resample::plan::Plan;

/// In orthonormal coordinates the information of the data is the identity: a pivot that has lost eleven digits is none.
pub(super) const DEPENDENT: f64 = 1e-11;

/// A fit, ready to be made anew on replicates.
#[derive(Debug)]
pub struct Pairs {
    /// Shares of the information and scores, by unit.
    units: Moments,
    /// From coordinates to coefficients.
    back: Moments,
    estimate: Vec<f64>,
    likelihood: Option<Likelihood>,
}

/// Buffers of one thread.
#[derive(Debug)]
pub struct Work {
    pub(super) system: Vec<Lane>,
    pub(super) coordinates: Vec<Lane>,
    coefficients: Vec<Lane>,
    pub(super) rows: super::pairs_logit::Buffers,
}

impl Pairs {
    /// From the rows of a regression and its coefficients; `bind` makes the plan from the unit of every row. Returns the
    /// plan too: rows of a logistic regression that agree in unit and columns have been joined.
    pub fn of_rows(
        rows: &Rows,
        estimate: &[f64],
        unit_of_row: &[i64],
        bind: impl Fn(&[i64]) -> Result<Plan>,
    ) -> Result<(Self, Plan)> {
        let mut plan = bind(unit_of_row)?;
        if plan.n_rows() != rows.y.len() {
            return Err(input("plan of another length than the data")
                .got(format!("{} rows of data, {} in the plan", rows.y.len(), plan.n_rows()))
                .into());
        }
        if rows.family == Family::Gaussian {
            return Ok((Self::new(&rows.least_squares()?.0, estimate, &plan, None), plan));
        }
        let mut data = rows.logit_data();
        let row_of = |plan: &Plan| (0..plan.n_rows() as u32).collect();
        if !plan.law().weighs_rows() {
            let (joined, units) = merged(&data, unit_of_row);
            (data, plan) = (joined, bind(&units)?);
        }
        let working = data.working(estimate)?;
        let units = if plan.law().weighs_rows() { row_of(&plan) } else { plan.unit_of_row().to_vec() };
        let likelihood = Likelihood::new(data, estimate, &working.back, units);
        Ok((Self::new(&working, estimate, &plan, Some(likelihood)), plan))
    }

    fn new(fit: &Working, estimate: &[f64], plan: &Plan, likelihood: Option<Likelihood>) -> Self {
        let k = fit.width();
        let weighs_rows = plan.law().weighs_rows();
        let width = packed(k);
        let mut sums = vec![0.0; plan.n_weights() * width];
        for (row, (q, residual)) in fit.q.rows().into_iter().zip(&fit.residuals).enumerate() {
            let unit = if weighs_rows { row } else { plan.unit_of_row()[row] as usize };
            let (share, score) = sums[unit * width..(unit + 1) * width].split_at_mut(width - k);
            let mut share = share.iter_mut();
            for i in 0..k {
                q.iter().take(i + 1).zip(&mut share).for_each(|(other, sum)| *sum += q[i] * other);
                score[i] += q[i] * residual;
            }
        }
        let back: Vec<f64> = fit.back.t().iter().copied().collect();
        Self {
            units: Moments::new(&sums, width),
            back: Moments::new(&back, k),
            estimate: estimate.to_vec(),
            likelihood,
        }
    }
}

impl LaneStatistic for Pairs {
    type Work = Work;

    fn outputs(&self) -> usize {
        self.estimate.len()
    }

    fn work(&self) -> Work {
        let zero = [0.0; LANES];
        Work {
            system: vec![zero; packed(self.estimate.len())],
            coordinates: vec![zero; self.estimate.len()],
            coefficients: vec![zero; self.estimate.len()],
            rows: Likelihood::buffers(self.likelihood.as_ref()),
        }
    }

    fn evaluate(&self, weights: &[Lane], work: &mut Work, out: &mut [f64]) {
        work.system.fill([0.0; LANES]);
        self.units.add_weighted(weights, &mut work.system);
        solve(&mut work.system, &mut work.coordinates, DEPENDENT);
        let exact = self.likelihood.as_ref().map(|likelihood| likelihood.climb(weights, work));
        work.coefficients.fill([0.0; LANES]);
        self.back.add_weighted(&work.coordinates, &mut work.coefficients);
        let k = self.estimate.len();
        for (lane, out) in out.chunks_exact_mut(k).enumerate() {
            for (j, out) in out.iter_mut().enumerate() {
                *out = self.estimate[j] + work.coefficients[j][lane];
            }
        }
        // What the lanes did not settle is fitted on its own.
        if let (Some(likelihood), Some(settled)) = (&self.likelihood, exact) {
            for lane in (0..LANES).filter(|&lane| !settled[lane]) {
                likelihood.alone(weights, lane, &mut out[lane * k..(lane + 1) * k]);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::job::Control;
    use crate::parallel::Threads;
    use crate::resample::draw::Drawer;
    use crate::resample::lanes::{Source, run};
    use crate::resample::plan::Law;
    use crate::stream::{Purpose, Seed};
    use ndarray::Array2;

    /// 60 rows in 12 sites: two columns within sites, one of sites.
    fn rows(family: Family) -> (Rows, Vec<i64>) {
        let mut stream = Seed(4).stream(Purpose::Simulate, 0);
        let n = 60;
        let sites: Vec<i64> = (0..n).map(|i| i64::from(i / 5)).collect();
        let mut x = Array2::from_shape_fn((n as usize, 4), |_| (5.0 * stream.uniform()).floor());
        x.column_mut(0).fill(1.0);
        (0..n as usize).for_each(|i| x[[i, 3]] = (sites[i] % 4) as f64);
        let noise: Vec<f64> = (0..n).map(|_| 2.0 * stream.uniform() - 1.0).collect();
        let mean = |i: usize| 0.4 * x[[i, 1]] - 0.3 * x[[i, 2]] + 0.1 * x[[i, 3]] - 0.2;
        let y = (0..n as usize).map(|i| match family {
            Family::Gaussian => mean(i) + noise[i],
            Family::Binomial => f64::from(u8::from(mean(i) + 2.0 * noise[i] > 0.0)),
        });
        let rows = Rows {
            y: y.collect(),
            x,
            names: ["one", "a", "b", "c"].map(String::from).to_vec(),
            trials: None,
            weights: None,
            offset: None,
            sites: Some(sites.iter().map(|&s| s as usize).collect()),
            family,
        };
        (rows, sites)
    }

    fn coefficients(rows: &Rows) -> Option<Vec<f64>> {
        Some(rows.regression(Some(crate::inference::covariance::Kind::Model), None, 0.95).ok()?.coefficients)
    }

    /// The same rows, each as often as a replicate draws it.
    fn repeated(rows: &Rows, weights: &[f64], units: &[u32]) -> Rows {
        let drawn: Vec<usize> =
            (0..rows.y.len()).flat_map(|i| std::iter::repeat_n(i, weights[units[i] as usize] as usize)).collect();
        Rows {
            x: rows.x.select(ndarray::Axis(0), &drawn),
            y: drawn.iter().map(|&i| rows.y[i]).collect(),
            sites: None,
            ..rows.clone()
        }
    }

    #[test]
    fn replicates_are_the_fits_of_repeated_rows() {
        for family in [Family::Gaussian, Family::Binomial] {
            let (rows, sites) = rows(family);
            let estimate = coefficients(&rows).unwrap();
            for law in [Law::Multinomial, Law::TwoStage] {
                let bind = |units: &[i64]| Plan::new(units, &[0; 12], None, law);
                let (pairs, plan) = Pairs::of_rows(&rows, &estimate, &sites, bind).unwrap();
                let source = Source::Drawn { seed: Seed(2), first: 3, count: 40 };
                let found = run(&plan, source, &pairs, Threads::ONE, &Control::new()).unwrap().values;
                let own = bind(&sites).unwrap();
                let mut drawer = Drawer::new(&own, Seed(2));
                let each: Vec<u32> = (0..60).collect();
                for (replicate, found) in (3..43).zip(found.chunks_exact(4)) {
                    let units = if law == Law::TwoStage { &each } else { own.unit_of_row() };
                    match coefficients(&repeated(&rows, drawer.weights(replicate), units)) {
                        Some(expected) => {
                            for (f, e) in found.iter().zip(&expected) {
                                assert!((f - e).abs() < 1e-9 * e.abs().max(1.0), "{family:?} {law:?}: {f} {e}");
                            }
                        }
                        None => assert!(found.iter().all(|f| f.is_nan()), "{found:?}"),
                    }
                }
            }
        }
    }

    #[test]
    fn rows_of_one_unit_and_one_pattern_are_joined() {
        let (mut rows, sites) = rows(Family::Binomial);
        rows.x = rows.x.select(ndarray::Axis(1), &[0, 3]);
        rows.names = vec!["one".into(), "c".into()];
        let bind = |units: &[i64]| Plan::new(units, &[0; 12], None, Law::Multinomial);
        let estimate = coefficients(&rows).unwrap();
        let (pairs, plan) = Pairs::of_rows(&rows, &estimate, &sites, bind).unwrap();
        assert_eq!((plan.n_rows(), plan.n_units(), pairs.outputs()), (12, 12, 2));
    }

    #[test]
    fn a_replicate_without_a_fit_is_undefined_and_moves_no_other() {
        let (rows, sites) = rows(Family::Binomial);
        let estimate = coefficients(&rows).unwrap();
        let bind = |units: &[i64]| Plan::new(units, &[0; 12], None, Law::Multinomial);
        let (pairs, plan) = Pairs::of_rows(&rows, &estimate, &sites, bind).unwrap();
        // One site alone: its columns depend on one another. All sites: the estimate itself.
        let mut weights = vec![1.0; 36];
        weights[12..24].fill(0.0);
        weights[17] = 12.0;
        let found = run(&plan, Source::Supplied(&weights), &pairs, Threads::ONE, &Control::new()).unwrap().values;
        assert!(found[4..8].iter().all(|b| b.is_nan()));
        for values in [&found[..4], &found[8..]] {
            values.iter().zip(&estimate).for_each(|(f, e)| assert!((f - e).abs() < 1e-12));
        }
    }
}
