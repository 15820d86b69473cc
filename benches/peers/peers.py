"""The peers: how each is installed and started, and how it communicates."""

import contextlib
import json
import os
import queue
import subprocess
import threading
from dataclasses import dataclass

import install
import workloads

# A worker that says nothing for so long has failed; compiling for one list may take minutes.
SILENCE = 1200


def cores():
    """The cores that this process may use."""
    return (
        sorted(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else list(range(os.cpu_count()))
    )


@dataclass(frozen=True)
class Peer:
    """`kind` is what is installed; `device` and `choices` how it is started. A choice is
    (processes, threads of each). `lists`: which kinds of lists it trains."""

    label: str
    kind: str
    device: str = ""
    all_cores: bool = False
    processes: bool = False
    lists: tuple = ("spectra",)

    def choices(self):
        """All choices that are tried; the best one counts."""
        every = len(cores())
        if self.processes:
            return [(every, 1)]
        return [(1, every)] if self.all_cores or every == 1 else [(1, 1), (1, every)]

    def program(self, folder):
        """The command of a worker, without the list and the threads."""
        if self.kind == "python":
            return [install.python(folder), install.HERE / "worker.py", self.device]
        if self.kind == "shoal":
            return [install.shoal()]
        name, features = (
            ("burn", ["--features", "gpu"]) if self.device == "wgpu" else (self.kind, [])
        )
        name = "burn-flex" if self.device == "flex" else name
        return [
            install.cargo(
                folder, name, install.HERE / self.kind / "Cargo.toml", features, f"{self.kind}-peer"
            )
        ]

    def words(self, program, path, threads):
        if self.kind == "python":
            return [*program, path, threads]
        return [*program, path, *([self.device] if self.device else [])]


BOTH = ("spectra", "sets")
EVERY = (*BOTH, "parallel-mlps")
PEERS = {
    "shoal-cpu": Peer("shoal, cpu", "shoal", "cpu", all_cores=True, lists=EVERY),
    "shoal-gpu": Peer("shoal, gpu", "shoal", "gpu", all_cores=True),
    "torch-loop": Peer("PyTorch, a loop over runs", "python", "torch-loop", lists=BOTH),
    "torch-fused": Peer("PyTorch, a loop, fused AdamW", "python", "torch-fused", lists=BOTH),
    "torch-processes": Peer(
        "PyTorch, a loop on each core, fused AdamW",
        "python",
        "torch-fused",
        processes=True,
        lists=BOTH,
    ),
    "torch-batched": Peer("PyTorch, batched by hand", "python", "torch-batched"),
    "parallel-mlps": Peer("ParallelMLPs", "python", "parallel-mlps", lists=("parallel-mlps",)),
    "jax": Peer("JAX, vmap and scan", "python", "jax", lists=BOTH),
    "burn-flex": Peer("burn, flex on the CPU, a loop", "burn", "flex"),
    "burn-wgpu": Peer("burn, wgpu, a loop", "burn", "wgpu", all_cores=True),
    "candle": Peer("candle on the CPU, a loop", "candle"),
}


class Worker:
    """One process that trains one list."""

    def __init__(self, words, threads, own_cores, log):
        many = str(threads)
        settings = {
            "OMP_NUM_THREADS": many,
            "MKL_NUM_THREADS": many,
            "RAYON_NUM_THREADS": many,
            "JAX_PLATFORMS": "cpu",
        }

        def pin():
            # XLA and others take as many threads as there are cores that they may run on
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, own_cores)

        self.log = log
        with open(log, "w") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **settings},
                preexec_fn=pin if os.name == "posix" else None,
            )
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def say(self, line):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def answer(self):
        try:
            line = self.lines.get(timeout=SILENCE)
        except queue.Empty:
            raise install.Failed(f"silent for {SILENCE} s") from None
        if line is None:
            status = self.process.wait()
            raise install.Failed(f"ended with {status}: {install.last_lines(self.log)}")
        return json.loads(line)

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Team:
    """The workers of one peer on one list: one, or one on each core with a share of the runs."""

    def __init__(self, peer, program, runs, choice, folder, name, table="table.f32"):
        processes, self.threads = min(choice[0], len(runs)), choice[1]
        self.choice, available, self.shares = choice, cores(), []
        self.workers = []
        try:
            for number in range(processes):
                share = runs[number::processes]
                path = folder / f"{name}-{number + 1}-of-{processes}.json"
                workloads.write_list(path, table, share)
                own = available[number * self.threads :][: self.threads]
                log = folder / f"{peer.device or peer.kind}-{number}.log"
                self.workers.append(
                    Worker(peer.words(program, path, self.threads), self.threads, own, log)
                )
                self.shares.append(len(share))
            self.version = [worker.answer()["version"] for worker in self.workers][0]
        except install.Failed:
            self.end()
            raise

    def ask(self, line):
        """Steps, seconds and, of whole lists, the mean loss."""
        for worker in self.workers:
            worker.say(line)
        answers = [worker.answer() for worker in self.workers]
        steps, seconds = (
            sum(answer["steps"] for answer in answers),
            max(answer["seconds"] for answer in answers),
        )
        if answers[0]["loss"] is None:
            # each for as long as it was asked to, give or take an epoch
            rate = sum(
                answer["steps"] / answer["seconds"] for answer in answers if answer["seconds"]
            )
            return {"steps": steps, "seconds": seconds, "rate": rate, "loss": None}
        loss = sum(answer["loss"] * share for answer, share in zip(answers, self.shares)) / sum(
            self.shares
        )
        found = {"steps": steps, "seconds": seconds, "rate": steps / seconds, "loss": loss}
        # shoal says how much arithmetic that was, and the ceiling of the machine
        return found | {key: answers[0][key] for key in ("flops", "ceiling") if key in answers[0]}

    def end(self):
        for worker in self.workers:
            worker.end()
