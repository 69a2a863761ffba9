"""Subgroups where participants share sites: contrasts of cell means by least squares, with CR2 by site.

A contrast of cell means (subgroup by arm) depends on its own cells alone, its covariance too: each is one saturated fit
of `regress` on their means by site, weighted by people, which equals the fit on the people themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._regress import regress


def by_site(
    values: Any,
    arms: Sequence[bool] | None,
    sites: Sequence[int],
    groups: Sequence[int | None],
    size: int,
    confidence_level: float,
) -> list[dict[str, Any]]:
    """Estimate every subgroup and its difference from the first; the layout of `_core.describe_moderators`."""
    known = np.isfinite(values) & np.array([group is not None for group in groups])
    group = np.array([-1 if g is None else g for g in groups])[known]
    arm = np.zeros(group.size, dtype=int) if arms is None else np.array(arms, dtype=int)[known]
    keys, place, n = np.unique(
        np.column_stack([np.asarray(sites)[known], group, arm]), axis=0, return_inverse=True, return_counts=True
    )
    means = np.bincount(place.ravel(), values[known], minlength=len(n)) / n
    cells = _Cells(keys[:, 0], keys[:, 1], keys[:, 2], n, means, arms is not None, confidence_level)
    return [
        {
            "n": cells.people(one),
            "effect": cells.contrast([one]),
            "interaction": cells.contrast([0, one]) if one else None,
        }
        for one in range(size)
    ]


class _Cells:
    """Means by site, subgroup and arm."""

    def __init__(self, site: Any, group: Any, arm: Any, n: Any, mean: Any, has_arms: bool, level: float) -> None:
        self.site, self.group, self.arm, self.n, self.mean = site, group, arm, n, mean
        self.has_arms, self.level = has_arms, level

    def people(self, group: int) -> tuple[int, int]:
        own = self.group == group
        if not self.has_arms:
            return int(self.n[own].sum()), 0
        return int(self.n[own & (self.arm == 1)].sum()), int(self.n[own & (self.arm == 0)].sum())

    def contrast(self, groups: list[int]) -> dict[str, Any]:
        """Estimate one subgroup, or the difference of the second from the first."""
        rows = np.isin(self.group, groups)
        cells = {(g, a): self.site[rows & (self.group == g) & (self.arm == a)] for g in groups for a in self._arms()}
        if any(where.size == 0 for where in cells.values()):
            return _told(None, "empty")
        columns = [np.ones(int(rows.sum()))]
        if self.has_arms:
            columns.append(self.arm[rows].astype(float))
        if len(groups) == 2:
            second = (self.group[rows] == groups[1]).astype(float)
            columns += [second * column for column in columns]
        estimate = float(_solve(np.column_stack(columns), self.mean[rows], self.n[rows])[-1])
        if np.unique(self.site[rows]).size < 2:
            return _told(estimate, "one site")
        if any(where.size < 2 for where in cells.values()):
            return _told(estimate, "a subgroup at one site only")
        fit = regress(
            np.column_stack(columns),
            self.mean[rows],
            weights=self.n[rows].astype(float),
            sites=self.site[rows],
            intercept=False,
            confidence_level=self.level,
        )
        error = float(fit.standard_errors[-1])
        if not error > 1e-12 * max(1.0, abs(estimate)):
            return _told(estimate, "no spread")
        return {
            "estimate": float(fit.coefficients[-1]),
            "standard_error": error,
            "low": float(fit.conf_low[-1]),
            "high": float(fit.conf_high[-1]),
            "p": float(fit.pvalues[-1]),
            "status": "ok",
        }

    def _arms(self) -> tuple[int, ...]:
        return (0, 1) if self.has_arms else (0,)


def _solve(columns: Any, y: Any, weights: Any) -> Any:
    root = np.sqrt(weights)
    return np.linalg.lstsq(columns * root[:, None], y * root, rcond=None)[0]


def _told(estimate: float | None, status: str) -> dict[str, Any]:
    return {"estimate": estimate, "standard_error": None, "low": None, "high": None, "p": None, "status": status}
