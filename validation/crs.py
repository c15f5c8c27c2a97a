"""Compares Esker's coordinate transforms with pyproj over random points of each system's area of use.

    python validation/crs.py path/to/transform          # the example binary `transform` of esker-io
    python validation/crs.py path/to/transform --all    # every EPSG code that both know, by the size of the difference

Prints, for each system, the largest difference in metres on the way from WGS 84 to the system, that of the way there and back, and the
largest difference where pyproj is held to the same datum parameters (`same` column: pyproj on the PROJ definition that Esker uses, so that
what is left is the arithmetic). Needs pyproj and numpy.
"""

import subprocess
import sys

import numpy as np
import pyproj
import pyproj.database

SYSTEMS = [
    "EPSG:32601", "EPSG:32615", "EPSG:32632", "EPSG:32643", "EPSG:32660", "EPSG:32717", "EPSG:32733", "EPSG:25832", "EPSG:26910", "EPSG:3413",
    "EPSG:3031", "EPSG:3976", "EPSG:3995", "EPSG:5936", "EPSG:3857", "EPSG:2154", "EPSG:28992", "EPSG:27700", "EPSG:21781", "EPSG:2056",
    "EPSG:31467", "EPSG:31287", "EPSG:4267", "EPSG:4269", "EPSG:4258", "EPSG:4230", "EPSG:4301", "EPSG:32198", "EPSG:3035", "EPSG:3034",
    "EPSG:6933", "EPSG:6931", "EPSG:6932", "EPSG:3411", "EPSG:3412", "EPSG:3408", "EPSG:3573", "EPSG:3574", "EPSG:5070", "EPSG:3005",
    "EPSG:3978", "EPSG:3347", "EPSG:2193", "EPSG:3577", "EPSG:3112", "EPSG:28355", "EPSG:7855", "EPSG:5514", "EPSG:31370", "EPSG:3006",
    "EPSG:3067", "EPSG:2180", "EPSG:27572", "EPSG:2229", "EPSG:8857", "EPSG:31700", "EPSG:2048", "EPSG:32661", "EPSG:26710",
    "ESRI:102001", "ESRI:102003", "ESRI:102008", "ESRI:102009", "ESRI:102022", "ESRI:102033", "ESRI:54009", "ESRI:54030", "ESRI:54008",
    "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +R=6371229",
    "+proj=geos +h=35785831 +lon_0=0 +sweep=y +a=6378137 +b=6356752.31414 +units=m",
    "+proj=geos +h=35786023 +lon_0=-75 +sweep=x +ellps=GRS80 +units=m",
    "+proj=lcc +lat_1=50 +lat_2=50 +lat_0=50 +lon_0=8 +R=6371229 +units=m",
    "+proj=nsper +h=3000000 +lat_0=46 +lon_0=7 +ellps=WGS84 +units=m",
    "+proj=stere +lat_0=46.9 +lon_0=10.8 +k=1 +datum=WGS84 +units=m",
    "+proj=tmerc +lat_0=0 +lon_0=10.76 +k=0.9996 +x_0=0 +y_0=0 +datum=WGS84 +units=m",
    "+proj=aeqd +lat_0=52 +lon_0=24 +datum=WGS84 +units=m",
]


def points(crs, rng, n=2000):
    area = crs.area_of_use
    w, s, e, t = (area.west, area.south, area.east, area.north) if area else (-10.0, 35.0, 30.0, 65.0)
    if area is None and crs.to_dict().get("lon_0") == -75:
        w, s, e, t = -110, -40, -40, 50
    if e < w:
        e += 360
    x, y = rng.uniform(w, e, n), rng.uniform(max(s, -89.9), min(t, 89.9), n)
    return (x + 180) % 360 - 180, y


def esker(binary, source, target, x, y):
    done = subprocess.run([binary, source, target], input=np.stack([x, y], 1).astype("<f8").tobytes(), capture_output=True)
    said = done.stderr.decode().strip()
    if done.returncode:
        return None, None, said
    out = np.frombuffer(done.stdout, "<f8").reshape(-1, 2)
    return out[:, 0], out[:, 1], said


