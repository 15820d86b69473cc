"""Writes architectures.npz: trainings of networks on sets by PyTorch, `python3 make.py`.

Needs numpy and torch. 24 examples of 0 to 9 items of three columns (the second is an angle) and two
targets. For each architecture NAME: the initial parameters NAME_NODE_0, NAME_NODE_1 of every node
that has some (weights are (in, out)), and NAME_losses, shape (300), the mean squared error before
each of 300 steps of AdamW on all examples at once, and at the end, shape (301).
"""

from pathlib import Path

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
random = np.random.default_rng(11)
COUNTS = np.array([0, 1, 9, 4, 2, 7] * 4)
ITEMS = random.normal(size=(COUNTS.sum(), 3)).astype(np.float32)
ITEMS[:, 1] = random.uniform(-np.pi, np.pi, COUNTS.sum()).astype(np.float32)
TARGETS = random.normal(size=(len(COUNTS), 2)).astype(np.float32)
STARTS = np.concatenate([[0], np.cumsum(COUNTS)])
NEIGHBOURS = 3

x = torch.tensor(ITEMS.astype(np.float64))
y = torch.tensor(TARGETS.astype(np.float64))
example = torch.tensor(np.repeat(np.arange(len(COUNTS)), COUNTS))


def edges():
    """The items at both ends of each edge: nearest in column 0 and around 2 pi in column 1."""
    centres, others = [], []
    for first, count in zip(STARTS, COUNTS):
        own = ITEMS[first : first + count].astype(np.float64)
        for i in range(count):
            angle = np.abs(own[:, 1] - own[i, 1]) % (2 * np.pi)
            angle = np.minimum(angle, 2 * np.pi - angle)
            distance = (own[:, 0] - own[i, 0]) ** 2 + angle**2
            near = [j for j in np.argsort(distance, kind="stable") if j != i][:NEIGHBOURS]
            centres += [first + i] * len(near)
            others += [first + j for j in near]
    return torch.tensor(centres), torch.tensor(others)


CENTRES, OTHERS = edges()


class Parameters:
    """Creates parameters node by node."""

    def __init__(self):
        self.all = {}

    def take(self, node, shapes):
        for place, shape in enumerate(shapes):
            start = random.normal(size=shape) / np.sqrt(shape[0] if len(shape) > 1 else 4)
            start = torch.tensor(start.astype(np.float32).astype(np.float64), requires_grad=True)
            self.all.setdefault((node, place), start)
        return [self.all[node, place] for place in range(len(shapes))]

    def dense(self, node, value, width):
        weight, bias = self.take(node, [(value.shape[1], width), (width,)])
        return value @ weight + bias

    def norm(self, node, value):
        gain, bias = self.take(node, [(value.shape[1],), (value.shape[1],)])
        return torch.nn.functional.layer_norm(value, value.shape[1:], gain, bias)


def total(value, index, rows):
    return torch.zeros(rows, value.shape[1]).index_add(0, index, value)


def mean(value, index, rows):
    count = torch.bincount(index, minlength=rows).clamp(min=1)
    return total(value, index, rows) / count[:, None]


def attention(value, heads):
    q, k, v = value.chunk(3, dim=1)
    rows = []
    for first, count in zip(STARTS, COUNTS):
        if count:
            part = [a[first : first + count].unflatten(1, (heads, -1)).transpose(0, 1) for a in (q, k, v)]
            found = torch.nn.functional.scaled_dot_product_attention(*part)
            rows.append(found.transpose(0, 1).flatten(1))
    return torch.cat(rows)


def deep_set(p):
    h = torch.tanh(p.dense(0, x, 12))
    h = torch.tanh(p.dense(1, h, 10))
    h = torch.tanh(p.dense(3, total(h, example, len(COUNTS)), 8))
    return p.dense(4, h, 2)


def edge_graph(p):
    h = torch.tanh(p.dense(0, x, 8)[CENTRES] + p.dense(1, x, 8)[OTHERS])
    h = torch.tanh(p.dense(3, h, 8))
    h = mean(mean(h, CENTRES, len(x)), example, len(COUNTS))
    return p.dense(7, torch.tanh(p.dense(6, h, 8)), 2)


def transformer(p):
    h = p.dense(0, x, 16)
    h = h + p.dense(4, attention(p.dense(2, p.norm(1, h), 48), 2), 16)
    h = h + p.dense(8, torch.tanh(p.dense(7, p.norm(6, h), 24)), 16)
    return p.dense(12, mean(p.norm(10, h), example, len(COUNTS)), 2)


arrays = {"items": ITEMS, "counts": COUNTS, "targets": TARGETS}
for network in (deep_set, edge_graph, transformer):
    p = Parameters()
    network(p)
    for (node, place), start in p.all.items():
        arrays[f"{network.__name__}_{node}_{place}"] = start.detach().numpy().copy()
    optimiser = torch.optim.AdamW(p.all.values(), lr=2e-3, weight_decay=1e-2)
    losses = []
    for step in range(301):
        loss = torch.nn.functional.mse_loss(network(p), y)
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    arrays[f"{network.__name__}_losses"] = np.array(losses)
    print(network.__name__, losses[0], losses[-1])
np.savez(Path(__file__).parent / "architectures.npz", **arrays)
