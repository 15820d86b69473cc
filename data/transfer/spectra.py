"""Transfer functions from CAMB, for fit.py. `python spectra.py massless 480`, `python spectra.py massive 350`.

Writes build/massless.npz and build/massive.npz (not kept in the repository) with
    parameters  rows of Omega_m, Omega_b, h, M_nu (sum of three equal masses, eV), w
    k           wavenumbers in 1/Mpc, per row
    total       the transfer function of total matter today, with its sign, in CAMB's units (delta / k^2)
    lag         the density contrast of baryons over that of cold dark matter at z = 127, where Quijote's simulations begin
A run that is stopped goes on where it was.

The background is that of Quijote: T_CMB = 2.7255 K, N_eff = 3.046, Omega_nu h^2 = M_nu / 93.14 eV, flat.
Needs: pip install camb==2.0.5 numpy scipy
"""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
import camb
import numpy as np
from scipy.stats import qmc

K_MAX = 5.0  # 1/Mpc
EV = 93.14
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "build")


def universe(omega_m, omega_b, h, m_nu, w):
    """CAMB's parameters; only the transfer functions at z = 127 and 0 are asked for."""
    matter = (omega_m - omega_b) * h * h - m_nu / EV
    p = camb.CAMBparams()
    p.set_cosmology(
        H0=100 * h, ombh2=omega_b * h * h, omch2=matter, omk=0, TCMB=2.7255, nnu=3.046, mnu=m_nu,
        num_massive_neutrinos=3 if m_nu > 0 else 0, neutrino_hierarchy="degenerate",
    )
    if m_nu == 0:
        p.num_nu_massless, p.num_nu_massive = 3.046, 0
    p.set_dark_energy(w=w, dark_energy_model="ppf")
    p.set_matter_power(redshifts=[127.0, 0.0], kmax=K_MAX)
    p.WantCls = False
    return p


def massless(count):
    """All shares of baryons to 0.9 that the prior has, the edges a little outside; h decides late-time details only."""
    rows = []
    for u, v in qmc.Sobol(2, scramble=False).random(4096)[1:]:
        # evenly spread in the logarithm; from the 300th on more at the small shares of most of the prior
        matter = 0.0135 * (0.42 / 0.0135) ** u
        share = 0.035 + 0.875 * (v if len(rows) < 300 else v * v)
        if len(rows) >= 300 and share * matter < 0.0047:
            continue
        # needed: Omega_b in [.02, .08], h in [.5, .9], Omega_m in [.1, .5], less at most 0.0107 of neutrinos
        h = np.clip(np.sqrt(matter / 0.3), 0.5, 0.9)
        if share * matter > 1.05 * 0.08 * min(0.81, (matter + 0.011) / 0.1):
            continue
        rows.append((matter / h**2, share * matter / h**2, h, 0.0, -1.0))
        if len(rows) == count:
            break
    return rows


def massive(count):
    """The prior of the neutrino simulations, denser towards low Omega_m; from the 350th on many baryons."""
    rows = []
    for i, (a, b, c, d, e) in enumerate(qmc.Sobol(5, scramble=False).random(4096)[1:]):
        omega_m = 0.098 + 0.405 * a ** (2.0 if i % 2 else 1.0)
        omega_b, h, m_nu, w = 0.02 + 0.06 * b, 0.495 + 0.41 * c, 0.01 + 1.0 * d, -1.31 + 0.62 * e
        share = omega_b / (omega_m - m_nu / EV / h**2)
        if not 0 < share < 0.9 or (len(rows) >= 350 and share < 0.4):
            continue
        rows.append((omega_m, omega_b, h, m_nu, w))
        if len(rows) == count:
            break
    return rows


def main():
    name, count = sys.argv[1], int(sys.argv[2])
    rows = np.array({"massless": massless, "massive": massive}[name](count))
    os.makedirs(FOLDER, exist_ok=True)
    path = os.path.join(FOLDER, name + ".npz")
    table = []
    if os.path.exists(path):
        old = np.load(path)
        table = list(np.stack([old["k"], old["total"], old["lag"]], 1))
    for i in range(len(table), len(rows)):
        result = camb.get_transfer_functions(universe(*rows[i]))
        data = result.get_matter_transfer_data()
        k = data.transfer_z("k/h", 0) * rows[i][2]
        # CAMB chooses 180 to 210 wavenumbers; rows are padded by repeating the last
        lag = data.transfer_z("delta_baryon", 0) / data.transfer_z("delta_cdm", 0)
        curves = np.array([k, data.transfer_z("delta_tot", 1), lag])
        table.append(np.pad(curves, ((0, 0), (0, 256 - len(k))), mode="edge"))
        if i % 20 == 19 or i == len(rows) - 1:
            k, total, lag = np.stack(table, 1)
            np.savez(path + ".new.npz", parameters=rows[: i + 1], k=k, total=total, lag=lag)
            os.replace(path + ".new.npz", path)
            print(name, i + 1, flush=True)


if __name__ == "__main__":
    main()
