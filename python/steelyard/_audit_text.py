"""Claims of the text against the tables: each is read, recomputed exactly, and given a verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from fractions import Fraction

from ._audit_checks import cuts, grim, grimmer, proportion, sd_bounds
from ._audit_claims import Claim, paired
from ._audit_evidence import Evidence, Levels, Share, decimals_of, shown, unit_interval
from ._audit_findings import AuditFinding, ClaimCheck
from .errors import InputError

_RULE = "text against tables"
_CUT = "two cuts of the data"

Outcome = tuple[ClaimCheck, "AuditFinding | None"]


def check_claims(evidence: Evidence, claims: Sequence[Claim]) -> tuple[list[ClaimCheck], list[AuditFinding]]:
    """Check every claim alone, then the claims about one quantity against each other."""
    readers: dict[str, Callable[[Evidence, Sequence[Claim], Claim], Outcome]] = {
        "centers": _total,
        "sites": _total,
        "item_scores": _score,
        "published_item_means": _score,
        "survey": _share,
        "baseline": _share,
        "satisfaction": _levels,
        "likert": _levels,
    }
    checks, findings = [], []
    for claim in claims:
        reader = readers.get(claim.table, _alone)
        try:
            check, finding = reader(evidence, claims, claim)
        except KeyError:
            check, finding = _unread(claim, f"refers to {claim.table}.{claim.key}, which is not in the study"), None
        checks.append(check)
        if finding is not None:
            findings.append(finding)
    return checks, findings + _spread_in_range(evidence, claims)


def _check(claim: Claim, read_as: str, expected: str, verdict: str) -> ClaimCheck:
    return ClaimCheck(claim.id, claim.quantity, claim.printed, read_as, expected, verdict)


def _unread(claim: Claim, why: str) -> ClaimCheck:
    return _check(claim, why, "", "not checkable")


def _finding(
    claim: Claim, severity: str, possible: str, explanation: str, alternatives: Sequence[str] = (), rule: str = _RULE
) -> AuditFinding:
    place = f"text, {claim.section}: {claim.quantity}" if claim.section else f"text: {claim.quantity}"
    return AuditFinding(
        rule,
        severity,
        place,
        claim.printed,
        possible,
        explanation,
        tuple(alternatives),
        {"claim": claim.id, "printed": claim.printed, "n": claim.n},
    )


# Totals of sites.


def _total(evidence: Evidence, claims: Sequence[Claim], claim: Claim) -> Outcome:
    values = {site: Fraction(text) for site, text in evidence.totals.items() if text}
    statistic = claim.statistic
    if not values or statistic not in ("min", "max", "mean", "median", "sd"):
        return _unread(claim, "no printed totals, or the words name no statistic"), None
    exact, root = _summary(list(values.values()), statistic)
    digits = decimals_of(claim.printed) + 1
    expected = f"{float(exact) ** 0.5:.{digits}f}" if root else _plain(exact, digits)
    read_as = f"{statistic} of {len(values)} printed totals"
    if evidence.admits(claim.printed, exact, root=root):
        return _check(claim, read_as, expected, "follows"), None
    alternatives = []
    same = [site for site, value in values.items() if evidence.admits(claim.printed, value)]
    if same and statistic in ("min", "max"):
        where = "below" if statistic == "min" else "above"
        beyond = [s for s, v in values.items() if (v < values[same[0]] if where == "below" else v > values[same[0]])]
        alternatives.append(
            f"{claim.printed} is the total of {_sites(same)}; {_sites(beyond)} {where} it may have been left out"
        )
    holders = [site for site, value in values.items() if value == exact]
    whose = f" ({_sites(holders)})" if holders and not root else ""
    word = {"min": "lowest", "max": "highest", "sd": "SD"}.get(str(statistic), statistic)
    explanation = f"The text says {claim.printed}; the {word} of the totals in the table is {expected}{whose}."
    return (
        _check(claim, read_as, expected, "does not follow"),
        _finding(claim, "error", expected, explanation, alternatives),
    )


def _sites(names: Sequence[str]) -> str:
    return f"site{'s' if len(names) > 1 else ''} {' and '.join(names)}"


def _summary(values: Sequence[Fraction], statistic: str) -> tuple[Fraction, bool]:
    """Return an exact statistic, and whether its square root is meant."""
    ordered, n = sorted(values), len(values)
    mean = sum(values, Fraction(0)) / n
    if statistic == "sd":
        return sum(((v - mean) ** 2 for v in values), Fraction(0)) / (n - 1), True
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return {"min": ordered[0], "max": ordered[-1], "mean": mean, "median": middle}[statistic], False


def _plain(value: Fraction, decimals: int) -> str:
    return str(value.numerator) if value.denominator == 1 else shown(value, decimals)


def _spread_in_range(evidence: Evidence, claims: Sequence[Claim]) -> list[AuditFinding]:
    """Find printed SDs that no values between the printed minimum and maximum can have."""
    found = []
    for claim in claims:
        low, high = paired(claims, claim, "min"), paired(claims, claim, "max")
        if claim.statistic != "sd" or low is None or high is None or not claim.n or claim.n < 2:
            continue
        smallest, largest = float(low.printed), float(high.printed)
        if smallest >= largest:
            continue
        most = sd_bounds(claim.n, smallest, largest)[1]
        if unit_interval(claim.printed, evidence.rounding)[0] <= most + 1e-12:
            continue
        why = f"{claim.n} values between {low.printed} and {high.printed} have an SD of at most {most:.4f}."
        found.append(
            _finding(
                claim,
                "error",
                f"at most {most:.2f}",
                why,
                [_whose_sd(evidence, claim) or f"the SD is of other values than the range ({low.id}, {high.id})"],
                "SD against its own range",
            )
        )
    return found


def _whose_sd(evidence: Evidence, claim: Claim) -> str:
    """Say when an SD is that of the totals in the table, so that the range must be wrong."""
    values = [Fraction(text) for text in evidence.totals.values() if text]
    if claim.table not in ("centers", "sites") or len(values) < 2:
        return ""
    variance = _summary(values, "sd")[0]
    if not evidence.admits(claim.printed, variance, root=True):
        return ""
    ends = f"{float(min(values)):g} to {float(max(values)):g}"
    return f"{claim.printed} is the SD of the totals in the table, which range from {ends}"


# Item scores and their means.


def _score(evidence: Evidence, claims: Sequence[Claim], claim: Claim) -> Outcome:
    items = [key for _, key in claim.references]
    unknown = [item for item in items if item not in evidence.study.item_ids]
    if unknown:
        raise KeyError(unknown[0])
    if claim.statistic == "gap":
        return _gap(evidence, claim, items[0])
    if claim.statistic == "at top":
        return _at_top(evidence, claim, items[0])
    if claim.statistic != "mean":
        return _unread(claim, "the words name no statistic of an item"), None
    count = len(items) * len(evidence.study.site_ids)
    plain = sum((evidence.score_sum(item, evidence.groups["all"]) for item in items), Fraction(0)) / count
    explained = [Fraction(0)]
    for item in items:
        explained = [a + b for a in explained for b in evidence.explained_sums(item, "all")]
    read_as = f"mean of {' and '.join(items)} over {len(evidence.study.site_ids)} sites"
    return _two_readings(evidence, claim, read_as, plain, [value / count for value in explained])


def _gap(evidence: Evidence, claim: Claim, item: str) -> Outcome:
    names = [name for name in evidence.groups if name != "all"]
    if len(names) != 2:
        return _unread(claim, "a gap needs two groups of sites"), None
    sizes = [int(evidence.groups[name].sum()) for name in names]
    plain = [evidence.score_sum(item, evidence.groups[name]) / size for name, size in zip(names, sizes, strict=True)]
    explained = [
        [value / size for value in evidence.explained_sums(item, name)] for name, size in zip(names, sizes, strict=True)
    ]
    read_as = f"gap in {item} between {names[0]} and {names[1]}"
    values = [abs(a - b) for a in explained[0] for b in explained[1]]
    return _two_readings(evidence, claim, read_as, abs(plain[0] - plain[1]), values)


def _two_readings(
    evidence: Evidence, claim: Claim, read_as: str, plain: Fraction, explained: Sequence[Fraction]
) -> Outcome:
    """Compare with the printed scores and with what explains the printed means."""
    digits = decimals_of(claim.printed) + 2
    by_scores = evidence.admits(claim.printed, plain)
    by_means = any(evidence.admits(claim.printed, value) for value in explained)
    expected = _plain(plain, digits)
    if by_scores and by_means:
        return _check(claim, read_as, expected, "follows"), None
    means = " or ".join(dict.fromkeys(_plain(value, digits) for value in explained))
    if by_scores:
        why = f"It follows from the printed scores ({expected}), but what explains the printed means gives {means}."
        told = ["the text was computed from scores rounded for print, the table's means from finer scores"]
    elif by_means:
        why = f"It follows from what explains the printed means ({means}), not from the printed scores ({expected})."
        told = ["the text was computed from finer scores than were printed"]
    else:
        why = f"The printed scores give {expected}, what explains the printed means {means}."
        told = []
    possible = means if by_scores else expected
    return (
        _check(claim, read_as, possible, "does not follow"),
        _finding(claim, "error" if not by_means else "warning", possible, why, told),
    )


def _at_top(evidence: Evidence, claim: Claim, item: str) -> Outcome:
    top = next(x.maximum for x in evidence.study.scale.items if x.id == item)
    column = evidence.study.score_matrix[:, evidence.study.item_ids.index(item)]
    plain = int((column == top).sum())
    lowered = [name for name in evidence.groups if name != "all" and evidence.hidden(item, name)[1] < 0]
    most = plain - len(lowered)
    read_as = f"sites at the top score of {item}"
    if not evidence.admits(claim.printed, Fraction(plain)):
        why = f"In the table {plain} sites have the top score."
        return (
            _check(claim, read_as, str(plain), "does not follow"),
            _finding(claim, "error", str(plain), why),
        )
    if not lowered:
        return _check(claim, read_as, str(plain), "follows"), None
    means = ", ".join(f"{by[item]} ({name})" for name, by in evidence.item_means.items() if by.get(item))
    why = (
        f"The printed scores have {plain} sites at {top:g}, but with the printed means {means} "
        f"at least one of {', '.join(lowered)} scored less."
    )
    return (
        _check(claim, read_as, f"at most {most}", "does not follow"),
        _finding(claim, "error", f"at most {most}", why, ["a score was rounded up for print"]),
    )


# Percentages of a survey or a baseline table.


def _share(evidence: Evidence, claims: Sequence[Claim], claim: Claim) -> Outcome:
    rows: Sequence[Share] = evidence.survey if claim.table == "survey" else evidence.baseline
    row = {r.key: r for r in rows}[claim.key]
    counts = proportion(row.percent, row.n, rounding=evidence.rounding).details["counts"]
    read_as = f"{row.percent} % of {row.n} in the table"
    if counts is None:
        return _check(claim, read_as, "", "not checkable"), None
    same = any(evidence.admits(claim.printed, Fraction(100 * k, row.n)) for k in range(counts[0], counts[1] + 1))
    if same and claim.n in (None, row.n):
        return _check(claim, read_as, f"{row.percent}", "follows"), None
    sizes = [claim.n] if claim.n is not None else list(range(row.n, (evidence.returned or row.n) + 1))
    possible = []
    for n in sizes:
        small, large = sorted(({"n": row.n, "percent": row.percent}, {"n": n, "percent": claim.printed}), key=_n_of)
        if cuts(small, large, rounding=evidence.rounding).consistent:
            possible.append(n)
    if not possible:
        why = f"The table has {row.percent} % of {row.n}; no larger cut of the data gives {claim.printed} %."
        return (
            _check(claim, read_as, row.percent, "does not follow"),
            _finding(claim, "error", f"{row.percent} %", why, rule=_CUT),
        )
    why, told = _other_cut(claim, row, possible)
    check = _check(claim, read_as, row.percent, "needs another cut of the data")
    return check, _finding(claim, "warning", f"{row.percent} %", why, told, _CUT)


def _n_of(cut: dict[str, object]) -> int:
    return int(str(cut["n"]))


def _other_cut(claim: Claim, row: Share, sizes: Sequence[int]) -> tuple[str, list[str]]:
    head = f"The table has {row.percent} % of {row.n}, the text {claim.printed} %"
    if claim.n is None:
        span = _spans(sizes)
        return f"{head} without its n.", [f"the text is about more people than the table: n = {span} would do"]
    added = cuts(
        {"n": row.n, "percent": row.percent}, {"n": claim.n, "percent": claim.printed}
    ).explanation.removeprefix("possible: ")
    return f"{head} of {claim.n}.", [f"the table is a part of the data of the text ({added})"]


def _spans(sizes: Sequence[int]) -> str:
    """Write whole numbers as spans: 79 to 83, 85."""
    spans: list[list[int]] = []
    for n in sizes:
        if spans and n == spans[-1][1] + 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in spans)


# Questions with levels.


def _levels(evidence: Evidence, claims: Sequence[Claim], claim: Claim) -> Outcome:
    question = {q.key: q for q in evidence.likert}[claim.key]
    if claim.statistic not in ("mean", "sd"):
        return _unread(claim, "the words name no statistic of a question"), None
    exact, root = (question.variance, True) if claim.statistic == "sd" else (question.mean, False)
    digits = decimals_of(claim.printed) + 1
    expected = f"{float(exact) ** 0.5:.{digits}f}" if root else shown(exact, digits)
    read_as = f"{claim.statistic} of the {question.n} answers in the table"
    fits = evidence.admits(claim.printed, exact, root=root)
    if fits and claim.n in (None, question.n):
        return _check(claim, read_as, expected, "follows"), None
    other = paired(claims, claim, "sd" if claim.statistic == "mean" else "mean")
    if claim.n is None or claim.n == question.n or other is None:
        why = f"The counts of the table give {expected}."
        return (
            _check(claim, read_as, expected, "does not follow"),
            _finding(claim, "error", expected, why),
        )
    if claim.statistic == "sd":
        # The pair is one finding, told with its mean.
        return _check(claim, read_as, expected, "needs another cut of the data"), None
    return _pair_of_cuts(evidence, claim, other, question, read_as, expected)


def _pair_of_cuts(evidence: Evidence, mean: Claim, sd: Claim, question: Levels, read_as: str, expected: str) -> Outcome:
    small = {"n": question.n, "counts": list(question.counts)}
    large = {"n": mean.n, "mean": mean.printed, "sd": sd.printed}
    ends = {"low": question.values[0], "high": question.values[-1]}
    found = cuts(*sorted((small, large), key=_n_of), **ends, rounding=evidence.rounding)  # type: ignore[arg-type]
    own = f"mean {expected}, SD {float(question.variance) ** 0.5:.{decimals_of(sd.printed) + 1}f}"
    why = f"The table has {question.n} answers ({own}), the text {mean.n} (mean {mean.printed}, SD {sd.printed})."
    if found.consistent is False:
        told, severity, verdict = [], "error", "does not follow"
        why += f" {found.explanation[:1].upper()}{found.explanation[1:]}."
    else:
        detail = found.explanation.removeprefix("possible: ")
        told, severity, verdict = [f"the table is a part of the data of the text ({detail})"], "warning", ""
        verdict = "needs another cut of the data"
    finding = _finding(mean, severity, own, why, told, _CUT)
    return _check(mean, read_as, expected, verdict), dataclasses.replace(
        finding, printed=f"mean {mean.printed}, SD {sd.printed}"
    )


# Numbers that refer to no table.


def _alone(evidence: Evidence, claims: Sequence[Claim], claim: Claim) -> Outcome:
    """Test a number by itself: a percentage or a mean with its n, an SD with its mean."""
    if claim.n is None:
        return _unread(claim, "refers to no table and has no n"), None
    mean = paired(claims, claim, "mean") if claim.statistic == "sd" else None
    try:
        if claim.statistic == "percent":
            found, read_as = proportion(claim.printed, claim.n, rounding=evidence.rounding), f"percent of {claim.n}"
        elif claim.unit != "points":
            return _unread(claim, "refers to no table, and answers need not be whole numbers"), None
        elif claim.statistic == "mean":
            found, read_as = grim(claim.printed, claim.n, rounding=evidence.rounding), f"mean of {claim.n} answers"
        elif mean is not None:
            found = grimmer(mean.printed, claim.printed, claim.n, rounding=evidence.rounding)
            read_as = f"SD of {claim.n} answers with mean {mean.printed}"
        else:
            return _unread(claim, "refers to no table"), None
    except InputError as error:
        return _unread(claim, str(error)), None
    if found.consistent is not False:
        return _check(claim, read_as, "", "possible by itself"), None
    why = f"{found.explanation[:1].upper()}{found.explanation[1:]}."
    return _check(claim, read_as, "", "does not follow"), _finding(claim, "error", "–", why, rule=found.rule)
