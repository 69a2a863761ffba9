"""Joint displays as HTML: caption, scopes, unique ids, language, print style; no script, nothing from outside."""

from __future__ import annotations

from functools import cache
from typing import Any

from . import _core
from ._render_chart import drawing, keys
from ._render_text import clean

__all__ = ["fragment", "page"]


@cache
def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("steelyard", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: clean(value) if type(value) is str else value,
    )
    return environment


def _context(document: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        "d": document,
        "keys": keys(document),
        "p": prefix,
        "language": document["spec"]["language"],
        "drawing": drawing,
        "version": _core.__version__,
    }


def fragment(document: dict[str, Any], prefix: str) -> str:
    """Return one `<section>` with a style that applies inside it alone."""
    text: str = _environment().get_template("joint_display.html.j2").render(_context(document, prefix))
    return text


def page(document: dict[str, Any], prefix: str) -> str:
    """Return a whole page with one display."""
    body = fragment(document, prefix)
    context = {**_context(document, prefix), "body": body}
    text: str = _environment().get_template("joint_display_page.html.j2").render(context)
    return text
