"""The Python half of the door: thread count, progress bar, and `Interrupted` with what was completed."""

from __future__ import annotations

import html
import importlib
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import Interrupted, refuse

Progress: TypeAlias = "bool | Callable[[int, int], object] | None"

_BAR_AFTER_SECONDS = 1.0


def thread_count(threads: int | None) -> int:
    """Return the number of threads to use; None means the cores that this process may use."""
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise refuse(
            "thread count not allowed", at="threads", got=repr(threads), allowed="an int from 1 to 1024, or None"
        )
    return threads


def _in_notebook() -> bool:
    if "ipykernel" not in sys.modules:
        return False
    ipython: Any = importlib.import_module("IPython")
    return hasattr(ipython.get_ipython(), "kernel")


def _in_notebook_or_terminal() -> bool:
    return _in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


class _NotebookBar:
    """A bar that redraws itself in one output and leaves it empty; tqdm's own wants ipywidgets and warns without."""

    def __init__(self, description: str) -> None:
        ipython: Any = importlib.import_module("IPython.display")
        self._html, self._description = ipython.HTML, description
        self._shown = ipython.display(ipython.HTML(""), display_id=True)

    def show(self, done: int, total: int) -> None:
        name, of = html.escape(self._description), f" of {total:,}" if total else ""
        extent = f' value="{done}" max="{total}"' if total else ""
        self._shown.update(
            self._html(f'<progress aria-label="{name}"{extent}></progress> {name}: <output>{done:,}{of}</output>')
        )

    def close(self) -> None:
        self._shown.update(self._html(""))


class _TerminalBar:
    """A line of tqdm that is gone at the end."""

    def __init__(self, description: str) -> None:
        from tqdm.std import tqdm

        self._bar = tqdm(desc=description, leave=False)

    def show(self, done: int, total: int) -> None:
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Bar:
    """A bar that appears after one second, and only where somebody can see it."""

    def __init__(self, description: str) -> None:
        self._description = description
        self._started = time.monotonic()
        self._bar: _NotebookBar | _TerminalBar | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            if done >= total > 0 or time.monotonic() - self._started < _BAR_AFTER_SECONDS:
                return
            self._bar = _NotebookBar(self._description) if _in_notebook() else _TerminalBar(self._description)
        self._bar.show(done, total)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def run_long(
    call: Callable[..., tuple[Any, bool]],
    *args: Any,
    progress: Progress,
    description: str,
    finish: Callable[[Any], Any],
) -> Any:
    """Call a core function through the door and build its result.

    Parameters
    ----------
    call
        A function of `_core` whose last parameter is `progress` and that returns `(raw, interrupted)`.
    *args
        Its other arguments.
    progress
        None: a bar after one second in a notebook or terminal; False: none; or a callable `(done, total)`.
    description
        What the bar says.
    finish
        Turns `raw` into the public result.

    Raises
    ------
    Interrupted
        After Ctrl-C, with `.partial` built by `finish` from what was completed.
    """
    bar = _Bar(description) if progress is True or (progress is None and _in_notebook_or_terminal()) else None
    callback = bar if bar is not None else (progress if callable(progress) else None)
    try:
        raw, interrupted = call(*args, progress=callback)
    finally:
        if bar is not None:
            bar.close()
    result = finish(raw)
    if interrupted:
        raise Interrupted(f"{description} interrupted; .partial holds what was completed", partial=result)
    return result
