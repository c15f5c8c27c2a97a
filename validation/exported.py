"""Models that Esker exports as ONNX, run by onnxruntime on real tables and held against `esker predict`.

    python validation/exported.py target/release/esker

Every kind of model that can be exported, fitted on the three examples (glaciers with a class feature, a sample of the wells with a class
feature and gaps, landslides), answers for all its rows; the table is that of the fit with one cell in thirty blanked. Imported models of
LightGBM and XGBoost follow. Writes validation/exported.csv: a line a model with its largest difference: of probabilities as it is, of
numbers as a share of the answer, or of a tenth of the standard deviation of all answers where that is larger. Networks, which Esker runs in
single precision and the file in double, are held against the standard deviation itself: numpy in single precision differs as much. Fails
above 1e-5, on a class that differs, and where a class never seen gets an answer.
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import pandas as pd

ROOT = pathlib.Path(__file__).parent.parent
PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())
LINES, FAULTS = [], []

REGRESSION = {"mean": "", "linear": "", "ridge": "", "elastic-net": "lambda = 0.01", "forest": "trees = 40", "boosting": "trees = 60", "mlp": "epochs = 20"}
CLASSES = {"mean": "", "logistic": "", "forest": "trees = 30", "boosting": "trees = 30", "mlp": "epochs = 10"}
RECIPE = """title = "{name}"
[data]
source = "table.csv"
[roles]
target = {{ column = "{target}"{kind} }}
features = [{features}]
[validate]
design = "random"
folds = 2
[intervals]
on = false
[explain]
importance = false
effects = 0
[[model]]
kind = "{model}"
{settings}
"""


def esker(*words, folder):
    run = subprocess.run([PROGRAM, *map(str, words), "--quiet"], capture_output=True, text=True, cwd=folder)
    if run.returncode != 0:
        sys.exit(f"esker {' '.join(map(str, words))}\n{run.stderr}")


def feed(session, table):
    def column(put):
        values = table[put.name]
        if put.type == "tensor(string)":
            return values.map(lambda v: "" if pd.isna(v) else str(v)).to_numpy(object).reshape(-1, 1)
        return values.to_numpy("f8").reshape(-1, 1)

    return {put.name: column(put) for put in session.get_inputs()}


def compare(name, model, folder, data, target):
    table = pd.read_csv(folder / data, dtype={"WELL": str, "period": str, "rock": str, "band": str})
    esker("export", model, "-o", "m.onnx", folder=folder)
    esker("predict", model, data, "-o", "said.csv", folder=folder)
    said = pd.read_csv(folder / "said.csv", dtype={f"{target}_predicted": str})
    onnx.checker.check_model(str(folder / "m.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(str(folder / "m.onnx"), providers=["CPUExecutionProvider"])
    inputs = feed(session, table)
    got = session.run(None, inputs)
    labels = [i.name for i in session.get_inputs() if i.type == "tensor(string)"]
    if len(got) == 1:
        wanted = said[f"{target}_predicted"].astype(float).to_numpy()
        least = max((1.0 if name.endswith("mlp") else 0.1) * float(np.std(wanted)), 1e-12)
        worst = float(np.max(np.abs(got[0][:, 0] - wanted) / np.maximum(np.abs(wanted), least)))
    else:
        wanted = said[[c for c in said if c.startswith(f"{target}_p_")]].to_numpy()
        worst = float(np.max(np.abs(got[1] - wanted)))
        near = np.sort(wanted, axis=1)[:, -1] - np.sort(wanted, axis=1)[:, -2] < 1e-6 if wanted.shape[1] > 1 else np.zeros(len(wanted), bool)
        if not np.array_equal(got[0].ravel()[~near], said[f"{target}_predicted"].to_numpy()[~near]):
            FAULTS.append(f"{name}: classes differ")
    if labels and not name.endswith("mean"):
        strange = {k: v[:1].copy() for k, v in inputs.items()}
        strange[labels[0]][0, 0] = "never seen"
        answer = session.run(None, strange)
        if not np.isnan(answer[-1].astype(float)).all() or (len(answer) == 2 and answer[0].ravel()[0] != ""):
            FAULTS.append(f"{name}: an answer for a class never seen")
    operators = sorted({n.op_type for n in session_nodes(folder / "m.onnx")} & {"TreeEnsemble", "TreeEnsembleRegressor", "LabelEncoder"})
    LINES.append([name, len(table), f"{worst:.1e}", " ".join(operators)])
    print(*LINES[-1])
    if not worst <= 1e-5:
        FAULTS.append(f"{name}: {worst:g}")


def session_nodes(path):
    return onnx.load(str(path)).graph.node


def example(name, table, target, features, classes, folder):
    rng = np.random.default_rng(1)
    table.to_csv(folder / "table.csv", index=False)
    gaps = table.copy()
    for feature in features:
        gaps.loc[rng.random(len(table)) < 1 / 30, feature] = np.nan
    gaps.drop(columns=[target]).to_csv(folder / "gaps.csv", index=False)
    for model, settings in (CLASSES if classes else REGRESSION).items():
        listed = ", ".join(f'"{f}"' for f in features)
        kind = ', kind = "class"' if classes else ""
        (folder / "recipe.toml").write_text(
            RECIPE.format(name=name, target=target, kind=kind, features=listed, model=model, settings=settings)
        )
        esker("run", "recipe.toml", "-o", "out", folder=folder)
        compare(f"{name} {model}", "out/model.esker", folder, "gaps.csv", target)


def imports(folder):
    peers = ROOT / "crates/esker/tests/peers/imports"
    table = pd.read_csv(peers / "table.csv").rename(columns=str)
    table = table.assign(f0=table.slope, f1=table.zmed, f2=table.temp)
    table.to_csv(folder / "table.csv", index=False)
    for model in sorted(p for p in peers.iterdir() if p.suffix in (".txt", ".json")):
        esker("import", model, "-o", "m.esker", "--target", "y", folder=folder)
        compare(model.stem, "m.esker", folder, "table.csv", "y")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    glaciers = pd.read_csv(ROOT / "examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv")
    left_out = ["rgi_id", "dmdtda", "err_dmdtda", "target_id", "lat", "lon"]
    example("glaciers", glaciers, "dmdtda", [c for c in glaciers if c not in left_out], False, folder)
    wells = pd.read_csv(ROOT / "examples/well-log-lithology/force2020_eight_wells.csv")
    wells = wells.sample(6000, random_state=1).reset_index(drop=True)
    logs = ["WELL", "Z_LOC", "CALI", "RDEP", "RMED", "SP", "DTC", "NPHI", "PEF", "GR", "RHOB"]
    example("wells", wells, "FORCE_2020_LITHOFACIES_LITHOLOGY", logs, True, folder)
    slides = pd.read_csv(ROOT / "examples/landslides/landslides.csv", dtype={"lslpts": str})
    example("landslides", slides, "lslpts", ["slope", "cplan", "cprof", "elev", "log10_carea"], True, folder)
    imports(folder)

with open(ROOT / "validation/exported.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["model", "rows", "largest difference", f"operators (onnxruntime {onnxruntime.__version__})"])
    writer.writerows(LINES)
print(*FAULTS, sep="\n")
sys.stdout.flush()
os._exit(1 if FAULTS else 0)
