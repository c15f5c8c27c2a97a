"""Makes the vector files of the tests: the same features in four formats. Needs geopandas 1.1 and pyogrio (GDAL).

    python make_vector.py            # writes mixed.{gpkg,fgb,geojson,shp,...} beside itself and prints the numbers the tests expect
"""

import pathlib
from datetime import date

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon

HERE = pathlib.Path(__file__).parent


def square(x, y, size, hole=None):
    ring = lambda x, y, s: [(x, y), (x + s, y), (x + s, y + s), (x, y + s), (x, y)]
    return Polygon(ring(x, y, size), [ring(*hole)] if hole else [])


frame = gpd.GeoDataFrame(
    {
        "name": ["Öræfajökull", "Mýrdalsjökull", None, "Nœud"],
        "count": pd.array([3, None, -7, 1_000_000], dtype="Int32"),
        "depth": [1.5, -0.25, None, 1e-3],
        "open": pd.array([True, False, None, True], dtype="boolean"),
        "seen": pd.array([date(2003, 7, 30), date(1950, 1, 1), None, date(2024, 2, 29)], dtype=pd.ArrowDtype(pa.date32())),
    },
    geometry=[
        square(600_000, 7_100_000, 10_000, hole=(602_000, 7_102_000, 5_000)),
        # An island in the hole, and a part far off.
        MultiPolygon([square(500_000, 7_000_000, 9_000, hole=(501_000, 7_001_000, 6_000)), square(502_000, 7_002_000, 1_000), square(700_000, 7_000_000, 500)]),
        None,
        square(450_000.125, 6_999_999.5, 1_234.5),
    ],
    crs="EPSG:32627",
)
(HERE / "mixed.gpkg").unlink(missing_ok=True)
frame.to_file(HERE / "mixed.gpkg", layer="areas", driver="GPKG", use_arrow=True)
points = gpd.GeoDataFrame({"kind": ["a", "b"]}, geometry=[Point(1.5, 2.5), Point(-3, 4)], crs="EPSG:4326")
points.to_file(HERE / "mixed.gpkg", layer="stations", driver="GPKG", mode="a")
frame.to_file(HERE / "mixed.fgb", driver="FlatGeobuf", SPATIAL_INDEX="NO", use_arrow=True)
frame[frame.geometry.notna()].to_file(HERE / "indexed.fgb", driver="FlatGeobuf", use_arrow=True)
frame.to_file(HERE / "mixed.shp", driver="ESRI Shapefile", encoding="CP1252", use_arrow=True)
frame.to_crs(4326).to_file(HERE / "mixed.geojson", driver="GeoJSON", COORDINATE_PRECISION=15, use_arrow=True)
print("areas, m2", frame.area.tolist())
print("centroids", [(g.x, g.y) if g else None for g in frame.centroid])
geod = pyproj.Geod(ellps="WGS84")
print("areas on the ellipsoid, m2", [abs(geod.geometry_area_perimeter(shapely.orient_polygons(g))[0]) if g else None for g in frame.to_crs(4326).geometry])
