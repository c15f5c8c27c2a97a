"""The tables of `benches/trees/data.py` as a network wants them: gaps filled with the mean, features and numbers to mean 0 and spread 1."""

import importlib.util
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("tables", HERE.parent / "trees" / "data.py")
tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tables)


def scaled(train, test):
    mean, spread = np.nanmean(train, 0), np.nanstd(train, 0)
    spread = np.where(spread > 0, spread, 1)
    return [np.nan_to_num((x - mean) / spread) for x in (train, test)]


def case(make, rows, held):
    (x, y), (xt, yt) = make(rows, 1), make(held, 2)
    x, xt = scaled(x, xt)
    if make is not tables.covers:
        y, yt = (v[:, 0] for v in scaled(y[:, None], yt[:, None]))
    return (x, y), (xt, yt)


def make(folder):
    """All cases in folders of their own; made once."""
    numbers = lambda rows, seed: tables.regression(rows, 20, seed)
    for name, maker, rows, held in (("numbers", numbers, 50_000, 10_000), ("classes", tables.covers, 50_000, 10_000)):
        if not (folder / name / "shape").exists():
            tables.write(folder / name, *case(maker, rows, held))
