"""RESULTS.md: the tables of one session, or of several side by side."""

import statistics
import textwrap

import workloads
from peers import PEERS

BY_HAND = "## Another machine"
ON_SETS = ["## Sets", "## ParallelMLPs"]


def is_whole(workload):
    """Whether it is a list on sets or that of ParallelMLPs."""
    return workload in workloads.SETS_LISTS or workload == "parallel-mlps"


def title(workload):
    if workload == "mixed":
        return "mixed"
    if workload in workloads.SETS_LISTS:
        least, most = workloads.COUNTS[workloads.SETS_LISTS[workload][1]]
        return f"{workload.rpartition('-')[0].replace('-', ' ')}, {least} to {most}"
    if is_whole(workload):
        return workload
    return "{} x W={}".format(*workload.split("x"))


def cell(found):
    """Median and spread, or a dash."""
    if not found or not found.get("rates"):
        return "failed" if found and "error" in found else "-"
    rates = found["rates"]
    if len(rates) == 1:
        return f"{rates[0]:,.0f} (once)"
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def paragraph(*sentences):
    return textwrap.fill(" ".join(sentences), 100, break_on_hyphens=False)


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def workloads_of(sessions, whole=False):
    """All lists of perceptrons that were trained, in the order of the first session; `whole`: the
    others."""
    every = dict.fromkeys(workload for results in sessions for workload in results["found"])
    return [workload for workload in every if is_whole(workload) == whole]


class Row:
    """One peer in one session."""

    def __init__(self, sessions, number, name):
        self.results, self.number, self.name = sessions[number], number, name
        self.session = chr(ord("A") + number) if len(sessions) > 1 else ""
        self.label = f"{PEERS[name].label} ({self.session})" if self.session else PEERS[name].label

    def found(self, workload):
        return self.results["found"].get(workload, {}).get(self.name, {})


def rows(sessions, lists=None):
    """The peers that trained one of these lists, or were requested for those of perceptrons,
    session by session, in their usual order."""
    whole, every = lists is not None, []
    lists = lists or workloads_of(sessions)
    for number, results in enumerate(sessions):
        seen = {name for workload in lists for name in results["found"].get(workload, {})}
        seen |= set() if whole else set(results["errors"])
        every += [Row(sessions, number, name) for name in PEERS if name in seen]
    return every


def rates(sessions, lists=None):
    """Run-steps per second of each peer."""
    every = rows(sessions, lists)
    lists = lists or workloads_of(sessions)
    lines = [[row.label, *(cell(row.found(workload)) for workload in lists)] for row in every]
    return table(["run-steps/s", *map(title, lists)], lines)


def ratios(sessions, name, lists=None):
    """How many times faster the peer `name` is than each other one of the same session; empty where
    it is missing."""

    def ratio(mine, other):
        if not (mine.get("rates") and other.get("rates")):
            return "-"
        return f"{statistics.median(mine['rates']) / statistics.median(other['rates']):.2f}"

    every, lines = rows(sessions, lists), []
    lists = lists or workloads_of(sessions)
    for mine in (row for row in every if row.name == name):
        for other in (row for row in every if row.number == mine.number and row.name != name):
            lines.append(
                [
                    other.label,
                    *(ratio(mine.found(workload), other.found(workload)) for workload in lists),
                ]
            )
    return (
        [table([f"times faster: {PEERS[name].label}", *map(title, lists)], lines), ""]
        if lines
        else []
    )


def choices(sessions, lists=None):
    """The best processes and threads, and versions."""

    def choice(found):
        if "choice" not in found:
            return "-"
        processes, threads = found["choice"]
        return f"{processes} x {threads}" if processes > 1 else str(threads)

    every, lines = rows(sessions, lists), []
    lists = lists or workloads_of(sessions)
    for row in every:
        mine = [row.found(workload) for workload in lists]
        version = next((one["version"] for one in mine if "version" in one), "-")
        lines.append([row.label, version, *map(choice, mine)])
    return table(["threads", "version", *map(title, lists)], lines)


