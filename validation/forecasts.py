"""Scores of distributions, events and discharge by scores, properscoring and hydroeval, for
crates/esker-evaluate/tests/peers/forecasts.json.

Run from the root of the repository: python validation/forecasts.py
Needs numpy, scipy, xarray, scores, properscoring and hydroeval; the file it writes names their versions. The ensembles in
crates/esker-evaluate/tests/peers/ensemble.csv are random numbers; the first column is the observation.
"""

import json
import os
import pathlib
import sys
import warnings
from importlib.metadata import version

sys.path.pop(0)  # scores.py beside this file is not the package

import hydroeval
import numpy as np
import properscoring
import xarray as xr
from scipy import stats
from scores.categorical import BinaryContingencyManager
from scores.continuous import kge, nse
from scores.probability import crps_for_ensemble

warnings.simplefilter("ignore")
HERE = pathlib.Path("crates/esker-evaluate/tests/peers")
table = np.genfromtxt(HERE / "ensemble.csv", delimiter=",", skip_header=1)
obs, members = table[:, 0], table[:, 1:]
rng = np.random.default_rng(44)


def da(v, *dims):
    return xr.DataArray(v, dims=dims or ("t",))


ens = {
    "ecdf": [float(properscoring.crps_ensemble(obs, members).mean()), float(crps_for_ensemble(da(members, "t", "m"), da(obs), "m"))],
    "fair": float(crps_for_ensemble(da(members, "t", "m"), da(obs), "m", method="fair")),
}
centre, sd = np.round(rng.normal(0, 1, 50), 3), np.round(rng.uniform(0.2, 2, 50), 3)
normal = {"centre": centre.tolist(), "sd": sd.tolist(), "crps": float(properscoring.crps_gaussian(obs, centre, sd).mean()),
          "pit": stats.norm.cdf(obs, centre, sd).tolist()}
q = np.round(rng.gamma(2, 3, 120), 2)
p = np.round(0.8 * q + rng.gamma(1, 1.2, 120), 2)
parts = kge(da(p), da(q), include_components=True)
flow = {"truth": q.tolist(), "said": p.tolist(), "nse": [float(nse(da(p), da(q))), float(hydroeval.nse(p, q)[0] if np.ndim(hydroeval.nse(p, q)) else hydroeval.nse(p, q))],
        "kge": float(parts.kge), "parts": [float(parts.rho), float(parts.alpha), float(parts.beta)],
        "kge_2012": float(kge(da(p), da(q), method="2012")),
        "hydroeval": [np.ravel(hydroeval.kge(p, q)).tolist(), np.ravel(hydroeval.kgeprime(p, q)).tolist()]}
c = BinaryContingencyManager(fcst_events=da((p >= 8).astype(float)), obs_events=da((q >= 8).astype(float)))
n = c.get_counts()
events = {"threshold": 8.0, "counts": [float(n[k]) for k in ("tp_count", "fn_count", "fp_count", "tn_count")],
          "pod": float(c.probability_of_detection()), "far": float(c.false_alarm_ratio()), "pofd": float(c.probability_of_false_detection()),
          "csi": float(c.critical_success_index()), "bias": float(c.frequency_bias()), "ets": float(c.equitable_threat_score()),
          "hss": float(c.heidke_skill_score())}
made_by = "validation/forecasts.py with " + ", ".join(f"{k} {version(k)}" for k in ("scores", "properscoring", "hydroeval", "scipy", "numpy"))
out = {"made_by": made_by, "ensemble": ens, "normal": normal, "flow": flow, "events": events}
(HERE / "forecasts.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(made_by, ens, flow["nse"], flow["kge"], flow["kge_2012"], flow["hydroeval"])
os._exit(0)
