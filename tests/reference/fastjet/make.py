"""Jets of FastJet (anti-kt, R = 0.4, E scheme) of made-up events, for tests/library/collider.

Writes fastjet.npz: `momenta` (particles, 4) E, px, py, pz of all events, `offsets` (events + 1), and
`jets` (jets, 4) of at least 5 GeV in falling transverse momentum, `jet_offsets` (events + 1),
`made_with`. Needs: pip install numpy fastjet.
"""

import sys
from pathlib import Path

import fastjet
import numpy as np

EVENTS = 20
LEAST_PT = 5.0


def event(random, particles):
    """Soft particles everywhere, and three narrow sprays."""
    eta = random.uniform(-3, 3, particles)
    phi = random.uniform(-np.pi, np.pi, particles)
    pt = random.exponential(0.8, particles) + 0.05
    for axis in range(3):
        part = random.random(particles) < 0.2
        centre = random.uniform(-2, 2), random.uniform(-np.pi, np.pi)
        eta[part] = centre[0] + random.normal(0, 0.2, part.sum())
        phi[part] = centre[1] + random.normal(0, 0.2, part.sum())
        pt[part] *= 4.0
    mass = random.choice([0.0, 0.13957, 0.93827], particles)
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([np.sqrt(px**2 + py**2 + pz**2 + mass**2), px, py, pz], axis=1)


def main():
    random = np.random.default_rng(7)
    momenta, jets, offsets, jet_offsets = [], [], [0], [0]
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, 0.4)
    for number in range(EVENTS):
        own = event(random, 1 if number == 0 else 12 * number)
        inputs = [fastjet.PseudoJet(px, py, pz, e) for e, px, py, pz in own]
        sequence = fastjet.ClusterSequence(inputs, definition)
        found = fastjet.sorted_by_pt(sequence.inclusive_jets(LEAST_PT))
        momenta.append(own)
        jets.append(np.array([[j.E(), j.px(), j.py(), j.pz()] for j in found]).reshape(-1, 4))
        offsets.append(offsets[-1] + len(own))
        jet_offsets.append(jet_offsets[-1] + len(found))
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    np.savez_compressed(
        folder / "fastjet.npz",
        momenta=np.concatenate(momenta),
        offsets=np.array(offsets, float),
        jets=np.concatenate(jets),
        jet_offsets=np.array(jet_offsets, float),
        made_with=np.array([f"fastjet {fastjet.__version__}"]),
    )


if __name__ == "__main__":
    main()
