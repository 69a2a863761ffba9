//! The wild cluster bootstrap test of one coefficient, with its confidence set.
//!
//! Cameron, Gelbach and Miller (2008, doi:10.1162/rest.90.3.414); Roodman, Nielsen, MacKinnon and Webb (2019,
//! doi:10.1177/1536867X19830877) for the speed; MacKinnon, Nielsen and Webb (2023, doi:10.1002/jae.2969) for variants S, V and B.

use super::wild_draws::{Law, Source, each};
use super::wild_kernel::{Kernel, Variant};
use super::wild_set::{Alternative, Profile, Scale, Seen, Ties};
use super::working::Working;
use crate::error::{Result, input};
use crate::job::Control;
use crate::parallel::Threads;
use crate::stream::Seed;
use serde::{Deserialize, Serialize};

/// Enumerated where there are no more configurations than this.
pub const AFFORDABLE: f64 = 5e6;
/// More draws than this would not fit into memory with the places where they change sides.
pub const MOST_DRAWS: u64 = 5_000_000;

/// Whether to visit every configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enumeration {
    /// Where there are at most [`AFFORDABLE`].
    Auto,
    /// An error where there are more.
    Always,
    /// Draw even then.
    Never,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Which coefficient.
    pub term: usize,
    /// Its value under the null.
    pub null: f64,
    /// `None`: Webb up to 8 clusters, Rademacher from 9.
    pub law: Option<Law>,
    /// Residuals and variance.
    pub variant: Variant,
    /// Whether draws obey the null.
    pub restricted: bool,
    /// What counts as extreme.
    pub alternative: Alternative,
    /// How ties count in the p-value and the set.
    pub ties: Ties,
    /// Level of the confidence set; `None`: no set.
    pub level: Option<f64>,
    /// Draws where not enumerated.
    pub n_resamples: u64,
    /// Whether to enumerate.
    pub enumeration: Enumeration,
    /// Seed of the draws.
    pub seed: Seed,
    /// Threads.
    pub threads: Threads,
}

/// p with ties counted in three ways.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PValues {
    /// More extreme only.
    pub strict: f64,
    /// At least as extreme.
    pub weak: f64,
    /// Half of the ties.
    pub mid: f64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WildTest {
    /// The coefficient.
    pub estimate: f64,
    /// Its standard error (CV1 for C and S, CV3 for V and B).
    pub standard_error: f64,
    /// (estimate - null) / standard error.
    pub statistic: f64,
    /// The three p-values.
    pub pvalues: PValues,
    /// Null values that are not rejected, as intervals; ends may be infinite.
    pub confidence_set: Option<Vec<(f64, f64)>>,
    /// Monte Carlo standard errors of the lowest and highest end; none where enumerated or infinite.
    pub end_errors: Option<(f64, f64)>,
    /// Monte Carlo standard error of p; 0 where enumerated.
    pub monte_carlo_error: f64,
    /// Whether every configuration was visited.
    pub enumerated: bool,
    /// Draws, or configurations.
    pub draws: u64,
    /// The law used.
    pub law: Law,
    /// The smallest weak p that this design can give: draws that repeat the data are never less extreme.
    pub floor: f64,
    /// Draws whose move and standard error were both nothing; they count as ties.
    pub undefined: f64,
}

impl Options {
    /// The law, and where draws come from.
    pub fn source(&self, clusters: usize) -> Result<(Law, Source)> {
        let law = self.law.unwrap_or(if clusters <= 8 { Law::Webb } else { Law::Rademacher });
        let configurations = law.configurations(clusters);
        let affordable = configurations <= AFFORDABLE;
        if self.enumeration == Enumeration::Always && !affordable {
            return Err(input("too many configurations to enumerate")
                .at("enumeration")
                .got(format!("{configurations:.3e}"))
                .allowed("up to 5 million")
                .remedy("Use enumeration=\"auto\".")
                .into());
        }
        if affordable && self.enumeration != Enumeration::Never {
            return Ok((law, Source::Enumerated));
        }
        if !(1..=MOST_DRAWS).contains(&self.n_resamples) {
            return Err(input("number of draws not allowed")
                .at("n_resamples")
                .got(self.n_resamples)
                .allowed(format!("1 to {MOST_DRAWS}"))
                .into());
        }
        Ok((law, Source::Drawn(self.n_resamples, self.seed)))
    }
}

/// Runs the test on a least-squares fit whose coefficient is `estimate`.
pub fn wild(fit: &Working, estimate: f64, options: &Options, control: &Control) -> Result<WildTest> {
    let mut kernel = Kernel::new(fit, options.term, options.variant, options.restricted)?;
    let se = check_variance(kernel.variance)?;
    // In units of the standard error the null value enters as the observed t ratio.
    kernel.n1.iter_mut().for_each(|v| *v *= se);
    kernel.k1 *= se;
    let tau = (estimate - options.null) / se;
    let (law, source) = options.source(kernel.clusters)?;
    let both = options.level.is_some() && options.restricted;
    let factor = kernel.factor;
    let scale = scale_of(&kernel);
    if !both {
        kernel = kernel.fixed(tau);
    }
    let seen = look(&kernel, law, source, (both, options.level.is_some()), tau, &scale, options, control)?;
    let mut test = read(&seen, estimate, se, factor, tau, (law, source), options);
    if let Some(level) = options.level {
        let profile = Profile::new(seen, options.ties, source != Source::Enumerated);
        set(&mut test, &profile, se, 1.0 - level, options.alternative);
    }
    Ok(test)
}

