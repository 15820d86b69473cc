#!/usr/bin/env python3
"""shoal beside what people would pick instead, on this machine, in one sitting.

Installs the peers into a folder of their own, lets all train the same lists of runs (workloads.py), turn by turn, several times,
and writes medians and spreads as a table and a plot. A peer that fails is reported with its error. Needs Python 3.10 or newer,
cargo for shoal, burn and candle, and a package index for PyTorch and JAX; nothing else.

Homogeneous lists are timed for some seconds after a warm-up, in which XLA compiles and burn tunes its kernels; the mixed one from
its first run to its last, after XLA has compiled all that it will need (the seconds that this takes are reported beside).
Not timed anywhere: starting the process, importing, reading the list, opening a device.
"""

import argparse
import json
import pathlib
import platform
import subprocess
import sys
import time
from collections import Counter

import install
import report
import workloads
from peers import PEERS, Team, cores

HOMOGENEOUS = {f"{runs}x{width}": workloads.homogeneous(runs, width) for runs, width in workloads.HOMOGENEOUS}
MIXED = "mixed"
# A turn on the mixed list that takes longer than this is not repeated.
LONG = 30


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = {"type": lambda text: text.split(","), "metavar": "A,B"}
    parser.add_argument("--peers", default=list(PEERS), **words, help=f"of {','.join(PEERS)}; all")
    every = [*HOMOGENEOUS, MIXED]
    parser.add_argument("--workloads", default=every, **words, help=f"of {','.join(every)} (runs x width); all")
    parser.add_argument("--seconds", type=float, default=2, help="of one timed turn; 2")
    parser.add_argument("--repeats", type=int, default=3, help="timed turns of each peer; 3")
    parser.add_argument("--trials", type=int, default=4, help="of each strategy and size in the mixed list; 4")
    parser.add_argument("--install", type=pathlib.Path, default=install.ROOT / "target" / "peers", help="target/peers")
    parser.add_argument("--results", type=pathlib.Path, default=install.ROOT / "benches", help="folder of RESULTS.md; benches")
    parser.add_argument("--panel", type=pathlib.Path, metavar="STUDY", help="folder of a searched study: what a loop would take")
    parser.add_argument("--beside", type=pathlib.Path, metavar="JSON", help="results.json of earlier sittings, to stand beside")
    typed = parser.parse_args()
    for given, known in ((typed.peers, PEERS), (typed.workloads, every)):
        for word in set(given) - set(known):
            parser.error(f"'{word}' is none of {', '.join(known)}")
    return typed


def machine():
    """What the figures hold for."""
    name = platform.processor() or platform.machine()
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        models = [line.split(":")[1].strip() for line in information.read_text().split("\n") if line.startswith("model name")]
        name = models[0] if models else name
    return f"{len(cores())} cores of {name}, {platform.system()}, {time.strftime('%Y-%m-%d')}"


def installed(names, folder):
    """The words that start each peer, and the errors of those that could not be installed."""
    programs, errors = {}, {}
    for name in names:
        try:
            programs[name] = PEERS[name].program(folder)
        except (install.Failed, OSError, subprocess.CalledProcessError) as error:
            errors[name] = f"not installed: {error}"
    return programs, errors


