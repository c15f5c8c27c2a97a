"""What Esker writes, judged by others: CF checkers on NetCDF, the validator of cloud-optimised GeoTIFF, and every output opened with
xarray, netCDF4, GDAL (rasterio, pyogrio) and, where it is there, R's terra; values against those that went in.

    python validation/written.py target/release/esker

Writes validation/written.csv: a line a file and judge. Fails on an error of a checker that is Esker's, and on a value that differs.
"""

import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import cftime
import compliance_checker
import netCDF4
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import xarray as xr
from rasterio.transform import from_origin

ROOT = pathlib.Path(__file__).parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
BIN = pathlib.Path(sys.executable).parent
LINES, FAULTS = [], []


def esker(*words):
    run = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"esker {' '.join(map(str, words))}\n{run.stderr}")


def judged(file, judge, verdict, remarks=()):
    LINES.append([file, judge, verdict, " | ".join(remarks)])
    print(f"{file:12} {judge:28} {verdict}", *remarks, sep="\n    " if remarks else " ")


def same(file, judge, got, wanted, most=0.0):
    got, wanted = np.asarray(got, "f8"), np.asarray(wanted, "f8")
    ok = got.shape == wanted.shape and np.array_equal(np.isnan(got), np.isnan(wanted))
    worst = np.nanmax(np.abs(got - wanted), initial=0.0) if ok else np.inf
    verdict = f"{got.size} values, largest difference {worst:g}" if ok else f"shape {got.shape} or gaps differ from {wanted.shape}"
    judged(file, judge, verdict)
    if worst > most:
        FAULTS.append(f"{file} {judge}: {verdict}")


# ---- what goes in

