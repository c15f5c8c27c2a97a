"""CV+, jackknife+ and minmax intervals as MAPIE makes them, for crates/esker-evaluate/tests/peers/intervals.json.

Run: python validation/intervals.py   (needs numpy, scikit-learn, mapie)
A linear model on small simulated data; the fold models' predictions and residuals go into the file, so the test depends on
the interval arithmetic alone.
"""

import json
from pathlib import Path

import mapie
import numpy as np
import sklearn
from mapie.regression import CrossConformalRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, LeaveOneOut

OUT = Path(__file__).parent.parent / "crates/esker-evaluate/tests/peers/intervals.json"
LEVELS = [0.5, 0.68, 0.8, 0.9, 0.95]


def case(name, cv, x, y, new):
    said, residuals = [], []
    for train, test in cv.split(x):
        model = LinearRegression().fit(x[train], y[train])
        said.append(model.predict(new).tolist())
        residuals.append(np.abs(y[test] - model.predict(x[test])).tolist())
    def ends(method):
        peer = CrossConformalRegressor(LinearRegression(), confidence_level=LEVELS, method=method, cv=cv)
        _, ends = peer.fit_conformalize(x, y).predict_interval(new)
        return [
            {"level": level, "low": ends[:, 0, i].tolist(), "high": ends[:, 1, i].tolist()} for i, level in enumerate(LEVELS)
        ]

    return {"name": name, "residuals": residuals, "said": said, "expected": ends("plus"), "minmax": ends("minmax")}


def main():
    rng = np.random.default_rng(20240)
    n, p = 83, 3
    x = rng.normal(size=(n, p))
    y = x @ np.array([1.0, -2.0, 0.5]) + rng.standard_t(3, size=n)
    new = rng.normal(size=(12, p)) * 1.5
    cases = [
        case("CV+, 5 folds", KFold(5, shuffle=True, random_state=1), x, y, new),
        case("CV+, 10 uneven folds", KFold(10), x, y, new),
        case("jackknife+", LeaveOneOut(), x, y, new),
    ]
    made = {"by": "validation/intervals.py", "mapie": mapie.__version__, "scikit-learn": sklearn.__version__, "cases": cases}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
