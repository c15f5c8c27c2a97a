"""Compares what Esker reads from rasters and GRIB files with rasterio and ecCodes, cell by cell.

    python validation/formats_raster.py FOLDER [DUMP]

FOLDER is searched for .tif, .tiff, .grib, .grib1, .grib2, .grb and .grb2 files; DUMP is the built example `dump_raster`
(target/debug/examples/dump_raster by default). Needs numpy, rasterio, pyproj, eccodes; tested with rasterio 1.4 and ecCodes 2.50.
"""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

DUMP = "target/debug/examples/dump_raster"


def esker(path, *more):
    run = subprocess.run([DUMP, str(path), *more], capture_output=True)
    if run.returncode:
        raise RuntimeError(run.stderr.decode().strip() or f"exit {run.returncode}")
    return run.stdout


def same(name, ours, theirs, tolerance=0.0):
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.shape != theirs.shape:
        raise AssertionError(f"{name}: shape {ours.shape} and {theirs.shape}")
    if (np.isnan(ours) != np.isnan(theirs)).any():
        raise AssertionError(f"{name}: missing {np.isnan(ours).sum()} and {np.isnan(theirs).sum()} cells")
    off = np.nanmax(np.abs(ours - theirs), initial=0.0)
    if not off <= tolerance:
        raise AssertionError(f"{name}: differs by up to {off}")
    return off


def raster(path):
    import rasterio
    from pyproj import CRS

    head = json.loads(esker(path))
    with rasterio.open(path) as peer:
        worst, lossy = 0.0, str(peer.compression) == "Compression.jpeg"
        bands = [v for v in head["variables"] if not v["auxiliary"]]
        assert len(bands) == peer.count, f"{len(bands)} bands and {peer.count}"
        for i, variable in enumerate(bands):
            ours = np.frombuffer(esker(path, "--values", variable["name"])).reshape(peer.shape)
            stored = peer.read(i + 1)
            theirs = stored.astype(float)
            if peer.nodatavals[i] is not None:
                nodata = np.asarray(peer.nodatavals[i]).astype(stored.dtype)
                theirs[stored == nodata] = np.nan
            theirs = theirs * peer.scales[i] + peer.offsets[i]
            # JPEG decoders may round differently; everything else is exact.
            worst = max(worst, same(variable["name"], ours, theirs, 4.0 if lossy else 0.0))
            assert variable["unit"] == (peer.units[i] or ""), f"unit {variable['unit']} and {peer.units[i]}"
            if peer.descriptions[i]:
                assert variable["attributes"].get("description") == peer.descriptions[i]
        t = peer.transform
        labels = {a["name"]: a["labels"] for a in head["axes"]}
        if not t.is_identity and t.b == 0 and t.d == 0:
            scale = max(abs(t.c), abs(t.f), 1.0) * 1e-15
            same("x", labels["x"], t.c + (np.arange(peer.width) + 0.5) * t.a, scale)
            same("y", labels["y"], t.f + (np.arange(peer.height) + 0.5) * t.e, scale)
        if peer.crs is not None:
            assert head["crs"] is not None, f"no system for {peer.crs.to_wkt()[:120]}"
            same_system(CRS.from_user_input(head["crs"]["name"]), CRS.from_wkt(peer.crs.to_wkt()), peer, labels)
        system = head["crs"]["name"] if head["crs"] else "no system"
        return f"{peer.count} x {peer.height} x {peer.width}, {system}, values within {worst:g}"


