"""Compares what Esker reads from rasters and GRIB files with rasterio and ecCodes, cell by cell.

    python validation/formats_raster.py FOLDER [DUMP]

Rasters are also written again by Esker and must then hold the same in rasterio's eyes and be valid cloud-optimised GeoTIFFs
(`rio cogeo validate`); rasters of every storage that rasterio can write are made in a temporary folder and compared, too.

FOLDER is searched for .tif, .tiff, .grib, .grib1, .grib2, .grb and .grb2 files; DUMP is the built example `dump_raster`
(target/debug/examples/dump_raster by default). Needs numpy, rasterio, rio-cogeo, pyproj, eccodes; tested with rasterio 1.4 and ecCodes 2.50.
"""
import itertools
import json
import subprocess
import sys
import tempfile
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
            # JPEG decoders differ in how they spread colours between cells; everything else is exact.
            worst = max(worst, same(variable["name"], ours, theirs, 16.0 if lossy else 0.0))
            assert not np.nanmean(np.abs(np.append(ours - theirs, 0.0))) > 0.5
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
        if not t.is_identity and t.b == 0 and t.d == 0:
            worst = max(worst, written(path, peer, lossy))
        return f"{peer.count} x {peer.height} x {peer.width}, {system}, values within {worst:g}"


def written(path, peer, lossy):
    """Esker writes the raster again: rasterio must read the same from it, and its layout must be cloud-optimised."""
    import rasterio
    from pyproj import CRS
    from rio_cogeo import cog_validate

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "again.tif"
        esker(path, "--write", str(out))
        valid, errors, warnings = cog_validate(out, quiet=True)
        assert valid and not warnings, f"not cloud-optimised: {errors} {warnings}"
        with rasterio.open(out) as again:
            worst = 0.0
            turned = peer.transform.e > 0
            for i in range(peer.count):
                theirs = peer.read(i + 1)
                values = theirs.astype(float)
                if peer.nodatavals[i] is not None:
                    values[theirs == np.asarray(peer.nodatavals[i]).astype(theirs.dtype)] = np.nan
                values = values * peer.scales[i] + peer.offsets[i]
                worst = max(worst, same(f"written band {i + 1}", again.read(i + 1), values[::-1] if turned else values, 16.0 if lossy else 0.0))
                assert (again.units[i] or "") == (peer.units[i] or "")
            a, b = again.transform, peer.transform
            assert np.allclose([a.a, abs(a.e), a.c], [b.a, abs(b.e), b.c], rtol=1e-12, atol=1e-9), f"transform {a} and {b}"
            if peer.crs is not None and "Geostationary" not in peer.crs.to_wkt():
                labels = {"x": b.c + (np.arange(peer.width) + 0.5) * b.a, "y": b.f + (np.arange(peer.height) + 0.5) * b.e}
                same_system(CRS.from_wkt(again.crs.to_wkt()), CRS.from_wkt(peer.crs.to_wkt()), peer, labels)
            return worst


