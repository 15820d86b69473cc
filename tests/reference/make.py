"""Writes the PyTorch reference arrays that the tests compare shoal with: `python3 make.py
[OUT_DIR]`.

Needs numpy and torch. OUT_DIR is this folder unless given. README.md says what each file holds.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from integers import pcg4d

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # one order of summation, whatever the machine

SLOPE = float(np.float32(0.2))  # as float32 holds it, so that every implementation has the same
ACTIVATIONS = {
    "identity": lambda z: z,
    "relu": F.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, SLOPE),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "gelu": F.gelu,  # the exact form, with erf
}


# ---- shuffles of shoal (src/engine/random.rs), again in numpy ----


def permute(key, epoch, count):
    """The whole permutation of 0..count for `key` and `epoch`: element i goes to the i-th entry.

    The swap-or-not shuffle of Hoang, Morris & Rogaway (CRYPTO 2012), 24 rounds, as in
    src/engine/random.rs.
    """
    value = np.arange(count, dtype=np.uint32)
    size = np.uint32(count)
    for round_ in range(24):
        total = pcg4d(key, epoch, 65536 + round_ // 4, size)[round_ % 4]
        partner = (total % size + size - value) % size
        coin = pcg4d(key, epoch, round_, np.maximum(value, partner))[0] >> np.uint32(31)
        value = np.where(coin == 1, partner, value)
    assert np.array_equal(np.sort(value), np.arange(count)), f"not a permutation of {count}"
    return value


# ---- small helpers ----


def representable(values):
    """Float64 values that float32 holds exactly, so that every backend starts from the same
    numbers."""
    return np.asarray(values).astype(np.float32).astype(np.float64)


def random_network(rng, widths):
    """Kaiming-normal weights (fan_in, for leaky_relu) in PyTorch's [out, in], and small biases."""
    parameters = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        deviation = np.sqrt(2 / (1 + SLOPE**2) / fan_in)
        parameters.append(representable(deviation * rng.standard_normal((fan_out, fan_in))))
        parameters.append(representable(0.1 * rng.standard_normal(fan_out)))
    return parameters


def forward(parameters, x, hidden, output):
    """The prediction, and the inputs of all hidden activations."""
    layers = list(zip(parameters[::2], parameters[1::2]))
    inputs = []
    for weight, bias in layers[:-1]:
        inputs.append(F.linear(x, weight, bias))
        x = ACTIVATIONS[hidden](inputs[-1])
    return ACTIVATIONS[output](F.linear(x, *layers[-1])), inputs


def named(prefix, parameters, suffix=""):
    """w0, b0, w1, b1, ... with a prefix and a suffix."""
    return {
        f"{prefix}{'wb'[i % 2]}{i // 2}{suffix}": (
            p.detach().numpy().copy() if torch.is_tensor(p) else p
        )
        for i, p in enumerate(parameters)
    }


def save(folder, name, members):
    """Writes an uncompressed .npz and prints its members."""
    members["made_with"] = np.array([f"torch {torch.__version__}, numpy {np.__version__}"])
    np.savez(folder / f"{name}.npz", **members)
    print(f"\n{name}.npz")
    for member, array in members.items():
        array = np.asarray(array)
        assert array.dtype.kind not in "f" or np.isfinite(array).all(), member
        print(f"  {member:24} {array.dtype.str:6} {list(array.shape)}")


# ---- the files ----


def activations():
    # the shift keeps z away from 0, where relu and leaky_relu have no derivative
    grid = representable(np.linspace(-8, 8, 201) + 1e-3)
    members = {"z": grid}
    for name, activation in ACTIVATIONS.items():
        z = torch.tensor(grid, requires_grad=True)
        value = activation(z)
        (gradient,) = torch.autograd.grad(value.sum(), z)
        members[name] = value.detach().numpy()
        members[f"{name}_grad"] = gradient.numpy()
    return members


