"""JAX on sets: `vmap` over networks of one architecture, `lax.scan` over the steps of an epoch,
AdamW from optax.

Shapes are static, so sets are padded. Batches have sets of similar sizes (bucketing): the rows of
each network are shuffled and then sorted by size, and each quarter of the batches is padded to its
largest set and compiled on its own. Quarters, and the batches of one, come in a new order each
epoch. Compilation is not timed.
"""

import functools
import math

import jax
import numpy as np
import optax
from jax import lax
from jax import numpy as jnp

import jax_vmap

VERSION = jax_vmap.VERSION
QUARTERS = 4


def dense(layer, x):
    return x @ layer["w"] + layer["b"]


def hidden(layers, x):
    for layer in layers:
        x = jax.nn.relu(dense(layer, x))
    return x


def norm(layer, x):
    x = x - x.mean(-1, keepdims=True)
    return x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * layer["g"] + layer["b"]


def means(x, present, counts):
    return (x * present[..., None]).sum(1) / counts[:, None]


def deep_set(run, p, batch):
    pooled = means(hidden(p["items"], batch["x"]), batch["present"], batch["counts"])
    return dense(p["output"], hidden(p["head"], pooled))


def edge_graph(run, p, batch):
    x = batch["x"]
    for block in p["blocks"]:
        centre, neighbour = (dense(end, x) for end in block["ends"])
        ends = jax.vmap(lambda rows, places: rows[places])(neighbour, batch["neighbours"])
        edges = hidden(block["more"], jax.nn.relu(centre[:, :, None] + ends))
        x = (edges * batch["share"][..., None]).sum(2)
    pooled = means(x, batch["present"], batch["counts"])
    return dense(p["output"], hidden(p["head"], pooled))


def transformer(run, p, batch):
    x = dense(p["first"], batch["x"])
    mask = batch["present"][:, None, None]
    for block in p["blocks"]:
        qkv = dense(block["qkv"], norm(block["norms"][0], x))
        heads = qkv.reshape(*x.shape[:2], 3, run["heads"], -1)
        q, k, v = (heads[:, :, place] for place in range(3))
        attended = jax.nn.dot_product_attention(q, k, v, mask=mask)
        x = x + dense(block["out"], attended.reshape(x.shape))
        wide = hidden(block["wide"], norm(block["norms"][1], x))
        x = x + dense(block["narrow"], wide)
    return dense(p["output"], means(norm(p["norm"], x), batch["present"], batch["counts"]))


def perceptron(run, p, batch):
    return dense(p["output"], hidden(p["hidden"], batch["columns"]))


NETWORKS = {
    "deep-set": deep_set,
    "edge-graph": edge_graph,
    "transformer": transformer,
    "perceptron": perceptron,
}


class Initial:
    """Initial parameters, drawn as in shoal."""

    def __init__(self, numbers):
        self.numbers = numbers

    def dense(self, inputs, outputs, gain=1.0):
        weights = self.numbers.standard_normal((inputs, outputs)) * gain / math.sqrt(inputs)
        biases = self.numbers.uniform(-1, 1, outputs) / math.sqrt(inputs)
        return {"w": weights.astype("f4"), "b": biases.astype("f4")}

    def hidden(self, inputs, widths):
        widths = [inputs, *widths]
        return [self.dense(a, b, math.sqrt(2)) for a, b in zip(widths, widths[1:])]

    def norm(self, width):
        return {"g": np.ones(width, "f4"), "b": np.zeros(width, "f4")}

    def block(self, run):
        width, wide = run["width"], run["feed_forward"]
        return {
            "norms": [self.norm(width), self.norm(width)],
            "qkv": self.dense(width, 3 * width),
            "out": self.dense(width, width),
            "wide": self.hidden(width, [wide]),
            "narrow": self.dense(wide, width),
        }

    def network(self, run, columns, items, targets):
        name = run["architecture"]
        if name == "transformer":
            width = run["width"]
            blocks = [self.block(run) for _ in range(run["blocks"])]
            own = {"first": self.dense(items, width), "blocks": blocks, "norm": self.norm(width)}
            return {**own, "output": self.dense(width, targets)}
        output = {"output": self.dense(run["hidden"][-1], targets)}
        if name == "perceptron":
            return {"hidden": self.hidden(columns, run["hidden"]), **output}
        if name == "deep-set":
            own = {"items": self.hidden(items, run["items"])}
            return {**own, "head": self.hidden(run["items"][-1], run["hidden"]), **output}
        blocks, width = [], items
        for first, *more in run["blocks"]:
            ends = [self.dense(width, first), self.dense(width, first)]
            blocks.append({"ends": ends, "more": self.hidden(first, more)})
            width = more[-1]
        return {"blocks": blocks, "head": self.hidden(width, run["hidden"]), **output}


