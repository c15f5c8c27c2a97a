"""Boosting and forests beside their peers on the same arrays, in turn, with medians and ratios.

Run: python benches/trees/run.py [--rounds 5] [--cases large,covers,small,sides,explain,forest] [--folder /tmp/esker-bench/trees]
(needs cargo, numpy, scikit-learn, lightgbm and xgboost; the arrays take 600 MB and are made once, from fixed seeds; with
--sklearnex PYTHON, a Python that has Intel's extension of scikit-learn, forests are also compared with that)

Two threads each, 200 trees of 31 leaves, rate 0.1, 255 bins, at least 20 rows a leaf; forests of 100 trees, a third of the features a
node, at least 5 rows a leaf. Each run is a process of its own; times are taken inside it, after the arrays are in memory.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import data

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BOOSTING = ["trees=200", "rate=0.1", "leaves=31", "min_leaf=20", "bins=255"]
CASES = {
    "large": ("boosting", "regression", [*BOOSTING, "lambda=0"], ["sklearn", "lightgbm", "xgboost"]),
    "covers": ("boosting", "classes", [*BOOSTING, "lambda=1"], ["lightgbm", "xgboost"]),
    "small": ("boosting", "regression", [*BOOSTING, "lambda=0"], ["sklearn", "lightgbm", "xgboost"]),
    "sides": ("boosting", "classes", [*BOOSTING, "lambda=1"], ["sklearn", "lightgbm", "xgboost"]),
    "explain": ("boosting", "regression", [*BOOSTING, "lambda=0"], ["sklearn", "lightgbm", "xgboost"]),
    "forest": ("forest", "regression", ["trees=100", "columns=0.3333", "min_leaf=5"], ["sklearn"]),
}
WORK = ("fit", "predict", "one", "contributions", "interactions", "permutation", "dependence")


def run(command):
    out = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"}).stdout
    found = json.loads(out.splitlines()[-1])
    return {k: (v[0] if v else None) if isinstance(v, list) else v for k, v in found.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--cases", default=",".join(CASES))
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench/trees"))
    arguments.add_argument("--sklearnex", type=Path)
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker-models", "--example", "fit"], cwd=ROOT, check=True)
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/fit"
    data.make(options.folder)
    for case in options.cases.split(","):
        model, task, settings, peers = CASES[case]
        folder = str(options.folder / case)
        explain = case == "explain"
        commands = {"esker": [str(program), folder, model, task, "THREADS=2", f"EXPLAIN={str(task == 'regression' and model == 'boosting').lower()}", *settings]}
        if model == "forest" and options.sklearnex:
            peers = [*peers, "sklearnex"]
        for peer in peers:
            python = str(options.sklearnex) if peer == "sklearnex" else sys.executable
            words = [folder, peer, "forest" if model == "forest" else task, *(["explain"] if explain else [])]
            commands[peer] = [python, "-W", "ignore", str(HERE / "peers.py"), *words]
        seen = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                seen[name].append(run(command))
        middle = lambda name, what: statistics.median([r[what] for r in seen[name]]) if seen[name][0].get(what) else None
        print(f"\n{case}: {model}, {task}, medians of {options.rounds}")
        titles = " ".join(f"{w[:9]:>9}" for w in WORK)
        print(f"{'':10} {titles} {'loss':>9} {'MiB more':>9}")
        for name in commands:
            cells = [middle(name, w) for w in WORK]
            shown = " ".join(f"{c:7.3f} s" if c and c > 1e-3 else f"{c * 1e6:6.1f} us" if c else f"{'-':>9}" for c in cells)
            print(f"{name:10} {shown} {middle(name, 'loss'):9.5f} {middle(name, 'extra_mib'):9.1f}", flush=True)
        ratios = []
        for what in WORK:
            rest = [middle(p, what) for p in peers if middle(p, what)]
            ratios.append(f"{min(rest) / middle('esker', what):8.1f}x" if rest and middle('esker', what) else f"{'-':>9}")
        print(f"{'ratio':10} {' '.join(ratios)}   fastest peer / Esker", flush=True)


if __name__ == "__main__":
    main()
