"""Diagnostics of residuals and tests of significance by esda, statsmodels, scipy and others, for
crates/esker-evaluate/tests/peers/residuals.json.

Run from the root of the repository: python validation/residuals.py
Needs numpy, scipy, esda, libpysal and statsmodels; the file it writes names their versions.
"""

import json
import os
import pathlib
import warnings

import esda
import libpysal
import numpy as np
import scipy
import statsmodels
from libpysal.weights import KNN, DistanceBand
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.stattools import acf

warnings.simplefilter("ignore")
OUT = pathlib.Path("crates/esker-evaluate/tests/peers/residuals.json")


def space():
    rng = np.random.default_rng(40)
    n = 70
    x, y = np.round(rng.uniform(0, 9000, n), 1), np.round(rng.uniform(0, 6000, n), 1)
    v = np.round(np.sin(x / 1500) + 0.5 * np.cos(y / 900) + rng.gamma(1.5, 0.5, n), 4)
    points = np.c_[x, y]
    cases = []
    for name, w, transform in [
        ("nearest 5, standardised", KNN(points, k=5), "r"),
        ("nearest 3", KNN(points, k=3), "b"),
        ("band 1400 m", DistanceBand(points, 1400, binary=True, silence_warnings=True), "b"),
        ("band 1400 m, standardised", DistanceBand(points, 1400, binary=True, silence_warnings=True), "r"),
        ("inverse distance within 2500 m", DistanceBand(points, 2500, binary=False, alpha=-1.0, silence_warnings=True), "o"),
        ("inverse square within 2500 m, standardised", DistanceBand(points, 2500, binary=False, alpha=-2.0, silence_warnings=True), "r"),
    ]:
        m = esda.Moran(v, w, transformation=transform, permutations=0)
        g = esda.Geary(v, w, transformation=transform, permutations=0)
        case = {
            "name": name,
            "moran": [m.I, m.EI, m.VI_norm, m.VI_rand, m.p_norm, m.p_rand],
            "geary": [g.C, g.EC, g.VC_norm, g.VC_rand],
        }
        if name.startswith("nearest 5"):
            lm = esda.Moran_Local(v, w, transformation=transform, permutations=9999, seed=1, n_jobs=1)
            lg = esda.Geary_Local(connectivity=w, permutations=9999, seed=1, n_jobs=1).fit(v)
            case["local_moran"] = {"value": lm.Is.tolist(), "expected": lm.EI.tolist(), "variance": lm.VI.tolist(), "quadrant": lm.q.tolist(), "p": lm.p_sim.tolist()}
            case["local_geary"] = {"value": lg.localG.tolist(), "p": lg.p_sim.tolist()}
            case["p_sim"] = esda.Moran(v, w, transformation=transform, permutations=9999).p_sim
        cases.append(case)
    return {"x": x.tolist(), "y": y.tolist(), "values": v.tolist(), "cases": cases}


def series():
    rng = np.random.default_rng(41)
    e = rng.normal(0, 1, 160)
    x = np.zeros(160)
    for t in range(1, 160):
        x[t] = 0.45 * x[t - 1] + e[t]
    x = np.round(x, 4)
    lb = acorr_ljungbox(x, lags=[1, 5, 12])
    return {"values": x.tolist(), "acf": acf(x, nlags=12, fft=False).tolist(),
            "ljung_box": [[int(k), float(r.lb_stat), float(r.lb_pvalue)] for k, r in lb.iterrows()]}


def spread():
    rng = np.random.default_rng(42)
    n = 90
    p = np.round(rng.uniform(1, 9, n), 1)
    other = np.round(rng.normal(0, 1, n), 3)
    r = np.round(rng.normal(0, 0.2 + 0.1 * p), 3)
    one = het_breuschpagan(r, np.c_[np.ones(n), p])
    two = het_breuschpagan(r, np.c_[np.ones(n), p, other])
    s = stats.spearmanr(np.abs(r), p)
    return {"residuals": r.tolist(), "predicted": p.tolist(), "other": other.tolist(),
            "one": [one[0], one[1]], "two": [two[0], two[1]], "spearman": [s.statistic, s.pvalue]}


def paired():
    rng = np.random.default_rng(43)
    n = 60
    a = np.round(np.abs(rng.normal(0, 1.0, n)), 3)
    b = np.round(np.abs(a + rng.normal(0.12, 0.4, n)), 3)
    for t in range(1, n):
        b[t] = round(0.6 * b[t - 1] + 0.4 * b[t], 3)
    d = a - b
    out = {"a": a.tolist(), "b": b.tolist()}
    # statsmodels: the mean's variance under HAC is that of a regression on a constant
    import statsmodels.api as sm
    dm = []
    for lags in (0, 1, 3, 6):
        fit = sm.OLS(d, np.ones(n)).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "kernel": "bartlett", "use_correction": False})
        dm.append([lags, float(fit.params[0]), float(fit.bse[0])])
    out["bartlett"] = dm
    # Harvey, Leybourne and Newbold 1997 by their equations 3 to 9, written out
    hln = []
    for h in (1, 2, 4):
        z = d - d.mean()
        g = [float((z[k:] * z[: n - k]).sum() / n) for k in range(h)]
        v = (g[0] + 2 * sum(g[1:])) / n
        s = d.mean() / np.sqrt(v) * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
        hln.append([h, float(s), float(2 * stats.t.sf(abs(s), n - 1))])
    out["hln"] = hln
    plus, minus = int((d > 0).sum()), int((d < 0).sum())
    out["sign"] = [plus, minus, stats.binomtest(plus, plus + minus).pvalue]
    w = stats.wilcoxon(d, correction=False, method="approx")
    out["wilcoxon"] = [float(w.statistic), float(w.pvalue)]
    few = np.round(rng.normal(0.4, 1, 18), 5)
    w = stats.wilcoxon(few, method="exact")
    out["few"] = few.tolist()
    out["wilcoxon_exact"] = [float(w.statistic), float(w.pvalue)]
    return out


def corrections():
    p = [0.001, 0.2, 0.013, 0.04, 0.013, 0.9, 0.0004, 0.31]
    return {"p": p, "holm": multipletests(p, method="holm")[1].tolist(), "fdr_bh": multipletests(p, method="fdr_bh")[1].tolist()}


def main():
    made_by = (f"validation/residuals.py with esda {esda.__version__}, libpysal {libpysal.__version__}, statsmodels {statsmodels.__version__}, "
               f"scipy {scipy.__version__}, numpy {np.__version__}")
    out = {"made_by": made_by, "space": space(), "series": series(), "spread": spread(), "paired": paired(), "corrections": corrections()}
    OUT.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(made_by)


main()
os._exit(0)
