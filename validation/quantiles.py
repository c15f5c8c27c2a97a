"""Conformalised quantiles by MAPIE and a plain conformal interval by crepes, for crates/esker-evaluate/tests/peers/quantiles.json.

Run from the root of the repository: python validation/quantiles.py
Needs numpy, scikit-learn, mapie and crepes; the file it writes names their versions.
"""

import json
import os
import pathlib
from importlib.metadata import version

import crepes
import numpy as np
from mapie.regression import ConformalizedQuantileRegressor
from sklearn.base import BaseEstimator, RegressorMixin

OUT = pathlib.Path("crates/esker-evaluate/tests/peers/quantiles.json")


class Column(BaseEstimator, RegressorMixin):
    """Says one column: quantiles that are known already."""

    def __init__(self, column=0):
        self.column = column

    def fit(self, x, y=None):
        self.fitted_ = True
        return self

    def predict(self, x):
        return np.asarray(x)[:, self.column]


rng = np.random.default_rng(50)
n = 60
low = np.round(rng.normal(0, 1, n), 3)
high = np.round(low + rng.uniform(0.5, 2, n), 3)
middle = (low + high) / 2
observed = np.round(middle + rng.normal(0, 1, n), 3)
x, new = np.c_[low, high, middle], np.array([[0.0, 1.0, 0.5], [2.0, 2.4, 2.2]])
out = {"made_by": "validation/quantiles.py with " + ", ".join(f"{k} {version(k)}" for k in ("mapie", "crepes", "numpy")),
       "low": low.tolist(), "high": high.tolist(), "observed": observed.tolist()}
for name, symmetric in (("together", True), ("apart", False)):
    model = ConformalizedQuantileRegressor([Column(k).fit(x) for k in range(3)], confidence_level=0.9, prefit=True)
    model.conformalize(x, observed)
    out[name] = model.predict_interval(new, symmetric_correction=symmetric)[1][:, :, 0].tolist()
plain = crepes.ConformalRegressor()
plain.fit(residuals=observed - middle)
out["split"] = float(plain.predict_int(np.array([0.0]), confidence=0.9)[0, 1])
OUT.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(out["made_by"], out["together"], out["apart"], out["split"])
os._exit(0)
