"""Re-makes the figures of scikit-learn (LIBSVM) that the tests of support vector machines compare with, and those of its decision trees.

Run from the root of the repository, with scikit-learn at hand:

    python validation/svm.py

Writes crates/esker-models/tests/peers/svm.json (decision values and dual objectives at a tolerance of 1e-10) and
crates/esker-models/tests/peers/tree_single.json (the rows of every leaf, the splits and their thresholds).
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

PEERS = Path("crates/esker-models/tests/peers")
VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}


def short(of):
    if isinstance(of, dict):
        return {name: short(v) for name, v in of.items()}
    if isinstance(of, list):
        return [short(v) for v in of]
    return float(f"{of:.10g}") if isinstance(of, float) else of


def moments(values, weight):
    mean = (weight * values).sum() / weight.sum()
    return mean, np.sqrt((weight * (values - mean) ** 2).sum() / weight.sum())


def dual(model, kernel, target, epsilon=0.0):
    beta = np.zeros(len(target))
    beta[model.support_] = model.dual_coef_[0]
    return float(0.5 * beta @ kernel @ beta - beta @ target + epsilon * np.abs(beta).sum())


def machines():
    rng = np.random.default_rng(11)
    n, d = 120, 4
    # LIBSVM keeps kernels in single precision: products of 64ths are exact there, so that linear machines can be compared to the last places.
    x = np.round(rng.normal(size=(n, d)) * 64) / 64
    y = np.round(np.sin(1.3 * x[:, 0]) + 0.5 * x[:, 1] - 0.3 * x[:, 2] * x[:, 3] + 0.2 * rng.normal(size=n), 3)
    two = (x[:, 0] + x[:, 1] ** 2 + 0.7 * rng.normal(size=n) > 0.6).astype(int)
    three = np.digitize(x[:, 0] - x[:, 3] + 0.6 * rng.normal(size=n), [-0.7, 0.8])
    weight = np.round(rng.uniform(0.2, 3, size=n), 2)
    out = {"versions": VERSIONS, "x": x.T.ravel().tolist(), "y": y.tolist(), "two": two.tolist(), "three": three.tolist()}
    out |= {"weight": weight.tolist(), "cases": []}
    settings = [("rbf", 1.0, 0.0, 0.1), ("rbf", 30.0, 0.05, 0.02), ("linear", 1.0, 0.0, 0.1), ("linear", 100.0, 0.0, 0.3)]
    for kind, cost, given, epsilon in settings:
        for weighted in (False, True):
            w = weight if weighted else np.ones(n)
            gamma = given or 1 / (d * moments(x, np.repeat(w[:, None], d, 1))[1] ** 2)
            kernel = x @ x.T if kind == "linear" else np.exp(-gamma * ((x[:, None] - x[None]) ** 2).sum(-1))
            mean, sd = moments(y, w)
            shared = dict(kernel=kind, C=cost, gamma=gamma, tol=1e-10, cache_size=500)
            svr = SVR(epsilon=epsilon, **shared).fit(x, (y - mean) / sd, sample_weight=w)
            svc = SVC(**shared).fit(x, two, sample_weight=w)
            pairs = SVC(decision_function_shape="ovo", **shared).fit(x, three, sample_weight=w)
            case = dict(kernel=kind, cost=cost, gamma=gamma, gamma_given=given, epsilon=epsilon, weighted=weighted)
            values = (mean + sd * svr.predict(x)).tolist()
            case["svr"] = dict(values=values, dual=dual(svr, kernel, (y - mean) / sd, epsilon), support=len(svr.support_))
            # Positive for the second of two classes there, for the first here.
            values = (-svc.decision_function(x)).tolist()
            case["svc"] = dict(values=values, dual=dual(svc, kernel, 2 * two - 1.0), support=len(svc.support_))
            case["pairs"] = pairs.decision_function(x).T.ravel().tolist()
            out["cases"].append(case)
    (PEERS / "svm.json").write_text(json.dumps(short(out)) + "\n")


def tree(model, x):
    t = model.tree_
    splits = [[int(t.feature[i]), float(t.threshold[i])] for i in range(t.node_count) if t.children_left[i] >= 0]
    return dict(leaf=model.apply(x).tolist(), splits=splits, impurity=t.impurity.tolist())


def trees():
    rng = np.random.default_rng(5)
    n = 200
    # Fewer than 255 values a feature: bins hold each of them.
    x = np.stack([rng.integers(0, 200, n) / 4, rng.permutation(n) * 1.5, rng.integers(0, 9, n).astype(float)], 1)
    y = np.round(3 * (x[:, 0] > 22) + 0.01 * x[:, 1] * (x[:, 2] > 4) + rng.normal(size=n), 4)
    three = np.digitize(x[:, 0] / 10 + 0.8 * rng.normal(size=n), [1.5, 3.5])
    weight = np.round(rng.uniform(0.2, 3, size=n), 2)
    out = {"versions": VERSIONS, "x": x.T.ravel().tolist(), "y": y.tolist(), "three": three.tolist(), "weight": weight.tolist(), "cases": []}
    settings = [(4, 1, 0, 0.0), (0, 5, 0, 0.0), (0, 5, 9, 0.0), (0, 1, 0, 0.004), (6, 3, 12, 0.01)]
    for depth, least, leaves, alpha in settings:
        for weighted in (False, True):
            w = weight if weighted else np.ones(n)
            case = dict(depth=depth, min_leaf=least, leaves=leaves, alpha=alpha, weighted=weighted)
            for name, kind, target in (("numbers", DecisionTreeRegressor, y), ("classes", DecisionTreeClassifier, three)):
                shares = np.array([w[target == k].sum() for k in range(3)]) / w.sum()
                root = moments(y, w)[1] ** 2 if name == "numbers" else 1 - (shares**2).sum()
                asked = dict(max_depth=depth or None, min_samples_leaf=least, max_leaf_nodes=leaves or None, ccp_alpha=alpha * root)
                # Counts tie often: then scikit-learn takes a split at random, and the trees part.
                if name == "classes" and not weighted and depth != 4:
                    continue
                case[name] = tree(kind(random_state=0, **asked).fit(x, target, sample_weight=w), x)
            out["cases"].append(case)
    (PEERS / "tree_single.json").write_text(json.dumps(short(out)) + "\n")


if __name__ == "__main__":
    machines()
    trees()