class Sitting:
    """One list, all peers in turn."""

    def __init__(self, typed, programs, workload, runs):
        self.typed, self.programs, self.workload, self.runs = typed, programs, workload, runs
        self.teams, self.found = {}, {}

    def start(self, name, choice):
        peer = PEERS[name]
        return Team(peer, self.programs[name], self.runs, choice, self.typed.install, f"{self.workload}")

    def guarded(self, name, what):
        """Does it, or books the error and sends the team home."""
        try:
            return what()
        except (install.Failed, OSError) as error:
            print(f"  {name}: {error}", file=sys.stderr)
            self.found[name] = {"error": str(error)}
            if name in self.teams:
                self.teams.pop(name).end()
            return None

    def choose(self, name):
        """Starts the peer with the number of threads that is best for it here."""
        tried = []
        try:
            for choice in PEERS[name].choices():
                team = self.start(name, choice)
                tried.append([0, team])
                team.ask("rate 0.1")
                tried[-1][0] = team.ask(f"rate {self.typed.seconds / 3}")["rate"]
        except install.Failed:
            for _, team in tried:
                team.end()
            raise
        tried.sort(key=lambda pair: pair[0])
        for _, team in tried[:-1]:
            team.end()
        self.teams[name] = tried[-1][1]
        self.found[name] = {"choice": tried[-1][1].choice, "version": tried[-1][1].version, "rates": []}

    def prepare(self, name, choice):
        self.teams[name] = team = self.start(name, choice)
        compiling = team.ask("prepare")["seconds"]
        self.found[name] = {"choice": choice, "version": team.version, "rates": [], "seconds": [], "prepared": compiling}

    def turn(self, name, question):
        answer = self.teams[name].ask(question)
        found = self.found[name]
        found["rates"].append(answer["rate"])
        if answer["loss"] is not None:
            found["seconds"].append(answer["seconds"])
            found["loss"] = answer["loss"]
        print(f"  {name}: {answer['rate']:.0f} run-steps/s, {answer['seconds']:.1f} s", file=sys.stderr)

    def play(self, question):
        """Turn by turn, each time from another peer on."""
        for repeat in range(self.typed.repeats):
            names = list(self.teams)
            first = repeat % max(len(names), 1)
            for name in names[first:] + names[:first]:
                if max(self.found[name].get("seconds") or [0]) < LONG:
                    self.guarded(name, lambda: self.turn(name, question))
        for team in self.teams.values():
            team.end()
        return self.found


def homogeneous(typed, programs, workload):
    sitting = Sitting(typed, programs, workload, HOMOGENEOUS[workload])
    for name in programs:
        sitting.guarded(name, lambda: sitting.choose(name))
    return sitting.play(f"rate {typed.seconds}")


def mixed(typed, programs, before):
    """The mixed list, each peer with the threads that were best most often."""
    sitting = Sitting(typed, programs, MIXED, workloads.mixed(typed.trials))
    for name in programs:
        chosen = Counter(tuple(found[name]["choice"]) for found in before.values() if "choice" in found.get(name, {}))
        choice = chosen.most_common(1)[0][0] if chosen else PEERS[name].choices()[-1]
        sitting.guarded(name, lambda: sitting.prepare(name, choice))
    return sitting.play("whole")


def panel(typed, programs, results):
    """What a loop would take for a study that shoal has done, by torch_panel.py; and shoal at its pace of this sitting."""
    log = typed.install / "panel.log"
    with open(log, "w") as errors:
        words = [install.python(typed.install), install.HERE / "torch_panel.py", typed.panel]
        done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=errors, text=True)
    if done.returncode:
        raise install.Failed(f"torch_panel.py ended with {done.returncode}: {install.last_lines(log)}")
    results["panel"] = found = json.loads(done.stdout)
    if "shoal-cpu" in programs:
        sitting = Sitting(typed, {"shoal-cpu": programs["shoal-cpu"]}, "panel", found["list"])
        sitting.guarded("shoal-cpu", lambda: sitting.prepare("shoal-cpu", PEERS["shoal-cpu"].choices()[0]))
        found["shoal"] = sitting.play("whole")["shoal-cpu"]


def keep(typed, sittings):
    (typed.install / "results.json").write_text(json.dumps(sittings, indent=1))


def main():
    typed = arguments()
    typed.install = typed.install.resolve()
    for folder in (typed.install, typed.results):
        folder.mkdir(parents=True, exist_ok=True)
    workloads.write_table(typed.install / "table.f32")
    earlier = json.loads(typed.beside.read_text()) if typed.beside else []
    programs, errors = installed(typed.peers, typed.install)
    results = {"machine": machine(), "seconds": typed.seconds, "trials": typed.trials, "errors": errors, "found": {}}
    for workload in typed.workloads:
        print(workload, file=sys.stderr)
        if workload == MIXED:
            results["found"][workload] = mixed(typed, programs, results["found"])
        else:
            results["found"][workload] = homogeneous(typed, programs, workload)
        # what is measured is kept, whatever happens to the rest
        keep(typed, [*earlier, results])
    if typed.panel:
        panel(typed, programs, results)
        keep(typed, [*earlier, results])
    report.write(typed.results, [*earlier, results])
    files = [typed.install / "results.json", typed.results / "results.svg"]
    subprocess.run([str(word) for word in (install.python(typed.install), install.HERE / "plot.py", *files)], check=True)
    if not any(one.get("rates") for found in results["found"].values() for one in found.values()):
        sys.exit("nothing was measured: every peer failed, see above")


if __name__ == "__main__":
    main()