def forward_backward():
    rng = np.random.default_rng(20240601)
    networks = [  # widths, hidden, output, batch, loss weights
        ([7, 5, 3], "relu", "identity", 1, [1, 1, 1]),
        ([79, 33, 17, 6], "leaky_relu", "sigmoid", 5, [1, 1, 1, 1, 1, 0]),
        ([1, 1, 1], "tanh", "identity", 32, [1]),
        ([16, 64, 2], "sigmoid", "sigmoid", 17, [1, 1]),
        ([5, 9, 8, 7, 4], "silu", "identity", 8, [1, 1, 1, 1]),
        ([12, 31, 31, 31, 31, 31, 31, 3], "gelu", "sigmoid", 3, [1, 1, 1]),
    ]
    members = {}
    for n, (widths, hidden, output, batch, loss_weights) in enumerate(networks):
        start = random_network(rng, widths)
        x = representable(rng.standard_normal((batch, widths[0])))
        t = representable(rng.uniform(0.05, 0.95, (batch, widths[-1])))
        lw = torch.tensor(loss_weights, dtype=torch.float64)

        parameters = [torch.tensor(p, requires_grad=True) for p in start]
        p, inputs = forward(parameters, torch.tensor(x), hidden, output)
        target = torch.tensor(t)
        loss = (lw * (p - target) ** 2).sum() / (batch * lw.sum())
        loss.backward()

        kept = lw > 0
        assert torch.allclose(loss, F.mse_loss(p[:, kept], target[:, kept]), rtol=1e-14, atol=0)
        if hidden in ("relu", "leaky_relu"):  # float32 must not land on the other side of the kink
            assert min(z.abs().min() for z in inputs) > 1e-4
        assert all(
            q.grad.abs().max() > 0 for q in parameters
        )  # no dead layer: each gradient tests something

        prefix = f"n{n}_"
        members |= {
            f"{prefix}widths": np.array(widths, dtype=np.int64),
            f"{prefix}hidden": np.array([hidden]),
            f"{prefix}output": np.array([output]),
            f"{prefix}x": x,
            f"{prefix}t": t,
            f"{prefix}loss_weights": lw.numpy(),
            **named(prefix, start),
            f"{prefix}p": p.detach().numpy(),
            f"{prefix}loss": np.array([loss.item()]),
            **named(f"{prefix}g", [q.grad for q in parameters]),
        }
    return members


def losses():
    """Outputs, targets and weights of a batch for each loss of shoal, its value and its gradient."""
    rng = np.random.default_rng(20240605)
    batch = 11

    def moments(a, t, w, v, _):
        # CAMELS: mean over the batch of both errors, logarithms, then over the parameters
        mean, deviation = a[:, 0::2], a[:, 1::2]
        square = (mean - t) ** 2
        first = (v[:, None] * square).mean(axis=0)
        second = (v[:, None] * (square - deviation**2) ** 2).mean(axis=0)
        return (w * (torch.log(first) + torch.log(second))).sum() / w.sum()

    def per_target(of):
        def loss(a, t, w, v, parameter):
            return (v[:, None] * w * of(a, t, parameter)).sum() / (batch * w.sum())

        return loss

    def cross_entropy(a, t, w, v, smoothing):
        each = F.cross_entropy(a, t, weight=w, label_smoothing=smoothing, reduction="none")
        return (v * each).sum() / batch

    def binary(a, t, smoothing):
        smooth = t * (1 - smoothing) + smoothing / 2
        return F.binary_cross_entropy_with_logits(a, smooth, reduction="none")

    def gaussian(a, t, _):
        variance = torch.exp(a[:, 1::2])
        return F.gaussian_nll_loss(a[:, 0::2], t, variance, eps=1e-12, reduction="none")

    cases = {  # the loss, outputs of a target, parameter
        "mse": (per_target(lambda a, t, _: F.mse_loss(a, t, reduction="none")), 1, 0),
        "huber": (per_target(lambda a, t, d: F.huber_loss(a, t, delta=d, reduction="none")), 1, 0.3),
        "bce": (per_target(binary), 1, 0.1),
        "cross-entropy": (cross_entropy, 1, 0.2),
        "gaussian": (per_target(gaussian), 2, 0),
        "moments": (moments, 2, 0),
    }
    members = {}
    for name, (of, outputs_per_target, parameter) in cases.items():
        targets = 5
        a = representable(2 * rng.standard_normal((batch, targets * outputs_per_target)))
        t = representable(rng.uniform(0, 1, (batch, targets)))
        if name == "cross-entropy":
            t = np.eye(targets)[rng.integers(0, targets, batch)]
        w = representable(rng.uniform(0.5, 2, targets))
        v = representable(rng.uniform(0.2, 2, batch))
        if name != "moments":
            v[::4] *= -0.25
        parameter = float(np.float32(parameter))
        outputs = torch.tensor(a, requires_grad=True)
        loss = of(outputs, *map(torch.tensor, (t, w, v)), parameter)
        loss.backward()
        members |= {
            f"{name}_a": a,
            f"{name}_t": t,
            f"{name}_w": w,
            f"{name}_v": v,
            f"{name}_parameter": np.array([parameter]),
            f"{name}_loss": np.array([loss.item()]),
            f"{name}_gradient": outputs.grad.numpy(),
        }
    return members


