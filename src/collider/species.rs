//! Hadrons and leptons: masses, charges and decays, rounded from the Review of Particle Physics
//! (Particle Data Group, Phys. Rev. D 110, 030001). Decays of charm and bottom are a few channels
//! with about the right numbers of leptons, kaons and pions.

/// A kind of particle. Antiparticles are negative numbers of the same kind.
#[derive(Debug)]
pub(crate) struct Species {
    /// Number of the Monte Carlo particle numbering scheme.
    pub pdg: i32,
    /// Mass, GeV.
    pub mass: f64,
    /// Charge in units of that of the proton.
    pub charge: i8,
    /// Branching ratios and products; empty for what is stable until it meets a calorimeter: all
    /// that flies 10 mm on average.
    pub decays: &'static [(f64, &'static [i32])],
}

const fn species(
    pdg: i32,
    mass: f64,
    charge: i8,
    decays: &'static [(f64, &'static [i32])],
) -> Species {
    Species { pdg, mass, charge, decays }
}

/// Every species, in rising order of their numbers.
static SPECIES: &[Species] = &[
    species(11, 0.000511, -1, &[]),
    species(12, 0.0, 0, &[]),
    species(13, 0.10566, -1, &[]),
    species(14, 0.0, 0, &[]),
    species(16, 0.0, 0, &[]),
    species(22, 0.0, 0, &[]),
    species(111, 0.13498, 0, &[(0.988, &[22, 22]), (0.012, &[11, -11, 22])]),
    species(113, 0.7753, 0, &[(1.0, &[211, -211])]),
    species(130, 0.49761, 0, &[]),
    species(211, 0.13957, 1, &[]),
    species(213, 0.7753, 1, &[(1.0, &[211, 111])]),
    species(
        221,
        0.54786,
        0,
        &[
            (0.394, &[22, 22]),
            (0.327, &[111, 111, 111]),
            (0.229, &[211, -211, 111]),
            (0.042, &[211, -211, 22]),
        ],
    ),
    species(
        223,
        0.78266,
        0,
        &[(0.892, &[211, -211, 111]), (0.084, &[111, 22]), (0.015, &[211, -211])],
    ),
    species(310, 0.49761, 0, &[]),
    species(311, 0.49761, 0, &[(0.5, &[310]), (0.5, &[130])]),
    species(313, 0.8956, 0, &[(0.667, &[321, -211]), (0.333, &[311, 111])]),
    species(321, 0.49368, 1, &[]),
    species(323, 0.8917, 1, &[(0.667, &[311, 211]), (0.333, &[321, 111])]),
    species(
        331,
        0.95778,
        0,
        &[
            (0.425, &[211, -211, 221]),
            (0.295, &[113, 22]),
            (0.224, &[111, 111, 221]),
            (0.025, &[223, 22]),
            (0.023, &[22, 22]),
        ],
    ),
    species(
        333,
        1.01946,
        0,
        &[
            (0.491, &[321, -321]),
            (0.339, &[310, 130]),
            (0.051, &[213, -211]),
            (0.051, &[-213, 211]),
            (0.051, &[113, 111]),
            (0.013, &[221, 22]),
        ],
    ),
    species(411, 1.86966, 1, CHARM_CHARGED),
    species(413, 2.01026, 1, &[(0.677, &[421, 211]), (0.307, &[411, 111]), (0.016, &[411, 22])]),
    species(421, 1.86484, 0, CHARM_NEUTRAL),
    species(423, 2.00685, 0, &[(0.647, &[421, 111]), (0.353, &[421, 22])]),
    species(431, 1.96835, 1, CHARM_STRANGE),
    species(433, 2.1122, 1, &[(1.0, &[431, 22])]),
    species(511, 5.27966, 0, BOTTOM_NEUTRAL),
    species(513, 5.3247, 0, &[(1.0, &[511, 22])]),
    species(521, 5.27934, 1, BOTTOM_CHARGED),
    species(523, 5.3247, 1, &[(1.0, &[521, 22])]),
    species(531, 5.36692, 0, BOTTOM_STRANGE),
    species(533, 5.4154, 0, &[(1.0, &[531, 22])]),
    species(1114, 1.232, -1, &[(1.0, &[2112, -211])]),
    species(2112, 0.93957, 0, &[]),
    species(2114, 1.232, 0, &[(0.667, &[2112, 111]), (0.333, &[2212, -211])]),
    species(2212, 0.93827, 1, &[]),
    species(2214, 1.232, 1, &[(0.667, &[2212, 111]), (0.333, &[2112, 211])]),
    species(2224, 1.232, 2, &[(1.0, &[2212, 211])]),
    species(3112, 1.19745, -1, &[]),
    species(
        3114,
        1.3872,
        -1,
        &[(0.87, &[3122, -211]), (0.065, &[3112, 111]), (0.065, &[3212, -211])],
    ),
    species(3122, 1.11568, 0, &[]),
    species(3212, 1.19264, 0, &[(1.0, &[3122, 22])]),
    species(
        3214,
        1.3837,
        0,
        &[(0.87, &[3122, 111]), (0.065, &[3222, -211]), (0.065, &[3112, 211])],
    ),
    species(3222, 1.18937, 1, &[]),
    species(3224, 1.3828, 1, &[(0.87, &[3122, 211]), (0.065, &[3222, 111]), (0.065, &[3212, 211])]),
    species(3312, 1.32171, -1, &[]),
    species(3314, 1.535, -1, &[(0.667, &[3322, -211]), (0.333, &[3312, 111])]),
    species(3322, 1.31486, 0, &[]),
    species(3324, 1.5318, 0, &[(0.667, &[3312, 211]), (0.333, &[3322, 111])]),
    species(3334, 1.67245, -1, &[]),
    species(
        4122,
        2.28646,
        1,
        &[
            (0.04, &[3122, -11, 12]),
            (0.04, &[3122, -13, 14]),
            (0.2, &[2212, -321, 211]),
            (0.2, &[3122, 211, 111]),
            (0.2, &[2212, -311, 111]),
            (0.2, &[2112, -311, 211]),
        ],
    ),
    species(
        5122,
        5.6196,
        0,
        &[
            (0.1, &[4122, 11, -12]),
            (0.1, &[4122, 13, -14]),
            (0.3, &[4122, -211, 211, -211]),
            (0.5, &[4122, -211, 111, 211, -211]),
        ],
    ),
];