def metres(crs, ax, ay, bx, by):
    if crs.is_geographic or crs.name == "unknown" and "ob_tran" in crs.to_proj4():
        return pyproj.Geod(ellps="WGS84").inv(ax, ay, bx, by)[2]
    unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    return np.hypot(ax - bx, ay - by) * unit


def largest(d):
    finite = np.isfinite(d)
    return (float(np.max(d[finite])) if finite.any() else float("nan")), int((~finite).sum())


def main(binary):
    rng = np.random.default_rng(1)
    print(f"pyproj {pyproj.__version__}, PROJ {pyproj.proj_version_str}, network {pyproj.network.is_network_enabled()}")
    print(f"{'system':28} {'median, m':>10} {'to, m':>10} {'back, m':>10} {'same, m':>10}  {'NaN':>4}  notes")
    for name in SYSTEMS:
        crs = pyproj.CRS(name)
        x, y = points(crs, rng)
        there = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        px, py = (np.asarray(v) for v in there.transform(x, y))
        inside = np.isfinite(px) & np.isfinite(py)
        x, y, px, py = x[inside], y[inside], px[inside], py[inside]
        ex, ey, said = esker(binary, "EPSG:4326", name, x, y)
        if ex is None:
            print(f"{name[:28]:28} refused: {said.splitlines()[0][:100]}")
            continue
        off = metres(crs, ex, ey, px, py)
        to, lost = largest(off)
        median = float(np.nanmedian(off))
        bx, by, _ = esker(binary, name, "EPSG:4326", ex, ey)
        back, _ = largest(pyproj.Geod(ellps="WGS84").inv(bx, by, x, y)[2])
        definition = pyproj.CRS(crs.to_proj4())
        bare = definition.geodetic_crs
        gx, gy = pyproj.Transformer.from_crs(bare, definition, always_xy=True).transform(x, y)
        same = float("nan")
        if "ob_tran" not in name and not crs.is_geographic:
            sx, sy, _ = esker(binary, degrees(definition), definition.to_proj4(), x, y)
            if sx is not None:
                same, _ = largest(metres(crs, sx, sy, np.asarray(gx), np.asarray(gy)))
        print(f"{name[:28]:28} {median:10.4f} {to:10.4f} {back:10.2g} {same:10.2g}  {lost:4d}  {'; '.join(said.splitlines())[:110]}")


def degrees(definition):
    kept = {k: v for k, v in definition.to_dict().items() if k in ("datum", "ellps", "R", "a", "b", "rf", "towgs84", "pm", "nadgrids")}
    return "+proj=longlat " + " ".join(f"+{k}={v}" for k, v in kept.items())


def every(binary):
    """All EPSG codes that pyproj lists and Esker knows: how many differ by how much (median over 30 points of their area)."""
    rng = np.random.default_rng(2)
    codes = sorted({int(c.code) for kind in ("PROJECTED_CRS", "GEOGRAPHIC_2D_CRS") for c in pyproj.database.query_crs_info("EPSG", kind)})
    bins, refused, far = {}, {}, []
    for code in codes:
        crs = pyproj.CRS.from_epsg(code)
        if crs.area_of_use is None:
            continue
        x, y = points(crs, rng, 30)
        try:
            px, py = (np.asarray(v) for v in pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(x, y))
        except pyproj.exceptions.ProjError:
            # Systems of other planets.
            continue
        ex, ey, said = esker(binary, "EPSG:4326", f"EPSG:{code}", x, y)
        if ex is None:
            why = "unknown code" if "no such code" in said else "grid" if "grid file" in said else "projection"
            refused[why] = refused.get(why, 0) + 1
            continue
        off = metres(crs, ex, ey, px, py)
        off = float(np.median(off[np.isfinite(off)])) if np.isfinite(off).any() else float("nan")
        size = next((b for b in (0.001, 0.01, 1, 10, 100, 1000) if off <= b), np.inf)
        bins[size] = bins.get(size, 0) + 1
        if not off <= 10:
            far.append((code, off, crs.name, said.splitlines()[0]))
    print("median difference at most, m:", dict(sorted(bins.items())), "refused:", refused)
    for code, off, name, said in far:
        print(f"EPSG:{code:5} {off:14.2f} m  {name[:44]:44} {said[:40]}")


if __name__ == "__main__":
    every(sys.argv[1]) if "--all" in sys.argv else main(sys.argv[1])
