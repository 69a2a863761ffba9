"""Fresh Axes for figures, and the colours and cut names that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import refuse

# Okabe and Ito's blue and vermilion stay apart for every kind of colour vision; a mark, hatch or word says the same.
BLUE, VERMILION = "#0072B2", "#D55E00"
# A notebook and a page take no more: beyond this a figure is drawn smaller per row, not larger.
_TALLEST = 40.0


def axes_of(ax: Any, width: float, height: float) -> Any:
    """Return `ax`, or fresh Axes of this size in inches, from pyplot: a notebook shows its figures by itself."""
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise refuse(
            "nothing to draw on", at="ax", got=repr(ax), allowed="matplotlib Axes, or None", remedy="Leave ax out."
        )
    if ax is not None:
        return ax

    return plt.subplots(figsize=(width, min(height, _TALLEST)), layout="constrained")[1]


def cut(text: str, most: int) -> str:
    """Return `text` with at most this many letters; the middle goes, for names of sites often differ at the end.

    Examples
    --------
    >>> cut("Vocational unit of the northern district, team 12", 24)
    'Vocational unit… team 12'
    """
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 1].rstrip()}…{text[len(text) - tail :]}"


def label_room(labels: Sequence[str], size: float = 8) -> float:
    """Return about how many inches the widest of these labels takes."""
    return 0.0088 * size * max((len(line) for text in labels for line in text.split("\n")), default=0)
