"""PyTorch on sets: a loop over runs, each network in the form that is fastest in eager PyTorch on
the CPU.

Deep sets and graph networks compute packed rows, those of all examples of a batch one after
another, without padding, as PyTorch Geometric does; means are sums with `index_add_`. The first
layer of a graph network is computed on items, as in shoal. Transformers compute rows padded to the
largest set of a batch, with `scaled_dot_product_attention`; batches have sets of similar sizes
(bucketing), and so that they differ from epoch to epoch, sets are shuffled before they are sorted
by size.
"""

import time

import torch
from torch import nn
from torch.nn.functional import relu, scaled_dot_product_attention

import torch_loop

VERSION = torch_loop.VERSION


def layers(inputs, widths):
    """Hidden layers with a ReLU, which start as in shoal."""
    found = []
    for width in widths:
        layer = nn.Linear(inputs, width)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        found += [layer, nn.ReLU()]
        inputs = width
    return nn.Sequential(*found)


def plain(inputs, outputs):
    """A layer without activation, which starts as in shoal."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=inputs**-0.5)
    return layer


def means(x, examples, counts):
    """The means of the items of each example."""
    sums = x.new_zeros(len(counts), x.shape[1]).index_add_(0, examples, x)
    return sums / counts[:, None]


class DeepSet(nn.Module):
    def __init__(self, run, columns, targets):
        super().__init__()
        self.items = layers(columns, run["items"])
        self.head = layers(run["items"][-1], run["hidden"])
        self.output = plain(run["hidden"][-1], targets)

    def forward(self, batch):
        return self.output(self.head(means(self.items(batch.x), batch.examples, batch.counts)))


class EdgeGraph(nn.Module):
    def __init__(self, run, columns, targets):
        super().__init__()
        self.blocks = nn.ModuleList()
        for first, *more in run["blocks"]:
            ends = nn.ModuleList([plain(columns, first), plain(columns, first)])
            self.blocks.append(nn.ModuleList([ends, layers(first, more)]))
            columns = more[-1]
        self.head = layers(columns, run["hidden"])
        self.output = plain(run["hidden"][-1], targets)

    def forward(self, batch):
        x = batch.x
        for (centre, neighbour), edges in self.blocks:
            # each edge: its centre, in rows of all neighbours, plus its neighbour
            ends = centre(x)[:, None] + neighbour(x)[batch.neighbours]
            x = edges(relu(ends))
            x = x.mean(1) if batch.share is None else (x * batch.share[..., None]).sum(1)
        return self.output(self.head(means(x, batch.examples, batch.counts)))


class Block(nn.Module):
    def __init__(self, width, heads, feed_forward):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.heads, self.qkv, self.out = heads, plain(width, 3 * width), plain(width, width)
        self.wide, self.narrow = layers(width, [feed_forward]), plain(feed_forward, width)

    def forward(self, x, mask):
        examples, items, width = x.shape
        qkv = self.qkv(self.norms[0](x)).view(examples, items, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(attended.transpose(1, 2).reshape(examples, items, width))
        return x + self.narrow(self.wide(self.norms[1](x)))


class Transformer(nn.Module):
    def __init__(self, run, columns, targets):
        super().__init__()
        width = run["width"]
        self.first, self.norm = plain(columns, width), nn.LayerNorm(width)
        blocks = (Block(width, run["heads"], run["feed_forward"]) for _ in range(run["blocks"]))
        self.blocks, self.output = nn.ModuleList(blocks), plain(width, targets)

    def forward(self, batch):
        x = self.first(batch.x)
        for block in self.blocks:
            x = block(x, batch.mask)
        x = self.norm(x)
        x = x.mean(1) if batch.mask is None else (x * batch.present).sum(1) / batch.counts[:, None]
        return self.output(x)


class Perceptron(nn.Module):
    def __init__(self, run, columns, targets):
        super().__init__()
        self.hidden = layers(columns, run["hidden"])
        self.output = plain(run["hidden"][-1], targets)

    def forward(self, batch):
        return self.output(self.hidden(batch.x))


NETWORKS = {
    "deep-set": DeepSet,
    "edge-graph": EdgeGraph,
    "transformer": Transformer,
    "perceptron": Perceptron,
}


class Sets:
    """All rows: columns and items scaled by the moments of the training rows, as in shoal."""

    def __init__(self, work, training):
        columns = work["item_columns"]
        self.counts = torch.tensor(work["counts"]).long()
        self.firsts = self.counts.cumsum(0) - self.counts
        raw = torch.tensor(work["items"]).view(-1, columns)
        of_training = raw[: self.counts[:training].sum()]
        self.items = (raw - of_training.mean(0)) / of_training.std(0, correction=0)
        x = torch.tensor(work["x"]).view(work["rows"], work["inputs"])
        self.x = (x - x[:training].mean(0)) / x[:training].std(0, correction=0)
        self.y = torch.tensor(work["y"]).view(work["rows"], work["targets"])
        self.neighbours, self.degrees = self.nearest(raw, work["neighbours"])

    def nearest(self, raw, most):
        """The neighbours of each item, counted from the first item of the row; places beyond those
        that exist are 0."""
        found = torch.zeros(len(raw), most, dtype=torch.long)
        for first, count in zip(self.firsts.tolist(), self.counts.tolist()):
            own = raw[first : first + count, :2].double()
            apart = torch.cdist(own, own).fill_diagonal_(torch.inf)
            degree = min(most, count - 1)
            order = apart.sort(stable=True, dim=1).indices
            found[first : first + count, :degree] = order[:, :degree]
        return found, torch.minimum(self.counts - 1, torch.tensor(most))

    def packed(self, rows):
        """The items of these rows, one row after another, and the row of each."""
        counts = self.counts[rows]
        examples = torch.repeat_interleave(torch.arange(len(rows)), counts)
        starts = counts.cumsum(0) - counts
        local = torch.arange(len(examples)) - starts[examples]
        return self.firsts[rows][examples] + local, examples, counts, starts


class Batch:
    """The rows of a batch as a network reads them."""

    def __init__(self, sets, rows, architecture):
        self.y = sets.y[rows]
        if architecture == "perceptron":
            self.x = sets.x[rows]
        elif architecture == "transformer":
            self.pad(sets, rows)
        else:
            items, self.examples, self.counts, starts = sets.packed(rows)
            self.x = sets.items[items]
            if architecture == "edge-graph":
                self.neighbours = sets.neighbours[items] + starts[self.examples][:, None]
                degrees, most = sets.degrees[rows], sets.neighbours.shape[1]
                self.share = None
                if degrees.min() < most:
                    degrees = degrees[self.examples][:, None]
                    self.share = (torch.arange(most) < degrees) / degrees

    def pad(self, sets, rows):
        self.counts = counts = sets.counts[rows]
        local = torch.arange(int(counts.max()))
        present = local < counts[:, None]
        self.x = sets.items[torch.where(present, sets.firsts[rows][:, None] + local, 0)]
        self.present = present[..., None]
        self.mask = None if bool(present.all()) else present[:, None, None]


class Run:
    """One network, its optimizer and its rows."""

    def __init__(self, run, settings, sets, fused):
        self.sets, self.architecture = sets, run["architecture"]
        self.rows, self.end = run["training"], run["training"] + run["validation"]
        self.batch = settings["batch"]
        columns = (sets.x if self.architecture == "perceptron" else sets.items).shape[1]
        self.network = NETWORKS[self.architecture](run, columns, sets.y.shape[1])
        self.optimizer = torch_loop.adamw(self.network.parameters(), settings, fused)
        self.criterion = nn.MSELoss()
        self.best, self.kept = float("inf"), None

    def batches(self, rows):
        """Rows of each batch, in this order; for a transformer sorted into sets of similar size,
        and the batches in a random order."""
        if self.architecture != "transformer":
            return rows.split(self.batch)
        # whole batches of the sorted rows; those of one size are in random order
        by_size = rows[self.sets.counts[rows].sort(stable=True, dim=0).indices].split(self.batch)
        return [by_size[place] for place in torch.randperm(len(by_size))]

    def epoch(self):
        """Trains an epoch, validates and keeps the best parameters. Returns the number of steps."""
        batches = self.batches(torch.randperm(self.rows))
        for rows in batches:
            batch = Batch(self.sets, rows, self.architecture)
            self.optimizer.zero_grad()
            self.criterion(self.network(batch), batch.y).backward()
            self.optimizer.step()
        with torch.no_grad():
            loss = 0.0
            for rows in self.batches(torch.arange(self.rows, self.end)):
                batch = Batch(self.sets, rows, self.architecture)
                loss += self.criterion(self.network(batch), batch.y).item() * len(rows)
            loss /= self.end - self.rows
        if loss < self.best:
            self.best = loss
            self.kept = {name: value.clone() for name, value in self.network.state_dict().items()}
        return len(batches)


class Trainer(torch_loop.Trainer):
    def __init__(self, peer, work, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.runs, self.settings, self.fused = work["runs"], work["training"], peer == "torch-fused"
        self.sets = Sets(work, self.runs[0]["training"])
        self.started, self.turn, self.epochs = {}, 0, 0

    def start(self, number):
        return Run(self.runs[number], self.settings, self.sets, self.fused)
