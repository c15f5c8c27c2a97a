"""Reference numbers for steps of a recipe, from pandas, xarray and xclim. Run in the repository's root; writes reference.json beside it.

Made with pandas 3.1.1, xarray 2026.9.0, xclim 0.62.0, scipy, exactextract 0.3.0, rasterstats 0.21.0.
"""
import json, os
import numpy as np, pandas as pd, xarray as xr, xclim

HERE = os.path.dirname(os.path.abspath(__file__))
out = {"versions": {"pandas": pd.__version__, "xarray": xr.__version__, "xclim": xclim.__version__}}

d = pd.read_csv("crates/esker/tests/data/seattle.csv", parse_dates=["date"]).set_index("date")
d["tas"] = (d.temp_max + d.temp_min) / 2
full = lambda s, f, how: getattr(s.resample(f), how)()
season, hydro = d.tas.resample("QS-DEC").mean(), d.precipitation.resample("YS-OCT").sum()
out["season_mean"] = {f"{t.year + (t.month == 12)}-{ {12: 'DJF', 3: 'MAM', 6: 'JJA', 9: 'SON'}[t.month] }": v for t, v in season.items()}
out["hydrological_sum"] = {str(t.year + 1): v for t, v in hydro.items()}
out["month_max"] = {t.strftime("%Y-%m"): v for t, v in d.temp_max.resample("MS").max().items()}
ten = d.wind.resample("10D").mean()
out["ten_days"] = {t.strftime("%Y-%m-%d"): v for t, v in ten.items()}

tas = xr.DataArray(d.tas.values, {"time": d.index.values}, dims="time", attrs={"units": "degC"}, name="tas")
pr = xr.DataArray(d.precipitation.values, {"time": d.index.values}, dims="time", attrs={"units": "mm/day"}, name="pr")
tag = lambda a, k=1: {str(int(t.dt.year) + k): float(v) for t, v in zip(a.time, a)}
out["growing_degree_days"] = tag(xclim.indices.growing_degree_days(tas, thresh="5 degC", freq="YS-OCT"))
out["positive_degree_days"] = tag(xclim.indices.growing_degree_days(tas, thresh="0 degC", freq="YS-OCT"))
snow = xclim.indices.snowfall_approximation(pr, tas, thresh="0 degC", method="brown")
rain = xclim.indices.rain_approximation(pr, tas, thresh="0 degC", method="brown")
to_mm = lambda a: xclim.core.units.convert_units_to(a, "mm/day", context="hydro")
out["snow"] = tag(to_mm(snow).resample(time="YS-OCT").sum())
out["rain"] = tag(to_mm(rain).resample(time="YS-OCT").sum())

# Sums of rates: xclim's rate2amount, on daily rates of which some days lack (they are skipped where not all are asked for), and on monthly ones.
from xclim.core.units import rate2amount
gone = (d.index >= "2013-02-10") & (d.index <= "2013-02-11") | (d.index == "2014-07-04")
daily = pr.copy(data=np.where(gone, np.nan, pr.values))
monthly = pr.resample(time="MS").mean(keep_attrs=True)
key = lambda t: t.strftime("%Y-%m")
months = lambda a: {key(t): float(v) for t, v in zip(pd.DatetimeIndex(a.time.values), a.values)}
rates = {}
for unit, factor in {"mm/day": 1.0, "kg m-2 s-1": 1 / 86400.0, "m s-1": 1e-3 / 86400.0}.items():
    put = lambda a: (a * factor).assign_attrs(units=unit)
    whole, amount = rate2amount(put(daily)), rate2amount(put(monthly))
    rates[unit] = {
        "unit": whole.attrs["units"],
        "month_mean": months(put(daily).resample(time="MS").mean()),
        "month_sum": months(whole.resample(time="MS").sum(skipna=False)),
        "hydrological_sum": tag(whole.resample(time="YS-OCT").sum(skipna=False)),
        "hydrological_sum_of_months": tag(amount.resample(time="YS-OCT").sum()),
    }
# What is there of a month with nine days in ten, and the same for those that lack.
there, days = daily.notnull().resample(time="MS").sum(), daily.time.dt.days_in_month.resample(time="MS").first()
rates["month_scaled"] = months(daily.resample(time="MS").sum() / there * days)
out["rates"] = rates

h = xr.open_dataset("examples/hintereisferner/histalp.nc").astype("float64")
places = {"hintereis": (10.7584, 46.8003), "vernagt": (10.818, 46.8762), "south": (10.62, 46.6)}
grid = {}
for name, (x, y) in places.items():
    p, n = h.interp(lon=x, lat=y), h.sel(lon=x, lat=y, method="nearest")
    hydrological = p.resample(time="YS-OCT")
    seasons = p.temp.resample(time="QS-DEC").mean()
    first = lambda a, t: float(a.sel(time=t).values)
    grid[name] = {
        "x": x, "y": y, "hgt": float(p.hgt), "nearest_hgt": float(n.hgt),
        "temp_2003": first(hydrological.mean().temp, "2002-10-01"), "prcp_2003": first(hydrological.sum().prcp, "2002-10-01"),
        "djf_2003": first(seasons, "2002-12-01"), "jja_2003": first(seasons, "2003-06-01"),
        "nearest_july_2003": first(n.temp, "2003-07-01"),
    }
    s = p.sel(time=slice("2002-10-01", "2003-09-01"))
    t = s.temp + (3000.0 - p.hgt) * -0.0065
    days = s.time.dt.days_in_month
    t.attrs["units"], s.prcp.attrs["units"] = "degC", "mm/day"
    grid[name]["lifted_pdd_2003"] = float((t.clip(min=0) * days).sum())
    grid[name]["lifted_snow_2003"] = float(to_mm(xclim.indices.snowfall_approximation(s.prcp, t, thresh="0 degC", method="brown")).sum())
out["grid"] = grid
nothing = lambda v: {k: nothing(w) for k, w in v.items()} if isinstance(v, dict) else None if isinstance(v, float) and np.isnan(v) else v
json.dump(nothing(out), open(os.path.join(HERE, "reference.json"), "w"), indent=1)
print("written", flush=True)
os._exit(0)
