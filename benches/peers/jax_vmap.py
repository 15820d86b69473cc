"""JAX: `vmap` over networks, `lax.scan` over the steps of an epoch, AdamW from optax; compiled once
for each shape.

A stack of equal networks is not padded; widths of different ones are padded with zeros (grouping.py
chooses the stacks). Compilation is not timed: the first epoch of each stack is executed before the
clock starts.
"""

import functools
import math

import jax
import numpy as np
import optax
from jax import lax
from jax import numpy as jnp

import grouping

VERSION = f"JAX {jax.__version__}, optax {optax.__version__}"
# What a step costs whatever is in it, and the rate of the products, as measured where this was
# written; for grouping.py alone.
STEP_SECONDS, FLOPS_A_SECOND = 2.0e-4, 4e10


def outputs(layers, x, keep, masks, slope):
    """Outputs (rows, targets) of one network for inputs (rows, inputs); without masks nothing is
    dropped."""
    for i, (weights, biases) in enumerate(layers[:-1]):
        x = x @ weights + biases
        x = jnp.where(x > 0, x, slope * x)
        if masks is not None:
            x = jnp.where(masks[i], x / keep, 0)
    weights, biases = layers[-1]
    return jax.nn.sigmoid(x @ weights + biases)


def loss(layers, x, y, there, keep, masks, slope):
    """Mean squared error of the examples that are present: the last batch of an epoch may not be
    full."""
    errors = jnp.square(outputs(layers, x, keep, masks, slope) - y)
    return jnp.sum(errors * there[:, None]) / (jnp.sum(there) * y.shape[1])


