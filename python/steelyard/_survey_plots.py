"""Figures of a survey, readable without colour: levels carry their share in print, neutral stands where it was put."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ._axes import BLUE, VERMILION, axes_of, label_room
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
    drawn = [[bar for bar in _bars(question, neutral) if bar[1] > 0] for question in questions]
    left = min([0.0, *(b[0] for bars in drawn for b in bars)])
    right = max([0.0, *(b[0] + b[1] for bars in drawn for b in bars)])
    apart = 0.0
    # Percent of the axis that a letter of the levels' words takes, where questions take a quarter of the width.
    letter = 0.055 * (right - left) / (0.7 * ax.figure.get_figwidth())
    told = []
    for row, (question, bars) in enumerate(zip(questions, drawn, strict=True)):
        narrow = [
            (start, width, question.labels[level])
            for start, width, level, colour, dark in bars
            if not _bar(ax, row, start, width, question.labels[level], colour, dark, letter)
        ]
        left = min(left, _narrow(ax, row, narrow, letter))
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
        bars.append((at, widths[i], i, *_shade(VERMILION, shade, len(below))))
    if middle and neutral == "centre":
        bars.append((-half, widths[middle[0]], middle[0], "#DDDDDD", False))
    at = half
    for shade, i in enumerate(above):
        bars.append((at, widths[i], i, *_shade(BLUE, shade, len(above))))
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


def _bar(ax: Any, row: int, start: float, width: float, words: str, colour: str, dark: bool, letter: float) -> bool:
    """Draw one level with its share, and its words below when they fit; return whether they did."""
    ax.barh(row, width, left=start, height=0.5, color=colour, edgecolor="white", linewidth=1)
    middle, ink = start + width / 2, "white" if dark else "black"
    if width > 2.5 * letter:
        box = {"facecolor": colour, "edgecolor": "none", "pad": 0.6}
        ax.text(middle, row, f"{width:.0f}", ha="center", va="center", fontsize=8, color=ink, bbox=box)
    fits = width > letter * (len(words) + 1)
    if fits:
        _below(ax, row, middle, words, "center", 2)
    return fits


def _below(ax: Any, row: int, x: float, words: str, side: str, points: float) -> None:
    ax.annotate(words, (x, row + 0.25), (0, -points), textcoords="offset points", ha=side, va="top", fontsize=7)


def _narrow(ax: Any, row: int, levels: list[tuple[float, float, str]], letter: float) -> float:
    """Write the levels whose words are wider than their bars in one line per side; return how far left it reaches."""
    reach = 0.0
    for side in ("right", "left"):
        own = sorted(x for x in levels if (x[0] + x[1] <= 1e-9) == (side == "right"))
        if not own:
            continue
        told = " | ".join(f"{words} {width:.0f}" for _, width, words in own)
        if side == "right":
            x = max(start + width for start, width, _ in own) - letter
            reach = x - letter * len(told)
        else:
            x = own[0][0] + letter
        _below(ax, row, x, told, side, 11)
    return reach


def _row_label(question: Question, neutral: str) -> str:
    told = f"{textwrap.fill(question.question, 28)}\nn = {question.n}"
    if neutral == "none" and "neutral" in question.sides:
        share = question.shares[question.sides.index("neutral")]
        told += f"\n{100 * share:.0f} % neutral, not drawn"
    if not all(question.sides) and len(question.levels) % 2:
        told += "\nmiddle level across the line"
    return told


_LOOKS = {"facilitator": ("o", BLUE), "barrier": ("s", VERMILION)}


def draw_statements(result: SurveyResult, ax: Any = None) -> Any:
    """Draw the share of each statement with its interval; a thin line spans what non-response allows."""
    kinds = list(dict.fromkeys(s.kind for s in result.items))
    items = [s for kind in kinds for s in sorted(result.items, key=lambda s: -s.share) if s.kind == kind]
    names = [textwrap.fill(s.label, 48) for s in items]
    ax = axes_of(ax, 5.0 + label_room(names), 1.3 + 0.34 * max(len(items), 1))
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
    ax.set_yticks(range(len(items)), names, fontsize=8)
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
