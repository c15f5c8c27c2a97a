"""Scores of LightGBM and scikit-learn trees over fixed folds of the Scandinavian mass-balance table, for
crates/esker-models/tests/peers/trees.json.

Run: python validation/trees.py   (needs numpy, pandas, scikit-learn, lightgbm)
Rows are in file order; row i is in fold (i * 7919) % 5. Glaciers are numbered by first appearance; all rows of glacier j
are in grouped fold (j * 7919) % 5. Features are all columns but rgi_id, period, dmdtda, err_dmdtda and target_id.
R2 is 1 - sum of squared errors / sum of squared differences from the mean, pooled over all folds. The classes are dmdtda
cut at -0.6 and -0.3 m w.e. / yr.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import log_loss

ROOT = Path(__file__).parent.parent
OUT = ROOT / "crates/esker-models/tests/peers/trees.json"
FOLDS = 5
CUTS = [-0.6, -0.3]

table = pd.read_csv(ROOT / "examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv")
y = table["dmdtda"].to_numpy()
glacier = pd.factorize(table["rgi_id"])[0]
features = table.drop(columns=["rgi_id", "period", "dmdtda", "err_dmdtda", "target_id"]).sort_index(axis=1).to_numpy()
label = np.digitize(y, CUTS)
folds = {"shuffled": np.arange(len(y)) * 7919 % FOLDS, "grouped": glacier * 7919 % FOLDS}

BOOSTING = dict(trees=100, rate=0.1, leaves=31, min_leaf=20, **{"lambda": 1.0})
FOREST = dict(trees=100, columns=1 / 3, min_leaf=5)
lgb = dict(n_estimators=100, learning_rate=0.1, num_leaves=31, min_child_samples=20, reg_lambda=1.0, verbose=-1, n_jobs=2)
hgb = dict(max_iter=100, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=20, l2_regularization=1.0, early_stopping=False)
rf = dict(n_estimators=100, max_features=1 / 3, min_samples_leaf=5, n_jobs=2, random_state=1)


def r2(fold, make):
    left = 0.0
    for k in range(FOLDS):
        said = make().fit(features[fold != k], y[fold != k]).predict(features[fold == k])
        left += ((y[fold == k] - said) ** 2).sum()
    return 1 - left / ((y - y.mean()) ** 2).sum()


def classes(fold, make):
    said = np.zeros((len(y), len(CUTS) + 1))
    for k in range(FOLDS):
        said[fold == k] = make().fit(features[fold != k], label[fold != k]).predict_proba(features[fold == k])
    return {"accuracy": float((said.argmax(1) == label).mean()), "log_loss": float(log_loss(label, said))}


made = {
    "versions": {p: version(p) for p in ("lightgbm", "scikit-learn", "numpy")},
    "folds": FOLDS,
    "cuts": CUTS,
    "boosting": BOOSTING,
    "forest": FOREST,
    "r2": {
        design: {
            "LightGBM": r2(fold, lambda: LGBMRegressor(**lgb)),
            "HistGradientBoostingRegressor": r2(fold, lambda: HistGradientBoostingRegressor(**hgb)),
            "RandomForestRegressor": r2(fold, lambda: RandomForestRegressor(**rf)),
        }
        for design, fold in folds.items()
    },
    "classes": {
        "LightGBM": classes(folds["shuffled"], lambda: LGBMClassifier(**lgb)),
        "RandomForestClassifier": classes(folds["shuffled"], lambda: RandomForestClassifier(**rf)),
    },
}
OUT.write_text(json.dumps(made, indent=1) + "\n")