def mixed(sessions):
    """Seconds for the whole list, and the losses, which show that all trained alike."""
    lines = []
    for row in rows(sessions):
        found = row.found("mixed")
        if found.get("seconds"):
            seconds = found["seconds"]
            compiled = f"{found['prepared']:.0f}" if found["prepared"] >= 1 else "-"
            spread = f"{min(seconds):.1f} to {max(seconds):.1f}" if len(seconds) > 1 else "once"
            lines.append(
                [
                    row.label,
                    f"{statistics.median(seconds):.1f} ({spread})",
                    compiled,
                    f"{found['loss']:.4f}",
                ]
            )
    return table(
        ["the mixed list", "seconds", "and to compile", "mean best validation loss"], lines
    )


def arithmetic(results, lists):
    """GFLOP/s of the rows that are there, for shoal and the fastest other peer, beside the ceiling
    that shoal measured after its last turn."""

    def rate(one, flops):
        return flops / one["steps"] * statistics.median(one["rates"]) / 1e9

    lines = []
    for workload in lists:
        found = results["found"].get(workload, {})
        mine = found.get("shoal-cpu", {})
        if "flops" not in mine:
            continue
        others = {name: one for name, one in found.items() if name != "shoal-cpu"}
        others = {name: rate(one, mine["flops"]) for name, one in others.items() if "loss" in one}
        best = max(others, key=others.get, default=None)
        own, ceiling = rate(mine, mine["flops"]), mine["ceiling"] / 1e9
        lines.append(
            [
                title(workload),
                f"{ceiling:.0f}",
                f"{own:.0f}",
                f"{100 * own / ceiling:.0f} %",
                f"{others[best]:.0f}" if best else "-",
                f"{own / others[best]:.1f}" if best else "-",
                PEERS[best].label if best else "-",
            ]
        )
    head = ["GFLOP/s", "ceiling", "shoal, cpu", "of the ceiling", "best peer", "ratio", "which"]
    return table(head, lines)


def losses(sessions, lists):
    """The mean of the best validation losses of each peer."""

    def loss(found):
        return f"{found['loss']:.4f}" if "loss" in found else "-"

    lines = [
        [row.label, *(loss(row.found(workload)) for workload in lists)]
        for row in rows(sessions, lists)
    ]
    return table(["mean best validation loss", *map(title, lists)], lines)


def together(results):
    """How long the mixed shoals of sets take beside their parts run apart."""
    for most in workloads.COUNTS:
        names = ("deep-sets", "edge-graphs", "transformers", "perceptrons", "mixed-sets")
        found = [results["found"].get(f"{name}-{most}", {}).get("shoal-cpu", {}) for name in names]
        if all(one.get("seconds") for one in found):
            *parts, mixed = (statistics.median(one["seconds"]) for one in found)
            yield (
                f"With at most {most} items shoal takes {mixed:.2f} s for the mixed list and "
                f"{sum(parts):.2f} s for its parts run apart: {mixed / sum(parts):.2f} times."
            )


def on_sets(sessions):
    """The section about sets and ParallelMLPs."""
    lists = workloads_of(sessions, True)
    if not lists:
        return []
    of_sets = [workload for workload in lists if workload in workloads.SETS_LISTS]
    lines = ["", ON_SETS[0], "", paragraph(*SETS), "", paragraph(*whence(sessions)), ""]
    lines += [rates(sessions, of_sets), "", *ratios(sessions, "shoal-cpu", of_sets)]
    for number, results in enumerate(sessions):
        if any(workload in results["found"] for workload in of_sets):
            lines += [arithmetic(results, of_sets), "", paragraph(*together(results)), ""]
    lines += [losses(sessions, of_sets), "", choices(sessions, of_sets)]
    if "parallel-mlps" in lists:
        others = ["parallel-mlps"]
        lines += ["", ON_SETS[1], "", paragraph(*MLPS), "", rates(sessions, others), ""]
        lines += [*ratios(sessions, "shoal-cpu", others), losses(sessions, others)]
    return lines


def whence(sessions):
    """The command, the machine and the commit of each session."""
    for results in sessions:
        yield (
            f"Written by `{results['command']}` on {results['machine']}, commit "
            f"{results['commit']}."
        )


