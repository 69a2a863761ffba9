"""A bootstrap result as text and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._brief import brief
from ._html import listed, table
from ._intervals import ends_text

if TYPE_CHECKING:
    from ._bootstrap_result import BootstrapResult


def _heading(result: BootstrapResult) -> str:
    how = f"all {result.n_resamples} resamples" if result.enumerated else f"{result.n_resamples} resamples"
    return f"Bootstrap of {result.statistic}: {how} of {result.n_units} {result.plan}"


def _lines(result: BootstrapResult) -> list[tuple[str, str]]:
    ci = result.confidence_interval
    columns = (result.estimate, result.standard_error, result.bias, ci.low, ci.high, ci.low_error, ci.high_error)
    lines = []
    for term, e, se, b, low, high, le, he in zip(
        result.terms, *(np.asarray(c, dtype=float).reshape(-1) for c in columns), strict=True
    ):
        text = f"{e:.5g}, standard error {se:.4g}, bias {b:.2g}"
        if ci.status == "ok" or np.isfinite([low, high]).any():
            text += f", {100 * ci.confidence_level:g} % interval {ends_text(low, high)} ({result.method}"
            text += ")" if result.enumerated or result.method == "t" else f"; Monte Carlo error {max(le, he):.2g})"
        lines.append((term, text))
    return lines


def _how(result: BootstrapResult) -> str:
    """Say which interval it is and why; of t also what it stands on."""
    how = f"{result.method}, {result.method_reason}"
    if result.method != "t" or result.degrees_of_freedom is None:
        return how
    how += f"; {result.degrees_of_freedom:.3g} degrees of freedom"
    scale = result.confidence_interval.scale
    if scale == "identity":
        return how
    of_binary = " (the values are 0 and 1, so that their mean is a share)" if "mean" in result.statistic else ""
    return f"{how}, {scale} scale{of_binary}"


def as_text(result: BootstrapResult) -> str:
    """Return a result as lines of text, notes last."""
    lines = [_heading(result), *brief([f"  {term}: {text}" for term, text in _lines(result)])]
    lines.append(f"  interval: {_how(result)}")
    return "\n".join(lines + [f"  note: {text}" for text in result.caveats])


def as_html(result: BootstrapResult) -> str:
    """Return a result as an accessible table with its notes."""
    ci = result.confidence_interval
    columns = (result.estimate, result.standard_error, result.bias, ci.low, ci.high, ci.low_error, ci.high_error)
    rows = list(zip(result.terms, *(np.asarray(c, dtype=float).reshape(-1) for c in columns), strict=True))
    heads = ("term", "estimate", "standard error", "bias", "low", "high", "error of low", "error of high")
    note = f"{100 * ci.confidence_level:g} % interval: {_how(result)}. Seed {result.seed}."
    return table(_heading(result), heads, rows, digits=4, note=note) + listed(result.caveats)
