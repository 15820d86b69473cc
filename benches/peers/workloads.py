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

All runs: batches of `batch` examples in a new order each epoch, mean squared error, AdamW with the
settings of `training` below.

In a list on sets, which has `item_columns`, the table goes on with the number of items of each row
and then the items, those of one row after those of another, shape (items, item_columns). A run has

- `architecture`: `perceptron`, on the table, or `deep-set`, `edge-graph` or `transformer`, on the
  items;
- `hidden`: the widths that belong to it, see `SETS` below.

Hidden layers have a ReLU, and the output no activation. An edge leads from an item to each of its
seven nearest neighbours in columns 0 and 1; items of smaller rows have all others as neighbours.

In a list of `parallel_mlps` a run also has `activation`, which replaces the LeakyReLU, and the
output has none.
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
# Sets: rows of 4 to 32, or 16 to 64, items.
ITEM_COLUMNS, NEIGHBOURS = 7, 7
COUNTS = {32: (4, 32), 64: (16, 64)}
SETS_TABLE = {"rows": 2000, "inputs": 16, "targets": 2}
SETS_TRAINING = {**TRAINING, "batch": 64}
# Widths of each architecture: layers on items (or width, heads, blocks and feed-forward), and of
# the head.
SETS = {
    "deep-set": {"items": [100, 100, 128], "hidden": [100, 100, 100]},
    "edge-graph": {"blocks": [[32, 32, 32], [64, 64, 64]], "hidden": [128]},
    "transformer": {"width": 64, "heads": 4, "blocks": 2, "feed_forward": 128, "hidden": []},
    "perceptron": {"hidden": [128, 128]},
}
SETS_RUNS = 24
# Lists on sets: architectures and the largest number of items.
SETS_LISTS = {
    f"{name}-{most}": (architectures, most)
    for most in COUNTS
    for name, architectures in [
        ("deep-sets", ["deep-set"]),
        ("edge-graphs", ["edge-graph"]),
        ("transformers", ["transformer"]),
        ("perceptrons", ["perceptron"]),
        ("mixed-sets", list(SETS)),
    ]
}
# ParallelMLPs: the activations that both programs have.
ACTIVATIONS = ["identity", "relu", "leaky_relu", "tanh", "sigmoid", "gelu"]
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


def sets(architectures, epochs=3):
    """24 runs of each of these architectures in turn, on 1,600 rows, 400 to validate."""
    rows = {"frozen": [], "dropout": 0.0, "training": 1600, "validation": 400, "epochs": epochs}
    one = [{"architecture": name, **SETS[name], **rows} for name in architectures]
    return one * SETS_RUNS


def write_sets(path, most, seed=1):
    """The table of sets of at most so many items.

    The targets depend on the items, so that there is something to learn: the mean of a product of
    two columns, and the mean distance from the first item. The columns of the table, which the
    perceptrons read, are the means and the mean squares of the items, their number and noise.
    """
    numbers = random.Random(seed)
    rows, every = SETS_TABLE["rows"], range(ITEM_COLUMNS)
    columns, targets, counts, items = (array.array("f") for _ in range(4))
    for _ in range(rows):
        count = numbers.randint(*COUNTS[most])
        own = [[numbers.gauss(0, 1) for _ in every] for _ in range(count)]
        apart = [math.hypot(item[0] - own[0][0], item[1] - own[0][1]) for item in own]
        targets.extend([sum(item[2] * item[3] for item in own) / count, sum(apart) / count])
        columns.extend(sum(item[column] for item in own) / count for column in every)
        columns.extend(sum(item[column] ** 2 for item in own) / count for column in every)
        columns.extend([count / most, numbers.gauss(0, 1)])
        counts.append(count)
        for item in own:
            items.extend(item)
    table = columns + targets + counts + items
    if sys.byteorder == "big":
        table.byteswap()
    path.write_bytes(table.tobytes())


def parallel_mlps(networks=10_000, epochs=2):
    """Perceptrons with one hidden layer of 1 to 100 units and each activation, in the order of
    ParallelMLPs (Farias et al., arXiv 2206.08369): activations, repetitions, units."""
    repetitions = networks // (100 * len(ACTIVATIONS))
    rows = {"frozen": [], "dropout": 0.0, "training": 1600, "validation": 400, "epochs": epochs}
    return [
        {"hidden": [units], "activation": activation, **rows}
        for activation in ACTIVATIONS
        for _ in range(repetitions)
        for units in range(1, 101)
    ]


def steps(run):
    """Optimiser steps that a run of a list takes."""
    batch = SETS_TRAINING if "architecture" in run else TRAINING
    return run["epochs"] * -(-run["training"] // batch["batch"])


def write_list(path, table, runs):
    """A list of runs that names the table beside it: that of `write_table`, or of `write_sets` on
    its items or, for runs without an architecture, on its columns alone."""
    shape = {"rows": ROWS, "inputs": INPUTS, "targets": TARGETS}
    training = TRAINING
    if table != "table.f32":
        shape = SETS_TABLE
    if "architecture" in runs[0]:
        shape = {**shape, "item_columns": ITEM_COLUMNS, "neighbours": NEIGHBOURS}
        training = SETS_TRAINING
    path.write_text(json.dumps({"table": table, **shape, "training": training, "runs": runs}))