const CHARM_NEUTRAL: &[(f64, &[i32])] = &[
    (0.065, &[-321, -11, 12]),
    (0.065, &[-321, -13, 14]),
    (0.04, &[-321, 211]),
    (0.16, &[-321, 211, 111]),
    (0.13, &[-321, 211, 211, -211]),
    (0.12, &[-321, 211, 111, 111]),
    (0.10, &[-311, 211, -211]),
    (0.16, &[-311, 211, -211, 111]),
    (0.10, &[-311, 111, 111]),
    (0.06, &[211, -211, 111]),
];

const CHARM_CHARGED: &[(f64, &[i32])] = &[
    (0.16, &[-311, -11, 12]),
    (0.16, &[-311, -13, 14]),
    (0.10, &[-321, 211, 211]),
    (0.08, &[-321, 211, 211, 111]),
    (0.03, &[-311, 211]),
    (0.14, &[-311, 211, 111]),
    (0.12, &[-311, 211, 211, -211]),
    (0.14, &[-311, 211, 111, 111]),
    (0.07, &[211, 211, -211, 111]),
];

const CHARM_STRANGE: &[(f64, &[i32])] = &[
    (0.065, &[221, -11, 12]),
    (0.065, &[221, -13, 14]),
    (0.2, &[321, -321, 211]),
    (0.2, &[321, -311, 111]),
    (0.25, &[221, 211, 111]),
    (0.2, &[221, 211, 211, -211]),
];

const BOTTOM_NEUTRAL: &[(f64, &[i32])] = &[
    (0.10, &[-413, -11, 12]),
    (0.10, &[-413, -13, 14]),
    (0.05, &[-413, 211, 111]),
    (0.20, &[-413, 211, 211, -211]),
    (0.20, &[-423, 211, -211, 111]),
    (0.25, &[-413, 211, 211, -211, 111]),
    (0.10, &[-413, 431]),
];

const BOTTOM_CHARGED: &[(f64, &[i32])] = &[
    (0.10, &[-423, -11, 12]),
    (0.10, &[-423, -13, 14]),
    (0.05, &[-423, 211, 111]),
    (0.20, &[-423, 211, 211, -211]),
    (0.20, &[-413, 211, 211, 111]),
    (0.25, &[-423, 211, 211, -211, 111]),
    (0.10, &[-423, 431]),
];

const BOTTOM_STRANGE: &[(f64, &[i32])] = &[
    (0.10, &[-433, -11, 12]),
    (0.10, &[-433, -13, 14]),
    (0.05, &[-433, 211, 111]),
    (0.35, &[-433, 211, 211, -211]),
    (0.30, &[-433, 211, 211, -211, 111]),
    (0.10, &[-433, 431]),
];

/// The species of a particle or antiparticle.
pub(crate) fn species_of(pdg: i32) -> &'static Species {
    let place = SPECIES.binary_search_by_key(&pdg.abs(), |species| species.pdg);
    &SPECIES[place.expect("species: a known particle")]
}

/// The charge of a particle.
pub(crate) fn charge_of(pdg: i32) -> i8 {
    species_of(pdg).charge * pdg.signum() as i8
}

/// The antiparticle of a particle, which is itself for mesons of one flavour and photons.
pub(crate) fn conjugate(pdg: i32) -> i32 {
    match pdg {
        22 | 111 | 221 | 331 | 113 | 223 | 333 | 310 | 130 => pdg,
        _ => -pdg,
    }
}

/// Whether a particle is a neutrino.
pub(crate) fn is_neutrino(pdg: i32) -> bool {
    matches!(pdg.abs(), 12 | 14 | 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decays_conserve_charge_and_have_the_mass_for_their_products() {
        assert!(SPECIES.is_sorted_by_key(|species| species.pdg));
        for species in SPECIES {
            for (ratio, products) in species.decays {
                assert!((0.0..=1.0).contains(ratio) && products.len() <= 8, "{species:?}");
                let charge: i8 = products.iter().map(|pdg| charge_of(*pdg)).sum();
                assert_eq!(charge, species.charge, "{} to {products:?}", species.pdg);
                let mass: f64 = products.iter().map(|pdg| species_of(*pdg).mass).sum();
                assert!(mass <= species.mass, "{} to {products:?}", species.pdg);
            }
            let sum: f64 = species.decays.iter().map(|(ratio, _)| ratio).sum();
            assert!(species.decays.is_empty() || (sum - 1.0).abs() < 0.15, "{species:?}: {sum}");
            assert_eq!(charge_of(conjugate(species.pdg)), -species.charge, "{}", species.pdg);
        }
    }
}
