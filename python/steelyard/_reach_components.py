"""The components of a process evaluation as a checklist, filled in with what a study reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ._frames import columns_of, frame_like
from ._html import table
from ._names import offer
from ._reach_ladder import RUNGS, Flow
from ._result import Result, serialisable
from ._shares import rows_of
from .errors import refuse

# Components of Linnan and Steckler (2002), Process Evaluation for Public Health Interventions and Research; the
# questions
# are our own words.
COMPONENTS = {
    "context": "What around the programme helped or hindered it?",
    "reach": "Which share of those it was meant for took part, and who did not?",
    "dose_delivered": "How much of what was planned was provided?",
    "dose_received": "How much of it did participants use, and how did they take to it?",
    "fidelity": "Was it delivered as it was meant to be?",
    "recruitment": "How were sites and participants approached, and how many joined?",
    "implementation": "Taken together, was the programme carried out and received as planned?",
}
STATUSES = ("reported", "partly", "not reported")


@serialisable
@dataclasses.dataclass(frozen=True)
class Component:
    """One component: the question, whether it is reported, and what is."""

    component: str
    question: str
    status: str
    evidence: str


@dataclasses.dataclass(frozen=True, repr=False)
class Components(Result):
    """The checklist.

    Attributes
    ----------
    rows : tuple of Component
    """

    rows: tuple[Component, ...]

    def tidy(self) -> Any:
        """Return one row per component."""
        names = [f.name for f in dataclasses.fields(Component)]
        return frame_like({name: [getattr(row, name) for row in self.rows] for name in names})

    def __repr__(self) -> str:
        return "\n".join(["Components of the process evaluation", *(f"  {_line(row)}" for row in self.rows)])

    def _html(self) -> str:
        rows = [(_title(r.component), r.question, f"{_MARKS[r.status]} {r.status}", r.evidence) for r in self.rows]
        heads = ["Component", "Question", "Reported", "Evidence"]
        return table(
            "Components of the process evaluation (Linnan and Steckler 2002)",
            heads,
            rows,
            note="Filled in from what is attached to the study; a person checks and completes it.",
        )


_MARKS = {"reported": "●", "partly": "◐", "not reported": "○"}


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _line(row: Component) -> str:
    return f"{_title(row.component)}: {row.status}" + (f" ({row.evidence})" if row.evidence else "")


def components(study: Any = None, flow: Flow | None = None, **told: Any) -> Components:
    """Fill in the checklist.

    Parameters
    ----------
    study
        A `Study`; None: only what is told.
    flow
        Its ladder as read.
    **told
        By component, what overrides or completes it: an evidence text (then it is reported), or (status, evidence).
    """
    found = {name: ("not reported", "") for name in COMPONENTS}
    if flow is not None:
        found |= _from_flow(flow)
    if study is not None:
        found |= _from_study(study)
    for name, value in told.items():
        if name not in COMPONENTS:
            raise refuse(
                "unknown component" + offer(name, list(COMPONENTS)),
                at="components",
                got=repr(name),
                allowed=", ".join(COMPONENTS),
            )
        status, evidence = ("reported", value) if isinstance(value, str) else value
        if status not in STATUSES:
            raise refuse("unknown status", at=f"components, {name}", got=repr(status), allowed=", ".join(STATUSES))
        found[name] = (status, str(evidence))
    return Components(tuple(Component(name, question, *found[name]) for name, question in COMPONENTS.items()))


def _from_flow(flow: Flow) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    needed = ("target_population", "excluded", "lost", "eligible_offered", "participating")
    absent = [RUNGS[rung].lower() for rung in needed if rung not in flow.counts]
    known = ", ".join(f"{RUNGS[rung].lower()} {n}" for rung, n in flow.counts.items())
    if flow.counts:
        missing = f"; not reported: {', '.join(absent)}" if absent else ""
        found["reach"] = ("partly" if absent else "reported", known + missing)
    if "recruited" in flow.counts:
        offered = "eligible_offered" in flow.counts
        how = f"recruited {flow.counts['recruited']}" + (
            f" of {flow.counts['eligible_offered']} eligible and offered"
            if offered
            else "; how many were offered is not reported"
        )
        found["recruitment"] = ("reported" if offered else "partly", how)
    return found


def _from_study(study: Any) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    totals = study.score_matrix.sum(axis=1)
    found["fidelity"] = (
        "reported",
        f"{len(study.site_ids)} sites on {len(study.item_ids)} items, totals {totals.min():g} to {totals.max():g}",
    )
    parts = []
    if study.survey is not None:
        sizes = [int(row["n"]) for row in rows_of(columns_of(study.survey))]
        parts.append(f"{len(sizes)} survey statements (n {min(sizes)} to {max(sizes)})")
    if study.likert is not None:
        questions = list(dict.fromkeys(map(str, columns_of(study.likert)["question"])))
        parts.append(f"{' and '.join(questions)} by level")
    if parts:
        found["dose_received"] = ("partly", ", ".join(parts) + "; use of the programme is not reported")
    corpus = study.corpus
    if corpus is not None and corpus.themes:
        providers = [theme for theme in corpus.themes if theme.population and "provider" in theme.population]
        heard = providers or list(corpus.themes)
        who = "service providers" if providers else "informants"
        found["context"] = ("partly", f"{len(heard)} themes from {who}: {', '.join(t.name for t in heard)}")
    done = sum(status != "not reported" for status, _ in found.values())
    if done >= 3:
        found["implementation"] = ("partly", "no single score: read the components side by side")
    return found


def told_of(mapping: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return overrides by component."""
    return {} if mapping is None else {str(k).strip().casefold().replace(" ", "_"): v for k, v in mapping.items()}
