"""Make a deliberately messy workbook and participant file: synthetic, no real site or person.

Run: python notebooks/make_messy_study.py FOLDER. It writes `reviews.xlsx` and `participants.csv` with the faults that
evaluators' files have: two reviews of one site in one sheet, merged heads, an item under another title, 9 for "not
rated", a decimal comma, a total row that was not updated; sites spelled in several ways, dates with day and month first,
somebody entered twice, words for missing, yes and ja.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import openpyxl

import steelyard as sy

SITES = ("Nordvik", "Sørlund", "Østby", "Vesthavn", "Fjellheim", "Elvestad", "Skogmo", "Holmdal")
TWICE = ("Nordvik", "Østby", "Skogmo")


def make(folder: Path) -> tuple[Path, Path]:
    """Write both files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20200101)
    level = rng.normal(3.6, 0.5, len(SITES))
    return _workbook(folder / "reviews.xlsx", level, rng), _people(folder / "participants.csv", level, rng)


def _scores(level: float, rng: np.random.Generator) -> list[int]:
    return [int(x) for x in np.clip(np.round(level + rng.normal(0, 0.9, 25)), 1, 5)]


def _workbook(path: Path, level: np.ndarray, rng: np.random.Generator) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Fidelity"
    heads: list[tuple[str, int, list[int]]] = []
    for site, at in zip(SITES, level, strict=True):
        years = (2018, 2021) if site in TWICE else (2018,)
        heads += [(site, year, _scores(at + 0.2 * (year > 2018), rng)) for year in years]
    page.append(["Fidelity reviews (SYNTHETIC DATA)"])
    page.append(["Item", *(site for site, _, _ in heads)])
    page.append([None, *(year for _, year, _ in heads)])
    scale = sy.Scale.load("ips-25")
    for j, item in enumerate(scale.items):
        title = {3: "Team integration", 16: "Frequent employer contact"}.get(j, f"{j + 1}. {item.title}")
        page.append([title, *(scores[j] for _, _, scores in heads)])
    page.append(["Total", *(sum(scores) for _, _, scores in heads)])
    page.cell(6, 5).value = 9  # not rated
    page.cell(12, 8).value = "3,5"  # a half point with a decimal comma
    page.cell(20, 9).value = "n/a"
    column = 2
    for site in SITES:
        width = 2 if site in TWICE else 1
        if width == 2:
            page.merge_cells(start_row=2, start_column=column, end_row=2, end_column=column + 1)
        column += width
    book.create_sheet("Notes").append(["Reviews in spring; see e-mail."])
    book.save(path)
    return path


def _people(path: Path, level: np.ndarray, rng: np.random.Generator) -> Path:
    rows: list[list[str]] = []
    person = 0
    for site, at in zip(SITES, level, strict=True):
        for _ in range(int(rng.integers(22, 45))):
            person += 1
            treated = bool(rng.random() < 0.5)
            age, woman = float(np.clip(rng.normal(36, 10), 18, 65)), bool(rng.random() < 0.5)
            chance = 1 / (1 + np.exp(-(-0.9 + treated * (0.4 + 0.5 * (at - 3.6)) - 0.02 * (age - 36))))
            job = bool(rng.random() < chance)
            days = int(rng.integers(20, 360)) if job else None
            month, day = int(rng.integers(1, 13)), int(rng.integers(1, 28))
            spelled = {"Sørlund": "Sorlund"}.get(site, site) if rng.random() < 0.3 else site
            spelled = spelled.upper() if site == "Skogmo" and rng.random() < 0.2 else spelled
            known = rng.random() > 0.07
            rows.append(
                [
                    f"P{person:03d}",
                    spelled,
                    "IPS" if treated else "TAU",
                    f"{day:02d}/{month:02d}/2019",
                    f"{age:.1f}".replace(".", ","),
                    "woman" if woman else "man",
                    ("ja" if job and rng.random() < 0.2 else "yes" if job else "no") if known else "n/a",
                    str(days) if job and known else "",
                    "365" if known else "",
                ]
            )
    rows.append([rows[4][0], rows[4][1], rows[4][2], *rows[4][3:]])  # entered twice
    rows[10][1] = "Vestby"  # never reviewed
    rows[30][4] = "thirty"
    heads = [
        "Client no",
        "Centre",
        "Allocation",
        "Enrolled",
        "Age",
        "Sex",
        "Employed 12m",
        "Days to job",
        "Days observed",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerows([heads, *rows])
    return path


if __name__ == "__main__":
    for made in make(Path(sys.argv[1] if len(sys.argv) > 1 else "messy")):
        print(made)
