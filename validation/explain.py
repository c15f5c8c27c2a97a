"""Permutation importance (scikit-learn) and accumulated local effects (PyALE) of a fixed model, for
crates/esker-evaluate/tests/peers/explain.json.

Run: python validation/explain.py   (needs numpy, pandas, scikit-learn, PyALE)
The model is a formula that the test repeats word for word, so only the explanation is compared.
"""

import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from PyALE import ale
from sklearn.inspection import permutation_importance

OUT = Path(__file__).parent.parent / "crates/esker-evaluate/tests/peers/explain.json"
REPEATS = 20000
BINS = 10


class Formula:
    """said = x^2 + x y - 2 sin(y); z is not used."""

    def fit(self, *_):
        return self

    def predict(self, at):
        x, y = at["x"].to_numpy(), at["y"].to_numpy()
        return x**2 + x * y - 2 * np.sin(y)


def mean_squared(model, at, truth):
    return -float(np.mean((truth - model.predict(at)) ** 2))


def importance(at, truth):
    """Mean loss in mean squared error and its Monte-Carlo error; columns together by permuting their row numbers."""
    single = permutation_importance(
        Formula(), at, truth, scoring=mean_squared, n_repeats=REPEATS, random_state=7, n_jobs=2
    )
    se = single.importances_std / math.sqrt(REPEATS)
    return {name: {"mean": m, "se": s} for name, m, s in zip(at.columns, single.importances_mean.tolist(), se.tolist())}


def tie_at_edges(values):
    """PyALE cuts at an order statistic next to the type 7 quantile; with both equal the grids agree."""
    order = np.argsort(values, kind="stable")
    step = (len(values) - 1) // BINS
    for k in range(1, BINS):
        values[order[k * step - 1]] = values[order[k * step]]
    return values


def effect(at, feature):
    found = ale(at, Formula(), [feature], grid_size=BINS, include_CI=False, plot=False, feature_type="continuous")
    grid, raw = found.index.to_numpy(dtype=float), found["eff"].to_numpy()
    # PyALE centres by interval middles; the mean over the rows, read off by linear interpolation, is taken out instead.
    return {"at": grid.tolist(), "effect": (raw - np.interp(at[feature], grid, raw).mean()).tolist()}


def main():
    rng = np.random.default_rng(77)
    n = 201
    x = rng.normal(size=n)
    y = 0.6 * x + rng.normal(size=n)
    at = pd.DataFrame({"x": tie_at_edges(x), "y": tie_at_edges(y), "z": tie_at_edges(rng.uniform(size=n))})
    truth = Formula().predict(at) + rng.normal(size=n) * 0.5
    few = at.iloc[:40]
    made = {
        "by": "validation/explain.py",
        "versions": {p: version(p) for p in ["scikit-learn", "PyALE", "numpy"]},
        "columns": {name: at[name].tolist() for name in at},
        "truth": truth.tolist(),
        "importance_rows": len(few),
        "importance_repeats": REPEATS,
        "importance": importance(few, truth[:40]),
        "bins": BINS,
        "effects": {name: effect(at, name) for name in at},
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
