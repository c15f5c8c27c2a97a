#!/usr/bin/env python3
"""Packs Natural Earth land, water and ice (public domain, naturalearthdata.com) into natural-earth.bin.

Usage: make_natural_earth.py FOLDER_WITH_GEOJSON OUTPUT

Layout, all integers LEB128 varints (signed ones zigzag): number of layers; for each layer the number of rings;
for each ring its number of points, then longitude and latitude as differences from the point before, in units of
1/200 degree (0.005 degree, about 500 m, finer than a 1:50 million map). Layers: land 50m, lakes 50m, land 110m,
glaciers 50m, rivers 110m, lakes 110m, glaciers 110m. The closing point of a ring is left out; rivers are lines.
Points that fall together after rounding are merged; rings left with fewer than three points are dropped.
"""
import json
import sys
from pathlib import Path

SCALE = 200
LAYERS = [
    "ne_50m_land", "ne_50m_lakes", "ne_110m_land", "ne_50m_glaciated_areas", "ne_110m_rivers_lake_centerlines",
    "ne_110m_lakes", "ne_110m_glaciated_areas",
]


def varint(n):
    out = bytearray()
    while True:
        byte, n = n & 0x7F, n >> 7
        out.append(byte | (0x80 if n else 0))
        if not n:
            return bytes(out)


def signed(n):
    return varint(2 * n if n >= 0 else -2 * n - 1)


def rings(path):
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        geometry = feature["geometry"]
        if geometry["type"] == "LineString":
            yield geometry["coordinates"]
            continue
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        for polygon in polygons:
            yield from polygon


def quantised(ring):
    points = []
    for lon, lat in ring:
        point = (round(lon * SCALE), round(lat * SCALE))
        if not points or points[-1] != point:
            points.append(point)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return points


def main():
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    data = bytearray(varint(len(LAYERS)))
    for layer in LAYERS:
        kept = [q for q in map(quantised, rings(folder / f"{layer}.geojson")) if len(q) >= 3]
        data += varint(len(kept))
        for ring in kept:
            data += varint(len(ring))
            x = y = 0
            for px, py in ring:
                data += signed(px - x) + signed(py - y)
                x, y = px, py
        print(f"{layer}: {len(kept)} rings, {sum(map(len, kept))} points")
    output.write_bytes(data)
    print(f"{output}: {len(data)} bytes")


if __name__ == "__main__":
    main()