def make_adamw(parameters, settings, scales=None):
    """AdamW; with scales (rates, decays), factors of the learning rate and the weight decay of each
    parameter. One with rate 0 has no gradient."""
    lr, beta1, beta2, eps, weight_decay = (float(s) for s in settings)
    if scales is not None:
        groups = list(zip(parameters, *scales))
        for parameter, rate, _ in groups:
            parameter.requires_grad_(bool(rate > 0))
        parameters = [
            {"params": [parameter], "lr": lr * rate, "weight_decay": weight_decay * decay}
            for parameter, rate, decay in groups
            if rate > 0
        ]
    return torch.optim.AdamW(
        parameters, lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=weight_decay, foreach=False
    )


def adamw():
    rng = np.random.default_rng(20240602)
    settings = np.array(  # lr, beta1, beta2, eps, weight decay
        [
            [1e-3, 0.9, 0.999, 1e-8, 1e-2],
            [3e-4, 0.5, 0.999, 1e-8, 1e-4],
            [1e-2, 0.9, 0.95, 1e-6, 0.0],
            [1e-1, 0.5, 0.999, 1e-8, 1.0],
        ]
    )
    steps, count = 50, 37
    gradients = np.logspace(-8, 3, count) * rng.standard_normal((steps, count))
    gradients[rng.random((steps, count)) < 0.1] = 0
    gradients[:, 18] = 0  # never a gradient: only weight decay moves it
    gradients[:10, 9] = 0  # first gradient at step 11
    gradients = representable(gradients)
    start = representable(rng.standard_normal(count))

    members = {"settings": settings, "start": start, "gradients": gradients}
    for s, setting in enumerate(settings):
        parameter = torch.tensor(start, requires_grad=True)
        optimizer = make_adamw([parameter], setting)
        for step in range(1, steps + 1):
            parameter.grad = torch.tensor(gradients[step - 1])
            optimizer.step()
            if step in (1, 10, 50):
                members[f"s{s}_step{step}"] = parameter.detach().numpy().copy()
    return members


KEY = 12345
EPOCHS, BATCH, ROWS, VALIDATION_ROWS = 38, 8, 61, 19
ADAMW = np.array([1e-3, 0.5, 0.999, 1e-8, 1e-2])


def make_schedule(optimizer, warmup, steps, final_fraction):
    """A linear warm-up to the full rate, then half a cosine up to `steps`, or, if there are none, a
    constant rate."""
    schedulers = []
    if warmup > 0:
        factor = 1 / (warmup + 1)
        schedulers.append(lr_scheduler.LinearLR(optimizer, start_factor=factor, total_iters=warmup))
    if steps > 0:
        rate = optimizer.defaults["lr"]
        schedulers.append(
            lr_scheduler.CosineAnnealingLR(optimizer, steps - warmup, eta_min=final_fraction * rate)
        )
    else:
        schedulers.append(lr_scheduler.ConstantLR(optimizer, factor=1.0))
    return lr_scheduler.SequentialLR(optimizer, schedulers, [warmup] if warmup > 0 else [])


