"""Write agreement.json: alpha of the package krippendorff 0.9.0 on 1,000 random matrices with missing ratings at four
levels, and the coefficients, standard errors and intervals of the package irrCAC 0.4.4 (Gwet's own formulas) on
fourteen data sets, some with missing ratings and with weights."""

import json
import warnings
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC

warnings.simplefilter("ignore")
LEVELS = ("nominal", "ordinal", "interval", "ratio")
ALPHABET = "123456789"
rng = np.random.default_rng(20111)


def matrix(coders: int, units: int, categories: int, missing: float, noise: float) -> np.ndarray:
    truth = rng.integers(1, categories + 1, units)
    ratings = np.where(rng.random((coders, units)) < noise, rng.integers(1, categories + 1, (coders, units)), truth)
    ratings = ratings.astype(float)
    ratings[rng.random((coders, units)) < missing] = np.nan
    return ratings


def text(ratings: np.ndarray) -> list[str]:
    return ["".join("*" if np.isnan(x) else ALPHABET[int(x) - 1] for x in row) for row in ratings]


matrices, alphas = [], []
while len(matrices) < 1000:
    shape = (int(rng.integers(2, 6)), int(rng.integers(3, 25)), int(rng.integers(2, 8)))
    ratings = matrix(*shape, missing=rng.uniform(0, 0.5), noise=rng.uniform(0, 1))
    pairable = ratings[:, (~np.isnan(ratings)).sum(axis=0) > 1]
    if len(np.unique(pairable[~np.isnan(pairable)])) < 2:
        continue  # undefined: tested apart
    matrices.append(" ".join(text(ratings)))
    alphas.append([float(krippendorff.alpha(ratings, level_of_measurement=level)) for level in LEVELS])

NAMES = {
    "conger": "conger-kappa",
    "fleiss": "fleiss-kappa",
    "gwet": "gwet-ac2",
    "bp": "brennan-prediger",
    "krippendorff": "krippendorff-alpha",
}
cases = []
for coders, units, categories, missing, weights in [
    (3, 30, 3, 0.0, "identity"),
    (4, 40, 5, 0.0, "quadratic"),
    (2, 25, 4, 0.0, "linear"),
    (5, 20, 5, 0.0, "ordinal"),
    (3, 50, 4, 0.0, "radical"),
    (3, 40, 4, 0.0, "ratio"),
    (4, 30, 5, 0.0, "bipolar"),
    (4, 30, 5, 0.0, "circular"),
    (3, 30, 3, 0.25, "identity"),
    (4, 40, 5, 0.2, "quadratic"),
    (2, 40, 4, 0.2, "linear"),
    (5, 25, 5, 0.3, "ordinal"),
    (3, 60, 2, 0.3, "identity"),
    (6, 15, 6, 0.4, "radical"),
]:
    ratings = matrix(coders, units, categories, missing, 0.35)
    frame = pd.DataFrame(ratings.T)
    known = sorted(set(ratings[~np.isnan(ratings)]))
    found = {}
    for method, name in NAMES.items():
        if name == "krippendorff-alpha" and weights not in ("identity", "quadratic", "ratio"):
            continue  # Krippendorff's own levels only
        cac = CAC(frame.copy(), weights=weights, digits=16)
        estimate = getattr(cac, method)()["est"]
        found[name] = [
            float(estimate["coefficient_value"]),
            float(estimate["se"]),
            *map(float, estimate["confidence_interval"]),
        ]
    cases.append(
        {"ratings": text(ratings), "weights": weights, "categories": known, "missing": missing > 0, "found": found}
    )

Path(__file__).with_suffix(".json").write_text(
    json.dumps({"levels": LEVELS, "matrices": matrices, "alphas": alphas, "cases": cases}, indent=None).replace(
        '], "', '],\n"'
    )
    + "\n"
)