class Table:
    """All rows, padded to the largest set; scaled by the moments of the training rows."""

    def __init__(self, work, training):
        rows, most = work["rows"], work["neighbours"]
        self.counts = np.array(work["counts"]).astype(int)
        firsts = np.cumsum(self.counts) - self.counts
        raw = np.array(work["items"], "f4").reshape(-1, work["item_columns"])
        of_training = raw[: self.counts[:training].sum()]
        scaled = (raw - of_training.mean(0)) / of_training.std(0)
        shape = rows, self.counts.max()
        x = np.zeros((*shape, raw.shape[1]), "f4")
        neighbours, share = np.zeros((*shape, most), "i4"), np.zeros((*shape, most), "f4")
        for row, (first, count) in enumerate(zip(firsts, self.counts)):
            own = raw[first : first + count, :2].astype("f8")
            apart = np.hypot(*(own[:, None] - own[None]).transpose(2, 0, 1))
            np.fill_diagonal(apart, np.inf)
            degree = min(most, count - 1)
            nearest = np.argsort(apart, axis=1, kind="stable")[:, :degree]
            x[row, :count] = scaled[first : first + count]
            neighbours[row, :count, :degree] = nearest
            share[row, :count, :degree] = 1 / degree
        columns = np.array(work["x"], "f4").reshape(rows, work["inputs"])
        columns = (columns - columns[:training].mean(0)) / columns[:training].std(0)
        y = np.array(work["y"], "f4").reshape(rows, work["targets"])
        arrays = {"x": x, "neighbours": neighbours, "share": share, "columns": columns, "y": y}
        self.arrays = {name: jnp.asarray(array) for name, array in arrays.items()}
        self.arrays["counts"] = jnp.asarray(self.counts.astype("f4"))

    def batches(self, rows, batch, quarters):
        """These rows sorted by size and split into quarters of whole batches, or as they are in one
        part; the rows left over come last, alone. Of each part its largest size, and the rows,
        shape (batches, batch)."""
        if quarters > 1:
            rows = rows[np.argsort(self.counts[rows], kind="stable")]
        whole = len(rows) // batch
        found = []
        for part in np.array_split(np.arange(whole), min(quarters, whole)):
            own = rows[part[0] * batch : (part[-1] + 1) * batch].reshape(len(part), batch)
            found.append((int(self.counts[own].max()) if quarters > 1 else 1, own))
        if len(rows) % batch:
            own = rows[whole * batch :][None]
            found.append((int(self.counts[own].max()), own))
        return found


def load(arrays, most, rows):
    """A batch of these rows, padded to `most` items."""
    batch = {name: arrays[name][rows] for name in ("columns", "y", "counts")}
    batch |= {name: arrays[name][rows, :most] for name in ("x", "neighbours", "share")}
    batch["present"] = jnp.arange(most) < batch["counts"][:, None]
    return batch


