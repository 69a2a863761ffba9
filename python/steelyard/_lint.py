"""What a display shows of a checklist's items: a share from 0 to 1, where it stands, and what is lacking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["EVIDENCE"]

Shown = tuple[float, str, str]
_AGAINST = ("discordance", "dissonance")


def _rows(d: dict[str, Any]) -> list[str]:
    rows = [row["id"] for section in d["sections"] for row in section["rows"]]
    return [row for row in rows if not row.startswith("statistic:")]


def _standing(d: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Judgements by row; a consensus stands alone."""
    standing: dict[str, list[dict[str, Any]]] = {}
    for judgement in d["spec"]["judgements"]:
        row = standing.setdefault(judgement["row"], [])
        if judgement["consensus"]:
            row[:] = [judgement]
        elif not any(j["consensus"] for j in row):
            row[:] = [j for j in row if j["by"] != judgement["by"]] + [judgement]
    return standing


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _direction(d: dict[str, Any]) -> Shown:
    note = next((n for n in d["notes"] if n.startswith("Direction of merging")), "")
    return (1.0 if note else 0.0, "notes: direction of merging", "the direction of merging")


def _vocabulary(d: dict[str, Any]) -> Shown:
    note = any(n.startswith("Words for the fit") for n in d["notes"])
    return (float(note), "notes: words for the fit", "a named vocabulary")


def _strands(d: dict[str, Any]) -> Shown:
    both = [bool(d["spec"]["findings"]), bool(d["spec"]["corpus"]["excerpts"])]
    lack = ("" if both[0] else "findings ") + ("" if both[1] else "excerpts")
    return (sum(both) / 2, "the table holds both strands", lack.strip() or "nothing")


def _basis(d: dict[str, Any]) -> Shown:
    return (float(bool(d["spec"]["findings"])), "n stands beside every value", "findings with n")


def _informants(d: dict[str, Any]) -> Shown:
    people = d["spec"]["corpus"]["informants"] + d["spec"]["corpus"]["groups"]
    told = [p for p in people if p["role"]]
    return (_share(len(told), len(people)), 'list "Who is heard", roles of informants', "the role of every informant")


def _rule(d: dict[str, Any]) -> Shown:
    lens = d["spec"]["lens"] is not None
    if lens:
        return (1.0, "notes: the lens; the log of its decisions", "nothing")
    shows_all = d["spec"]["kind"] != "lens" and bool(d["spec"]["findings"])
    return (1.0 if shows_all else 0.0, "every finding is shown", "the rule by which findings were selected")


def _uncertainty(d: dict[str, Any]) -> Shown:
    findings = d["spec"]["findings"]
    known = [f for f in findings if f["interval"] or f["population"]]
    lack = f"an interval, or population=, for {len(findings) - len(known)} findings"
    return (_share(len(known), len(findings)), "an interval, or the census, stands beside each value", lack)


def _judged(d: dict[str, Any]) -> Shown:
    rows, standing = _rows(d), _standing(d)
    settled = [r for r in rows if r in standing and len({j["fit"] for j in standing[r]}) == 1]
    lack = f"a settled judgement of {len(rows) - len(settled)} of {len(rows)} rows"
    return (_share(len(settled), len(rows)), f"column Fit: {len(settled)} of {len(rows)} rows", lack)


def _with(name: str, label: str) -> Callable[[dict[str, Any]], Shown]:
    def shown(d: dict[str, Any]) -> Shown:
        rows, standing = _rows(d), _standing(d)
        told = [r for r in rows if any(j[name] for j in standing.get(r, ()))]
        lack = f"{label} for {len(rows) - len(told)} of {len(rows)} rows"
        return (_share(len(told), len(rows)), f"{label}: {len(told)} of {len(rows)} rows", lack)

    return shown


def _divergence(d: dict[str, Any]) -> Shown:
    rows, standing = _rows(d), _standing(d)
    judged = {r: standing[r] for r in rows if r in standing}
    against = {r: js for r, js in judged.items() if len({j["fit"] for j in js}) > 1 or js[0]["fit"] in _AGAINST}
    dealt = [r for r, js in against.items() if any(j["reason"] or j["meta_inference"] or j["dissent"] for j in js)]
    if len(judged) < len(rows):
        share = 0.5 * _share(len(judged), len(rows))
        return (share, f"{len(against)} rows in disagreement so far", "a judgement of every row")
    if not against:
        return (1.0, "every row was judged; no disagreement was found", "nothing")
    lack = f"a reason or conclusion for {len(against) - len(dealt)} rows in disagreement"
    return (
        _share(len(dealt), len(against)),
        f"{len(dealt)} of {len(against)} rows in disagreement are explained",
        lack,
    )


def _absence(d: dict[str, Any]) -> Shown:
    if d["spec"]["asked"] is not None:
        return (1.0, "asked-register: silence is told from not asked", "nothing")
    return (0.0, "", "an asked-register, without which silence is unknown")


def _quotes(d: dict[str, Any]) -> Shown:
    listed = next((a for a in d["appendices"] if a["heading"] == "Where the quotes stand"), None)
    if listed is None:
        return (0.0, "", "quotes that can be checked against their source")
    matching = [row for row in listed["rows"] if row[-1] == "matches its source"]
    lack = f"a match for {len(listed['rows']) - len(matching)} quotes"
    return (_share(len(matching), len(listed["rows"])), 'list "Where the quotes stand"', lack)


def _analysts(d: dict[str, Any]) -> Shown:
    people = {j["by"] for j in d["spec"]["judgements"] if not j["consensus"]}
    share = min(len(people), 2) / 2
    return (share, f"{len(people)} analysts judged; their agreement is printed", "a second analyst")


def _title(d: dict[str, Any]) -> Shown:
    words = d["caption"].lower()
    alone = [w for w in ("qualitative", "quantitative") if w in words]
    single = len(alone) == 1 and "mixed" not in words
    return (0.0 if single else 1.0, "caption", f'a caption without the single word "{alone[0] if alone else ""}"')


#: What a display can show, by name.
EVIDENCE: dict[str, Callable[[dict[str, Any]], Shown]] = {
    "absence": _absence,
    "analysts": _analysts,
    "basis": _basis,
    "direction": _direction,
    "divergence": _divergence,
    "inference": _with("meta_inference", "meta-inference"),
    "informants": _informants,
    "judged": _judged,
    "quotes": _quotes,
    "rival": _with("rival", "rival explanation"),
    "rule": _rule,
    "strands": _strands,
    "title": _title,
    "uncertainty": _uncertainty,
    "vocabulary": _vocabulary,
}
