"""Numbers that tests/texture.rs compares with: python texture.py writes texture.csv here, of dem.tif (see make.py).

scikit-image's graycomatrix and graycoprops (the version stands in the first line of the file), symmetric and normed, the mean over four directions. Diagonals of
distance d go d rows and d columns, as in Haralick et al. (1973): graycomatrix rounds the legs of a diagonal and is asked for one of d times the
root of 2. Missing cells, and those beyond the raster, have a level of their own, whose row and column are taken out of the matrix before graycoprops sees
it. The correlation of one level, which graycoprops says is 1, is missing; entropies are in bits.
"""

from pathlib import Path

import numpy as np
import rasterio
import skimage
from skimage.feature import graycomatrix, graycoprops

HERE = Path(__file__).resolve().parent
# Name, window, distance, levels, ends, share of pairs that must be known.
CASES = [("measured", 7, 1, 32, None, 0.5), ("stated", 5, 2, 16, (20.0, 130.0), 0.75)]
NAMES = ["contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation", "entropy"]
ROWS = [0, 1, 2, 3, 9, 17, 19, 20, 22, 34, 35]

with rasterio.open(HERE / "dem.tif") as source:
    heights = source.read(1).astype(float)
    heights[source.read(1) == source.nodata] = np.nan


def one(part, distance, levels, share):
    if part[part.shape[0] // 2, part.shape[1] // 2] == levels:
        return [np.nan] * len(NAMES)
    found = []
    for far, angle in [(distance, 0), (distance, np.pi / 2), (distance * 2**0.5, np.pi / 4), (distance * 2**0.5, 3 * np.pi / 4)]:
        matrix = graycomatrix(part, [far], [angle], levels=levels + 1, symmetric=True)
        most = matrix.sum()
        matrix = matrix[:levels, :levels]
        if matrix.sum() < max(1, share * most):
            return [np.nan] * len(NAMES)
        values = [graycoprops(matrix, name)[0, 0] for name in NAMES]
        if graycoprops(matrix, "std")[0, 0] < 1e-9:
            values[NAMES.index("correlation")] = np.nan
        values[NAMES.index("entropy")] /= np.log(2)
        found.append(values)
    return np.mean(found, axis=0)


columns = {"row": np.repeat(ROWS, heights.shape[1]), "column": np.tile(np.arange(heights.shape[1]), len(ROWS))}
for case, window, distance, levels, ends, share in CASES:
    low, high = ends or (np.nanmin(heights), np.nanmax(heights))
    grey = np.clip(np.floor((heights - low) / (high - low) * levels), 0, levels - 1)
    grey = np.pad(np.where(np.isnan(grey), levels, grey).astype(np.uint8), window // 2, constant_values=levels)
    parts = np.lib.stride_tricks.sliding_window_view(grey, (window, window))
    values = [one(np.ascontiguousarray(parts[r, c]), distance, levels, share) for r in ROWS for c in range(heights.shape[1])]
    columns |= {f"{case} {name.lower()}": v for name, v in zip(NAMES, np.array(values).T)}
with open(HERE / "texture.csv", "w") as out:
    out.write(f"scikit-image {skimage.__version__}\n" + ",".join(columns) + "\n")
    for row in np.array(list(columns.values())).T:
        out.write(",".join("NaN" if np.isnan(v) else f"{v:.9g}" for v in row) + "\n")
