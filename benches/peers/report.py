"""RESULTS.md: the tables of one session, or of several side by side."""

import statistics
import textwrap

import workloads
from peers import PEERS

BY_HAND = "## Another machine"


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
    return textwrap.fill(" ".join(sentences), 100, break_on_hyphens=False)


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def workloads_of(sessions):
    """All lists that were trained, in the order of the first session."""
    return list(dict.fromkeys(workload for results in sessions for workload in results["found"]))


class Row:
    """One peer in one session."""

    def __init__(self, sessions, number, name):
        self.results, self.number, self.name = sessions[number], number, name
        self.session = chr(ord("A") + number) if len(sessions) > 1 else ""
        self.label = f"{PEERS[name].label} ({self.session})" if self.session else PEERS[name].label

    def found(self, workload):
        return self.results["found"].get(workload, {}).get(self.name, {})


def rows(sessions):
    """The requested peers, session by session, in their usual order."""
    every = []
    for number, results in enumerate(sessions):
        seen = {name for found in results["found"].values() for name in found} | set(
            results["errors"]
        )
        every += [Row(sessions, number, name) for name in PEERS if name in seen]
    return every


def rates(sessions):
    """Run-steps per second of each peer."""
    lists = workloads_of(sessions)
    lines = [
        [row.label, *(cell(row.found(workload)) for workload in lists)] for row in rows(sessions)
    ]
    return table(["run-steps/s", *map(title, lists)], lines)


def ratios(sessions, name):
    """How many times faster the peer `name` is than each other one of the same session; empty where
    it is missing."""

    def ratio(mine, other):
        if not (mine.get("rates") and other.get("rates")):
            return "-"
        return f"{statistics.median(mine['rates']) / statistics.median(other['rates']):.2f}"

    lists, every, lines = workloads_of(sessions), rows(sessions), []
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


def choices(sessions):
    """The best processes and threads, and versions."""

    def choice(found):
        if "choice" not in found:
            return "-"
        processes, threads = found["choice"]
        return f"{processes} x {threads}" if processes > 1 else str(threads)

    lists, lines = workloads_of(sessions), []
    for row in rows(sessions):
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


def failures(sessions):
    lines = []
    for row in rows(sessions):
        if row.name in row.results["errors"]:
            lines.append(f"- {row.label}: {row.results['errors'][row.name]}")
        every = ((workload, row.found(workload)) for workload in workloads_of(sessions))
        lines += [
            f"- {row.label}, {title(workload)}: {found['error']}"
            for workload, found in every
            if "error" in found
        ]
    return lines


def by_hand(old):
    """The section about another machine, which is not written by this program, from an older
    RESULTS.md; empty if there is none."""
    _, heading, rest = old.partition(f"\n{BY_HAND}\n")
    return (heading + rest.partition("\n## ")[0]).strip().splitlines() if heading else []


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
    """RESULTS.md; `old` is the file as it was, whose section about another machine is kept."""
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
    if by_hand(old):
        lines += ["", *by_hand(old)]
    if failures(sessions):
        lines += ["", "## What failed", "", *failures(sessions)]
    for results in sessions:
        lines += panel(results["panel"]) if "panel" in results else []
    return "\n".join(lines) + "\n"


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
