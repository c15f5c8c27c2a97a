"""Support vector machines beside scikit-learn (LIBSVM) on the same arrays, in turn, with medians and ratios.

Run: python benches/svm/run.py [--rounds 5] [--folder /tmp/esker-bench/svm] (needs cargo, numpy and scikit-learn)

5,000 rows of 20 standardised features, Gaussian kernel with gamma "scale", a tolerance of 1e-3, 2,000 held-out rows. Each run is a process
of its own with two threads; times are taken inside it, after the arrays are in memory. Esker's machines for classes always fit
probabilities on five folds of held-out decision values; the peer does the same (`CalibratedClassifierCV`, one model of all rows), and its
time without probabilities stands beside it. Linear machines: a plane with an unpenalised constant term, by LIBSVM in the peer.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROWS, HELD, FEATURES = 5000, 2000, 20
CASES = [
    ("numbers", "regression", "rbf", 1),
    ("numbers", "regression", "rbf", 100),
    ("numbers", "regression", "linear", 1),
    ("two", "classes", "rbf", 1),
    ("two", "classes", "rbf", 100),
    ("two", "classes", "linear", 1),
    ("five", "classes", "rbf", 1),
]


def make(folder):
    rng = np.random.default_rng(42)
    x = rng.normal(size=(ROWS + HELD, FEATURES))
    x[:, 10:] = 0.6 * x[:, :10] + 0.8 * x[:, 10:]
    signal = np.sin(1.5 * x[:, 0]) + 0.7 * x[:, 1] * (x[:, 2] > 0) - 0.5 * x[:, 3] ** 2 + 0.4 * x[:, 4]
    y = 20 + 5 * (signal + 0.4 * rng.normal(size=len(x)))
    noisy = signal + 0.4 * rng.normal(size=len(x))
    targets = {"numbers": y, "two": (noisy > 0).astype(float), "five": np.digitize(noisy, [-1.2, -0.4, 0.3, 1.0]).astype(float)}
    for name, target in targets.items():
        at = folder / name
        at.mkdir(parents=True, exist_ok=True)
        for part, rows in (("", slice(0, ROWS)), ("t", slice(ROWS, None))):
            np.ascontiguousarray(x[rows].T, "<f8").tofile(at / f"x{part}.f64")
            np.ascontiguousarray(target[rows], "<f8").tofile(at / f"y{part}.f64")
        (at / "shape").write_text(f"{ROWS} {FEATURES} {HELD}")


def peer(folder, task, kernel, cost):
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC, SVR

    read = lambda name, n: np.ascontiguousarray(np.fromfile(folder / f"x{name}.f64").reshape(FEATURES, n).T)
    x, held = read("", ROWS), read("t", HELD)
    y, truth = np.fromfile(folder / "y.f64"), np.fromfile(folder / "yt.f64")
    shared = dict(kernel=kernel, C=cost, cache_size=200)
    mean, sd = y.mean(), y.std()
    if task == "regression":
        bare = model = SVR(epsilon=0.1, **shared)
        y = (y - mean) / sd
    else:
        bare, model = SVC(**shared), CalibratedClassifierCV(SVC(**shared), ensemble=False, cv=5)
    model.fit(x[:200], y[:200])  # what is loaded at first use is not counted
    out, began = {}, time.perf_counter()
    model.fit(x, y)
    out["fit"] = time.perf_counter() - began
    began = time.perf_counter()
    bare.fit(x, y)
    out["bare"] = time.perf_counter() - began
    ask = (lambda at: mean + sd * model.predict(at)) if task == "regression" else model.predict_proba
    began = time.perf_counter()
    ask(x)
    out["predict"] = time.perf_counter() - began
    said = ask(held)
    if task == "regression":
        out["loss"] = float(np.sqrt(np.mean((said - truth) ** 2)))
    else:
        out["loss"] = float(-np.log(said[np.arange(HELD), truth.astype(int)].clip(1e-15)).mean())
    print(json.dumps(out), flush=True)
    os._exit(0)


def run(command):
    out = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"}).stdout
    found = json.loads(out.strip().splitlines()[-1])
    return {name: v[0] if isinstance(v, list) else v for name, v in found.items()}


def main():
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench/svm"))
    words.add_argument("--peer", nargs=3)
    given = words.parse_args()
    if given.peer:
        task, kernel, cost = given.peer
        peer(given.folder, task, kernel, float(cost))
    make(given.folder)
    subprocess.run(["cargo", "build", "--release", "-q", "-p", "esker-models", "--example", "fit"], cwd=ROOT, check=True)
    fit = ROOT / "target/release/examples/fit"
    print(f"{'':34}{'Esker':>9}{'peer':>9}{'ratio':>7}{'no prob.':>10}{'asked':>9}{'peer':>9}{'ratio':>7}{'loss':>9}{'peer':>9}")
    for name, task, kernel, cost in CASES:
        at = given.folder / name
        ours, theirs = [], []
        for _ in range(given.rounds):
            ours.append(run([fit, at, "svm", task, "THREADS=2", f"kernel={kernel}", f"cost={cost}"]))
            theirs.append(run([sys.executable, "-W", "ignore", __file__, "--folder", at, "--peer", task, kernel, str(cost)]))
        of = lambda runs, key: statistics.median(r[key] for r in runs)
        line = f"{name}, {kernel}, cost {cost}"
        pairs = [of(ours, "fit"), of(theirs, "fit"), of(theirs, "bare"), of(ours, "predict"), of(theirs, "predict")]
        print(
            f"{line:34}{pairs[0]:9.3f}{pairs[1]:9.3f}{pairs[1] / pairs[0]:7.1f}{pairs[2]:10.3f}{pairs[3]:9.4f}{pairs[4]:9.4f}"
            f"{pairs[4] / pairs[3]:7.1f}{of(ours, 'loss'):9.4f}{of(theirs, 'loss'):9.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