def made(folder):
    """Rasters of every storage: types, compressions, predictors, strips and tiles, bands together and apart, both byte orders."""
    import rasterio
    from rasterio.transform import from_origin

    rng = np.random.default_rng(7)
    types = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
    for n, (kind, code) in enumerate(itertools.product(types, [None, "lzw", "deflate", "zstd", "packbits"])):
        predictors = [1] if code in (None, "packbits") else [1, 3] if kind.startswith("float") else [1, 2]
        for predictor, tiled, interleave in itertools.product(predictors, (False, True), ("pixel", "band")):
            whole = np.issubdtype(np.dtype(kind), np.integer)
            low, high = (max(np.iinfo(kind).min, -(2**50)), min(np.iinfo(kind).max, 2**50)) if whole else (0, 1)
            values = rng.integers(low, high, (3, 61, 83)).cumsum(2).astype(kind) if whole else rng.normal(0, 1e3, (3, 61, 83)).astype(kind)
            values[:, 5:9, 7:30] = 7
            profile = dict(driver="GTiff", height=61, width=83, count=3, dtype=kind, crs="EPSG:32633", transform=from_origin(5e5, 5e6, 30, 30), nodata=7)
            if code:
                profile["compress"] = code
            if predictor > 1:
                profile["predictor"] = predictor
            if tiled:
                profile |= dict(tiled=True, blockxsize=32, blockysize=16)
            extra = dict(BIGTIFF="YES" if n % 2 else "NO", ENDIANNESS="BIG" if n % 3 == 0 else "LITTLE", SPARSE_OK="TRUE")
            if kind in ("int64", "uint64"):
                values = (values % 2**50).astype(kind)
            name = folder / f"{kind}_{code}_{predictor}_{'tiles' if tiled else 'strips'}_{interleave}.tif"
            with rasterio.open(name, "w", interleave=interleave, **profile, **extra) as out:
                out.write(values)
                out.scales, out.offsets = (0.1, 1.0, 1.0), (273.15, 0.0, 0.0)
                out.descriptions, out.units = ("temperature", "same", "same"), ("K", None, "m")
    for code, name in (("EPSG:3031", "polar"), ("EPSG:2056", "oblique"), ("EPSG:6933", "equal"), ("+proj=lcc +lat_1=30 +lat_2=60 +lat_0=45 +lon_0=10 +ellps=GRS80", "lcc"),
                       ("+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=37.5 +lon_0=-96 +datum=NAD83", "aea"), ("+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=3 +R=6371229", "stere"),
                       ("+proj=merc +lat_ts=20 +lon_0=0 +a=6378137 +b=6356752.3", "merc"), ("+proj=lcc +lat_1=50 +lat_0=50 +lon_0=8 +k_0=0.9999 +ellps=bessel", "lcc1"),
                       ("+proj=utm +zone=33 +ellps=intl", "utm"), ("+proj=laea +lat_0=90 +lon_0=0 +R=6371228", "laea"), ("+proj=sinu +lon_0=0 +R=6371007.181", "sinu"),
                       ("+proj=longlat +R=6371229", "sphere"), ("EPSG:4258", "etrs"), ("EPSG:2263", "feet"), ("+proj=tmerc +lat_0=0 +lon_0=9 +k=0.9996 +x_0=500000 +ellps=WGS84 +units=km", "km"),
                       ("+proj=aeqd +lat_0=47 +lon_0=11 +ellps=WGS84", "aeqd"), ("+proj=cea +lat_ts=30 +lon_0=0 +ellps=WGS84", "cea"), ("+proj=eqdc +lat_1=20 +lat_2=50 +lat_0=30 +lon_0=5 +ellps=GRS80", "eqdc")):
        size = 0.1 if name in ("sphere", "etrs") else 1.0 if name == "km" else 1000.0
        with rasterio.open(folder / f"crs_{name}.tif", "w", driver="GTiff", height=7, width=9, count=1, dtype="float32", crs=code, transform=from_origin(size * 3, size * 20, size, size)) as out:
            out.write(rng.normal(size=(1, 7, 9)).astype("float32"))
    for name, extra in (("point", dict(crs="EPSG:4326", transform=from_origin(10, 50, 0.5, 0.25))), ("south_up", dict(crs="EPSG:4326", transform=rasterio.Affine(0.5, 0, 10, 0, 0.25, 40)))):
        with rasterio.open(folder / f"{name}.tif", "w", driver="GTiff", height=700, width=611, count=1, dtype="float32", **extra) as out:
            out.write(rng.normal(size=(1, 700, 611)).astype("float32"))
            if name == "point":
                out.update_tags(AREA_OR_POINT="Point")


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
            crs = head["crs"] and CRS.from_user_input(head["crs"]["name"])
            if crs and crs.is_projected:
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
    places = [p[order.reshape(shape)] for p in m["places"] or (m["values"], m["values"])]
    values = order.reshape(shape).copy()
    # ecCodes turns the places of rows that run back, but leaves their values as they are in the message.
    if m["scanning"] & 16:
        values[1::2] = values[1::2, ::-1]
    return m["values"][values], *places


