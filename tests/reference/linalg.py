"""Write linalg.json: NumPy's decompositions of three small matrices (NumPy 2, LAPACK)."""

import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(20)
tall = rng.integers(1, 6, (9, 4)).astype(float)
wide = rng.integers(1, 6, (4, 9)).astype(float)
deficient = rng.integers(1, 6, (8, 5)).astype(float)
deficient[:, 4] = deficient[:, 0] + deficient[:, 2]
case = {}
for name, a in {"tall": tall, "wide": wide, "deficient": deficient}.items():
    b = rng.normal(size=a.shape[0])
    case[f"{name}_shape"] = list(a.shape)
    case[f"{name}_a"] = a.ravel().tolist()
    case[f"{name}_b"] = b.tolist()
    case[f"{name}_rank"] = int(np.linalg.matrix_rank(a))
    case[f"{name}_s"] = np.linalg.svd(a, compute_uv=False).tolist()
    case[f"{name}_x"] = np.linalg.lstsq(a, b, rcond=None)[0].tolist()
    case[f"{name}_pinv"] = np.linalg.pinv(a).ravel().tolist()
    case[f"{name}_eigen"] = np.linalg.eigvalsh(a.T @ a)[::-1].tolist()
Path(__file__).with_suffix(".json").write_text(json.dumps(case, indent=1) + "\n")
