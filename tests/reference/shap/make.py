"""Writes the attributions that the tests compare shoal with: `python3 make.py [OUT_DIR]`.

Needs numpy, torch and shap. OUT_DIR is this folder unless given. README.md says what the file
holds.
"""

import argparse
import itertools
import math
from pathlib import Path

import numpy as np
import shap
import torch
from shap.explainers._deep import deep_pytorch

SLOPE = float(np.float32(0.2))  # as float32 holds it, so that every implementation has the same
MODULES = {
    "identity": torch.nn.Identity,
    "relu": torch.nn.ReLU,
    "leaky_relu": lambda: torch.nn.LeakyReLU(SLOPE),
    "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid,
    "silu": torch.nn.SiLU,
    "gelu": torch.nn.GELU,
}
# name: widths, hidden activation, output activation
NETWORKS = {
    "relu": ([7, 16, 9, 3], "relu", "identity"),
    "leaky_relu": ([8, 20, 11, 4], "leaky_relu", "sigmoid"),
    "tanh": ([6, 13, 3], "tanh", "tanh"),
    "sigmoid": ([9, 10, 8, 2], "sigmoid", "identity"),
    "gelu": ([5, 12, 7, 3], "gelu", "sigmoid"),
    "silu": ([6, 11, 5, 2], "silu", "identity"),
    "deep": ([10, 9, 8, 7, 6, 2], "leaky_relu", "sigmoid"),
}
SUBSETS_UP_TO = 8  # inputs; exact values of larger networks are left out
PLACES = 4000  # on each way from a background row to a row
BACKGROUND, ROWS = 12, 7


def representable(values):
    """Float64 values that float32 holds exactly, so that every backend starts from the same
    numbers."""
    return np.asarray(values).astype(np.float32).astype(np.float64)


def network(rng, widths, hidden, output):
    """The network, and its weights in PyTorch's [out, in] and biases."""
    modules, parameters = [], []
    for number, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        linear = torch.nn.Linear(fan_in, fan_out, dtype=torch.float64)
        weight = representable(1.4 / np.sqrt(fan_in) * rng.standard_normal((fan_out, fan_in)))
        bias = representable(0.3 * rng.standard_normal(fan_out))
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight))
            linear.bias.copy_(torch.tensor(bias))
        parameters += [weight, bias]
        last = number == len(widths) - 2
        modules += [linear, MODULES[output if last else hidden]()]
    return torch.nn.Sequential(*modules), parameters


def deep_shap(model, background, rows):
    """shap's DeepExplainer, shape (rows, targets, inputs)."""
    # shap has the rescale rule for all of these but SiLU, where the same rule is registered
    deep_pytorch.op_handler.setdefault("SiLU", deep_pytorch.nonlinear_1d)
    values = shap.DeepExplainer(model, torch.tensor(background)).shap_values(torch.tensor(rows))
    return np.asarray(values, dtype=np.float64).transpose(0, 2, 1)


def expected_gradients(model, background, rows):
    """The mean of (x - r) times the gradient over PLACES middles of equal steps from each r to x,
    with autograd."""
    alpha = torch.tensor((np.arange(PLACES) + 0.5) / PLACES)[:, None]
    total = []
    for row in torch.tensor(rows):
        of_row = 0
        for reference in torch.tensor(background):
            points = (reference + alpha * (row - reference)).requires_grad_()
            outputs = model(points).sum(0)
            gradients = [
                torch.autograd.grad(output, points, retain_graph=True)[0].mean(0)
                for output in outputs
            ]
            of_row = of_row + torch.stack(gradients) * (row - reference) / len(background)
        total.append(of_row.numpy())
    return np.stack(total)


def exact(model, background, rows):
    """Shapley values from the sum over subsets; the value of a subset is the mean output over the
    background."""
    count = rows.shape[1]
    subsets = np.array(list(itertools.product([False, True], repeat=count)))
    sizes = subsets.sum(1)
    values = []
    for row in rows:
        points = np.where(subsets[:, None, :], row, background[None])
        with torch.no_grad():
            worth = model(torch.tensor(points)).mean(1).numpy()
        of_row = np.zeros((worth.shape[1], count))
        for place in range(count):
            without = ~subsets[:, place]
            weight = [
                math.factorial(s) * math.factorial(count - s - 1) / math.factorial(count)
                for s in sizes[without]
            ]
            # flipping one input moves the number of a subset by a power of two
            with_it = np.flatnonzero(without) + 2 ** (count - 1 - place)
            of_row[:, place] = np.array(weight) @ (worth[with_it] - worth[without])
        values.append(of_row)
    return np.stack(values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    folder = parser.parse_args().out_dir
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    members = {
        "made_with": np.array(
            [f"shap {shap.__version__}, torch {torch.__version__}, numpy {np.__version__}"]
        )
    }
    for seed, (name, (widths, hidden, output)) in enumerate(NETWORKS.items()):
        rng = np.random.default_rng(100 + seed)
        model, parameters = network(rng, widths, hidden, output)
        background = representable(rng.standard_normal((BACKGROUND, widths[0])))
        rows = representable(1.5 * rng.standard_normal((ROWS, widths[0])))
        rows[0, :] = background[0, :]  # sums that are equal
        rows[1, 0] = background[1, 0]
        arrays = {"background": background, "rows": rows, "widths": np.array(widths)}
        arrays["activations"] = np.array([hidden, output])
        for number, values in enumerate(parameters):
            arrays[f"{'wb'[number % 2]}{number // 2}"] = values
        arrays["deep_shap"] = deep_shap(model, background, rows)
        arrays["expected_gradients"] = expected_gradients(model, background, rows)
        if widths[0] <= SUBSETS_UP_TO:
            arrays["exact"] = exact(model, background, rows)
        members |= {f"{name}_{key}": value for key, value in arrays.items()}
        with torch.no_grad():
            want = (model(torch.tensor(rows)) - model(torch.tensor(background)).mean(0)).numpy()
        for method in ("deep_shap", "expected_gradients", "exact"):
            if method in arrays:
                print(f"{name:11} {method:19} gap {np.abs(arrays[method].sum(2) - want).max():.1e}")
    np.savez_compressed(folder / "shap.npz", **members)


if __name__ == "__main__":
    main()
