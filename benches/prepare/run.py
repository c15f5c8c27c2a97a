"""Lags and windows beside polars on the same rows, in turn, with medians and ratios.

Run: python benches/prepare/run.py [--rows 10000000] [--groups 1000] [--rounds 5]
(needs cargo, numpy and polars)

Two threads each. Each run is a process of its own; times are taken inside it, once the rows are in memory. Polars gets rows sorted by group and
time, or sorts them first (`shuffled`), and looks back within groups by `.over`; windows by days are `rolling_mean_by`. Windows end before the row in
both. What Esker's time holds besides is the series that it keeps for new rows. The sums of what both made are compared: those by days are apart by
a thousandth, for Esker asks for half of a window's days where polars says something of the first day on.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CASES = ["lags", "means", "extremes", "days"]


def polars_run(rows, groups, order, case):
    import time

    import numpy as np
    import polars as pl

    place = np.arange(rows, dtype=np.uint64)
    if order == "shuffled":
        place = (place * np.uint64(7_368_787)) % np.uint64(rows)
    h = place * np.uint64(6_364_136_223_846_793_005) + np.uint64(1_442_695_040_888_963_407)
    each = rows // groups
    group = np.minimum(place // each, groups - 1)
    frame = pl.DataFrame(
        {
            "g": group.astype(np.uint32),
            "t": (place - group * each).astype(np.int32),
            "v": (h >> np.uint64(11)) / float(1 << 53),
        }
    ).with_columns(pl.col("t").cast(pl.Date))
    v = pl.col("v")
    looks = {
        "lags": [v.shift(k).over("g").alias(f"l{k}") for k in (1, 2, 12)],
        "means": [v.shift(1).rolling_mean(w).over("g").alias(f"m{w}") for w in (3, 12)],
        "extremes": [v.shift(1).rolling_min(12).over("g").alias("low"), v.shift(1).rolling_max(12).over("g").alias("high")],
        "days": [v.rolling_mean_by("t", "30d", closed="left").over("g").alias("d30")],
    }[case]
    start = time.perf_counter()
    if order == "shuffled":
        made = frame.with_row_index("row").sort("g", "t").with_columns(looks).sort("row")
    else:
        made = frame.with_columns(looks)
    seconds = time.perf_counter() - start
    names = [c for c in made.columns if c not in ("g", "t", "v", "row")]
    print(json.dumps({"seconds": seconds, "sum": sum(made[c].sum() for c in names)}))
    sys.stdout.flush()
    os._exit(0)


def run(command):
    env = {**os.environ, "RAYON_NUM_THREADS": "2", "POLARS_MAX_THREADS": "2"}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--groups", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--polars", nargs=2, metavar=("ORDER", "CASE"), help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.polars:
        polars_run(asked.rows, asked.groups, *asked.polars)
    subprocess.run(["cargo", "build", "--release", "-q", "-p", "esker-models", "--example", "look_back"], cwd=ROOT, check=True)
    ours = ROOT / "target" / "release" / "examples" / "look_back"
    size = [str(asked.rows), str(asked.groups)]
    for order in ["sorted", "shuffled"]:
        for case in CASES:
            found = {"esker": [], "polars": []}
            for _ in range(asked.rounds):
                found["esker"].append(run([ours, *size, order, case]))
                theirs = [sys.executable, "-W", "ignore", __file__, "--rows", size[0], "--groups", size[1], "--polars", order, case]
                found["polars"].append(run(theirs))
            a, b = (statistics.median(r["seconds"] for r in found[k]) for k in ("esker", "polars"))
            apart = abs(found["esker"][0]["sum"] / found["polars"][0]["sum"] - 1)
            print(f"{order:9} {case:9} esker {a:6.3f} s  polars {b:6.3f} s  ratio {b / a:5.2f}  sums apart by {apart:.1e}")


if __name__ == "__main__":
    main()
