"""The audit of a whole study: every printed number that was attached to it, against every other."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from ._audit_checks import percent_column, proportion, ranks, rounding_of, sd_bounds
from ._audit_claims import Claim, read_claims
from ._audit_evidence import Evidence, Levels, Share, decimals_of, gather, shown, unit_interval
from ._audit_findings import AuditFinding, AuditResult, ClaimCheck, ordered
from ._audit_table import TableSolution
from ._audit_text import check_claims
from .errors import refuse
from .study import Study

_COUNT = "count, percentage and n"


def audit_study(study: Any, *, rounding: str | None = None) -> AuditResult:
    """Audit what a study printed about itself.

    Parameters
    ----------
    study
        A `Study` with something attached: `.published` (item means, totals, claims), `.survey`, `.baseline`,
        `.likert` or `.flow`.
    rounding
        None accepts half-up and half-even; or ``"half-up"``, ``"half-even"``, ``"truncated"``.

    Returns
    -------
    AuditResult
    """
    if not isinstance(study, Study):
        raise refuse(
            "nothing to audit",
            at="study",
            got=type(study).__name__,
            allowed="a Study with printed numbers",
            remedy="For single numbers use sy.audit.grim, .grimmer, .proportion, .cuts; for one table sy.audit.table.",
        )
    rule = rounding_of(rounding)
    evidence = gather(study, rounding)
    claims = () if study.published is None or study.published.claims is None else read_claims(study.published.claims)
    shares = (*evidence.survey, *evidence.baseline)
    if evidence.solution is None and not claims and not shares and not evidence.likert and not evidence.continuous:
        raise refuse(
            "no printed numbers to audit",
            at="study",
            allowed="item means, totals, claims, survey, baseline or Likert tables",
            remedy="Attach what was printed: study.attach(published=sy.study.Published(...), survey=..., likert=...).",
        )
    checks, told = check_claims(evidence, claims)
    findings = [*_table_findings(evidence), *told, *_percentages(evidence), *_spreads(evidence)]
    findings += _rank_lint(evidence, claims)
    findings += _too_many(evidence)
    checked, powerless = _counts(evidence, checks)
    return AuditResult(
        findings=ordered(findings),
        claims=tuple(checks),
        table=evidence.solution,
        checked=checked,
        powerless=powerless,
        rounding=rule,
        library=study.library,
    )


def _table_findings(evidence: Evidence) -> list[AuditFinding]:
    solution = evidence.solution
    if solution is None or solution.consistent:
        return []
    places = tuple(dict.fromkeys(c["place"] for c in solution.conflicts))
    if not places:
        return [_clash(solution)] if solution.clash is not None else []
    margins = ", ".join(
        f"{sum(c['margin'] == name for c in solution.conflicts)} {name.replace('_', ' ')}"
        for name in dict.fromkeys(c["margin"] for c in solution.conflicts)
    )
    first = solution.conflicts[0]
    found = [
        AuditFinding(
            "whole table",
            "error",
            f"score table: {len(places)} of {len(solution.rows)} items",
            f"{len(solution.conflicts)} means ({margins})",
            "none of them" if solution.step is None else f"scores in steps of {solution.step:g}, rounded for print",
            f"These printed means do not follow from the printed scores, such as {first['place']}: printed "
            f"{first['printed']} ({first['margin'].replace('_', ' ')}), possible {_range(*first['possible'])}. "
            f"Items: {', '.join(places)}.",
            _explained(solution),
            {"conflicts": [dict(c) for c in solution.conflicts]},
        )
    ]
    if solution.step is not None:
        found += _consequences(evidence, solution)
    if solution.clash is not None:
        found.append(_clash(solution))
    return found


def _explained(solution: TableSolution) -> tuple[str, ...]:
    if solution.step is None:
        return ()
    amounts = {(h["group"], h["amount"]) for h in solution.hidden}
    if len(amounts) == 1:
        group, (low, high) = next(iter(amounts))
        if low == high:
            side = "less" if low < 0 else "more"
            return (
                f"in each of {len(solution.hidden)} items one site of {group.replace('_', ' ')} scored "
                f"{abs(low):g} {side} than printed",
            )
    return (f"scores in steps of {solution.step:g}, rounded {solution.display} for print",)


def _range(low: object, high: object) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _consequences(evidence: Evidence, solution: TableSolution) -> Iterator[AuditFinding]:
    """Say what the hidden fractions do to totals, bands and the SD."""
    if solution.totals is None or solution.mean is None:
        return
    scale, open_bands, moved = evidence.study.scale, [], []
    for site, printed, (low, high) in zip(solution.columns, solution.printed_totals, solution.totals, strict=True):
        if np.isclose(low, high) and np.isclose(low, printed):
            continue
        moved.append(f"{site}: {low:g} to {high:g} (printed {printed:g})")
        bands = [scale.band(total) for total in (low, high)]
        if bands[0] != bands[1]:
            open_bands.append(f"{site} ({bands[0]} or {bands[1]})")
    if not moved:
        return
    printed_mean, printed_sd = solution.printed_totals.mean(), solution.printed_totals.std(ddof=1)
    spread = "" if solution.sd is None else f", SD {solution.sd[0]:.2f} to {solution.sd[1]:.2f}"
    mean = (
        f"{solution.mean[0]:.2f}" if np.isclose(*solution.mean) else f"{solution.mean[0]:.2f} to {solution.mean[1]:.2f}"
    )
    band = f" The band is open for site {', '.join(open_bands)}." if open_bands else ""
    simple = tuple(
        f"the whole difference at site {', '.join(one.columns)}: SD {one.sd:.2f}"
        for one in solution.simplest[:4]
        if one.sd
    )
    yield AuditFinding(
        "whole table",
        "warning",
        "totals of the sites",
        f"mean {printed_mean:.2f}, SD {printed_sd:.2f}",
        f"mean {mean}{spread}",
        f"If the printed means are right, the totals are: site {'; site '.join(moved)}.{band}",
        simple,
        {"totals": solution.totals.tolist(), "printed": solution.printed_totals.tolist()},
    )


def _sites_of(group: str) -> str:
    return "all sites" if group == "all" else f"the sites of {group.replace('_', ' ')}"


def _clash(solution: TableSolution) -> AuditFinding:
    clash = solution.clash or {}
    rows, columns = (_range(*(f"{end:g}" for end in clash[by])) for by in ("by_rows", "by_columns"))
    return AuditFinding(
        "whole table",
        "error",
        "printed totals against printed means",
        f"totals that need {columns} points",
        f"{rows} points by the means",
        f"Over {_sites_of(clash['group'])} the printed means add to {rows} points; the printed totals need {columns}.",
        ("the totals were added from scores rounded for print",),
        {"clash": dict(clash)},
    )


# Counts, percentages and n.


def _percentages(evidence: Evidence) -> Iterator[AuditFinding]:
    for name, rows in (("survey", evidence.survey), ("baseline", evidence.baseline)):
        for row in rows:
            found = proportion(row.percent, row.n, rounding=evidence.rounding)
            if not found.consistent:
                yield AuditFinding(
                    _COUNT,
                    "error",
                    f"{name} table: {row.title}",
                    f"{row.percent} % of {row.n}",
                    _nearest(row),
                    f"{found.explanation[:1].upper()}{found.explanation[1:]}.",
                    (),
                    {"percent": row.percent, "n": row.n},
                )
    for question in evidence.likert:
        yield from _level_percentages(evidence, question)


def _nearest(row: Share) -> str:
    k = round(float(row.percent) * row.n / 100)
    digits = decimals_of(row.percent) + 1
    near = sorted({max(k - 1, 0), k, min(k + 1, row.n)}, key=lambda c: abs(100 * c / row.n - float(row.percent)))[:2]
    # Two digits more where one would end in 5 and seem to round to what was printed.
    tied = any(shown(Fraction(100 * c, row.n), digits).endswith("5") for c in near)
    return " or ".join(f"{shown(Fraction(100 * c, row.n), digits + tied)} %" for c in sorted(near))


def _level_percentages(evidence: Evidence, question: Levels) -> Iterator[AuditFinding]:
    wrong = []
    for label, count, percent in zip(question.labels, question.counts, question.percents, strict=True):
        if not percent:
            continue
        found = proportion(percent, question.n, count=count, rounding=evidence.rounding)
        if not found.consistent:
            wrong.append((label, count, percent, found))
    told = _one_size(evidence, question) if wrong else ()
    for label, count, percent, found in wrong:
        yield AuditFinding(
            _COUNT,
            "error",
            f"{question.key} table: {label}",
            f"{percent} % ({count} of {question.n})",
            f"{found.details['recomputed']} %",
            f"{found.explanation[:1].upper()}{found.explanation[1:]}.",
            told,
            {"count": count, "percent": percent, "n": question.n},
        )


def _one_size(evidence: Evidence, question: Levels) -> tuple[str, ...]:
    """Sizes that explain all percentages of a question with its printed counts, or by themselves."""
    pairs = [(c, p) for c, p in zip(question.counts, question.percents, strict=True) if p]
    top = evidence.returned or 2 * question.n
    with_counts = [
        n
        for n in range(max(question.counts), top + 1)
        if all(c <= n and proportion(p, n, count=c, rounding=evidence.rounding).consistent for c, p in pairs)
    ]
    if with_counts:
        return (f"n = {', '.join(map(str, with_counts))} would explain every percentage of the question",)
    percents = [p for _, p in pairs]
    sizes = [n for n in percent_column(percents, rounding=evidence.rounding).details["sizes"] if question.n <= n <= top]
    no_n = "no single n explains the counts and percentages of the question"
    if not sizes:
        return (no_n,)
    return (
        f"{no_n}; the percentages alone fit n = {', '.join(map(str, sizes))}: counts and percentages may be two cuts",
    )


# Means, SDs, sizes and ranks.


def _spreads(evidence: Evidence) -> Iterator[AuditFinding]:
    for row in evidence.continuous:
        low, dash, high = row.get("unit_or_range", "").partition("-")
        if not (dash and _is_number(low) and _is_number(high) and row.get("n")):
            continue
        place = f"baseline table: {row['variable']}"
        mean, sd, n = row["mean"], row.get("sd", ""), int(row["n"])
        near, far = unit_interval(mean, evidence.rounding)
        if far < float(low) or near > float(high):
            yield AuditFinding(
                "mean in its range", "error", place, mean, f"{low} to {high}", "The mean lies outside its scale."
            )
            continue
        most = sd_bounds(n, float(low), float(high), mean=mean, rounding=evidence.rounding)[1] if n > 1 else np.inf
        if sd and unit_interval(sd, evidence.rounding)[0] > most + 1e-12:
            why = f"{n} values between {low} and {high} with mean {mean} have an SD of at most {most:.2f}."
            yield AuditFinding("SD against its own range", "error", place, sd, f"at most {most:.2f}", why)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _too_many(evidence: Evidence) -> Iterator[AuditFinding]:
    """Tables of the questionnaire with more people than returned it."""
    most = evidence.returned
    if most is None:
        return
    sizes = [(f"survey table: {r.title}", r.n) for r in evidence.survey]
    sizes += [(f"{q.key} table", q.n) for q in evidence.likert]
    for place, n in sizes:
        if n > most:
            why = f"{n} answers, but {most} questionnaires were returned."
            yield AuditFinding("n against the flow", "error", place, str(n), f"at most {most}", why)


def _rank_lint(evidence: Evidence, claims: tuple[Claim, ...]) -> Iterator[AuditFinding]:
    """Statements that the text orders and the table prints alike, or the other way round."""
    rows = {r.key: r for r in evidence.survey}
    for kind in dict.fromkeys(r.kind for r in evidence.survey):
        told = [c for c in claims if c.table == "survey" and c.key in rows and rows[c.key].kind == kind]
        told.sort(key=lambda c: -float(c.printed))
        if len(told) < 2:
            continue
        order = [1 + sum(float(o.printed) > float(c.printed) for o in told) for c in told]
        found = ranks([rows[c.key].percent for c in told], order).details["pairs"]
        for pair in found:
            ahead, behind = told[pair["ahead"]], told[pair["behind"]]
            alike = pair["problem"] != "inverted"
            first, second = rows[ahead.key], rows[behind.key]
            yield AuditFinding(
                "ranks and ties",
                "note" if alike else "error",
                f"{ahead.key} before {behind.key}",
                f"{ahead.printed} % before {behind.printed} % in the text",
                f"{first.percent} % and {second.percent} % in the table",
                "The table prints both alike: it cannot carry the order of the text."
                if alike
                else "The table has them the other way round.",
                (),
                {"claims": [ahead.id, behind.id]},
            )


def _counts(evidence: Evidence, checks: list[ClaimCheck]) -> tuple[dict[str, int], dict[str, int]]:
    """Count printed numbers that were checked, and those whose check could not have failed."""
    shares = [(r.percent, r.n) for r in (*evidence.survey, *evidence.baseline)]
    levels = [(p, q.n) for q in evidence.likert for p in q.percents if p]
    means = sum(bool(text) for by in evidence.item_means.values() for text in by.values())
    totals = sum(bool(text) for text in evidence.totals.values())
    spreads = sum("-" in r.get("unit_or_range", "") for r in evidence.continuous)
    checked = {
        "whole table": (means + totals) if evidence.solution is not None else 0,
        "text": sum(c.verdict != "not checkable" for c in checks),
        _COUNT: len(shares) + len(levels),
        "SD against its own range": spreads,
    }
    # Every percentage is possible once 100 / n is no larger than the last printed digit.
    weak = sum(100 / n <= 10.0 ** -decimals_of(percent) for percent, n in shares)
    return {k: v for k, v in checked.items() if v}, {_COUNT: weak} if weak else {}
