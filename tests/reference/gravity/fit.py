"""The eleven numbers of `nonlinear_boost` in src/cosmology/gravity.rs, from e-MANTIS (`pip install
emantis scipy`).

The boost is 1 + (B_linear - 1) A / (1 + X). ln X is linear in 1, ln f, ln k, ln Om, ln s8, n_s
(screening and nonlinear damping), ln A in ln k, ln Om, ln s8, ln k ln Om, ln k ln s8. Fitted on 256
cosmologies of its range, tested on 256 others.
"""

import numpy as np
from emantis.matter_power_spectrum import NonLinearMGBoostEmulator
from growth import linear_boost
from scipy.optimize import least_squares
from scipy.stats import qmc

K = np.array([0.05, 0.07, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8, 1.0])
NAMES = ["Omega_m", "Omega_b", "h", "n_s", "sigma8_lcdm", "logfR0"]


def table(count, seed, k):
    """Cosmologies (count, 6) over the range of e-MANTIS inside the prior, and its boosts (count,
    len(k)) today."""
    emulator = NonLinearMGBoostEmulator(model="fR", verbose=False)
    low = np.array([emulator.params_range[name]["min_value"] for name in NAMES])
    high = np.array([emulator.params_range[name]["max_value"] for name in NAMES])
    low[3], high[4] = 0.8, 1.0
    x = low + (high - low) * qmc.Sobol(6, seed=seed).random(count)
    boost = emulator.predict_boost({name: x[:, i] for i, name in enumerate(NAMES)}, 1.0, k=k)
    return x, np.array(boost)


def features(x, k):
    log_k = np.log(k / 0.3)[None, :]
    omega, s8, n = np.log(x[:, :1] / 0.3), np.log(x[:, 4:5] / 0.8), x[:, 3:4] - 1
    f = (4.5 - x[:, 5:6]) * np.log(10)
    one = np.ones((len(x), len(k)))
    damping = [one, f * one, log_k * one, omega * one, s8 * one, n * one]
    amplitude = [log_k * one, omega * one, s8 * one, log_k * omega, log_k * s8]
    return np.array(damping), np.array(amplitude)


def model(c, damping, amplitude, linear):
    screen = 1 + np.exp(np.tensordot(c[:6], damping, 1))
    return 1 + (linear - 1) * np.exp(np.tensordot(c[6:], amplitude, 1)) / screen


def main():
    x, boost = table(512, 5, K)
    linear = np.array([linear_boost(K, row[0], row[2], 0.0, 10 ** -row[5]) for row in x])
    damping, amplitude = features(x, K)
    train = np.arange(len(x)) % 2 == 0

    def residual(c):
        off = model(c, damping[:, train], amplitude[:, train], linear[train]) / boost[train] - 1
        off = off * np.where(K <= 0.5, 1, 0.5)
        return (off * np.sqrt(1 + (off / 0.01) ** 2)).ravel()  # the far ones count more

    start = np.zeros(11)
    start[0] = -0.7
    c = least_squares(residual, start).x.round(3)
    off = abs(model(c, damping, amplitude, linear) / boost - 1)[~train]
    print("coefficients", c.tolist())
    for name, part in (
        ("k in [0.1, 0.5]", (K >= 0.1) & (K <= 0.5)),
        ("k = 1", K == 1),
        ("k < 0.1", K < 0.1),
    ):
        print(
            f"{name}: rms {np.sqrt((off[:, part] ** 2).mean()):.4f}, largest {off[:, part].max():.4f}"
        )


if __name__ == "__main__":
    main()
