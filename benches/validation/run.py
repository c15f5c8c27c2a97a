"""Area of applicability and nearest-neighbour distance matching beside CAST (R) on the same arrays, in turn, with medians and ratios.

Run: python benches/validation/run.py [--rounds 3] [--cases aoa,lpd,...] [--folder /tmp/esker-bench/validation]     (needs cargo, numpy and Rscript
with CAST 1.1.0, sf and twosamples; R_LIBS says where R finds them; the arrays take 200 MB and are made once, from fixed seeds)

Each run is a process of its own; times are those of the call, after the arrays are in memory. CAST runs with its defaults. The two must
agree: dissimilarity to 1e-6 in every cell, the same area, density, folds and exclusions, W to 1e-6 of its value. Then Esker alone at the sizes
that CAST cannot do in reasonable time.
"""

import argparse
import json
import os
import statistics
import subprocess
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SIDE = 1000  # cells of the map a side
FEATURES = 20
CASES = {
    "aoa": ("aoa", "map-200000"),
    "lpd": ("lpd", "map-20000"),
    "knndm-1000": ("knndm", "points-1000-10000"),
    "knndm-5000": ("knndm", "points-5000-100000"),
    "nndm": ("nndm", "points-300-10000"),
}
ALONE = {
    "knndm of 20,000 samples, 1,000,000 wanted": ("knndm", "points-20000-1000000"),
    "dissimilarity and density of 10,000,000 cells": ("lpd", "map-1000000", "10"),
}


def layers(rng):
    """Layers of a map as those of a region are: a few smooth fields mixed, and something rough of their own."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    hidden = []
    for _ in range(6):
        waves = rng.normal(size=(12, 2)) * 2 * np.pi * rng.uniform(0.3, 4, size=(12, 1))
        hidden.append(sum(np.cos(a * x + b * y + p) for (a, b), p in zip(waves, rng.uniform(0, 2 * np.pi, 12))) / np.sqrt(6))
    mix = rng.normal(size=(FEATURES, 6))
    return [np.ravel(sum(m * h for m, h in zip(row, hidden)) + 0.3 * rng.normal(size=(SIDE, SIDE))) for row in mix]


def clumps(rng, n, of):
    """Places in clumps on the unit square, and the clump of each."""
    which = np.arange(n) % of
    centre = rng.uniform(0.1, 0.9, size=(of, 2))
    return np.clip(centre[which] + 0.02 * rng.normal(size=(n, 2)), 0, 0.999), which


def put(folder, **arrays):
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        np.ascontiguousarray(values, "<f8").tofile(folder / name)


def make(folder):
    done = folder / "made"
    if done.exists():
        return
    rng = np.random.default_rng(1)
    whole = np.array(layers(rng))
    place, which = clumps(rng, 1000, 50)
    rows = whole[:, (place[:, 1] * SIDE).astype(int) * SIDE + (place[:, 0] * SIDE).astype(int)]
    for cells in (20_000, 200_000, SIDE * SIDE):
        put(folder / f"map-{cells}", cells=whole[:, :: SIDE * SIDE // cells], train=rows, fold=which % 10, weights=0.8 ** np.arange(FEATURES))
    for samples, wanted in ((300, 10_000), (1000, 10_000), (5000, 100_000), (20_000, 1_000_000)):
        side = int(wanted**0.5)
        y, x = np.mgrid[0:side, 0:side] / side
        place, _ = clumps(rng, samples, max(10, samples // 100))
        put(folder / f"points-{samples}-{wanted}", samples=1e6 * place.T, wanted=1e6 * np.array([x.ravel(), y.ravel()]))
    done.touch()


def run(command):
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def agree(folder, case, ours, theirs):
    """How far apart the answers are, in words; an assertion fails where they differ."""
    of = lambda who, what: np.fromfile(folder / f"{who}-{what}", "<f8")
    if "W" in ours:
        apart = abs(ours["W"] - theirs["W"]) / theirs["W"]
        if case == "nndm":
            assert np.array_equal(of("esker", "out"), of("cast", "out"))
        else:
            pairs = set(zip(of("esker", "fold"), of("cast", "fold")))
            assert len(pairs) == 10, "folds differ"
        assert apart < 1e-6
        return f"W {theirs['W']:.6f}, {apart:.0e} of it apart, same {'exclusions' if case == 'nndm' else 'folds'}"
    apart = np.abs(of("esker", "DI") - of("cast", "DI")).max()
    assert apart < 1e-6 and abs(ours["threshold"] - theirs["threshold"]) < 1e-6
    assert np.array_equal(of("esker", "DI") <= ours["threshold"], of("cast", "AOA") == 1)
    assert case != "lpd" or np.array_equal(of("esker", "LPD"), of("cast", "LPD"))
    return f"largest difference of DI {apart:.0e}, {of('cast', 'AOA').mean():.1%} inside in both"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--cases", default=",".join([*CASES, "alone"]))
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench/validation"))
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker-evaluate", "--example", "validation"], cwd=ROOT, check=True)
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/validation"
    make(options.folder)
    print(f"medians of {options.rounds}\n{'':12} {'Esker':>10} {'CAST':>10} {'ratio':>8}")
    for case in options.cases.split(","):
        if case == "alone":
            continue
        what, of = CASES[case]
        folder = options.folder / of
        seen = []
        for _ in range(options.rounds):
            ours = run([program, what, folder])
            theirs = run(["Rscript", HERE / "cast.R", what, folder])
            seen.append((ours["seconds"], theirs["seconds"]))
            words = agree(folder, case, ours, theirs)
        ours, theirs = (statistics.median(times) for times in zip(*seen))
        print(f"{case:12} {ours:8.3f} s {theirs:8.2f} s {theirs / ours:7.0f}x   {words}", flush=True)
    if "alone" in options.cases.split(","):
        for name, (what, of, *more) in ALONE.items():
            found = [run([program, what, options.folder / of, *more]) for _ in range(options.rounds)]
            print(f"{name}: {statistics.median(f['seconds'] for f in found):.2f} s, peak {max(f['peak_mib'] for f in found):.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
