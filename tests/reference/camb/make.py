"""spectra.npz: linear and nonlinear matter power spectra of 200 cosmologies by CAMB, on Quijote's
79 bins.

    pip install camb==2.0.5 numpy scipy && python make.py

Keys
    k          (79,)       h/Mpc, the middles of the shells: (i + 1/2) 2 pi / 1000 for i = 1..79
    parameters (200, 7)    Omega_m, Omega_b, h, n_s, sigma_8, M_nu in eV (sum of three equal masses), w
    linear     (200, 79)   (Mpc/h)^3, total matter at z = 0, normalised to sigma_8 of total matter
    massless   (200, 79)   the same with M_nu = 0, that mass as cold dark matter and the same primordial amplitude
    nonlinear  (200, 79)   HMcode-2020 (CAMB's mead2020)

The first 100 rows are LCDM, the last 100 have massive neutrinos and w, as in Quijote's two Latin
hypercubes. The points are a scrambled Sobol set with another seed than any training set. A run that
is stopped goes on where it was.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
import camb
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.stats import qmc

HERE = os.path.dirname(os.path.abspath(__file__))
K = (np.arange(1, 80) + 0.5) * 2 * np.pi / 1000
LOW = np.array([0.1, 0.03, 0.5, 0.8, 0.6, 0.01, -1.3])
HIGH = np.array([0.5, 0.07, 0.9, 1.2, 1.0, 1.0, -0.7])


def cosmologies():
    rows = []
    for seed, massive in ((2021, False), (2022, True)):
        kept = 0
        for row in qmc.scale(qmc.Sobol(7, seed=seed).random(256), LOW, HIGH):
            if not massive:
                row[5:] = 0.0, -1.0
            cold = row[0] - row[1] - row[5] / 93.14 / row[2] ** 2
            # without cold dark matter there is no such universe
            if cold > 0.1 * (cold + row[1]) and kept < 100:
                rows.append(row)
                kept += 1
    return np.array(rows)


def parameters(row, m_nu, amplitude):
    omega_m, omega_b, h, n_s, _, _, w = row
    p = camb.CAMBparams()
    p.set_cosmology(
        H0=100 * h,
        ombh2=omega_b * h * h,
        omch2=(omega_m - omega_b) * h * h - m_nu / 93.14,
        omk=0,
        TCMB=2.7255,
        nnu=3.046,
        mnu=m_nu,
        num_massive_neutrinos=3 if m_nu > 0 else 0,
        neutrino_hierarchy="degenerate",
    )
    if m_nu == 0:
        p.num_nu_massless, p.num_nu_massive = 3.046, 0
    p.set_dark_energy(w=w, dark_energy_model="ppf")
    p.InitPower.set_params(As=amplitude, ns=n_s)
    p.set_matter_power(redshifts=[0.0], kmax=10.0)
    p.WantCls = False
    return p


def spectrum(result, nonlinear):
    k, _, power = (
        result.get_matter_power_spectrum(minkh=1e-3, maxkh=5.0, npoints=1200)
        if nonlinear
        else (result.get_linear_matter_power_spectrum(hubble_units=True, k_hunit=True))
    )
    return np.exp(CubicSpline(np.log(k), np.log(power[0]))(np.log(K)))


def spectra(row):
    first = camb.get_results(parameters(row, row[5], 2e-9))
    amplitude = 2e-9 * (row[4] / first.get_sigma8_0()) ** 2
    scale = amplitude / 2e-9
    linear = scale * spectrum(first, False)
    massless = linear
    if row[5] > 0:
        massless = scale * spectrum(camb.get_results(parameters(row, 0.0, 2e-9)), False)
    p = parameters(row, row[5], amplitude)
    p.NonLinear = camb.model.NonLinear_pk
    p.NonLinearModel.set_params(halofit_version="mead2020")
    return np.array([linear, massless, spectrum(camb.get_results(p), True)])


def main():
    rows = cosmologies()
    path, part = os.path.join(HERE, "spectra.npz"), os.path.join(HERE, "part.npy")
    table = list(np.load(part)) if os.path.exists(part) else []
    for i in range(len(table), len(rows)):
        table.append(spectra(rows[i]))
        if i % 10 == 9:
            np.save(part, table)
            print(i + 1, flush=True)
    linear, massless, nonlinear = np.array(table).transpose(1, 0, 2)
    np.savez_compressed(
        path, k=K, parameters=rows, linear=linear, massless=massless, nonlinear=nonlinear
    )
    os.remove(part)


if __name__ == "__main__":
    main()
