//! Bootstrap-t (Efron 1982; Davison and Hinkley 1997, section 5.2): the standard error of a statistic on every replicate.
//!
//! The standard error is that of the jackknife by unit within strata, on the data and on a replicate alike, where a unit
//! that was drawn twice counts as two. Moments add up, so leaving a unit out is a subtraction. For a mean it is the usual
//! standard error, for two samples Welch's.

use super::draw::Drawer;
use super::enumerate::Multisets;
use super::plan::Plan;
use super::run::in_waves;
use super::statistic::{MomentStatistic, Moments};
use crate::error::Result;
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::Seed;

/// A standard error this small beside that of the data is what rounding leaves of none.
const ROUNDING: f64 = 1e-9;

/// Where the counts of units come from.
#[derive(Debug, Clone, Copy)]
pub enum Counts<'a> {
    /// Replicates `0..count` of a seed.
    Drawn(Seed, usize),
    /// Every multiset.
    Every(&'a Multisets<'a>),
    /// Supplied by the caller, replicates x units.
    Supplied(&'a [f64]),
}

/// The standard errors of all replicates, replicates x outputs; on a stop, of the first ones.
///
/// The plan must draw whole units (see [`super::plan::Law::draws_units`]).
pub fn standard_errors(
    plan: &Plan,
    (table, rule): (&Moments, &dyn MomentStatistic),
    counts: Counts<'_>,
    threads: Threads,
    control: &Control,
) -> Result<Vec<f64>> {
    let (n, k) = (plan.n_units(), rule.outputs());
    let worker = || Jackknifed::new(plan, table, rule);
    match counts {
        Counts::Drawn(seed, count) => {
            let worker = || (Drawer::new(plan, seed), worker());
            in_waves(count, k, threads, control, worker, |(drawer, jackknifed), i, out| {
                jackknifed.standard_error(drawer.weights(i as u64), out);
            })
        }
        Counts::Every(multisets) => {
            let worker = || (multisets.cursor(0), u64::MAX, worker(), vec![0.0; n]);
            let count = multisets.len() as usize;
            in_waves(count, k, threads, control, worker, |(cursor, at, jackknifed, weights), i, out| {
                if *at != i as u64 {
                    *cursor = multisets.cursor(i as u64);
                }
                weights.iter_mut().zip(cursor.counts()).for_each(|(w, &c)| *w = f64::from(c));
                jackknifed.standard_error(weights, out);
                cursor.step();
                *at = i as u64 + 1;
            })
        }
        Counts::Supplied(weights) => in_waves(weights.len() / n, k, threads, control, worker, |jackknifed, i, out| {
            jackknifed.standard_error(&weights[i * n..(i + 1) * n], out);
        }),
    }
}

/// Buffers of one thread.
struct Jackknifed<'a> {
    plan: &'a Plan,
    table: &'a Moments,
    rule: &'a dyn MomentStatistic,
    sums: Vec<f64>,
    without: Vec<f64>,
    whole: Vec<f64>,
    value: Vec<f64>,
}

impl<'a> Jackknifed<'a> {
    fn new(plan: &'a Plan, table: &'a Moments, rule: &'a dyn MomentStatistic) -> Self {
        let (width, k) = (table.width(), rule.outputs());
        Self {
            plan,
            table,
            rule,
            sums: vec![0.0; width],
            without: vec![0.0; width],
            whole: vec![0.0; k],
            value: vec![0.0; k],
        }
    }

    fn standard_error(&mut self, counts: &[f64], out: &mut [f64]) {
        self.table.weighted(counts, &mut self.sums);
        self.rule.evaluate(&self.sums, &mut self.whole);
        out.fill(0.0);
        for stratum in self.plan.strata() {
            let units = stratum.first..stratum.first + stratum.size;
            let drawn: f64 = counts[units.clone()].iter().sum();
            for unit in units.filter(|&unit| counts[unit] > 0.0) {
                let moments = self.table.unit(unit);
                self.without.iter_mut().zip(self.sums.iter().zip(moments)).for_each(|(w, (sum, m))| *w = sum - m);
                self.rule.evaluate(&self.without, &mut self.value);
                let share = counts[unit] * (drawn - 1.0) / drawn;
                let changes = self.value.iter().zip(&self.whole);
                out.iter_mut().zip(changes).for_each(|(sum, (value, whole))| *sum += share * (value - whole).powi(2));
            }
        }
        for variance in out {
            *variance = variance.sqrt();
        }
    }
}

/// (replicate - estimate) / its standard error; not a number where there is none.
pub fn ratios(values: &[f64], estimate: f64, errors: &[f64], error: f64) -> Vec<f64> {
    let ratio = |(value, e): (&f64, &f64)| if *e > ROUNDING * error { (value - estimate) / e } else { f64::NAN };
    values.iter().zip(errors).map(ratio).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::statistic::Statistic;
    use super::super::statistics::{Spec, Table, bind};
    use super::*;

    #[test]
    fn of_a_mean_it_is_the_usual_one_on_each_replicate() {
        let plan = Plan::iid(4).unwrap();
        let values = [1.0, 2.0, 4.0, 9.0];
        let table = Table { values: &values, columns: 1, sample: None };
        let Statistic::Moments { table, rule } = bind(&Spec::Mean, table, &plan).unwrap() else { return };
        let weights = [1.0, 1.0, 1.0, 1.0, 0.0, 2.0, 0.0, 2.0, 4.0, 0.0, 0.0, 0.0];
        let errors =
            standard_errors(&plan, (&table, rule.as_ref()), Counts::Supplied(&weights), Threads::ONE, &Control::new())
                .unwrap();
        // SD over root n: of 1, 2, 4, 9; of 2, 2, 9, 9; of 1, 1, 1, 1.
        let by_hand = [(38.0_f64 / 3.0).sqrt() / 2.0, (49.0_f64 / 3.0).sqrt() / 2.0, 0.0];
        assert!(errors.iter().zip(by_hand).all(|(e, hand)| (e - hand).abs() < 1e-14), "{errors:?}");
        let t = ratios(&[4.0, 5.5, 1.0], 4.0, &errors, errors[0]);
        assert!(t[0] == 0.0 && (t[1] - 1.5 / by_hand[1]).abs() < 1e-14 && t[2].is_nan());
    }
}
