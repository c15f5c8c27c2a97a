"""A small network beside its peers on the same arrays, in turn, with medians and ratios.

Run: python benches/mlp/run.py [--rounds 5] [--cases numbers,classes] [--torch PYTHON] [--folder /tmp/esker-bench/mlp]
(needs cargo, numpy and scikit-learn; torch in this Python or in the one named)

Two threads each. 50,000 rows, ten epochs of batches of 256, two hidden layers of 64 units, ReLU, Adam at rate 0.001, single precision in torch
and Esker, double in scikit-learn. Each run is a process of its own with a seed of its own; times are taken inside it, after the arrays are in
memory; the peers are warmed up first, Esker is not.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import data

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NETWORK = "width=64 depth=2 epochs=10 batch=256 optimiser=adam rate=0.001 schedule=constant weight_decay=0".split()
CASES = {"numbers": "regression", "classes": "classes"}


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr}")
    found = json.loads(done.stdout.splitlines()[-1])
    return {k: v[0] if isinstance(v, list) else v for k, v in found.items()}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--cases", default=",".join(CASES))
    arguments.add_argument("--torch", default=sys.executable if importlib.util.find_spec("torch") else None)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench/mlp"))
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker-models", "--example", "fit"], cwd=ROOT, check=True)
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/fit"
    data.make(options.folder)
    peers = {"sklearn": sys.executable}
    if options.torch:
        peers |= {"torch": options.torch, "torch-fused": options.torch}
    for case in options.cases.split(","):
        folder, task = str(options.folder / case), CASES[case]
        seen = {name: [] for name in ["esker", *peers]}
        for seed in range(1, options.rounds + 1):
            seen["esker"].append(run([str(program), folder, "mlp", task, "THREADS=2", f"SEED={seed}", *NETWORK]))
            for name, python in peers.items():
                seen[name].append(run([python, "-W", "ignore", str(HERE / "peers.py"), folder, name, task, str(seed)]))
        print(f"\n{case}: medians (range) of {options.rounds}; load {os.getloadavg()[0]:.1f}")
        print(f"{'':12} {'fit':>9} {'least':>9} {'most':>9} {'loss':>9}   range of losses")
        middle = {}
        for name, runs in seen.items():
            fits, losses = [r["fit"] for r in runs], [r["loss"] for r in runs]
            middle[name] = (statistics.median(fits), min(fits))
            print(f"{name:12} {middle[name][0]:7.3f} s {min(fits):7.3f} s {max(fits):7.3f} s {statistics.median(losses):9.4f}   {min(losses):.4f} to {max(losses):.4f}")
        for i, what in enumerate(("medians", "least")):
            best = min(peers, key=lambda p: middle[p][i])
            print(f"ratio of {what}: {middle[best][i] / middle['esker'][i]:.1f}x, {best} / Esker", flush=True)


if __name__ == "__main__":
    main()
