"""marked.csv: the marked spectrum over the spectrum, M / P, of the Quijote simulations, as a smooth function of cosmology and k.

    cargo run --release --example spectra -- QUIJOTE/lcdm_params.txt lcdm.txt
    cargo run --release --example spectra -- QUIJOTE/neutrino_params.txt neutrino.txt
    python marked.py QUIJOTE lcdm.txt neutrino.txt

QUIJOTE holds k.npy, modes.npy and, of lcdm and neutrino, _pk.npy, _mpk.npy and _params.txt; lcdm.txt and neutrino.txt are our P
without that correction and with the linear spectrum of the labels, on which M / P depends more simply. Fitted are the rows with
an even number; the figures printed are those of the rows with an odd one, which the fit has not seen. ln(M / P)(k) is the
natural cubic spline in ln k through its values at KNOTS, each of which is a polynomial in the parameters of correction.py: all
products of up to three of them. On large scales M and P of a box scatter together, so that there M is divided by the measured
P, on small ones by ours: M exp(-rho ln(P / P_ours)) with rho = 1 / (1 + (k / 0.07)^4) is fitted. Where baryons are more than
0.4 of cold matter the linear spectrum has holes that no smooth factor fills; those rows are not fitted. Needs numpy and scipy.
"""

import itertools
import os
import sys

import numpy as np
from correction import features as up_to_two
from scipy.interpolate import CubicSpline

HERE = os.path.dirname(os.path.abspath(__file__))
# h/Mpc; closest where M / P has its minimum, at k of 0.2
KNOTS = np.array([0.006, 0.012, 0.022, 0.036, 0.055, 0.078, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25, 0.28, 0.32, 0.37,
                  0.43, 0.51])  # fmt: skip
DEGREE = 3
RIDGE = 0.1


def features(p):
    """1 and all products of up to three of the parameters, in the order 1, a, b, ..., aa, ab, ..., aaa, ..."""
    single = up_to_two(p)[:, 1 : p.shape[1] + 1]
    columns = [np.ones(len(p))]
    for count in range(1, DEGREE + 1):
        for some in itertools.combinations_with_replacement(range(single.shape[1]), count):
            columns.append(np.prod(single[:, some], 1))
    return np.array(columns).T


def show(title, left, k):
    at = [0, 3, 7, 15, 25, 31, 40, 56, 78]
    print(f"    {title}: k", k[at].round(3))
    print("      mean", left.mean(0)[at].round(3), "scatter", left.std(0)[at].round(3))
    far = abs(left.mean(0) - 1)
    print(f"      furthest mean, k < 0.1: {far[k < 0.1].max():.3f}, above: {far[k >= 0.1].max():.3f};", end=" ")
    print(f"rms, k >= 0.1: {np.sqrt(((left - 1)[:, k >= 0.1] ** 2).mean()):.4f}")


def fit(name, folder, model):
    p = np.loadtxt(os.path.join(folder, name + "_params.txt"))[:1800]
    read = lambda file: np.load(os.path.join(folder, file))
    k, modes, marked, power = read("k.npy"), read("modes.npy"), read(name + "_mpk.npy"), read(name + "_pk.npy")
    model = np.loadtxt(model)
    rho = 1 / (1 + (k / 0.07) ** 4)
    target = np.log(marked / model) - rho * np.log(power / model)
    neutrinos = p[:, 5] / 93.14 / p[:, 2] ** 2 if p.shape[1] > 5 else 0.0
    share = p[:, 1] / (p[:, 0] - neutrinos)
    known = np.isfinite(target).all(1)
    even = np.arange(len(p)) % 2 == 0
    rows = known & even & (share < 0.4)
    basis = CubicSpline(np.log(KNOTS), np.eye(len(KNOTS)), bc_type="natural")(np.log(k))
    weight = 1 / np.sqrt(0.5 / modes + 0.012**2)
    q = features(p)
    values = target[rows] * weight @ np.linalg.pinv(basis * weight[:, None]).T
    coefficients = np.linalg.solve(q[rows].T @ q[rows] + RIDGE * np.eye(q.shape[1]), q[rows].T @ values)
    ratio = np.exp(q @ coefficients @ basis.T)
    print(name, rows.sum(), "rows fitted,", coefficients.size, "coefficients")
    for low, high in (0, 0.15), (0.15, 0.25), (0.25, 0.4), (0.4, 0.6), (0.6, 0.9), (0, 0.4), (0, 0.9):
        some = known & ~even & (share >= low) & (share < high)
        if some.any():
            print(f"  share of baryons {low:.2f}-{high:.2f}, {some.sum()} rows")
            show("M / (ours times our P)", (marked / (ratio * model))[some], k)
            if (low, high) == (0, 0.4):
                show("M / P over ours", (marked / (ratio * power))[some], k)
    return [[name, i, *row] for i, row in enumerate(coefficients)]


def main():
    folder, lcdm, neutrino = sys.argv[1:]
    rows = fit("lcdm", folder, lcdm) + fit("neutrino", folder, neutrino)
    with open(os.path.join(HERE, "marked.csv"), "w") as out:
        out.write("set,term," + ",".join(f"k{knot}" for knot in KNOTS) + "\n")
        for name, term, *values in rows:
            out.write(f"{name},{term}," + ",".join(f"{v:.5g}" for v in values) + "\n")


if __name__ == "__main__":
    main()
