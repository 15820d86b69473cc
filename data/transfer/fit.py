"""transfer.npz: the difference between CAMB's transfer functions and the closed formulae of Eisenstein & Hu 1998.

    python spectra.py massless 480 && python spectra.py massive 450 && python fit.py

Two interpolations, both by sums of Gaussians around the training points in coordinates scaled to [-1, 1] (Gaussian-process
regression: the weights solve (K + noise) w = values), of the principal curves of what is interpolated:

massless  (T - T_EH) / T_smooth  in  ln(Omega_m h^2), Omega_b / Omega_m; T_EH is the transfer function of EH98 equations 16 to
          24, T_smooth the one of equations 28 to 31
massive   ln S / f_nu  in  ln(Omega_cb h^2), Omega_b / Omega_cb, ln f_nu, ln Omega_m, w; T_massless is the above of a universe
          of the same cold matter (cb: baryons and cold dark matter), f_nu the share of neutrinos in all matter, and S the
          suppression without oscillations: the amplitude of T_massless that fits T best around each x
rest      (T / S - T_massless) / (T_smooth f_nu)  in the same coordinates: a difference, because where baryons are most of cold
          matter both go through zero, at different wavenumbers
lag       D (T_c - T_b) / T_smooth  in  ln(Omega_cb h^2), Omega_b / Omega_cb, of 190 massless spectra; T_c and T_b are
          the transfer functions of cold dark matter and of baryons at z = 127, D the growth since

on the axis x = k s, s the sound horizon of EH98 equation 6 with the densities of the cold matter. The file has for each of them
    NAME_low, NAME_high  the ends of the coordinates, NAME_lengths the widths of the Gaussians
    NAME_points          (points, coordinates), scaled
    NAME_weights         (points, curves)
    NAME_curves          (curves + 1, x); the first is the mean
and axis, x. The widths below gave the smallest errors held out of a few tried; `python fit.py widths` searches for the smallest
leave-one-out error, which is worse where most of the prior lies.
"""

import os
import sys

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize

HERE = os.path.dirname(os.path.abspath(__file__))
THETA = 2.7255 / 2.7
EV = 93.14
AXIS = np.r_[np.geomspace(0.02, 4, 24)[:-1], np.arange(4, 130, 0.8), np.geomspace(130, 420, 14)]
# widths of the Gaussians along each coordinate, and the noise
MASSLESS = np.r_[0.5, 0.5, 1e-10]
LAG = np.r_[0.6, 0.6, 1e-9]
MASSIVE = np.r_[1.3, 1.3, 1.2, 5.0, 5.0, 3e-7]
REST = np.r_[0.8, 0.7, 0.95, 5.0, 5.0, 3e-8]


def background(m, b):
    """z_eq, k_eq, z_d, R_d and s: EH98 equations 2 to 6."""
    z_eq, k_eq = 2.5e4 * m * THETA**-4, 0.0746 * m * THETA**-2
    b1, b2 = 0.313 * m**-0.419 * (1 + 0.607 * m**0.674), 0.238 * m**0.223
    z_d = 1291 * m**0.251 / (1 + 0.659 * m**0.828) * (1 + b1 * b**b2)
    r_d, r_eq = 31.5e3 * b * THETA**-4 / z_d, 31.5e3 * b * THETA**-4 / z_eq
    s = 2 / (3 * k_eq) * np.sqrt(6 / r_eq) * np.log((np.sqrt(1 + r_d) + np.sqrt(r_d + r_eq)) / (1 + np.sqrt(r_eq)))
    return z_eq, k_eq, z_d, r_d, s


def smooth(m, b, k):
    """EH98 equations 26 and 28 to 31."""
    f = b / m
    s = 44.5 * np.log(9.83 / m) / np.sqrt(1 + 10 * b**0.75)
    alpha = 1 - 0.328 * np.log(431 * m) * f + 0.38 * np.log(22.3 * m) * f * f
    q = k * THETA**2 / (m * (alpha + (1 - alpha) / (1 + (0.43 * k * s) ** 4)))
    l = np.log(2 * np.e + 1.8 * q)
    return l / (l + (14.2 + 731 / (1 + 62.5 * q)) * q * q)