def inputs(folder):
    rng = np.random.default_rng(3)
    lat, lon, level = np.arange(50.0, 45, -0.5), np.arange(5.0, 12, 0.5), [850.0, 500.0]
    t = 280 + rng.normal(size=(6, len(lat), len(lon))).round(3)
    t[2, 3, 4] = np.nan
    cube = xr.Dataset(
        {
            "t2m": (("time", "lat", "lon"), t.astype("f4"), {"units": "K", "long_name": "temperature at 2 m", "standard_name": "air_temperature"}),
            "z": (("time", "level", "lat", "lon"), rng.normal(size=(6, 2, len(lat), len(lon))), {"units": "m", "long_name": "height"}),
        },
        coords={
            "time": ("time", pd.date_range("2001-01-01", periods=6, freq="MS")),
            "level": ("level", level, {"units": "hPa"}),
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    cube.to_netcdf(folder / "cube.nc")
    year = cube[["t2m"]].assign_coords(time=[cftime.Datetime360Day(2001, m, 30) for m in range(1, 7)])
    year.to_netcdf(folder / "days360.nc")
    height = (1000 + 10 * rng.normal(size=(2, 300, 280))).astype("f4")
    height[0, :5, :7] = -9999
    where = {"transform": from_origin(620000, 5190000, 30, 30), "crs": "EPSG:32632", "nodata": -9999}
    with rasterio.open(folder / "utm.tif", "w", driver="GTiff", count=2, dtype="float32", width=280, height=300, **where) as tif:
        tif.write(height)
        tif.update_tags(**{"NC_GLOBAL#title": "Made heights", "odd name": "kept"})
    with open(folder / "points.csv", "w") as out:
        out.write("station,lon,lat,elevation,when\nA1,10.5,46.8,2100.5,2001-05-01\nB 2,10.7,46.9,2500,2001-06-01T06:00\nÖtz,10.9,46.85,,2001-07-01\n")
    shape = {"type": "Polygon", "coordinates": [[[10, 46], [11, 46], [11, 47], [10, 46]]]}
    feature = {"type": "Feature", "properties": {"name": "Ötz", "area": 1.5}, "geometry": shape}
    (folder / "shapes.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))


def predicted(folder):
    """A map of the landslide example, with fewer trees."""
    for name in ["landslides.csv", "terrain.tif"]:
        shutil.copy(ROOT / "examples/landslides" / name, folder)
    (folder / "recipe.toml").write_text(
        'title = "Landslides"\nseed = 3\n[data]\nsource = "landslides.csv"\n[roles]\ntarget = { column = "lslpts", kind = "class" }\n'
        'place = { x = "x", y = "y", crs = "EPSG:32717" }\nfeatures = ["slope", "cplan", "cprof", "elev", "log10_carea"]\n'
        '[validate]\ndesign = "stratified"\nfolds = 3\n[[model]]\nkind = "forest"\ntrees = 10\n[explain]\nimportance = false\n'
    )
    esker("run", folder / "recipe.toml", "-o", folder / "run", "-q")
    for ending in ["nc", "tif", "zarr"]:
        esker("predict", folder / "run/model.esker", folder / "terrain.tif", "-o", folder / f"map.{ending}", "-q")


# ---- judges

def compliance(path):
    out = path.with_suffix(".json")
    subprocess.run([BIN / "compliance-checker", "--test=cf:1.11", "--format=json", f"--output={out}", path], capture_output=True)
    said = json.loads(out.read_text())["cf:1.11"]
    for kind in ["high", "medium", "low"]:
        remarks = sorted({m for section in said[f"{kind}_priorities"] for m in section["msgs"]})
        judged(path.name, f"compliance-checker {compliance_checker.__version__} {kind}", f"{len(remarks)} remarks", remarks)
        if kind == "high" and remarks:
            FAULTS.append(f"{path.name}: {remarks}")


def cfchecks(path, tables):
    import cfchecker.cfchecks as tool

    # The tool knows CF up to 1.8: it judges a copy that says so.
    known = path.with_name("known_" + path.name)
    shutil.copy(path, known)
    with netCDF4.Dataset(known, "a") as file:
        file.Conventions = "CF-1.8"
    names = pathlib.Path(compliance_checker.__file__).parent / "data/cf-standard-name-table.xml"
    words = [sys.executable, BIN / "cfchecks", "-v", "1.8", "-s", names, "-a", tables / "area.xml", "-r", tables / "region.xml", known]
    run = subprocess.run(words, capture_output=True, text=True)
    lines = [l.strip() for l in run.stdout.splitlines() if l.startswith(("ERROR", "FATAL", "WARN"))]
    counted = [l.split(":")[1].strip() for l in run.stdout.splitlines() if l.startswith(("ERRORS detected", "WARNINGS given"))]
    lines = [l for l in lines if not l.startswith(("ERRORS detected", "WARNINGS given"))]
    verdict = f"{counted[0]} errors, {counted[1]} warnings" if len(counted) == 2 else run.stderr.strip().splitlines()[-1:]
    judged(path.name, f"cfchecks {tool.__version__}", str(verdict), lines)
    if any(l.startswith(("ERROR", "FATAL")) for l in lines):
        FAULTS.append(f"{path.name} cfchecks: {lines}")


def tables(folder):
    (folder / "area.xml").write_text('<area_type_table><version_number>1</version_number><date>-</date><entry id="land"/></area_type_table>')
    (folder / "region.xml").write_text('<region_table><version_number>1</version_number><date>-</date><entry id="global"/></region_table>')


def cog(path):
    run = subprocess.run([BIN / "rio", "cogeo", "validate", path], capture_output=True, text=True)
    said = (run.stdout + run.stderr).strip().replace(str(path.parent) + "/", "").splitlines()
    judged(path.name, "rio cogeo validate", said[0], said[1:])
    if "is a valid cloud optimized GeoTIFF" not in said[0]:
        FAULTS.append(f"{path.name}: {said}")


TERRA = """
suppressMessages(library(terra)); f <- commandArgs(TRUE)
r <- if (f[2] == "points") vect(f[1]) else rast(f[1])
if (f[2] == "points") { cat(nrow(r), crs(r, describe=TRUE)$code, sep=",") } else {
v <- values(r); cat(dim(r), format(sum(v, na.rm=TRUE), digits=12), sum(is.na(v)), crs(r, describe=TRUE)$code, sep=",") }
"""


def terra(path, wanted, kind="grid"):
    if shutil.which("Rscript") is None:
        return
    run = subprocess.run(["Rscript", "-e", TERRA, path, kind], capture_output=True, text=True)
    told = run.stdout.strip().split(",")
    version = subprocess.run(["Rscript", "-e", 'cat(as.character(packageVersion("terra")))'], capture_output=True, text=True).stdout
    if not version:
        return
    judge = f"R terra {version}"
    if kind == "points":
        judged(path.name, judge, f"{told[0]} features")
        if told[0] != str(wanted):
            FAULTS.append(f"{path.name} terra: {told} {run.stderr[-300:]}")
        return
    wanted = np.asarray(wanted, "f8")
    close = len(told) >= 5 and abs(float(told[3]) - np.nansum(wanted)) <= 1e-6 * np.nansum(np.abs(wanted)) and int(told[4]) == np.isnan(wanted).sum()
    judged(path.name, judge, f"{' × '.join(told[:3])} cells, sum {told[3]}, {told[4]} missing, EPSG:{told[5]}" if len(told) > 5 else run.stderr[-300:])
    if not close:
        FAULTS.append(f"{path.name} terra: {told} {run.stderr[-300:]}, wanted {np.nansum(wanted)} {np.isnan(wanted).sum()}")


# ---- the comparison

def grids(folder):
    for name in ["cube", "days360"]:
        there = xr.open_dataset(folder / f"{name}.nc")
        for ending in ["nc", "zarr"]:
            out = folder / f"{name}_out.{ending}"
            esker("convert", folder / f"{name}.nc", out, "-q")
            back = xr.open_dataset(out) if ending == "nc" else xr.open_zarr(out, consolidated=True)
            judge = f"xarray {xr.__version__}"
            for v in there.data_vars:
                same(out.name, f"{judge} {v}", back[v].values, there[v].values)
            same(out.name, f"{judge} time", (back.time.values == there.time.values).astype("f8"), np.ones(len(there.time)))
            if ending == "nc":
                with netCDF4.Dataset(out) as file:
                    same(out.name, f"netCDF4 {netCDF4.__version__} t2m", np.ma.filled(file["t2m"][:].astype("f8"), np.nan), there.t2m.values)
        with rasterio.open(f"netcdf:{folder}/{name}_out.nc:t2m") as file:
            same(f"{name}_out.nc", f"GDAL {rasterio.__gdal_version__} t2m", np.ma.filled(file.read(masked=True).astype("f8"), np.nan), there.t2m.values)
    one = xr.open_dataset(folder / "days360.nc")
    terra(folder / "days360_out.nc", one.t2m.values)


def rasters(folder):
    with rasterio.open(folder / "utm.tif") as tif:
        wanted, crs, place = np.ma.filled(tif.read(masked=True).astype("f8"), np.nan), tif.crs, tif.transform
    for ending in ["nc", "tif", "zarr"]:
        out = folder / f"utm_out.{ending}"
        esker("convert", folder / "utm.tif", out, "-q")
    # Bands without names are one variable along an axis of bands, or variables of their own.
    back = xr.open_dataset(folder / "utm_out.nc")
    layers = [v for v in back.data_vars if "y" in back[v].dims]
    stacked = np.concatenate([np.atleast_3d(back[v].values.T).T.reshape(-1, 300, 280) for v in layers])
    same("utm_out.nc", f"xarray {xr.__version__}", stacked, wanted)
    zarred = xr.open_zarr(folder / "utm_out.zarr")
    same("utm_out.zarr", f"xarray {xr.__version__}", np.concatenate([zarred[v].values.reshape(-1, 300, 280) for v in layers]), wanted)
    found = []
    for v in layers:
        with rasterio.open(f"netcdf:{folder}/utm_out.nc:{v}") as file:
            found.append(np.ma.filled(file.read(masked=True).astype("f8"), np.nan))
            close = file.crs.to_epsg() == crs.to_epsg() and file.transform.almost_equals(place, 1e-6)
    judged("utm_out.nc", f"GDAL {rasterio.__gdal_version__}", f"CRS and place {'agree' if close else 'differ'}")
    same("utm_out.nc", f"GDAL {rasterio.__gdal_version__} values", np.concatenate(found), wanted)
    with rasterio.open(folder / "utm_out.tif") as file:
        same("utm_out.tif", f"GDAL {rasterio.__gdal_version__}", np.ma.filled(file.read(masked=True).astype("f8"), np.nan), wanted)
        close = close and file.crs == crs and file.transform == place
    if not close:
        FAULTS.append("utm_out: CRS or place differ")
    cog(folder / "utm_out.tif")
    terra(folder / "utm_out.tif", wanted)
    terra(folder / "utm_out.nc", wanted)


def maps(folder):
    with rasterio.open(folder / "map.tif") as file:
        wanted = np.ma.filled(file.read(masked=True).astype("f8"), np.nan)
        names = file.descriptions
    back, zarred = xr.open_dataset(folder / "map.nc"), xr.open_zarr(folder / "map.zarr")
    layers = [v for v in back.data_vars if back[v].ndim == 2]
    judged("map.tif", f"GDAL {rasterio.__gdal_version__}", f"bands {', '.join(map(str, names))}")
    # What is written as single precision in one is in the other.
    same("map.nc", f"xarray {xr.__version__}", np.stack([back[v].values for v in layers]), wanted, 1e-6)
    same("map.zarr", f"xarray {xr.__version__}", np.stack([zarred[v].values for v in layers]), wanted, 1e-6)
    cog(folder / "map.tif")
    terra(folder / "map.nc", wanted)


def rows(folder):
    there = pd.read_csv(folder / "points.csv")
    esker("convert", folder / "points.csv", folder / "points_out.nc", "-q")
    for ending in ["parquet", "arrow", "zarr"]:
        esker("convert", folder / "points.csv", folder / f"points_out.{ending}", "-q")
    for name, back in [
        ("points_out.nc", xr.open_dataset(folder / "points_out.nc").reset_coords()),
        ("points_out.zarr", xr.open_zarr(folder / "points_out.zarr").reset_coords()),
        ("points_out.parquet", pd.read_parquet(folder / "points_out.parquet")),
        ("points_out.arrow", pd.read_feather(folder / "points_out.arrow")),
    ]:
        same(name, "xarray" if "obs" in getattr(back, "dims", []) else f"pyarrow in pandas {pd.__version__}", back["elevation"].values, there.elevation)
        texts = [t.decode() if isinstance(t, bytes) else str(t) for t in back["station"].values]
        judged(name, "texts", str(texts))
        if texts != list(there.station):
            FAULTS.append(f"{name}: {texts}")
    if "netCDF" in pyogrio.list_drivers():
        found = pyogrio.read_dataframe(folder / "points_out.nc")
        judged("points_out.nc", f"GDAL {pyogrio.__gdal_version_string__} vectors", f"{len(found)} features, {', '.join(found.columns)}")
        if len(found) != 3:
            FAULTS.append("points_out.nc: GDAL finds other rows")
    for ending in ["gpkg", "geojson"]:
        out = folder / f"shapes_out.{ending}"
        esker("convert", folder / "shapes.geojson", out, "-q")
        frame = pyogrio.read_dataframe(out)
        judged(out.name, f"GDAL {pyogrio.__gdal_version_string__}", f"{frame.name[0]}, {frame.geometry[0].area:g} square degrees, {frame.crs}")
        if frame.geometry[0].area != 0.5 or frame.name[0] != "Ötz":
            FAULTS.append(f"{out.name}: {frame}")
        terra(out, 1, "points")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    inputs(folder)
    predicted(folder)
    grids(folder)
    rasters(folder)
    maps(folder)
    rows(folder)
    tables(folder)
    for file in ["cube_out.nc", "utm_out.nc", "points_out.nc", "days360_out.nc", "map.nc"]:
        compliance(folder / file)
        cfchecks(folder / file, folder)

with open(pathlib.Path(__file__).with_suffix(".csv"), "w", newline="") as out:
    csv.writer(out).writerows([["file", "judge", "verdict", "remarks"], *LINES])
print(f"\n{len(LINES)} judgements, {len(FAULTS)} faults", *FAULTS, sep="\n")
sys.stdout.flush()
os._exit(1 if FAULTS else 0)
