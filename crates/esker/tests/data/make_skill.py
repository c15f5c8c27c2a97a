"""Simple answers to daily maximum temperatures of Seattle under 4 forward folds (numpy): RMSE of the mean, the season, the last value."""
import os, numpy as np, pandas as pd
d = pd.read_csv('seattle.csv'); y = d.temp_max.to_numpy(); n = len(y)
t = (pd.to_datetime(d.date) - pd.Timestamp('1970-01-01')).dt.days.to_numpy().astype(float)
start = [n * k // 5 for k in range(6)]
YEAR = 365.2425
mean, season, last, truth, rows = [], [], [], [], []
for k in range(1, 5):
    tr, te = np.arange(start[k]), np.arange(start[k], start[k + 1])
    apart = np.abs(t[te][:, None] % YEAR - t[tr][None] % YEAR); apart = np.minimum(apart, YEAR - apart)
    near = apart <= 15
    season += [y[tr][m].mean() if m.any() else np.nan for m in near]
    mean += [y[tr].mean()] * len(te); last += [y[tr[-1]]] * len(te)
    truth += list(y[te]); rows += list(te)
truth = np.array(truth)
def rmse(s):
    s = np.array(s); ok = np.isfinite(s); return ok.sum(), np.sqrt(np.mean((s[ok] - truth[ok]) ** 2))
print(start, len(truth)); [print(k, *map(repr, rmse(v))) for k, v in dict(mean=mean, season=season, last=last).items()]
lead = np.concatenate([t[start[k]:start[k+1]] - t[start[k]-1] for k in range(1,5)])
print('lead', np.quantile(lead, [0, .5, 1]))
# classes: Brier score (sum over classes) of frequencies and of the last class
w = d.weather.to_numpy(); lv = np.unique(w); one = (w[:, None] == lv[None]).astype(float)
def brier(p): return np.mean(((np.array(p) - one[rows]) ** 2).sum(1))
fr, la, se = [], [], []
for k in range(1, 5):
    tr, te = np.arange(start[k]), np.arange(start[k], start[k + 1])
    fr += [one[tr].mean(0)] * len(te); la += [one[tr[-1]]] * len(te)
print('frequencies', repr(brier(fr)), 'last', repr(brier(la)))
print(np.__version__, pd.__version__); os._exit(0)
