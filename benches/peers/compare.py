#!/usr/bin/env python3
"""Compares shoal with the libraries that people use instead, on this machine, in one session.

Installs the peers into a folder of their own, lets all train the same lists of runs (workloads.py),
turn by turn, several times, and writes medians and spreads as a table and a plot. A peer that fails
is reported with its error. Needs Python 3.10 or newer, cargo for shoal, burn and candle, and a
package index for PyTorch and JAX.

Homogeneous lists of perceptrons are timed for some seconds after a warm-up, in which XLA compiles
and burn tunes its kernels; the others from their first run to their last, after XLA has compiled
all that it needs (these seconds are reported separately). Starting the process, importing, reading
the list and opening a device are not timed.
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

HOMOGENEOUS = {
    f"{runs}x{width}": workloads.homogeneous(runs, width) for runs, width in workloads.HOMOGENEOUS
}
MIXED = "mixed"
PARALLEL_MLPS = "parallel-mlps"
# A turn on the mixed list that takes longer than this is not repeated.
LONG = 30


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words = {"type": lambda text: text.split(","), "metavar": "A,B"}
    parser.add_argument("--peers", default=list(PEERS), **words, help=f"of {','.join(PEERS)}; all")
    every = [*HOMOGENEOUS, MIXED, *workloads.SETS_LISTS, PARALLEL_MLPS]
    parser.add_argument(
        "--workloads", default=every, **words, help=f"of {','.join(every)} (runs x width); all"
    )
    parser.add_argument("--epochs", type=int, default=3, help="of each run on sets; 3")
    parser.add_argument("--seconds", type=float, default=2, help="of one timed turn; 2")
    parser.add_argument("--repeats", type=int, default=3, help="timed turns of each peer; 3")
    parser.add_argument(
        "--trials", type=int, default=4, help="of each strategy and size in the mixed list; 4"
    )
    parser.add_argument(
        "--install",
        type=pathlib.Path,
        default=install.ROOT / "target" / "peers",
        help="target/peers",
    )
    parser.add_argument(
        "--results",
        type=pathlib.Path,
        default=install.ROOT / "benches",
        help="folder of RESULTS.md; benches",
    )
    parser.add_argument(
        "--panel",
        type=pathlib.Path,
        metavar="STUDY",
        help="folder of a searched study: what a loop would take",
    )
    parser.add_argument(
        "--beside",
        type=pathlib.Path,
        metavar="JSON",
        help="results.json of earlier sessions, to stand beside",
    )
    options = parser.parse_args()
    for given, known in ((options.peers, PEERS), (options.workloads, every)):
        for word in set(given) - set(known):
            parser.error(f"'{word}' is none of {', '.join(known)}")
    return options


def machine():
    """The machine that the figures hold for."""
    name = platform.processor() or platform.machine()
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        models = [
            line.split(":")[1].strip()
            for line in information.read_text().split("\n")
            if line.startswith("model name")
        ]
        name = models[0] if models else name
    return f"{len(cores())} cores of {name}, {platform.system()}, {time.strftime('%Y-%m-%d')}"


def commit():
    """The commit of shoal."""
    words = ["git", "-C", install.ROOT, "describe", "--always", "--dirty"]
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() or "unknown"


def installed(names, folder):
    """The commands that start each peer, and the errors of those that could not be installed."""
    programs, errors = {}, {}
    for name in names:
        try:
            programs[name] = PEERS[name].program(folder)
        except (install.Failed, OSError, subprocess.CalledProcessError) as error:
            errors[name] = f"not installed: {error}"
    return programs, errors


class Session:
    """One list, all peers in turn."""

    def __init__(self, options, programs, workload, runs, table="table.f32"):
        self.options, self.programs, self.workload, self.runs = options, programs, workload, runs
        self.teams, self.found, self.table = {}, {}, table

    def start(self, name, choice):
        peer = PEERS[name]
        return Team(
            peer,
            self.programs[name],
            self.runs,
            choice,
            self.options.install,
            self.workload,
            self.table,
        )

    def guarded(self, name, what):
        """Calls a step of a peer; on an error, records it and stops the workers of the peer."""
        try:
            return what()
        except (install.Failed, OSError) as error:
            print(f"  {name}: {error}", file=sys.stderr)
            self.found[name] = {"error": str(error)}
            if name in self.teams:
                self.teams.pop(name).end()
            return None

    def choose(self, name):
        """Starts the peer with the number of threads that is best for it on this machine."""
        tried = []
        try:
            for choice in PEERS[name].choices():
                team = self.start(name, choice)
                tried.append([0, team])
                team.ask("rate 0.1")
                tried[-1][0] = team.ask(f"rate {self.options.seconds / 3}")["rate"]
        except install.Failed:
            for _, team in tried:
                team.end()
            raise
        tried.sort(key=lambda pair: pair[0])
        for _, team in tried[:-1]:
            team.end()
        self.teams[name] = tried[-1][1]
        self.found[name] = {
            "choice": tried[-1][1].choice,
            "version": tried[-1][1].version,
            "rates": [],
        }

    def prepare(self, name, choice):
        self.teams[name] = team = self.start(name, choice)
        compiling = team.ask("prepare")["seconds"]
        self.found[name] = {
            "choice": choice,
            "version": team.version,
            "rates": [],
            "seconds": [],
            "prepared": compiling,
        }

    def turn(self, name, question):
        answer = self.teams[name].ask(question)
        found = self.found[name]
        found["rates"].append(answer["rate"])
        if answer["loss"] is not None:
            found["seconds"].append(answer["seconds"])
            kept = ("loss", "steps", "flops", "ceiling")
            found |= {key: answer[key] for key in kept if key in answer}
        print(
            f"  {name}: {answer['rate']:.0f} run-steps/s, {answer['seconds']:.1f} s",
            file=sys.stderr,
        )

    def run(self, question):
        """All peers in turn, starting with another one each time."""
        for repeat in range(self.options.repeats):
            names = list(self.teams)
            first = repeat % max(len(names), 1)
            for name in names[first:] + names[:first]:
                if max(self.found[name].get("seconds") or [0]) < LONG:
                    self.guarded(name, lambda: self.turn(name, question))
        for team in self.teams.values():
            team.end()
        return self.found


def of_kind(programs, kind):
    """The peers that train lists of this kind."""
    return [name for name in programs if kind in PEERS[name].lists]


def homogeneous(options, programs, workload):
    session = Session(options, programs, workload, HOMOGENEOUS[workload])
    for name in of_kind(programs, "spectra"):
        session.guarded(name, lambda: session.choose(name))
    return session.run(f"rate {options.seconds}")


def mixed(options, programs, before):
    """The mixed list, each peer with the number of threads that was best most often."""
    session = Session(options, programs, MIXED, workloads.mixed(options.trials))
    for name in of_kind(programs, "spectra"):
        chosen = Counter(
            tuple(found[name]["choice"])
            for found in before.values()
            if "choice" in found.get(name, {})
        )
        choice = chosen.most_common(1)[0][0] if chosen else PEERS[name].choices()[-1]
        session.guarded(name, lambda: session.prepare(name, choice))
    return session.run("whole")


def whole(options, programs, workload):
    """A list on sets, or that of ParallelMLPs, trained whole; the threads of those with a choice
    are chosen by a short training first."""
    if workload == PARALLEL_MLPS:
        kind, runs, table = PARALLEL_MLPS, workloads.parallel_mlps(), "sets-32.f32"
    else:
        architectures, most = workloads.SETS_LISTS[workload]
        kind, runs = "sets", workloads.sets(architectures, options.epochs)
        table = f"sets-{most}.f32"
    session = Session(options, programs, workload, runs, table)
    for name in of_kind(programs, kind):
        choices = PEERS[name].choices()
        if len(choices) > 1 and name != "jax":
            session.guarded(name, lambda: session.choose(name))
            if name in session.teams:
                session.found[name] |= {"seconds": [], "prepared": 0}
        else:
            session.guarded(name, lambda: session.prepare(name, choices[-1]))
    return session.run("whole")


def panel(options, programs, results):
    """The time of a PyTorch loop for a study of shoal (torch_panel.py), and the pace of shoal in
    this session."""
    log = options.install / "panel.log"
    with open(log, "w") as errors:
        words = [install.python(options.install), install.HERE / "torch_panel.py", options.panel]
        done = subprocess.run(
            [str(word) for word in words], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    if done.returncode:
        raise install.Failed(
            f"torch_panel.py ended with {done.returncode}: {install.last_lines(log)}"
        )
    results["panel"] = found = json.loads(done.stdout)
    if "shoal-cpu" in programs:
        session = Session(options, {"shoal-cpu": programs["shoal-cpu"]}, "panel", found["list"])
        session.guarded(
            "shoal-cpu", lambda: session.prepare("shoal-cpu", PEERS["shoal-cpu"].choices()[0])
        )
        found["shoal"] = session.run("whole")["shoal-cpu"]


def keep(options, sessions):
    (options.install / "results.json").write_text(json.dumps(sessions, indent=1))


def main():
    options = arguments()
    options.install = options.install.resolve()
    for folder in (options.install, options.results):
        folder.mkdir(parents=True, exist_ok=True)
    workloads.write_table(options.install / "table.f32")
    for most in workloads.COUNTS:
        workloads.write_sets(options.install / f"sets-{most}.f32", most)
    earlier = json.loads(options.beside.read_text()) if options.beside else []
    programs, errors = installed(options.peers, options.install)
    results = {
        "machine": machine(),
        "commit": commit(),
        "command": " ".join(["benches/peers/compare.py", *sys.argv[1:]]),
        "seconds": options.seconds,
        "trials": options.trials,
        "epochs": options.epochs,
        "errors": errors,
        "found": {},
    }
    for workload in options.workloads:
        print(workload, file=sys.stderr)
        if workload == MIXED:
            results["found"][workload] = mixed(options, programs, results["found"])
        elif workload not in HOMOGENEOUS:
            results["found"][workload] = whole(options, programs, workload)
        else:
            results["found"][workload] = homogeneous(options, programs, workload)
        # what is measured is kept, whatever happens to the rest
        keep(options, [*earlier, results])
    if options.panel:
        panel(options, programs, results)
        keep(options, [*earlier, results])
    report.write(options.results, [*earlier, results])
    if report.workloads_of([*earlier, results]):
        files = [options.install / "results.json", options.results / "results.svg"]
        words = (install.python(options.install), install.HERE / "plot.py", *files)
        subprocess.run([str(word) for word in words], check=True)
    if not any(one.get("rates") for found in results["found"].values() for one in found.values()):
        sys.exit("nothing was measured: every peer failed, see above")


if __name__ == "__main__":
    main()
