//! The binding: the only room that names pyo3 or numpy. One file per public room, one door for long calls.
//!
//! Types cross as follows: arrays as NumPy arrays (copied in once, checked C order and dtype in Python), options as
//! JSON text read by serde, structured results as plain Python objects written by [`convert::to_python`]. Nothing here
//! computes; each function converts, calls one core function through [`door`], and converts back.

mod agreement;
mod audit;
mod convert;
mod corpus;
mod describe;
mod display;
mod door;
mod errors;
mod experiment;
mod importance;
mod permute;
mod regress;
mod resample;
mod scale;
mod schemes;
mod simulate;
mod sites;
mod study;

use pyo3::prelude::*;

/// The compiled core of Steelyard. Private: use the public functions of the package.
#[pymodule]
mod _core {
    use super::PyResult;
    #[pymodule_export]
    use super::agreement::agreement_run;
    #[pymodule_export]
    use super::audit::audit_check;
    #[pymodule_export]
    use super::corpus::{corpus_check, qda_read, qda_write};
    #[pymodule_export]
    use super::describe::{describe_check, describe_moderators, fidelity_describe, fidelity_gaps};
    #[pymodule_export]
    use super::display::{
        display_build, display_read, finding_signal, fit_words, framework_ids, framework_read, identification_risks,
        judged_agreement, lens_select, lens_stability, lens_threshold, lens_words, suppress_counts, t_quantile, wilson,
    };
    #[pymodule_export]
    use super::experiment::{contest_run, contest_run_imputed, contest_simulate};
    #[pymodule_export]
    use super::importance::importance_shares;
    #[pymodule_export]
    use super::permute::{
        permutation_count, permutation_draws, permutation_linear, permutation_orders, permutation_pvalues,
    };
    #[pymodule_export]
    use super::regress::{regress_bootstrap, regress_fit, regress_joint, regress_replicates, regress_wild};
    #[pymodule_export]
    use super::resample::{
        bootstrap_after, bootstrap_errors, bootstrap_intervals, bootstrap_multisets, bootstrap_run, bootstrap_supplied,
        bootstrap_units, bootstrap_weights,
    };
    #[pymodule_export]
    use super::scale::{scale_band, scale_ids, scale_read, scale_replace, scale_shipped, scale_total};
    #[pymodule_export]
    use super::schemes::{
        integer_weights, scheme_fit, scheme_fit_counts, scheme_stability, scheme_stability_counts, shrink_posterior,
        site_effect, slope_inference,
    };
    #[pymodule_export]
    use super::simulate::synthetic_sites;
    #[pymodule_export]
    use super::sites::{rater_icc, site_adjusted_means, site_adjusted_rates, site_describe};
    #[pymodule_export]
    use super::study::{
        rubin_pool, score_faults, scores_filled, study_check, study_durations, study_impute, study_linked,
        study_moments,
    };
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // NumPy hands its functions out on first use, and a Ctrl-C at that moment would be a panic: ask now.
        let _ = numpy::PyArray1::from_vec(module.py(), Vec::<f64>::new());
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("debug_build", cfg!(debug_assertions))
    }
}