pub(super) fn check_variance(variance: f64) -> Result<f64> {
    if variance > 0.0 && variance.is_finite() {
        return Ok(variance.sqrt());
    }
    Err(input("standard error of the coefficient is zero")
        .allowed("a coefficient that varies between the sites")
        .remedy("The fit reproduces the outcome in every site; there is nothing to test.")
        .into())
}

pub(super) fn scale_of(kernel: &Kernel) -> Scale {
    let frobenius = |m: &ndarray::Array2<f64>| m.iter().map(|v| v * v).sum::<f64>().sqrt();
    Scale {
        moved: kernel.n0.iter().map(|v| v.abs()).sum(),
        slope: kernel.n1.iter().map(|v| v.abs()).sum(),
        length: frobenius(&kernel.k0),
        length_slope: frobenius(&kernel.k1),
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn look(
    kernel: &Kernel,
    law: Law,
    source: Source,
    (both, trace): (bool, bool),
    tau: f64,
    scale: &Scale,
    options: &Options,
    control: &Control,
) -> Result<Seen> {
    let blocks = each(kernel, law, source, both, options.threads, control, Seen::default, |seen: &mut Seen, draw| {
        seen.count(&draw, tau, scale);
        if trace {
            seen.trace(&draw, options.alternative, scale);
        }
    })?;
    let mut whole = Seen { least: least(law, source, options.alternative), ..Seen::default() };
    for block in blocks {
        whole.merge(block);
    }
    Ok(whole)
}

pub(super) fn read(
    seen: &Seen,
    estimate: f64,
    se: f64,
    factor: f64,
    tau: f64,
    (law, source): (Law, Source),
    options: &Options,
) -> WildTest {
    let enumerated = source == Source::Enumerated;
    let pvalues = pvalues(seen, options.alternative, !enumerated);
    let p = pvalues.weak;
    WildTest {
        estimate,
        standard_error: se * factor.sqrt(),
        statistic: tau / factor.sqrt(),
        pvalues,
        confidence_set: None,
        end_errors: None,
        monte_carlo_error: if enumerated { 0.0 } else { (p * (1.0 - p) / seen.total).sqrt() },
        enumerated,
        draws: seen.total.round() as u64,
        law,
        floor: floor(seen, options.alternative, enumerated),
        undefined: seen.undefined,
    }
}

/// The weight of the configuration that stands for the data, and of its mirror image where both tails count. In variants
/// S and B it is no exact tie, and with Mammen's law it is not among the points, but p = 0 would claim more than any design can.
fn least(law: Law, source: Source, alternative: Alternative) -> f64 {
    match (source, alternative) {
        (Source::Drawn(..), _) => 0.0,
        (_, Alternative::Symmetric) if law != Law::Mammen => 2.0,
        _ => 1.0,
    }
}

fn floor(seen: &Seen, alternative: Alternative, enumerated: bool) -> f64 {
    let both = if alternative == Alternative::EqualTailed { 2.0 } else { 1.0 };
    if enumerated { both * seen.least / seen.total } else { both / (seen.total + 1.0) }
}

pub(super) fn pvalues(seen: &Seen, alternative: Alternative, drawn: bool) -> PValues {
    let total = seen.total;
    let [above, tied] = seen.above;
    let below = total - above - tied;
    let with = |share: f64| -> f64 {
        let least = if share == 1.0 { seen.least } else { 0.0 };
        let p = |count: f64| if drawn { (count + 1.0) / (total + 1.0) } else { count.max(least) / total };
        match alternative {
            Alternative::Symmetric => p(seen.both[0] + share * seen.both[1]),
            Alternative::Greater => p(above + share * tied),
            Alternative::Less => p(below + share * tied),
            Alternative::EqualTailed => 2.0 * p((above + share * tied).min(below + share * tied)),
        }
        .min(1.0)
    };
    PValues { strict: with(0.0), weak: with(1.0), mid: with(0.5) }
}

fn set(test: &mut WildTest, profile: &Profile, se: f64, alpha: f64, alternative: Alternative) {
    let turned = |set: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
        // A large null value is a small t ratio.
        set.into_iter().rev().map(|(low, high)| (test.estimate - high * se, test.estimate - low * se)).collect()
    };
    let found = turned(profile.set(alternative, alpha));
    if !test.enumerated {
        let step = (alpha * (1.0 - alpha) / test.draws as f64).sqrt();
        let wide = turned(profile.set(alternative, (alpha - step).max(0.0)));
        let narrow = turned(profile.set(alternative, alpha + step));
        if let (Some(w), Some(n)) = (ends(&wide), ends(&narrow)) {
            let half = |a: f64, b: f64| if a.is_finite() && b.is_finite() { 0.5 * (a - b).abs() } else { 0.0 };
            test.end_errors = Some((half(w.0, n.0), half(w.1, n.1)));
        }
    }
    test.confidence_set = Some(found);
}

fn ends(set: &[(f64, f64)]) -> Option<(f64, f64)> {
    Some((set.first()?.0, set.last()?.1))
}
