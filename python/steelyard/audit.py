"""Audit: what a printed table can and cannot be.

Printed numbers are text (trailing zeros carry precision) and every verdict is exact integer arithmetic; half-up and
half-even rounding are both accepted unless one is named.

- `grim`, `grimmer`, `debit`, `sd_bounds`: a mean, a mean with its SD, a 0/1 variable, the largest SD of a range;
- `proportion`, `percent_column`: a count, a percentage and their n; percentages that should add to 100;
- `cuts`: whether one cut of the data can lie inside a larger one;
- `ranks`: claimed ranks against printed values, and ties that print cannot break;
- `table`: which scores explain every printed mean of a whole table at once.

Examples
--------
>>> import steelyard as sy
>>> sy.audit.grim("5.27", 43).consistent
False
"""

from __future__ import annotations

from ._audit_checks import Check, cuts, debit, grim, grimmer, percent_column, proportion, ranks, sd_bounds
from ._audit_table import Feasible, TableSolution
from ._audit_table import solve as table

__all__ = [
    "Check",
    "Feasible",
    "TableSolution",
    "cuts",
    "debit",
    "grim",
    "grimmer",
    "percent_column",
    "proportion",
    "ranks",
    "sd_bounds",
    "table",
]
