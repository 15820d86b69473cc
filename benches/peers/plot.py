"""Run-steps per second of each peer and list, as one plot: `plot.py results.json results.svg`, in
the peers' environment."""

import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

from peers import PEERS  # noqa: E402
from report import rows, title, workloads_of  # noqa: E402

# Colours that differ in lightness too; shoal's first.
COLOURS = [
    "#0b5394",
    "#6fa8dc",
    "#7f3b08",
    "#b35806",
    "#e08214",
    "#fdb863",
    "#542788",
    "#1b7837",
    "#7fbf7b",
    "#969696",
]


# Bars of the second session and of later ones.
HATCHES = ["", "///", "\\\\\\", "xxx"]


def main():
    sessions = json.loads(pathlib.Path(sys.argv[1]).read_text())
    # the same file for the same figures
    matplotlib.rcParams.update(
        {"svg.hashsalt": "shoal", "font.size": 9, "svg.fonttype": "none", "hatch.linewidth": 0.5}
    )
    lists, shown = workloads_of(sessions), rows(sessions)
    figure, axes = pyplot.subplots(figsize=(10, 4.5), layout="constrained")
    colours, width = dict(zip(PEERS, COLOURS)), 0.85 / len(shown)
    for place, row in enumerate(shown):
        every = [(i, row.found(workload).get("rates")) for i, workload in enumerate(lists)]
        measured = [(i, rates) for i, rates in every if rates]
        medians = [statistics.median(rates) for _, rates in measured]
        spread = [
            [median - min(rates) for median, (_, rates) in zip(medians, measured)],
            [max(rates) - median for median, (_, rates) in zip(medians, measured)],
        ]
        across = [i + (place - (len(shown) - 1) / 2) * width for i, _ in measured]
        look = {
            "color": colours[row.name],
            "hatch": HATCHES[row.number % len(HATCHES)],
            "edgecolor": "white",
            "lw": 0,
        }
        axes.bar(across, medians, width, yerr=spread, label=row.label, error_kw={"lw": 0.8}, **look)
    axes.set_yscale("log")
    axes.set_xticks(range(len(lists)), [title(workload) for workload in lists])
    axes.set_ylabel("run-steps per second")
    axes.grid(axis="y", lw=0.4)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(sys.argv[2], metadata={"Date": None})


if __name__ == "__main__":
    main()
