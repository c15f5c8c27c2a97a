"""How good boosted trees are beside their peers at equal settings: the same folds of real and synthetic tables, losses and their spread.

Run: python benches/trees/quality.py --data FOLDER [--folds 5] [--sets housing,wells,...]
(needs cargo, numpy, pandas, lightgbm and xgboost; with catboost installed, sets with categories are also compared with that)

FOLDER holds the public tables named in SETS, each in a folder of its own; sets whose table is not there are said to be left out. 200 trees of 31
leaves, rate 0.1, 255 bins, at least 20 rows a leaf, L2 penalty 1, two threads. Losses are root mean square errors, or mean negative log
probabilities of the true class. The last column is the mean over folds of Esker's loss less the peer's, with the standard error of that mean.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import tempfile
from pathlib import Path

import data
import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
COMMON = "trees=200 rate=0.1 leaves=31 min_leaf=20 bins=255 lambda=1".split()


def codes(column):
    found = pd.Categorical(column)
    return np.where(found.codes < 0, np.nan, found.codes).astype(float)


def table(path, target, leave, groups=None, classes=()):
    frame = pd.read_csv(path).dropna(subset=[target]).reset_index(drop=True)
    group = codes(frame[groups]) if groups else None
    y = frame[target] if pd.api.types.is_float_dtype(frame[target]) else pd.Series(codes(frame[target]))
    x = frame.drop(columns=[target, *leave])
    among = [list(x.columns).index(c) for c in classes]
    for c in classes:
        x[c] = codes(x[c])
    return x.to_numpy(float), y.to_numpy(float), group, among


def soils():
    """The made land cover with its 44 columns of 0 and 1 as two columns of categories."""
    x, y = data.covers(20_000, 1)
    kinds = np.stack([x[:, 10:14].argmax(1), x[:, 14:].argmax(1)], 1).astype(float)
    seen, count = np.unique(kinds[:, 1], return_counts=True)
    kinds[np.isin(kinds[:, 1], seen[count < 50]), 1] = seen[count.argmax()]
    return np.hstack([x[:, :10], kinds]), y, None, [10, 11]


SETS = {
    "fields": ("regression", lambda at: (*data.regression(20_000, 20, 1), None, [])),
    "covers": ("classes", lambda at: (*data.covers(20_000, 1), None, [])),
    "soils": ("classes", lambda at: soils()),
    "housing": ("regression", lambda at: table(at / "california-housing/california_housing_1990.csv", "median_house_value", [], None, ["ocean_proximity"])),
    "glaciers": (
        "regression",
        lambda at: table(at / "glacier-mass-balance/scandinavia_geodetic_mb_training.csv", "dmdtda", ["rgi_id", "period", "err_dmdtda", "target_id"], "rgi_id"),
    ),
    "wells": (
        "classes",
        lambda at: table(
            at / "well-logs-force2020/force2020_eight_wells.csv",
            "FORCE_2020_LITHOFACIES_LITHOLOGY",
            ["WELL", "X_LOC", "Y_LOC", "FORCE_2020_LITHOFACIES_CONFIDENCE"],
            None,
        ),
    ),
    "landslides": ("classes", lambda at: table(at / "landslides-ecuador/landslides.csv", "lslpts", ["x", "y"])),
}


def folds_of(y, group, count, classes):
    rng = np.random.default_rng(0)
    if group is not None:
        order = rng.permutation(int(group.max()) + 1)
        return order[group.astype(int)] % count
    fold = np.empty(len(y), int)
    for part in [np.flatnonzero(y == k) for k in np.unique(y)] if classes else [np.arange(len(y))]:
        fold[rng.permutation(part)] = np.arange(len(part)) % count
    return fold


def esker(program, train, held, among, task):
    with tempfile.TemporaryDirectory() as folder:
        data.write(Path(folder) / "set", train, held)
        classes = [f"CLASSES={','.join(map(str, among))}"] if among else []
        words = [str(program), str(Path(folder) / "set"), "boosting", task, "THREADS=2", "EXPLAIN=false", *classes, *COMMON]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[-1])["loss"]


def peer(name, train, held, among, classes):
    (x, y), (xt, yt) = train, held
    if name == "lightgbm":
        import lightgbm as lgb

        kind = lgb.LGBMClassifier if classes else lgb.LGBMRegressor
        model = kind(n_estimators=200, learning_rate=0.1, num_leaves=31, min_child_samples=20, max_bin=255, reg_lambda=1, n_jobs=2, verbose=-1)
        model.fit(x, y, categorical_feature=among if among else "auto")
    elif name == "xgboost":
        import xgboost as xgb

        frames = [pd.DataFrame(v).astype({c: pd.CategoricalDtype(range(int(np.nanmax(x[:, c])) + 1)) for c in among}) for v in (x, xt)]
        (x, xt), kind = frames, xgb.XGBClassifier if classes else xgb.XGBRegressor
        model = kind(
            n_estimators=200, learning_rate=0.1, tree_method="hist", max_bin=255, n_jobs=2, grow_policy="lossguide", max_leaves=31, max_depth=0,
            verbosity=0, enable_categorical=True,
        )
        model.fit(x, y)
    else:
        import catboost

        def frame(v):
            found = pd.DataFrame(v)
            for c in among:
                found[c] = found[c].astype(int).astype(str)
            return found

        kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
        model = kind(iterations=200, learning_rate=0.1, thread_count=2, verbose=False, allow_writing_files=False)
        x, xt = frame(x), frame(xt)
        model.fit(x, y, cat_features=among)
    if not classes:
        return float(np.sqrt(np.mean((model.predict(xt) - yt) ** 2)))
    return float(-np.log(model.predict_proba(xt)[np.arange(len(yt)), yt.astype(int)].clip(1e-15, 1)).mean())


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--folds", type=int, default=5)
    arguments.add_argument("--sets", default=",".join(SETS))
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker-models", "--example", "fit"], cwd=ROOT, check=True)
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/fit"
    print(f"{'set':11} {'rows':>6} {'model':9} {'loss':>11} {'sd of folds':>12}   Esker less peer (standard error)")
    for name in options.sets.split(","):
        task, make = SETS[name]
        try:
            x, y, group, among = make(options.data)
        except FileNotFoundError as error:
            print(f"{name:11} left out: {error.filename} is not there")
            continue
        classes = task == "classes"
        fold = folds_of(y, group, options.folds, classes)
        peers = ["lightgbm", "xgboost"] + (["catboost"] if among and importlib.util.find_spec("catboost") else [])
        losses = {who: [] for who in ["esker", *peers]}
        for k in range(options.folds):
            parts = [(x[fold != k], y[fold != k]), (x[fold == k], y[fold == k])]
            losses["esker"].append(esker(program, *parts, among, task))
            for who in peers:
                losses[who].append(peer(who, *parts, among, classes))
        mine = np.array(losses["esker"])
        for who, found in losses.items():
            less = mine - np.array(found)
            beside = "" if who == "esker" else f"{less.mean():+.5g} ({less.std(ddof=1) / np.sqrt(len(less)):.2g})"
            print(f"{name:11} {len(y):6} {who:9} {np.mean(found):11.5g} {np.std(found, ddof=1):12.3g}   {beside}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
