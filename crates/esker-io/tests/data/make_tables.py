"""Makes the small Zarr stores, workbooks, Arrow and GeoParquet files of the tests; the values are made up.

Run in this folder: python make_tables.py. Made with zarr 3.1.6, numcodecs 0.16.6, xarray 2026.9.0, pyarrow 26.0.1, geopandas 1.2.0,
openpyxl 3.1.5.
"""

import datetime
import pathlib
import shutil
import tempfile

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import shapely
import xarray as xr
import zarr
from numcodecs import Blosc, Delta, Shuffle, Zlib
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, ShardingCodec, TransposeCodec, ZstdCodec

HERE = pathlib.Path(__file__).parent / "tables"
HERE.mkdir(exist_ok=True)
I, J, K = np.meshgrid(np.arange(7), np.arange(5), np.arange(6), indexing="ij")
VALUES = (I * 100 + J * 10 + K * 0.5).astype("f4")
VALUES[3, 2, 1] = np.nan


def zipped(name, fill):
    with tempfile.TemporaryDirectory() as folder:
        store = pathlib.Path(folder) / "store.zarr"
        fill(store)
        shutil.make_archive(HERE / name, "zip", folder)


def cube(dtype="f4"):
    return xr.Dataset(
        {"t2m": (("time", "lat", "lon"), VALUES.astype(dtype), {"units": "K", "long_name": "temperature"}), "station": (("lat",), np.array(["a", "bc", "", "dé", "e"], dtype=object))},
        coords={
            "time": ("time", pd.date_range("2001-01-01", periods=7, freq="12h")),
            "lat": ("lat", np.arange(50.0, 45, -1), {"units": "degrees_north"}),
            "lon": ("lon", np.arange(6.0) * 2, {"units": "degrees_east"}),
        },
        attrs={"title": "made up"},
    )


def v3(store, **encoding):
    cube().to_zarr(store, zarr_format=3, encoding={"t2m": encoding})


def bare(store, version, **more):
    group = zarr.open_group(store, mode="w", zarr_format=version)
    array = group.create_array("x", shape=(7, 5, 6), chunks=(3, 2, 4), **more)
    array.attrs["_ARRAY_DIMENSIONS"] = ["i", "j", "k"]
    array[...] = np.nan_to_num(VALUES).astype(array.dtype)


zipped("v3_zstd", lambda s: v3(s, chunks=(3, 2, 4)))
zipped("v3_shards", lambda s: v3(s, chunks=(2, 2, 3), shards=(4, 4, 6)))
zipped("v3_blosc", lambda s: v3(s, chunks=(7, 5, 6), compressors=BloscCodec(cname="blosclz", shuffle="bitshuffle")))
zipped("v3_turned", lambda s: v3(s, chunks=(3, 2, 4), filters=[TransposeCodec(order=(2, 0, 1))], compressors=GzipCodec()))
zipped("v2_packed", lambda s: cube("f8").to_zarr(s, zarr_format=2, encoding={"t2m": {"dtype": "i2", "scale_factor": 0.5, "add_offset": 0.0, "_FillValue": -9999, "compressors": [Blosc("lz4", shuffle=1)]}}))
zipped("v2_fortran", lambda s: bare(s, 2, dtype=">f8", order="F", compressors=Zlib(), filters=[Shuffle(8)], fill_value=None))
zipped("v2_delta", lambda s: bare(s, 2, dtype="<i4", compressors=Zlib(), filters=[Delta("<i4")], fill_value=None))
zipped("v2_bz2", lambda s: bare(s, 2, dtype="<i4", compressors=__import__("numcodecs").BZ2(), fill_value=None))

book = openpyxl.Workbook()
book.active.title = "readme"
book.active["A1"] = "Made up"
sheet = book.create_sheet("stakes")
rows = [
    ["Ablation stakes"],
    ["stake", "date", "ablation", "checked", "note"],
    ["A1", datetime.date(2001, 2, 3), 1.25, True, "firn"],
    ["A2", datetime.datetime(2001, 2, 3, 6), "NA", False, None],
    [None] * 5,
    ["B1", None, -0.5, True, "ice"],
    ["B2", None, "#N/A", True, None],
]
for row in rows:
    sheet.append(row)
book.create_sheet("odd").append(["a", "b"])
for i in range(20):
    book["odd"].append([i, "x" if i == 13 else i])
book.save(HERE / "stakes.xlsx")

frame = pa.table({
    "name": pa.array(["a", None, "b"]).dictionary_encode(), "day": pa.array([datetime.date(2001, 2, 3), None, datetime.date(1969, 12, 31)]),
    "depth": pa.array([1.5, None, -3.0], pa.float32()), "n": pa.array([1, 2, 3], pa.int64()), "big": pa.array(["x", "y", None], pa.large_string()), "ok": pa.array([True, None, False]),
})
fields = [f.with_metadata({"unit": "m"}) if f.name == "depth" else f for f in frame.schema]
frame = frame.cast(pa.schema(fields))
pyarrow.feather.write_feather(frame, HERE / "types.feather", compression="lz4")
with pa.ipc.new_stream(HERE / "types.arrows", frame.schema) as sink:
    sink.write_table(frame)

shapes = ["POINT (1 2)", "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 1, 2 1, 2 2, 1 1))", "LINESTRING Z (0 0 5, 1 1 6)"]
features = geopandas.GeoDataFrame({"id": [1, 2, 3, 4]}, geometry=[*map(shapely.from_wkt, shapes), None], crs=32632)
features.to_parquet(HERE / "features.parquet")
