"""Writes gravity.npz, the reference numbers of src/cosmology/gravity.rs.

pip install emantis fremu scipy
python make.py Cosmological_parameters.txt     # that file: Quijote-simulations/modified_gravity on GitHub, MIT licence
"""

import os
import pickle
import sys

import fremu
import numpy as np
import torch
from fit import table
from growth import linear_boost
from scipy.stats import qmc

K_NONLINEAR = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5])
K_LINEAR = np.geomspace(0.005, 1.0, 12)
K_FREMU = np.array([0.1, 0.15, 0.2, 0.3, 0.4, 0.5])


def growths():
    """Rows Om, h, M_nu, |f_R0| and the linear boost at K_LINEAR, by an adaptive solver."""
    u = qmc.Sobol(4, seed=11).random(32)
    x = np.column_stack(
        [0.1 + 0.4 * u[:, 0], 0.5 + 0.4 * u[:, 1], u[:, 2], 10 ** (-6.5 + (6.5 - 3.523) * u[:, 3])]
    )
    x[:8, 2] = 0.0
    return x, np.array([linear_boost(K_LINEAR, *row) for row in x])


def fremu_boosts():
    """Rows Om Ob h ns s8 M_nu f_R0 and the boost at K_FREMU: FREmu's network at f_R0 over the same
    at 0.

    FREmu divides by a spectrum without neutrinos and `get_boost` fails as shipped, so that its
    network is called here. Mean of 13 bins at each wavenumber. Omega_m in [0.2, 0.45], where it can
    be divided by its own value at f_R0 = 0.
    """
    folder = os.path.join(list(fremu.__path__)[0], "cache")
    k = np.load(f"{folder}/k.npy")[3:253]
    parts = np.load(f"{folder}/pc_0.0.npy")
    with open(f"{folder}/scaler.pkl", "rb") as file:
        scaler = pickle.load(file)
    net = {
        name: value.numpy().astype(float)
        for name, value in torch.load(f"{folder}/pc_ann_0.0.pth").items()
    }

    def boost(x):
        hidden = scaler.transform(x) @ net["hidden_layer1.weight"].T + net["hidden_layer1.bias"]
        out = 1 / (1 + np.exp(-hidden)) @ net["output_layer.weight"].T + net["output_layer.bias"]
        full = out @ parts[1:] + parts[0]
        near = [np.argmin(abs(k - q)) for q in K_FREMU]
        return np.array([full[:, i - 6 : i + 7].mean(1) for i in near]).T

    low = np.array([0.2, 0.035, 0.55, 0.85, 0.65, 0.05, -3e-4])
    high = np.array([0.45, 0.065, 0.85, 1.15, 0.95, 0.9, -5e-5])
    x = low + (high - low) * qmc.Sobol(7, seed=13).random(128)
    flat = x.copy()
    flat[:, 6] = 0
    return x, boost(x) / boost(flat)


def no_wiggle(k, omega_m, omega_b, h, n_s):
    """The shape of P without wiggles, Eisenstein & Hu 1998, equations 26 and 28-31; only weights of
    a mean here."""
    theta, matter, baryon = 2.7255 / 2.7, omega_m * h**2, omega_b * h**2
    sound = 44.5 * np.log(9.83 / matter) / np.sqrt(1 + 10 * baryon**0.75)
    share = omega_b / omega_m
    alpha = 1 - 0.328 * np.log(431 * matter) * share + 0.38 * np.log(22.3 * matter) * share**2
    gamma = omega_m * h * (alpha + (1 - alpha) / (1 + (0.43 * k * h * sound) ** 4))
    q = k * theta**2 / gamma
    log = np.log(2 * np.e + 1.8 * q)
    return k**n_s * (log / (log + (14.2 + 731 / (1 + 62.5 * q)) * q**2)) ** 2


def labels(path):
    """sigma_8 of f(R) over that of general relativity, as the Quijote-MG simulations are labelled,
    every 32nd of them.

    Rows Om h M_nu |f_R0| ratio, and the weights over K of the mean boost that the square of the
    ratio is.
    """
    k = np.geomspace(0.002, 1.0, 60)
    t = np.loadtxt(path)[:2048:32]
    _, om, ob, h, ns, s8, m_nu, f_r0, s8_mg, _ = t.T
    x = 8 * k
    window = 3 * (np.sin(x) - x * np.cos(x)) / x**3
    weights = np.array([no_wiggle(k, *row) * k**3 * window**2 for row in zip(om, ob, h, ns)])
    rows = np.column_stack([om, h, m_nu, -f_r0, s8_mg / s8])
    return k, rows, weights / weights.sum(1, keepdims=True)


def main():
    x, boost = table(256, 17, K_NONLINEAR)
    label_k, label_rows, label_weights = labels(sys.argv[1])
    growth_rows, growth_boost = growths()
    fremu_rows, fremu_boost = fremu_boosts()
    arrays = dict(
        emantis_k=K_NONLINEAR, emantis_rows=x, emantis_boost=boost, growth_k=K_LINEAR, growth_rows=growth_rows,
        growth_boost=growth_boost, fremu_k=K_FREMU, fremu_rows=fremu_rows, fremu_boost=fremu_boost, label_k=label_k,
        label_rows=label_rows, label_weights=label_weights,
    )  # fmt: skip
    here = os.path.dirname(os.path.abspath(__file__))
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    np.savez_compressed(f"{here}/gravity.npz", **arrays)


if __name__ == "__main__":
    main()
