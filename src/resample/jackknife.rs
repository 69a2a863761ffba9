//! Leaving out one unit at a time: influence, acceleration, and a standard error with few sites.

use super::plan::Plan;
use super::run::in_waves;
use super::statistic::{Evaluator, MomentStatistic, Moments, Statistic};
use crate::error::Result;
use crate::job::Control;
use crate::num::sums::sum;
use crate::parallel::Threads;

/// How far `delete_one` advances the progress.
pub fn steps(plan: &Plan, statistic: &Statistic) -> u64 {
    let subtracts = matches!(statistic, Statistic::Moments { .. }) && !plan.law().weighs_rows();
    if subtracts { 0 } else { plan.n_units() as u64 }
}

/// The statistic without each unit in turn, units x outputs.
pub fn delete_one(plan: &Plan, statistic: &Statistic, threads: Threads, control: &Control) -> Result<Vec<f64>> {
    let k = statistic.outputs();
    match statistic {
        Statistic::Moments { table, rule } if !plan.law().weighs_rows() => Ok(by_subtraction(table, rule.as_ref())),
        _ => {
            let worker = || (Evaluator::new(plan, statistic), vec![1.0; plan.n_units()]);
            in_waves(plan.n_units(), k, threads, control, worker, |(evaluator, weights), unit, out| {
                weights[unit] = 0.0;
                evaluator.by_units(weights, out);
                weights[unit] = 1.0;
            })
        }
    }
}

/// Moments add up, so a unit that is left out is a subtraction: the cost is linear in the number of units.
fn by_subtraction(table: &Moments, rule: &dyn MomentStatistic) -> Vec<f64> {
    let totals = table.totals();
    let k = rule.outputs();
    let mut values = vec![0.0; table.values().len() / table.width() * k];
    let mut sums = vec![0.0; table.width()];
    for (out, unit) in values.chunks_exact_mut(k).zip(table.values().chunks_exact(table.width())) {
        sums.iter_mut().zip(totals.iter().zip(unit)).for_each(|(s, (total, x))| *s = total - x);
        rule.evaluate(&sums, out);
    }
    values
}

/// What the delete-one values of one output say.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Jackknife {
    /// Standard error: within each stratum (n - 1)/n times the sum of squares about the full estimate, as CV3 does
    /// (never smaller than about their mean).
    pub standard_error: f64,
    /// Acceleration of BCa (Efron 1987; for several samples as in Davison and Hinkley 1997, section 5.3.2).
    pub acceleration: f64,
    /// Units without which the statistic is undefined.
    pub n_undefined: usize,
}

impl Jackknife {
    /// From the delete-one values of one output (one per unit), the sizes of the strata and the full estimate.
    pub fn of(values: &[f64], strata: &[usize], estimate: f64) -> Self {
        let (mut variance, mut top, mut bottom) = (0.0, 0.0, 0.0);
        let mut first = 0;
        for &size in strata {
            let part = &values[first..first + size];
            let n = size as f64;
            let mean = sum(part.iter().copied()) / n;
            variance += (n - 1.0) / n * sum(part.iter().map(|x| (x - estimate).powi(2)));
            let influence = |x: &f64| (n - 1.0) * (mean - x);
            top += sum(part.iter().map(|x| influence(x).powi(3))) / n.powi(3);
            bottom += sum(part.iter().map(|x| influence(x).powi(2))) / n.powi(2);
            first += size;
        }
        // A statistic that no unit moves has no acceleration.
        let acceleration = if bottom > 0.0 { top / (6.0 * bottom.powf(1.5)) } else { 0.0 };
        let n_undefined = values.iter().filter(|x| !x.is_finite()).count();
        Self {
            standard_error: variance.sqrt(),
            acceleration: if n_undefined > 0 { f64::NAN } else { acceleration },
            n_undefined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_mean_it_is_the_usual_standard_error() {
        let x = [1.0, 2.0, 4.0, 9.0];
        let total: f64 = x.iter().sum();
        let leave_out: Vec<f64> = x.iter().map(|v| (total - v) / 3.0).collect();
        let j = Jackknife::of(&leave_out, &[4], 4.0);
        // SD of x is sqrt(38/3); the standard error of its mean is that over 2.
        assert!((j.standard_error - (38.0_f64 / 3.0).sqrt() / 2.0).abs() < 1e-14);
        // Skewness by hand: sum (x - 4)^3 = -27 - 8 + 0 + 125 = 90; a = 90 / (6 * 38^1.5).
        assert!((j.acceleration - 90.0 / (6.0 * 38.0_f64.powf(1.5))).abs() < 1e-14);
    }

    #[test]
    fn an_undefined_value_is_counted() {
        let j = Jackknife::of(&[1.0, f64::NAN, 2.0], &[3], 1.0);
        assert!(j.n_undefined == 1 && j.acceleration.is_nan() && j.standard_error.is_nan());
        assert_eq!(Jackknife::of(&[1.0; 3], &[3], 1.0).acceleration, 0.0);
    }
}