SETS = (
    "24 networks of each kind, on 2,000 sets of 4 to 32 or 16 to 64 items (uniform) with 7",
    "columns, 1,600 of them to train, batches of 64: deep sets (100-100-128 on items, mean,",
    "100-100-100-2), graph networks (7 neighbours, 32-32-32 and 64-64-64 on edges, mean, 128-2),",
    "transformers (width 64, 4 heads, 2 blocks, feed-forward 128, mean, 2), and perceptrons on 16",
    "columns per set (128-128-2); the mixed list has all four. ReLU, squared error, AdamW;",
    "validation and a copy of the best parameters each epoch. A turn is a whole list, from its",
    "first run to its last. PyTorch computes packed rows without padding where it can, and",
    "otherwise, as JAX, batches of sets of similar sizes with its fastest attention;",
    "`peers/torch_sets.py` and `peers/jax_sets.py` say how. Compiling is not timed. GFLOP/s count",
    "the products of rows that are there, validation included; those of attention as if all sets",
    "had the mean size, and its gradient as one product.",
)
MLPS = (
    "ParallelMLPs (Farias et al., arXiv 2206.08369) trains perceptrons with one hidden layer of",
    "different widths as one wide layer: here 1 to 100 units with each of the activations that",
    "both programs have (identity, ReLU, LeakyReLU, tanh, sigmoid, GELU), 16 of each, 9,600 in",
    "all, on 16 inputs and 2 targets, batches of 32, 2 epochs.",
)


def failures(sessions):
    lines = []
    lists = workloads_of(sessions) + workloads_of(sessions, True)
    every = [*rows(sessions), *rows(sessions, lists)]
    for row in {row.label: row for row in every}.values():
        if row.name in row.results["errors"]:
            lines.append(f"- {row.label}: {row.results['errors'][row.name]}")
        found = ((workload, row.found(workload)) for workload in lists)
        lines += [
            f"- {row.label}, {title(workload)}: {one['error']}"
            for workload, one in found
            if "error" in one
        ]
    return lines


def kept(old, heading):
    """A section of an older RESULTS.md, to be kept; empty if there is none."""
    _, found, rest = f"\n{old}".partition(f"\n{heading}\n")
    return (found + rest.partition("\n## ")[0]).strip().splitlines() if found else []


def origin(sessions):
    """Where and when, and which figures may be compared."""
    machines = list(dict.fromkeys(results["machine"] for results in sessions))
    written = f"Written by `benches/peers/compare.py` on {'; '.join(machines)}."
    if len(sessions) == 1:
        return paragraph(written, "All figures are of one session, in which the peers take turns.")
    letters = ", ".join(chr(ord("A") + number) for number in range(len(sessions)))
    return paragraph(
        f"{written} The letter behind a peer ({letters}) names its session, the peers of one "
        "session turn by turn. Between",
        "sessions the machine may have been faster or slower, and shoal another; so ratios are "
        "taken within a session only.",
    )


def panel(found):
    """The time of a study's run-steps at the pace of a loop."""
    device, steps = found["device"], found["run_steps"]
    name = f"{device['threads']} threads of the CPU" if device["kind"] == "cpu" else device["name"]
    rows = [
        [
            f"shoal, the study itself ({name})",
            f"{found['seconds'] / 3600:.2f}",
            f"{steps / found['seconds']:,.0f}",
        ]
    ]
    if found.get("shoal", {}).get("rates"):
        rate = statistics.median(found["shoal"]["rates"])
        rows.append(
            [
                "shoal, cpu, at the pace of this session",
                f"{steps / rate / 3600:.2f}",
                f"{rate:,.0f}",
            ]
        )
    for one in found["loops"]:
        hours, pace = one["hours"], steps / one["hours"] / 3600
        rows.append(
            [f"PyTorch, {one['label']}", f"{hours:.2f} +- {one['error']:.2f}", f"{pace:,.0f}"]
        )
    ratios = " and ".join(f"{one['ratio']:.2f}" for one in found["loops"])
    return [
        "",
        "## A whole panel of the paper",
        "",
        paragraph(
            f"The study `{found['study']}`: {found['runs']:,} runs, {steps:,} run-steps, "
            f"{found['epochs']:,} epochs, searches",
            "and pruned trials included. What a PyTorch loop would take for the same runs with "
            "the same steps is a sum, not a",
            "measurement: the seconds of an epoch were measured on a grid of sizes and "
            "interpolated for each run's network and",
            f"rows; then {found['drawn']} runs of the study were measured themselves, {ratios} of "
            "that in the mean, which",
            "corrects the sum; their scatter gives the error. It has no search, no journal, no "
            "files. The study itself has all",
            "of them, and was done at another time, beside whatever else this machine did; so "
            "shoal's pace on",
            f"{len(found['list'])} runs drawn from the study is given too, measured in this "
            "session.",
        ),
        "",
        table(["", "hours", "run-steps/s"], rows),
    ]


