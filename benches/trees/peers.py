"""One peer on one case, in a process of its own: fit, predict, contributions. Prints one line of JSON, as the example `fit` does."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
SHARED = dict(trees=200, rate=0.1, leaves=31)


def load(folder):
    rows, features, held = map(int, (folder / "shape").read_text().split())
    read = lambda name, n: np.ascontiguousarray(np.fromfile(folder / f"x{name}.f64").reshape(features, n).T)
    return read("", rows), np.fromfile(folder / "y.f64"), read("t", held), np.fromfile(folder / "yt.f64")


def booster(name, classes):
    trees, rate, leaves = SHARED.values()
    if name == "lightgbm":
        import lightgbm as lgb

        kind = lgb.LGBMClassifier if classes else lgb.LGBMRegressor
        extra = dict(reg_lambda=1.0) if classes else {}
        return kind(n_estimators=trees, learning_rate=rate, num_leaves=leaves, max_bin=255, min_child_samples=20, n_jobs=THREADS, verbose=-1, **extra)
    if name == "xgboost":
        import xgboost as xgb

        kind = xgb.XGBClassifier if classes else xgb.XGBRegressor
        return kind(n_estimators=trees, learning_rate=rate, tree_method="hist", max_bin=255, n_jobs=THREADS, grow_policy="lossguide", max_leaves=leaves, max_depth=0, verbosity=0)
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(max_iter=trees, learning_rate=rate, max_leaf_nodes=leaves, max_bins=255, min_samples_leaf=20, early_stopping=False, l2_regularization=1.0 if classes else 0.0)


def forest(name):
    if name == "sklearnex":
        from sklearnex.ensemble import RandomForestRegressor
    else:
        from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(n_estimators=100, max_features=1 / 3, min_samples_leaf=5, n_jobs=THREADS)


def loss(model, x, y, classes):
    if not classes:
        return float(np.sqrt(np.mean((model.predict(x) - y) ** 2)))
    p = model.predict_proba(x)[np.arange(len(y)), y.astype(int)]
    return float(-np.log(p.clip(1e-15, 1)).mean())


def contributions(name, model, x):
    if name == "lightgbm":
        return lambda: model.predict(x, pred_contrib=True)
    if name == "xgboost":
        import xgboost as xgb

        return lambda: model.get_booster().predict(xgb.DMatrix(x, nthread=THREADS), pred_contribs=True)
    return None


def interactions(name, model, x):
    if name == "xgboost":
        import xgboost as xgb

        return lambda: model.get_booster().predict(xgb.DMatrix(x, nthread=THREADS), pred_interactions=True)
    return None


def permutation(name, model, x, y):
    """Five orders of each feature; scikit-learn's own loop, one job, which is the fastest for models with threads of their own."""
    from sklearn.inspection import permutation_importance

    return (lambda: permutation_importance(model, x, y, n_repeats=5, random_state=0)) if name in ("sklearn", "lightgbm") else None


def dependence(name, model, x):
    """Fifty values of each feature, predicted for every row."""
    from sklearn.inspection import partial_dependence

    each = lambda j: partial_dependence(model, x, [j], grid_resolution=50, method="brute")
    return (lambda: [each(j) for j in range(x.shape[1])]) if name == "sklearn" else None


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def resident(key):
    line = next(line for line in open("/proc/self/status") if line.startswith(key))
    return int(line.split()[1]) / 1024


def main():
    folder, name, task = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    classes = task == "classes"
    x, y, held, truth = load(folder)
    model = forest(name) if task == "forest" else booster(name, classes)
    model.fit(x[:500], y[:500])  # what is loaded at first use is not counted
    open("/proc/self/clear_refs", "w").write("5")
    before = resident("VmRSS")
    out = {"fit": timed(lambda: model.fit(x, y)), "extra_mib": resident("VmHWM") - before}
    ask = model.predict_proba if classes else model.predict
    out["predict"] = timed(lambda: ask(x))
    out["one"] = timed(lambda: [ask(held[:1]) for _ in range(50)]) / 50
    some = held[:10_000]
    asked = {"contributions": contributions(name, model, some) if task == "regression" else None}
    if "explain" in sys.argv[4:]:
        asked["interactions"] = interactions(name, model, some[:1000])
        asked["permutation"] = permutation(name, model, some, truth[:10_000])
        asked["dependence"] = dependence(name, model, some)
    out.update({what: timed(work) if work else None for what, work in asked.items()})
    out["loss"] = loss(model, held, truth, classes)
    print(json.dumps(out), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
