"""Writes bispectrum.npz, the reference numbers of src/cosmology/bispectrum.rs: `pip install camb
scipy; python make.py`.

The methods differ from the crate where possible: spectra from CAMB, the potential from the
primordial amplitude A_s instead of the growth and the transfer function, adaptive cubature in
elliptic coordinates instead of Gauss points in wavenumber and angle.
"""

import os

import camb
import numpy as np
from scipy.integrate import cubature
from scipy.interpolate import CubicSpline

# Om, Ob, h, n_s, sigma_8: Quijote's fiducial, then corners of the prior
COSMOLOGIES = np.array([
    [0.3175, 0.049, 0.6711, 0.9624, 0.834],
    [0.15, 0.049, 0.85, 1.15, 0.65],
    [0.45, 0.049, 0.55, 0.85, 0.95],
    [0.25, 0.049, 0.8, 0.85, 0.7],
])  # fmt: skip
K = np.array([0.0089, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5])
GRID = np.geomspace(1e-4, 50, 500)


def universe(om, ob, h, ns, s8):
    """CAMB's linear spectrum today at GRID, and its primordial amplitude A_s for that sigma_8."""
    amplitude = 2e-9
    for _ in range(2):
        pars = camb.set_params(
            H0=100 * h, ombh2=ob * h**2, omch2=(om - ob) * h**2, mnu=0, omk=0, As=amplitude, ns=ns
        )
        pars.set_matter_power(redshifts=[0.0], kmax=60.0)
        pars.set_accuracy(AccuracyBoost=1.5)
        results = camb.get_results(pars)
        last, amplitude = amplitude, amplitude * (s8 / results.get_sigma8_0()) ** 2
    p = results.get_matter_power_interpolator(nonlinear=False, k_hunit=True, hubble_units=True)
    return p.P(0.0, GRID) * amplitude / last, amplitude


def p12(k, linear, amplitude, h, ns, shape):
    """2 integral d^3q / (2 pi)^3 F2(q, k - q) B(k, q, |k - q|), f_NL = 1; q + p = k u, q - p = k v."""
    log = CubicSpline(np.log(GRID), np.log(linear))
    # 3/5 of the curvature perturbation, whose spectrum is 2 pi^2 A_s (k / 0.05)^(n_s - 1) / k^3, k
    # in 1/Mpc
    potential = lambda q: 9 / 25 * 2 * np.pi**2 * amplitude * (q * h / 0.05) ** (ns - 1) / q**3
    to_matter = lambda q: np.sqrt(np.exp(log(np.log(q))) / potential(q))

    def integrand(points):
        u, v = 1 + np.exp(points[:, 0]), np.tanh(points[:, 1])
        q, p = k * (u + v) / 2, k * (u - v) / 2
        cosine = (k**2 - q**2 - p**2) / (2 * q * p)
        kernel = 5 / 7 + cosine / 2 * (q / p + p / q) + 2 / 7 * cosine**2
        a, b, c = potential(k), potential(q), potential(p)
        if shape == "local":
            primordial = 2 * (a * b + b * c + c * a)
        else:
            ordered = [(x * y**2 * z**3) ** (1 / 3)
                       for x, y, z in ((a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a))]  # fmt: skip
            primordial = 6 * (-(a * b + b * c + c * a) - 2 * (a * b * c) ** (2 / 3) + sum(ordered))
        inside = (q > GRID[0]) & (p > GRID[0])
        factor = (
            to_matter(k) * to_matter(np.maximum(q, GRID[0])) * to_matter(np.maximum(p, GRID[0]))
        )
        volume = 2 * np.pi * k**3 / 8 * (u**2 - v**2) * (u - 1) * (1 - v**2)
        return np.where(inside, kernel * primordial * factor * volume, 0.0)

    low, high = [np.log(1e-6), -9.0], [np.log(60 / k), 9.0]
    found = cubature(integrand, low, high, rtol=1e-5, atol=0, max_subdivisions=20000)
    assert found.status == "converged", found
    return 2 * found.estimate / (2 * np.pi) ** 3


def main():
    spectra, values = [], []
    for row in COSMOLOGIES:
        linear, amplitude = universe(*row)
        spectra.append(linear)
        for shape in "local", "equilateral":
            values.append([p12(k, linear, amplitude, row[2], row[3], shape) for k in K])
    here = os.path.dirname(os.path.abspath(__file__))
    np.savez_compressed(
        f"{here}/bispectrum.npz", cosmologies=COSMOLOGIES, k=K, grid=GRID, linear=np.array(spectra),
        p12=np.array(values),
    )  # fmt: skip
    print(np.array(values))


if __name__ == "__main__":
    main()
