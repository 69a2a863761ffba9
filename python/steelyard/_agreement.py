"""Agreement between coders or raters: the usual coefficients, each with its standard error and interval."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from . import _core
from ._agreement_input import Read, read_ratings
from ._agreement_result import Agreement, AgreementEstimate, AgreementScope
from ._long import Progress, run_long, thread_count
from ._names import offer
from ._random import RNG, seed_of
from ._result import data_hash
from .errors import refuse

__all__ = ["agreement"]

COEFFICIENTS = (
    "percent-agreement",
    "cohen-kappa",
    "conger-kappa",
    "fleiss-kappa",
    "scott-pi",
    "brennan-prediger",
    "gwet-ac1",
    "gwet-ac2",
    "krippendorff-alpha",
    "bangdiwala-b",
)
_TWO_CODERS = ("cohen-kappa", "scott-pi", "bangdiwala-b")
_LEVELS = ("nominal", "ordinal", "interval", "ratio")
_WEIGHTS = ("identity", "linear", "quadratic", "radical", "ordinal", "ratio", "circular", "bipolar")
_SEGMENTS = {"all": ["all"], "coded": ["coded"], "both": ["all", "coded"]}
_FEW_SOURCES = 10
_PREVALENT = 0.8
# Ratings below which a second thread would cost more than it saves.
_SMALL = 1_000_000


class _Options(NamedTuple):
    coefficients: tuple[str, ...]
    level: str
    weights: str | None
    matrix: list[float] | None


def _one_of(what: str, told: object, known: Sequence[str], at: str) -> str:
    if isinstance(told, str) and told in known:
        return told
    hint = offer(told, known) if isinstance(told, str) else ""
    raise refuse(f"unknown {what}", at=at, got=f"{told!r}{hint}", allowed=", ".join(known))


def _coefficients(told: str | Sequence[str], n_coders: int, unweighted: bool) -> tuple[str, ...]:
    if told == "all":
        # Two names for one number help nobody: Cohen and Scott stand for the general forms with two coders.
        left_out = ("conger-kappa", "fleiss-kappa") if n_coders == 2 else _TWO_CODERS
        also = ("gwet-ac2",) if unweighted else ()
        return tuple(name for name in COEFFICIENTS if name not in (*left_out, *also))
    names = (told,) if isinstance(told, str) else tuple(told)
    if not names:
        raise refuse("no coefficient asked for", at="coefficient", allowed=", ".join((*COEFFICIENTS, "all")))
    return tuple(_one_of("coefficient", name, COEFFICIENTS, "coefficient") for name in names)


def _weights(told: Any, n_categories: int) -> tuple[str | None, list[float] | None]:
    if told is None or isinstance(told, str):
        return (None if told is None else _one_of("weights", told, _WEIGHTS, "weights")), None
    matrix = np.asarray(told, dtype=np.float64)
    if matrix.shape != (n_categories, n_categories):
        raise refuse(
            "weights of another shape",
            at="weights",
            got=" x ".join(map(str, matrix.shape)),
            allowed=f"{n_categories} x {n_categories}, in the order of the categories",
        )
    return None, [float(x) for x in matrix.ravel()]


def agreement(
    ratings: Any,
    coefficient: str | Sequence[str] = "krippendorff-alpha",
    level: str = "ordinal",
    *,
    weights: Any = None,
    categories: Sequence[Any] | None = None,
    coders: Sequence[str] | str | None = None,
    codes: Sequence[str] | None = None,
    sources: Any = None,
    segments: str = "all",
    variance: str = "auto",
    confidence_level: float = 0.95,
    n_resamples: int = 0,
    method: str = "bca",
    enumeration: str = "auto",
    benchmark: str = "landis-koch",
    benchmark_probability: float = 0.95,
    rng: RNG = None,
    threads: int | None = None,
    progress: Progress = None,
) -> Agreement:
    """Measure how far coders agree, beyond chance, with a standard error and an interval.

    Consensus coding must report the agreement *before* the consensus: pass those ratings.

    Parameters
    ----------
    ratings
        Coders x units: one row per coder, one column per unit; numbers, texts or booleans, with None, NaN or `""` where
        a coder did not rate. Or coders x codes x units (each code is then reported, and all pooled), or what
        `Corpus.ratings` returns. A frame is read the same way, unless `coders="columns"`.
    coefficient
        One of `"percent-agreement"`, `"cohen-kappa"`, `"conger-kappa"`, `"fleiss-kappa"`, `"scott-pi"`,
        `"brennan-prediger"`, `"gwet-ac1"`, `"gwet-ac2"`, `"krippendorff-alpha"`, `"bangdiwala-b"`; several; or `"all"`.
    level
        Of Krippendorff's alpha: `"nominal"`, `"ordinal"`, `"interval"` or `"ratio"`; also gives AC2 its weights where
        none are named. With two categories all levels are one.
    weights
        Of the other coefficients: None (only the same category agrees), `"linear"`, `"quadratic"`, `"ordinal"`,
        `"radical"`, `"ratio"`, `"circular"`, `"bipolar"`, or a symmetric categories x categories matrix with 1 on its
        diagonal. AC1 is always unweighted.
    categories
        All that a coder may choose, in order. None: those that occur, sorted. Brennan-Prediger and AC1 depend on how
        many there are, so name the unused ones too.
    coders
        Their names; or `"columns"`, when each column of a frame holds one coder.
    codes
        Names of the codes, for three-dimensional ratings.
    sources
        Source of each unit (an interview, a document). Units of one source are alike: standard errors and resamples are
        then by source, t with one degree of freedom less than there are sources.
    segments
        `"all"`, `"coded"` (leave out units to which no coder gave any code, that is only the first category) or
        `"both"`. Uncoded text inflates agreement; report both.
    variance
        Divisor by unit: `"auto"` is n for two coders who rated everything (the variance of their table) and n - 1
        otherwise, as Gwet (2014) has them; or `"n"`, `"n-1"`.
    confidence_level
        Of all intervals, default 0.95.
    n_resamples
        Bootstrap resamples of sources, or of units without sources; 0 leaves the bootstrap out.
    method
        `"bca"` or `"percentile"`.
    enumeration
        `"auto"`: with at most 12 sources every resample is visited, where that is at most 5 million evaluations;
        `"never"`.
    benchmark, benchmark_probability
        Labels (`"landis-koch"`, `"fleiss"`, `"altman"`) and the probability with which one must be earned: not by the
        point value (Gwet 2014).
    rng, threads, progress
        As everywhere.

    Returns
    -------
    Agreement
        `.estimate`, `.standard_error`, `.confidence_interval` of the first coefficient; `.estimates` of all; `.scopes`
        with prevalence and bias; `.tidy()`, `.plot()`.

    Raises
    ------
    InputError
        Among others for a coefficient of two coders with more, for text on a level that needs an order, and where no
        unit was rated twice.

    Notes
    -----
    Gwet KL (2014) Handbook of Inter-Rater Reliability, 4th ed. Krippendorff K (2011)
    https://repository.upenn.edu/asc_papers/43. Conger AJ (1980) doi:10.1037/0033-2909.88.2.322. Byrt T, Bishop J,
    Carlin JB (1993) doi:10.1016/0895-4356(93)90018-V (prevalence and bias).

    Examples
    --------
    >>> import steelyard as sy
    >>> first = ["a", "a", "b", "b", "b", "a", "c", "c", "a", None]
    >>> second = ["a", "a", "b", "a", "b", "a", "c", "b", "a", "c"]
    >>> found = sy.agreement([first, second], "cohen-kappa", level="nominal")
    >>> round(found.estimate, 3), round(found.standard_error, 3)
    (0.649, 0.231)
    """
    read = read_ratings(ratings, categories=categories, coders=coders, codes=codes, sources=sources)
    unweighted = len(read.categories) <= 2 or (weights is None and level == "nominal") or weights == "identity"
    names = _coefficients(coefficient, len(read.coders), unweighted)
    weights_name, matrix = _weights(weights, len(read.categories))
    options = _Options(names, _one_of("level", level, _LEVELS, "level"), weights_name, matrix)
    _check_order(read, options)
    seed = seed_of(rng) if n_resamples else 0
    request = {
        "coefficients": list(options.coefficients),
        "level": options.level,
        "weights": options.weights,
        "matrix": options.matrix,
        "values": read.values,
        "scopes": list(read.codes) or [""],
        "pooled": len(read.codes) > 1,
        "segments": _SEGMENTS[_one_of("choice of segments", segments, tuple(_SEGMENTS), "segments")],
        "by_source": read.n_sources is not None,
        "n_resamples": _resamples(n_resamples),
        "enumerate": _one_of("enumeration", enumeration, ("auto", "never"), "enumeration") == "auto",
        "seed": seed,
        "method": _one_of("method", method, ("bca", "percentile"), "method"),
        "confidence_level": _share(confidence_level, "confidence_level"),
        "benchmark": _one_of("benchmark", benchmark, ("landis-koch", "fleiss", "altman"), "benchmark"),
        "benchmark_probability": _share(benchmark_probability, "benchmark_probability"),
        "divisor": {"auto": "auto", "n": "n", "n-1": "n-less-one"}[
            _one_of("variance", variance, ("auto", "n", "n-1"), "variance")
        ],
        "keep": len(read.codes) < 2,
    }

    def finish(raw: dict[str, Any]) -> Agreement:
        return _result(raw, read, request, seed if n_resamples else None)

    return run_long(  # type: ignore[no-any-return]
        _core.agreement_run,
        json.dumps(request),
        read.cells,
        read.cluster_of,
        read.n_clusters,
        thread_count(threads) if n_resamples or read.cells.size > _SMALL else 1,
        progress=progress,
        description="agreement",
        finish=finish,
    )


def _resamples(told: object) -> int:
    if isinstance(told, (int, np.integer)) and not isinstance(told, bool) and (told == 0 or told >= 2):
        return int(told)
    raise refuse("number of resamples not allowed", at="n_resamples", got=repr(told), allowed="0, or 2 and more")


def _share(told: object, at: str) -> float:
    if isinstance(told, (int, float)) and 0 < told < 1:
        return float(told)
    raise refuse("not a share", at=at, got=repr(told), allowed="a number between 0 and 1, such as 0.95")


def _check_order(read: Read, options: _Options) -> None:
    """Refuse an order or a distance that the categories do not have."""
    alpha = "krippendorff-alpha" in options.coefficients
    ac2 = "gwet-ac2" in options.coefficients and options.weights is None and options.matrix is None
    by_level = options.level if alpha or ac2 else "nominal"
    by_weights = options.weights or "identity"
    if len(read.categories) > 2 and not read.ordered and (by_level != "nominal" or by_weights != "identity"):
        raise refuse(
            "categories without an order",
            at="level" if by_level != "nominal" else "weights",
            got=", ".join(map(repr, read.categories[:6])),
            allowed='level="nominal" and no weights for texts, or categories=[...] from lowest to highest',
            remedy="Choose one of these.",
        )
    distances = by_level in ("interval", "ratio") or by_weights not in ("identity", "ordinal", "linear", "quadratic")
    if distances and not read.numeric and len(read.categories) > 2:
        raise refuse(
            "texts have no distances",
            at="level" if by_level in ("interval", "ratio") else "weights",
            got=", ".join(map(repr, read.categories[:6])),
            allowed='numbers; or level="ordinal"',
        )
    if by_level == "ratio" and min(read.values, default=0.0) < 0:
        raise refuse(
            "negative rating on a ratio level",
            at="ratings",
            got=min(read.values),
            allowed="0 and above",
            remedy="Use level='interval'.",
        )


def _result(raw: dict[str, Any], read: Read, request: dict[str, Any], seed: int | None) -> Agreement:
    scopes, estimates = [], []
    for scope in raw["scopes"]:
        place = {"code": scope["name"], "segments": scope["segments"]}
        estimates += [AgreementEstimate.from_core(one, **place) for one in scope["estimates"]]
        told = {f.name: scope.get(f.name) for f in dataclasses.fields(AgreementScope)} | place
        scopes.append(AgreementScope(**{name: _frozen(value) for name, value in told.items()}))
    drawn = raw["distribution"]
    return Agreement(
        estimates=tuple(estimates),
        scopes=tuple(scopes),
        categories=tuple(read.categories),
        coders=tuple(read.coders),
        level=request["level"],
        n_sources=read.n_sources,
        confidence_level=request["confidence_level"],
        n_resamples=min((s.n_resamples for s in scopes), default=0),
        enumerated=bool(raw["enumerated"]),
        method=request["method"],
        seed=seed,
        bootstrap_distribution=np.array(drawn) if drawn else None,
        probabilities=np.array(raw["probabilities"]) if raw["probabilities"] else None,
        data_hash=data_hash(read.cells, read.cluster_of),
        notes=_notes(scopes, estimates, read),
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(x) for x in value) if isinstance(value, list) else value


def _notes(scopes: list[AgreementScope], estimates: list[AgreementEstimate], read: Read) -> tuple[str, ...]:
    """Say what a reader must know before quoting a number."""
    notes = []
    if read.n_sources is not None and read.n_sources < _FEW_SOURCES:
        notes.append(f"{read.n_sources} sources: intervals by source are rough with fewer than {_FEW_SOURCES}")
    if read.n_sources is None and read.codes:
        notes.append("no sources given: units are taken as independent, and segments of one interview hardly are")
    prevalent = [s.code for s in scopes if s.prevalence_index is not None and abs(s.prevalence_index) > _PREVALENT]
    if prevalent:
        names = sorted({code for code in prevalent if code})
        where = f" for {len(names)} codes" if len(names) > 1 else (f" for {names[0]}" if names else "")
        notes.append(
            f"one category holds nearly all units{where}: kappa, pi and alpha are low even when coders seldom differ; "
            "read them beside AC1, specific agreement and the share of segments that somebody coded"
        )
    perfect = sorted({e.code for e in estimates if e.standard_error == 0.0 and e.estimate == 1.0})
    if perfect:
        notes.append("no disagreement was seen: a standard error of 0 says nothing about the next unit")
    undefined = [e for e in estimates if e.status != "ok"]
    if undefined:
        notes.append(f"{len(undefined)} of {len(estimates)} estimates: {undefined[0].status}")
    return tuple(notes)
