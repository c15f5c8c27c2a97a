"""Every NetCDF file under a folder as Esker reads it, cell by cell against xarray, netCDF4 and cftime.

Run from the root of the repository: python validation/formats_netcdf.py FOLDER [DUMP]
DUMP is the example binary, by default target/release/examples/dump (cargo build --release -p esker-io --example dump).
Needs numpy, xarray, netCDF4 and cftime. Prints a line a file and, as the last line, a summary in JSON; ends with 1 if anything differs.

What is compared: labels, bounds, texts, masks and values of every variable. Values that are stored unscaled must be equal, those that are
scaled must be equal to stored * scale + offset in 64 bits and close to xarray's, which may compute in 32 bits. Times must have the same
year, month, day and microsecond.
"""

import json
import os
import pathlib
import subprocess
import sys
import warnings

import cftime
import netCDF4
import numpy as np
import xarray as xr

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(sys.argv[1])
DUMP = sys.argv[2] if len(sys.argv) > 2 else "target/release/examples/dump"


def esker(path):
    about = json.loads(subprocess.run([DUMP, path], check=True, capture_output=True).stdout)
    numbers = np.frombuffer(subprocess.run([DUMP, path, "--every"], check=True, capture_output=True).stdout, "<f8")
    at = 0

    def take(n):
        nonlocal at
        at += n
        return numbers[at - n : at]

    for axis in about["axes"]:
        axis["values"] = take(axis["len"]) if axis["labels"] in ("real", "time") else axis["texts"]
        axis["edges"] = take(2 * axis["len"]).reshape(-1, 2) if axis["bounds"] else None
    for v in about["variables"]:
        if v["holds"] == "Numbers":
            v["values"] = take(int(np.prod(v["shape"], dtype=int))).reshape(v["shape"])
        else:
            v["values"] = np.array(v["texts"], dtype=object).reshape(v["shape"])
    assert at == len(numbers), f"{at} numbers expected, {len(numbers)} came"
    return about


def groups(node, path=""):
    yield path, node
    for name, child in node.groups.items():
        yield from groups(child, f"{path}/{name}")


def same(a, b):
    return a.shape == b.shape and bool(np.all((a == b) | (np.isnan(a) & np.isnan(b))))


def parts(days, calendar):
    """Year, month, day and microsecond since midnight of days since 1970-01-01 of a calendar, without cftime's number arithmetic."""
    unit = "days since 1970-01-01"
    if calendar == "julian":  # Esker counts Julian days from the Gregorian 1970-01-01.
        unit = "days since 1969-12-19"
    whole = np.floor(days + 0.5 / 86400e6)
    micros = np.round((days - whole) * 86400e6).astype("int64")
    dates = cftime.num2date(whole, unit, calendar)
    return [(d.year, d.month, d.day, int(m)) for d, m in zip(np.ravel(dates), np.ravel(micros))]


def date_parts(dates):
    return [(d.year, d.month, d.day, ((d.hour * 60 + d.minute) * 60 + d.second) * 10**6 + d.microsecond) for d in np.ravel(dates)]


def compare_times(days, decoded, calendar):
    ours, theirs = parts(days, calendar), date_parts(decoded)
    # Esker's days have a resolution of about a microsecond.
    close = all(o[:3] == t[:3] and abs(o[3] - t[3]) <= 10 for o, t in zip(ours, theirs))
    return len(ours) == len(theirs) and close


def real_days(moments, units, calendar):
    """Days since 1970-01-01 of moments; years of other lengths are stretched onto real ones."""
    dates = np.ravel(cftime.num2date(moments, units, calendar))
    lengths = {"360_day": 360, "noleap": 365, "365_day": 365, "all_leap": 366, "366_day": 366}
    if calendar not in lengths:
        return np.array([cftime.date2num(d, "days since 1970-01-01", calendar) for d in dates], "f8")
    days = []
    for d in dates:
        passed = cftime.date2num(d, f"days since {d.year:04}-01-01", calendar) / lengths[calendar]
        start, end = (cftime.date2num(cftime.DatetimeProlepticGregorian(y, 1, 1), "days since 1970-01-01", "proleptic_gregorian") for y in (d.year, d.year + 1))
        days.append(start + passed * (end - start))
    return np.array(days, "f8")


def texts(values):
    flat = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in np.ravel(values)]
    return np.array([t.rstrip("\0").rstrip() for t in flat], dtype=object).reshape(np.shape(values))


