"""The page of one machine, from what is measured so far."""

import json
import pathlib
import statistics

HERE = pathlib.Path(__file__).resolve().parent
ESTIMATES = HERE / "estimates.json"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def rate(result):
    """A median with its range, or that there is none."""
    if result is None:
        return "not yet measured"
    if "error" in result:
        return "failed"
    rates = result["workload"]["repeats"] if "workload" in result else result["rates"]
    middle, low, high = statistics.median(rates), min(rates), max(rates)
    return f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"


def of(found, part):
    """The measurements of a part, by the words of their names."""
    pairs = [(name.split(" "), result) for name, result in found["units"].items()]
    return {tuple(words[1:]): result for words, result in pairs if words[0] == part}


def ordered(values):
    return list(dict.fromkeys(values))


def laws(found):
    rows = []
    for (law,), result in of(found, "laws").items():
        said = result.get("error") if "passed" not in result else ", ".join(result["failed"]) or "-"
        rows.append([law, result.get("passed", "-"), said.splitlines()[0], result["took"]])
    return table(["law", "passed", "failed", "seconds"], rows) if rows else "Not yet measured.\n"


def bench(found):
    measured = of(found, "bench")
    if not measured:
        return "Not yet measured.\n"
    sets = ordered(words[1:] for words in measured)
    rows = []
    for workload in ordered(words[0] for words in measured):
        results = [measured.get((workload, *words)) for words in sets]
        rows.append([workload, *map(rate, results)])
    ceilings = [one["ceilings"] for one in measured.values() if "ceilings" in one]
    said = ""
    if ceilings:
        keys = ("gflops", "gigabytes_per_second")
        best = {key: max(one[key] for one in ceilings) for key in keys}
        least = min(one["dispatch_microseconds"] for one in ceilings)
        said = (
            f"Ceilings: {best['gflops']:,.0f} GFLOP/s of multiply-adds, "
            f"{best['gigabytes_per_second']:,.0f} GB/s, {least:.1f} us a dispatch.\n\n"
        )
    return said + table(["workload", *(" ".join(words) for words in sets)], rows)


def peers(found):
    """Run-steps a second of the others, and how many times faster shoal's best tile set is."""
    measured, own = of(found, "peers"), of(found, "bench")
    if not measured:
        return "Not yet measured.\n"
    names = ordered(words[1] for words in measured)
    rows = []
    for workload in ordered(words[0] for words in measured):
        results = [measured.get((workload, name)) for name in names]
        rates = [statistics.median(one["rates"]) for one in results if one and "rates" in one]
        mine = [
            one["workload"]["run_steps_per_second"]
            for words, one in own.items()
            if words[0] == workload and words[2] == "f32" and "workload" in one
        ]
        ratio = f"{max(mine) / max(rates):.1f}" if mine and rates and workload != "mixed" else "-"
        rows.append([workload, *map(rate, results), ratio])
    versions = ordered(one["version"] for one in measured.values() if "version" in one)
    note = ". The mixed list of peers is another than that of `shoal bench`.\n\n"
    return "; ".join(versions) + note + table(["workload", *names, "shoal / the best"], rows)


def calls(found):
    measured = {words: one for words, one in of(found, "calls").items() if "microseconds" in one}
    if not measured:
        return "Not yet measured.\n"
    estimates = json.loads(ESTIMATES.read_text()) if ESTIMATES.exists() else {}
    parts = []
    for workload in ordered(words[0] for words in measured):
        here = {words[1]: one for words, one in measured.items() if words[0] == workload}
        some = {tiles: one["microseconds"] for tiles, one in here.items()}
        guessed = estimates.get(workload, {})
        rows = []
        for call in ordered(call for one in some.values() for call in one):
            guess = f"{guessed[call]:.1f}" if call in guessed else "-"
            rows.append([call, *(f"{one.get(call, 0):,.1f}" for one in some.values()), guess])
        parts.append(f"{workload}:\n\n" + table(["call", *some, "estimate, RX 6800 XT"], rows))
    return "Microseconds of one call, each executed alone.\n\n" + "\n".join(parts)


def errors(found):
    lines = []
    for name, result in found["units"].items():
        if "error" in result:
            text = result["error"].strip().splitlines()[-1]
            lines.append(f"- {name}: {text}")
    return "\n".join(lines) + "\n" if lines else "None.\n"


def write(path, found):
    machine = found["machine"]
    dates = sorted({one["date"] for one in found["units"].values()}) or ["not yet measured"]
    software = "" if machine["class"] != "software" else (
        "\nThis is a software rasterizer: it says that the script works. Hardware GPUs: not yet "
        "measured.\n"
    )
    parts = [
        f"# {machine['device']}\n",
        f"{dates[-1]}, commit {found['commit']}: {machine['driver']}; {machine['class']} GPU, "
        f"{machine['processor']}, {machine['system']}. Tiles: {machine['tiles']}. Rates are "
        f"run-steps a second: median, least and most of the repeats.\n{software}",
        f"## shoal bench\n\n{bench(found)}",
        f"## Other programs on the same GPU\n\n{peers(found)}",
        f"## Calls of a step\n\n{calls(found)}",
        f"## Laws\n\n{laws(found)}",
        f"## What failed\n\n{errors(found)}",
    ]
    path.write_text("\n".join(parts))
