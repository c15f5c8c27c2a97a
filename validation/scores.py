"""Scores of a fixed small set of predictions by scikit-learn, for crates/esker-evaluate/tests/peers/scores.json.

Run from the root of the repository: python validation/scores.py
Needs numpy, scipy and scikit-learn; the file it writes names their versions.
"""

import json
import pathlib

import numpy as np
import scipy
import scipy.stats
import sklearn
from sklearn import metrics as m

OUT = pathlib.Path("crates/esker-evaluate/tests/peers/scores.json")
LEVELS = ["clay", "sand", "shale", "till"]


def real_cases():
    rng = np.random.default_rng(20)
    truth = np.round(rng.normal(-0.4, 0.4, 40), 3)
    said = np.round(0.6 * truth + rng.normal(0.1, 0.2, 40), 3)
    weight = np.round(rng.uniform(0.1, 3.0, 40), 2)
    weight[[3, 17]] = 0.0
    far = np.round(1e6 + truth, 3)
    for name, t, p, w in [
        ("real", truth, said, None),
        ("real, weighted", truth, said, weight),
        ("real, far from zero", far, far + said - truth, None),
    ]:
        c = np.cov(t, p, aweights=w)
        expected = {
            "rmse": m.root_mean_squared_error(t, p, sample_weight=w),
            "mae": m.mean_absolute_error(t, p, sample_weight=w),
            "bias": np.average(p - t, weights=w),
            "r2": m.r2_score(t, p, sample_weight=w),
            "correlation": c[0, 1] / np.sqrt(c[0, 0] * c[1, 1]),
        }
        if w is None:
            assert abs(expected["correlation"] - scipy.stats.pearsonr(t, p).statistic) < 1e-9
        yield {"name": name, "truth": t.tolist(), "said": p.tolist(), "weight": None if w is None else w.tolist(), "scores": floats(expected)}


def class_cases():
    rng = np.random.default_rng(21)
    for name, k, absent, weighted in [
        ("2 classes", 2, None, False),
        ("2 classes, weighted", 2, None, True),
        ("4 classes", 4, None, False),
        ("4 classes, weighted", 4, None, True),
        ("4 classes, one absent from the truth", 4, 2, False),
        ("4 classes, one absent from the truth, weighted", 4, 2, True),
    ]:
        n = 60
        present = [c for c in range(k) if c != absent]
        truth = rng.choice(present, n)
        logit = rng.normal(0, 1, (n, k))
        logit[np.arange(n), truth] += 0.8
        p = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
        # Coarse probabilities, so that thresholds are tied; one certain hit and one certain miss.
        p = np.round(p, 1)
        p[:, -1] = np.round(1 - p[:, :-1].sum(axis=1), 1)
        p = np.abs(np.clip(p, 0, 1))
        p[0] = np.eye(k)[truth[0]]
        p[1] = np.eye(k)[(truth[1] + 1) % k]
        p /= p.sum(axis=1, keepdims=True)
        w = np.round(rng.uniform(0.1, 3.0, n), 2) if weighted else None
        yield {
            "name": name,
            "levels": LEVELS[:k],
            "truth": truth.tolist(),
            "probability": p.ravel().tolist(),
            "weight": None if w is None else w.tolist(),
            **class_scores(truth, p, w, k, rng),
        }


def class_scores(truth, p, w, k, rng):
    said = p.argmax(axis=1)
    labels = list(range(k))
    matrix = np.round(rng.uniform(1, 4, (k, k)), 2) * (1 - np.eye(k))
    precision, recall, f1, _ = m.precision_recall_fscore_support(truth, said, labels=labels, sample_weight=w, zero_division=np.nan)
    scores = {
        "accuracy": m.accuracy_score(truth, said, sample_weight=w),
        "balanced-accuracy": m.balanced_accuracy_score(truth, said, sample_weight=w),
        "f1-macro": m.f1_score(truth, said, average="macro", sample_weight=w),
        "mcc": m.matthews_corrcoef(truth, said, sample_weight=w),
        "log-loss": m.log_loss(truth, y_proba=p, labels=labels, sample_weight=w),
        "brier": m.brier_score_loss(truth, y_proba=p, labels=labels, sample_weight=w, scale_by_half=False),
        "cost": np.average(matrix[truth, said], weights=w),
    }
    return {
        "scores": floats(scores),
        "matrix": matrix.tolist(),
        "confusion": m.confusion_matrix(truth, said, labels=labels, sample_weight=w).tolist(),
        "precision": nulls(precision),
        "recall": nulls(recall),
        "f1": nulls(f1),
        "curves": [curve((truth == c).astype(int), p[:, c], w) for c in labels],
    }


def curve(truth, score, w):
    if truth.sum() == 0:
        return {"auc": None, "ap": None, "roc": [], "pr": []}
    fpr, tpr, _ = m.roc_curve(truth, score, sample_weight=w, drop_intermediate=False)
    precision, recall, _ = m.precision_recall_curve(truth, score, sample_weight=w)
    # From the highest threshold down; the last point of scikit-learn's curve, (0, 1), belongs to no threshold.
    pr = np.column_stack([recall[:-1][::-1], precision[:-1][::-1]])
    return {
        "auc": m.roc_auc_score(truth, score, sample_weight=w),
        "ap": m.average_precision_score(truth, score, sample_weight=w),
        "roc": np.column_stack([fpr, tpr]).tolist(),
        "pr": pr.tolist(),
    }


def paired_cases():
    """The corrected resampled t interval as scikit-learn's example on comparing grid searches computes it."""
    rng = np.random.default_rng(22)
    for k, n_train, n_test, confidence in [(10, 900, 100, 0.95), (2, 50, 50, 0.9), (5, 400, 100, 0.99)]:
        a = np.round(rng.normal(0.3, 0.05, k), 4)
        b = np.round(a - rng.normal(0.02, 0.03, k), 4)
        d = a - b
        se = np.sqrt((1 / k + n_test / n_train) * np.var(d, ddof=1))
        reach = scipy.stats.t.ppf(0.5 + confidence / 2, k - 1) * se
        yield {
            "a": a.tolist(),
            "b": b.tolist(),
            "train": n_train,
            "test": n_test,
            "confidence": confidence,
            "difference": float(d.mean()),
            "se": float(se),
            "low": float(d.mean() - reach),
            "high": float(d.mean() + reach),
        }


def floats(scores):
    return {name: float(value) for name, value in scores.items()}


def nulls(values):
    return [None if np.isnan(v) else float(v) for v in values]


if __name__ == "__main__":
    cases = {
        "made_by": f"validation/scores.py with scikit-learn {sklearn.__version__}, numpy {np.__version__}, scipy {scipy.__version__}",
        "real": list(real_cases()),
        "class": list(class_cases()),
        "paired": list(paired_cases()),
    }
    OUT.write_text(json.dumps(cases, separators=(",", ":"), allow_nan=False) + "\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes")
