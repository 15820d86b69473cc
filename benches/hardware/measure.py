#!/usr/bin/env python3
"""Measures shoal on the GPU of this machine, part by part, and writes one page.

    measure.py build                     collects programs (target/hardware), where cargo is
    measure.py                           measures everything and writes the page
    measure.py bench calls --minutes 9   two parts, and nothing begins after nine minutes

The parts:

    laws   the laws on this GPU
    bench  shoal bench, every workload with every tile set
    calls  the time of each call of a step
    peers  PyTorch (a loop, batched by hand, torch.compile, torch.func.vmap with CUDA graphs) and
           JAX (vmap) on the same GPU, where they are installed; shoal installs nothing

Each measurement is kept in FOLDER/results.json as soon as it is made, and is not made again: call
the same command until it says that all is measured. The page is FOLDER/page.md. Without cargo,
copy the programs of `build`, benches/ and tests/reference/ in their places; nothing else is needed
but Python 3.10 and a driver.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import page
import programs
import units

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# What must be left of --minutes for a measurement to begin, and the times that one may be cut.
LEAST, CUTS = 30, 2


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words = {"type": lambda text: text.split(",")}
    parser.add_argument("parts", nargs="*", help=f"build, or of {', '.join(units.PARTS)}; all four")
    parser.add_argument("--results", type=pathlib.Path, metavar="FOLDER", default=ROOT / "results")
    parser.add_argument("--programs", type=pathlib.Path, metavar="FOLDER", default=programs.FOLDER)
    parser.add_argument("--minutes", type=float, default=60, help="nothing begins after them; 60")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one timed repeat; 1")
    parser.add_argument("--device", default="gpu", help="as shoal takes it; gpu")
    parser.add_argument("--tiles", default=None, **words, help="tile sets; all of the adapter")
    parser.add_argument("--workloads", default=units.WORKLOADS, **words, help="as of shoal bench")
    parser.add_argument("--peers", default=list(units.PEERS), **words, help="; ".join(units.PEERS))
    parser.add_argument("--python", default=sys.executable, help="that has PyTorch and JAX")
    parser.add_argument("--accelerator", default="cuda", help="of PyTorch: cuda, mps or cpu; cuda")
    options = parser.parse_args()
    for given, known in ((options.parts, ["build", *units.PARTS]), (options.peers, units.PEERS)):
        for word in set(given) - set(known):
            parser.error(f"'{word}' is none of {', '.join(known)}")
    if "build" in options.parts and len(options.parts) > 1:
        parser.error("build stands alone: it measures nothing")
    return options


def machine(found):
    """What the results hold for."""
    return {
        "device": found["name"],
        "driver": f"{found['driver']}, {found['backend']}",
        "class": found["class"],
        "tiles": found["tiles"],
        "processor": f"{os.cpu_count()} hardware threads, {platform.machine()}",
        "system": platform.system(),
    }


class Results:
    """results.json: read once, written after each measurement."""

    def __init__(self, folder, head):
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "results.json"
        self.found = {**head, "units": {}}
        if self.file.exists():
            self.read(head)

    def read(self, head):
        way_out = f"move it away, or name another folder with --results ({self.file})"
        try:
            self.found = json.loads(self.file.read_text())
            kept = {key: self.found[key] for key in ("commit", "machine")}
            self.found["units"].items()
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            sys.exit(f"measure.py: earlier results cannot be read ({error!r}); {way_out}")
        for key, value in kept.items():
            if value != head[key]:
                sys.exit(
                    f"measure.py: earlier results have {key} {value}, here it is {head[key]}; "
                    f"{way_out}"
                )

    def keep(self, name, result):
        self.found["units"][name] = result
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.found, indent=1))
        os.replace(part, self.file)

    def waits(self, name):
        """Whether it is to be measured: it was not, or was cut by --minutes."""
        earlier = self.found["units"].get(name)
        return earlier is None or 0 < earlier.get("cuts", 0) < CUTS


def measured(unit, left, earlier):
    """The result of a unit: what its program says, or the error."""
    begin = time.monotonic()
    limit = min(left, unit.limit)
    try:
        done = subprocess.run(
            [str(word) for word in unit.words],
            input=unit.question,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            env={**os.environ, **unit.environment},
            cwd=ROOT,
        )
        result = unit.read(done)
    except subprocess.TimeoutExpired:
        result = {"error": f"it took more than {limit:.0f} s"}
        if limit < unit.limit:
            result["cuts"] = (earlier or {}).get("cuts", 0) + 1
    except (OSError, ValueError, KeyError, IndexError) as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    return {**result, "took": round(time.monotonic() - begin, 1)}


def measure(options):
    """Measures what is missing. Returns the names of what still is."""
    ready = programs.ready(options.programs)
    found = units.adapter(ready, options)
    head = {"commit": ready["commit"], "machine": machine(found)}
    results = Results(options.results, head)
    end = time.monotonic() + 60 * options.minutes
    wanted = list(units.all_units(ready, options, found))
    for number, unit in enumerate(wanted, 1):
        left = end - time.monotonic()
        if not results.waits(unit.name) or left < LEAST:
            continue
        print(f"{number}/{len(wanted)} {unit.name}", file=sys.stderr, flush=True)
        result = measured(unit, left, results.found["units"].get(unit.name))
        if "error" in result:
            print(f"  {result['error'].strip()[-300:]}", file=sys.stderr, flush=True)
        results.keep(unit.name, {**result, "date": time.strftime("%Y-%m-%d")})
        page.write(options.results / "page.md", results.found)
    page.write(options.results / "page.md", results.found)
    return [unit.name for unit in wanted if results.waits(unit.name)]


def main():
    options = arguments()
    options.results = options.results.resolve()
    if options.parts == ["build"]:
        return programs.build(options.programs)
    missing = measure(options)
    print(f"{options.results / 'page.md'} is written", file=sys.stderr)
    if missing:
        print(f"still to measure: {len(missing)}, from {missing[0]} on; call this again")
    else:
        print("all is measured")
    return None


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("measure.py: stopped; what was measured is kept, and the same command goes on")