def text(sessions, old=""):
    """RESULTS.md; `old` is the file as it was, whose sections about other lists and another machine
    are kept."""
    if not workloads_of(sessions):
        return with_sets(sessions, old)
    [trials, *others] = {
        results["trials"] for results in sessions if "mixed" in results["found"]
    } or {0}
    assert not others, "sessions with different mixed lists cannot stand in one table"
    [seconds] = {results["seconds"] for results in sessions}
    lines = [
        "# shoal and its peers",
        "",
        origin(sessions),
        "",
        paragraph(
            "Networks 79-W-W-6 with LeakyReLU(0.2), dropout 0.2 and a sigmoid output; batches of "
            "32, shuffled each epoch, from",
            "1,600 rows of a table of 2,000; validation on the other 400 and a copy of the best "
            "parameters each epoch; AdamW. A",
            "run-step is one optimiser step of one network. Median of timed turns of",
            f"{seconds:g} s after a warm-up, least and most in brackets. Compiling, importing and "
            "reading are not",
            "timed. Each peer has the number of threads that was best for it.",
        ),
        "",
        rates(sessions),
        "",
        "![Run-steps per second of each peer](results.svg)",
        "",
        *(line for name in ("shoal-cpu", "shoal-gpu") for line in ratios(sessions, name)),
        choices(sessions),
    ]
    if trials:
        lines += ["", "## The mixed list", "", mixed_list(trials), "", mixed(sessions)]
    lines += on_sets(sessions) or [line for one in ON_SETS for line in ["", *kept(old, one)]]
    if kept(old, BY_HAND):
        lines += ["", *kept(old, BY_HAND)]
    if failures(sessions):
        lines += ["", "## What failed", "", *failures(sessions)]
    for results in sessions:
        lines += panel(results["panel"]) if "panel" in results else []
    return "\n".join(lines) + "\n"


def with_sets(sessions, old):
    """The file as it was, with new sections about sets before the one written by hand."""
    for heading in ON_SETS:
        old = old.replace("\n".join(kept(old, heading)), "") if kept(old, heading) else old
    first, by_hand, rest = old.partition(f"{BY_HAND}\n")
    new = "\n".join(on_sets(sessions))
    return f"{first.rstrip()}\n{new}\n\n{by_hand}{rest}".rstrip() + "\n"


def mixed_list(trials):
    """The runs of the mixed list."""
    runs = workloads.mixed(trials)
    every = sum(map(workloads.steps, runs))
    return paragraph(
        f"{len(runs)} runs, {every:,} run-steps: 4 strategies at 6 sizes (50 to 1,500 rows), "
        f"{trials} trials",
        "of each; 1 to 3 hidden layers of 4 to 500 units, dropout 0.2 to 0.8, epochs spread as "
        "early stopping spreads",
        "them. Peers that stack networks pad them, in stacks that `peers/grouping.py` chooses; a "
        "frozen base is executed",
        "once for all rows by every peer and by shoal on the CPU; on the GPU in each step. Steps "
        "that a padded stack does for",
        "runs that are over do not count.",
    )


def write(folder, sessions):
    path = folder / "RESULTS.md"
    path.write_text(text(sessions, path.read_text() if path.exists() else ""))
