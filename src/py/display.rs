//! Binding of `display`: JSON in, JSON or plain objects out.

use super::convert;
use super::door::long_call;
use crate::display::suppress::Suppressed;
use crate::display::{self, Display, Finding, Lens, Spec, framework, privacy, stability, suppress, threshold};
use crate::error::{Error, Result};
use crate::stream::Seed;
use pyo3::prelude::*;

/// Builds a display from its spec; returns its JSON.
#[pyfunction]
pub(super) fn display_build(spec: &str) -> PyResult<String> {
    let spec: Spec = convert::from_json("joint display", spec)?;
    Ok(written(&display::build(spec)?)?)
}

/// Reads the JSON of a display, builds it anew and compares; returns its JSON.
#[pyfunction]
pub(super) fn display_read(text: &str) -> PyResult<String> {
    Ok(written(&display::read(text)?)?)
}

/// Applies a lens to findings; returns its log.
#[pyfunction]
pub(super) fn lens_select(py: Python<'_>, lens: &str, findings: &str) -> PyResult<Py<PyAny>> {
    let lens: Lens = convert::from_json("lens", lens)?;
    let findings: Vec<Finding> = convert::from_json("findings", findings)?;
    convert::to_python(py, &display::select(&lens, &findings)?)
}

/// The rule of a lens in words.
#[pyfunction]
pub(super) fn lens_words(lens: &str) -> PyResult<String> {
    let lens: Lens = convert::from_json("lens", lens)?;
    Ok(lens.rule.describe())
}

/// How often a lens selects each finding over resampled sites and respondents.
#[pyfunction]
#[pyo3(signature = (lens, findings, n_resamples, seed, progress=None))]
pub(super) fn lens_stability(
    py: Python<'_>,
    lens: &str,
    findings: &str,
    n_resamples: u64,
    seed: u64,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Py<PyAny>, bool)> {
    let lens: Lens = convert::from_json("lens", lens)?;
    let findings: Vec<Finding> = convert::from_json("findings", findings)?;
    let (result, interrupted) =
        long_call(py, progress, |control| stability::stability(&lens, &findings, n_resamples, Seed(seed), control))?;
    Ok((convert::to_python(py, &result)?, interrupted))
}

/// The cuts that come nearest to a given selection.
#[pyfunction]
pub(super) fn lens_threshold(py: Python<'_>, findings: &str, selected: Vec<String>, unit: &str) -> PyResult<Py<PyAny>> {
    let findings: Vec<Finding> = convert::from_json("findings", findings)?;
    convert::to_python(py, &threshold::threshold(&findings, &selected, unit)?)
}

/// Checks one finding; returns its signal by its own cuts.
#[pyfunction]
pub(super) fn finding_signal(finding: &str) -> PyResult<&'static str> {
    let finding: Finding = convert::from_json("finding", finding)?;
    finding.checked()?;
    Ok(finding.signal(&finding.cuts).word())
}

/// Words that a vocabulary allows for a fit.
#[pyfunction]
pub(super) fn fit_words(vocabulary: &str) -> PyResult<Vec<&'static str>> {
    let vocabulary: display::Vocabulary = convert::from_json("vocabulary", &format!("\"{vocabulary}\""))?;
    Ok(vocabulary.words().iter().copied().chain(["unresolved", "not assessable"]).collect())
}

/// Agreement of every two analysts: names, rows that both judged, same word, Cohen's kappa.
#[pyfunction]
pub(super) fn judged_agreement(py: Python<'_>, judgements: &str) -> PyResult<Py<PyAny>> {
    let judgements: Vec<display::judged::Judgement> = convert::from_json("judgements", judgements)?;
    convert::to_python(py, &display::judged::agreement(&judgements))
}

/// Short names of the frameworks that come with Steelyard.
#[pyfunction]
pub(super) fn framework_ids() -> Vec<&'static str> {
    framework::ids()
}

/// A framework that comes with Steelyard, or one written in TOML.
#[pyfunction]
pub(super) fn framework_read(py: Python<'_>, told: &str, is_text: bool) -> PyResult<Py<PyAny>> {
    let framework = if is_text { framework::read(told) } else { framework::shipped(told) }?;
    convert::to_python(py, &framework)
}

/// Hides small counts and what would give them away.
#[pyfunction]
pub(super) fn suppress_counts(
    py: Python<'_>,
    cells: Vec<Vec<u64>>,
    row_totals: bool,
    column_totals: bool,
    threshold: u64,
) -> PyResult<Py<PyAny>> {
    let work = || -> Result<Suppressed> {
        suppress::suppress(&suppress::with_totals(&cells, row_totals, column_totals), threshold)
    };
    convert::to_python(py, &py.detach(work)?)
}

/// Informants whom role, site and perhaps one attribute more would name.
#[pyfunction]
pub(super) fn identification_risks(py: Python<'_>, corpus: &str) -> PyResult<Py<PyAny>> {
    let corpus: crate::corpus::Corpus = convert::from_json("corpus", corpus)?;
    convert::to_python(py, &privacy::risks(&corpus))
}

/// Wilson's interval for k of n, as shares.
#[pyfunction]
pub(super) fn wilson(k: u64, n: u64, level: f64) -> (f64, f64) {
    display::finding::wilson(k, n, level)
}

/// Quantile of Student's t.
#[pyfunction]
pub(super) fn t_quantile(p: f64, df: f64) -> f64 {
    crate::num::special::t_quantile(p, df)
}

fn written(display: &Display) -> Result<String> {
    serde_json::to_string(display).map_err(|error| Error::Internal { what: format!("writing a display: {error}") })
}
