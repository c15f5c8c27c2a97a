"""Scores of scikit-learn's multilayer perceptrons over fixed folds of the Scandinavian mass-balance table, for
crates/esker-models/tests/peers/networks.json.

Run: python validation/networks.py   (needs numpy, pandas, scikit-learn)
Rows, features, folds and classes are those of trees.py. Features and target are scaled by the training rows of each fold. Each score is that
of one network; it is given for several seeds, whose spread is the noise of a single fit.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parent.parent
OUT = ROOT / "crates/esker-models/tests/peers/networks.json"
FOLDS, CUTS, SEEDS = 5, [-0.6, -0.3], 6
NETWORK = dict(width=32, depth=2, epochs=20, batch=64, rate=0.001, weight_decay=0, optimiser="adam", schedule="constant")

table = pd.read_csv(ROOT / "examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv")
y = table["dmdtda"].to_numpy()
features = table.drop(columns=["rgi_id", "period", "dmdtda", "err_dmdtda", "target_id"]).sort_index(axis=1).to_numpy()
label = np.digitize(y, CUTS)
fold = np.arange(len(y)) * 7919 % FOLDS


def settings(seed):
    return dict(hidden_layer_sizes=(32, 32), alpha=0, batch_size=64, learning_rate_init=0.001, max_iter=20, n_iter_no_change=99, random_state=seed)


def parts():
    for k in range(FOLDS):
        scaler = StandardScaler().fit(features[fold != k])
        yield k, scaler.transform(features[fold != k]), scaler.transform(features[fold == k])


def r2(seed):
    left = 0.0
    for k, x, held in parts():
        mean, spread = y[fold != k].mean(), y[fold != k].std()
        said = MLPRegressor(**settings(seed)).fit(x, (y[fold != k] - mean) / spread).predict(held) * spread + mean
        left += ((y[fold == k] - said) ** 2).sum()
    return 1 - left / ((y - y.mean()) ** 2).sum()


def surprise(seed):
    said = np.zeros((len(y), len(CUTS) + 1))
    for k, x, held in parts():
        said[fold == k] = MLPClassifier(**settings(seed)).fit(x, label[fold != k]).predict_proba(held)
    return float(log_loss(label, said))


made = {
    "versions": {p: version(p) for p in ("scikit-learn", "numpy")},
    "folds": FOLDS,
    "cuts": CUTS,
    "network": NETWORK,
    "r2": [r2(s) for s in range(SEEDS)],
    "log_loss": [surprise(s) for s in range(SEEDS)],
}
OUT.write_text(json.dumps(made, indent=1) + "\n")
