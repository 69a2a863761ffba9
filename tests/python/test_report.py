"""The report: self-contained, accessible, whole or not at all; the command line and its messages."""

from __future__ import annotations

import html.parser
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import steelyard as sy
from steelyard.__main__ import main
from steelyard._report_outcomes import has_one_row_per_site
from steelyard._report_own import read_outcome_column


class Page(html.parser.HTMLParser):
    """What the checks look at: ids, headings, tables, figures, text, and anything loaded from outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.levels: list[int] = []
        self.outside: list[str] = []
        self.references: list[str] = []
        self.counts: dict[str, int] = {}
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if known.get("id"):
            self.ids.append(str(known["id"]))
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        for name in ("src", "href", "xlink:href"):
            value = known.get(name) or ""
            if value.startswith("#"):
                self.references.append(value[1:])
            elif value and tag != "a" and not value.startswith("data:"):
                self.outside.append(value)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Path]:
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "steelyard", "demo", "--output", str(folder / "new" / "folder")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert printed.stderr == ""
    path = folder / "new" / "folder" / "report.html"
    return printed.stdout, path.read_text(encoding="utf-8"), path


def test_demo_prints_a_short_summary(demo: tuple[str, str, Path]) -> None:
    printed, _, path = demo
    assert len(printed.splitlines()) < 15
    assert "mean total 98.17, SD 8.06, median 99.5" in printed
    assert "cannot be tested" in printed
    assert str(path) in printed


def test_the_page_is_self_contained_and_accessible(demo: tuple[str, str, Path]) -> None:
    page = Page(demo[1])
    assert page.outside == []
    assert "script" not in page.counts
    assert len(page.ids) == len(set(page.ids))
    assert set(page.references) <= set(page.ids)
    assert page.levels[0] == 1
    assert page.levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(page.levels, page.levels[1:], strict=False))
    assert page.counts["table"] == page.counts["caption"] >= 5
    # Every figure has its words.
    assert page.counts["figure"] >= 3
    assert page.counts["svg"] == demo[1].count('role="img"') >= page.counts["figure"]
    assert '<html lang="en">' in demo[1]


def test_the_page_says_what_the_data_cannot_tell(demo: tuple[str, str, Path]) -> None:
    text = " ".join(" ".join(Page(demo[1]).text).split())
    for words in (
        "mean total 98.17, SD 8.06",
        "cannot be tested",
        "not estimable",
        "Agency focus on work",
        "not in the corpus",
        "may hide half points",
        "How to report this",
    ):
        assert words in text, words


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, demo: tuple[str, str, Path]) -> None:
    # In a process of its own: a report counts the contests that were run on the same data in one session.
    subprocess.run([sys.executable, "-m", "steelyard", "demo", "--output", str(tmp_path)], check=True)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == demo[1]


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    scale = sy.Scale.load("ips-25")
    drawn = np.random.default_rng(3).integers(1, 6, size=(14, 25))
    lines = [",".join(["site", *scale.item_ids])]
    lines += [",".join([f"Site {i + 1}", *map(str, row)]) for i, row in enumerate(drawn)]
    path = tmp_path / "scores.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _outcomes(folder: Path, head: str, rows: list[str]) -> Path:
    path = folder / "outcomes.csv"
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    return path


def test_report_of_ones_own_sheet(sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = _outcomes(tmp_path, "site,k,n", [f"Site {i + 1},{5 + i % 4},{20 + i}" for i in range(14)])
    assert main(["report", str(sheet), "--outcomes", str(counts), "--output", str(tmp_path / "out")]) == 0
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.outside == []
    text = " ".join(page.text)
    assert "Should the items be weighted?" in text
    assert "14 sites" in capsys.readouterr().out


def _people(folder: Path, head: str, cells: str, name: str = "people.csv") -> Path:
    rows = [
        f"Site {i % 14 + 1},{i + 1},{cells.format(i=i, yes='yes' if i % 3 else 'no', b=i // 5 % 2)}" for i in range(140)
    ]
    path = folder / name
    path.write_text("\n".join([f"Centre,Client no,{head}", *rows]), encoding="utf-8")
    return path


def test_report_takes_a_file_of_participants(sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = _people(tmp_path, "Age,Employed", "{i},{yes}")
    people.write_text(people.read_text(encoding="utf-8") + "\nsite 1,900,40,yes\n", encoding="utf-8")
    assert main(["report", str(sheet), "--outcomes", str(people), "--output", str(tmp_path / "out")]) == 0
    page = Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.outside == []
    text = " ".join(page.text)
    assert "Outcomes by site" in text
    assert "Should the items be weighted?" in text
    printed = capsys.readouterr().out
    assert "140 of 141 participants linked to a reviewed site." in printed
    # A near miss is offered on the page, not joined.
    assert '"site 1" looks like' in text or "site 1" in text
    # The same outcomes by site give the same contest.
    yes = [sum(j % 3 > 0 for j in range(i, 140, 14)) for i in range(14)]
    counts = _outcomes(tmp_path, "site,k,n", [f"Site {i + 1},{k},10" for i, k in enumerate(yes)])
    assert main(["report", str(sheet), "--outcomes", str(counts), "--output", str(tmp_path / "again")]) == 0
    same = next(line for line in capsys.readouterr().out.splitlines() if "gain in held-out R2" in line)
    assert same in printed.splitlines()


def test_the_outcome_of_participants_can_be_named(sheet: Path, tmp_path: Path) -> None:
    people = _people(tmp_path, "Employed,In school,Hours", "{yes},{b},{i}.5")
    for column in ("In school", "Hours"):
        out = tmp_path / column
        asked = ["report", str(sheet), "--outcomes", str(people), "--outcome", column, "--output", str(out)]
        assert main(asked) == 0
        assert column in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("head", "cells", "column", "parts"),
    [
        (
            "Employed,In school",
            "{yes},{b}",
            None,
            ("several columns could be the outcome in people.csv", "Employed: yes/no as 1/0", "--outcome Employed"),
        ),
        ("Age", "{i}", None, ("outcome not found in people.csv", "Age: numbers", "site, k and n", "--outcome")),
        ("Employed", "{yes}", "Employd", ('did you mean "Employed"?', "in --outcome", "allowed: Employed")),
        ("Job", "cook {b}", "Job", ("neither yes/no nor a number", 'people.csv, column "Job"', "sy.outcomes.Effect")),
    ],
)
def test_an_outcome_that_cannot_be_told_is_refused(
    sheet: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    head: str,
    cells: str,
    column: str | None,
    parts: tuple[str, ...],
) -> None:
    people = _people(tmp_path, head, cells)
    asked = ["report", str(sheet), "--outcomes", str(people), "--output", str(tmp_path / "out")]
    assert main(asked if column is None else [*asked, "--outcome", column]) == 2
    printed = capsys.readouterr().err
    for part in parts:
        assert part in printed
    assert not (tmp_path / "out").exists()


def test_report_without_outcomes_says_that_weighting_is_open(sheet: Path, tmp_path: Path) -> None:
    assert main(["report", str(sheet), "--output", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "No outcomes were given" in text
    assert "Should the items be weighted?" not in text


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        (
            "site,jobs",
            ["Site 1,2"],
            "columns not understood in outcomes.csv: got site, jobs; allowed: the columns site",
        ),
        ("site,outcome", ["A,1", "A,2"], "site twice in outcomes.csv, row 3: got A. Give one row per site."),
        ("site,outcome", ["A,many", "B,2"], "not a number in outcomes.csv, row 2, column \"outcome\": got 'many'"),
        ("site,k,n", ["A,7,5", "B,2,5"], 'count not possible in outcomes.csv, site "A": got k 7, n 5'),
        ("site,outcome", ["A,1", "C,2"], "without outcome: B; without scores: C"),
    ],
)
def test_bad_outcomes_are_refused(tmp_path: Path, head: str, rows: list[str], message: str) -> None:
    with pytest.raises(sy.InputError) as caught:
        read_outcome_column(_outcomes(tmp_path, head, rows), ["A", "B"])
    assert message in str(caught.value)


def test_outcomes_may_stand_apart_by_semicolons(tmp_path: Path) -> None:
    path = _outcomes(tmp_path, "site;k;n", ["A;7;15", "B;2;5"])
    assert has_one_row_per_site(path)
    assert read_outcome_column(path, ["A", "B"]) == ([7.0, 2.0], [15.0, 5.0])


def test_nothing_is_written_when_the_input_is_refused(
    sheet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = _outcomes(tmp_path, "site,outcome", ["Site 1,1"])
    assert main(["report", str(sheet), "--outcomes", str(bad), "--output", str(tmp_path / "out")]) == 2
    assert "sites of the two files differ" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path / "none.csv"), "--output", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 1
    assert "none.csv" in printed


def test_template_is_an_empty_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scores.csv"
    assert main(["template", "--scale", "ips-25", str(path)]) == 0
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    assert head.startswith("item,title,subscale,allowed,site 1")
    assert [row.split(",")[0] for row in rows] == list(sy.Scale.load("ips-25").item_ids)
    assert main(["template", "--scale", "ips-25", str(path)]) == 2
    assert "scores.csv" in capsys.readouterr().err
