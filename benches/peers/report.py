"""RESULTS.md: the tables of one sitting."""

import statistics
import textwrap

import workloads
from peers import PEERS


def title(workload):
    return "mixed" if workload == "mixed" else "{} x W={}".format(*workload.split("x"))


def cell(found):
    """Median and spread, or a dash."""
    if not found or not found.get("rates"):
        return "failed" if found and "error" in found else "-"
    rates = found["rates"]
    if len(rates) == 1:
        return f"{rates[0]:,.0f} (once)"
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def paragraph(*sentences):
    return textwrap.fill(" ".join(sentences), 120, break_on_hyphens=False)


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def names(results):
    """Peers that were asked for, in their usual order."""
    seen = {name for found in results["found"].values() for name in found} | set(results["errors"])
    return [name for name in PEERS if name in seen]


def rates(results):
    """Run-steps per second of each peer."""
    found = results["found"]
    rows = [[PEERS[name].label, *(cell(found[workload].get(name)) for workload in found)] for name in names(results)]
    return table(["run-steps/s", *map(title, found)], rows)


def ratios(results, name):
    """How many times faster the peer `name` is than each other one."""
    def ratio(found, other):
        if not all(found.get(one, {}).get("rates") for one in (name, other)):
            return "-"
        return f"{statistics.median(found[name]['rates']) / statistics.median(found[other]['rates']):.2f}"

    found = results["found"]
    rows = [
        [PEERS[other].label, *(ratio(found[workload], other) for workload in found)] for other in names(results) if other != name
    ]
    return table([f"times faster: {PEERS[name].label}", *map(title, found)], rows)


def choices(results):
    """Processes and threads that were best, and versions."""
    def choice(found):
        if "choice" not in found:
            return "-"
        processes, threads = found["choice"]
        return f"{processes} x {threads}" if processes > 1 else str(threads)

    found, rows = results["found"], []
    for name in names(results):
        mine = [found[workload].get(name, {}) for workload in found]
        version = next((one["version"] for one in mine if "version" in one), "-")
        rows.append([PEERS[name].label, version, *map(choice, mine)])
    return table(["threads", "version", *map(title, found)], rows)


def mixed(results):
    """Seconds for the whole list, and proof that all learnt alike."""
    rows = []
    for name, found in results["found"].get("mixed", {}).items():
        if found.get("seconds"):
            seconds = found["seconds"]
            compiled = f"{found['prepared']:.0f}" if found["prepared"] >= 1 else "-"
            spread = f"{min(seconds):.1f} to {max(seconds):.1f}" if len(seconds) > 1 else "once"
            rows.append([PEERS[name].label, f"{statistics.median(seconds):.1f} ({spread})", compiled, f"{found['loss']:.4f}"])
    return table(["the mixed list", "seconds", "and to compile", "mean best validation loss"], rows)


def failures(results):
    lines = [f"- {PEERS[name].label}: {error}" for name, error in results["errors"].items()]
    for workload, found in results["found"].items():
        lines += [f"- {PEERS[name].label}, {title(workload)}: {one['error']}" for name, one in found.items() if "error" in one]
    return lines


def panel(found):
    """The sum of a study's run-steps at the loop's pace."""
    device, steps = found["device"], found["run_steps"]
    name = f"{device['threads']} threads of the CPU" if device["kind"] == "cpu" else device["name"]
    rows = [[f"shoal, the study itself ({name})", f"{found['seconds'] / 3600:.2f}", f"{steps / found['seconds']:,.0f}"]]
    if found.get("shoal", {}).get("rates"):
        rate = statistics.median(found["shoal"]["rates"])
        rows.append(["shoal, cpu, at the pace of this sitting", f"{steps / rate / 3600:.2f}", f"{rate:,.0f}"])
    for one in found["loops"]:
        hours, pace = one["hours"], steps / one["hours"] / 3600
        rows.append([f"PyTorch, {one['label']}", f"{hours:.2f} +- {one['error']:.2f}", f"{pace:,.0f}"])
    ratios = " and ".join(f"{one['ratio']:.2f}" for one in found["loops"])
    return [
        "",
        "## A whole panel of the paper",
        "",
        paragraph(
            f"The study `{found['study']}`: {found['runs']:,} runs, {steps:,} run-steps, {found['epochs']:,} epochs, searches",
            "and pruned trials included. What a PyTorch loop would take for the same runs with the same steps is a sum, not a",
            "measurement: the seconds of an epoch were measured on a grid of sizes and interpolated for each run's network and",
            f"rows; then {found['drawn']} runs of the study were measured themselves, {ratios} of that in the mean, which",
            "corrects the sum; their scatter gives the error. It has no search, no journal, no files. The study itself has all",
            "of them, and was done at another time, beside whatever else this machine did; so shoal's pace on",
            f"{len(found['list'])} runs drawn from the study is given too, measured in this sitting.",
        ),
        "",
        table(["", "hours", "run-steps/s"], rows),
    ]


def text(results):
    runs = workloads.mixed(results["trials"])
    every = sum(map(workloads.steps, runs))
    lines = [
        "# shoal and its peers",
        "",
        f"Written by `benches/peers/compare.py` on {results['machine']}. All figures are of one sitting, the peers turn by turn.",
        "",
        paragraph(
            "Networks 79-W-W-6 with LeakyReLU(0.2), dropout 0.2 and a sigmoid output; batches of 32, shuffled each epoch, from",
            "1,600 rows of a table of 2,000; validation on the other 400 and a copy of the best parameters each epoch; AdamW. A",
            "run-step is one optimiser step of one network. Median of timed turns of",
            f"{results['seconds']:g} s after a warm-up, least and most in brackets. Compiling, importing and reading are not",
            "timed. Each peer has the number of threads that was best for it.",
        ),
        "",
        rates(results),
        "",
        "![Run-steps per second of each peer](results.svg)",
        "",
        *(part for name in ("shoal-cpu", "shoal-gpu") if name in names(results) for part in (ratios(results, name), "")),
        choices(results),
    ]
    if "mixed" in results["found"]:
        lines += [
            "",
            "## The mixed list",
            "",
            paragraph(
                f"{len(runs)} runs, {every:,} run-steps: 4 strategies at 6 sizes (50 to 1,500 rows), {results['trials']} trials",
                "of each; 1 to 3 hidden layers of 4 to 500 units, dropout 0.2 to 0.8, epochs spread as early stopping spreads",
                "them. Peers that stack networks pad them, in stacks that `peers/grouping.py` chooses; a frozen base is played",
                "once for all rows by every peer but shoal, which plays it in each step. Steps that a padded stack does for runs",
                "that are over do not count.",
            ),
            "",
            mixed(results),
        ]
    if failures(results):
        lines += ["", "## What failed", "", *failures(results)]
    if "panel" in results:
        lines += panel(results["panel"])
    return "\n".join(lines) + "\n"


def write(folder, results):
    (folder / "RESULTS.md").write_text(text(results))
