//! Leptons, jets and tau leptons of an event.

use crate::collider::candidate::{Candidate, Class, Event};
use crate::collider::detector::{Detector, Identification, PERFECT, objects};
use crate::collider::draws::Draws;
use crate::collider::jets::anti_kt;
use crate::collider::momentum::{Momentum, distance, transverse_sum};

/// The objects of a collision with one lepton and one tau candidate.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    pub lepton: Momentum,
    pub tau: Momentum,
    /// All other jets, the hardest first.
    pub jets: Vec<Momentum>,
    pub missing: [f64; 2],
    /// Probability that this jet, and no other one, is taken for a tau lepton, and that one is.
    pub probability: f64,
}

/// Least transverse momenta, GeV: of leptons that are counted, of the lepton, of a tau candidate
/// before the factor of its energy, and of jets.
const LEAST: [f64; 4] = [10.0, 26.0, 20.0, 30.0];
/// Largest absolute pseudorapidities of tracks and of jets.
const EDGES: [f64; 2] = [2.5, 4.5];
/// Share of other jets with the probability of one charged hadron to be taken for a tau lepton.
const ONE_TRACK: f64 = 0.14;

/// The objects of an event, unless it has not exactly one lepton, or no tau candidate. `taus` is
/// what can be seen of true tau leptons and whether it is one charged hadron.
///
/// One of the candidates is drawn with the probability that it alone is tagged.
pub(crate) fn find(
    detector: Option<&Detector>,
    event: &Event,
    taus: &[(Momentum, bool)],
    draws: &mut Draws,
) -> Option<Objects> {
    let identification = detector.map_or(&PERFECT, |detector| &detector.identification);
    let lepton = only_lepton(identification, &event.candidates, draws)?;
    let all = objects(detector, event);
    let [x, y, _] = transverse_sum(all.iter().copied());
    let mut jets: Vec<(Momentum, f64)> = Vec::new();
    for jet in anti_kt(&all, identification.radius, LEAST[2]) {
        let momentum = jet.momentum;
        if distance(momentum, lepton) > identification.radius {
            let tag = tag(identification, momentum, taus, draws);
            jets.push((calibrated(identification, momentum), tag));
        }
    }
    let none: f64 = jets.iter().map(|(_, tag)| 1.0 - tag).product();
    let only = jets.iter().map(|(_, tag)| if *tag < 1.0 { none * tag / (1.0 - tag) } else { 1.0 });
    let probability: f64 = only.clone().sum();
    if probability == 0.0 {
        return None;
    }
    let (tau, _) = jets.remove(draws.index(only.collect::<Vec<_>>().into_iter()));
    let is_jet = |jet: &Momentum| jet.pt() > LEAST[3] && jet.eta().abs() < EDGES[1];
    let mut jets: Vec<Momentum> = jets.into_iter().map(|(jet, _)| jet).filter(is_jet).collect();
    jets.sort_by(|one, other| other.pt().total_cmp(&one.pt()));
    Some(Objects { lepton, tau, jets, missing: [-x, -y], probability })
}

/// A jet with the factor of its energy.
fn calibrated(identification: &Identification, jet: Momentum) -> Momentum {
    let [a, b] = identification.scale;
    jet * ((a - b * jet.eta().abs()).powi(2) / jet.pt() + 1.0).sqrt()
}

/// Probability that a jet is taken for a tau lepton.
fn tag(
    identification: &Identification,
    jet: Momentum,
    taus: &[(Momentum, bool)],
    draws: &mut Draws,
) -> f64 {
    if jet.eta().abs() > EDGES[0] {
        return 0.0;
    }
    let near = taus.iter().find(|(tau, _)| distance(*tau, jet) < 0.5);
    let (tags, one) = match near {
        Some((_, one)) => (identification.taus, *one),
        None => (identification.mistags, draws.chance(ONE_TRACK)),
    };
    tags[usize::from(!one)]
}

/// The lepton, if exactly one is identified and isolated and it is hard enough.
fn only_lepton(
    identification: &Identification,
    candidates: &[Candidate],
    draws: &mut Draws,
) -> Option<Momentum> {
    let mut found = None;
    for one in candidates {
        let (own, eta) = (one.momentum, one.momentum.eta().abs());
        let (efficiencies, most) = match one.class {
            Class::Muon => (identification.leptons[0], 0.25),
            Class::Electron => (identification.leptons[1], 0.12),
            _ => continue,
        };
        let near = |other: &&Candidate| {
            let far = own == other.momentum || other.momentum.pt() < 0.5;
            !far && distance(own, other.momentum) < 0.5
        };
        let efficiency = efficiencies.iter().find(|(limit, _)| eta < *limit);
        let efficiency = efficiency.map_or(0.0, |(_, efficiency)| *efficiency);
        if own.pt() < LEAST[0] || eta > EDGES[0] || !draws.chance(efficiency) {
            continue;
        }
        let around: f64 = candidates.iter().filter(near).map(|other| other.momentum.pt()).sum();
        if around < most * own.pt() {
            if found.is_some() {
                return None;
            }
            found = Some(own);
        }
    }
    found.filter(|lepton| lepton.pt() > LEAST[1])
}
