"""A plain PyTorch loop that trains small networks one after the other on the CPU, as most people
write it.

`torch-loop` is as PyTorch ships it: float32, eager, no torch.compile, no vmap. `torch-fused`
differs in one argument, `AdamW(..., fused=True)`. The frozen base of a run never changes and is
executed once for the whole table.
"""

import time

import torch
from torch import nn

VERSION = f"PyTorch {torch.__version__}"


def adamw(parameters, settings, fused):
    """The optimiser of all networks of PyTorch."""
    return torch.optim.AdamW(
        parameters,
        lr=settings["learning_rate"],
        betas=settings["betas"],
        eps=settings["epsilon"],
        weight_decay=settings["weight_decay"],
        fused=fused or None,
    )


def linear(inputs, outputs, slope):
    """A layer that starts as in the paper: normal weights with the deviation of He et al. (arXiv
    1502.01852)."""
    layer = nn.Linear(inputs, outputs)
    if slope is not None:
        nn.init.kaiming_normal_(layer.weight, a=slope, nonlinearity="leaky_relu")
    return layer


def perceptron(inputs, hidden, outputs, dropout, slope):
    layers = []
    for width in hidden:
        layers += [linear(inputs, width, slope), nn.LeakyReLU(slope), nn.Dropout(dropout)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs), nn.Sigmoid())


@torch.no_grad()
def base_features(widths, x, slope):
    """The outputs of a frozen base for the table; the table itself without one."""
    for width in widths:
        x = nn.functional.leaky_relu(linear(x.shape[1], width, slope)(x), slope)
    return x


class Run:
    """One network, its optimizer and its rows."""

    def __init__(self, run, settings, x, y, fused):
        slope = settings["slope"]
        self.x, self.y = base_features(run["frozen"], x, slope), y
        self.rows, self.end = run["training"], run["training"] + run["validation"]
        self.batch = settings["batch"]
        self.network = perceptron(self.x.shape[1], run["hidden"], y.shape[1], run["dropout"], slope)
        self.optimizer = adamw(self.network.parameters(), settings, fused)
        self.criterion = nn.MSELoss()
        self.best, self.kept = float("inf"), None

    def epoch(self):
        """Trains an epoch, validates and keeps the best parameters. Returns the number of steps."""
        self.network.train()
        batches = torch.randperm(self.rows).split(self.batch)
        for rows in batches:
            self.optimizer.zero_grad()
            loss = self.criterion(self.network(self.x[rows]), self.y[rows])
            loss.backward()
            self.optimizer.step()
        self.network.eval()
        with torch.no_grad():
            held_out = slice(self.rows, self.end)
            loss = self.criterion(self.network(self.x[held_out]), self.y[held_out]).item()
        if loss < self.best:
            self.best = loss
            self.kept = {name: value.clone() for name, value in self.network.state_dict().items()}
        return len(batches)


class Trainer:
    def __init__(self, peer, work, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.runs, self.settings, self.fused = work["runs"], work["training"], peer == "torch-fused"
        self.x = torch.tensor(work["x"]).view(work["rows"], work["inputs"])
        self.y = torch.tensor(work["y"]).view(work["rows"], work["targets"])
        self.started, self.turn, self.epochs = {}, 0, 0

    def start(self, number):
        return Run(self.runs[number], self.settings, self.x, self.y, self.fused)

    def rate(self, seconds):
        end, steps = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            if self.turn not in self.started:
                self.started[self.turn] = self.start(self.turn)
            steps += self.started[self.turn].epoch()
            self.epochs += 1
            if self.epochs == self.runs[self.turn]["epochs"]:
                self.turn, self.epochs = (self.turn + 1) % len(self.runs), 0
        return steps

    def whole(self):
        steps, best = 0, 0.0
        for number, run in enumerate(self.runs):
            member = self.start(number)
            steps += sum(member.epoch() for _ in range(run["epochs"]))
            best += member.best
        return steps, best / len(self.runs)
