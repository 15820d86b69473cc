"""ParallelMLPs (Farias et al., arXiv 2206.08369): perceptrons with one hidden layer as one wide
layer, each network with its own part; https://github.com/fariasfc/parallel-mlps, MIT.

Its layer needs networks with the same number of units for each activation, in the order of
`workloads.parallel_mlps`. The optimiser, the batches and the loss are those of the other peers; all
networks share a shuffle, as there. The last parameters are validated: they have no copies of the
best ones.
"""

import torch
from parallel_mlps.parallel_mlp import ParallelMLPs
from torch import nn

import torch_loop

VERSION = f"ParallelMLPs b24a24c, PyTorch {torch.__version__}"
ACTIVATIONS = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
}


class Trainer:
    def __init__(self, peer, work, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.runs, self.settings = work["runs"], work["training"]
        self.x = torch.tensor(work["x"]).view(work["rows"], work["inputs"])
        self.y = torch.tensor(work["y"]).view(work["rows"], work["targets"])
        self.network = None

    def start(self):
        names = list(dict.fromkeys(run["activation"] for run in self.runs))
        most = max(run["hidden"][0] for run in self.runs)
        settings = self.settings
        self.network = ParallelMLPs(
            in_features=self.x.shape[1],
            out_features=self.y.shape[1],
            min_neurons=1,
            max_neurons=most,
            step=1,
            repetitions=len(self.runs) // most // len(names),
            activations=[ACTIVATIONS[name]() for name in names],
            device="cpu",
        )
        self.optimizer = torch_loop.adamw(self.network.parameters(), settings, fused=True)

    def losses(self, rows):
        """The loss of each network on these rows."""
        outputs = self.network(self.x[rows])
        return (outputs - self.y[rows][:, None]).square().mean((0, 2))

    def epoch(self):
        batches = torch.randperm(self.runs[0]["training"]).split(self.settings["batch"])
        for rows in batches:
            self.optimizer.zero_grad()
            self.losses(rows).sum().backward()
            self.optimizer.step()
        return len(batches)

    @torch.no_grad()
    def validate(self):
        first, batch = self.runs[0]["training"], self.settings["batch"]
        rows = torch.arange(first, first + self.runs[0]["validation"]).split(batch)
        return sum(self.losses(some) * len(some) for some in rows) / self.runs[0]["validation"]

    def rate(self, seconds):
        """One epoch, however long it takes."""
        if self.network is None:
            self.start()
        return self.epoch() * len(self.runs)

    def whole(self):
        self.start()
        steps, best = 0, torch.full((len(self.runs),), torch.inf)
        for _ in range(self.runs[0]["epochs"]):
            steps += self.epoch() * len(self.runs)
            best = torch.minimum(best, self.validate())
        return steps, best.mean().item()
