"""Reads the same large files in Esker and in its peers in turn, and prints times and ratios.

Run: python benches/formats/run.py [--rounds 3] [--folder /tmp/esker-bench]
(needs cargo, numpy, netCDF4, xarray, zarr and polars; the files take 1.5 GB and are made once, from a fixed seed)

Each program runs as a process of its own and reads every value once. What is counted is the reading itself: the peers time it inside, after
their imports; for Esker it is the whole process, which opens, reads, sums and prints.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHAPE, CHUNK = (1000, 361, 720), (50, 91, 180)  # 1.04 GB of float32

PEERS = {
    "grid.nc": "import xarray as xr\ndef read(f): return float(xr.open_dataset(f)['t2m'].values.mean(dtype='f8'))",
    "grid.zarr": "import zarr\ndef read(f): return float(zarr.open_group(f, mode='r')['t2m'][:].mean(dtype='f8'))",
    "table.csv": "import polars as pl\ndef read(f): return float(pl.read_csv(f, try_parse_dates=True)['y'].mean())",
}


def make(folder):
    import netCDF4
    import numpy as np
    import zarr

    rng = np.random.default_rng(0)
    times, rows, columns = SHAPE
    y, x = np.meshgrid(np.linspace(0, 3, rows), np.linspace(0, 6, columns), indexing="ij")
    if not (folder / "grid.nc").exists():
        file = netCDF4.Dataset(folder / "part.nc", "w")
        for name, length in zip(("time", "lat", "lon"), SHAPE):
            file.createDimension(name, length)
            file.createVariable(name, "f8", (name,))[:] = np.arange(length) * 0.25
        file["time"].units, file["lat"].units, file["lon"].units = "days since 2000-01-01", "degrees_north", "degrees_east"
        t2m = file.createVariable("t2m", "f4", ("time", "lat", "lon"), zlib=True, complevel=4, shuffle=True, chunksizes=CHUNK)
        t2m.units = "K"
        store = zarr.create_group(folder / "part.zarr")
        codec = zarr.codecs.ZstdCodec(level=5)
        names = ("time", "lat", "lon")
        twin = store.create_array("t2m", shape=SHAPE, chunks=CHUNK, dtype="f4", compressors=codec, dimension_names=names)
        for start in range(0, times, CHUNK[0]):
            block = np.empty((CHUNK[0], rows, columns), "f4")
            for i in range(CHUNK[0]):
                noise = rng.standard_normal((rows, columns), dtype="f4") * 0.5
                block[i] = np.round(280 + 20 * np.cos(y - 1.5) + 5 * np.sin(3 * x + (start + i) / 30) + noise, 2)
            t2m[start : start + CHUNK[0]] = block
            twin[start : start + CHUNK[0]] = block
        file.close()
        (folder / "part.nc").rename(folder / "grid.nc")
        (folder / "part.zarr").rename(folder / "grid.zarr")
    if not (folder / "table.csv").exists():
        import polars as pl

        n = 1_250_000
        frame = {f"x{j}": np.round(rng.standard_normal(n), 5) for j in range(20)}
        frame["y"] = np.round(rng.standard_normal(n), 4)
        frame["station"] = [f"ST{i % 5000:05d}" for i in range(n)]
        frame["time"] = np.datetime_as_string(np.datetime64("2000-01-01T00:00") + np.arange(n) * np.timedelta64(10, "m"))
        pl.DataFrame(frame).write_csv(folder / "table.csv")


def peer(file, code):
    script = f"import time, os, sys\n{code}\nt = time.perf_counter()\nm = read(sys.argv[1])\nprint(time.perf_counter() - t, m, flush=True)\nos._exit(0)"
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", script, str(file)], capture_output=True, text=True, check=True).stdout
    seconds, mean = out.split()[-2:]
    return float(seconds), float(mean)


def esker(program, file):
    import json

    began = time.perf_counter()
    out = subprocess.run([program, "info", str(file), "--values", "--json"], capture_output=True, text=True, check=True).stdout
    seconds = time.perf_counter() - began
    name = "y" if file.suffix == ".csv" else "t2m"
    return seconds, next(v for v in json.loads(out)["variables"] if v["name"] == name)["values"]["mean"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench"))
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "esker-cli"], cwd=ROOT, check=True)
    program = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/esker"
    make(options.folder)
    print(f"{'file':12} {'Esker':>9} {'peer':>9} {'ratio':>7}   means")
    for name, code in PEERS.items():
        file = options.folder / name
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(esker(program, file))
            theirs.append(peer(file, code))
        a, b = (statistics.median(t for t, _ in runs) for runs in (ours, theirs))
        print(f"{name:12} {a:7.2f} s {b:7.2f} s {b / a:7.1f}   {ours[0][1]:.6f} {theirs[0][1]:.6f}", flush=True)


if __name__ == "__main__":
    main()
