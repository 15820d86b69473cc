"""Writes the behaviour of Optuna, for the tests to compare shoal with: `python3 make.py
[estimators|proposals|bests|pruning ...]`.

Needs optuna and numpy. Without an argument all four files are written next to this one. README.md
describes each file.
"""

import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe import parzen_estimator, sampler as tpe
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import TrialState, create_trial

sys.dont_write_bytecode = True
import functions  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")

FOLDER = Path(__file__).parent
STATES = {
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

SPACE = {
    "plain": FloatDistribution(-2.0, 3.0),
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "stepped": FloatDistribution(0.0, 1.0, step=0.125),
    "layers": IntDistribution(1, 3),
    "units": IntDistribution(4, 500),
    "coarse": IntDistribution(16, 512, step=16),
    "few": IntDistribution(1, 64, log=True),
    "kind": CategoricalDistribution(["relu", "tanh", "silu", "gelu"]),
    # there only in trials with two layers or more
    "second": FloatDistribution(0.2, 0.8),
}


class StableNumpy:
    """numpy, but argsort keeps the order of ties. numpy leaves that order open; it decides which of
    two equal observations gets which width, and so matters once their weights differ."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def argsort(values):
        return np.argsort(values, kind="stable")


parzen_estimator.np = StableNumpy()


def describe(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return {"choices": list(distribution.choices)}
    kind = "int" if isinstance(distribution, IntDistribution) else "float"
    return {
        "kind": kind,
        "low": distribution.low,
        "high": distribution.high,
        "log": distribution.log,
        "step": distribution.step,
    }


def text(number):
    """JSON has no word for numbers that are not finite."""
    return number if number is None or math.isfinite(number) else str(number)


def write(name, content):
    content = {"made_with": f"optuna {optuna.__version__}, numpy {np.__version__}", **content}
    (FOLDER / name).write_text(
        json.dumps(content, indent=None, separators=(",", ":")).replace('],"', '],\n"') + "\n"
    )


# ---- histories ----


def history(seed, count, pruned=0.0, failed=0.0, running=0, ties=False):
    """Random trials, with values that depend on the parameters, so that good ones are close."""
    rng = np.random.default_rng(seed)
    trials = []
    for number in range(count + running):
        params = {name: draw(rng, distribution) for name, distribution in SPACE.items()}
        if params["layers"] < 2:
            del params["second"]
        value = (
            abs(params["plain"] - 1.0)
            + abs(math.log10(params["rate"]) + 3.0)
            + 0.3 * rng.standard_normal()
        )
        value = round(value) if ties else value
        losses = {step: value + 1.0 / step for step in range(1, int(rng.integers(2, 6)))}
        fate = rng.random()
        if number >= count:
            state, value = TrialState.RUNNING, None
        elif fate < pruned:
            state, value = TrialState.PRUNED, None
            if rng.random() < 0.2:
                losses[max(losses)] = math.nan
            elif rng.random() < 0.1:
                losses = {}
        elif fate < pruned + failed:
            state, value = TrialState.FAIL, None
        else:
            state = TrialState.COMPLETE
        distributions = {name: SPACE[name] for name in params}
        trials.append((state, value, params, distributions, losses))
    return trials


def draw(rng, distribution):
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(rng.integers(len(distribution.choices)))]
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = float(rng.uniform(low, high))
    if step is not None:
        value = low + round((value - low) / step) * step
    value = min(max(value, low), high)
    return int(value) if isinstance(distribution, IntDistribution) else value


def study_of(trials):
    study = optuna.create_study()
    for state, value, params, distributions, losses in trials:
        study.add_trial(
            create_trial(
                state=state,
                value=value,
                params=params,
                distributions=distributions,
                intermediate_values=losses,
            )
        )
    return study


def stored(trials):
    return [
        {
            "state": STATES[state],
            "value": value,
            "parameters": [
                distribution.to_internal_repr(params[name]) if name in params else None
                for name, distribution in SPACE.items()
            ],
            "losses": [[step, text(loss)] for step, loss in losses.items()],
        }
        for state, value, params, distributions, losses in trials
    ]


HISTORIES = {
    "eleven": history(1, 11),
    "twenty, with ties": history(2, 20, ties=True),
    "sixty, some pruned, some failed": history(3, 60, pruned=0.3, failed=0.1),
    "forty, most pruned": history(4, 40, pruned=0.95),
    "three hundred, thirty running": history(5, 300, pruned=0.2, running=30),
}


# ---- the estimators and the densities ----


def estimators():
    rng = np.random.default_rng(11)
    cases = []
    for name, trials in HISTORIES.items():
        study = study_of(trials)
        frozen = [trial for trial in study.get_trials() if trial.state != TrialState.FAIL]
        finished = sum(trial.state != TrialState.RUNNING for trial in frozen)
        best, rest = tpe._split_trials(study, frozen, tpe.default_gamma(finished))
        sampler = TPESampler(multivariate=False)
        parameters = []
        for parameter, distribution in SPACE.items():
            space = {parameter: distribution}
            pair = [
                sampler._build_parzen_estimator(study, space, part, handle_below=below)
                for part, below in ((best, True), (rest, False))
            ]
            points = sorted(
                {distribution.to_internal_repr(draw(rng, distribution)) for _ in range(12)}
            )
            samples = {parameter: np.array(points)}
            below, above = (estimator.log_pdf(samples) for estimator in pair)
            parameters.append(
                {
                    "good": kernels(pair[0]),
                    "bad": kernels(pair[1]),
                    "points": points,
                    "log_good": below.tolist(),
                    "log_bad": above.tolist(),
                }
            )
        cases.append(
            {
                "history": name,
                "trials": stored(trials),
                "parameters": parameters,
                "joint": joint(study, best, rest, rng),
            }
        )
    space = [{"name": name, **describe(distribution)} for name, distribution in SPACE.items()]
    write("estimators.json", {"space": space, "cases": cases})


def shared_space(study):
    """The parameters of every finished trial, in the order of SPACE."""
    shared = IntersectionSearchSpace(include_pruned=True).calculate(study)
    return {name: distribution for name, distribution in SPACE.items() if name in shared}


def joint(study, best, rest, rng):
    """The joint densities of the parameters that every finished trial has."""
    space = shared_space(study)
    sampler = TPESampler(multivariate=True)
    points = [[d.to_internal_repr(draw(rng, d)) for d in space.values()] for _ in range(12)]
    samples = {name: np.array(column) for name, column in zip(space, zip(*points))}
    below, above = (
        sampler._build_parzen_estimator(study, space, part, handle_below=below).log_pdf(samples)
        for part, below in ((best, True), (rest, False))
    )
    return {
        "names": list(space),
        "points": points,
        "log_good": below.tolist(),
        "log_bad": above.tolist(),
    }


def kernels(estimator):
    mixture = estimator._mixture_distribution
    (distribution,) = mixture.distributions
    if hasattr(distribution, "mu"):
        return {
            "weights": mixture.weights.tolist(),
            "mus": distribution.mu.tolist(),
            "sigmas": distribution.sigma.tolist(),
        }
    return {"weights": mixture.weights.tolist(), "rows": distribution.weights.tolist()}


# ---- proposals ----


def proposals(count=2000):
    cases = []
    for name in ("sixty, some pruned, some failed", "three hundred, thirty running"):
        study = study_of(HISTORIES[name])
        sampler = TPESampler(multivariate=False, constant_liar=True, seed=17)
        trial = study.ask()
        frozen = study.get_trials()[trial.number]
        values = []
        for parameter, distribution in SPACE.items():
            drawn = [
                sampler.sample_independent(study, frozen, parameter, distribution)
                for _ in range(count)
            ]
            values.append([seven(distribution, value) for value in drawn])
        sampler = TPESampler(multivariate=True, constant_liar=True, seed=18)
        space = shared_space(study)
        drawn = [sampler.sample_relative(study, frozen, space) for _ in range(count)]
        joint = [
            [seven(distribution, each[name]) for each in drawn]
            for name, distribution in space.items()
        ]
        cases.append({"history": name, "proposals": values, "joint": joint})
    write("proposals.json", {"cases": cases})


def seven(distribution, value):
    """Seven digits of the internal value."""
    return float(f"{distribution.to_internal_repr(value):.7g}")


# ---- the best of 100 ----


MODES = {
    "one at a time": {"batch": 1, "multivariate": False},
    "ten at a time": {"batch": 10, "multivariate": False},
    "multivariate, one at a time": {"batch": 1, "multivariate": True},
}


def bests(seeds=50, trials=100):
    content = {name: {} for name in functions.FUNCTIONS}
    for mode, settings in MODES.items():
        for name, function in functions.FUNCTIONS.items():
            content[name][mode] = [
                best(function, seed, trials, **settings) for seed in range(seeds)
            ]
            print(mode, name, float(np.median(content[name][mode])), flush=True)
            write("bests.json", {"trials": trials, "startup": 10, "functions": content})


def best(function, seed, trials, batch, multivariate):
    study = optuna.create_study(
        sampler=TPESampler(seed=seed, multivariate=multivariate, constant_liar=True)
    )
    for _ in range(trials // batch):
        asked = [study.ask() for _ in range(batch)]
        values = [function(trial) for trial in asked]
        for trial, value in zip(asked, values):
            study.tell(trial, value)
    return study.best_value


# ---- pruners ----


def pruning():
    from optuna.pruners import MedianPruner, SuccessiveHalvingPruner

    pruners = {
        "median": [
            ({"startup": 5, "warmup": 0, "interval": 1}, MedianPruner(5, 0, 1)),
            ({"startup": 2, "warmup": 6, "interval": 4}, MedianPruner(2, 6, 4)),
        ],
        "halving": [
            (
                {"first": first, "factor": factor, "delay": delay},
                SuccessiveHalvingPruner(first, factor, delay),
            )
            for first, factor, delay in ((1, 4, 0), (2, 3, 0), (1, 2, 1))
        ],
    }
    cases = []
    for rule, settings in pruners.items():
        for index, (setting, pruner) in enumerate(settings):
            for together in (1, 8):
                trace = decisions(pruner, together, seed=100 * together + index)
                cases.append({"rule": rule, **setting, "together": together, "trace": trace})
    write("pruning.json", {"cases": cases})


def decisions(pruner, together, count=40, epochs=32, seed=0):
    """Trials, `together` of them at a time, report epoch by epoch. Each entry: trial, epoch, loss,
    whether it is pruned; an entry of the trial alone says that it is complete."""
    rng = np.random.default_rng(seed)
    study = optuna.create_study(pruner=pruner)
    trace, waiting, active = [], count, []
    while waiting or active:
        while waiting and len(active) < together:
            floor, speed = rng.uniform(0.0, 1.0), rng.uniform(0.02, 0.6)
            broken = int(rng.integers(1, epochs)) if rng.random() < 0.1 else epochs + 1
            active.append([study.ask(), 0, floor, speed, broken])
            waiting -= 1
        at = int(rng.integers(len(active)))
        run = active[at]
        run[1] += 1
        trial, epoch, floor, speed, broken = run
        loss = floor + math.exp(-speed * epoch) + 0.05 * rng.standard_normal()
        # two digits: equal losses happen
        loss = math.nan if epoch >= broken else round(loss, 2)
        trial.report(loss, epoch)
        stops = bool(trial.should_prune())
        trace.append([trial.number, epoch, text(loss), stops])
        if stops:
            study.tell(trial, state=TrialState.PRUNED)
            active.pop(at)
        elif epoch == epochs:
            # a loss that is no number makes a failed trial
            study.tell(trial, loss, state=None)
            trace.append([trial.number])
            active.pop(at)
    return trace


if __name__ == "__main__":
    parts = {"estimators": estimators, "proposals": proposals, "bests": bests, "pruning": pruning}
    for part in sys.argv[1:] or parts:
        parts[part]()
