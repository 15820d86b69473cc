"""The worker of a Python peer: `worker.py PEER LIST THREADS [ACCELERATOR]`, started by compare.py
in the environment of the peers, and by benches/hardware, which names an accelerator of PyTorch.

It reports that it is ready with one line of JSON, and then answers each line that it reads with
another:

- `rate SECONDS`: trains whole epochs for that time; answers steps and seconds;
- `prepare`: compiles what `whole` needs, where there is something to compile;
- `whole`: trains every run of the list to its last epoch; answers the same, and the mean of the
  best validation losses.
"""

import array
import importlib
import json
import pathlib
import sys
import time

MODULES = {
    "torch-loop": "torch_loop",
    "torch-fused": "torch_loop",
    "torch-batched": "torch_batched",
    "torch-compiled": "torch_gpu",
    "torch-vmap": "torch_gpu",
    "jax": "jax_vmap",
    "parallel-mlps": "parallel_mlps_peer",
}
ON_SETS = {"torch-loop": "torch_sets", "torch-fused": "torch_sets", "jax": "jax_sets"}


def read_list(path):
    """The list, with `x` and `y` as flat arrays in place of the table's name; on sets also `counts`
    and `items`."""
    path = pathlib.Path(path)
    work = json.loads(path.read_text())
    numbers = array.array("f", (path.parent / work["table"]).read_bytes())
    if sys.byteorder == "big":
        numbers.byteswap()
    rows, inputs = work["rows"], work["rows"] * work["inputs"]
    end = inputs + rows * work["targets"]
    work |= {"x": numbers[:inputs], "y": numbers[inputs:end]}
    if "item_columns" in work:
        work |= {"counts": numbers[end : end + rows], "items": numbers[end + rows :]}
    return work


def answer(trainer, line):
    begin = time.perf_counter()
    steps, loss = 0, None
    if line[0] == "rate":
        steps = trainer.rate(float(line[1]))
    elif line[0] == "prepare":
        getattr(trainer, "prepare", lambda: None)()
    else:
        steps, loss = trainer.whole()
    return {"steps": steps, "seconds": time.perf_counter() - begin, "loss": loss}


def main():
    peer, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    work = read_list(path)
    if len(sys.argv) > 4:
        importlib.import_module("torch").set_default_device(sys.argv[4])
    # networks on sets have a module of their own
    name = ON_SETS[peer] if "items" in work else MODULES[peer]
    module = importlib.import_module(name)
    trainer = module.Trainer(peer, work, threads)
    print(json.dumps({"version": module.VERSION}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(trainer, line.split())), flush=True)


if __name__ == "__main__":
    main()
