"""What is measured: each unit is one program, whose answer is kept under the unit's name."""

import json
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable

HERE = pathlib.Path(__file__).resolve().parent
PEERS_FOLDER = HERE.parent / "peers"
sys.path.insert(0, str(PEERS_FOLDER))
import workloads  # noqa: E402

PARTS = ("laws", "bench", "calls", "peers")
WORKLOADS = ["24x128", "96x64", "1000x32", "mixed", "24x256", "24x512", "1x256"]
# Peers of worker.py, and whether they take PyTorch's accelerator.
PEERS = {
    "torch-loop": True,
    "torch-fused": True,
    "torch-batched": True,
    "torch-compiled": True,
    "torch-vmap": True,
    "jax": False,
}
# What the tests of files need no GPU for, or a checkout.
WITHOUT_GPU = ("fence", "layout", "allocation", "scaling", "translation")
MINUTE = 60


@dataclass
class Unit:
    name: str
    words: list
    read: Callable
    limit: float
    question: str = ""
    environment: dict = field(default_factory=dict)


def failed(done):
    """The error of a program that failed."""
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return {"error": f"it ended with {done.returncode}: " + "\n".join(lines[-12:])}


def events(done):
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def adapter(ready, options):
    """The adapter that --device means, as `shoal devices` describes it."""
    words = [ready["shoal"], "devices", "--json"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    found = [event for event in events(done) if event["event"] == "device" and "class" in event]
    if not found:
        sys.exit(
            "measure.py: no GPU and no software rasterizer is found; install the driver of the "
            f"GPU and the Vulkan loader (libvulkan1)\n{done.stderr.strip()}"
        )
    wanted = options.device.removeprefix("gpu:").lower()
    named = [one for one in found if wanted in one["name"].lower() or wanted == str(one["number"])]
    if wanted != "gpu" and not named:
        names = ", ".join(one["name"] for one in found)
        sys.exit(f"measure.py: --device {options.device}: there is {names}")
    return (named or found)[0]


def all_units(ready, options, found):
    """The units of the requested parts, those of most use first."""
    sets = options.tiles or tile_sets(ready, options)
    made = {
        "laws": lambda: laws(ready),
        "bench": lambda: bench(ready, options, sets),
        "calls": lambda: calls(ready, options, sets),
        "peers": lambda: peers(options),
    }
    for part in PARTS:
        if not options.parts or part in options.parts:
            yield from made[part]()


def tile_sets(ready, options):
    """The tile sets, as the message about an unknown one lists them; those that the adapter does
    not support fail when they are measured."""
    words = [ready["shoal"], "devices", "--tiles", "?"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    return re.search(r"the tile sets are ([\w, -]+)", done.stderr).group(1).split(", ")


def laws(ready):
    """The laws, file by file."""
    done = subprocess.run([str(ready["laws"]), "--list"], capture_output=True, text=True)
    tests = [line.removesuffix(": test") for line in done.stdout.splitlines() if "::" in line]
    for law in sorted({test.split("::")[0] for test in tests} - set(WITHOUT_GPU)):

        def read(done):
            counts = re.search(r"(\d+) passed; (\d+) failed", done.stdout)
            if not counts:
                return failed(done)
            broken = re.findall(r"^test (\S+) \.\.\. FAILED", done.stdout, re.M)
            result = {"passed": int(counts[1]), "failed": broken}
            return {**result, "error": done.stdout[-2000:]} if broken else result

        root = {"CARGO_MANIFEST_DIR": str(HERE.parents[1])}
        yield Unit(f"laws {law}", [ready["laws"], f"{law}::"], read, 9 * MINUTE, environment=root)


def bench(ready, options, sets):
    # in f16 the default tiles only
    for precision, some in (("f32", sets), ("f16", sets[:1])):
        for tiles in some:
            for workload in options.workloads:
                words = [ready["shoal"], "bench", "--device", options.device, "--tiles", tiles]
                words += ["--workload", workload, "--precision", precision, "--json"]
                words += ["--repeats", 5, "--seconds", options.seconds]

                def read(done):
                    if done.returncode:
                        return failed(done)
                    kept = {event["event"]: event for event in events(done)}
                    return {"ceilings": kept["ceilings"], "workload": kept["workload"]}

                yield Unit(f"bench {workload} {tiles} {precision}", words, read, 5 * MINUTE)


def calls(ready, options, sets):
    for tiles in sets:
        for workload in options.workloads:
            size = re.fullmatch(r"(\d+)x(\d+)", workload)
            if not size:
                continue
            words = [ready["throughput"], *size.groups(), tiles]

            def read(done):
                if done.returncode:
                    return failed(done)
                found = re.findall(r"^    (\S.*?)\s+([\d.]+) ms", done.stdout, re.M)
                return {"microseconds": {name: 1000 * float(ms) for name, ms in found}}

            yield Unit(f"calls {workload} {tiles}", words, read, 3 * MINUTE)


def lists(folder, workload):
    """Writes the list of a workload; none for workloads that peers do not train here."""
    size = re.fullmatch(r"(\d+)x(\d+)", workload)
    runs = workloads.homogeneous(*map(int, size.groups())) if size else workloads.mixed()
    workloads.write_list(folder / f"{workload}.json", "table.f32", runs)
    return folder / f"{workload}.json", "rate" if size else "whole"


def peers(options):
    options.results.mkdir(parents=True, exist_ok=True)
    workloads.write_table(options.results / "table.f32")
    for workload in options.workloads:
        if workload != "mixed" and not re.fullmatch(r"\d+x\d+", workload):
            continue
        path, kind = lists(options.results, workload)
        turns = [f"rate {options.seconds}"] * 4 if kind == "rate" else ["prepare", "whole"]
        for name in options.peers:
            words = [options.python, PEERS_FOLDER / "worker.py", name, path, 1]
            words += [options.accelerator] if PEERS[name] else []

            def read(done):
                answers = events(done)
                if done.returncode or not answers:
                    return failed(done)
                # the first is a warm-up
                rates = [one["steps"] / one["seconds"] for one in answers[2:]]
                return {"version": answers[0]["version"], "rates": rates}

            question = "".join(f"{turn}\n" for turn in turns)
            yield Unit(f"peers {workload} {name}", words, read, 4 * MINUTE, question)
