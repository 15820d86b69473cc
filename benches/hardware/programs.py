"""The programs that measure: built here, or collected earlier on a machine with cargo."""

import json
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "target" / "hardware"
# Targets of cargo, and the most that all may take: what some machines accept at one time.
TARGETS = {"shoal": "--bin", "laws": "--test", "throughput": "--bench"}
MOST = 60_000_000


def built():
    """Builds the programs. Returns their paths."""
    words = ["cargo", "build", "--release", "--locked"]
    words += ["--message-format", "json-render-diagnostics"]
    for name, kind in TARGETS.items():
        words += [kind, name]
    try:
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        sys.exit(
            f"measure.py: no cargo here, and no programs in {FOLDER}; call `measure.py build` on a "
            "machine with cargo and copy that folder"
        )
    if done.returncode:
        sys.exit("measure.py: cargo failed, see above")
    paths = {}
    for message in map(json.loads, done.stdout.splitlines()):
        name = message.get("target", {}).get("name")
        if message.get("executable") and name in TARGETS:
            paths[name] = pathlib.Path(message["executable"])
    return paths


def commit():
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or "unknown"


def build(folder):
    """Collects the stripped programs, complete or not at all."""
    folder = folder.resolve()
    paths = built()
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, path in paths.items():
        shutil.copy2(path, part / name)
        if shutil.which("strip"):
            subprocess.run(["strip", str(part / name)], check=True)
    size = sum((part / name).stat().st_size for name in paths)
    (part / "programs.json").write_text(json.dumps({"commit": commit(), "names": sorted(paths)}))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    print(f"{folder}: {', '.join(sorted(paths))}, {size / 1e6:.1f} MB")
    if size > MOST:
        sys.exit(f"measure.py: more than {MOST / 1e6:.0f} MB; is `strip` (binutils) installed?")


def ready(folder):
    """The programs by name, and `commit`; builds them where none were collected."""
    folder, mark = folder.resolve(), folder.resolve() / "programs.json"
    if not mark.exists():
        if folder != FOLDER:
            sys.exit(f"measure.py: no programs in {folder}; `measure.py build` collects them")
        build(folder)
    try:
        found = json.loads(mark.read_text())
        paths = {name: folder / name for name in found["names"]}
        missing = [name for name in TARGETS if not paths[name].exists()]
        kept = {"commit": found["commit"], **paths}
    except (ValueError, KeyError) as error:
        sys.exit(f"measure.py: {mark} is damaged ({error!r}); remove {folder} and build again")
    if missing:
        sys.exit(f"measure.py: {folder} lacks {', '.join(missing)}; remove it and build again")
    for name in TARGETS:
        # copies often lose the mode
        paths[name].chmod(0o755)
    return kept
