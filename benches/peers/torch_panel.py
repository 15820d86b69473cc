"""The time of a PyTorch loop for a searched study of shoal: `torch_panel.py STUDY`, answers in
JSON.

`trials.csv` has the networks, epochs and steps of all trials, pruned ones too. The seconds of an
epoch are measured on a grid of widths for each depth, once with 2 and once with 50 steps,
validation and shuffle included, and interpolated: linearly in the number of weights and in the
number of steps. Then some runs of the study, drawn in proportion to their seconds by this model,
are measured: the mean ratio corrects the sum, and its scatter is the error of the sum. The best
number of threads counts in all measurements.

The answer also has a list of runs drawn in proportion to their steps, each shortened to about as
many steps: in the mean, a peer takes as long for a step of that list as for a step of the whole
study. So the pace of shoal is measured in the same session.
"""

import csv
import itertools
import json
import math
import pathlib
import random
import statistics
import sys
import time

import torch

import torch_loop
import workloads

INPUTS, TARGETS, WIDTHS = workloads.INPUTS, workloads.TARGETS, (4, 64, 160, 256, 384, 500)
# Training and validation rows with 2 and with 50 steps an epoch.
FEW, MANY = (40, 10), (1600, 400)
TIMED = 0.15
# Runs of the study that are measured themselves.
DRAWN = 16
# Runs of the list, and steps of each.
LISTED, SHORTENED = 96, 150
CORES = torch.get_num_threads()


def epoch_seconds(inputs, hidden, rows, fused, threads):
    """Median seconds of an epoch."""
    torch.set_num_threads(threads)
    run = {
        "frozen": [],
        "hidden": hidden,
        "dropout": 0.2,
        "training": rows[0],
        "validation": rows[1],
    }
    x, y = torch.randn(workloads.ROWS, inputs), torch.rand(workloads.ROWS, TARGETS)
    member = torch_loop.Run(run, workloads.TRAINING, x, y, fused)
    member.epoch()
    found, end = [], time.perf_counter() + TIMED
    while len(found) < 3 or time.perf_counter() < end:
        begin = time.perf_counter()
        member.epoch()
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def best(inputs, hidden, rows, fused):
    return min(
        epoch_seconds(inputs, hidden, rows, fused, threads) for threads in sorted({1, CORES})
    )


def weights(inputs, hidden):
    return sum(a * b for a, b in itertools.pairwise([inputs, *hidden, TARGETS]))


class Pace:
    """Seconds of an epoch of any network, from the grid."""

    def __init__(self, fused):
        self.points = {
            depth: [self.point(depth, width, fused) for width in WIDTHS] for depth in (1, 2, 3)
        }

    def point(self, depth, width, fused):
        hidden = [width] * depth
        return (
            weights(INPUTS, hidden),
            best(INPUTS, hidden, FEW, fused),
            best(INPUTS, hidden, MANY, fused),
        )

    def __call__(self, inputs, hidden, steps):
        points, size = self.points[len(hidden)], weights(inputs, hidden)
        above = next(
            (i for i, point in enumerate(points) if i and point[0] >= size), len(points) - 1
        )
        (low, *low_seconds), (high, *high_seconds) = points[above - 1], points[above]
        share = max((size - low) / (high - low), 0)
        few, many = (a + share * (b - a) for a, b in zip(low_seconds, high_seconds))
        return few + (many - few) * (steps - 2) / 48

    def ratios(self, runs, fused):
        """Measured over modelled seconds, of runs drawn in proportion to the latter."""
        modelled = [
            epochs * self(inputs, hidden, steps / epochs)
            for inputs, hidden, epochs, steps, _ in runs
        ]
        found = []
        for inputs, hidden, epochs, steps, _ in random.Random(2).choices(runs, modelled, k=DRAWN):
            rows = round(32 * steps / epochs)
            seconds = best(inputs, hidden, (rows, rows // 4), fused)
            found.append(seconds / self(inputs, hidden, steps / epochs))
        return sum(modelled), found


def trained(study):
    """(inputs, hidden, epochs, steps, frozen) of each row of trials.csv."""
    with open(study / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    settings = json.loads((study / "study.json").read_text())["settings"]
    outputs = TARGETS - 1 + settings["pretraining"]["dummies"]
    bases = [row for row in rows if row["strategy"] == "pretraining" and row["state"] == "complete"]
    base = own_layers(min(bases, key=lambda row: float(row["validation_mse"])))
    for row in rows:
        strategy, frozen = row["strategy"], []
        hidden = base if strategy in ("warm-start", "dummy-node") else own_layers(row)
        if strategy == "attach-head":
            reads_outputs = settings["strategies"][strategy]["reads"] == "outputs"
            frozen = [*base, outputs] if reads_outputs else base
        inputs = frozen[-1] if frozen else INPUTS
        yield inputs, hidden, int(row["epochs"] or 0), int(row["steps"]), frozen


def own_layers(row):
    return [int(row[f"units_{layer + 1}"]) for layer in range(int(row["layers"]))]


def estimate(runs, fused):
    """Hours and their standard error."""
    modelled, ratios = Pace(fused).ratios(runs, fused)
    hours, scatter = modelled / 3600, statistics.stdev(ratios) / math.sqrt(len(ratios))
    return {
        "hours": hours * statistics.mean(ratios),
        "error": hours * scatter,
        "ratio": statistics.mean(ratios),
    }


def listed(runs):
    """The shortened runs, in the format of workloads.py."""
    found = []
    for _, hidden, epochs, steps, frozen in random.Random(3).choices(
        runs, [run[3] for run in runs], k=LISTED
    ):
        each = steps / epochs
        rows = round(32 * each)
        found.append(
            {
                "frozen": frozen,
                "hidden": hidden,
                "dropout": 0.2,
                "training": rows,
                "validation": max(rows // 4, 1),
                "epochs": math.ceil(SHORTENED / each),
            }
        )
    return found


def main():
    study = pathlib.Path(sys.argv[1])
    # a run that diverged in its first epoch did nothing to speak of
    runs = [run for run in trained(study) if run[2] > 0]
    record = json.loads((study / "study.json").read_text())
    if not record["seconds"]:
        sys.exit(f"{study}: the study is not finished, so its wall time is not known")
    labels = {"a loop over runs": False, "a loop, fused AdamW": True}
    print(
        json.dumps(
            {
                "study": record["name"],
                "device": record["device"],
                "seconds": record["seconds"] + sum(part["seconds"] for part in record["earlier"]),
                "runs": len(runs),
                "run_steps": sum(run[3] for run in runs),
                "epochs": sum(run[2] for run in runs),
                "drawn": DRAWN,
                "list": listed(runs),
                "loops": [
                    {"label": label, **estimate(runs, fused)} for label, fused in labels.items()
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
