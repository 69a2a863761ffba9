"""What goes into a weighting experiment: rows, outcome and schemes, checked once and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import schemes as S
from ._cells import label
from ._experiment_missing import Gaps, check_missing, filled_and_gaps
from ._linked_rows import LinkedRows, linked_rows
from ._names import offer
from ._rows import Rows, rows_of
from .errors import refuse
from .outcomes import KINDS
from .scale import Scale
from .study import Study

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class ContestRows:
    """Checked rows of an experiment; arrays are C-contiguous."""

    items: Floats
    names: tuple[str, ...]
    response: Floats
    weights: Floats
    codes: NDArray[np.int64]
    sites: tuple[str, ...]
    trials: Floats | None
    covariates: Floats | None
    covariate_names: tuple[str, ...]
    outcome_name: str
    outcome_kind: str
    site_weight: str
    exclude: tuple[str, ...]
    from_outcome: tuple[str, ...]
    limits: tuple[tuple[float, float], ...]
    scale: Scale | None
    notes: tuple[str, ...]
    gaps: Gaps | None = None

    @property
    def null_trials(self) -> list[float] | None:
        """Participants per row where outcomes are counts or 0/1; None for numbers."""
        if self.outcome_kind == "numbers":
            return None
        return [1.0] * len(self.items) if self.trials is None else [float(n) for n in self.trials]


@dataclasses.dataclass(frozen=True)
class Contestants:
    """Schemes with unique names, the place of the reference, and the name of the primary."""

    names: tuple[str, ...]
    schemes: tuple[S.Scheme, ...]
    reference: int
    primary: str | None


def contest_rows(
    given: Any,
    outcome: Any,
    *,
    trials: Any,
    sites: Any,
    covariates: Any,
    scale: Any,
    site_weight: Any,
    exclude: Any,
    success: Any,
    missing: str,
    n_imputations: int,
    seed: int,
    matrix: Floats | None = None,
) -> ContestRows:
    """Check everything that has rows. With a Study, `matrix` (units x items) stands for its scores."""
    study = given if isinstance(given, Study) else None
    check_missing(missing, n_imputations, study is not None)
    gaps: Gaps | None = None
    items = given
    linked: LinkedRows | None = None
    if study is not None:
        if sites is not None or scale is not None:
            raise refuse("sites or scale given beside a Study, which has its own", at="sites, scale")
        sites, scale = study.unit_sites, study.scale
        keep = np.ones(len(sites), dtype=bool)
        linked = _linked(study, outcome, trials, covariates, site_weight)
        if linked is not None:
            keep, sites, site_weight = linked.keep, linked.sites, linked.site_weight
            outcome, trials = linked.values, linked.trials
        if matrix is None:
            filled, gaps = filled_and_gaps(study, keep, missing, n_imputations, seed)
        else:
            filled = matrix[keep]
        items = {name: filled[:, j] for j, name in enumerate(study.item_ids)}
    elif isinstance(scale, str):
        scale = Scale.load(scale)
    if outcome is None:
        raise refuse(
            "outcome not stated",
            at="outcome",
            allowed="one value per row, or with a linked Study one of sy.outcomes",
            remedy='As in WeightingExperiment(study, sy.outcomes.Binary("employed")).',
        )
    values, name = _outcome_values(outcome, study, sites)
    coded, notes = _two_labels(values, success)
    if linked is not None:
        name, notes = linked.name, (*linked.notes, *notes)
    rows = rows_of(items, coded, trials=trials, sites=sites, covariates=covariates, site_weight=site_weight)
    rows, collapsed = (rows, ()) if gaps is not None else _one_row_per_site(rows, site_weight)
    known = {} if scale is None else {item.id: item for item in scale.items}
    dropped = _excluded(exclude, rows.names, known)
    kept = [j for j, item in enumerate(rows.names) if item not in dropped]
    names = tuple(rows.names[j] for j in kept)
    matrix = np.ascontiguousarray(rows.items[:, kept])
    limits = tuple(
        (float(known[item].minimum), float(known[item].maximum))
        if item in known
        else (float(matrix[:, j].min()), float(matrix[:, j].max()))
        for j, item in enumerate(names)
    )
    return ContestRows(
        items=matrix,
        names=names,
        response=rows.outcome if rows.trials is None else rows.outcome / rows.trials,
        weights=np.ones(len(matrix)) if rows.weights is None else _positive(rows.weights),
        codes=np.arange(len(matrix), dtype=np.int64) if rows.sites is None else rows.sites,
        sites=_site_names(rows),
        trials=rows.trials,
        covariates=rows.covariates,
        covariate_names=rows.covariate_names,
        outcome_name=name,
        outcome_kind=rows.outcome_kind,
        site_weight=site_weight if isinstance(site_weight, str) else "given",
        exclude=tuple(sorted(dropped)),
        from_outcome=tuple(item for item in names if item in known and known[item].scored_from_outcome),
        limits=limits,
        scale=scale,
        notes=notes + collapsed,
        gaps=gaps,
    )


def _one_row_per_site(rows: Rows, site_weight: Any) -> tuple[Rows, tuple[str, ...]]:
    """Add up the rows of a site where items and covariates do not vary within it: nothing is lost, and cost falls.

    0/1 rows become k of n, counts add up, numbers become means with the number of rows as weight.
    """
    if rows.sites is None or len(rows.site_labels) == len(rows.items):
        return rows, ()
    codes = rows.sites
    first = np.unique(codes, return_index=True)[1]
    fixed = [rows.items] if rows.covariates is None else [rows.items, rows.covariates]
    if not isinstance(site_weight, str) or not all(np.array_equal(part, part[first][codes]) for part in fixed):
        return rows, ()
    size = np.bincount(codes).astype(np.float64)
    trials: Floats = size if rows.trials is None else np.bincount(codes, weights=rows.trials).astype(np.float64)
    total: Floats = np.bincount(codes, weights=rows.outcome).astype(np.float64)
    counted = rows.outcome_kind != "numbers"
    weights: Floats = trials if site_weight == "participants" else np.ones(len(first))
    together = dataclasses.replace(
        rows,
        items=np.ascontiguousarray(rows.items[first]),
        outcome=total if counted else total / size,
        trials=trials if counted else None,
        weights=weights,
        sites=np.arange(len(first), dtype=np.int64),
        covariates=None if rows.covariates is None else np.ascontiguousarray(rows.covariates[first]),
        outcome_kind="counts k of n" if counted else "numbers",
    )
    kind = "k of n" if counted else "means weighted by the number of rows"
    return together, (f"{len(rows.items)} rows of {len(first)} sites were added up to one row per site ({kind}).",)


def _linked(study: Study, outcome: Any, trials: Any, covariates: Any, site_weight: Any) -> LinkedRows | None:
    """Return the outcome of a linked study, or None when the outcome is given as values."""
    if outcome is None and study.outcome is None:
        return None
    if outcome is not None and not isinstance(outcome, KINDS):
        return None
    if trials is not None or covariates is not None:
        raise refuse(
            "trials or covariates beside an outcome of the study's participants",
            at="trials, covariates",
            remedy="The outcome brings its trials; adjust for case mix with study.adjusted_rates(...), or for place "
            "with sy.outcomes.Effect.",
        )
    return linked_rows(study, outcome, site_weight)


def _site_names(rows: Rows) -> tuple[str, ...]:
    return rows.site_labels or tuple(str(i + 1) for i in range(len(rows.items)))


def _positive(weights: Floats) -> Floats:
    bad = np.flatnonzero(weights <= 0)
    if bad.size:
        raise refuse(
            "weight of zero",
            at=f"row {bad[0] + 1} of site_weight",
            got=f"{weights[bad[0]]:g}",
            allowed="above 0",
            remedy="Leave the row out instead.",
        )
    return weights


def _outcome_values(outcome: Any, study: Study | None, sites: Any) -> tuple[list[Any], str]:
    """Return one value per row, and what the outcome is called."""
    if isinstance(outcome, str):
        if study is None:
            raise refuse("outcome by name without a Study", at="outcome", got=repr(outcome), remedy="Pass the values.")
        return list(study.site_column(outcome)), outcome
    if isinstance(outcome, Mapping):
        if sites is None:
            raise refuse("outcome by site without sites", at="outcome", remedy="Pass sites=, or a Study.")
        given = {label(k): v for k, v in outcome.items()}
        wanted = [label(site) for site in sites]
        absent = list(dict.fromkeys(site for site in wanted if site not in given))
        if absent:
            raise refuse(
                "sites in items but not in outcomes",
                got=", ".join(absent),
                remedy="Add their outcomes, or leave these sites out of the items.",
            )
        unknown = [site for site in given if site not in wanted]
        if unknown:
            raise refuse(
                "sites in outcomes but not in items" + offer(unknown[0], wanted),
                got=", ".join(unknown),
                remedy="Add their scores, or leave these sites out of the outcomes.",
            )
        return [given[site] for site in wanted], "outcome"
    name = getattr(outcome, "name", None)
    return np.asarray(outcome).ravel().tolist(), str(name) if isinstance(name, str) else "outcome"


def _two_labels(values: list[Any], success: Any) -> tuple[Any, tuple[str, ...]]:
    """Turn two text labels into 0/1; numbers pass."""
    if not values or not all(isinstance(v, str) for v in values):
        if success is not None:
            raise refuse("success given for an outcome that is not of two labels", at="success", got=repr(success))
        return np.asarray(values), ()
    labels = sorted(set(values))
    if len(labels) != 2:
        raise refuse(
            "outcome of text",
            at="outcome",
            got=", ".join(labels[:6]),
            allowed="numbers, 0/1, or exactly two labels",
            remedy="Give numbers.",
        )
    if success is not None and success not in labels:
        raise refuse("unknown label", at="success", got=repr(success), allowed=" or ".join(map(repr, labels)))
    one = labels[0] if success is None else success
    other = labels[1] if one == labels[0] else labels[0]
    chosen = "" if success is not None else " (the first in the alphabet; say success= to choose)"
    return np.array([float(v == one) for v in values]), (f'Outcome: 1 is "{one}", 0 is "{other}"{chosen}.',)


def _excluded(exclude: Any, names: tuple[str, ...], known: Mapping[str, Any]) -> set[str]:
    if exclude is None:
        return set()
    if isinstance(exclude, str) and exclude == "scored_from_outcome":
        wanted = [item for item in names if item in known and known[item].scored_from_outcome]
        if not wanted:
            raise refuse("no item is marked as scored from the outcome", at="exclude", remedy="Pass scale=, or names.")
    else:
        wanted = [exclude] if isinstance(exclude, str) else [str(item) for item in exclude]
    unknown = [item for item in wanted if item not in names]
    if unknown:
        raise refuse(
            "unknown item" + offer(unknown[0], names), at="exclude", got=", ".join(unknown), allowed=", ".join(names)
        )
    if len(set(wanted)) >= len(names):
        raise refuse("all items excluded", at="exclude", allowed="at least one item left")
    return set(wanted)


def _groups(data: ContestRows) -> tuple[str, ...] | None:
    if data.scale is None:
        return None
    place = {item: subscale.id for subscale in data.scale.subscales for item in subscale.items}
    return tuple(place[item] for item in data.names) if set(data.names) <= set(place) else None


def default_schemes() -> tuple[S.Scheme, ...]:
    """Return the seven schemes that run unless others are asked for."""
    return (S.Unit(), S.PCA(), S.Correlation(), S.OLS(), S.Ridge(), S.Shrink(), S.NonNegative())


def _all_schemes(data: ContestRows) -> dict[str, S.Scheme]:
    found: dict[str, S.Scheme] = {scheme.name: scheme for scheme in default_schemes()}
    found["Correlation >= 0"] = S.Correlation(non_negative=True)
    found |= {scheme.name: scheme for scheme in (S.Lasso(), S.ElasticNet())}
    found["PLS 2"] = S.PLS(2)
    groups = _groups(data)
    if groups is not None:
        found |= {"SubscaleEqual": S.SubscaleEqual(groups), "SubscaleOnly": S.SubscaleOnly(groups)}
    return found


def schemes_of(
    schemes: Sequence[S.Scheme] | Mapping[str, S.Scheme] | S.Scheme | str | None,
    reference: S.Scheme | None,
    primary: Any,
    data: ContestRows,
) -> Contestants:
    """Name the schemes, put the reference among them, and check the primary."""
    if isinstance(schemes, str):
        if schemes != "all":
            raise refuse("schemes not known", at="schemes", got=repr(schemes), allowed="schemes, or 'all'")
        named = list(_all_schemes(data).items())
    elif isinstance(schemes, Mapping):
        named = [(str(name), scheme) for name, scheme in schemes.items()]
    else:
        one = (schemes,) if isinstance(schemes, S.Scheme) else schemes
        chosen = default_schemes() if one is None else tuple(one)
        named = [(getattr(scheme, "name", ""), scheme) for scheme in chosen]
    for _, scheme in named:
        if not isinstance(scheme, S.Scheme):
            raise refuse("not a scheme", at="schemes", got=repr(scheme), allowed="instances such as sy.schemes.Ridge()")
    wanted = S.Unit() if reference is None else reference
    if not isinstance(wanted, S.Scheme):
        raise refuse("not a scheme", at="reference", got=repr(reference), allowed="sy.schemes.Unit(), for instance")
    if wanted not in [scheme for _, scheme in named]:
        named.insert(0, (wanted.name, wanted))
    names = tuple(name for name, _ in named)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise refuse(
            "two schemes of one name",
            at="schemes",
            got=", ".join(twice),
            remedy='Pass a mapping from name to scheme: {"ridge 1": sy.schemes.Ridge(1.0)}.',
        )
    if len(names) < 2:
        raise refuse("no scheme beside the reference", at="schemes", remedy="Add one, or leave schemes out.")
    place = [scheme for _, scheme in named].index(wanted)
    return Contestants(names, tuple(scheme for _, scheme in named), place, _primary(primary, names, place, data))


def _primary(primary: Any, names: tuple[str, ...], reference: int, data: ContestRows) -> str | None:
    if primary is None:
        return None
    parts = (primary,) if isinstance(primary, str) else tuple(primary)
    if len(parts) == 3:
        outcome, score, _ = parts
        if outcome != data.outcome_name:
            raise refuse("primary not among the outcomes", at="primary", got=repr(outcome), allowed=data.outcome_name)
        if str(score).lower() not in ("q2", "mse", "brier"):
            raise refuse("primary score not known", at="primary", got=repr(score), allowed="Q2, MSE or Brier")
    elif len(parts) != 1:
        raise refuse(
            "primary not understood", at="primary", got=repr(primary), allowed="a scheme, or (outcome, score, scheme)"
        )
    scheme = str(parts[-1])
    open_to = [name for place, name in enumerate(names) if place != reference]
    if scheme not in open_to:
        raise refuse("primary not among the schemes", at="primary", got=repr(scheme), allowed=", ".join(open_to))
    return scheme
