"""Re-makes the figures of scikit-learn that the tests of linear models, logistic regression and neighbours compare with.

Run from the root of the repository, with scikit-learn at hand:

    python validation/linear.py

Reads the table of the glacier example. Writes crates/esker-models/tests/peers/scandinavia_300.csv (every
22nd row, eight features) and crates/esker-models/tests/peers/linear.json.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

FEATURES = ["area", "lat", "prcp_03", "prcp_10", "slope", "temp_03", "temp_10", "zmed"]
SOURCE = Path("examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv")
PEERS = Path("crates/esker-models/tests/peers")
SHOWN = 20


def subset():
    table = pd.read_csv(SOURCE).iloc[11::22].head(300).reset_index(drop=True)
    table = table[FEATURES + ["dmdtda", "err_dmdtda"]]
    table["two"] = np.where(table["dmdtda"] < -0.2, "shrinks", "holds")
    table["three"] = np.select([table["dmdtda"] < -0.35, table["dmdtda"] < 0.0], ["fast", "slow"], "grows")
    assert not table.isna().any().any() and not table[FEATURES].duplicated().any()
    return table


def figures(case, model, x, intercept=True):
    out = {"case": case, "predictions": np.asarray(model.predict(x)[:SHOWN]).tolist()}
    if intercept:
        out |= {"coefficients": model.coef_.ravel().tolist(), "intercept": float(model.intercept_)}
    return out


def regression(x, y, w):
    for name, weight in (("plain", None), ("weighted", w)):
        yield figures({"kind": "linear", "weight": name}, LinearRegression().fit(x, y, weight), x)
        for strength in (1e-4, 1.0, 100.0, 1e4):
            case = {"kind": "ridge", "weight": name, "lambda": strength}
            yield figures(case, Ridge(alpha=strength, solver="svd").fit(x, y, weight), x)
        for strength, mix in ((1e-4, 0.5), (0.01, 0.2), (0.01, 1.0), (0.05, 0.9)):
            case = {"kind": "elastic-net", "weight": name, "lambda": strength, "mix": mix}
            model = ElasticNet(alpha=strength, l1_ratio=mix, tol=1e-14, max_iter=10**7)
            yield figures(case, model.fit(x, y, weight), x)
    for k in (1, 5, 12):
        for weighting in ("uniform", "distance"):
            case = {"kind": "neighbours", "weight": "plain", "k": k, "weighting": weighting}
            # Half of the rows learn and the others are predicted, so that no distance is 0.
            model = KNeighborsRegressor(k, weights=weighting, algorithm="kd_tree").fit(x[::2], y[::2])
            yield {"case": case, "predictions": model.predict(x[1::2])[:SHOWN].tolist()}


def classification(x, labels, target, w):
    for name, weight in (("plain", None), ("weighted", w)):
        for strength in (1e-2, 1.0, 100.0):
            model = LogisticRegression(C=1 / strength, solver="newton-cg", tol=1e-13, max_iter=10**5)
            model.fit(x, labels, weight)
            yield {
                "case": {"kind": "logistic", "target": target, "weight": name, "lambda": strength},
                "levels": model.classes_.tolist(),
                "coefficients": model.coef_.ravel().tolist(),
                "predictions": model.predict_proba(x)[:SHOWN].ravel().tolist(),
            }
    for weighting in ("uniform", "distance"):
        model = KNeighborsClassifier(7, weights=weighting, algorithm="kd_tree").fit(x[::2], labels[::2])
        yield {
            "case": {"kind": "neighbours", "target": target, "weight": "plain", "k": 7, "weighting": weighting},
            "levels": model.classes_.tolist(),
            "predictions": model.predict_proba(x[1::2])[:SHOWN].ravel().tolist(),
        }


def main():
    table = subset()
    PEERS.mkdir(parents=True, exist_ok=True)
    table.to_csv(PEERS / "scandinavia_300.csv", index=False, lineterminator="\n")
    x = table[FEATURES].to_numpy()
    # Standardised as the preparation does: population standard deviation.
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    w = 1 / table["err_dmdtda"].to_numpy() ** 2
    cases = list(regression(x, table["dmdtda"].to_numpy(), w))
    for target in ("two", "three"):
        cases += classification(x, table[target].to_numpy(), target, w)
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    lines = ",\n".join(json.dumps(c) for c in cases)
    (PEERS / "linear.json").write_text(f'{{"versions": {json.dumps(versions)}, "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