def made_grib(folder):
    """Fields of every packing that ecCodes can write, with and without missing cells, on several grids and scanned in several ways."""
    import eccodes as ec

    rng = np.random.default_rng(8)

    def write(name, sample, keys, values, packing=None):
        h = ec.codes_grib_new_from_samples(sample)
        for key, value in keys.items():
            ec.codes_set(h, key, value)
        if np.isnan(values).any():
            ec.codes_set(h, "bitmapPresent", 1)
            ec.codes_set(h, "missingValue", 1e36)
        ec.codes_set_values(h, np.where(np.isnan(values), 1e36, values))
        if packing:
            ec.codes_set(h, "packingType", packing)
        with open(folder / name, "ab") as out:
            ec.codes_write(h, out)
        ec.codes_release(h)

    small = dict(Ni=16, Nj=31)
    y, x = np.mgrid[0:31, 0:16]
    smooth = (280 + 20 * np.sin(y / 5) + 3 * np.cos(x / 3) + rng.normal(size=y.shape)).ravel()
    holes = np.where(rng.random(smooth.size) < 0.3, np.nan, smooth)
    for packing in ("grid_simple", "grid_ieee", "grid_complex", "grid_complex_spatial_differencing", "grid_ccsds", "grid_png", "grid_jpeg"):
        for what, values in (("full", smooth), ("holes", holes), ("constant", np.full(smooth.size, 3.5))):
            try:
                write(f"two_{packing}_{what}.grib2", "regular_ll_pl_grib2", dict(bitsPerValue=14), values, packing)
            except ec.CodesInternalError as error:
                print("cannot make", packing, what, error)
    for bits in (1, 3, 8, 12, 17, 24):
        write(f"one_{bits}_bits.grib", "regular_ll_pl_grib1", dict(bitsPerValue=bits, decimalPrecision=1) if bits == 12 else dict(bitsPerValue=bits), holes)
    for name, keys in (("west", dict(iScansNegatively=1)), ("north", dict(jScansPositively=1)), ("columns", dict(jPointsAreConsecutive=1))):
        for edition in (1, 2):
            turned = dict(keys)
            if name == "north":
                turned |= dict(latitudeOfFirstGridPointInDegrees=0, latitudeOfLastGridPointInDegrees=60)
            if name == "west":
                turned |= dict(longitudeOfFirstGridPointInDegrees=30, longitudeOfLastGridPointInDegrees=0)
            write(f"scan_{name}_{edition}.grib", f"regular_ll_pl_grib{edition}", turned, smooth)
    for edition in (1, 2):
        for sample in ("rotated_ll_pl", "regular_gg_pl", "reduced_gg_pl_32", "polar_stereographic_pl", "reduced_ll_sfc", "lambert_pl", "mercator_pl"):
            try:
                h = ec.codes_grib_new_from_samples(f"{sample}_grib{edition}")
            except ec.CodesInternalError:
                continue
            n = ec.codes_get_size(h, "values")
            ec.codes_release(h)
            keys = {}
            if sample.startswith("polar"):
                keys = dict(DxInMetres=10000, DyInMetres=10000, orientationOfTheGridInDegrees=10, jScansPositively=1)
                keys |= dict(LaDInDegrees=60) if edition == 2 else {}
            write(f"{sample}_{edition}.grib", f"{sample}_grib{edition}", keys, rng.normal(size=n))
        for level, hour, member in itertools.product((1000, 850, 500), (0, 6, 12), (1,)):
            if (level, hour) != (850, 6):
                write(f"cube_{edition}.grib", f"regular_ll_pl_grib{edition}", dict(level=level, dataTime=hour * 100, shortName="t"), smooth + level)
                write(f"cube_{edition}.grib", f"regular_ll_pl_grib{edition}", dict(level=level, dataTime=hour * 100, shortName="u"), smooth - level)
        for step in (3, 6, 30):
            write(f"steps_{edition}.grib", f"regular_ll_sfc_grib{edition}", dict(shortName="2t", step=step), smooth)
            write(f"steps_{edition}.grib", f"regular_ll_sfc_grib{edition}", dict(shortName="tp", stepType="accum", stepRange=f"0-{step}"), np.abs(smooth))


def main():
    global DUMP
    folder = Path(sys.argv[1])
    DUMP = sys.argv[2] if len(sys.argv) > 2 else DUMP
    failed = compare(folder)
    with tempfile.TemporaryDirectory() as more:
        made(Path(more))
        made_grib(Path(more))
        failed += compare(Path(more))
    print(f"{failed} files differ" if failed else "all files agree")
    sys.exit(failed > 0)


def compare(folder):
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
    return failed


main()
