"""Writes projections.csv: places projected by pyproj 3.7.2 (PROJ 9.5.1), for the tests of esker-report. Coordinates in km."""
import csv
import os

from pyproj import Proj

R = "+R=6371007.2"
CASES = [
    ("eqc", (0, 0, 0, 0), f"+proj=eqc {R}", [(12, 48), (-120, -33), (170, 80)]),
    ("robin", (0, 0, 0, 0), f"+proj=robin {R}", [(12, 47), (-120.5, -33.3), (170, 84), (-179, -89.5), (5, 2.5), (100, 61.7)]),
    ("robin", (180, 0, 0, 0), f"+proj=robin +lon_0=180 {R}", [(178, -17), (-100, 12)]),
    ("ortho", (-40, 72, 0, 0), f"+proj=ortho +lat_0=72 +lon_0=-40 {R}", [(-45, 61), (20, 80), (-100, 40)]),
    ("ortho", (10, -20, 0, 0), f"+proj=ortho +lat_0=-20 +lon_0=10 {R}", [(30, 20), (-60, -50)]),
    ("laea", (15, 65, 0, 0), f"+proj=laea +lat_0=65 +lon_0=15 {R}", [(25, 71), (-30, 40)]),
    ("eqearth", (11, 0, 0, 0), f"+proj=eqearth +lon_0=11 {R}", [(120, 50), (-150, -80)]),
    ("lcc", (10.5, 46.8, 45, 49), f"+proj=lcc +lat_0=46.8 +lon_0=10.5 +lat_1=45 +lat_2=49 {R}", [(10.8, 46.9), (-5, 36), (30, 70)]),
    ("lcc", (135, -25, -18, -36), f"+proj=lcc +lat_0=-25 +lon_0=135 +lat_1=-18 +lat_2=-36 {R}", [(115, -32), (150, -10)]),
    ("lcc", (0, 40, 40, 40), f"+proj=lcc +lat_0=40 +lon_0=0 +lat_1=40 {R}", [(12, 50)]),
    ("stere", (-45, 1, 0, 0), f"+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 {R}", [(-150, 61), (20, 80), (100, 30)]),
    ("stere", (0, -1, 0, 0), f"+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 {R}", [(-60, -65), (120, -80)]),
    ("utm", (32, 1, 0, 0), "+proj=utm +zone=32 +ellps=WGS84", [(10.8, 46.9), (3, 70), (20, 5)]),
    ("utm", (17, -1, 0, 0), "+proj=utm +zone=17 +south +ellps=WGS84", [(-79.09, -3.997), (-75, -60)]),
]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "projections.csv"), "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow("kind,a,b,c,d,lon,lat,x,y".split(","))
    for kind, numbers, text, places in CASES:
        for lon, lat in places:
            x, y = Proj(text)(lon, lat)
            out.writerow([kind, *numbers, lon, lat, repr(x / 1000), repr(y / 1000)])
