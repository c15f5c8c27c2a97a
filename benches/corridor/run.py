"""Runs the main example in Esker and in scikit-learn in turn, and prints time, memory and scores of both.

Run: python benches/corridor/run.py [--pairs 3] [--threads 2]   (needs cargo, numpy, pandas, scikit-learn; memory: Linux)
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = "examples/glacier-mass-balance/recipe.toml"
SCRIPT = Path(__file__).with_name("sklearn_corridor.py")
# Seconds between looks at a process's memory.
LOOK = 0.05


def tree(pid):
    """A process and all below it."""
    pids = [pid]
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in thread.read_text().split():
                pids += tree(int(child))
        except OSError:
            pass
    return pids


def memory(pid):
    """Proportional set size of a process tree in bytes: pages shared between processes count once."""
    total = 0
    for p in tree(pid):
        try:
            for line in Path(f"/proc/{p}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            pass
    return total


def measure(command, env):
    peak, stop = [0], threading.Event()
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def watch():
        while not stop.wait(LOOK):
            peak[0] = max(peak[0], memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    seconds = time.perf_counter() - began
    stop.set()
    watcher.join()
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit status {status}")
    return seconds, peak[0]


def esker_scores(record):
    """Mean RMSE over folds and pooled R² of each model under each design."""
    scores = {}
    for model in record["models"]:
        runs = {}
        for run in model["runs"]:
            by = {s["metric"]: s for s in run["scores"]}
            runs[run["design"]] = {"rmse": by["rmse"]["mean"], "r2": by["r2"]["pooled"]}
        scores[model["name"]] = runs
    return scores


def number(value):
    return "      –" if value is None else f"{value:7.3f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pairs", type=int, default=3)
    arguments.add_argument("--threads", type=int, default=2)
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker-cli"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    # One thread in each of the script's processes: the threads are shared out by fold.
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    times, peaks = {"esker": [], "sklearn": []}, {"esker": [], "sklearn": []}
    with tempfile.TemporaryDirectory() as folder:
        run, out = Path(folder) / "run", Path(folder) / "sklearn.json"
        commands = {
            "esker": [target / "release/esker", "run", RECIPE, "--quiet", "--threads", str(options.threads), "--output", run],
            "sklearn": [sys.executable, SCRIPT, out],
        }
        for pair in range(options.pairs):
            for name, command in commands.items():
                seconds, peak = measure([str(c) for c in command], env)
                times[name].append(seconds)
                peaks[name].append(peak)
                print(f"pair {pair + 1}  {name:8} {seconds:8.2f} s  {peak / 2**20:7.0f} MiB", flush=True)
        record, peer = json.loads((run / "record.json").read_text()), json.loads(out.read_text())

    print(f"\n{'':14} {'Esker':>18} {'scikit-learn':>18} {'ratio':>8}")
    for label, table, scale, unit in [("median time", times, 1, "s"), ("peak memory", peaks, 2**20, "MiB")]:
        a, b = (statistics.median(table[n]) / scale for n in ("esker", "sklearn"))
        print(f"{label:14} {a:14.2f} {unit:3} {b:14.2f} {unit:3} {b / a:8.1f}")

    ours = esker_scores(record)
    labels = [d["label"] for d in record["designs"]]
    print(f"\n{'model':12} {'design':22} {'RMSE: Esker':>12} {'sklearn':>8} {'R²: Esker':>11} {'sklearn':>8}")
    for name, theirs in peer["models"].items():
        for label, (_, b) in zip(labels, theirs.items()):
            a = ours.get(name, {}).get(label, {"rmse": None, "r2": None})
            print(f"{name:12} {label:22}  {number(a['rmse']):>11} {number(b['rmse']):>8} {number(a['r2']):>11} {number(b['r2']):>8}")
    coverage = (record["intervals"] or {}).get("coverage")
    print(f"\nchosen: {record['chosen']['model']} and {peer['chosen']}; coverage at .9: {number(coverage)} and {number(peer['coverage'])}")


if __name__ == "__main__":
    main()
