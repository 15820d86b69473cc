"""What people write: a plain PyTorch loop that trains R small networks one after the other, on the CPU.

Each network is 79-W-W-6 with LeakyReLU(0.2), dropout 0.2 after each hidden layer and a sigmoid output, trained on a
random table of 2000 rows with nn.MSELoss, batches of 32, a torch.randperm per epoch and AdamW. Everything is as
PyTorch ships it: float32, eager, no torch.compile, no vmap.

Timed: shuffling, gathering the batch, zero_grad, forward, loss, backward, optimizer step.
Not timed: making the table, the networks and their optimizers, a warm-up of five steps each, any validation or
logging (there is none). The unit is member-steps per second: one optimizer step of one network is one member-step.
"""

import argparse
import statistics
import time

import torch
from torch import nn

INPUTS, OUTPUTS, ROWS, BATCH = 79, 6, 2000, 32


def make_member(width):
    network = nn.Sequential(
        nn.Linear(INPUTS, width), nn.LeakyReLU(0.2), nn.Dropout(0.2),
        nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Dropout(0.2),
        nn.Linear(width, OUTPUTS), nn.Sigmoid(),
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, betas=(0.5, 0.999), weight_decay=1e-4)
    return network, optimizer


def train(network, optimizer, x, t, steps):
    criterion = nn.MSELoss()
    network.train()
    done = 0
    while done < steps:
        order = torch.randperm(ROWS)
        for rows in order.split(BATCH):
            optimizer.zero_grad()
            loss = criterion(network(x[rows]), t[rows])
            loss.backward()
            optimizer.step()
            done += 1
            if done == steps:
                break


def measure(arguments, threads):
    """Member-steps per second of each repeat."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    x, t = torch.randn(ROWS, INPUTS), torch.rand(ROWS, OUTPUTS)
    members = [make_member(arguments.width) for _ in range(arguments.runs)]
    for network, optimizer in members:
        train(network, optimizer, x, t, 5)  # the first step also allocates the optimizer's moments
    rates = []
    for _ in range(arguments.repeats):
        begin = time.perf_counter()
        for network, optimizer in members:
            train(network, optimizer, x, t, arguments.steps)
        rates.append(arguments.runs * arguments.steps / (time.perf_counter() - begin))
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=24, help="independent networks")
    parser.add_argument("--width", type=int, default=128, help="width of both hidden layers")
    parser.add_argument("--steps", type=int, default=50, help="steps of each network in one repeat")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, help="default: one thread and PyTorch's own choice, better reported")
    arguments = parser.parse_args()

    choices = [arguments.threads] if arguments.threads else sorted({1, torch.get_num_threads()})
    rates = {threads: measure(arguments, threads) for threads in choices}
    best = max(rates, key=lambda threads: statistics.median(rates[threads]))
    print(f"torch {torch.__version__}, {arguments.runs} networks of {INPUTS}-{arguments.width}-{arguments.width}-{OUTPUTS}")
    for threads, found in rates.items():
        print(
            f"{threads:3} threads: {statistics.median(found):8.0f} member-steps/s "
            f"(min {min(found):.0f}, max {max(found):.0f}, {len(found)} repeats)"
            f"{' <- best' if threads == best and len(rates) > 1 else ''}"
        )


if __name__ == "__main__":
    main()
