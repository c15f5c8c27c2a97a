"""Writes the Parquet files of these tests with pyarrow 26.0.1, an implementation independent of ours."""

import datetime as dt
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

here = pathlib.Path(__file__).parent
noon = dt.datetime(1970, 1, 2, 12)
types = pa.table(
    {
        "i8": pa.array([1, None, 3], pa.int8()),
        "u64": pa.array([1, 2, None], pa.uint64()),
        "f16": pa.array([1.5, 2, None], pa.float16()),
        "f32": pa.array([1.5, float("nan"), -9999.0], pa.float32()),
        "truth": pa.array([True, None, False]),
        "text": ["x", None, ""],
        "date": pa.array([dt.date(1500, 1, 1), None, dt.date(2000, 2, 29)]),
        "ns": pa.array([noon, None, dt.datetime(2020, 1, 1)], pa.timestamp("ns", "UTC")),
        "ms": pa.array([noon, None, dt.datetime(2020, 1, 1)], pa.timestamp("ms")),
        "decimal": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.50")], pa.decimal128(9, 2)),
        "category": pa.array(["b", None, "a"]).dictionary_encode(),
        "nothing": pa.nulls(3),
    }
)
types = types.set_column(3, pa.field("f32", pa.float32(), metadata={"unit": "m w.e. yr-1"}), types.column("f32"))
pq.write_table(types, here / "types.parquet", compression="snappy")
pq.write_table(pa.table({"site": ["A"], "layers": [[1, 2]]}), here / "nested.parquet")
pq.write_table(pa.table({"a": [1.0, float("inf")]}), here / "infinite.parquet")
pq.write_table(pa.table({"a": pa.array([], pa.float64())}), here / "no_rows.parquet")
pq.write_table(pa.table({"a": [1.0, 2.0]}), here / "gzip.parquet", compression="gzip")
