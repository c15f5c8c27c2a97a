"""Makes the small rasters and GRIB files in raster/: python make_raster.py (rasterio 1.4, ecCodes 2.50).

Cell (row r, column c) of band b, all counted from 0, is 3 r + 2 c + 50 b + 1, and missing where r = c.
"""
import os

import eccodes as ec
import numpy as np
import rasterio
from rasterio.transform import Affine, from_origin

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "raster")


def cells(rows, columns, bands=1):
    b, r, c = np.mgrid[0:bands, 0:rows, 0:columns]
    return 3 * r + 2 * c + 50 * b + 1, r == c


def tif(name, kind, nodata, bands=1, size=(21, 19), **profile):
    values, missing = cells(*size, bands)
    values = np.where(missing & (nodata is not None), nodata or 0, values).astype(kind)
    profile = dict(crs="EPSG:32632", transform=from_origin(600000, 5200000, 25, 25)) | profile
    with rasterio.open(os.path.join(FOLDER, name), "w", driver="GTiff", height=size[0], width=size[1], count=bands, dtype=kind, nodata=nodata, **profile) as out:
        out.write(values)
        if bands > 1:
            out.descriptions = ("elevation",) * 2 + (None,) * (bands - 2)
            out.units = ("m",) + (None,) * (bands - 1)


def grib(name, sample, packing, missing=False, **keys):
    h = ec.codes_grib_new_from_samples(sample)
    for key, value in keys.items():
        ec.codes_set(h, key, value)
    values, holes = cells(31, 16)
    values = np.where(holes[0] & missing, 1e36, values[0].astype(float)).ravel()
    if missing:
        ec.codes_set(h, "bitmapPresent", 1)
        ec.codes_set(h, "missingValue", 1e36)
    ec.codes_set_values(h, values)
    if packing:
        ec.codes_set(h, "packingType", packing)
    with open(os.path.join(FOLDER, name), "ab") as out:
        ec.codes_write(h, out)
    ec.codes_release(h)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name in os.listdir(FOLDER):
        if not name.startswith("cfgrib_"):
            os.remove(os.path.join(FOLDER, name))
    tif("plain_uint8.tif", "uint8", 0)
    tif("big_endian_int16.tif", "int16", -9999, ENDIANNESS="BIG")
    tif("lzw_tiles_uint16.tif", "uint16", 65535, bands=3, compress="lzw", predictor=2, tiled=True, blockxsize=16, blockysize=16)
    tif("deflate_apart_int32.tif", "int32", -1, bands=3, compress="deflate", predictor=2, interleave="band")
    tif("deflate_float32.tif", "float32", -3.4e38, bands=2, compress="deflate", predictor=3, tiled=True, blockxsize=16, blockysize=16)
    tif("zstd_float64_bigtiff.tif", "float64", np.nan, compress="zstd", predictor=3, BIGTIFF="YES")
    tif("packbits_int64.tif", "int64", -7, compress="packbits")
    tif("seven_bits.tif", "uint8", 127, NBITS=7)
    tif("jpeg.tif", "uint8", None, bands=3, size=(32, 32), compress="jpeg", photometric="ycbcr", tiled=True, blockxsize=16, blockysize=16)
    tif("lerc.tif", "float32", np.nan, compress="lerc")
    tif("custom_laea.tif", "float32", np.nan, crs="+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80", transform=from_origin(4e6, 3e6, 1000, 1000))
    tif("turned.tif", "float32", np.nan, transform=Affine.translation(600000, 5200000) * Affine.rotation(30) * Affine.scale(25, -25))
    tif("unplaced.tif", "float32", np.nan, crs=None, transform=None)
    with rasterio.open(os.path.join(FOLDER, "overviews.tif"), "w", driver="COG", height=600, width=10, count=1, dtype="uint8", crs="EPSG:4326", compress="deflate",
                       transform=from_origin(7, 47, 0.01, 0.01), blocksize=128) as out:
        out.write((cells(600, 10)[0] % 251).astype("uint8"))
    two = "regular_ll_pl_grib2"
    for packing in ("simple", "ieee", "complex", "complex_spatial_differencing", "ccsds", "png", "jpeg"):
        grib(f"{packing}.grib2", two, f"grid_{packing}", missing=packing in ("simple", "complex"), bitsPerValue=16)
    grib("simple.grib1", "regular_ll_pl_grib1", None, missing=True, bitsPerValue=12)
    grib("rotated.grib1", "rotated_ll_pl_grib1", None, bitsPerValue=8)
    for level in (1000, 500):
        for hour in (0, 6):
            if (level, hour) != (500, 6):
                grib("levels_and_times.grib2", two, None, level=level, dataTime=hour * 100, shortName="t", bitsPerValue=8)
    grib("levels_and_times.grib2", "regular_ll_sfc_grib2", None, shortName="2t", step=6, bitsPerValue=8)


main()
