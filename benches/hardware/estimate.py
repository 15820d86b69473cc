#!/usr/bin/env python3
"""Estimates the calls of a training step on a Radeon RX 6800 XT, and writes estimates.json.

Of each call the larger of two times: that of one wave alone, and the issue cycles of all waves of a
SIMD, of which .95 are used. The cycles are those of instruction-sets.md, of machine code for Navi
21 at 300 cycles for a load from the second-level cache. Whole steps by one workgroup have no
launches in between. `estimate.py [RUNSxWIDTH ...]` prints them; with `--simds`, `--ghz` and
`--batch` those of another GPU of this kind, and of another batch.
"""

import argparse
import json
import math
import pathlib
import re

SIMDS, HERTZ, USED = 144, 2.25e9, 0.95
INPUTS, OUTPUTS, BATCH, LANES = 79, 6, 32, 32
# A launch: what a dispatch takes beside its waves, in seconds; 3 to 10 us on real machines.
LAUNCH = 4e-6
# Of each kernel: cycles of a wave alone and issue cycles, both without turns and for each turn of
# its loop; terms of a turn; vec4s of rows and of units of a thread.
SMALL = {
    "dense_forward": (2063, 515, 953, 144, 8, 1, 1),
    "dense_backward_input": (2539, 540, 967, 147, 8, 1, 1),
    "fused_update": (5443, 542, 725, 175, 8, 1, 1),
}
LARGE = {
    **SMALL,
    "dense_forward": (8884, 436, 4000, 68, 1, 2, 2),
    "dense_backward_input": (6681, 526, 2423, 146, 4, 2, 1),
}
# Workgroups from which on products are large, as in src/engine/tile.rs.
LARGE_FROM = 1024
# Kernels without products: cycles of a wave alone, waves of a run.
OTHERS = {"clock": (3000, 1 / 32), "gather": (6450, 4)}
# The last layer in one kernel, two waves of 64 lanes for a run: cycles of a wave alone and issue
# cycles, both without turns and for each turn of its loops over blocks of sums, over terms of these
# and over blocks of the gradient at its input.
LAST = {"alone": (2324, 858, 538, 4008), "issue": (1080, 0, 274, 1759)}

# Whole steps by one workgroup of four waves of 64 lanes: cycles of a wave alone and issue cycles.
# Of a part with a product both without turns and for each turn of eight terms; `last` as LAST;
# `fixed`: the clock, the batch, and the places of the next one, which waves find that wait.
RESIDENT = {
    "fixed": (1438 + 2535, 315 + 4 * 641 + 2022),
    "forward": (2811, 645, 1433, 304),
    "backward": (3331, 702, 1462, 310),
    "update": (2586, 700, 996, 368),
    "last": {"alone": (2690, 939, 537, 3777), "issue": (643, 527, 274, 1761)},
}
# Waves of a SIMD, by registers; most numbers of a batch of a layer, and most parameters.
RESIDENT_WAVES, MOST_HIDDEN, MOST_PARAMETERS = 5, 4096, 32768


def waves(kernel, rows, units):
    threads = math.ceil(rows / (4 * kernel[5])) * math.ceil(units / (4 * kernel[6]))
    return math.ceil(threads / LANES)


def product(name, runs, products):
    """Seconds of a dispatch of products (terms, rows, units) of all runs."""
    groups = runs * sum(waves(LARGE[name], rows, units) for _, rows, units in products)
    kernel = LARGE[name] if groups >= LARGE_FROM else SMALL[name]
    base, turn, issue, issue_turn, terms_of_turn = kernel[:5]
    alone, of_simd = 0, 0
    for terms, rows, units in products:
        turns = math.ceil(terms / terms_of_turn)
        alone = max(alone, base + turn * turns)
        count = runs * waves(kernel, rows, units) / SIMDS
        of_simd += count * (issue + issue_turn * turns) / USED
    return max(alone, of_simd) / HERTZ


def last_cycles(cycles, terms, units, threads=128):
    """Cycles of a wave alone and issue cycles of the last layer of a run."""
    rows = math.ceil(BATCH / 4)
    blocks = math.ceil(rows * math.ceil(units / 4) / 8)
    below = math.ceil(rows * math.ceil(terms / 4) / threads)
    turns = [1, blocks, blocks * math.ceil(terms / 64), below]
    return [sum(map(math.prod, zip(turns, cycles[of]))) for of in ("alone", "issue")]


