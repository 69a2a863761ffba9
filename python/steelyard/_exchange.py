"""What a permutation test exchanges: labels of samples, values within pairs, pairings, or residuals. Internal."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from .errors import refuse

Linear = tuple[NDArray[np.float64], list[float], int]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """Data bound to a kind of exchange.

    `parts` have the observations on their last axis. Units (rows or sites) are in order of their stratum: `unit_of_row`
    has the unit of every observation, `labels` what is rearranged, one per unit.
    """

    kind: str
    parts: tuple[NDArray[Any], ...]
    labels: NDArray[np.int64]
    strata: tuple[int, ...]
    within: int
    unit_of_row: NDArray[np.int64]
    what: str
    has_sites: bool
    basis: NDArray[np.float64] | None = None

    @property
    def arguments(self) -> tuple[NDArray[np.int64], tuple[int, ...], int]:
        """What the core needs to draw arrangements."""
        return self.labels, self.strata, self.within

    @property
    def n_units(self) -> int:
        """Rows or sites."""
        return int(self.unit_of_row.max()) + 1

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Columns of the first sample."""
        return self.parts[0].shape[:-1]

    @property
    def n_outputs(self) -> int:
        """Statistics of the fast form."""
        return int(np.prod(self.output_shape))

    @property
    def ragged(self) -> bool:
        """Whether sample sizes change with the arrangement: sites of unequal size."""
        return self.kind == "independent" and len(set(np.bincount(self.unit_of_row))) > 1

    def arranged(self, arrangements: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the samples under each of b arrangements: (..., b, n)."""
        if self.kind == "independent":
            return self._relabelled(arrangements)
        if self.kind == "samples":
            return self._swapped(arrangements[:, self.unit_of_row])
        if self.kind == "pairings" and self.has_sites:
            first_row = np.unique(self.unit_of_row, return_index=True)[1]
            moved = self.parts[0][..., first_row[arrangements[:, self.unit_of_row]]]
            return [moved, *(self._still(part, len(arrangements)) for part in self.parts[1:])]
        return self._reordered(arrangements)

    @staticmethod
    def _still(part: NDArray[Any], b: int) -> NDArray[Any]:
        return np.broadcast_to(part[..., None, :], (*part.shape[:-1], b, part.shape[-1]))

    def _relabelled(self, arrangements: NDArray[np.int64]) -> list[NDArray[Any]]:
        labels = arrangements[:, self.unit_of_row]
        order = np.argsort(labels, axis=1, kind="stable")
        moved = np.concatenate(self.parts, axis=-1)[..., order]
        ends = np.cumsum(np.bincount(labels[0], minlength=len(self.parts)))
        return np.split(moved, ends[:-1], axis=-1)

    def _swapped(self, numbers: NDArray[np.int64]) -> list[NDArray[Any]]:
        if len(self.parts) == 1:
            return [self.parts[0][..., None, :] * (1 - 2 * numbers)]
        orders = np.array(_core.permutation_orders(len(self.parts)))
        stacked = np.stack(np.broadcast_arrays(*self.parts))
        rows = np.arange(stacked.shape[-1])
        out = []
        for s in range(len(self.parts)):
            picked = np.moveaxis(stacked, (0, -1), (0, 1))[orders[numbers][..., s], rows]
            out.append(np.moveaxis(picked, (0, 1), (-2, -1)))
        return out

    def _reordered(self, arrangements: NDArray[np.int64]) -> list[NDArray[Any]]:
        b, n = len(arrangements), self.parts[-1].shape[-1]
        place = self.unit_of_row
        fixed = 0 if len(self.parts) == 1 else (len(self.parts) - 1 if self.kind == "residuals" else 1)
        out = [self._still(part, b) for part in self.parts[:fixed]]
        for s, part in enumerate(self.parts[fixed:]):
            index = arrangements[:, s * n : (s + 1) * n][:, place]
            if self.basis is None:
                out.append(part[..., index])
            else:
                fit = (part @ self.basis) @ self.basis.T
                out.append(self._still(fit, b) + (part - fit)[..., index])
        return out

    def linear(self, name: str) -> Linear | None:
        """Return `(matrix, values, nuisance)` when the statistic is linear in what is rearranged, else None."""
        forms = {
            ("independent", "difference of means"): self._linear_difference,
            ("samples", "difference of means"): self._linear_signs,
            ("samples", "mean"): self._linear_signs,
            ("pairings", "pearson"): self._linear_correlation,
            ("residuals", "pearson"): self._linear_partial,
        }
        if (self.kind, name) not in forms:
            raise refuse(
                "statistic does not fit what is exchanged",
                at="statistic",
                got=f"{name!r} with permutation_type={self.kind!r}",
                allowed=", ".join(f"{n!r} with {k!r}" for k, n in forms) + ", or a function",
            )
        return forms[self.kind, name]()

    def _by_unit(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Sum observations (last axis) by unit: units x columns."""
        table = np.asarray(rows, dtype=np.float64).reshape(-1, rows.shape[-1]).T
        sums = np.zeros((self.n_units, table.shape[1]))
        np.add.at(sums, self.unit_of_row, table)
        return sums

    def _linear_difference(self) -> Linear | None:
        if len(self.parts) != 2:
            raise refuse("difference of means needs two samples", at="data", got=len(self.parts))
        if self.ragged:
            return None
        first, second = (part.shape[-1] for part in self.parts)
        return self._by_unit(np.concatenate(self.parts, axis=-1)), [1 / first, -1 / second], 0

    def _linear_signs(self) -> Linear | None:
        if len(self.parts) > 2:
            return None
        difference = self.parts[0] - self.parts[1] if len(self.parts) == 2 else self.parts[0]
        return self._by_unit(difference) / difference.shape[-1], [1.0, -1.0], 0

    def _linear_correlation(self) -> Linear | None:
        if len(self.parts) != 2:
            raise refuse("a correlation needs two samples", at="data", got=len(self.parts))
        if self.has_sites or self.parts[1].ndim > 1:
            return None
        x, y = (_unit_length(part - part.mean(axis=-1, keepdims=True)) for part in self.parts)
        return self._by_unit(x), y.tolist(), 0

    def _linear_partial(self) -> Linear | None:
        basis = self.basis
        if len(self.parts) != 2 or self.parts[1].ndim > 1 or basis is None:
            return None
        x, y = (part - (part @ basis) @ basis.T for part in self.parts)
        table = np.concatenate([_unit_length(x).reshape(-1, x.shape[-1]), basis.T])
        return self._by_unit(table), y.tolist(), basis.shape[1]


def _unit_length(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Divide by the length over the last axis; a constant row becomes NaN, so that it is undefined and not zero."""
    length = np.sqrt((rows * rows).sum(axis=-1, keepdims=True))
    scale = np.abs(rows).max(axis=-1, keepdims=True)
    return np.asarray(rows / np.where(length > 1e-12 * np.maximum(scale, 1e-300), length, np.nan), dtype=np.float64)


def exchange_of(data: Any, kind: str, strata: Any, sites: Any, covariates: Any, axis: int) -> Exchange:
    """Read data and options into an `Exchange`; refuses what cannot be exchanged."""
    parts = _parts(data, kind, axis)
    lengths = [part.shape[-1] for part in parts]
    n = sum(lengths) if kind == "independent" else lengths[0]
    if kind != "independent" and len(set(lengths)) > 1:
        raise refuse("paired samples of different lengths", at="data", got=lengths, allowed="one length")
    if (covariates is not None) != (kind == "residuals"):
        raise refuse(
            "covariates go with residuals",
            at="covariates",
            got=f"permutation_type={kind!r}",
            allowed='permutation_type="residuals" with covariates',
        )
    if kind == "samples" and strata is not None:
        raise refuse(
            "strata given for an exchange within pairs", at="strata", remedy="Leave them out: they change nothing."
        )
    stratum = np.zeros(n, dtype=np.int64) if strata is None else _labels(strata, n, "strata")[0]
    site, site_names = (None, ()) if sites is None else _labels(sites, n, "sites")
    if site is not None:
        _whole_sites(stratum, site, site_names, "strata")
    unit = np.arange(n) if site is None else site
    order, sizes = _by_stratum(unit, stratum)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    unit_of_row = place[unit]
    labels, within = _rearranged(kind, parts, unit_of_row, site, site_names)
    if kind in ("pairings", "residuals") and site is None:
        # One block of labels per sample that is reordered.
        moved = max(1, len(parts) - 1) if kind == "pairings" else 1
        labels = np.concatenate([order] * moved)
        sizes = sizes * moved
    units = "sites" if site is not None else "rows"
    what = {
        "independent": f"group labels of {units}",
        "samples": f"values within {'pairs' if site is None else 'sites'}",
        "pairings": f"pairings of {units}",
        "residuals": "residuals of the null model",
    }[kind] + (" within strata" if strata is not None else "")
    basis = _basis(covariates, n) if kind == "residuals" else None
    return Exchange(kind, parts, labels, tuple(sizes), within, unit_of_row, what, site is not None, basis)


def _parts(data: Any, kind: str, axis: int) -> tuple[NDArray[Any], ...]:
    many = isinstance(data, tuple) or (
        isinstance(data, list) and data and all(isinstance(x, (np.ndarray, list, tuple)) for x in data)
    )
    parts = [np.asarray(part) for part in (data if many else [data])]
    for s, part in enumerate(parts):
        if part.ndim == 0 or part.dtype.kind not in "biuf" or not -part.ndim <= axis < part.ndim:
            raise refuse("sample not understood", at=f"sample {s}", got=repr(part)[:60], allowed="numbers in an array")
        if not np.isfinite(part).all():
            raise refuse(
                "value is not a finite number", at=f"sample {s}", remedy="Leave the observation out, or impute it."
            )
    parts = [np.moveaxis(part, axis, -1) for part in parts]
    if kind == "independent" and len(parts) < 2:
        raise refuse("independent samples: fewer than two", at="data", got=len(parts))
    for s, part in enumerate(parts):
        if part.shape[-1] < (1 if kind == "independent" else 2):
            raise refuse("too few observations", at=f"sample {s}", got=part.shape[-1])
    return tuple(parts)


def _labels(labels: Any, n: int, what: str) -> tuple[NDArray[np.int64], tuple[Any, ...]]:
    if isinstance(labels, tuple) and all(np.ndim(part) == 1 for part in labels):
        labels = np.concatenate([np.asarray(part) for part in labels])
    values = np.asarray(labels)
    if values.ndim != 1 or len(values) != n:
        raise refuse(
            "labels of another length than the data",
            at=what,
            got=f"shape {values.shape}",
            allowed=f"one for each of {n} rows",
        )
    names, numbers = np.unique(values, return_inverse=True)
    return numbers.reshape(-1).astype(np.int64), tuple(names.tolist())


def _whole_sites(values: NDArray[Any], site: NDArray[np.int64], names: tuple[Any, ...], what: str) -> None:
    first = np.unique(site, return_index=True)[1]
    torn = np.flatnonzero(values != values[first][site])
    if torn.size:
        raise refuse(
            f"{what} vary within a site",
            at=f"site {names[site[torn[0]]]!r}",
            allowed=f"one of the {what} for each site",
            remedy="Whole sites are exchanged: what is exchanged must belong to the site.",
        )


def _by_stratum(unit: NDArray[np.int64], stratum: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    of_unit = np.zeros(int(unit.max()) + 1, dtype=np.int64)
    of_unit[unit] = stratum
    return np.argsort(of_unit, kind="stable"), [int(size) for size in np.bincount(of_unit) if size]


def _rearranged(
    kind: str,
    parts: tuple[NDArray[Any], ...],
    unit_of_row: NDArray[np.int64],
    site: NDArray[np.int64] | None,
    names: tuple[Any, ...],
) -> tuple[NDArray[np.int64], int]:
    """Return the label of every unit, and how many values are exchanged within a unit (0: labels move)."""
    n_units = int(unit_of_row.max()) + 1
    if kind == "independent":
        sample = np.repeat(np.arange(len(parts)), [part.shape[-1] for part in parts])
        if site is not None:
            _whole_sites(sample, site, names, "sample labels")
        labels = np.zeros(n_units, dtype=np.int64)
        labels[unit_of_row] = sample
        return labels, 0
    if kind == "samples":
        return np.zeros(n_units, dtype=np.int64), max(2, len(parts))
    if kind == "residuals" and site is not None:
        raise refuse("whole sites given for residuals", at="sites", remedy="Aggregate to one row per site first.")
    if kind == "pairings" and site is not None:
        for column in parts[0].reshape(-1, parts[0].shape[-1]):
            _whole_sites(column, site, names, "values of the first sample")
    return np.arange(n_units), 0


def _basis(covariates: Any, n: int) -> NDArray[np.float64]:
    table = np.asarray(covariates, dtype=np.float64)
    table = table.reshape(len(table), -1) if table.ndim else table.reshape(0, 0)
    if len(table) != n or not np.isfinite(table).all():
        raise refuse(
            "covariates do not fit the data", at="covariates", got=f"shape {table.shape}", allowed=f"{n} finite rows"
        )
    design = np.column_stack([np.ones(n), table])
    u, s, _ = np.linalg.svd(design, full_matrices=False)
    basis: NDArray[np.float64] = u[:, s > 1e-10 * s[0]]
    if basis.shape[1] >= n - 1:
        raise refuse("nothing is left after the covariates", at="covariates", got=f"rank {basis.shape[1]} of {n} rows")
    return basis
