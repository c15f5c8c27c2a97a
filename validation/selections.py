"""Selections and stacking of every grid under a folder, in Esker and in xarray, cell by cell.

Run from the root of the repository: python validation/selections.py FOLDER [SELECT [ESKER]]
SELECT is the example binary, by default target/release/examples/select (cargo build --release -p esker-io --examples), ESKER the command.
Needs numpy, pandas, xarray, netCDF4, cftime and zarr. Prints a line a file and, as the last line, a summary in JSON; ends with 1 if anything
differs. Draws are those of a fixed seed.

What is compared, for the first variables of each file: the nearest cell by number, midway between two labels among them; ranges whichever
way the axis runs, with ends on labels and between them; boxes over the seam of longitudes from 0 to 360 and from -180 to 180; cells by
number, repeated and turned round; a chain of these; stacking to rows without empty cells and back; and, by `esker convert`, spans of
time in the calendar of the file. Labels and values must be equal, missing cells too.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import xarray as xr

warnings.filterwarnings("ignore")
FOLDER = pathlib.Path(sys.argv[1])
SELECT = sys.argv[2] if len(sys.argv) > 2 else "target/release/examples/select"
ESKER = sys.argv[3] if len(sys.argv) > 3 else "target/release/esker"
MOST = 200_000  # Cells of a selection.


def same(a, b, scaled=False):
    """Equal, missing cells too; xarray may scale packed numbers in 32 bits."""
    a, b = np.asarray(a, "f8"), np.asarray(b, "f8")
    if a.shape != b.shape:
        return False
    return bool(np.all((a == b) | (np.isnan(a) & np.isnan(b)))) or scaled and np.allclose(a, b, rtol=2e-7, atol=0, equal_nan=True)


def numbers(values):
    return np.array([np.nan if v is None else v for v in np.ravel(np.array(values, dtype=object))], "f8")


def open_peer(path, times):
    coder = xr.coders.CFDatetimeCoder(use_cftime=True)
    kind = {"decode_times": coder if times else False, "decode_timedelta": False, "decode_coords": False}
    if path.suffix == ".zarr":
        return xr.open_zarr(path, consolidated=False, chunks=None, **kind)
    return xr.open_dataset(path, **kind)


def ask(path, asked):
    lines = "".join(json.dumps(a) + "\n" for a in asked)
    out = subprocess.run([SELECT, path], input=lines.encode(), check=True, capture_output=True).stdout
    return [json.loads(line) for line in out.decode().splitlines()]


def numeric_axes(data):
    """Axes with labels of numbers in strict order."""
    found = []
    for d in data.dims:
        if d in data.coords and data[d].dtype.kind in "fiu" and data.sizes[d] > 1 and " since " not in str(data[d].attrs.get("units", "")):
            step = np.diff(data[d].values.astype("f8"))
            if np.all(step > 0) or np.all(step < 0):
                found.append(d)
    return found


def turned(data, x, west, east):
    """What a box takes of longitudes, by xarray: rolled so that they run on from the west."""
    span = east - west
    east_of = np.mod(data[x].values.astype("f8") - west, 360.0)
    keep = np.flatnonzero(east_of <= span)
    order = keep[np.argsort(east_of[keep], kind="stable")]
    if data[x].values[0] > data[x].values[-1]:
        order = order[::-1]
    out = data.isel({x: order})
    shift = 360.0 * np.round((west + np.mod(out[x].values.astype("f8") - west, 360.0) - out[x].values.astype("f8")) / 360.0)
    return out.assign_coords({x: out[x].values.astype("f8") + shift})


def questions(data, rng):
    """What is asked of Esker, with xarray's answer."""
    asked = []

    def add(what, steps, theirs, stack=False):
        if theirs.size and theirs.size <= MOST:
            asked.append((what, {"variable": data.name, "steps": steps, "stack": stack}, theirs))

    def small(keep):
        """Steps that leave a few cells of the axes other than `keep`."""
        steps, part = [], data
        for d in data.dims:
            if d not in keep and data.sizes[d] > 3:
                cells = sorted(rng.choice(data.sizes[d], 3, replace=False).tolist())
                steps.append(["cells", d, cells])
                part = part.isel({d: cells})
        return steps, part

    axes = numeric_axes(data)
    for d in axes:
        steps, part = small([d])
        labels = data[d].values.astype("f8")
        low, high = labels.min(), labels.max()
        spots = list(rng.uniform(low, high, 4)) + [labels[0], labels[-1], labels[len(labels) // 2], (labels[0] + labels[1]) / 2]
        exact = part.assign_coords({d: labels})
        for v in map(float, spots):
            add(f"nearest {d}", steps + [["nearest", d, v]], exact.sel({d: [v]}, method="nearest"))
        ends = [sorted(rng.uniform(low, high, 2)) for _ in range(3)] + [sorted((labels[0], labels[len(labels) // 2])), (low - 1, high + 1)]
        for a, b in ends:
            cut = slice(a, b) if labels[0] < labels[-1] else slice(b, a)
            add(f"range {d}", steps + [["range", d, float(a), float(b)]], exact.sel({d: cut}))
    for d in data.dims:
        steps, part = small([d])
        n = data.sizes[d]
        cells = rng.integers(0, n, min(n, 7)).tolist()
        for chosen in (cells, list(range(n))[::-1][:50], [0, 0, n - 1]):
            add(f"cells {d}", steps + [["cells", d, chosen]], part.isel({d: chosen}))
    x = [d for d in axes if str(data[d].attrs.get("units", "")).startswith("degrees_e")]
    y = [d for d in axes if str(data[d].attrs.get("units", "")).startswith("degrees_n")]
    if len(x) == 1 and len(y) == 1 and "grid_mapping" not in data.attrs:
        x, y = x[0], y[0]
        steps, part = small([x, y])
        for west, south, east, north in ((-10.3, -40.2, 10.7, 60.1), (170.1, -70.3, 190.3, 10.2), (-180.0, -90.0, 180.0, 90.0), (0.0, -90.0, 360.0, 90.0)):
            cut = slice(south, north) if data[y].values[0] < data[y].values[-1] else slice(north, south)
            # A whole turn whose ends are one meridian holds that once.
            theirs = turned(part.sel({y: cut}), x, west, east)
            add("box", steps + [["within", west, south, east, north]], theirs)
    steps, part = small([])
    for d in axes[:2]:
        labels = part[d].values.astype("f8")
        v = float(labels[0])
        steps, part = steps + [["nearest", d, v]], part.assign_coords({d: labels}).sel({d: [v]}, method="nearest")
    add("chain", steps, part)
    steps, part = small(data.dims[-2:])
    add("stack", steps, part, stack=True)
    return asked


def boxes_of_places(dataset, data):
    """Boxes on a grid with 2-D longitudes and latitudes, by `where(…, drop=True)`."""
    named = {v.attrs.get("standard_name") or v.attrs.get("units", ""): n for n, v in dataset.variables.items() if v.ndim == 2 and n != data.name}
    lon = next((named[k] for k in ("longitude", "degrees_east") if k in named), None)
    lat = next((named[k] for k in ("latitude", "degrees_north") if k in named), None)
    axes = [d for d in data.dims if d in dataset.variables and dataset[d].attrs.get("standard_name", "").startswith(("projection", "grid", "lon", "lat"))]
    if lon is None or lat is None or axes or not set(dataset[lon].dims) <= set(data.dims):
        return []
    x, y = dataset[lon].values.astype("f8"), dataset[lat].values.astype("f8")
    dims = dataset[lon].dims
    part = data.isel({d: slice(0, 2) for d in data.dims if d not in dims})
    steps = [["cells", d, list(range(part.sizes[d]))] for d in part.dims if d not in dims]
    asked = []
    for west, south, east, north in ((-40.5, -20.0, 10.5, 35.3), (150.0, -60.0, 215.5, 20.0), (-180.0, 60.0, 180.0, 90.0), (0.0, -90.0, 360.0, 90.0)):
        inside = xr.DataArray((np.mod(x - west, 360.0) <= east - west) & (y >= south) & (y <= north), dims=dims)
        if inside.any():
            theirs = part.drop_vars([c for c in part.coords if c not in part.dims]).where(inside, drop=True).transpose(*part.dims)
            asked.append(("places", {"variable": data.name, "steps": steps + [["within", west, south, east, north]], "stack": False}, theirs))
    return asked


def labels_of(part, d):
    return part[d].values.astype("f8") if d in part.coords and part[d].dtype.kind in "fiu" else None


def differs(theirs, ours, stack):
    """What differs between two answers."""
    if "refused" in ours:
        return ours["refused"]
    scaled = "scale_factor" in theirs.encoding
    times = [d for d in theirs.dims if d in theirs.coords and " since " in str(theirs[d].attrs.get("units", ""))]
    if not stack:
        if tuple(ours["shape"]) != theirs.shape:
            return f"shape {ours['shape']}, xarray {theirs.shape}"
        for d in theirs.dims:
            labels = labels_of(theirs, d)
            if labels is not None and d not in times and not same(numbers(ours["labels"][d]), labels):
                return f"labels of {d} differ"
        return None if same(numbers(ours["values"]), theirs.values.astype("f8").ravel(), scaled) else "values differ"
    # Rows follow the order of the axes in the file, not in the variable.
    full = theirs.astype("f8").rename("value__").transpose(*ours["axes"])
    bare = full.reset_coords(drop=True).drop_vars(full.coords)
    frame = bare.assign_coords({d: np.arange(n) for d, n in full.sizes.items()}).to_series().dropna()
    columns = ours["columns"]
    if len(columns[theirs.name]) != len(frame) or not same(numbers(columns[theirs.name]), frame.values, scaled):
        return "stacked values differ"
    for d in theirs.dims:
        labels = labels_of(theirs, d)
        if labels is not None and d not in times and not same(numbers(columns[d]), labels[frame.index.get_level_values(d) if theirs.ndim > 1 else frame.index]):
            return f"stacked labels of {d} differ"
    return None if same(numbers(ours["grid"]), full.values.ravel(), scaled) else "what was stacked and brought back differs"


def spans(path, name, data, t, rng, said):
    """Spans of time by `esker convert`, against xarray's partial dates of the same calendar."""
    dates = data[t].values
    some = [dates[i] for i in sorted(rng.integers(0, len(dates), 2).tolist())]
    texts = [f"{some[0].year:04}", f"{some[1].year:04}-{some[1].month:02}", f"{some[0].year:04}-{some[0].month:02}/{some[1].year:04}-{some[1].month:02}",
             f"{some[0].year:04}-{some[0].month:02}-{some[0].day:02}", f"{some[0].year:04}/{some[1].year:04}-{some[1].month:02}-{some[1].day:02}"]
    for text in texts:
        ends = text.split("/")
        theirs = data.sel({t: slice(ends[0], ends[-1])}) if len(ends) > 1 else data.sel({t: slice(text, text)})
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "part.nc"
            done = subprocess.run([ESKER, "convert", path, out, "--var", name, "--time", text], capture_output=True)
            if done.returncode:
                if theirs.sizes[t]:
                    yield f"time {text}: {done.stderr.decode()[:200]}"
                continue
            with open_peer(out, True) as ours:
                leaf = name.rsplit("/", 1)[-1]
                if ours[t].dt.calendar != data[t].dt.calendar and {ours[t].dt.calendar, data[t].dt.calendar} - {"standard", "gregorian", "proleptic_gregorian"}:
                    yield f"time {text}: calendar {ours[t].dt.calendar}"
                near = [abs((a - b).total_seconds()) < 1e-3 for a, b in zip(ours[t].values, theirs[t].values)] if len(ours[t]) == len(theirs[t]) else [False]
                if not all(near):
                    yield f"time {text}: {ours.sizes[t]} moments, xarray {theirs.sizes[t]}"
                elif not np.allclose(ours[leaf].transpose(*theirs.dims).values.astype("f8"), theirs.values.astype("f8"), rtol=1e-6, atol=0, equal_nan=True):
                    yield f"time {text}: values differ"
        said["spans of time"] = said.get("spans of time", 0) + 1


def check(path, said):
    rng = np.random.default_rng(20261121)
    found = []
    with open_peer(path, False) as dataset, open_peer(path, True) as dated:
        names = [n for n in dataset.data_vars if dataset[n].ndim and dataset[n].dtype.kind in "fiu" and dataset[n].size < 2e7
                 and " since " not in str(dataset[n].attrs.get("units", ""))]
        bounds = [b for v in dataset.variables.values() for key in ("bounds", "climatology") for b in str(v.attrs.get(key, v.encoding.get(key, ""))).split()]
        names = [n for n in names if n not in bounds]
        names.sort(key=lambda n: -dataset[n].ndim)
        for name in names[:3]:
            asked = questions(dataset[name], rng) + boxes_of_places(dataset, dataset[name])
            answers = ask(path, [a[1] for a in asked])
            for (what, question, theirs), ours in zip(asked, answers):
                why = differs(theirs, ours, question["stack"])
                key = what.split()[0]
                said[key] = said.get(key, 0) + 1
                if why:
                    found.append(f"{name}: {what} {question['steps']}: {why}")
        for name in names[:1]:
            for t in dated[name].dims:
                if t in dated.coords and dated[t].dtype == object and dated[t].size > 1 and hasattr(dated[t].values[0], "calendar"):
                    found += list(spans(path, name, dated[name], t, rng, said))
    return found


def main():
    files = sorted(p for p in FOLDER.rglob("*") if p.suffix in (".nc", ".nc4", ".zarr"))
    said, bad = {}, {}
    for path in files:
        try:
            found = check(path, said)
        except subprocess.CalledProcessError as e:
            found = [e.stderr.decode()]
        print("differs" if found else "equal  ", path.relative_to(FOLDER), *found[:5], sep="  ")
        if found:
            bad[str(path.relative_to(FOLDER))] = found
    versions = {m.__name__: m.__version__ for m in (xr, np)}
    print(json.dumps({"files": len(files), "differ": len(bad), **said, "versions": versions}))
    sys.stdout.flush()
    os._exit(bool(bad))


main()
