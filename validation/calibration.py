"""Calibration as scikit-learn has it: writes crates/esker-models/tests/peers/calibration.json and crates/esker-evaluate/tests/peers/calibration.json.

    python validation/calibration.py

numpy 2, scikit-learn 1.9.1, scipy 1.
"""

import json
import pathlib

import numpy as np
import scipy.optimize
import sklearn
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import f1_score, balanced_accuracy_score

ROOT = pathlib.Path(__file__).parent.parent / "crates"
EDGE = 1e-6
rng = np.random.default_rng(20)


def logit(p, rest):
    return np.log(np.maximum(p, EDGE)) - np.log(np.maximum(rest, EDGE))


def platt(f, y, w):
    """scikit-learn's sigmoid; the search of scipy is then carried to its end, on the same targets."""
    w = np.ones(len(y)) if w is None else w
    a, b = _sigmoid_calibration(f, y, w)
    one, none = w[y == 1].sum(), w[y == 0].sum()
    t = np.where(y == 1, (one + 1) / (one + 2), 1 / (none + 2))

    def loss(ab):
        z = ab[0] * f + ab[1]
        return (w * (t * np.logaddexp(0, z) + (1 - t) * np.logaddexp(0, -z))).sum()

    found = scipy.optimize.minimize(loss, [a, b], method="BFGS", options={"gtol": 1e-11})
    assert np.allclose([a, b], found.x, rtol=1e-3, atol=1e-3), (a, b, found.x)
    ours = lambda ab: 1 / (1 + np.exp(ab[0] * f + ab[1]))
    return float(found.x[0]), float(found.x[1]), float(np.abs(ours((a, b)) - ours(found.x)).max())


cases = []
for name, n, k, weighted, ties in [("two", 200, 2, False, False), ("two tied", 300, 2, True, True), ("four", 240, 4, False, False), ("three tied", 150, 3, True, True)]:
    p = rng.dirichlet(np.full(k, 0.7), n)
    if ties:
        p = np.round(p * 12) + 0.5
        p = p / p.sum(1, keepdims=True)
    q = p**0.5 / (p**0.5).sum(1, keepdims=True)
    y = np.array([rng.choice(k, p=r) for r in q])
    w = rng.integers(0, 4, n).astype(float) if weighted else None
    iso = np.zeros_like(p)
    sig = np.zeros_like(p)
    apart = 0.0
    for c in [1] if k == 2 else range(k):
        of = (y == c).astype(float)
        curve = IsotonicRegression(out_of_bounds="clip").fit(p[:, c], of, sample_weight=w)
        iso[:, c] = curve.predict(p[:, c])
        f = logit(p[:, c], p.sum(1) - p[:, c])
        a, b, far = platt(f, of, w)
        apart = max(apart, far)
        sig[:, c] = 1 / (1 + np.exp(a * f + b))
    for m in (iso, sig):
        if k == 2:
            m[:, 0] = 1 - m[:, 1]
        else:
            m /= m.sum(1, keepdims=True)
    cases.append(dict(name=name, classes=k, truth=y.tolist(), probability=p.ravel().tolist(), weight=None if w is None else w.tolist(), isotonic=iso.ravel().tolist(), platt=sig.ravel().tolist(), platt_search=apart))
    print(name, "search left", apart)
(ROOT / "esker-models/tests/peers").mkdir(exist_ok=True, parents=True)
(ROOT / "esker-models/tests/peers/calibration.json").write_text(json.dumps(dict(sklearn=sklearn.__version__, cases=cases)))

curves = []
for name, n, bins, ties in [("plain", 500, 10, False), ("tied", 300, 10, True), ("few", 23, 5, False)]:
    p = rng.beta(0.6, 1.5, n)
    p = np.round(p, 1) if ties else p
    y = (rng.uniform(size=n) < 0.8 * p + 0.05).astype(int)
    happened, said = calibration_curve(y, p, n_bins=bins, strategy="quantile")
    f1 = max(f1_score(y, p >= t) for t in np.unique(p))
    balanced = max(balanced_accuracy_score(y, p >= t) for t in np.unique(p))
    curves.append(dict(name=name, bins=bins, truth=y.tolist(), probability=p.tolist(), happened=happened.tolist(), said=said.tolist(), brier=float(((p - y) ** 2).mean()), f1=f1, balanced=balanced))
(ROOT / "esker-evaluate/tests/peers/calibration.json").write_text(json.dumps(dict(sklearn=sklearn.__version__, curves=curves)))
