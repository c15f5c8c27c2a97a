"""Small NetCDF files with everything a reader must undo, for crates/esker-io/tests/netcdf.rs.

Run from the root of the repository: python crates/esker-io/tests/data/make_netcdf.py
Needs numpy and netCDF4; the files in the repository were made with netCDF4 1.7.5.1. All values follow from their place: see `number`.
"""

import pathlib

import netCDF4
import numpy as np

OUT = pathlib.Path("crates/esker-io/tests/data/netcdf")


def number(shape, most=1000):
    return (np.arange(np.prod(shape)).reshape(shape) * 7) % most


def filters():
    with netCDF4.Dataset(OUT / "made_filters.nc", "w") as d:
        for name, n in (("t", None), ("y", 10), ("x", 13)):
            d.createDimension(name, n)
        pipelines = {
            "deflate": dict(zlib=True, complevel=4, shuffle=False),
            "shuffled": dict(zlib=True, complevel=4, shuffle=True),
            "checked": dict(zlib=True, shuffle=True, fletcher32=True),
            "zstd": dict(compression="zstd"),
            "plain": dict(),
        }
        for name, how in pipelines.items():
            for kind, order in (("i2", "little"), ("f4", "big"), ("f8", "little")):
                v = d.createVariable(f"{name}_{kind}", kind, ("t", "y", "x"), chunksizes=(2, 4, 5), endian=order, **how)
                v.units = "1"
                v[:] = number((5, 10, 13))
        # Three records shorter than the others: the rest was never written.
        short = d.createVariable("short", "i4", ("t", "x"), chunksizes=(2, 5), zlib=True, fill_value=-9)
        short[:] = number((2, 13))
        short.units = "1"


def model():
    """Groups that share and shadow dimensions, texts, an enumeration, packing with signs, and types that are skipped."""
    with netCDF4.Dataset(OUT / "made_groups.nc", "w") as d:
        d.createDimension("time", 3)
        time = d.createVariable("time", "i4", ("time",))
        time.units, time.calendar = "days since 1582-10-04", "standard"
        time[:] = [0, 1, 2]
        a = d.createGroup("a")
        a.title = "inner"
        a.createDimension("x", 4)
        v = a.createVariable("v", "i1", ("time", "x"), fill_value=np.int8(-1))
        v.setncattr("_Unsigned", "true")
        v.units, v.scale_factor, v.add_offset = "K", -0.5, 10.0
        v.set_auto_maskandscale(False)
        v[:] = np.array([[-1, -2, 0, 1]] * 3, "i1")
        names = a.createVariable("names", str, ("x",))
        names[:] = np.array(["Aletsch", "Mýrdalsjökull", "", "Ok"], dtype=object)
        names.cf_role = "timeseries_id"
        kind = a.createEnumType(np.int8, "surface_kind", {"ice": 0, "rock": 1})
        e = a.createVariable("surface", kind, ("x",))
        e[:] = [0, 1, 1, 0]
        pair = a.createCompoundType(np.dtype([("u", "f4"), ("v", "f4")]), "pair")
        a.createVariable("wind", pair, ("x",))
        b = a.createGroup("b")
        b.createDimension("time", 3)
        inner = b.createVariable("time", "f8", ("time",))
        inner.units, inner.calendar = "hours since 2000-02-28 00:00 +02:00", "360_day"
        inner[:] = [0, 26, 50]
        w = b.createVariable("w", "f8", ("time", "x"))
        w.units = "m"
        w[:] = number((3, 4))


def classic():
    """Records of odd lengths, characters, and numbers in one piece, of which windows are cut."""
    with netCDF4.Dataset(OUT / "made_classic.nc", "w", format="NETCDF3_64BIT_OFFSET") as d:
        for name, n in (("obs", None), ("z", 6), ("y", 5), ("x", 7), ("letters", 9)):
            d.createDimension(name, n)
        byte = d.createVariable("byte", "i1", ("obs",), fill_value=False)
        short = d.createVariable("short", "i2", ("obs", "x"))
        names = d.createVariable("name", "S1", ("obs", "letters"))
        box = d.createVariable("box", "f8", ("z", "y", "x"))
        for v in (byte, short, box):
            v.units = "1"
        byte[:] = number((11,), 100)
        short[:] = number((11, 7))
        names[:] = netCDF4.stringtochar(np.array([f"stake {i}" for i in range(11)], "S9"))
        box[:] = number((6, 5, 7))


filters()
model()
classic()