def schedules():
    settings = np.array(  # rate, steps of the warm-up, steps of warm-up and cosine (0: no cosine), final fraction
        [
            [1e-3, 20, 304, 0.05],
            [3e-4, 0, 500, 0],
            [1e-2, 7, 0, 1],
            [1e-1, 1, 100, 0.5],
            [5e-3, 99, 100, 0],
        ]
    )
    members = {"settings": settings}
    for s, (rate, warmup, steps, final_fraction) in enumerate(settings):
        optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=rate)
        schedule = make_schedule(optimizer, int(warmup), int(steps), final_fraction)
        rates = []
        for _ in range(int(steps) or 50):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        members[f"s{s}_rates"] = np.array(rates)
    return members


CLIP_NORM, WARMUP, FINAL_FRACTION = 0.11, 20, 0.05
GROUPS_CLIP_NORM = 0.15
AVERAGE = 0.9
# rates and decays of w0, b0, w1, b1, w2, b2
SCALES = np.array([[0.125, 0.125, 0, 1, 1, 2], [1, 0, 1, 0, 3, 0]])


def train(data, start, dtype, suffix, clip_norm=None, scheduled=False, scales=None, average=None):
    """The training in one precision: weights after 300 and after all steps, losses and validation
    errors. With clipping the norms before it are stored. With the decay of an average, the average
    is validated, and stored after all steps in place of the weights."""
    x, t, x_validation, t_validation = (torch.tensor(a, dtype=dtype) for a in data)
    parameters = [torch.tensor(p, dtype=dtype, requires_grad=True) for p in start]
    optimizer = make_adamw(parameters, ADAMW, scales)
    schedule = make_schedule(optimizer, WARMUP, 304, FINAL_FRACTION) if scheduled else None
    members, losses, validation, norms = {}, [], [], []
    validated = parameters
    if average is not None:
        model = torch.nn.ParameterList(parameters)
        averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(average))
        parameters, validated = list(model), list(averaged.module)
        optimizer = make_adamw(parameters, ADAMW, scales)
    for epoch in range(EPOCHS):
        order = torch.tensor(permute(KEY, epoch, ROWS).astype(np.int64))
        for rows in order.split(
            BATCH
        ):  # the last batch has 5 rows; its loss is the mean over those 5
            p, _ = forward(parameters, x[rows], "leaky_relu", "sigmoid")
            loss = F.mse_loss(p, t[rows])
            optimizer.zero_grad()
            loss.backward()
            if clip_norm:
                norms.append(torch.nn.utils.clip_grad_norm_(parameters, clip_norm).item())
            optimizer.step()
            if scheduled:
                schedule.step()
            if average is not None:
                averaged.update_parameters(model)
            losses.append(loss.item())
            if len(losses) == 300:
                members |= named("step300_", parameters, suffix)
        with torch.no_grad():
            p, _ = forward(validated, x_validation, "leaky_relu", "sigmoid")
            validation.append(F.mse_loss(p, t_validation).item())
    assert len(losses) == 304
    precision = str(dtype).removeprefix("torch.")
    members |= named("step304_", validated, suffix)
    members[f"step_loss{suffix}"] = np.array(losses, dtype=precision)
    members[f"validation_mse{suffix}"] = np.array(validation, dtype=precision)
    if clip_norm:
        members[f"norm{suffix}"] = np.array(norms, dtype=precision)
    return members


def training_data():
    """Widths, the weights to start with, and x and t to train and to validate on."""
    rng = np.random.default_rng(20240603)
    widths = [10, 24, 16, 3]
    start = random_network(rng, widths)
    x = representable(rng.standard_normal((ROWS + VALIDATION_ROWS, widths[0])))
    # something to learn, within the sigmoid's range
    signal = (
        np.tanh(x @ rng.standard_normal((widths[0], widths[-1])) / 3) + 0.1 * x[:, :3] * x[:, 3:6]
    )
    t = representable(1 / (1 + np.exp(-2 * signal)))
    return widths, start, (x[:ROWS], t[:ROWS], x[ROWS:], t[ROWS:])