class Epochs:
    """Epochs of stacks of one shape; stacks of the same shape share the compiled code."""

    def __init__(self, settings, rows, validation):
        self.batch, self.rows, self.end, self.slope = (
            settings["batch"],
            rows,
            rows + validation,
            settings["slope"],
        )
        self.optimizer = optax.adamw(
            settings["learning_rate"],
            *settings["betas"],
            eps=settings["epsilon"],
            weight_decay=settings["weight_decay"],
        )
        self.steps = -(-rows // self.batch)

    @functools.partial(jax.jit, static_argnums=0, donate_argnums=1)
    def epoch(self, state, key, x, y, keep):
        """Trains an epoch of every run, validates, keeps the best parameters of each."""
        layers, moments, best, kept = state
        runs = keep.shape[0]
        shuffling, dropping = jax.random.split(key)
        order = jnp.argsort(jax.random.bits(shuffling, (runs, self.rows)), axis=1)
        order = jnp.pad(order, ((0, 0), (0, self.steps * self.batch - self.rows)))
        batches = order.reshape(runs, self.steps, self.batch).swapaxes(0, 1)
        there = (
            (jnp.arange(self.steps * self.batch) < self.rows)
            .astype(jnp.float32)
            .reshape(self.steps, self.batch)
        )
        step = functools.partial(self.step, x, y, keep)
        (layers, moments, _), _ = lax.scan(step, (layers, moments, dropping), (batches, there))
        found = self.validate(layers, x, y)
        better = found < best

        def choose(new, old):
            return jnp.where(better[:, None, None] if new.ndim == 3 else better[:, None], new, old)

        return layers, moments, jnp.where(better, found, best), jax.tree.map(choose, layers, kept)

    def step(self, x, y, keep, state, batch):
        (layers, moments, key), (rows, there) = state, batch
        key, dropping = jax.random.split(key)
        masks = [
            jax.random.bits(
                jax.random.fold_in(dropping, i),
                (rows.shape[0], self.batch, weights.shape[2]),
                jnp.uint8,
            )
            < jnp.round(256 * keep)[:, None, None]
            for i, (weights, _) in enumerate(layers[:-1])
        ]
        own = x.ndim == 3
        inputs = jax.vmap(lambda table, rows: table[rows])(x, rows) if own else x[rows]
        gradient = jax.vmap(
            jax.grad(functools.partial(loss, slope=self.slope)), in_axes=(0, 0, 0, None, 0, 0)
        )
        gradients = gradient(layers, inputs, y[rows], there, keep, masks)
        updates, moments = self.optimizer.update(gradients, moments, layers)
        return (optax.apply_updates(layers, updates), moments, key), None

    def validate(self, layers, x, y):
        x, y = x[..., self.rows : self.end, :], y[self.rows : self.end]
        axes = (0, 0 if x.ndim == 3 else None)
        return jax.vmap(
            lambda layers, x: jnp.mean(jnp.square(outputs(layers, x, None, None, self.slope) - y)),
            axes,
        )(layers, x)


def stacked_layer(numbers, fan_in, fan_out, shape, gain):
    """Weights (runs, inputs, outputs) and biases (runs, outputs), zero beyond each network's own
    widths."""
    weights, biases = np.zeros(shape, np.float32), np.zeros((shape[0], shape[2]), np.float32)
    for run, (inputs, own) in enumerate(zip(fan_in, fan_out)):
        weights[run, :inputs, :own] = numbers.standard_normal((inputs, own)) * (
            gain / math.sqrt(inputs)
        )
        biases[run, :own] = numbers.uniform(-1, 1, own) / math.sqrt(inputs)
    return jnp.asarray(weights), jnp.asarray(biases)


class Stack:
    """Networks that train together; each has its own shuffle."""

    def __init__(self, runs, epochs, x, y, numbers, key):
        self.count, self.epochs, self.y, self.numbers, self.key = len(runs), epochs, y, numbers, key
        self.gain = math.sqrt(2 / (1 + epochs.slope**2))
        inputs, hidden = grouping.padded(runs)
        self.x, own_inputs = self.table(runs, x, inputs)
        own = (
            [own_inputs]
            + [[run["hidden"][i] for run in runs] for i in range(len(hidden))]
            + [[y.shape[1]] * self.count]
        )
        widths, layers = [self.x.shape[-1], *hidden, y.shape[1]], []
        for i in range(len(widths) - 1):
            shape = (self.count, widths[i], widths[i + 1])
            # the output layer with the deviation of PyTorch's default, which is uniform within 1 /
            # sqrt(inputs)
            gain = self.gain if i < len(hidden) else 1 / math.sqrt(3)
            layers.append(stacked_layer(numbers, own[i], own[i + 1], shape, gain))
        self.keep = jnp.array([1 - run["dropout"] for run in runs], jnp.float32)
        kept = jax.tree.map(jnp.zeros_like, layers)
        self.state = (
            layers,
            epochs.optimizer.init(layers),
            jnp.full(self.count, jnp.inf, jnp.float32),
            kept,
        )

    def table(self, runs, x, inputs):
        """The inputs, one table for all or one for each run, and their widths."""
        if inputs is None:
            return x, [x.shape[1]] * self.count
        tables = [self.base_features(run["frozen"], x[: self.epochs.end]) for run in runs]
        return jnp.stack(
            [jnp.pad(table, ((0, 0), (0, inputs - table.shape[1]))) for table in tables]
        ), [table.shape[1] for table in tables]

    def base_features(self, widths, x):
        """The outputs of a frozen base for the table."""
        for width in widths:
            weights, biases = stacked_layer(
                self.numbers, [x.shape[1]], [width], (1, x.shape[1], width), self.gain
            )
            x = x @ weights[0] + biases[0]
            x = jnp.where(x > 0, x, self.epochs.slope * x)
        return x

    def epoch(self):
        self.key, key = jax.random.split(self.key)
        self.state = self.epochs.epoch(self.state, key, self.x, self.y, self.keep)
        return self.epochs.steps

    def wait(self):
        self.state[2].block_until_ready()

    def losses(self):
        return float(self.state[2].sum())


class Trainer(grouping.Trainer):
    def __init__(self, peer, work, threads):
        super().__init__(work, STEP_SECONDS, FLOPS_A_SECOND)
        # the fast generator: with the default one random bits were a large part of a step
        jax.config.update("jax_default_prng_impl", "unsafe_rbg")
        self.compiled = {}
        self.x = jnp.asarray(np.array(work["x"]).reshape(work["rows"], work["inputs"]))
        self.y = jnp.asarray(np.array(work["y"]).reshape(work["rows"], work["targets"]))
        self.key = jax.random.key(1)

    def start(self, runs):
        rows = runs[0]["training"], runs[0]["validation"]
        epochs = self.compiled.setdefault(rows, Epochs(self.work["training"], *rows))
        return Stack(runs, epochs, self.x, self.y, np.random.default_rng(1), self.key)

    def prepare(self):
        """Compiles every shape of the list; a second epoch makes sure that nothing is left to
        compile."""
        for runs in self.stacks():
            stack = self.start(runs)
            stack.epoch()
            stack.epoch()
