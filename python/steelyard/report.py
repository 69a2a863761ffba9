"""The report: one self-contained, accessible HTML file that one would attach to a paper, and a short summary in words.

`demo` runs the main job on the embedded study; `own_data` does the same for a scoring sheet of the user's own. Both
only call public functions and arrange what these return: every number in a report can be had in a notebook.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import _core
from ._svg import inline_svg
from .errors import refuse

__all__ = ["Block", "Section", "demo", "own_data", "render"]


@dataclasses.dataclass(frozen=True)
class Block:
    """A part of a section: a table or display (`html`), a `figure`, a `heading`, a `text` or a `list`.

    `wide` is `html` that may be wider than the column of text.
    """

    kind: str
    caption: str = ""
    content: Any = ""
    lines: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Section:
    """A section of the report, in reading order."""

    id: str
    title: str
    lead: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()


def render(
    *,
    title: str,
    subtitle: str,
    source: str,
    glance: Sequence[str],
    sections: Sequence[Section],
    seed: int,
    replay: str,
) -> str:
    """Return the report as one HTML page without scripts or outside resources.

    Parameters
    ----------
    title, subtitle, source
        The head of the report; `source` says where the data are from.
    glance
        The findings in a few sentences.
    sections
        The body.
    seed
        The seed of everything that was drawn.
    replay
        How to get the same report again.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(loader=PackageLoader("steelyard"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("report.html.j2").render(
        title=title,
        subtitle=subtitle,
        source=source,
        glance=glance,
        sections=sections,
        seed=seed,
        replay=replay,
        version=_core.__version__,
    )


def trusted(html_text: str) -> Any:
    """Mark HTML that a result of ours wrote (and escaped) as ready for the page."""
    from markupsafe import Markup

    return Markup(html_text)


def table_of(result: Any, caption: str) -> Block:
    """Show a result as its own accessible HTML."""
    return Block("html", caption, trusted(result._html()))


def figure_of(draw: Any, *, size: tuple[float, float], caption: str, description: str, prefix: str) -> Block:
    """Draw on fresh Axes of the given size (inches) and show the figure inline."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=size, layout="constrained")
    draw(axes)
    return Block("figure", caption, trusted(inline_svg(figure, title=caption, description=description, prefix=prefix)))


def _can_hold(folder: Path) -> None:
    """Refuse a folder that cannot be made or written, before the work and without making it."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        why = "cannot be written" if there.is_dir() else "is no folder"
        raise refuse("folder cannot be used", at="output", got=f"{folder}: {there} {why}", remedy="Name another.")


def write(page: str, folder: Path) -> Path:
    """Write the page whole or not at all, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    draft = path.with_suffix(".html.part")
    draft.write_text(page, encoding="utf-8")
    draft.replace(path)
    return path


def demo(output: Path, *, seed: int = 1) -> tuple[str, Path]:
    """Run the main job on the Norwegian study and write the report.

    Parameters
    ----------
    output
        Folder of the report; made when it is not there.
    seed
        Seed of everything that is drawn.

    Returns
    -------
    (str, Path)
        A short summary, and the path of the report.
    """
    from ._report_study import norwegian_report

    _can_hold(output)
    summary, page = norwegian_report(seed)
    return summary, write(page, output)


def own_data(
    scores: Path,
    *,
    scale: str,
    outcomes: Path | None = None,
    outcome: str | None = None,
    output: Path,
    seed: int = 1,
) -> tuple[str, Path]:
    """Write the report for a scoring sheet of one's own.

    Parameters
    ----------
    scores
        CSV or XLSX, one row per site and one column per item.
    scale
        Name of a shipped scale, or a TOML or JSON file.
    outcomes
        CSV with `site` and either `k` and `n`, or `outcome`; or participants, whatever `sy.read_outcomes` reads.
    outcome
        The column of participants that is the outcome; None: the one that holds yes and no.
    output
        Folder of the report.
    seed
        Seed of everything that is drawn.

    Returns
    -------
    (str, Path)
        A short summary, and the path of the report.

    Raises
    ------
    InputError
        Whatever is wrong in the files, with row, column, value, rule and remedy; then nothing is written.
    """
    from ._report_own import own_report

    _can_hold(output)
    summary, page = own_report(scores, scale=scale, outcomes=outcomes, seed=seed, outcome=outcome)
    return summary, write(page, output)
