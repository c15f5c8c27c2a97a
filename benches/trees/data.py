"""Synthetic tables that behave like Earth data: smooth fields, seasons, sensors with gaps, and classes of unequal size. Numpy only, fixed seeds."""

import numpy as np


def field(lon, lat, rng, waves=60, scale=8.0):
    """A smooth random field on the unit square, nearly Gaussian (random Fourier features)."""
    frequency = rng.normal(size=(2, waves)) * scale
    phase, height = rng.uniform(0, 2 * np.pi, waves), rng.normal(size=waves)
    total = np.zeros(lon.shape)
    for i in range(waves):
        total += height[i] * np.cos(frequency[0, i] * lon + frequency[1, i] * lat + phase[i])
    return total * np.sqrt(2.0 / waves)


def regression(rows, features, seed):
    """Place, relief, day, land cover and bands; about 8 % missing by cloud and by sensor. The fields are the same for every seed."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(12345)
    lon, lat = rng.uniform(0, 1, rows), rng.uniform(0, 1, rows)
    height, rough = field(lon, lat, fixed, 60, 6), field(lon, lat, fixed, 60, 25)
    climate, soil = field(lon, lat, fixed, 40, 3), field(lon, lat, fixed, 60, 12)
    cover = np.floor(4 + 1.5 * field(lon, lat, fixed, 40, 10)).clip(0, 8)
    day = rng.integers(1, 366, rows).astype(float)
    season = np.sin(2 * np.pi * (day - 100) / 365)
    bands = features - 6
    latent, mix = np.stack([height, climate, soil, season, cover / 3]), fixed.normal(size=(bands, 5))
    x = np.empty((rows, features))
    x[:, 0], x[:, 1], x[:, 2] = lon * 20 + 5, lat * 10 + 40, 800 + 400 * height
    x[:, 3], x[:, 4], x[:, 5] = np.abs(rough) * 10, day, cover
    for j in range(bands):
        x[:, 6 + j] = np.tanh(0.6 * (mix[j] @ latent)) + 0.15 * rng.normal(size=rows)
    y = 12 - 2.6 * height + 3 * climate + 7 * season * (1 + 0.2 * climate) + 1.5 * np.maximum(soil, 0) * (cover > 4)
    y += -2.0 * (x[:, 6] > 0.3) * x[:, 7] + 0.8 * np.sin(3 * x[:, 6]) + rng.normal(size=rows)
    cloud = field(lon, lat, rng, 30, 20) > 1.3
    for j in range(6, features):
        gone = rng.uniform(size=rows) < (0.06 if j % 3 else 0.0)
        x[gone | (cloud if j % 2 else np.zeros(rows, bool)), j] = np.nan
    return x, y


def covers(rows, seed):
    """Ten numbers and 44 columns of 0 and 1 (4 areas, 40 soils), seven classes of unequal size."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(777)
    lon, lat = rng.uniform(0, 1, rows), rng.uniform(0, 1, rows)
    height = 2900 + 300 * field(lon, lat, fixed, 60, 6)
    slope, aspect = np.abs(field(lon, lat, fixed, 60, 30)) * 10, (field(lon, lat, fixed, 60, 30) * 90) % 360
    numbers = [np.round(height), np.round(aspect), np.round(slope)]
    for _ in range(4):
        numbers.append(np.round(np.abs(field(lon, lat, fixed, 30, 15)) * 300 + 40 * rng.exponential(size=rows)))
    for sun in (0.3, 1.2, 2.4):
        shade = np.cos(np.deg2rad(aspect) - sun) * np.minimum(slope / 20, 1)
        numbers.append(np.round(200 + 40 * shade + 5 * rng.normal(size=rows)))
    area = np.digitize(field(lon, lat, fixed, 30, 3), [-0.8, 0, 0.8])
    soil = (np.floor((height - 2000) / 60) + 5 * area + rng.integers(0, 4, rows)).clip(0, 39).astype(int)
    x = np.zeros((rows, 54))
    x[:, :10] = np.stack(numbers, 1)
    x[np.arange(rows), 10 + area] = x[np.arange(rows), 14 + soil] = 1
    weights, e = fixed.normal(size=(7, 8)), (height - 2900) / 300
    signs = [e, e**2, slope / 15, np.cos(np.deg2rad(aspect)), x[:, 3] / 300, (soil % 7) / 3.5 - 1, area - 1.5]
    z = 1.6 * (weights @ np.stack([*signs, field(lon, lat, fixed, 80, 20)]))
    z += np.array([2, 2.5, 0.5, -1, -0.5, 0, 0.3])[:, None] + rng.gumbel(size=(7, rows))
    return x, z.argmax(0).astype(float)


def write(folder, train, test):
    """As the example `fit` reads it: little-endian f64, feature after feature."""
    if (folder / "shape").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, (x, y) in (("", train), ("t", test)):
        np.ascontiguousarray(x.T, "<f8").tofile(folder / f"x{name}.f64")
        np.ascontiguousarray(y, "<f8").tofile(folder / f"y{name}.f64")
    (folder / "shape").write_text(f"{train[0].shape[0]} {train[0].shape[1]} {test[0].shape[0]}")


def make(folder):
    """All cases in folders of their own; made once."""
    if not (folder / "large" / "shape").exists():
        write(folder / "large", regression(1_000_000, 20, 1), regression(200_000, 20, 2))
    if not (folder / "covers" / "shape").exists():
        write(folder / "covers", covers(300_000, 1), covers(60_000, 2))
    small, held = regression(3000, 10, 1), regression(2000, 10, 2)
    write(folder / "small", small, held)
    write(folder / "sides", (small[0], (small[1] > 12).astype(float)), (held[0], (held[1] > 12).astype(float)))
    for case in ("forest", "explain"):
        if not (folder / case / "shape").exists():
            # Not every peer takes gaps.
            whole = [(np.nan_to_num(x), y) for x, y in (regression(100_000, 20, 1), regression(20_000, 20, 2))]
            write(folder / case, *whole)
