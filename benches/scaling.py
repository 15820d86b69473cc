"""One plot of `shoal bench --scaling --json` on one or more devices: time per run-step and bytes
against the number of runs.

    shoal bench --scaling --device cpu --json > cpu.jsonl
    shoal bench --scaling --device gpu --json > gpu.jsonl
    python benches/scaling.py cpu.jsonl gpu.jsonl benches/scaling.svg

Needs matplotlib; `benches/peers` installs one.
"""

import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

COLOURS = ["#0b5394", "#b35806", "#1b7837"]


def read(path):
    """The name of the device, and the events of the scaling."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    device = next(event["device"] for event in events if event["event"] == "ceilings")
    return f"{device['kind']} ({device['name']})", [
        event for event in events if event["event"] == "scaling"
    ]


def main():
    *sources, target = map(pathlib.Path, sys.argv[1:])
    # the same file for the same figures
    matplotlib.rcParams.update({"svg.hashsalt": "shoal", "font.size": 9, "svg.fonttype": "none"})
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for source, colour in zip(sources, COLOURS):
        name, events = read(source)
        runs = [event["runs"] for event in events]
        medians = [1e6 / statistics.median(event["repeats"]) for event in events]
        spread = [
            [median - 1e6 / max(event["repeats"]) for median, event in zip(medians, events)],
            [1e6 / min(event["repeats"]) - median for median, event in zip(medians, events)],
        ]
        time.errorbar(
            runs,
            medians,
            yerr=spread,
            marker="o",
            ms=4,
            lw=1.2,
            capsize=2,
            color=colour,
            label=name,
        )
        memory.plot(
            [event["packed"] for event in events],
            [event["bytes"] / 2**20 for event in events],
            marker="o",
            ms=4,
            lw=1.2,
            color=colour,
            label=name,
        )
    time.set(xscale="log", yscale="log", xlabel="runs", ylabel="microseconds per run-step")
    memory.set(xscale="log", yscale="log", xlabel="runs packed at one time", ylabel="MiB")
    for axes in (time, memory):
        axes.grid(lw=0.4)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    time.legend(frameon=False)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    main()
