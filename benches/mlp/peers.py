"""One peer on one case, in a process of its own: learns a network of two hidden layers of 64 units. Prints one line of JSON, as the example `fit` does."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
EPOCHS, BATCH, RATE = 10, 256, 1e-3


def load(folder):
    rows, features, held = map(int, (folder / "shape").read_text().split())
    read = lambda name, n: np.ascontiguousarray(np.fromfile(folder / f"x{name}.f64").reshape(features, n).T, "f4")
    return read("", rows), np.fromfile(folder / "y.f64"), read("t", held), np.fromfile(folder / "yt.f64")


def with_torch(style, x, y, held, classes, seed):
    """The training loop of every tutorial (`torch`), or the same with the fastest optimiser torch has (`torch-fused`)."""
    import torch

    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    nn = torch.nn
    outputs = int(y.max()) + 1 if classes else 1
    x, held = torch.as_tensor(x), torch.as_tensor(held)
    y = torch.as_tensor(y).long() if classes else torch.as_tensor(y.astype("f4"))[:, None]
    model = nn.Sequential(nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))
    for layer in model[::2]:  # the same start as ours and scikit-learn's
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimiser = torch.optim.Adam(model.parameters(), RATE, fused=style == "torch-fused")
    loss = nn.CrossEntropyLoss() if classes else nn.MSELoss()

    def learn(epochs, rows):
        for _ in range(epochs):
            order = torch.randperm(rows)
            for start in range(0, rows, BATCH):
                i = order[start : start + BATCH]
                optimiser.zero_grad()
                loss(model(x[i]), y[i]).backward()
                optimiser.step()

    state = {k: v.clone() for k, v in model.state_dict().items()}
    learn(1, 1024)  # what is loaded at first use is not counted
    model.load_state_dict(state)
    optimiser.state.clear()
    began = time.perf_counter()
    learn(EPOCHS, len(x))
    took = time.perf_counter() - began
    with torch.no_grad():
        said = model(held)
        said = torch.softmax(said, 1).numpy() if classes else said[:, 0].numpy()
    return took, said


def with_sklearn(x, y, held, classes, seed):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if classes else MLPRegressor
    make = lambda epochs: kind(
        hidden_layer_sizes=(64, 64), alpha=0, batch_size=BATCH, learning_rate_init=RATE, max_iter=epochs, n_iter_no_change=99, random_state=seed
    )
    make(1).fit(x[:1024], y[:1024])
    model, began = make(EPOCHS), time.perf_counter()
    model.fit(x, y)
    took = time.perf_counter() - began
    return took, model.predict_proba(held) if classes else model.predict(held)


def main():
    folder, name, task, seed = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    classes = task == "classes"
    x, y, held, truth = load(folder)
    learn = with_sklearn if name == "sklearn" else lambda *rest: with_torch(name, *rest)
    took, said = learn(x, y, held, classes, seed)
    if classes:
        loss = -np.log(said[np.arange(len(truth)), truth.astype(int)].clip(1e-15, 1)).mean()
    else:
        loss = np.sqrt(np.mean((said - truth) ** 2))
    print(json.dumps({"fit": took, "loss": float(loss)}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
