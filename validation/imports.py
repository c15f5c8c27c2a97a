"""Models of LightGBM and XGBoost with their own predictions, for crates/esker/tests/peers/imports/.

Run: python validation/imports.py   (needs numpy, pandas, and lightgbm or xgboost)
Writes, for whichever versions are installed, NAME.txt or NAME.json (the model) and NAME.csv (what the program itself predicts for
table.csv: one column for numbers, one a class for classes). Older versions write their own files: the names have the version. The files
there were made with lightgbm 4.7.0 and 3.3.5, xgboost 3.2.0, 2.1.4 and 1.7.6.
Values lie on grids of decimals, so that many are cuts themselves; some are missing, many are 0.
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).parent.parent / "crates/esker/tests/peers/imports"
OUT.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(5)
n = 240
table = pd.DataFrame({
    "slope": rng.gamma(2, 8, n).round(0) / 2,
    "zmed": rng.normal(1200, 300, n).round(-1),
    "temp": rng.normal(0, 3, n).round(1),
    "rock": rng.choice(["gneiss", "till", "ice", "basalt", "schist", "moss", "lake"], n).astype(object),
    "band": rng.integers(0, 7, n).astype(float),
})
table.loc[rng.random(n) < 0.15, "zmed"] = np.nan
table.loc[rng.random(n) < 0.3, "temp"] = 0.0
table.loc[rng.random(n) < 0.1, "temp"] = np.nan
table.loc[rng.random(n) < 0.1, "rock"] = None
table["band"] = table["band"].astype(int)
y = 0.05 * table.slope + np.where(table.zmed.isna(), 0.5, table.zmed / 1000) + table.temp.fillna(-3) * 0.1 + 0.3 * (table.band % 3)
y = y + table.rock.map({"ice": 2, "till": 1, "lake": -1}).astype(float).fillna(0) + rng.normal(0, 0.2, n)
y = y.round(3)
two = (y > y.median()).astype(int)
three = np.digitize(y, np.quantile(y, [0.3, 0.6]))
count = np.maximum((y * 2).round(), 0)
table.to_csv(OUT / "table.csv", index=False)
numbers = table[["slope", "zmed", "temp"]]
kinds = table.assign(rock=table.rock.astype("category"), band=table.band.astype("category"))
coded = table[["slope", "zmed", "temp", "band"]]


def put(name, said):
    np.savetxt(OUT / f"{name}.csv", np.asarray(said, "f8").reshape(n, -1), delimiter=",", fmt="%.17g")


def lightgbm():
    import lightgbm as lgb

    version = ".".join(lgb.__version__.split(".")[:2])
    base = dict(num_leaves=6, min_data_in_leaf=5, min_data_per_group=4, cat_smooth=1, verbose=-1, num_threads=1, seed=1)

    def fit(name, x, target, rounds=6, categories="auto", **more):
        params = dict(base, **more)
        data = lgb.Dataset(x, target, categorical_feature=categories, params=params)
        model = lgb.train(params, data, rounds)
        model.save_model(OUT / f"lightgbm-{version}-{name}.txt")
        put(f"lightgbm-{version}-{name}", model.predict(x))

    fit("binary", kinds, two, objective="binary", sigmoid=1.5)
    fit("classes", kinds, three, objective="multiclass", num_class=3, rounds=4)
    if version.startswith("3."):
        return
    fit("numbers", kinds, y)
    fit("zero-missing", numbers, y, zero_as_missing=True)
    fit("no-missing", numbers, y, use_missing=False)
    fit("forest", kinds, y, boosting="rf", bagging_fraction=0.6, bagging_freq=1)
    fit("poisson", numbers, count, objective="poisson")
    fit("sqrt", numbers, y, reg_sqrt=True)
    fit("coded", coded, y, categories=[3])
    fit("dart", numbers, y, boosting="dart", drop_rate=0.5)
    fit("entropy", numbers, two * 0.8, objective="cross_entropy")
    fit("stump", numbers.iloc[:, :1] * 0, y)


def xgboost():
    import xgboost as xgb

    version = ".".join(xgb.__version__.split(".")[:2])
    base = dict(max_depth=3, max_cat_to_onehot=2, min_child_weight=1, tree_method="hist", nthread=1, seed=1, verbosity=0)

    def fit(name, x, target, rounds=6, **more):
        data = xgb.DMatrix(x, np.asarray(target), enable_categorical=True)
        model = xgb.train(dict(base, **more), data, rounds)
        model.save_model(OUT / f"xgboost-{version}-{name}.json")
        put(f"xgboost-{version}-{name}", model.predict(data))

    whole = kinds if version.startswith("3.") else coded.assign(band=coded.band.astype("category"))
    fit("numbers", whole, y)
    fit("binary", whole, two, objective="binary:logistic")
    fit("classes", whole, three, objective="multi:softprob", num_class=3, rounds=4)
    if not version.startswith("3."):
        return
    fit("one-hot", whole, y, max_cat_to_onehot=10)
    fit("poisson", numbers, count, objective="count:poisson")
    fit("dart", numbers, y, booster="dart", rate_drop=0.5)
    fit("forest", numbers, y, num_parallel_tree=3, subsample=0.7, rounds=2)
    fit("unnamed", xgb_array(numbers), y)


def xgb_array(frame):
    return frame.to_numpy()


for program in (lightgbm, xgboost):
    try:
        program()
    except ImportError as gone:
        print(f"left out: {gone}")
print(json.dumps(sorted(p.name for p in OUT.iterdir())))
os._exit(0)
