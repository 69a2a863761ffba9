"""Audit: what a printed table can and cannot be.

Printed numbers are text (trailing zeros carry precision) and every verdict is exact integer arithmetic; half-up and
half-even rounding are both accepted unless one is named.

- `grim`, `grimmer`, `debit`, `sd_bounds`: a mean, a mean with its SD, a 0/1 variable, the largest SD of a range;
- `proportion`, `percent_column`: a count, a percentage and their n; percentages that should add to 100;
- `cuts`: whether one cut of the data can lie inside a larger one;
- `ranks`: claimed ranks against printed values, and ties that print cannot break;
- `table`: which scores explain every printed mean of a whole table at once.

The module is itself a function: `sy.audit(study)` checks every number that a study printed against every other.

Examples
--------
>>> import steelyard as sy
>>> sy.audit.grim("5.27", 43).consistent
False
>>> found = sy.audit(sy.datasets.norway_ips())
>>> found["error"][0].place, found["error"][0].printed, found["error"][0].possible
('score table: 12 of 25 items', '21 means (9 all, 12 high performing)', 'scores in steps of 0.5, rounded for print')
"""

from __future__ import annotations

from ._audit_checks import Check, cuts, debit, grim, grimmer, percent_column, proportion, ranks, sd_bounds
from ._audit_findings import AuditFinding, AuditResult, ClaimCheck
from ._audit_study import audit_study
from ._audit_table import Feasible, TableSolution
from ._audit_table import solve as table
from ._callable_module import callable_as

__all__ = [
    "AuditFinding",
    "AuditResult",
    "Check",
    "ClaimCheck",
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
    "study",
    "table",
]

study = audit_study


def __dir__() -> list[str]:
    return sorted(__all__)


callable_as(__name__, audit_study)
