"""Figures of a survey, readable without colour: levels carry their share in print, neutral stands where it was put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._audit_plots import axes_of
from .errors import refuse

if TYPE_CHECKING:
    from ._survey_result import Question, SurveyResult

_NEUTRAL = ("centre", "side", "none")


def draw_levels(result: SurveyResult, ax: Any = None, neutral: str = "centre") -> Any:
    """Draw one diverging bar per question: negative to the left, positive to the right of the line."""
    if neutral not in _NEUTRAL:
        raise refuse("unknown place of neutral", at="neutral", got=repr(neutral), allowed=", ".join(_NEUTRAL))
    questions = result.questions
    ax = axes_of(ax, 8.5, 1.5 + 0.95 * len(questions))
    left = right = apart = 0.0
    told = []
    for row, question in enumerate(questions):
        bars = _bars(question, neutral)
        for start, width, level, colour, dark in bars:
            _bar(ax, row, start, width, question, level, colour, dark)
        left, right = min([left, *(b[0] for b in bars)]), max([right, *(b[0] + b[1] for b in bars)])
        apart = max([apart, *(b[0] + b[1] for b in bars if neutral != "side" or question.sides[b[2]] != "neutral")])
        shares = "; ".join(f"{n} {100 * s:.0f} %" for n, s in zip(question.labels, question.shares, strict=True))
        told.append(f"{question.question} (n = {question.n}): {shares}.")
    ax.axvline(0, color="black", linewidth=1)
    ax.set_yticks(range(len(questions)), [_row_label(q, neutral) for q in questions], fontsize=9)
    ax.set_ylim(len(questions) - 0.42, -0.55)
    ax.set_xlim(left - 2, right + 2)
    # A neutral level that stands apart is not on the scale of the line.
    ticks = [t for t in range(-100, 201, 25) if left - 2 <= t <= apart + 2]
    ax.set_xticks(ticks, [str(abs(t)) for t in ticks], fontsize=8)
    ax.set_xlabel("% of those who answered", fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.set_label("Diverging bars. " + " ".join(told))
    return ax


def _bars(question: Question, neutral: str) -> list[tuple[float, float, int, str, bool]]:
    """Return start, width, level, colour and whether the colour is dark, in percent from the line."""
    size = len(question.levels)
    widths = [100 * share for share in question.shares]
    stated = all(question.sides)
    if stated:
        below = [i for i in range(size) if question.sides[i] == "negative"]
        middle = [i for i in range(size) if question.sides[i] == "neutral"]
        above = [i for i in range(size) if question.sides[i] == "positive"]
    else:
        below, above = list(range(size // 2)), list(range((size + 1) // 2, size))
        middle = [size // 2] if size % 2 else []
        neutral = "centre"
    half = sum(widths[i] for i in middle) / 2 if neutral == "centre" else 0.0
    bars = []
    at = -half
    for shade, i in enumerate(reversed(below)):
        at -= widths[i]
        bars.append((at, widths[i], i, *_shade("#D55E00", shade, len(below))))
    if middle and neutral == "centre":
        bars.append((-half, widths[middle[0]], middle[0], "#DDDDDD", False))
    at = half
    for shade, i in enumerate(above):
        bars.append((at, widths[i], i, *_shade("#0072B2", shade, len(above))))
        at += widths[i]
    if middle and neutral == "side":
        bars.append((at + 6, widths[middle[0]], middle[0], "#DDDDDD", False))
    return bars


def _shade(colour: str, place: int, size: int) -> tuple[str, bool]:
    """Return a colour that darkens away from the line, so that order shows in grey too."""
    import matplotlib as mpl

    strength = 1.0 if size == 1 else 0.35 + 0.65 * place / (size - 1)
    red, green, blue = mpl.colors.to_rgb(colour)
    lighter = (1 - strength * (1 - red), 1 - strength * (1 - green), 1 - strength * (1 - blue))
    return mpl.colors.to_hex(lighter), strength > 0.75


def _bar(
    ax: Any, row: int, start: float, width: float, question: Question, level: int, colour: str, dark: bool
) -> None:
    if width <= 0:
        return
    ax.barh(row, width, left=start, height=0.5, color=colour, edgecolor="white", linewidth=1)
    middle = start + width / 2
    ax.text(
        middle,
        row,
        f"{width:.0f}",
        ha="center",
        va="center",
        fontsize=8 if width >= 3 else 6,
        color="white" if dark else "black",
    )
    words = question.labels[level]
    fits = width > 0.75 * len(words)
    ax.annotate(
        words,
        (middle, row + 0.25),
        xytext=(0, -2),
        textcoords="offset points",
        ha="center" if fits else "right",
        va="top",
        fontsize=7,
        rotation=0 if fits else 20,
        rotation_mode="anchor",
    )


def _row_label(question: Question, neutral: str) -> str:
    told = f"{question.question}\nn = {question.n}"
    if neutral == "none" and "neutral" in question.sides:
        share = question.shares[question.sides.index("neutral")]
        told += f"\n{100 * share:.0f} % neutral, not drawn"
    if not all(question.sides) and len(question.levels) % 2:
        told += "\nmiddle level across the line"
    return told


_LOOKS = {"facilitator": ("o", "#0072B2"), "barrier": ("s", "#D55E00")}


def draw_statements(result: SurveyResult, ax: Any = None) -> Any:
    """Draw the share of each statement with its interval; a thin line spans what non-response allows."""
    kinds = list(dict.fromkeys(s.kind for s in result.items))
    items = [s for kind in kinds for s in sorted(result.items, key=lambda s: -s.share) if s.kind == kind]
    ax = axes_of(ax, 8.0, 1.3 + 0.34 * max(len(items), 1))
    bounded, seen = False, set()
    for row, s in enumerate(items):
        marker, colour = _LOOKS.get(s.kind, ("o", "black"))
        if s.bound_low is not None and s.bound_high is not None:
            span = "possible among " + s.bound_of
            label = None if bounded else span
            ax.hlines(row, 100 * s.bound_low, 100 * s.bound_high, color="0.7", linewidth=1, linestyle=":", label=label)
            bounded = True
        ax.hlines(row, 100 * s.low, 100 * s.high, color=colour, linewidth=2.2)
        known = None if s.kind in seen or not s.kind else f"{s.kind}, {100 * result.confidence_level:g} % interval"
        ax.scatter([100 * s.share], [row], marker=marker, s=42, color=colour, edgecolor="white", zorder=3, label=known)
        seen.add(s.kind)
        ax.annotate(
            f"{s.k} of {s.n}",
            (1.01, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
        )
    ax.set_yticks(range(len(items)), [s.label for s in items], fontsize=8)
    ax.set_ylim(max(len(items), 1) - 0.4, -0.6)
    ax.set_xlim(0, 100)
    ax.set_xlabel("% who said yes", fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.grid(axis="x", color="0.92", zorder=0)
    ax.set_axisbelow(True)
    if bounded or seen - {""}:
        ax.figure.legend(
            *ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8
        )
    ax.set_label("Statements. " + " ".join(f"{s.label}: {s.k} of {s.n}, {100 * s.share:.0f} %." for s in items))
    return ax
