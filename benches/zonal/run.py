"""Zonal statistics of 10,000 polygons over a raster of 10,000 x 10,000 cells in Esker, exactextract and rasterstats, in turn.

Run: python benches/zonal/run.py [--rounds 3] [--folder /tmp/esker-bench]
(needs cargo, numpy, rasterio, geopandas, shapely, exactextract and rasterstats; the files take 300 MB and are made once, from a fixed seed)

Each program is a process of its own. What is counted is opening both files and the mean, least and greatest value and sum of each polygon; the
peers time it inside, after their imports, and so does Esker. Polygons are stars of 24 to 72 corners, some 90 cells across, that overlap a little.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIDE = 10_000

PEERS = {
    "exactextract": "from exactextract import exact_extract\ndef run(r, p): return [f['properties'] for f in exact_extract(r, gpd.read_file(p), ['mean', 'min', 'max', 'sum'])]",
    "exactextract, raster first": "from exactextract import exact_extract\ndef run(r, p): return [f['properties'] for f in exact_extract(r, gpd.read_file(p), ['mean', 'min', 'max', 'sum'], strategy='raster-sequential')]",
    "rasterstats": "from rasterstats import zonal_stats\ndef run(r, p): return zonal_stats(gpd.read_file(p), r, stats=['mean', 'min', 'max', 'sum'])",
}
FRAME = "import sys, time, json\nimport geopandas as gpd\n{code}\nr, p, o = sys.argv[1:]\nt = time.perf_counter(); v = run(r, p); t = time.perf_counter() - t\njson.dump(v, open(o, 'w')); print(f'{{t:.3f}}', flush=True)\n"


def make(folder):
    import geopandas as gpd
    import numpy as np
    import rasterio
    from shapely.geometry import Polygon

    rng = np.random.default_rng(0)
    raster, polygons = folder / "heights.tif", folder / "stars.gpkg"
    if not raster.exists():
        x = np.linspace(0, 40, SIDE, dtype="f4")
        shape = dict(driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32", crs="EPSG:32632", tiled=True, blockxsize=256, blockysize=256)
        with rasterio.open(folder / "part.tif", "w", compress="deflate", predictor=3, transform=rasterio.transform.from_origin(4e5, 5.3e6, 30, 30), **shape) as f:
            for row in range(0, SIDE, 256):
                rows = min(256, SIDE - row)
                y = x[row : row + rows, None]
                block = 2000 + 800 * np.sin(x) * np.cos(y) + 50 * np.sin(7 * x + 3 * y) + rng.standard_normal((rows, SIDE), dtype="f4")
                f.write(np.round(block, 1).astype("f4"), 1, window=((row, row + rows), (0, SIDE)))
        (folder / "part.tif").rename(raster)
    if not polygons.exists():
        shapes = []
        for k in range(10_000):
            n = int(rng.integers(24, 73))
            angle = np.sort(rng.uniform(0, 2 * np.pi, n))
            away = rng.uniform(25, 55, n) * 30
            cx, cy = 4e5 + (k % 100 + rng.uniform(0.4, 0.6)) * 3000, 5.3e6 - (k // 100 + rng.uniform(0.4, 0.6)) * 3000
            shapes.append(Polygon(np.column_stack([cx + away * np.cos(angle), cy + away * np.sin(angle)])).buffer(0))
        gpd.GeoDataFrame(geometry=shapes, crs="EPSG:32632").to_file(folder / "part.gpkg")
        (folder / "part.gpkg").rename(polygons)
    return raster, polygons


def main():
    import csv
    import json

    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--folder", type=Path, default=Path("/tmp/esker-bench"))
    words = words.parse_args()
    words.folder.mkdir(parents=True, exist_ok=True)
    raster, polygons = make(words.folder)
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "esker-io", "--example", "zonal"], cwd=ROOT, check=True)
    programs = {"Esker": [str(ROOT / "target/release/examples/zonal")]}
    programs |= {name: [sys.executable, "-W", "ignore", "-c", FRAME.format(code=code)] for name, code in PEERS.items()}
    times = {name: [] for name in programs}
    outs = {name: words.folder / f"zonal_{i}.{'csv' if i == 0 else 'json'}" for i, name in enumerate(programs)}
    for _ in range(words.rounds):
        for name, command in programs.items():
            done = subprocess.run([*command, str(raster), str(polygons), str(outs[name])], capture_output=True, text=True, check=True)
            times[name].append(float(done.stdout.split()[-1]))
    with open(outs["Esker"]) as f:
        ours = [float(next(v for k, v in row.items() if k.endswith("_mean"))) for row in csv.DictReader(f)]
    first = statistics.median(times["Esker"])
    for name, spent in times.items():
        middle = statistics.median(spent)
        line = f"{name:28} {middle:8.2f} s ({min(spent):.2f} to {max(spent):.2f}), {middle / first:5.1f} x Esker"
        if name != "Esker":
            with open(outs[name]) as f:
                apart = max(abs(a - b["mean"]) / abs(b["mean"]) for a, b in zip(ours, json.load(f)))
            line += f", means differ by {apart:.1e} at most"
        print(line, flush=True)


if __name__ == "__main__":
    main()
