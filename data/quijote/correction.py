"""correction.csv: what our spectra miss of the Quijote simulations, as a smooth function of cosmology and wavenumber.

Our spectra are HMcode-2020 with one loop on large scales, for neutrinos from the linear spectrum with which those simulations
seem to have begun.

    cargo run --release --example spectra -- QUIJOTE/lcdm_params.txt lcdm.txt
    cargo run --release --example spectra -- QUIJOTE/neutrino_params.txt neutrino.txt as-quijote-began
    python correction.py QUIJOTE lcdm.txt neutrino.txt

QUIJOTE holds k.npy, modes.npy, lcdm_pk.npy, lcdm_params.txt, neutrino_pk.npy and neutrino_params.txt. Fitted is
ln(P / P_ours) of the rows with an even number; the figures printed are those of the rows with an odd one, which the fit has
not seen.

ln(P / P_ours)(k) = sum_ij c_ij q_i u^j,  u = k / (k + 0.1 h/Mpc), j = 2..5, so that large scales stay as they are; q_i are the
products of up to three of
    ln(Omega_m / 0.25) / 0.8, ln(Omega_b / 0.05) / 0.45, ln(h / 0.7) / 0.3, (n_s - 1) / 0.2, ln(sigma_8 / 0.8) / 0.25
and for neutrinos f_nu / 0.1, (w + 1) / 0.3, in the order 1, a, b, ..., aa, ab, ..., bb, ..., aaa, aab, ...
Ratios count less where the share f of baryons in cold matter is large, as 1 / (1 + (f / 0.35)^6), and are cut at exp(+-0.4):
there our spectra scatter most around the real ones.
Needs numpy.
"""

import itertools
import os
import sys

import numpy as np

POWERS = np.arange(2, 6)
HERE = os.path.dirname(os.path.abspath(__file__))


def features(p):
    columns = [
        np.log(p[:, 0] / 0.25) / 0.8, np.log(p[:, 1] / 0.05) / 0.45, np.log(p[:, 2] / 0.7) / 0.3, (p[:, 3] - 1) / 0.2,
        np.log(p[:, 4] / 0.8) / 0.25,
    ]
    if p.shape[1] > 5:
        columns += [p[:, 5] / 93.14 / p[:, 2] ** 2 / p[:, 0] / 0.1, (p[:, 6] + 1) / 0.3]
    some = [c for count in range(4) for c in itertools.combinations_with_replacement(columns, count)]
    return np.array([np.prod(c, axis=0) * np.ones(len(p)) for c in some]).T


def fit(name, folder, model):
    p = np.loadtxt(os.path.join(folder, name + "_params.txt"))
    k, modes = np.load(os.path.join(folder, "k.npy")), np.load(os.path.join(folder, "modes.npy"))
    model = np.loadtxt(model)
    ratio = np.load(os.path.join(folder, name + "_pk.npy")) / model
    neutrinos = p[:, 5] / 93.14 / p[:, 2] ** 2 if p.shape[1] > 5 else 0.0
    share = p[:, 1] / (p[:, 0] - neutrinos)
    basis = (k / (k + 0.1))[:, None] ** POWERS
    # the scatter of a bin: so many waves, and what the large ones do to the small
    weight = 1 / np.sqrt(2 / modes + 0.012**2)
    known = np.isfinite(ratio).all(1)
    even = np.arange(len(p)) % 2 == 0
    rows = known & even
    q = features(p)
    amplitudes = np.clip(np.log(ratio[rows]), -0.4, 0.4) * weight @ np.linalg.pinv(basis * weight[:, None]).T
    counted = q[rows].T / (1 + (share[rows] / 0.35) ** 6)
    coefficients = np.linalg.solve(counted @ q[rows] + np.eye(q.shape[1]), counted @ amplitudes)
    held = known & ~even
    left = ratio / np.exp(q @ coefficients @ basis.T)
    at = [0, 3, 7, 15, 31, 56, 78]
    print(name, "k", k[at].round(3))
    for low, high in ((0, 0.15), (0.15, 0.25), (0.25, 0.4), (0.4, 0.6), (0.6, 0.9), (0, 0.9)):
        some = held & (share >= low) & (share < high)
        if some.any():
            print(f"  share {low:.2f}-{high:.2f}, {some.sum()} rows")
            for title, r in (("as it is", ratio[some]), ("corrected", left[some])):
                print(f"    {title:9}: mean", r.mean(0)[at].round(3), "scatter", r.std(0)[at].round(3))
            off = abs(left[some].mean(0) - 1)
            print(f"    corrected: mean off by at most {off[k < 0.1].max():.3f} for k < 0.1, {off[k >= 0.1].max():.3f} above")
    off = abs(left[known].mean(0) - 1)
    print(f"  all rows, fitted or not: mean off by at most {off[k < 0.1].max():.3f} for k < 0.1, {off[k >= 0.1].max():.3f} above")
    return [[name, i, *row] for i, row in enumerate(coefficients)]


def main():
    folder, lcdm, neutrino = sys.argv[1:]
    rows = fit("lcdm", folder, lcdm) + fit("neutrino", folder, neutrino)
    with open(os.path.join(HERE, "correction.csv"), "w") as out:
        out.write("set,term," + ",".join(f"u{j}" for j in POWERS) + "\n")
        for name, term, *values in rows:
            out.write(f"{name},{term}," + ",".join(f"{v:.6g}" for v in values) + "\n")


if __name__ == "__main__":
    main()
