"""The main example's work in scikit-learn: the same folds, models, tuning, intervals, importance and effects.

Run: python benches/corridor/sklearn_corridor.py [output.json]   (needs numpy, pandas, scikit-learn)
Writes scores and seconds as JSON, to stdout without an argument.
"""

import json
import sys
import time
import warnings
from pathlib import Path

START = time.perf_counter()

import numpy as np
import pandas as pd
import sklearn
from joblib import Parallel, delayed
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import ElasticNet, LinearRegression, Ridge
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# The recipe, examples/glacier-mass-balance/recipe.toml, in constants.
ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv"
TARGET = "dmdtda"
GROUP = "rgi_id"
MONTHS = [f"{m:02d}" for m in range(1, 13)]
TEMPERATURE = [f"temp_{m}" for m in MONTHS]
PRECIPITATION = [f"prcp_{m}" for m in MONTHS]
FEATURES = ["area", "icecap", "slope", "zmin", "zmed", "zmax", "lat", "lon", "PDD", "rain", "snow", *TEMPERATURE, *PRECIPITATION]
# Columns shuffled together, as [explain] groups says; the rest are sets of one, as in Esker.
SETS = [TEMPERATURE, PRECIPITATION, ["zmin", "zmed", "zmax"]]
BAND_DEGREES = 2
FOLDS = 10
INNER_FOLDS = 3
TRIALS = {"ridge": 12, "elastic-net": 12, "boosting": 8}
FOREST_TREES = 100
BOOSTING_TREES = 120
BINS = 63
NEIGHBOURS = 15
LEVEL = 0.9
LEVELS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
REPEATS = 3
EFFECTS = 6
EFFECT_BINS = 20
SEED = 42
JOBS = 2


def scaled(model):
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model)


def forest(seed):
    return RandomForestRegressor(FOREST_TREES, max_features=1 / 3, min_samples_leaf=5, random_state=seed, n_jobs=1)


def boosting(seed, learning_rate=0.05, max_leaf_nodes=31, min_samples_leaf=20, l2_regularization=1.0, max_features=1.0):
    return HistGradientBoostingRegressor(
        max_iter=BOOSTING_TREES,
        max_bins=BINS,
        learning_rate=learning_rate,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2_regularization,
        max_features=max_features,
        early_stopping=False,
        random_state=seed,
    )


MODELS = {
    "mean": lambda seed: DummyRegressor(),
    "linear": lambda seed: make_pipeline(SimpleImputer(strategy="median"), LinearRegression()),
    "ridge": lambda seed, alpha=1.0: scaled(Ridge(alpha)),
    "elastic-net": lambda seed, alpha=0.01, l1_ratio=0.5: scaled(ElasticNet(alpha=alpha, l1_ratio=l1_ratio)),
    "neighbours": lambda seed: scaled(KNeighborsRegressor(NEIGHBOURS, weights="distance")),
    "forest": forest,
    "boosting": boosting,
}


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def log_integer(rng, low, high):
    return int(np.clip(np.floor(log_uniform(rng, low, high + 1)), low, high))


SPACES = {
    "ridge": lambda rng: {"alpha": log_uniform(rng, 1e-4, 1e4)},
    "elastic-net": lambda rng: {"alpha": log_uniform(rng, 1e-4, 1e1), "l1_ratio": rng.uniform(0, 1)},
    "boosting": lambda rng: {
        "learning_rate": log_uniform(rng, 0.02, 0.2),
        "max_leaf_nodes": log_integer(rng, 4, 63),
        "min_samples_leaf": log_integer(rng, 5, 100),
        "l2_regularization": log_uniform(rng, 1e-2, 30.0),
        "max_features": rng.uniform(0.3, 1.0),
    },
}


