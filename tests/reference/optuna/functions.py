"""The functions that both searches minimise; tests/library/search/bests.rs has the same ones."""

import math


def sphere(trial):
    return sum(trial.suggest_float(f"x{i}", -5.0, 5.0) ** 2 for i in range(4))


def rosenbrock(trial):
    x, y, z = (trial.suggest_float(f"x{i}", -2.0, 2.0) for i in range(3))
    return 100.0 * (y - x * x) ** 2 + (1.0 - x) ** 2 + 100.0 * (z - y * y) ** 2 + (1.0 - y) ** 2


def ackley(trial):
    x = [trial.suggest_float(f"x{i}", -32.0, 32.0) for i in range(3)]
    squares = sum(v * v for v in x) / 3.0
    waves = sum(math.cos(2.0 * math.pi * v) for v in x) / 3.0
    return -20.0 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(waves) + 20.0 + math.e


def conditional(trial):
    """With more layers the valley is deeper and harder to find."""
    layers = trial.suggest_int("layers", 1, 3)
    miss = 0.0
    for i in range(1, layers + 1):
        units = trial.suggest_int(f"units_{i}", 4, 500)
        miss += ((units - 100.0 * i) / 500.0) ** 2
    rate = trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True)
    return 1.0 / layers + miss + (math.log10(rate) + 3.0) ** 2


def mixed(trial):
    """A valley in a logarithmic number, linear, stepped and logarithmic integers, and a choice."""
    rate = trial.suggest_float("learning_rate", 1e-6, 1.0, log=True)
    width = trial.suggest_int("width", 1, 1024, log=True)
    depth = trial.suggest_int("depth", 0, 20)
    size = trial.suggest_int("size", 16, 512, step=16)
    kind = trial.suggest_categorical("kind", ["a", "b", "c", "d"])
    return (
        (math.log10(rate) + 2.5) ** 2
        + (math.log2(width) - 7.0) ** 2 / 4.0
        + (depth - 13) ** 2 / 50.0
        + (size - 192) ** 2 / 4e4
        + {"a": 1.0, "b": 0.5, "c": 0.0, "d": 2.0}[kind]
    )


FUNCTIONS = {
    "sphere": sphere,
    "rosenbrock": rosenbrock,
    "ackley": ackley,
    "conditional": conditional,
    "mixed": mixed,
}
