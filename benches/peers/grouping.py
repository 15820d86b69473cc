"""Which runs a peer that stacks networks trains together, and the trainer that such peers share.

A stack needs one depth, one number of rows (so that epochs end together) and one kind of input.
Widths are padded to the widest of the stack with zeros, which AdamW leaves zero, and a stack trains
as long as its longest run. Each step of a stack has a fixed cost, and padding is wasted work.
Starting from stacks of one run each, the two whose union saves most by the model below are joined,
as long as any saves.
"""

import itertools
import time


def padded(runs):
    """Widths of the stack: inputs and hidden layers; None for inputs from the table."""
    hidden = [max(widths) for widths in zip(*(run["hidden"] for run in runs))]
    inputs = max((run["frozen"][-1] for run in runs if run["frozen"]), default=None)
    return inputs, hidden


def cost(runs, work, step_seconds, flops_a_second):
    """Seconds of a stack by this model."""
    batch, (inputs, hidden) = work["training"]["batch"], padded(runs)
    widths = [inputs or work["inputs"], *hidden, work["targets"]]
    weights = sum(a * b for a, b in itertools.pairwise(widths))
    steps = max(run["epochs"] for run in runs) * -(-runs[0]["training"] // batch)
    return steps * (step_seconds + len(runs) * 6 * batch * weights / flops_a_second)


def stacks(work, step_seconds, flops_a_second):
    """Lists of runs, each to be trained together."""

    def price(runs):
        return cost(runs, work, step_seconds, flops_a_second)

    def gain(one, other):
        return price(one) + price(other) - price(one + other)

    alike = {}
    for run in work["runs"]:
        alike.setdefault((run["training"], len(run["hidden"]), bool(run["frozen"])), []).append(run)
    found = []
    for runs in alike.values():
        groups = [[run] for run in runs]
        while len(groups) > 1:
            pairs = itertools.combinations(range(len(groups)), 2)
            saved, first, second = max((gain(groups[i], groups[j]), i, j) for i, j in pairs)
            if saved <= 0:
                break
            groups[first] = groups[first] + groups.pop(second)
        found += groups
    return found


class Trainer:
    """Trains a list stack by stack.

    A peer adds `start(runs)`, which gives a stack: `count` is the number of runs, `epoch()` trains
    an epoch of each and returns the number of steps of each, `wait()` returns when that is done,
    and `losses()` is the sum of their best validation losses.
    """

    def __init__(self, work, step_seconds, flops_a_second):
        self.work, self.costs, self.stack = work, (step_seconds, flops_a_second), None

    def stacks(self):
        return stacks(self.work, *self.costs)

    def rate(self, seconds):
        """All runs of a homogeneous list together."""
        self.stack = self.stack or self.start(self.work["runs"])
        end, steps = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            steps += self.stack.epoch() * self.stack.count
            self.stack.wait()
        return steps

    def whole(self):
        """Every run to its last epoch; the steps, and the mean of the best validation losses."""
        steps, best = 0, 0.0
        for runs in self.stacks():
            stack = self.start(runs)
            last = sorted(run["epochs"] for run in runs)
            for epoch in range(last[-1]):
                # what a run would do beyond its last epoch does not count
                steps += stack.epoch() * sum(end > epoch for end in last)
            best += stack.losses()
        return steps, best / len(self.work["runs"])
