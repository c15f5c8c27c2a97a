"""Compares what Esker reads from vector files with geopandas, feature by feature.

    python validation/formats_vector.py DATA path/to/dump_vector

Reads every .shp, .gpkg, .geojson and .fgb file under DATA, and twins of each written here by geopandas (GeoPackage, FlatGeobuf, GeoJSON,
shapefile), and files written by Esker read back by geopandas. Compares the number of features, attributes (numbers exactly, texts
exactly, dates as days), centroids, bounds, areas on the ellipsoid (pyproj.Geod) or plane, lengths, and the system. Needs geopandas, pyproj, numpy.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

warnings.filterwarnings("ignore")


def esker(binary, path, *more):
    done = subprocess.run([binary, str(path), *more], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[:300])
    return json.loads(done.stdout) if not more or more[0] != "--write" else None


def near(a, b, relative=1e-9, absolute=1e-9):
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.all((np.isnan(a) & np.isnan(b)) | (np.abs(a - b) <= absolute + relative * np.abs(b)))


def attribute(column, series):
    """What differs between a column of Esker and one of geopandas."""
    ours = column["values"]
    if pd.api.types.is_datetime64_any_dtype(series) or (len(series.dropna()) and type(series.dropna().iloc[0]).__name__ == "date"):
        stamps = pd.to_datetime(series, utc=True)
        theirs = (stamps - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)
        if column["class"]:
            # GeoJSON has no dates; GDAL guesses them from texts, which Esker leaves texts.
            ours = ((pd.to_datetime(pd.Series(ours), utc=True) - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)).tolist()
        return None if near([np.nan if v is None else v for v in ours], theirs, absolute=1e-6) else "days"
    lost = 0
    for mine, other in zip(ours, series):
        if isinstance(other, (list, dict, np.ndarray)):
            continue
        none = other is None or other is pd.NaT or (isinstance(other, float) and np.isnan(other)) or other == ""
        if mine is None and not none:
            # Numbers that stand for missing.
            if not column["class"] and float(other) in (-99.9, -99.99, -999.0, -999.25, -9999.0, -99999.0, -32768.0):
                lost += 1
                continue
            return f"missing here, {other!r} there"
        if none:
            if mine is not None:
                return f"{mine!r} here, missing there"
        elif column["class"]:
            text = {True: "true", False: "false"}.get(other, other) if isinstance(other, (bool, np.bool_)) else other
            if not isinstance(text, str):
                text = repr(float(text)).removesuffix(".0")
            if mine != text:
                return f"{mine!r} here, {text!r} there"
        elif not near(mine, other, 0.0, 0.0):
            return f"{mine!r} here, {other!r} there"
    return f"({lost} sentinels taken for missing)" if lost else None


def compare(binary, path):
    ours, theirs = esker(binary, path), gpd.read_file(path)
    trouble = []
    if len(ours["geometries"]) != len(theirs):
        return [f"{len(ours['geometries'])} features, there {len(theirs)}"], ours
    columns = {c["name"]: c for c in ours["columns"]}
    for name in theirs.columns.drop(theirs.geometry.name):
        if name not in columns:
            trouble.append(f"no column {name}")
            continue
        what = attribute(columns[name], theirs[name])
        if what:
            trouble.append(f"{name}: {what}")
    flat = shapely.force_2d(theirs.geometry.values)
    empty = shapely.is_missing(flat) | shapely.is_empty(flat)
    for name, get in {"bounds": shapely.bounds, "centroid": lambda g: shapely.get_coordinates(shapely.centroid(g))}.items():
        mine = np.array([g[name] for g, e in zip(ours["geometries"], empty) if not e])
        if not near(mine, get(flat[~empty]), 1e-9, 1e-9):
            off = np.nanmax(np.abs(mine - get(flat[~empty])))
            trouble.append(f"{name} off by {off:.3g}")
    missing = [g is None for g in ours["geometries"]]
    if list(empty) != missing:
        trouble.append(f"{sum(missing)} without geometry, there {int(empty.sum())}")
    trouble += sizes(columns, theirs, flat, empty)
    trouble += system(ours, theirs)
    return trouble, ours


def sizes(columns, theirs, flat, empty):
    if theirs.crs is None:
        return []
    kind = shapely.get_dimensions(flat)
    trouble = []
    degrees = theirs.crs.is_geographic
    geod = theirs.crs.get_geod()
    for name, dimension in {"area": 2, "length": 1}.items():
        own = [c for n, c in columns.items() if n in (name, f"geometry_{name}")]
        if not (kind == dimension).any() or not own:
            continue
        mine = np.array([np.nan if v is None else v for v in own[-1]["values"]])
        want, tolerance = [], 1e-7
        for g, d, e in zip(flat, kind, empty):
            if e or d != dimension:
                want.append(np.nan)
            elif not degrees:
                want.append(g.area if dimension == 2 else g.length)
            elif dimension == 2 and any(p.exterior.bounds[2] - p.exterior.bounds[0] > 359.99 for p in getattr(g, "geoms", [g])):
                # On the globe a ring around it has no inside: sides straight on the map, by equal-area coordinates.
                to = pyproj.Transformer.from_crs(theirs.crs, "EPSG:6933", always_xy=True)
                want.append(shapely.transform(shapely.segmentize(g, 0.05), lambda xy: np.stack(to.transform(*xy.T), 1)).area)
                tolerance = 1e-5
            elif dimension == 2:
                want.append(abs(geod.geometry_area_perimeter(shapely.orient_polygons(g))[0]))
            else:
                want.append(geod.geometry_length(g))
        if not near(mine, want, tolerance, 1e-3):
            off = np.nanmax(np.abs(mine - np.array(want)) / np.abs(want))
            trouble.append(f"{name} off by a share of {off:.3g}")
    return trouble


def system(ours, theirs):
    if (ours["crs"] is None) != (theirs.crs is None):
        return [f"system {ours['crs']}, there {theirs.crs}"]
    if theirs.crs is None:
        return []
    mine = pyproj.CRS(ours["crs"]["name"])
    box = theirs.total_bounds
    x, y = np.linspace(box[0], box[2], 5), np.linspace(box[1], box[3], 5)
    there = [pyproj.Transformer.from_crs(c, "EPSG:4326", always_xy=True).transform(x, y) for c in (mine, theirs.crs)]
    off = np.max(np.abs(np.array(there[0]) - np.array(there[1])))
    return [] if off < 2e-5 else [f"system {ours['crs']['name']} lies {off:.3g} degrees off {theirs.crs.to_string()[:40]}"]


def main(data, binary):
    files = sorted(p for e in ("shp", "gpkg", "geojson", "fgb") for p in pathlib.Path(data).rglob(f"*.{e}"))
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for path in files:
            jobs = [(path.name, path)]
            table = gpd.read_file(path)
            for driver, extension in [("GPKG", "gpkg"), ("FlatGeobuf", "fgb"), ("GeoJSON", "geojson"), ("ESRI Shapefile", "shp")]:
                twin = folder / f"{path.stem}_twin.{extension}"
                try:
                    table.to_file(twin, driver=driver, engine="pyogrio")
                    jobs.append((twin.name, twin))
                except Exception as error:
                    print(f"  (no {driver} twin of {path.name}: {str(error)[:80]})")
            for extension in ("gpkg", "geojson"):
                out = folder / f"{path.stem}_esker.{extension}"
                esker(binary, path, "--write", str(out))
                jobs.append((out.name, out))
            for name, job in jobs:
                try:
                    trouble, ours = compare(binary, job)
                except Exception as error:
                    trouble, ours = [f"{type(error).__name__}: {error}"], None
                real = [t for t in trouble if "sentinels" not in t]
                bad += bool(real)
                n = len(ours["geometries"]) if ours else 0
                crs = ours["crs"]["name"][:28] if ours and ours["crs"] else "none"
                print(f"{'ok ' if not real else 'BAD'} {name:46} {n:6} features  {crs:28} {'; '.join(trouble)[:200]}")
    print(f"{bad} files differ" if bad else "no file differs")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1], sys.argv[2])))
