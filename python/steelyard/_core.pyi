"""The compiled core. Private: use the public functions of the package."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str
debug_build: bool

def agreement_run(
    request: str,
    ratings: NDArray[np.uint16],
    cluster_of: NDArray[np.int64],
    clusters: int,
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def audit_check(request: str) -> Any: ...
def describe_check(request: str) -> Any: ...
def describe_moderators(
    outcome: NDArray[np.float64],
    arm: Sequence[bool] | None,
    level: Sequence[int | None],
    levels: int,
    confidence_level: float,
) -> list[dict[str, Any]]: ...
def fidelity_describe(scale: str, scores: NDArray[np.float64]) -> dict[str, Any]: ...
def fidelity_gaps(
    scale: str,
    scores: NDArray[np.float64],
    group: Sequence[bool | None],
    n_resamples: int,
    limit: int,
    seed: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def bootstrap_after(
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    plan: str,
    seed: int,
    values: NDArray[np.float64],
    probabilities: NDArray[np.float64] | None,
    levels: Sequence[float],
) -> list[dict[str, Any]]: ...
def bootstrap_errors(
    values: NDArray[np.float64],
    sample: NDArray[np.int64] | None,
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    plan: str,
    options: str,
    counts: NDArray[np.float64] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[NDArray[np.float64] | None, bool]: ...
def bootstrap_intervals(
    values: NDArray[np.float64],
    probabilities: NDArray[np.float64] | None,
    estimates: Sequence[float],
    jackknife: NDArray[np.float64] | None,
    strata: Sequence[int],
    requests: str,
    threads: int,
    errors: NDArray[np.float64] | None = None,
    own: Sequence[float] | None = None,
) -> list[dict[str, Any]]: ...
def bootstrap_multisets(units: NDArray[np.int64], strata: NDArray[np.int64], plan: str, limit: int) -> int | None: ...
def bootstrap_run(
    values: NDArray[np.float64],
    sample: NDArray[np.int64] | None,
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    plan: str,
    options: str,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def bootstrap_supplied(
    values: NDArray[np.float64],
    sample: NDArray[np.int64] | None,
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    statistic: str,
    weights: NDArray[np.float64],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[NDArray[np.float64], bool]: ...
def bootstrap_weights(
    units: NDArray[np.int64], strata: NDArray[np.int64], plan: str, seed: int, first: int, count: int
) -> NDArray[np.float64]: ...
def permutation_count(labels: NDArray[np.int64], strata: Sequence[int], within: int, limit: int) -> int | None: ...
def permutation_draws(
    labels: NDArray[np.int64],
    strata: Sequence[int],
    within: int,
    seed: int,
    first: int,
    count: int,
    enumerated: bool,
) -> NDArray[np.int64]: ...
def permutation_linear(
    matrix: NDArray[np.float64],
    values: Sequence[float],
    nuisance: int,
    labels: NDArray[np.int64],
    strata: Sequence[int],
    within: int,
    seed: int,
    count: int,
    enumerated: bool,
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[tuple[list[float], NDArray[np.float64]], bool]: ...
def permutation_orders(size: int) -> list[list[int]]: ...
def permutation_pvalues(
    null: NDArray[np.float64], observed: Sequence[float], tail: str, enumerated: bool, adjust: bool, threads: int
) -> dict[str, Any]: ...
def bootstrap_units(
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    plan: str,
    seed: int,
    first: int,
    count: int,
    enumerated: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]: ...
def importance_shares(
    options: str,
    items: NDArray[np.float64],
    outcome: NDArray[np.float64],
    trials: NDArray[np.float64] | None,
    sites: NDArray[np.int64] | None,
    covariates: NDArray[np.float64] | None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def regress_bootstrap(
    options: str,
    arrays: dict[str, Any],
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    plan: str,
    weights: NDArray[np.float64] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def regress_fit(options: str, arrays: dict[str, Any]) -> dict[str, Any]: ...
def regress_joint(options: str, arrays: dict[str, Any], contrasts: NDArray[np.float64]) -> dict[str, Any]: ...
def regress_replicates(
    options: str, arrays: dict[str, Any], progress: Callable[[int, int], object] | None = None
) -> tuple[NDArray[np.float64], bool]: ...
def regress_wild(
    options: str, arrays: dict[str, Any], progress: Callable[[int, int], object] | None = None
) -> tuple[dict[str, Any], bool]: ...
def scale_band(scale: str, total: float) -> str | None: ...
def scale_ids() -> list[str]: ...
def scale_read(text: str, toml: bool) -> dict[str, Any]: ...
def scale_replace(scale: str, changes: str) -> dict[str, Any]: ...
def scale_shipped(id: str) -> dict[str, Any]: ...
def scale_total(scale: str, scores: Sequence[float]) -> tuple[dict[str, Any], list[float | None]]: ...
def scheme_fit(
    options: str,
    rows: dict[str, Any],
) -> dict[str, Any]: ...
def scheme_fit_counts(
    options: str,
    rows: dict[str, Any],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def slope_inference(
    slopes: NDArray[np.float64],
    covariance: NDArray[np.float64],
    df: float | None,
    level: float,
    draws: int,
    seed: int,
    freedom: str | None = None,
) -> dict[str, Any]: ...
def integer_weights(gram: NDArray[np.float64], weights: NDArray[np.float64], largest: int) -> dict[str, Any]: ...
def shrink_posterior(
    options: str,
    level: float,
    rows: dict[str, Any],
) -> dict[str, Any] | None: ...
def scheme_stability(
    options: str,
    refits: str,
    rows: dict[str, Any],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def scheme_stability_counts(
    options: str,
    refits: str,
    rows: dict[str, Any],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def site_effect(
    options: str,
    draws: int,
    seed: int,
    rows: dict[str, Any],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def study_check(
    scale: str,
    sites: Sequence[str],
    scores: NDArray[np.float64],
    units: Sequence[str],
    rows: Sequence[Sequence[int]],
    incomplete: str,
) -> tuple[NDArray[np.float64], list[dict[str, Any]], list[int], NDArray[np.float64], list[dict[str, Any]]]: ...
def study_moments(
    group: NDArray[np.int64],
    groups: int,
    columns: Sequence[NDArray[np.float64]],
    origin: Sequence[float],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def study_linked(
    origin: Sequence[float],
    n: Sequence[int],
    sums: Sequence[float],
    products: Sequence[float],
    items: NDArray[np.float64],
    midpoint: Sequence[float],
    counts: Sequence[float],
) -> NDArray[np.float64]: ...
def study_durations(
    group: NDArray[np.int64],
    groups: int,
    time: NDArray[np.float64],
    event: NDArray[np.float64],
    horizon: float,
    cuts: Sequence[float],
) -> list[dict[str, Any]]: ...
def study_impute(
    scale: str, scores: NDArray[np.float64], training: Sequence[bool], copies: int, seed: int
) -> NDArray[np.float64]: ...
def scores_filled(scale: str, scores: NDArray[np.float64]) -> NDArray[np.float64]: ...
def rubin_pool(
    estimates: Sequence[float], variances: Sequence[float], complete: float | None = None
) -> dict[str, float]: ...
def site_describe(request: str) -> Any: ...
def site_adjusted_rates(
    site: NDArray[np.int64], y: NDArray[np.float64], z: NDArray[np.float64], sites: int, level: float
) -> dict[str, Any]: ...
def site_adjusted_means(
    origin: Sequence[float], n: Sequence[int], sums: Sequence[float], products: Sequence[float], level: float
) -> dict[str, Any]: ...
def rater_icc(ratings: NDArray[np.float64], level: float) -> dict[str, Any]: ...
def corpus_check(text: str) -> dict[str, Any]: ...
def qda_read(content: bytes, options: str) -> dict[str, Any]: ...
def qda_write(text: str, codebook: bool, own_note: bool) -> tuple[bytes, list[str]]: ...
def contest_run(
    work: str,
    protocol: str,
    items: NDArray[np.float64],
    covariates: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    site_of: NDArray[np.int64],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def contest_simulate(
    work: str, point: str, threads: int, progress: Callable[[int, int], object] | None = None
) -> tuple[list[dict[str, Any]], bool]: ...
def score_faults(scale: str, scores: NDArray[np.float64], places: list[str]) -> list[tuple[int, str]]: ...
def contest_run_imputed(
    protocol: str,
    scale: str,
    scores: NDArray[np.float64],
    columns: list[int],
    copies: int,
    items: NDArray[np.float64],
    covariates: NDArray[np.float64],
    outcome: NDArray[np.float64],
    weight: NDArray[np.float64],
    site_of: NDArray[np.int64],
    threads: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[tuple[dict[str, Any], list[dict[str, Any]]], bool]: ...
def synthetic_sites(spec: str, seed: int, replicate: int) -> dict[str, Any]: ...
def display_build(spec: str) -> str: ...
def display_read(text: str) -> str: ...
def finding_signal(finding: str) -> str: ...
def lens_select(lens: str, findings: str) -> list[dict[str, Any]]: ...
def lens_words(lens: str) -> str: ...
def lens_stability(
    lens: str,
    findings: str,
    n_resamples: int,
    seed: int,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[dict[str, Any], bool]: ...
def lens_threshold(findings: str, selected: Sequence[str], unit: str) -> dict[str, Any]: ...
def fit_words(vocabulary: str) -> list[str]: ...
def judged_agreement(judgements: str) -> list[dict[str, Any]]: ...
def framework_ids() -> list[str]: ...
def framework_read(told: str, is_text: bool) -> dict[str, Any]: ...
def suppress_counts(
    cells: Sequence[Sequence[int]], row_totals: bool, column_totals: bool, threshold: int
) -> dict[str, Any]: ...
def identification_risks(corpus: str) -> list[dict[str, Any]]: ...
def t_quantile(p: float, df: float) -> float: ...
def wilson(k: int, n: int, level: float) -> tuple[float, float]: ...
