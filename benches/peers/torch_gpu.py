"""PyTorch as those write it who know GPUs, on the stacks of torch_batched.py.

`torch-compiled` compiles the loss of a batch and its gradient (`torch.compile`, mode
`reduce-overhead`, which replays CUDA graphs). `torch-vmap` maps the gradient of one network over
all with `torch.func`, and captures the whole step, AdamW included, as one CUDA graph where there is
CUDA.
"""

import torch
from torch.nn import functional

import torch_batched

VERSION = f"{torch_batched.VERSION}, on the accelerator"


class Compiled(torch_batched.Stack):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.loss = torch.compile(self.loss, mode="reduce-overhead")


class Mapped(torch_batched.Stack):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.optimizer.param_groups[0]["capturable"] = True
        self.parameters = self.optimizer.param_groups[0]["params"]
        gradient = torch.func.grad(self.loss_of_one)
        self.gradient = torch.func.vmap(gradient, randomness="different")
        self.place, self.graph = torch.zeros(self.count, self.batch, dtype=torch.int64), None

    def loss_of_one(self, parameters, keep, x, y):
        """The loss of one network: parameters without their first dimension."""
        for weights, biases in zip(parameters[:-2:2], parameters[1:-2:2]):
            x = functional.leaky_relu(x @ weights + biases, self.slope)
            x = x * ((torch.rand_like(x) < keep) / keep)
        return (torch.sigmoid(x @ parameters[-2] + parameters[-1]) - y).square().mean()

    def work(self):
        now = [parameter.detach() for parameter in self.parameters]
        batch = self.gathered(self.place), self.y[self.place]
        gradients = self.gradient(now, self.keep.squeeze(1), *batch)
        for parameter, gradient in zip(self.parameters, gradients):
            parameter.grad = gradient
        self.optimizer.step()

    def capture(self):
        """The step as a graph, after the few steps on another stream that PyTorch asks for."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.work()
        return graph

    def train(self, rows):
        self.place.copy_(rows)
        if not self.place.is_cuda:
            return self.work()
        self.graph = self.graph or self.capture()
        return self.graph.replay()


class Trainer(torch_batched.Trainer):
    def __init__(self, peer, work, threads):
        super().__init__(peer, work, threads)
        self.kind = {"torch-compiled": Compiled, "torch-vmap": Mapped}[peer]

    def start(self, runs):
        return self.kind(runs, self.work["training"], self.x, self.y)
