"""Writes the table glaciers.csv as other programs would: glaciers.xlsx (openpyxl), glaciers.nc (netCDF4; CF discrete sampling, points) and
glaciers-series.nc (netCDF4; CF discrete sampling, time series of stations). Run once; the tests read what it wrote.

    python make_sources.py

glaciers-series.nc holds the glaciers that have both periods, a station each; glaciers-series.csv is the same as rows.
"""

import csv
import pathlib

import netCDF4
import numpy as np
import openpyxl

HERE = pathlib.Path(__file__).parent
TEXTS = ["rgi_id", "period"]
UNITS = {
    "area": "km2", "lat": "degrees_north", "lon": "degrees_east", "slope": "degree", "zmed": "m", "PDD": "K d", "snow": "mm",
    "temp_06": "degC", "temp_07": "degC", "temp_08": "degC", "dmdtda": "m w.e. yr-1", "err_dmdtda": "m w.e. yr-1",
}

with open(HERE / "glaciers.csv", newline="") as file:
    names, *rows = csv.reader(file)
# Heights of the stations are coordinates, too.
COORDINATES = "lon lat zmed"
columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
numbers = {name: np.array(values, float) for name, values in columns.items() if name not in TEXTS}

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "glaciers"
sheet.append(names)
for i in range(len(rows)):
    sheet.append([columns[n][i] if n in TEXTS else float(numbers[n][i]) for n in names])
book.save(HERE / "glaciers.xlsx")


def put(data, name, values, dimensions):
    if name in TEXTS:
        letters = netCDF4.stringtochar(np.array(values, "S14"))
        if "letter" not in data.dimensions:
            data.createDimension("letter", letters.shape[-1])
        v = data.createVariable(name, "S1", dimensions + ("letter",))
        v[:] = letters
    else:
        v = data.createVariable(name, "f8", dimensions)
        v[:] = values
        v.units = UNITS[name]
    if name == "lon":
        v.standard_name = "longitude"
    elif name == "lat":
        v.standard_name = "latitude"
    elif name not in COORDINATES.split():
        v.coordinates = COORDINATES
    return v


with netCDF4.Dataset(HERE / "glaciers.nc", "w") as data:
    data.Conventions, data.featureType = "CF-1.11", "point"
    data.createDimension("obs", len(rows))
    for name in names:
        put(data, name, columns[name] if name in TEXTS else numbers[name], ("obs",))

# Stations: one row a glacier, one column a period.
order = {}
for i, glacier in enumerate(columns["rgi_id"]):
    order.setdefault(glacier, {})[columns["period"][i]] = i
# The middle of each period, days since 1970-01-01.
days = {"2000-2010": 12784, "2010-2020": 16436}
stations = [g for g, found in order.items() if set(found) == set(days)]
fixed = ["area", "lat", "lon", "slope", "zmed"]
moving = [n for n in names if n not in TEXTS + fixed]
with netCDF4.Dataset(HERE / "glaciers-series.nc", "w", format="NETCDF3_CLASSIC") as data:
    data.Conventions, data.featureType = "CF-1.11", "timeSeries"
    data.createDimension("station", len(stations))
    data.createDimension("time", len(days))
    time = data.createVariable("time", "f8", ("time",))
    time.units, time.standard_name = "days since 2000-01-01", "time"
    time[:] = [day - 10957 for day in days.values()]
    key = put(data, "rgi_id", stations, ("station",))
    key.cf_role = "timeseries_id"
    first = [order[g]["2000-2010"] for g in stations]
    for name in fixed:
        put(data, name, numbers[name][first], ("station",))
    for name in moving:
        put(data, name, [[numbers[name][order[g][p]] for p in days] for g in stations], ("station", "time"))
with open(HERE / "glaciers-series.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["rgi_id", "time"] + fixed + moving)
    for g in stations:
        for p, day in days.items():
            i = order[g][p]
            out.writerow([g, day] + [columns[n][order[g]["2000-2010"]] for n in fixed] + [columns[n][i] for n in moving])