def compare(full, ours, dataset, raw, said):
    """What differs in one variable; `raw` is netCDF4's without any decoding."""
    name = full.rsplit("/", 1)[-1]
    theirs = dataset.variables[name]
    if theirs.dtype == object and len(theirs) and isinstance(np.ravel(theirs.values)[0], cftime.datetime):
        return "times are not compared here"
    values = theirs.values
    if values.dtype.kind in "OSU":
        return None if np.array_equal(texts(values), ours) else "texts differ"
    if values.dtype.kind == "b":
        values = values.astype(float)
    scale, offset = (float(np.asarray(getattr(raw, k, d))) for k, d in (("scale_factor", 1.0), ("add_offset", 0.0)))
    values = values.astype("f8")
    differing = np.isnan(values) != np.isnan(ours)
    if np.any(differing):
        # xarray masks neither NetCDF's default fill values, nor valid ranges, nor a double fill value of a float; netCDF4 does.
        raw.set_auto_mask(True)
        if np.array_equal(np.ma.getmaskarray(raw[...]) | np.isnan(values), np.isnan(ours)):
            key = "cells masked by netCDF4 and Esker, not by xarray"
            said[key] = said.get(key, 0) + int(np.sum(differing))
            values = np.where(np.isnan(ours), np.nan, values)
            differing[...] = False
        raw.set_auto_mask(False)
    if np.any(differing):
        return f"masks differ in {np.sum(differing)} cells"
    units = str(getattr(raw, "units", ""))
    if " since " in units and not np.array_equal(np.nan_to_num(values), np.nan_to_num(ours)):
        # Moments along other axes than time.
        ok = ~np.isnan(ours)
        exact = np.asarray(raw[...], "f8") * scale + offset
        days = real_days(exact[ok], units, getattr(raw, "calendar", "standard"))
        off = np.max(np.abs(days - ours[ok]), initial=0.0)
        return None if off < 1e-8 else f"moments differ by up to {off} days"
    if not hasattr(raw, "scale_factor") and not hasattr(raw, "add_offset"):
        return None if same(values, ours) else "values differ"
    stored = raw[...]
    if getattr(raw, "_Unsigned", "") == "true":
        stored = stored.view(stored.dtype.str.replace("i", "u"))
    exact = np.asarray(stored, "f8") * scale + offset
    ok = ~np.isnan(ours)
    if not np.array_equal(exact[ok], ours[ok]):
        return f"scaled values differ by up to {np.max(np.abs(exact[ok] - ours[ok]))}"
    size = max(np.max(np.abs(values[ok]), initial=0.0), abs(offset))
    off = np.max(np.abs(values[ok] - ours[ok]), initial=0.0)
    key = "32-bit scaling of xarray, relative"
    said[key] = max(said.get(key, 0.0), off / size if size else 0.0)
    return None if off <= 2e-7 * size else f"values differ from xarray's by up to {off}"


def check(path, said):
    ours = esker(path)
    axes = {a["name"]: a for a in ours["axes"]}
    variables = {v["name"]: v for v in ours["variables"]}
    found, cells = [], 0
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)
    with netCDF4.Dataset(path) as root:
        root.set_auto_maskandscale(False)
        for group, node in groups(root):
            # One handle for all: the HDF5 library does not bear several on one file with hundreds of groups.
            store = xr.backends.NetCDF4DataStore(node)
            dataset = xr.open_dataset(store, decode_times=coder, decode_timedelta=False, decode_coords=False)
            numbers = xr.open_dataset(store, decode_times=False, decode_timedelta=False, decode_coords=False)
            for name in dataset.variables:
                full = f"{group}/{name}" if group else name
                theirs = dataset.variables[name]
                if "grid_mapping_name" in theirs.attrs:
                    continue  # It holds attributes only.
                cells += theirs.size
                is_time = theirs.dtype == object and theirs.size and isinstance(np.ravel(theirs.values)[0], cftime.datetime)
                owner = [a for a in dataset.variables if name in (dataset[a].attrs.get("bounds"), dataset[a].encoding.get("bounds"),
                         dataset[a].attrs.get("climatology"))]
                if full in axes and theirs.dims == (name,):
                    axis = axes[full]
                    if is_time:
                        good = axis["labels"] == "time" and compare_times(axis["values"], theirs.values, axis["calendar"])
                    elif theirs.dtype.kind in "OSU":
                        good = list(texts(theirs.values)) == axis["values"]
                    else:
                        good = same(theirs.values.astype("f8"), np.asarray(axis["values"], float))
                    found += [] if good else [f"{full}: labels differ"]
                elif full in variables:
                    why = compare(full, variables[full]["values"], numbers if is_time else dataset, node.variables[name], said)
                    found += [f"{full}: {why}"] if why else []
                elif owner:
                    axis = axes[f"{group}/{owner[0]}" if group else owner[0]]
                    if axis["labels"] == "time":
                        good = compare_times(axis["edges"].ravel(), theirs.values.ravel(), axis["calendar"])
                    else:
                        good = axis["edges"] is not None and same(theirs.values.astype("f8"), axis["edges"])
                    found += [] if good else [f"{full}: bounds differ"]
                elif any(full in n["text"] for n in ours["notes"] if n["code"] == "skipped-variables"):
                    said["variables of compound or ragged types, skipped"] = said.get("variables of compound or ragged types, skipped", 0) + 1
                else:
                    found.append(f"{full}: not read")
    return found, cells


def main():
    files = sorted(p for p in FOLDER.rglob("*") if p.suffix in (".nc", ".nc4", ".cdf", ".netcdf"))
    said, bad, cells = {}, {}, 0
    for path in files:
        try:
            found, n = check(str(path), said)
        except subprocess.CalledProcessError as e:
            found, n = [e.stderr.decode()], 0
        except ValueError as e:
            found, n = [f"xarray refuses: {str(e)[:200]}"], 0
        cells += n
        print("differs" if found else "equal  ", path.relative_to(FOLDER), *found[:5], sep="  ")
        if found:
            bad[str(path.relative_to(FOLDER))] = found
    versions = {m.__name__: m.__version__ for m in (xr, netCDF4, cftime, np)}
    print(json.dumps({"files": len(files), "cells": cells, "differ": len(bad), **said, "versions": versions}))
    sys.stdout.flush()
    os._exit(bool(bad))  # xarray and netCDF4 would both close the files.


main()
