"""Fills the files of this folder, one for each op, by PyTorch: `python3 make.py [FILE.json ...]`.

Needs numpy and torch. A file has a list of `cases`. Of each case we write

- `python`: the op in PyTorch, an expression of its inputs `a` and `b`, its parameters by name, the
  `attributes`, and `example` (of each item), `examples` (how many), `centres` and `neighbours` (the
  items at both ends of each edge), `each_example` and `mean`;
- `attributes` of the node;
- `inputs`: for each the kind of its rows and their width;
- `parameters`: for each its shape;
- `counts`: items of each example; 3, 0, 1 and 5 unless given;
- `every`: of the rows of the output and of the gradients one in so many is stored; 1 unless given;

and this script writes `output`, `gradients` of the inputs and `parameter_gradients` of
sum(delta output). Inputs, parameters and delta are hashes: `numbers`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from integers import pcg4d  # noqa: E402

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

NEIGHBOURS = 2
# the arrays that `numbers` knows
INPUT, PARAMETER, DELTA, ITEMS = 0, 10, 20, 30


def numbers(array, rows, columns):
    """Numbers in [-1, 1) that float32 holds: pcg4d(array, row, column, 0), as in
    src/engine/random.rs."""
    row, column = np.indices((rows, columns), dtype=np.uint32)
    word = pcg4d(np.full_like(row, array), row, column, np.zeros_like(row))[0]
    return (word >> np.uint32(8)).astype(np.float64) / 2**23 - 1


def mean(value, index, rows):
    """The mean of the rows that have the same index; 0 where there are none."""
    count = torch.bincount(index, minlength=rows).clamp(min=1)
    return torch.zeros(rows, value.shape[1]).index_add(0, index, value) / count[:, None]


def edges(counts):
    """The items at both ends of each edge: the nearest by the only column of the items."""
    items = numbers(ITEMS, sum(counts), 1)[:, 0]
    centres, neighbours, first = [], [], 0
    for count in counts:
        own = items[first : first + count]
        for i in range(count):
            near = np.argsort((own - own[i]) ** 2, kind="stable")
            near = [first + j for j in near if j != i][:NEIGHBOURS]
            centres += [first + i] * len(near)
            neighbours += near
        first += count
    return torch.tensor(centres, dtype=int), torch.tensor(neighbours, dtype=int)


def fill(case):
    counts = case.get("counts", [3, 0, 1, 5])
    centres, neighbours = edges(counts)
    rows = {"examples": len(counts), "items": sum(counts), "edges": len(centres)}

    def each_example(of, value):
        return torch.cat([of(part) for part in value.split(counts)])

    def leaf(array, shape):
        return torch.tensor(numbers(array, *shape), requires_grad=True)

    inputs = [
        leaf(INPUT + place, (rows[one["rows"]], one["width"]))
        for place, one in enumerate(case["inputs"])
    ]
    parameters = {
        name: leaf(PARAMETER + place, shape)
        for place, (name, shape) in enumerate(case.get("parameters", {}).items())
    }
    known = {
        **{"F": F, "torch": torch, "mean": mean, "each_example": each_example},
        **{"examples": len(counts), "centres": centres, "neighbours": neighbours},
        "example": torch.tensor(np.repeat(np.arange(len(counts)), counts)),
        **case.get("attributes", {}),
        **dict(zip("ab", inputs)),
        **parameters,
    }
    output = eval(case["python"], known)
    delta = torch.tensor(numbers(DELTA, *output.shape))
    gradients = torch.autograd.grad((delta * output).sum(), [*inputs, *parameters.values()])
    every = case.get("every", 1)

    def flat(value):
        return value.detach().flatten().tolist()

    case["output"] = flat(output[::every])
    case["gradients"] = [flat(one[::every]) for one in gradients[: len(inputs)]]
    case["parameter_gradients"] = [flat(one) for one in gradients[len(inputs) :]]


def spell(value, indent=""):
    """JSON with a line for each list of numbers."""
    inner = indent + "  "
    if isinstance(value, dict):
        members = [f"{inner}{json.dumps(key)}: {spell(of, inner)}" for key, of in value.items()]
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(one, (dict, list)) for one in value):
        return "[\n" + ",\n".join(inner + spell(one, inner) for one in value) + f"\n{indent}]"
    return json.dumps(value)


for path in map(Path, sys.argv[1:] or sorted(Path(__file__).parent.glob("*.json"))):
    content = json.loads(path.read_text())
    for case in content["cases"]:
        fill(case)
    content["made_with"] = f"torch {torch.__version__}, numpy {np.__version__}"
    path.write_text(spell(content) + "\n")
    print(path)
