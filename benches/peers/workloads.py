"""The runs that every peer trains: a table of numbers and lists of runs, as files that each peer
reads.

A list is JSON: `table` names the file of the table beside it, little-endian f32, first the inputs,
shape (rows, inputs), then the targets, shape (rows, targets). Each run of `runs` has

- `frozen`: widths of a pre-trained base whose last layer it reads and never trains; empty if it
  reads the table;
- `hidden`: widths of its own hidden layers, LeakyReLU(0.2) and dropout after each; a sigmoid output
  follows;
- `dropout`: the probability that a unit is dropped;
- `training`, `validation`: rows for training, the first of the table, and rows for validation,
  those after them;
- `epochs`: its epochs; in a list that is timed for some seconds, after how many the peer turns to
  the next run.

All runs: batches of 32 in a new order each epoch, mean squared error, AdamW with the settings of
`training` below.
"""

import array
import json
import math
import random
import sys

ROWS, INPUTS, TARGETS = 2000, 79, 6
TRAINING = {
    "batch": 32,
    "learning_rate": 1e-3,
    "betas": [0.5, 0.999],
    "epsilon": 1e-8,
    "weight_decay": 1e-4,
    "slope": 0.2,
}
# Runs and width of both hidden layers.
HOMOGENEOUS = [(24, 128), (24, 256), (96, 64), (24, 512), (1, 256), (1000, 32)]
SIZES = [50, 100, 200, 400, 800, 1500]
STRATEGIES = ["scratch", "warm-start", "dummy-node", "attach-head"]


def write_table(path, seed=1):
    """Inputs that depend smoothly on the targets, with noise, nearly standardised."""
    numbers = random.Random(seed)
    slopes = [[numbers.gauss(0, 1) for _ in range(TARGETS)] for _ in range(INPUTS)]
    targets = [[numbers.random() for _ in range(TARGETS)] for _ in range(ROWS)]
    inputs = array.array("f")
    for row in targets:
        centred = [math.sqrt(12 / TARGETS) * (value - 0.5) for value in row]
        for slope in slopes:
            signal = sum(a * b for a, b in zip(slope, centred))
            inputs.append(signal + 0.2 * math.sin(3 * signal) + numbers.gauss(0, 0.3))
    inputs.extend(value for row in targets for value in row)
    if sys.byteorder == "big":
        inputs.byteswap()
    path.write_bytes(inputs.tobytes())


def homogeneous(runs, width):
    """`count` runs of 79-W-W-6 on 1,600 rows, 400 to validate; a loop turns to the next run after
    20 epochs, 1,000 steps."""
    run = {
        "frozen": [],
        "hidden": [width, width],
        "dropout": 0.2,
        "training": 1600,
        "validation": 400,
        "epochs": 20,
    }
    return [run] * runs


def mixed(trials=4, shortening=8, seed=1):
    """A small study: every strategy at every size, `trials` of each.

    Shapes, epochs and dropout are drawn as in the search of a study: 1 to 3 hidden layers of 4 to
    500 units, dropout 0.2 to 0.8. Warm starts and dummy nodes have the layers of one of three pre-
    trained bases; heads read the last layer of a base and have layers of their own. With early
    stopping (patience 50) the epochs of real searches are distributed log-normally around 200,
    between 51 and 1,000; here they are divided by `shortening`. All learning rates are equal, so
    that peers that stack runs need only one AdamW.
    """
    numbers = random.Random(seed)

    def layers(depth):
        return [numbers.randint(4, 500) for _ in range(depth)]

    bases = [layers(depth) for depth in (1, 2, 3)]
    runs = []
    for strategy in STRATEGIES:
        for size in SIZES:
            for _ in range(trials):
                base, own = numbers.choice(bases), layers(numbers.randint(1, 3))
                epochs = min(max(round(numbers.lognormvariate(math.log(200), 0.6)), 51), 1000)
                runs.append(
                    {
                        "frozen": base if strategy == "attach-head" else [],
                        "hidden": own if strategy in ("scratch", "attach-head") else base,
                        "dropout": round(numbers.uniform(0.2, 0.8), 3),
                        "training": size * 4 // 5,
                        "validation": size // 5,
                        "epochs": max(epochs // shortening, 1),
                    }
                )
    return runs


def steps(run):
    """Optimiser steps that a run of a list takes."""
    return run["epochs"] * -(-run["training"] // TRAINING["batch"])


def write_list(path, table, runs):
    """A list of runs that names the table beside it."""
    shape = {"table": table.name, "rows": ROWS, "inputs": INPUTS, "targets": TARGETS}
    path.write_text(json.dumps({**shape, "training": TRAINING, "runs": runs}))
