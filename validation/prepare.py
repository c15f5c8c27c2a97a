"""Reference numbers for preparation: scikit-learn, pandas and xarray on synthetic columns. Writes
crates/esker-models/tests/peers/prepare.json. Run: python -W ignore validation/prepare.py

The columns come from an explicit generator (numpy's PCG64, seed 6), rounded to six digits, so that the file alone says everything.
"""
import json
import os
import numpy as np, pandas as pd, sklearn, scipy, xarray as xr
from sklearn.preprocessing import PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler, TargetEncoder
from sklearn.impute import KNNImputer
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer
from sklearn.linear_model import Ridge
from sklearn.decomposition import PCA

g = np.random.default_rng(6)
n, m = 120, 30
rows = n + m
base = g.normal(size=(rows, 2))
x = np.column_stack([
    np.exp(1.2 * base[:, 0] + 0.3 * g.normal(size=rows)) * 40,
    base[:, 0] * 3 + base[:, 1] + 0.5 * g.normal(size=rows) + 4,
    np.exp(0.8 * base[:, 1]) - 1.5,
    base.sum(1) * 10 + g.normal(size=rows),
])
x = np.round(x, 6)
names = ["a", "b", "c", "d"]
gaps = x.copy()
gaps[g.random(x.shape) < 0.12] = np.nan
rock = g.integers(0, 4, size=rows)
y = np.round(base[:, 0] + 0.5 * rock + 0.3 * g.normal(size=rows), 6)
train, test = slice(0, n), slice(n, rows)
out = {"versions": {"scikit-learn": sklearn.__version__, "pandas": pd.__version__, "scipy": scipy.__version__, "numpy": np.__version__, "xarray": xr.__version__},
       "train_rows": n}

def clean(v):
    return [[None if np.isnan(q) else float(q) for q in row] for row in np.atleast_2d(v)]

out["x"] = clean(x.T)
out["gaps"] = clean(gaps.T)
out["rock"] = rock.tolist()
out["y"] = y.tolist()

bc = PowerTransformer("box-cox", standardize=False).fit(x[train][:, [0]])
yj = PowerTransformer("yeo-johnson", standardize=False).fit(x[train])
out["box_cox"] = {"lambda": bc.lambdas_.tolist(), "test": clean(bc.transform(x[test][:, [0]]).T)}
out["yeo_johnson"] = {"lambda": yj.lambdas_.tolist(), "test": clean(yj.transform(x[test]).T)}
out["standard"] = clean(StandardScaler().fit(x[train]).transform(x[test]).T)
out["robust"] = clean(RobustScaler().fit(x[train]).transform(x[test]).T)
for kind in ["uniform", "normal"]:
    q = QuantileTransformer(output_distribution=kind, n_quantiles=1000, subsample=None).fit(x[train])
    out[kind] = clean(q.transform(x[test]).T)
z = StandardScaler().fit(gaps[train])
knn = KNNImputer(n_neighbors=5).fit(z.transform(gaps[train]))
out["nearest"] = {"train": clean(z.inverse_transform(knn.transform(z.transform(gaps[train]))).T), "test": clean(z.inverse_transform(knn.transform(z.transform(gaps[test]))).T)}
raw = KNNImputer(n_neighbors=5).fit(gaps[train])
out["nearest_raw"] = clean(raw.transform(gaps[test]).T)
it = IterativeImputer(Ridge(alpha=1.0), max_iter=4, tol=0, initial_strategy="mean", imputation_order="ascending", skip_complete=True).fit(z.transform(gaps[train]))
out["model"] = {"train": clean(z.inverse_transform(it.transform(z.transform(gaps[train]))).T), "test": clean(z.inverse_transform(it.transform(z.transform(gaps[test]))).T)}
te = TargetEncoder(smooth=10.0).fit(rock[train].reshape(-1, 1), y[train])
out["target"] = te.transform(rock[test].reshape(-1, 1))[:, 0].tolist()
binary = (y > 0.7).astype(int)
te = TargetEncoder(smooth=3.0).fit(rock[train].reshape(-1, 1), binary[train])
out["target_binary"] = te.transform(rock[test].reshape(-1, 1))[:, 0].tolist()
p = PCA().fit(StandardScaler().fit(x[train]).transform(x[train]))
out["pca"] = {"share": p.explained_variance_ratio_.tolist(), "test": clean(p.transform(StandardScaler().fit(x[train]).transform(x[test])).T)}

# Series: rows of three groups at uneven times, shuffled; every row is a training row.
k = 90
group = g.integers(0, 3, size=k)
day = np.zeros(k)
for s in range(3):
    day[group == s] = 11000 + np.sort(g.choice(400, size=(group == s).sum(), replace=False))
value = np.round(g.normal(size=k) * 5 + 20, 6)
value[g.random(k) < 0.1] = np.nan
perm = g.permutation(k)
group, day, value = group[perm], day[perm], value[perm]
f = pd.DataFrame({"g": group, "day": day, "v": value})
f["t"] = pd.to_datetime("1970-01-01") + pd.to_timedelta(f.day, unit="D")
s = f.sort_values(["g", "day"])
series = {"group": group.tolist(), "day": day.tolist(), "v": clean(value)[0]}
lag = lambda q: s.groupby("g").v.shift(q).reindex(f.index)
series["lag 1"] = clean(lag(1))[0]
series["lag 3"] = clean(lag(3))[0]
for name in ["mean", "sum", "min", "max", "std", "count"]:
    w = s.groupby("g").v.apply(lambda v: getattr(v.shift(1).rolling(4, min_periods=2), name)()).droplevel(0).reindex(f.index)
    series[f"{name} 4"] = clean(w)[0]
    w = pd.concat([getattr(v.rolling("30D", on="t", closed="left", min_periods=2 if name != "count" else 0).v, name)() for _, v in s.groupby("g")]).reindex(f.index)
    series[f"{name} 30 d"] = clean(w)[0]
    w = pd.concat([getattr(v.rolling("30D", on="t", closed="right", min_periods=2 if name != "count" else 0).v, name)() for _, v in s.groupby("g")]).reindex(f.index)
    series[f"{name} 30 d with now"] = clean(w)[0]
d = xr.DataArray(value, dims="time", coords={"time": f.t.values})
series["anomaly month"] = clean((d.groupby("time.month") - d.groupby("time.month").mean()).values)[0]
# By date, not by dayofyear, which counts on by one after 29 February of leap years; that day itself counts with those beside it.
date = f.t.dt.strftime("%m-%d")
mean = f.v.groupby(date).mean()
mean["02-29"] = f.v[date.isin(["02-28", "02-29", "03-01"])].mean()
series["anomaly day"] = clean((f.v - date.map(mean)).values)[0]
ok = ~np.isnan(value)
series["detrended"] = clean(value - np.polyval(np.polyfit(day[ok] - day.mean(), value[ok], 1), day - day.mean()))[0]
grad = np.full(k, np.nan)
for q in range(3):
    i = np.where((group == q) & ok)[0]
    i = i[np.argsort(day[i])]
    grad[i] = np.gradient(value[i], day[i])
series["gradient"] = clean(grad)[0]
out["series"] = series
json.dump(out, open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crates", "esker-models", "tests", "peers", "prepare.json"), "w"))
os._exit(0)