def tune(name, x, y, groups, seed):
    """Random search with successive halving over inner folds: the better third goes on, the defaults always do."""
    if groups is None:
        cut = KFold(INNER_FOLDS, shuffle=True, random_state=seed).split(x)
    else:
        cut = GroupKFold(min(INNER_FOLDS, len(np.unique(groups))), shuffle=True, random_state=seed).split(x, y, groups)
    rng = np.random.default_rng(seed)
    race = [({}, [])] + [(SPACES[name](rng), []) for _ in range(TRIALS[name] - 1)]
    folds = list(cut)
    for rung, (train, test) in enumerate(folds):
        for settings, scores in race:
            model = MODELS[name](seed, **settings).fit(x[train], y[train])
            scores.append(root_mean_squared_error(y[test], model.predict(x[test])))
        if rung + 1 < len(folds):
            keep = max(2, -(-len(race) // 3))
            race = race[:1] + sorted(race[1:], key=lambda c: np.mean(c[1]))[: keep - 1]
    return min(race, key=lambda c: np.mean(c[1]))[0]


def fit(name, x, y, groups, seed):
    settings = tune(name, x, y, groups, seed) if name in TRIALS else {}
    return MODELS[name](seed, **settings).fit(x, y)


def fold_run(name, x, y, groups, train, test, seed, keep):
    # Set here: a worker process does not inherit the parent's filters.
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = fit(name, x[train], y[train], None if groups is None else groups[train], seed)
    return model.predict(x[test]), model if keep else None


def importance(model, x, y, sets, seed):
    """Increase of RMSE when a set of columns is shuffled; single columns by scikit-learn's own function."""
    single = permutation_importance(model, x, y, scoring="neg_root_mean_squared_error", n_repeats=REPEATS, random_state=seed, n_jobs=1)
    rng = np.random.default_rng(seed)
    base = root_mean_squared_error(y, model.predict(x))
    grouped = []
    for columns in sets:
        losses = []
        for _ in range(REPEATS):
            shuffled = x.copy()
            shuffled[:, columns] = x[np.ix_(rng.permutation(len(x)), columns)]
            losses.append(root_mean_squared_error(y, model.predict(shuffled)) - base)
        grouped.append(np.mean(losses))
    return single.importances_mean, np.array(grouped)


def effect(model, x, column, edges):
    """Accumulated local effects (Apley and Zhu 2020) of one column."""
    bin_of = np.clip(np.searchsorted(edges, x[:, column], side="left"), 1, len(edges) - 1)
    low, high = x.copy(), x.copy()
    low[:, column], high[:, column] = edges[bin_of - 1], edges[bin_of]
    change = model.predict(high) - model.predict(low)
    counts = np.bincount(bin_of, minlength=len(edges))[1:]
    sums = np.bincount(bin_of, weights=change, minlength=len(edges))[1:]
    curve = np.concatenate([[0.0], np.cumsum(np.divide(sums, counts, out=np.zeros(len(sums)), where=counts > 0))])
    middle = (curve[1:] + curve[:-1]) / 2
    return curve - np.average(middle, weights=np.maximum(counts, 1e-12))


def intervals(y, said, folds, level):
    """Held-out intervals: each row's residual quantile comes from the other folds."""
    low, high = np.empty(len(y)), np.empty(len(y))
    residual = np.abs(y - said)
    for train, test in folds:
        k = min(len(train), int(np.ceil(level * (len(train) + 1))))
        width = np.partition(residual[train], k - 1)[k - 1]
        low[test], high[test] = said[test] - width, said[test] + width
    return low, high


def main():
    table = pd.read_csv(TABLE)
    x = table[FEATURES].to_numpy(float)
    y = table[TARGET].to_numpy(float)
    glacier = pd.factorize(table[GROUP])[0]
    band = pd.factorize(BAND_DEGREES * np.floor(table["lat"] / BAND_DEGREES))[0]
    designs = {
        "group": (list(GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(x, y, glacier)), glacier),
        "random": (list(KFold(FOLDS, shuffle=True, random_state=SEED).split(x)), None),
        "latitude bands": (list(LeaveOneGroupOut().split(x, y, band)), band),
    }
    seconds = {"import and read": time.perf_counter() - START}
    out = {"sklearn": sklearn.__version__, "models": {}, "seconds": seconds}
    fitted = {}
    with Parallel(n_jobs=JOBS) as pool:
        for name in MODELS:
            began = time.perf_counter()
            tasks = [(d, train, test) for d, (folds, _) in designs.items() for train, test in folds]
            runs = pool(
                delayed(fold_run)(name, x, y, designs[d][1], train, test, SEED + i, d == "group") for i, (d, train, test) in enumerate(tasks)
            )
            out["models"][name] = {}
            for d in designs:
                mine = [(test, run) for (design, _, test), run in zip(tasks, runs) if design == d]
                said = np.concatenate([run[0] for _, run in mine])
                truth = np.concatenate([y[test] for test, _ in mine])
                out["models"][name][d] = {
                    "rmse": float(np.mean([root_mean_squared_error(y[test], run[0]) for test, run in mine])),
                    "r2": float(r2_score(truth, said)),
                    "mae": float(mean_absolute_error(truth, said)),
                    "bias": float(np.mean(said - truth)),
                    "correlation": float(np.corrcoef(truth, said)[0, 1]) if np.std(said) > 0 else None,
                }
                if d == "group":
                    fitted[name] = mine
            seconds[name] = time.perf_counter() - began

        chosen = min(MODELS, key=lambda m: out["models"][m]["group"]["rmse"])
        mine = fitted[chosen]
        began = time.perf_counter()
        fit(chosen, x, y, glacier, SEED)
        seconds["final fit"] = time.perf_counter() - began

        began = time.perf_counter()
        said = np.empty(len(y))
        for test, run in mine:
            said[test] = run[0]
        inside = {}
        for level in sorted({*LEVELS, LEVEL}):
            low, high = intervals(y, said, designs["group"][0], level)
            inside[level] = float(np.mean((y >= low) & (y <= high)))
        seconds["intervals"] = time.perf_counter() - began

        began = time.perf_counter()
        grouped = {name for columns in SETS for name in columns}
        sets = SETS + [[f] for f in FEATURES if f not in grouped]
        sets = [[FEATURES.index(f) for f in columns] for columns in sets]
        losses = pool(delayed(importance)(run[1], x[test], y[test], sets, SEED) for test, run in mine)
        single = np.mean([a for a, _ in losses], axis=0)
        order = np.argsort(-single)
        seconds["importance"] = time.perf_counter() - began

        began = time.perf_counter()
        edges = {int(j): np.unique(np.quantile(x[:, j], np.linspace(0, 1, EFFECT_BINS + 1))) for j in order[:EFFECTS]}
        pool(delayed(effect)(run[1], x[test], j, e) for j, e in edges.items() for test, run in mine)
        seconds["effects"] = time.perf_counter() - began

    out["chosen"] = chosen
    out["coverage"] = inside[LEVEL]
    out["importance"] = {FEATURES[j]: float(single[j]) for j in order[:EFFECTS]}
    seconds["all"] = time.perf_counter() - START
    text = json.dumps(out, indent=1)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
