"""The exceptions of Steelyard: each message says what is wrong, where, what was got, what is allowed and what to do."""

from __future__ import annotations

from typing import Any

__all__ = ["ConvergenceError", "InputError", "Interrupted", "SteelyardError", "refuse"]


class SteelyardError(Exception):
    """Base of every error that Steelyard raises on purpose."""


class InputError(SteelyardError, ValueError):
    """Something that the caller gave is not allowed."""


class ConvergenceError(SteelyardError, RuntimeError):
    """An iteration ended before its tolerance; the message holds the gap that remained."""


class Interrupted(KeyboardInterrupt):
    """A long call was stopped with Ctrl-C.

    Attributes
    ----------
    partial : object or None
        The result of what was completed, of the same type as the call would have returned; None when nothing was.
    """

    def __init__(self, message: str = "interrupted", partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


def refuse(what: str, *, at: str = "", got: object = None, allowed: str = "", remedy: str = "") -> InputError:
    """Build an `InputError` in the one form that all messages have; the caller raises it.

    Parameters
    ----------
    what
        What is wrong, as a noun phrase.
    at
        Row, column, site or parameter.
    got
        The value that was got; left out when None.
    allowed
        The rule.
    remedy
        What to do, as a sentence.

    Examples
    --------
    >>> print(refuse("score out of range", at="row 3", got=7, allowed="1 to 5", remedy="Correct the sheet."))
    score out of range in row 3: got 7; allowed: 1 to 5. Correct the sheet.
    """
    message = what
    if at:
        message += f" in {at}"
    if got is not None:
        message += f": got {got}"
    if allowed:
        message += f"; allowed: {allowed}"
    if remedy:
        message += f". {remedy}"
    return InputError(message)