def closed(m, b, k):
    """EH98 equations 7 and 10 to 24."""
    z_eq, k_eq, z_d, r_d, s = background(m, b)
    f, c = b / m, 1 - b / m
    q = k / (13.41 * k_eq)
    a1, a2 = (46.9 * m) ** 0.670 * (1 + (32.1 * m) ** -0.532), (12 * m) ** 0.424 * (1 + (45 * m) ** -0.582)
    alpha_c = a1**-f * a2 ** -(f**3)
    beta_c = 1 / (1 + 0.944 / (1 + (458 * m) ** -0.708) * (c ** ((0.395 * m) ** -0.0266) - 1))

    def t0(alpha, beta):
        l = np.log(np.e + 1.8 * beta * q)
        return l / (l + (14.2 / alpha + 386 / (1 + 69.9 * q**1.08)) * q * q)

    mix = 1 / (1 + (k * s / 5.4) ** 4)
    cold = mix * t0(1, beta_c) + (1 - mix) * t0(alpha_c, beta_c)
    y = (1 + z_eq) / (1 + z_d)
    g = y * (-6 * np.sqrt(1 + y) + (2 + 3 * y) * np.log((np.sqrt(1 + y) + 1) / (np.sqrt(1 + y) - 1)))
    alpha_b = 2.07 * k_eq * s * (1 + r_d) ** -0.75 * g
    silk = 1.6 * b**0.52 * m**0.73 * (1 + (10.4 * m) ** -0.95)
    node = 8.41 * m**0.435
    beta_b = 0.5 + f + (3 - 2 * f) * np.sqrt((17.2 * m) ** 2 + 1)
    shifted = s / (1 + (node / (k * s)) ** 3) ** (1 / 3)
    baryons = t0(1, 1) / (1 + (k * s / 5.2) ** 2) + alpha_b / (1 + (beta_b / (k * s)) ** 3) * np.exp(-((k / silk) ** 1.4))
    return f * baryons * np.sinc(k * shifted / np.pi) + c * cold


class Runs:
    """Training spectra on the common axis: T over T_smooth, normalised on the largest scales."""

    def __init__(self, name):
        file = np.load(os.path.join(HERE, "build", name + ".npz"))
        self.omega_m, omega_b, h, m_nu, self.w = file["parameters"].T
        matter = self.omega_m * h * h
        self.share = m_nu / EV / matter
        self.matter = matter - m_nu / EV
        self.baryons = omega_b * h * h
        keep = (self.baryons > 0.0047) & (self.baryons < 0.9 * self.matter)
        for key, value in vars(self).items():
            setattr(self, key, value[keep])
        self.fraction = self.baryons / self.matter
        rows = []
        for m, b, k, t, lag in zip(self.matter, self.baryons, *(file[key][keep] for key in ("k", "total", "lag"))):
            k, index = np.unique(k, return_index=True)
            curves = np.c_[t[index] / t[0] / smooth(m, b, k), lag[index]]
            rows.append(CubicSpline(np.log(k), curves)(np.log(AXIS / background(m, b)[-1])))
        self.t, self.lag = np.array(rows).transpose(2, 0, 1)
        self.s = background(self.matter, self.baryons)[-1]
        self.k = AXIS / self.s[:, None]
        column = lambda a: a[:, None]
        self.closed = closed(column(self.matter), column(self.baryons), self.k)
        self.closed /= smooth(column(self.matter), column(self.baryons), self.k)


class Surrogate:
    """Gaussians around points; `noise` is the variance of each point's values."""

    def __init__(self, coordinates, values, weight, widths, noise, curves, low=None, high=None):
        self.low = coordinates.min(0) if low is None else low
        self.high = coordinates.max(0) if high is None else high
        self.widths = widths
        # single precision in the file: round before the weights are solved for
        self.points = self.scaled(coordinates).astype(np.float32).astype(float)
        self.mean = (values * weight[:, None] ** 2).sum(0) / (weight**2).sum()
        _, _, rows = np.linalg.svd((values - self.mean) * weight[:, None], full_matrices=False)
        self.curves = rows[:curves].astype(np.float32).astype(float)
        self.amplitudes = (values - self.mean) @ self.curves.T
        self.matrix = self.kernel(self.points) + np.diag(noise)
        self.weights = np.linalg.solve(self.matrix, self.amplitudes)

    def scaled(self, coordinates):
        return 2 * (coordinates - self.low) / (self.high - self.low) - 1

    def kernel(self, points):
        return np.exp(-0.5 * (((points[:, None] - self.points[None]) / self.widths) ** 2).sum(-1))

    def __call__(self, coordinates):
        return self.mean + self.kernel(self.scaled(coordinates)) @ self.weights @ self.curves

    def left_out(self, weight):
        """The sum of squares of what each point misses when it is left out."""
        inverse = np.linalg.inv(self.matrix)
        return (((inverse @ self.amplitudes) / np.diag(inverse)[:, None] * weight[:, None]) ** 2).sum()

    def members(self, name):
        return {
            name + "_low": self.low, name + "_high": self.high, name + "_lengths": self.widths,
            name + "_points": self.points.astype(np.float32), name + "_weights": self.weights,
            name + "_curves": np.r_[[self.mean], self.curves].astype(np.float32),
        }


