"""PyTorch batched by hand: networks of one depth as stacked tensors, `torch.baddbmm` for their
layers, one fused AdamW for all.

A stack of equal networks is not padded; widths of different ones are padded with zeros (grouping.py
chooses the stacks).
"""

import math

import torch
from torch.nn import functional

import grouping
import torch_loop

VERSION = f"PyTorch {torch.__version__}"
# What a step costs whatever is in it, and the rate of the products, as measured where this was
# written; for grouping.py alone.
STEP_SECONDS, FLOPS_A_SECOND = 1.0e-3, 6e10


def stacked_layer(fan_in, fan_out, shape, gain):
    """Weights (runs, inputs, outputs) and biases (runs, 1, outputs), zero beyond each network's own
    widths."""
    weights, biases = torch.zeros(shape), torch.zeros(shape[0], 1, shape[2])
    for run, (inputs, outputs) in enumerate(zip(fan_in, fan_out)):
        weights[run, :inputs, :outputs] = torch.randn(inputs, outputs) * (gain / math.sqrt(inputs))
        biases[run, 0, :outputs] = (2 * torch.rand(outputs) - 1) / math.sqrt(inputs)
    return [weights, biases]


def base_features(widths, x, slope):
    """The outputs of a frozen base for the table."""
    gain = math.sqrt(2 / (1 + slope**2))
    for width in widths:
        weights, biases = stacked_layer([x.shape[1]], [width], (1, x.shape[1], width), gain)
        x = functional.leaky_relu(x @ weights[0] + biases[0], slope)
    return x


class Stack:
    """Networks that train together; each has its own shuffle."""

    def __init__(self, runs, settings, x, y):
        self.count, self.rows, self.y = len(runs), runs[0]["training"], y
        self.end, self.slope = self.rows + runs[0]["validation"], settings["slope"]
        inputs, hidden = grouping.padded(runs)
        self.x, own_inputs = self.table(runs, x, inputs)
        own = (
            [own_inputs]
            + [[run["hidden"][i] for run in runs] for i in range(len(hidden))]
            + [[y.shape[1]] * self.count]
        )
        widths, gain = [self.x.shape[-1], *hidden, y.shape[1]], math.sqrt(2 / (1 + self.slope**2))
        self.layers = []
        for i in range(len(widths) - 1):
            shape = (self.count, widths[i], widths[i + 1])
            # the output layer with the deviation of PyTorch's default, which is uniform within 1 /
            # sqrt(inputs)
            self.layers.append(
                stacked_layer(
                    own[i], own[i + 1], shape, gain if i < len(hidden) else 1 / math.sqrt(3)
                )
            )
        parameters = [tensor.requires_grad_() for layer in self.layers for tensor in layer]
        self.optimizer = torch_loop.adamw(parameters, settings, fused=True)
        self.batch = settings["batch"]
        keep = 1 - torch.tensor([run["dropout"] for run in runs]).view(-1, 1, 1)
        self.keep, self.below = keep, (256 * keep).round().to(torch.uint8)
        self.best, self.kept = (
            torch.full((self.count,), math.inf),
            [torch.empty_like(tensor) for tensor in parameters],
        )

    @torch.no_grad()
    def table(self, runs, x, inputs):
        """The inputs, one table for all or one for each run, and their widths."""
        if inputs is None:
            return x, [x.shape[1]] * self.count
        features = [base_features(run["frozen"], x[: self.end], self.slope) for run in runs]
        padded = [functional.pad(table, (0, inputs - table.shape[1])) for table in features]
        return torch.stack(padded), [table.shape[1] for table in features]

    def drop(self, z):
        """Dropout from random bytes, eight from each word: one number for each unit took more than
        a third of a step."""
        words = torch.empty(-(-z.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: z.numel()].view(z.shape) < self.below
        return z * (kept / self.keep)

    def outputs(self, z, training):
        """Outputs (runs, rows, targets) of inputs (runs, rows, inputs)."""
        for weights, biases in self.layers[:-1]:
            z = functional.leaky_relu(torch.baddbmm(biases, z, weights), self.slope)
            z = self.drop(z) if training else z
        weights, biases = self.layers[-1]
        return torch.sigmoid(torch.baddbmm(biases, z, weights))

    def gathered(self, rows):
        """Inputs of rows (runs, batch)."""
        return (
            self.x[rows]
            if self.x.dim() == 2
            else self.x[torch.arange(self.count).unsqueeze(1), rows]
        )

    def epoch(self):
        """Trains an epoch of every run, validates and keeps the best parameters of each. Returns
        the steps of each."""
        batches = torch.rand(self.count, self.rows).argsort(1).split(self.batch, 1)
        for rows in batches:
            self.train(rows)
        self.validate()
        return len(batches)

    def train(self, rows):
        """A step of every run on its rows, shape (runs, batch)."""
        self.optimizer.zero_grad()
        self.loss(self.gathered(rows), self.y[rows]).backward()
        self.optimizer.step()

    def loss(self, x, y):
        """The sum over runs of the mean squared errors of a batch."""
        return (self.outputs(x, True) - y).square().mean((1, 2)).sum()

    @torch.no_grad()
    def validate(self):
        held_out = slice(self.rows, self.end)
        x = self.x[..., held_out, :].expand(self.count, -1, -1)
        loss = (self.outputs(x, False) - self.y[held_out]).square().mean((1, 2))
        better = loss < self.best
        self.best = torch.where(better, loss, self.best)
        chosen = better.nonzero().squeeze(1)
        for kept, tensor in zip(self.kept, (tensor for layer in self.layers for tensor in layer)):
            kept.index_copy_(0, chosen, tensor.index_select(0, chosen))

    def wait(self):
        """PyTorch on the CPU is done when it returns; to read a number waits for an accelerator."""
        self.best[0].item()

    def losses(self):
        return self.best.sum().item()


class Trainer(grouping.Trainer):
    def __init__(self, peer, work, threads):
        super().__init__(work, STEP_SECONDS, FLOPS_A_SECOND)
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        # a fifth faster here: moments of units that are seldom used become denormal numbers
        torch.set_flush_denormal(True)
        self.x = torch.tensor(work["x"]).view(work["rows"], work["inputs"])
        self.y = torch.tensor(work["y"]).view(work["rows"], work["targets"])

    def start(self, runs):
        return Stack(runs, self.work["training"], self.x, self.y)
