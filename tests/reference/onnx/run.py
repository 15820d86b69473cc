"""Compares exported networks with `shoal predict`: `python3 run.py FOLDER [stored.json]`.

Needs numpy, onnx and onnxruntime, and torch and safetensors for what there is of PyTorch. For each
NAME.onnx in the folder there are NAME.npz, the raw data (`x`, and of networks on items `items` and
`counts`), NAME-0.csv, NAME-1.csv and so on, the predictions of each of its networks, and perhaps
NAME/net.py. The items are padded with NaN, with gaps between them, to more places than any row
needs. In a second run the first row has a number that shoal refuses: it must be NaN, and the others
what they were. With stored.json, writes the hashes and the outputs of the files that it names.
"""

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

TOLERANCE = 1e-5


def padded(data, refused=False):
    """The inputs of a network."""
    feeds = {"inputs": data["x"].copy()} if data["x"].shape[1] else {}
    if "items" in data:
        counts = data["counts"].astype(int)
        rows, places = len(counts), counts.max() + 3
        random = np.random.default_rng(1)
        mask = np.zeros((rows, places), bool)
        for row, count in enumerate(counts):
            mask[row, random.choice(places, count, replace=False)] = True
        items = np.full((rows, places, data["items"].shape[1]), np.nan)
        items[mask] = data["items"]
        if refused:
            mask[0, 0], items[0, 0] = True, np.inf
        feeds |= {"items": items, "mask": mask}
    elif refused:
        feeds["inputs"][0, 0] = np.inf
    return feeds


def expected(folder, name, targets):
    """Mean, deviations and spread of the networks, from their predictions."""
    files = sorted(folder.glob(f"{name}-*.csv"))
    all = np.stack([np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2) for file in files])
    outputs = {"predictions": all[..., :targets].mean(0)}
    if all.shape[-1] == 2 * targets:
        outputs["deviations"] = np.sqrt((all[..., targets:] ** 2).mean(0))
    if len(all) > 1:
        outputs["spread"] = all[..., :targets].std(0, ddof=1)
    return outputs


def by_onnxruntime(file):
    """A function from inputs to outputs, both by their names."""
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    assert len({node.name for node in model.graph.node}) == len(model.graph.node), file
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(names, feeds)))


def by_torch(file):
    """The same of a module of PyTorch."""
    import torch

    spec = importlib.util.spec_from_file_location("net", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.load()

    def run(feeds):
        with torch.no_grad():
            outputs = network(*(torch.tensor(value) for value in feeds.values()))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return dict(zip(["predictions", "deviations"], (one.numpy() for one in outputs)))

    return run


def compare(run, data, wanted, name):
    """The largest difference, relative to the number or to the largest prediction of the target."""
    outputs = run(padded(data))
    assert set(outputs) == set(wanted), (name, set(outputs), set(wanted))
    largest = np.abs(wanted["predictions"]).max(0)
    worst = 0.0
    for key, value in wanted.items():
        apart = np.abs(outputs[key] - value) / np.maximum(np.abs(value), largest)
        assert not np.isnan(apart).any(), (name, key)
        worst = max(worst, apart.max())
    for key, value in run(padded(data, refused=True)).items():
        assert np.isnan(value[0]).all(), (name, key, "a number that shoal refuses")
        assert np.array_equal(value[1:], outputs[key][1:]), (name, key, "beside a refused row")
    return worst


def main(folder, stored=None):
    worst = {}
    for file in sorted(folder.glob("*.onnx")):
        name = file.stem
        with np.load(folder / f"{name}.npz") as data:
            data = dict(data)
        run = by_onnxruntime(file)
        targets = run(padded(data))["predictions"].shape[1]
        wanted = expected(folder, name, targets)
        worst[name] = compare(run, data, wanted, name)
        if (folder / name / "net.py").exists():
            worst[f"{name}, PyTorch"] = compare(
                by_torch(folder / name / "net.py"), data, wanted, name
            )
        if stored and name in stored:
            outputs = {key: value.tolist() for key, value in run(padded(data)).items()}
            sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            stored[name] = {"sha256": sha256, "outputs": outputs}
    name = max(worst, key=worst.get)
    print(f"largest difference {worst[name]:.2e} of {name}")
    assert worst[name] <= TOLERANCE, f"{name}: {worst[name]:.2e}, above {TOLERANCE}"
    print(f"{len(worst)} networks agree")


if __name__ == "__main__":
    folder, file = Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    stored = json.loads(file.read_text()) if file else None
    main(folder, stored)
    if file:
        lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in stored.items()]
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n")
