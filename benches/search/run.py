"""Random search over boosting, 20 candidates on 5 folds of 20,000 x 20 rows, beside scikit-learn's over LightGBM and its own boosting.

Run: python benches/search/run.py [--rounds 5] [--folder /tmp/esker-bench/search]     (needs cargo, numpy, scipy, scikit-learn and lightgbm)

All judge every candidate on every fold (no racing) and refit nothing; 100 trees, the same spaces of rate, leaves, rows a leaf and L2 penalty.
Two threads each, arranged in both ways for the peers: two processes of one thread, or one process of two. Each run is a process of its own;
times are taken inside it, after the arrays are in memory. Esker's run with racing and model-based proposals is shown beside.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "trees"))
PEERS = ["lightgbm processes", "lightgbm threads", "sklearn processes", "sklearn threads"]


def peer(folder, name):
    import numpy as np
    from scipy.stats import loguniform, randint
    from sklearn.model_selection import KFold, RandomizedSearchCV

    rows, features = map(int, (Path(folder) / "shape").read_text().split()[:2])
    x = np.fromfile(Path(folder) / "x.f64", "<f8").reshape(features, rows).T.copy()
    y = np.fromfile(Path(folder) / "y.f64", "<f8")
    which, way = name.split()
    jobs = 2 if way == "processes" else 1
    if which == "lightgbm":
        from lightgbm import LGBMRegressor

        model, names = LGBMRegressor(n_estimators=100, n_jobs=3 - jobs, verbose=-1), ["num_leaves", "min_child_samples", "reg_lambda"]
    else:
        from sklearn.ensemble import HistGradientBoostingRegressor

        model, names = HistGradientBoostingRegressor(max_iter=100, early_stopping=False), ["max_leaf_nodes", "min_samples_leaf", "l2_regularization"]
    space = dict(zip(["learning_rate", *names], [loguniform(0.03, 0.3), randint(8, 64), randint(5, 100), loguniform(1e-3, 10)]))
    folds = KFold(5, shuffle=True, random_state=0)
    search = RandomizedSearchCV(model, space, n_iter=20, cv=folds, random_state=0, n_jobs=jobs, scoring="neg_root_mean_squared_error", refit=False)
    start = time.perf_counter()
    search.fit(x, y)
    spent = time.perf_counter() - start
    if jobs > 1:
        # Idle processes would hold the output open for minutes.
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True, kill_workers=True)
    print(json.dumps({"search": spent, "score": -search.cv_results_["mean_test_score"].max()}), flush=True)
    os._exit(0)


def run(command, threads):
    # A number of threads in the environment would be inherited by every process: two by two of them.
    bare = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    env = {**bare, "OMP_NUM_THREADS": "2"} if threads else bare
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout
    return json.loads(out.splitlines()[-1])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench/search"))
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker", "--example", "search"], cwd=ROOT, check=True)
    import data

    data.write(options.folder, data.regression(20_000, 20, 1), data.regression(2_000, 20, 2))
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/search"
    folder = str(options.folder)
    commands = {"esker": [str(program), folder], "esker, tpe, racing": [str(program), folder, "METHOD=tpe", "HALVING=true"]}
    commands |= {name: [sys.executable, "-W", "ignore", str(HERE / "run.py"), "PEER", folder, name] for name in PEERS}
    seen = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            seen[name].append(run(command, not name.endswith("processes")))
    middle = {name: statistics.median(r["search"] for r in runs) for name, runs in seen.items()}
    print(f"20 candidates, 5 folds, 20,000 x 20, medians of {options.rounds}\n{'':22} {'search':>9} {'best':>9}   fastest and slowest run")
    for name, runs in seen.items():
        ends = sorted(r["search"] for r in runs)
        print(f"{name:22} {middle[name]:7.2f} s {runs[0]['score']:9.4f}   {ends[0]:.2f} to {ends[-1]:.2f} s", flush=True)
    print(f"{'ratio':22} {min(middle[p] for p in PEERS) / middle['esker']:8.1f}x   fastest peer / Esker without racing")


if __name__ == "__main__":
    if sys.argv[1:2] == ["PEER"]:
        peer(*sys.argv[2:])
    main()
