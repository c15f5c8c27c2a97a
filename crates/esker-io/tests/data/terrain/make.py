"""Numbers that tests/terrain.rs compares with: python make.py TERRAIN.tif (examples/landslides/terrain.tif) writes dem.tif and expected.csv here.

gdaldem of GDAL 3.6.2 for slope, aspect, hillshade, TPI, TRI (Riley) and roughness; numpy 2 for mean, standard deviation and entropy of 5 x 5 cells
(levels of 10 m). dem.tif is a part of the landslide example's elevations (spDataLarge, CC0) with one cell taken out, above its lowest cell and in eighths of a
metre: gdaldem adds heights in single precision, and of such heights these sums are exact. (Of the heights as they are, near 2,000 m, its slopes
are off by up to 1e-5 of their value.)
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio

HERE = Path(__file__).resolve().parent
DEM = HERE / "dem.tif"
RUNS = {
    "slope": ["slope"], "slope_zt": ["slope", "-alg", "ZevenbergenThorne"], "aspect": ["aspect"], "aspect_zt": ["aspect", "-alg", "ZevenbergenThorne"],
    "hillshade": ["hillshade"], "hillshade_zt": ["hillshade", "-alg", "ZevenbergenThorne"], "tpi": ["TPI"], "tri": ["TRI", "-alg", "Riley"],
    "roughness": ["roughness"],
}

with rasterio.open(sys.argv[1]) as source:
    band = [d or f"band {i + 1}" for i, d in enumerate(source.descriptions)].index("elev") + 1
    window = rasterio.windows.Window(60, 50, 40, 36)
    heights = source.read(band, window=window).astype("float32")
    profile = {"driver": "GTiff", "width": 40, "height": 36, "count": 1, "dtype": "float32", "crs": source.crs, "transform": source.window_transform(window)}
assert np.isfinite(heights).all() and (heights > -1000).all()
heights = np.round(8 * (heights - heights.min())).astype("float32") / 8
heights[20, 11] = -9999
with rasterio.open(DEM, "w", nodata=-9999, compress="deflate", predictor=3, **profile) as out:
    out.write(heights, 1)

columns = {}
for name, (what, *options) in RUNS.items():
    subprocess.run(["gdaldem", what, DEM, "/tmp/gdaldem.tif", *options], check=True, capture_output=True)
    with rasterio.open("/tmp/gdaldem.tif") as found:
        columns[name] = np.where(found.read(1) == found.nodata, np.nan, found.read(1).astype(float)).ravel()

known = np.where(heights == -9999, np.nan, heights.astype(float))
parts = np.full((*known.shape, 25), np.nan)
parts[2:-2, 2:-2] = np.lib.stride_tricks.sliding_window_view(known, (5, 5)).reshape(32, 36, 25)
levels = np.floor(parts / 10)
share = (levels[..., None, :] == levels[..., :, None]).mean(axis=-1)
entropy = -np.log2(share).mean(axis=-1) + 0.0
columns |= {"mean": parts.mean(axis=-1).ravel(), "sd": parts.std(axis=-1, ddof=1).ravel()}
columns["entropy"] = np.where(np.isnan(columns["mean"]), np.nan, entropy.ravel())
with open(HERE / "expected.csv", "w") as out:
    out.write(",".join(columns) + "\n")
    for row in np.array(list(columns.values())).T:
        out.write(",".join("NaN" if np.isnan(v) else f"{v:.9g}" for v in row) + "\n")