class Programs:
    """The compiled functions of one architecture."""

    def __init__(self, run, settings):
        self.run, self.network = run, NETWORKS[run["architecture"]]
        self.optimizer = optax.adamw(
            settings["learning_rate"],
            *settings["betas"],
            eps=settings["epsilon"],
            weight_decay=settings["weight_decay"],
        )

    def loss(self, parameters, arrays, most, rows):
        batch = load(arrays, most, rows)
        return jnp.mean(jnp.square(self.network(self.run, parameters, batch) - batch["y"]))

    @functools.partial(jax.jit, static_argnums=(0, 3), donate_argnums=1)
    def train(self, state, arrays, most, rows):
        """Steps on rows of shape (batches, runs, batch)."""

        def step(state, rows):
            parameters, moments = state
            gradient = jax.vmap(jax.grad(self.loss), in_axes=(0, None, None, 0))
            gradients = gradient(parameters, arrays, most, rows)
            updates, moments = self.optimizer.update(gradients, moments, parameters)
            return (optax.apply_updates(parameters, updates), moments), None

        return lax.scan(step, state, rows)[0]

    @functools.partial(jax.jit, static_argnums=(0, 3))
    def validate(self, parameters, arrays, most, rows):
        """The sum of the losses of rows of shape (batches, batch), of each run."""

        def batch(rows):
            loss = jax.vmap(self.loss, in_axes=(0, None, None, None))
            return loss(parameters, arrays, most, rows) * len(rows)

        return lax.map(batch, rows).sum(0)


class Stack:
    """Equal networks that train together; each has its own shuffle."""

    def __init__(self, runs, programs, table, batch, numbers):
        self.count, self.programs, self.table, self.batch = len(runs), programs, table, batch
        self.numbers, run = numbers, runs[0]
        self.training = run["training"]
        held_out = np.arange(self.training, self.training + run["validation"])
        # perceptrons read no items
        self.quarters = 1 if run["architecture"] == "perceptron" else QUARTERS
        self.held_out = table.batches(held_out, batch, self.quarters)
        shape = [table.arrays[name].shape[-1] for name in ("columns", "x", "y")]
        networks = [Initial(numbers).network(run, *shape) for run in runs]
        parameters = jax.tree.map(lambda *each: jnp.asarray(np.stack(each)), *networks)
        moments = programs.optimizer.init(parameters)
        self.state = parameters, moments
        self.best, self.kept = np.full(self.count, np.inf), parameters

    def epoch(self):
        """Trains an epoch of each run, validates, keeps the best parameters of each."""
        numbers = self.numbers
        # the sizes of the sorted rows are the same for all runs
        own = [
            self.table.batches(numbers.permutation(self.training), self.batch, self.quarters)
            for _ in range(self.count)
        ]
        state, steps = jax.tree.map(jnp.copy, self.state), 0
        for quarter in numbers.permutation(len(own[0])):
            most = own[0][quarter][0]
            rows = np.stack([numbers.permutation(quarters[quarter][1]) for quarters in own], 1)
            state = self.programs.train(state, self.table.arrays, most, rows)
            steps += len(rows)
        self.state = state
        found = sum(
            self.programs.validate(state[0], self.table.arrays, most, rows)
            for most, rows in self.held_out
        )
        found = np.asarray(found) / sum(rows.size for _, rows in self.held_out)
        better = found < self.best
        self.best = np.where(better, found, self.best)

        def choose(new, old):
            return jnp.where(better.reshape(-1, *[1] * (new.ndim - 1)), new, old)

        self.kept = jax.tree.map(choose, state[0], self.kept)
        return steps

    def wait(self):
        jax.block_until_ready(self.state)

    def losses(self):
        return float(self.best.sum())


class Trainer:
    def __init__(self, peer, work, threads):
        self.work, self.table = work, Table(work, work["runs"][0]["training"])
        self.programs, self.numbers = {}, np.random.default_rng(1)

    def stacks(self):
        alike = {}
        for run in self.work["runs"]:
            alike.setdefault(run["architecture"], []).append(run)
        return alike.items()

    def start(self, name, runs):
        settings = self.work["training"]
        programs = self.programs.setdefault(name, Programs(runs[0], settings))
        return Stack(runs, programs, self.table, settings["batch"], self.numbers)

    def prepare(self):
        for name, runs in self.stacks():
            stack = self.start(name, runs)
            stack.epoch()
            stack.epoch()
            stack.wait()

    def whole(self):
        steps, best = 0, 0.0
        for name, runs in self.stacks():
            stack = self.start(name, runs)
            for _ in range(runs[0]["epochs"]):
                steps += stack.epoch() * stack.count
            best += stack.losses()
        return steps, best / len(self.work["runs"])
