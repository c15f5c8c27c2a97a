"""Numbers that tests/conservative.rs compares with: python make.py writes globe.csv (a field of 24 x 48 cells with gaps), wanted.csv (it on 9 x 11 cells,
gaps filled) and wanted_gaps.csv (gaps left out).

Both are sums over all pairs of cells, checked against `cdo remapcon` of CDO 2.1.1, which agrees to 1e-14. (xarray-regrid 0.4.2 differs by up to 0.18 here: it
weighs a part of an old cell by the mean sine step of the whole cell.)
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
LAT, LON = np.arange(-86.25, 90, 7.5), np.arange(3.75, 360, 7.5)
LAT2, LON2 = np.arange(-80.0, 81, 20), 5.5 + np.arange(11) * 29.0
GRID = "gridtype=lonlat\nxsize=11\nysize=9\nxfirst=5.5\nxinc=29\nyfirst=-80\nyinc=20\n"


def edges(c):
    return np.concatenate([[c[0] - (c[1] - c[0]) / 2], (c[1:] + c[:-1]) / 2, [c[-1] + (c[-1] - c[-2]) / 2]])


def shared(old, new, height):
    return np.array([[max(0.0, height(min(b, d)) - height(max(a, c))) if min(b, d) > max(a, c) else 0.0
                      for a, b in zip(old, old[1:])] for c, d in zip(new, new[1:])])


def regridded(values, name):
    rows = shared(np.clip(edges(LAT), -90, 90), np.clip(edges(LAT2), -90, 90), lambda v: np.sin(np.radians(v)))
    # Columns west of the first old one lie a turn further on.
    cols = sum(shared(edges(LON), edges(LON2) + turn, lambda v: v) for turn in (-360, 0, 360))
    area = rows @ ~np.isnan(values) @ cols.T
    exact = np.where(area > 0, rows @ np.nan_to_num(values) @ cols.T / np.where(area > 0, area, 1), np.nan)
    data = xr.Dataset({"t": (("lat", "lon"), values)}, coords={"lat": LAT, "lon": LON})
    data.lat.attrs["units"], data.lon.attrs["units"] = "degrees_north", "degrees_east"
    data.to_netcdf("/tmp/regrid_in.nc", encoding={"t": {"_FillValue": -9e33}})
    Path("/tmp/regrid_grid").write_text(GRID)
    subprocess.run(["cdo", "-s", "remapcon,/tmp/regrid_grid", "/tmp/regrid_in.nc", "/tmp/regrid_out.nc"], check=True)
    peer = xr.open_dataset("/tmp/regrid_out.nc")["t"].values
    assert np.array_equal(np.isnan(peer), np.isnan(exact))
    print(name, "largest difference from cdo", np.nanmax(np.abs(peer - exact)), "missing", np.isnan(exact).sum())
    np.savetxt(HERE / name, exact, delimiter=",", fmt="%.17g")


rng = np.random.default_rng(5)
field = np.round(rng.normal(size=(LAT.size, LON.size)) + 10 * np.cos(np.radians(LAT))[:, None], 3)
gaps = np.where(rng.uniform(size=field.shape) < 0.5, np.nan, field)
gaps[:6, :12] = np.nan
np.savetxt(HERE / "globe.csv", gaps, delimiter=",", fmt="%.3f")
regridded(np.where(np.isnan(gaps), 5.0, gaps), "wanted.csv")
regridded(gaps, "wanted_gaps.csv")
os._exit(0)