def last_layer(runs, terms, units):
    """Seconds of the last layers of all runs."""
    alone, issue = last_cycles(LAST, terms, units)
    return max(alone, 2 * runs / SIMDS * issue / USED) / HERTZ


def step(runs, width):
    """Seconds of each call."""
    widths, calls = [INPUTS, width, width, OUTPUTS], {}
    for name, (cycles, count) in OTHERS.items():
        calls[name] = cycles * max(1, runs * count / SIMDS / 8) / HERTZ
    for level in range(2):
        k, n = widths[level : level + 2]
        calls[f"dense_forward of level {level}"] = product("dense_forward", runs, [(k, BATCH, n)])
        if level:
            name = f"dense_backward_input of level {level}"
            calls[name] = product("dense_backward_input", runs, [(n, BATCH, k)])
    calls["dense_last"] = last_layer(runs, width, OUTPUTS)
    updates = [(BATCH, *widths[level : level + 2]) for level in range(3)]
    return calls | {"fused_update": product("fused_update", runs, updates)}


def resident(runs, width):
    """Seconds of a step of all runs, of which a workgroup each executes whole steps; None if one of
    them does not fit."""
    widths = [INPUTS, width, width, OUTPUTS]
    parameters = sum((k + 1) * 4 * math.ceil(n / 4) for k, n in zip(widths, widths[1:]))
    if BATCH * width > MOST_HIDDEN or parameters > MOST_PARAMETERS:
        return None
    alone, issue = RESIDENT["fixed"]
    last = last_cycles(RESIDENT["last"], width, OUTPUTS, 256)
    alone, issue = alone + last[0], issue + 2 * last[1]
    busy = math.ceil(math.ceil(BATCH / 4) * math.ceil(width / 4) / 64)
    for name, terms in (("forward", INPUTS), ("forward", width), ("backward", width)):
        base, turn, issue_base, issue_turn = RESIDENT[name]
        turns = math.ceil(terms / 8)
        alone += base + turn * turns
        issue += busy * (issue_base + issue_turn * turns)
    blocks = [math.ceil(k / 4) * math.ceil(n / 4) for k, n in zip(widths, widths[1:])]
    rounds = sum(math.ceil(count / 64) for count in blocks)
    base, turn, issue_base, issue_turn = RESIDENT["update"]
    turns = math.ceil(BATCH / 8)
    alone += math.ceil(rounds / 4) * (base + turn * turns)
    issue += rounds * (issue_base + issue_turn * turns)
    most = max(1, 4 * runs / SIMDS / RESIDENT_WAVES)
    return max(most * alone, runs * issue / SIMDS / USED) / HERTZ


def workload(name):
    size = re.fullmatch(r"(\d+)x(\d+)", name)
    if not size:
        raise argparse.ArgumentTypeError(f"'{name}' is no RUNSxWIDTH, such as 24x128")
    return name, *map(int, size.groups())


def main():
    global SIMDS, HERTZ, BATCH
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("workloads", metavar="RUNSxWIDTH", nargs="*", type=workload)
    parser.add_argument("--simds", type=int, default=SIMDS)
    parser.add_argument("--ghz", type=float, default=HERTZ / 1e9)
    parser.add_argument("--batch", type=int, default=BATCH)
    given = parser.parse_args()
    stored = given == parser.parse_args([])
    SIMDS, HERTZ, BATCH = given.simds, 1e9 * given.ghz, given.batch
    all_names = ["24x128", "24x256", "96x64", "24x512", "1x256", "1000x32"]
    found = {}
    for name, runs, width in given.workloads or map(workload, all_names):
        calls = step(runs, width)
        kernels, launches = sum(calls.values()), LAUNCH * len(calls)
        rate = runs / (kernels + launches)
        said = f"{1e6 * kernels:.0f} us of kernels, {len(calls)} launches, {rate:,.0f} run-steps/s"
        print(f"{name}: {said}")
        found[name] = {call: round(1e6 * seconds, 1) for call, seconds in calls.items()}
        whole = resident(runs, width)
        if whole:
            print(f"{name}, resident: {1e6 * whole:.0f} us, {runs / whole:,.0f} run-steps/s")
            found[name]["resident"] = round(1e6 * whole, 1)
    if stored:
        path = pathlib.Path(__file__).with_name("estimates.json")
        path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