def both_precisions(data, start, **settings):
    """The training in float64 and in float32."""
    double = train(data, start, torch.float64, "", **settings)
    single = train(data, start, torch.float32, "_f32", **settings)
    print(
        "float32 against float64: worst |difference| / largest |value| of the array, and worst relative one"
    )
    for name, expected in double.items():
        difference = np.abs(single[f"{name}_f32"].astype(np.float64) - expected)
        relative = (difference / np.abs(expected)).max()
        print(f"  {name:16} {difference.max() / np.abs(expected).max():.2e}  {relative:.2e}")
    return double, single


def training():
    widths, start, data = training_data()
    double, single = both_precisions(data, start)
    return {
        "key": np.array([KEY], dtype=np.uint32),
        "widths": np.array(widths, dtype=np.int64),
        "adamw": ADAMW,
        **dict(zip(("x_train", "t_train", "x_validation", "t_validation"), data)),
        "order": np.stack([permute(KEY, epoch, ROWS) for epoch in range(3)]).astype(np.int64),
        **named("start_", start),
        **double,
        **single,
    }


def clipped():
    _, start, data = training_data()
    double, _ = both_precisions(data, start, clip_norm=CLIP_NORM, scheduled=True)
    share = (double["norm"] > CLIP_NORM).mean()
    print(f"clipped in {share:.0%} of the steps")
    assert 0.2 < share < 0.8  # or it tests one side alone
    return {
        "clip_norm": np.array([CLIP_NORM]),
        "warmup_steps": np.array([WARMUP], dtype=np.int64),
        "final_fraction": np.array([FINAL_FRACTION]),
        **double,
    }


def groups():
    _, start, data = training_data()
    double, _ = both_precisions(data, start, scales=SCALES)
    return {"scales": SCALES, **double}


def groups_clipped():
    _, start, data = training_data()
    double, _ = both_precisions(data, start, scales=SCALES, clip_norm=GROUPS_CLIP_NORM)
    share = (double["norm"] > GROUPS_CLIP_NORM).mean()
    print(f"clipped in {share:.0%} of the steps")
    assert 0.2 < share < 0.8
    return {"scales": SCALES, "clip_norm": np.array([GROUPS_CLIP_NORM]), **double}


def average():
    _, start, data = training_data()
    double, _ = both_precisions(data, start, average=AVERAGE)
    return {"average": np.array([AVERAGE]), **double}


def average_clipped():
    _, start, data = training_data()
    double, _ = both_precisions(data, start, average=AVERAGE, clip_norm=CLIP_NORM)
    return {"average": np.array([AVERAGE]), "clip_norm": np.array([CLIP_NORM]), **double}


def permutation():
    rng = np.random.default_rng(20240604)
    words = rng.integers(0, 2**32, (20, 4), dtype=np.uint32)
    keys = [0, 1, 12345, 12345, 2654435769, 2**32 - 1]
    epochs = [0, 0, 0, 7, 499, 2**32 - 1]
    members = {
        "pcg4d_in": words,
        "pcg4d_out": np.stack(pcg4d(*words.T), axis=1),
        "key": np.array(keys, dtype=np.uint32),
        "epoch": np.array(epochs, dtype=np.uint32),
    }
    for count in (1, 2, 3, 5, 16, 17, 61, 1000):
        members[f"permute_{count}"] = np.stack([permute(k, e, count) for k, e in zip(keys, epochs)])
    return members


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out_dir", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    folder = parser.parse_args().out_dir
    folder.mkdir(parents=True, exist_ok=True)
    print(f"torch {torch.__version__}, numpy {np.__version__}")
    makers = (activations, forward_backward, losses, adamw, schedules, training, clipped)
    for make in (*makers, groups, groups_clipped, average, average_clipped, permutation):
        save(folder, make.__name__, make())


if __name__ == "__main__":
    main()