def massless(runs, rows, widths=MASSLESS):
    coordinates = np.c_[np.log(runs.matter), runs.fraction]
    values = runs.t - runs.closed
    ones = np.ones(len(rows))
    ends = coordinates.min(0), coordinates.max(0)
    return coordinates, Surrogate(coordinates[rows], values[rows], ones, widths[:-1], widths[-1] * ones, 24, *ends)


def lag(runs, rows):
    """T = D (f T_b + (1 - f) T_c), where that is not near zero; there the curve, which is smooth, is a spline."""
    early = 1 - runs.fraction[:, None] * (1 - runs.lag)
    values = runs.t * (1 - runs.lag) / early
    for value, some in zip(values, abs(early) > 0.15):
        value[~some] = CubicSpline(AXIS[some], value[some])(AXIS[~some])
    c = np.c_[np.log(runs.matter), runs.fraction]
    ones = np.ones(len(rows))
    return c, values, Surrogate(c[rows], values[rows], ones, LAG[:-1], LAG[-1] * ones, 16)


def coordinates(runs):
    return np.c_[np.log(runs.matter), runs.fraction, np.log(runs.share), np.log(runs.omega_m), runs.w]


def suppression(runs, base):
    """ln S / f_nu, the rest, and T_massless. S is fitted with Gaussian weights, 4 wide in x where oscillations are."""
    flat = base(np.c_[np.log(runs.matter), runs.fraction]) + runs.closed
    width = np.minimum(4.0, 0.4 * AXIS)[:, None]
    near = np.exp(-0.5 * ((AXIS[:, None] - AXIS) / width) ** 2) * np.gradient(AXIS)
    smooth_part = (runs.t * flat) @ near.T / (flat**2 @ near.T)
    share = runs.share[:, None]
    return np.log(smooth_part) / share, (runs.t / smooth_part - flat) / share, flat


def massive(runs, rows, base, values, widths, curves):
    c, share = coordinates(runs), runs.share
    ends = c.min(0), c.max(0)
    return Surrogate(c[rows], values[rows], share[rows], widths[:-1], widths[-1] / share[rows] ** 2, curves, *ends)


def report(title, runs, rows, found):
    """Errors of P held out over that at k s = 3.7, by the share of baryons in cold matter, for k from 0.0045 to 0.45 / Mpc."""
    print(title)
    band = (runs.k > 0.0045) & (runs.k < 0.45)
    error = (found / runs.t) ** 2
    error = error / error[:, [22]] - 1
    for low, high in ((0, 0.15), (0.15, 0.25), (0.25, 0.4), (0.4, 0.6), (0.6, 0.7), (0.7, 0.9)):
        some = [i for i in rows if low <= runs.fraction[i] < high]
        if some:
            e = error[some][band[some]]
            print(f"  {low:.2f}-{high:.2f}: {len(some):3d} spectra, rms {np.sqrt((e**2).mean()):.4f}, max {abs(e).max():.4f}")


def search(start, make):
    """The widths and the noise that leave the smallest leave-one-out error."""
    found = minimize(lambda p: np.log(make(np.exp(p))), np.log(start), method="Nelder-Mead", options={"maxfev": 200})
    return np.exp(found.x)


def main():
    light, heavy = Runs("massless"), Runs("massive")
    every = lambda runs: np.arange(len(runs.w))
    if "widths" in sys.argv:
        one = lambda p: massless(light, every(light), p)[1].left_out(np.ones(len(light.w)))
        print("MASSLESS", search(MASSLESS, one))
        base = massless(light, every(light))[1]
        curves = zip(("MASSIVE", "REST"), suppression(heavy, base), (MASSIVE, REST), (12, 20))
        for name, values, start, count in curves:
            make = lambda p: massive(heavy, every(heavy), base, values, p, count).left_out(heavy.share)
            print(name, search(start, make))
        return
    held, kept = every(light)[::5], np.setdiff1d(every(light), every(light)[::5])
    c, part = massless(light, kept)
    report(f"massless, {len(kept)} kept", light, held, part(c) + light.closed)
    base = massless(light, every(light))[1]
    held, kept = every(heavy)[::5], np.setdiff1d(every(heavy), every(heavy)[::5])
    part, rest, flat = suppression(heavy, base)
    both = lambda rows: (massive(heavy, rows, base, part, MASSIVE, 12), massive(heavy, rows, base, rest, REST, 20))
    c, share = coordinates(heavy), heavy.share[:, None]
    smooth_part, difference = (surrogate(c) for surrogate in both(kept))
    found = np.exp(share * smooth_part) * (flat + share * difference)
    report(f"massive, {len(kept)} kept", heavy, held, found)
    whole = both(every(heavy))
    members = base.members("massless") | whole[0].members("massive") | whole[1].members("rest")
    members |= lag(light, every(light)[:190])[2].members("lag")
    np.savez_compressed(os.path.join(HERE, "transfer.npz"), axis=AXIS, **members)


if __name__ == "__main__":
    main()