def same_system(ours, theirs, peer, labels):
    """Two systems are the same where they put the raster's corners and middle at the same longitude and latitude."""
    from pyproj import Transformer

    x = np.array([labels["x"][0], labels["x"][-1], labels["x"][peer.width // 2]])
    y = np.array([labels["y"][0], labels["y"][-1], labels["y"][peer.height // 2]])
    places = [Transformer.from_crs(c, c.geodetic_crs, always_xy=True).transform(x, y) for c in (ours, theirs)]
    finite = np.isfinite(places[0][0]) & np.isfinite(places[1][0])
    for a, b in zip(*places):
        assert np.allclose(np.asarray(a)[finite], np.asarray(b)[finite], atol=1e-8), f"system {ours.to_string()} is not {theirs.to_string()}"


def messages(path):
    import eccodes as ec

    with open(path, "rb") as f:
        while (h := ec.codes_grib_new_from_file(f)) is not None:
            ec.codes_set(h, "missingValue", 1e36)
            values = ec.codes_get_values(h)
            if ec.codes_get(h, "bitmapPresent") or ec.codes_get(h, "numberOfMissing"):
                values = np.where(values == 1e36, np.nan, values)
            get = lambda key, kind=None: ec.codes_get(h, key, kind)
            day, clock = get("validityDate"), get("validityTime")
            stamp = np.datetime64(f"{day:08d}"[:4] + "-" + f"{day:08d}"[4:6] + "-" + f"{day:08d}"[6:]) + np.timedelta64(clock // 100 * 60 + clock % 100, "m")
            grid = get("gridType")
            try:
                places = (ec.codes_get_array(h, "longitudes"), ec.codes_get_array(h, "latitudes"))
            except ec.CodesInternalError:
                places = None
            yield dict(name=get("cfVarName"), short=get("shortName"), unit=get("units"), days=(stamp - np.datetime64("1970-01-01")) / np.timedelta64(1, "D"),
                       kind=get("typeOfLevel"), level=get("level"), number=get("number") if ec.codes_is_defined(h, "number") else None,
                       grid=grid, values=values, places=places, bits=get("bitsPerValue"),
                       rows=None if grid.startswith("reduced") else (get("Nj"), get("Ni")), scanning=get("scanningMode"))
            ec.codes_release(h)


def grib(path):
    from pyproj import CRS, Transformer

    head = json.loads(esker(path))
    axes = {a["name"]: a for a in head["axes"]}
    values, worst, far, count = {}, 0.0, 0.0, 0
    for m in messages(path):
        count += 1
        name = m["name"] if m["name"] not in ("unknown", "~") else m["short"]
        found = [v for v in head["variables"] if v["name"] == name or v["name"] == f"{name}_{m['kind']}"]
        assert found, f"{name} on {m['kind']} is not among {[v['name'] for v in head['variables']]}"
        variable = next((v for v in found if v["attributes"].get("GRIB_typeOfLevel") == m["kind"]), found[0])
        name = variable["name"]
        if name not in values:
            shape = [axes[a]["len"] for a in variable["axes"]]
            values[name] = np.frombuffer(esker(path, "--values", name)).reshape(shape)
        at, cells = [], []
        for a in variable["axes"]:
            labels, axis = axes[a]["labels"], axes[a]
            if axis["kind"] == "T":
                at.append(int(np.argmin(np.abs(np.array(labels) - m["days"]))))
                assert abs(labels[at[-1]] - m["days"]) < 1e-9, f"{name}: no time {m['days']}"
            elif axis["kind"] == "Z":
                at.append(labels.index(m["level"]))
            elif a.startswith("number"):
                at.append(labels.index(m["number"]))
            else:
                at.append(slice(None))
                cells.append(axis)
        field = values[name][tuple(at)]
        theirs, lon, lat = to_rows(m, field.shape)
        spread = np.nanmax(np.abs(theirs), initial=0.0)
        worst = max(worst, same(name, field, theirs, 1e-12 * max(spread, 1e-300)))
        unit = m["unit"].replace("**", "")
        assert variable["unit"] in (unit, "1", ""), f"{name}: unit {variable['unit']} and {unit}"
        if m["places"] is None:
            continue
        if head["places"]:
            x, y = (np.frombuffer(esker(path, "--values", p)).reshape(field.shape) for p in head["places"])
        else:
            x, y = np.meshgrid(cells[1]["labels"], cells[0]["labels"])
            crs = CRS.from_user_input(head["crs"]["name"])
            if crs.is_projected:
                x, y = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(x, y)
        off = max(np.abs((x - lon + 180) % 360 - 180).max(), np.abs(y - lat).max())
        assert off < 1e-3, f"{name}: cells up to {off} degrees away"
        far = max(far, off)
    system = head["crs"]["name"] if head["crs"] else "no system"
    return f"{count} messages, {', '.join(values)}, {system}, values within {worst:g}, places within {far:g} degrees"


def to_rows(m, shape):
    """ecCodes gives values and places in the order of the message; Esker has rows, each from west to east as the axis says."""
    if m["rows"] is None:
        return (m["values"],) + m["places"]
    order = np.arange(m["values"].size)
    # Bit 3: columns follow one another; bit 4: every other row runs back.
    if m["scanning"] & 32:
        order = order.reshape(shape[::-1]).T
    order = order.reshape(shape).copy()
    if m["scanning"] & 16:
        order[1::2] = order[1::2, ::-1]
    places = m["places"] or (m["values"], m["values"])
    return m["values"][order], places[0][order], places[1][order]


def main():
    global DUMP
    folder = Path(sys.argv[1])
    DUMP = sys.argv[2] if len(sys.argv) > 2 else DUMP
    failed = 0
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        check = raster if suffix in (".tif", ".tiff") else grib if suffix.startswith((".grib", ".grb")) and suffix[1:].isalnum() else None
        if check is None or not path.is_file():
            continue
        try:
            print("same   ", path.relative_to(folder), "|", check(path))
        except Exception as error:  # A report on all files is wanted, whatever one of them does.
            failed += 1
            print("DIFFERS", path.relative_to(folder), "|", f"{type(error).__name__}: {error}")
    print(f"{failed} files differ" if failed else "all files agree")
    sys.exit(failed > 0)


main()
