"""Zarr stores, well logs, month tables and other tables as Esker reads them, cell by cell against other programs.

Run from the root of the repository: python validation/formats_tables.py FOLDER [EXAMPLES]
EXAMPLES is the folder of the example binaries, by default target/release/examples
(cargo build --release -p esker-io --example dump --example dump_tables).
Needs numpy, pandas, xarray, zarr 3, cftime, lasio, pyarrow, geopandas and openpyxl. Prints a line a file and, as the last line, a summary in
JSON; ends with 1 if anything differs.

Every .zarr, .las, .csv, .dat, .data and .txt under FOLDER is compared with xarray, lasio, pandas, or with a reading by plain numpy. Then
stores of many types and codecs are written by zarr-python and compared, likewise workbooks by openpyxl, files by pyarrow and geopandas, and
Zarr stores that Esker writes are opened by xarray.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import warnings

import cftime
import lasio
import numpy as np
import pandas as pd
import xarray as xr
import zarr

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(sys.argv[1])
EXAMPLES = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else "target/release/examples")
DAYS = "days since 1970-01-01"
results = {}


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[:300])
    return done.stdout


def grid(path):
    about = json.loads(run(EXAMPLES / "dump", path))
    numbers = np.frombuffer(run(EXAMPLES / "dump", path, "--every"), "<f8")
    at = 0

    def take(n):
        nonlocal at
        at += n
        return numbers[at - n : at]

    axes, variables = {}, {}
    for axis in about["axes"]:
        axis["values"] = take(axis["len"]) if axis["labels"] in ("real", "time") else axis["texts"]
        axis["edges"] = take(2 * axis["len"]).reshape(-1, 2) if axis["bounds"] else None
        axes[axis["name"]] = axis
    for v in about["variables"]:
        if v["holds"] == "Numbers":
            v["values"] = take(int(np.prod(v["shape"], dtype=int))).reshape(v["shape"])
        else:
            v["values"] = np.array(v["texts"], dtype=object).reshape(v["shape"])
        variables[v["name"]] = v
    assert at == len(numbers)
    return axes, variables


def table(path, *more):
    about = json.loads(run(EXAMPLES / "dump_tables", path, *more))
    for c in about["columns"]:
        c["values"] = np.array(c["values"], dtype=float if c["kind"] == "real" else object)
    return about


def text(x):
    return (x.decode() if isinstance(x, bytes) else str(x)).rstrip("\0 ")


def same(a, b):
    if np.asarray(a).dtype == object or np.asarray(b).dtype.kind in "OUTS":
        return np.shape(a) == np.shape(b) and all(text(x) == text(y) for x, y in zip(np.ravel(a), np.ravel(b)))
    a, b = np.asarray(a, float), np.asarray(b, float)
    return a.shape == b.shape and bool(np.all((a == b) | (np.isnan(a) & np.isnan(b))))


def days(values, attributes):
    calendar = attributes.get("calendar", "standard")
    dates = cftime.num2date(np.asarray(values, float), attributes["units"], calendar)
    return cftime.date2num(dates, DAYS, calendar)


def close(a, b):
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=0, atol=1e-9, equal_nan=True)


def compare_zarr(path):
    """Names of what differs from xarray, and the number of cells compared."""
    peer = xr.open_zarr(path, decode_times=False) if pathlib.Path(path).is_dir() else xr.open_zarr(zarr.storage.ZipStore(path), decode_times=False)
    axes, variables = grid(path)
    wrong, cells = [], 0
    for name, v in peer.variables.items():
        values = v.values
        # A variable of one cell that only carries attributes: what it holds means nothing.
        if values.ndim == 0 and "grid_mapping_name" in v.attrs:
            continue
        if name in axes and axes[name]["labels"] != "none":
            mine = axes[name]["values"]
            ok = close(mine, days(values, v.attrs)) if axes[name]["labels"] == "time" else same(mine, values)
        elif name in variables:
            # Moments besides the axis of time become days, too.
            moments = " since " in str(v.attrs.get("units", ""))
            ok = close(variables[name]["values"], days(values, v.attrs)) if moments else same(variables[name]["values"], values)
        else:
            owner = [a for a in axes if peer.variables.get(a, v).attrs.get("bounds") == name]
            if not owner:
                if values.ndim == 0:  # a grid mapping
                    continue
                ok = False
            else:
                edges = axes[owner[0]]["edges"]
                time = axes[owner[0]]["labels"] == "time"
                ok = close(edges, days(values, peer.variables[owner[0]].attrs)) if time else same(edges, values)
        cells += values.size
        if not ok:
            wrong.append(name)
    return wrong, cells


def compare_las(path):
    peer = lasio.read(path, mnemonic_case="preserve")
    mine = {c["name"]: c for c in table(path)["columns"]}
    wrong = [c.mnemonic for c in peer.curves if not same(mine[c.mnemonic]["values"], c.data) or mine[c.mnemonic]["unit"] != c.unit.strip("_")]
    return wrong, sum(len(c.data) for c in peer.curves)


def months(path):
    """A month table by plain Python: days since 1970-01-01 and values."""
    rows, flag = [], None
    for line in path.read_text().splitlines():
        cells = line.replace(",", " ").split()
        if line.startswith("#") or not cells:
            continue
        if len(cells) >= 13 and cells[0].isdigit() and len(cells[0]) == 4:
            rows.append([int(cells[0])] + [float("nan") if "*" in c else float(c) for c in cells[1:13]])
        elif rows and len(cells) == 1 and flag is None:
            flag = float(cells[0])
    marks = [flag] if flag is not None else [-99.9, -999.9]
    time = [int(np.datetime64(f"{r[0]:04}-{m:02}-01", "D").astype(int)) for r in rows for m in range(1, 13)]
    values = np.array([v for r in rows for v in r[1:]])
    for mark in marks:
        values[values == mark] = np.nan
    return np.array(time, float), values


def compare_months(path):
    time, values = months(path)
    mine = table(path)["columns"]
    wrong = [n for n, a, b in (("time", mine[0]["values"], time), ("value", mine[1]["values"], values)) if not same(a, b)]
    return wrong, values.size


def compare_columns(about, frame):
    """A table against a pandas frame read as texts where it has classes."""
    wrong = []
    for c, name in zip(about["columns"], frame.columns):
        theirs = frame[name]
        if c["kind"] == "real":
            if c["unit"] == DAYS:
                moments = pd.to_datetime(theirs, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
                theirs = ((moments - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)).to_numpy(float)
            theirs = pd.to_numeric(theirs, errors="coerce")
            theirs = np.asarray(theirs, float)
            # Marks of missing that pandas does not know are those that Esker's notes name.
            both = np.where(np.isnan(c["values"]), np.nan, theirs)
            ok = close(c["values"], both) if c["unit"] == DAYS else same(c["values"], both)
        else:
            ok = all(m is None or m.strip() == t.strip() for m, t in zip(c["values"], theirs.astype(str)))
        if not ok:
            wrong.append(name)
    if len(about["columns"]) != frame.shape[1] or about["rows"] != len(frame):
        wrong.append(f"{len(about['columns'])} x {about['rows']} against {frame.shape[1]} x {len(frame)}")
    return wrong, frame.size


def compare_text(path):
    about = table(path)
    names = [c["name"] for c in about["columns"]]
    lines = path.read_text().splitlines()
    first = lines[0]
    options = dict(dtype=str, keep_default_na=False)
    if about["format"] == "CSV" and path.suffix == ".csv" and not first.startswith("#"):
        return compare_columns(about, pd.read_csv(path, **options))
    if about["format"] == "CSV" and ";" in first:
        return compare_columns(about, pd.read_csv(path, sep=";", **options))
    # Blanks or tabs: rows are the lines with as many words as the table has columns, but for a header.
    words = [w for w in (line.lstrip("#").replace(",", " ").split() for line in lines if not line.startswith("# ") or "id," in line) if len(w) == len(names)]
    # Nor a row of column widths, as the USGS puts it below the header.
    words = [w for w in words if w != names and not all(re.fullmatch(r"\d+[sdn]", c) for c in w)]
    return compare_columns(about, pd.DataFrame(words, columns=names))


def report(name, work):
    try:
        wrong, cells = work()
        text = "ok" if not wrong else f"DIFFERS in {wrong}"
    except Exception as e:
        wrong, cells, text = ["error"], 0, f"ERROR {type(e).__name__}: {e}"
    results[name] = (not wrong, cells)
    print(f"{name}: {text} ({cells} cells)")


def refused(path):
    """Texts and tables that are refused, each for a stated reason."""
    try:
        table(path)
    except RuntimeError as e:
        return str(e).splitlines()[0]
    return None


def make_stores(folder):
    """Stores of every type and codec that zarr-python writes, each with several odd chunks."""
    from numcodecs import LZ4, Blosc, Delta, FixedScaleOffset, GZip, Shuffle, Zlib, Zstd
    from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

    rng = np.random.default_rng(1)
    shape, chunks = (37, 21, 50), (8, 5, 17)

    def cells(dtype):
        kind = np.dtype(dtype)
        if kind.kind == "f":
            values = rng.normal(size=shape).astype(kind)
            values[rng.random(shape) < 0.1] = np.nan
            return values
        if kind.kind == "b":
            return rng.random(shape) < 0.5
        info = np.iinfo(kind)
        return rng.integers(max(info.min, -(2**50)), min(info.max, 2**50), shape, dtype=np.int64).astype(kind)

    def put(name, values, version, **more):
        group = zarr.open_group(folder / f"{name}.zarr", mode="w", zarr_format=version)
        names = {"dimension_names": ["a", "b", "c"]} if version == 3 else {}
        array = group.create_array("x", shape=shape, dtype=values.dtype, chunks=more.pop("chunks", chunks), **names, **more)
        if version == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = ["a", "b", "c"]
        array[:30] = values[:30]
        if version == 3:
            zarr.consolidate_metadata(folder / f"{name}.zarr")

    for dtype in ("i1", "u1", "<i2", ">i2", "<u2", "<i4", ">u4", "<i8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "?"):
        values = cells(dtype)
        label = dtype.replace("<", "le_").replace(">", "be_").replace("?", "bool")
        put(f"v2_{label}", values, 2, compressors=Zstd(level=1), fill_value=None)
        if not dtype.startswith(">"):
            put(f"v3_{label}", values, 3, compressors=ZstdCodec(level=1), fill_value=False if dtype == "?" else 0)
    for cname in ("lz4", "lz4hc", "zstd", "zlib", "blosclz"):
        for shuffle in ("noshuffle", "shuffle", "bitshuffle"):
            for dtype in ("<i2", "<f4", "<f8"):
                values = np.round(cells(dtype), 2) if dtype[1] == "f" else cells(dtype)
                put(f"blosc_{cname}_{shuffle}_{dtype[1:]}", values, 3, compressors=BloscCodec(cname=cname, shuffle=shuffle, clevel=5), fill_value=0, chunks=(37, 21, 50))
    values = cells("<f4")
    for name, packs in {"gzip": GzipCodec(), "zstd_crc": [ZstdCodec(), Crc32cCodec()], "crc_gzip": [Crc32cCodec(), GzipCodec()], "none": None}.items():
        put(f"v3_{name}", values, 3, compressors=packs, fill_value=float("nan"))
    put("v3_transpose", values, 3, filters=[TransposeCodec(order=(2, 0, 1))], compressors=ZstdCodec(), fill_value=float("inf"))
    put("v3_big", values, 3, serializer=BytesCodec(endian="big"), compressors=ZstdCodec(), fill_value=float("-inf"))
    for where in ("start", "end"):
        inner = [TransposeCodec(order=(1, 2, 0)), BytesCodec(), BloscCodec(cname="lz4", shuffle="bitshuffle")]
        shard = ShardingCodec(chunk_shape=(4, 5, 10), codecs=inner, index_location=where)
        put(f"v3_shards_{where}", values, 3, serializer=shard, compressors=None, chunks=(16, 10, 20), fill_value=float("nan"))
    nested = ShardingCodec(chunk_shape=(8, 10, 20), codecs=[ShardingCodec(chunk_shape=(4, 5, 10), codecs=[BytesCodec(), ZstdCodec()])])
    put("v3_shards_nested", values, 3, serializer=nested, compressors=None, chunks=(16, 10, 20), fill_value=float("nan"))
    put("v3_shards_zstd", values, 3, serializer=ShardingCodec(chunk_shape=(4, 5, 10), codecs=[BytesCodec()]), compressors=ZstdCodec(), chunks=(16, 10, 20), fill_value=1.5)
    for name, packs in {"zlib": Zlib(), "gzip": GZip(), "lz4": LZ4(), "blosc": Blosc("zstd", shuffle=Blosc.BITSHUFFLE), "none": None}.items():
        put(f"v2_{name}", values, 2, compressors=packs, fill_value=float("nan"))
    put("v2_fortran", values, 2, compressors=Zstd(), order="F", fill_value=float("nan"))
    put("v2_shuffle", values, 2, compressors=Zlib(), filters=[Shuffle(elementsize=4)], fill_value=float("nan"))
    put("v2_delta", cells("<i4") % 1000, 2, compressors=Zlib(), filters=[Delta(dtype="<i4")], fill_value=None)
    fixed = np.round(rng.normal(size=shape) * 10, 1).astype("<f8")
    put("v2_fixed", fixed, 2, compressors=Zlib(), filters=[FixedScaleOffset(offset=0, scale=10, dtype="<f8", astype="<i4")], fill_value=None)
    texts = np.array([f"Grönland {i}" if i % 3 else "" for i in range(40)], dtype=object)
    for version in (2, 3):
        data = xr.Dataset({"t": (("n",), texts), "w": (("n",), texts.astype("U12")), "s": (("n",), np.array([b"ab", b"c"] * 20))}, coords={"n": np.arange(40)})
        data.to_zarr(folder / f"texts_{version}.zarr", mode="w", zarr_format=version, encoding={"t": {"chunks": (7,)}})
        time = pd.date_range("1850-01-16T12:30", periods=20, freq="31D")
        packed = xr.Dataset({"x": (("time", "y"), rng.normal(size=(20, 3)), {"units": "K"})}, coords={"time": time, "y": ("y", [3.0, 2, 1], {"units": "degrees_north"})})
        packed.to_zarr(folder / f"packed_{version}.zarr", mode="w", zarr_format=version, encoding={"x": {"dtype": "i2", "scale_factor": 0.01, "add_offset": 5.0, "_FillValue": -9999}})
    store = zarr.storage.ZipStore(folder / "zipped.zarr.zip", mode="w")
    packed.to_zarr(store, mode="w")
    store.close()


def times(folder):
    """How long a store of 256 MB takes to read here and there: chunks of 4 MB, zstd, float32."""
    path = folder / "large.zarr"
    rng = np.random.default_rng(2)
    smooth = np.cumsum(rng.normal(size=(64, 1024, 1024)).astype("f4"), axis=2).round(2)
    data = xr.Dataset({"x": (("t", "y", "x_"), smooth)})
    data.to_zarr(path, mode="w", consolidated=True, encoding={"x": {"chunks": (4, 512, 512)}})
    theirs = []
    for _ in range(5):
        start = time.perf_counter()
        zarr.open_group(path, mode="r")["x"][:]
        theirs.append(time.perf_counter() - start)
    mine = json.loads(run(EXAMPLES / "dump_tables", path, "--seconds", "x"))["seconds"]
    return min(theirs), mine


def main():
    for path in sorted(FOLDER.rglob("*.zarr")):
        report(path.name, lambda: compare_zarr(path))
    for path in sorted(FOLDER.rglob("*.las")):
        report(path.name, lambda: compare_las(path))
    for path in sorted(p for p in FOLDER.rglob("*") if p.suffix in (".csv", ".dat", ".data", ".txt", ".rdb") and ".zarr" not in str(p)):
        why = refused(path)
        if why:
            print(f"{path.name}: refused: {why}")
            continue
        kind = table(path)["format"]
        report(path.name, (lambda: compare_months(path)) if kind == "month table" else (lambda: compare_text(path)))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made(folder)
        theirs, mine = times(folder)
    print(f"256 MB of float32 in zstd: zarr {zarr.__version__} {theirs:.3f} s, Esker {mine:.3f} s, {theirs / mine:.1f} times as fast")
    good = sum(ok for ok, _ in results.values())
    print(json.dumps({"files": len(results), "equal": good, "cells": int(sum(c for _, c in results.values())), "zarr_speed": round(theirs / mine, 2)}))
    sys.exit(good != len(results))


def made(folder):
    import geopandas
    import pyarrow as pa
    import pyarrow.feather
    import shapely

    make_stores(folder)
    for path in sorted(folder.glob("*.zarr")) + [folder / "zipped.zarr.zip"]:
        report(f"made: {path.name}", lambda: compare_zarr(path))
    # What Esker writes, opened by xarray: the same as what Esker had read.
    sources = sorted(FOLDER.rglob("*.zarr")) + sorted(FOLDER.rglob("gridded-climate/*.nc")) + sorted(FOLDER.rglob("cf-files/*.nc"))
    for path in sources:
        out = folder / f"written_{path.stem}.zarr"
        report(f"written: {path.name}", lambda: written(path, out))
    frame = pd.DataFrame({
        "day": pd.to_datetime(["2001-02-03", "1999-12-31", None]), "moment": pd.to_datetime(["2001-02-03T06:00", None, "1970-01-01T12:00"]),
        "depth": [1.5, None, -3.25], "name": ["De Bilt", None, "Ny-Ålesund"], "count": [1, 2, 3], "flag": [True, False, True],
    })
    frame.to_excel(folder / "t.xlsx", index=False)
    feather = pa.Table.from_pandas(frame.astype({"name": "category"}), preserve_index=False)
    for packing in ("uncompressed", "lz4", "zstd"):
        pyarrow.feather.write_feather(feather, folder / f"t_{packing}.feather", compression=packing)
    with pa.ipc.new_stream(folder / "t.arrows", feather.schema) as sink:
        sink.write_table(feather)
    frame.to_parquet(folder / "t.parquet")
    for path in [folder / "t.xlsx", folder / "t.parquet", folder / "t.arrows", *sorted(folder.glob("*.feather"))]:
        report(f"made: {path.name}", lambda: compare_frame(path, frame))
    shapes = ["POINT (1 2)", "LINESTRING (0 0, 1 1)", "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))", "MULTIPOLYGON (((0 0, 1 0, 0 1, 0 0)), ((5 5, 6 5, 5 6, 5 5)))"]
    for code in (4326, 32632, 3857):
        features = geopandas.GeoDataFrame({"id": [1, 2, 3, 4, 5]}, geometry=[*map(shapely.from_wkt, shapes), None], crs=code)
        features.to_parquet(folder / f"g{code}.parquet")
        report(f"made: g{code}.parquet", lambda: compare_features(folder / f"g{code}.parquet", features, f"EPSG:{code}"))


def compare_frame(path, frame):
    mine = {c["name"]: c for c in table(path)["columns"]}
    day = lambda s: ((s - pd.Timestamp(0)) / pd.Timedelta("1D")).to_numpy(float)
    expected = {
        "day": day(frame["day"]), "moment": day(frame["moment"]), "depth": frame["depth"].to_numpy(), "count": frame["count"].to_numpy(float),
        "name": [None if pd.isna(n) else n for n in frame["name"]], "flag": ["true", "false", "true"],
    }
    wrong = [n for n, v in expected.items() if not (same(mine[n]["values"], v) if mine[n]["kind"] == "real" else list(mine[n]["values"]) == list(v))]
    return wrong + ([] if list(mine) == list(frame.columns) else ["order"]), frame.size


def compare_features(path, frame, crs):
    about = table(path)
    wrong = [] if about["crs"] == crs else [f"crs {about['crs']}"]
    for i, (mine, geometry) in enumerate(zip(about["geometries"], frame.geometry)):
        if geometry is None or mine is None:
            if (geometry is None) != (mine is None):
                wrong.append(i)
            continue
        parts = []
        for g in getattr(geometry, "geoms", [geometry]):
            parts += [g.exterior.coords, *(r.coords for r in g.interiors)] if g.geom_type == "Polygon" else [g.coords]
        if [[list(c) for c in p] for p in parts] != mine["parts"]:
            wrong.append(i)
    return wrong, len(frame)


def written(path, out):
    run(EXAMPLES / "dump_tables", path, "--zarr", out)
    axes, variables = grid(path)
    peer = xr.open_zarr(out, decode_times=False)
    wrong, cells = [], 0
    for name, v in variables.items():
        key = name.lstrip("/")
        if v["auxiliary"] or "/" in key:
            continue
        theirs = peer[key].values
        cells += theirs.size
        if not same(v["values"], theirs):
            wrong.append(name)
        for axis in v["axes"]:
            a = axes[axis]
            if a["labels"] == "none":
                continue
            labels = peer[axis]
            ok = close(a["values"], days(labels.values, labels.attrs)) if a["labels"] == "time" else same(a["values"], labels.values)
            if not ok:
                wrong.append(axis)
    again, back = grid(out)
    for name, v in variables.items():
        if not v["auxiliary"] and not same(v["values"], back[name]["values"]):
            wrong.append(f"{name} read back")
    wrong += [f"axis {n}" for n, a in axes.items() if n in again and a["labels"] in ("real", "time") and not same(a["values"], again[n]["values"])]
    xr.open_zarr(out).load()
    return wrong, cells


if __name__ == "__main__":
    main()
