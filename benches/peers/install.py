"""Installs peers into a folder of their own: a Python environment, and the artefacts of small cargo
projects."""

import contextlib
import functools
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Wheels without CUDA, a tenth of the size; where that index cannot be reached, the usual wheels do.
TORCH_FOR_CPU = "https://download.pytorch.org/whl/cpu"
PARALLEL_MLPS = "git+https://github.com/fariasfc/parallel-mlps@b24a24c"


class Failed(Exception):
    """A peer could not be installed or did not answer; the message has the reason."""


def command(words, log):
    """Runs a command with its output in a log file; an error has the last lines of the log."""
    with open(log, "w") as file:
        status = subprocess.run(
            [str(word) for word in words], stdout=file, stderr=subprocess.STDOUT
        ).returncode
    if status:
        raise Failed(
            f"`{' '.join(map(str, words[:4]))} ...` ended with {status}: {last_lines(log)}"
        )


def last_lines(log, count=3):
    return " / ".join(
        pathlib.Path(log).read_text(errors="replace").split("\n")[-count - 1 :]
    ).strip(" /")


def python(folder):
    """The interpreter of the environment with requirements.txt; created if it is missing or
    different."""
    place = folder / "venv"
    interpreter = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted, mark = (HERE / "requirements.txt").read_text(), place / "requirements.txt"
    if mark.exists() and mark.read_text() == wanted:
        return interpreter
    print("installing PyTorch, JAX, optax and matplotlib", file=sys.stderr)
    venv.create(place, with_pip=True)
    pip, log = (
        [interpreter, "-m", "pip", "install", "--disable-pip-version-check"],
        folder / "pip.log",
    )
    torch = next(line for line in wanted.split() if line.startswith("torch=="))
    try:
        command([*pip, "--retries", "0", "--index-url", TORCH_FOR_CPU, torch], log)
    except Failed:
        pass
    command([*pip, "-r", HERE / "requirements.txt"], log)
    # not on the index; without it ParallelMLPs alone fails
    with contextlib.suppress(Failed):
        command([*pip, "--no-deps", PARALLEL_MLPS], log)
    mark.write_text(wanted)
    return interpreter


def cargo(folder, name, manifest, arguments, program):
    """A program of a cargo project, built with artefacts under `folder/name`."""
    words = [
        "cargo",
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        manifest,
        "--target-dir",
        folder / name,
        *arguments,
    ]
    print(f"building {name}", file=sys.stderr)
    command(words, folder / f"{name}.log")
    return folder / name / "release" / program


@functools.cache
def shoal():
    """The worker of shoal, an example of this crate."""
    print("building shoal", file=sys.stderr)
    log = ROOT / "target" / "peer.log"
    log.parent.mkdir(exist_ok=True)
    command(
        [
            "cargo",
            "build",
            "--release",
            "--manifest-path",
            ROOT / "Cargo.toml",
            "--example",
            "peer",
        ],
        log,
    )
    return ROOT / "target" / "release" / "examples" / "peer"
