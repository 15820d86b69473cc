//! Pairs of tau leptons: Higgs bosons against backgrounds, with one lepton and one hadronic tau.

use crate::collider::bosons::{
    Decay, W, Z, back_to_back, boson_and_jet, decay_w, resonance, two_leptons,
};
use crate::collider::densities::{quark, rapidity, sea};
use crate::collider::detector::{Detector, measure};
use crate::collider::draws::Draws;
use crate::collider::generator::{GENERATOR, Hard};
use crate::collider::higgs::higgs;
use crate::collider::momentum::{Momentum, isotropic};
use crate::collider::objects::{Objects, find};
use crate::collider::process::{Process, Row};
use crate::collider::radiation::Radiation;
use crate::collider::tau::{TAU, into_hadrons, into_lepton, visible};
use crate::collider::tau_pair_columns::{COLUMNS, columns};
use crate::collider::top::top_pair;

/// The task, with the columns of the HiggsML challenge.
pub static PROCESS: Process = Process {
    name: "tau-pairs",
    help: "H -> tau tau (target signal = 1) or Z -> tau tau, ttbar, W+jets (0) at 13 TeV with a \
           lepton and a hadronic tau: 28 columns of the HiggsML challenge, NaN where they are not \
           defined, and weights",
    items: &[],
    typical_items: 0,
    inputs: &COLUMNS,
    targets: &[("signal", [0.0, 1.0])],
    events: Some(EVENTS),
    row: |detector, key, index| {
        let (signal, weight, objects) = collision(detector, key, index);
        let inputs = columns(&objects).to_vec();
        Row { items: Vec::new(), inputs, targets: vec![signal], weight }
    },
};

/// The same collisions as sets of their objects.
pub static OBJECTS: Process = Process {
    name: "tau-pair-objects",
    help: "the collisions of tau-pairs with their objects as items: the lepton, the tau, up to 9 \
           jets and the missing momentum",
    items: &["pt", "eta", "phi", "mass", "lepton", "tau", "jet", "missing"],
    typical_items: 5,
    inputs: &[],
    row: |detector, key, index| {
        let (signal, weight, objects) = collision(detector, key, index);
        Row { items: items(&objects), inputs: Vec::new(), targets: vec![signal], weight }
    },
    ..PROCESS
};

/// The most jets of a set.
const MOST_JETS: usize = 9;

fn items(objects: &Objects) -> Vec<f64> {
    let [x, y] = objects.missing;
    let missing = Momentum { e: x.hypot(y), p: [x, y, 0.0] };
    let jets = objects.jets.iter().take(MOST_JETS).map(|jet| (*jet, 2));
    let all = [(objects.lepton, 0), (objects.tau, 1)].into_iter().chain(jets);
    let item = |(momentum, kind): (Momentum, usize)| {
        let [a, b, c, d] = std::array::from_fn(|place| f64::from(u8::from(place == kind)));
        [momentum.pt(), momentum.eta(), momentum.phi(), momentum.mass(), a, b, c, d]
    };
    all.chain([(missing, 3)]).flat_map(item).collect()
}

/// A kind of collisions.
struct Kind {
    hard: fn(&mut Draws) -> Hard,
    /// Events of 1/fb, as in the files of Pythia and Delphes with the ATLAS card, whose cross
    /// sections are from general knowledge.
    events: f64,
    /// Mean probability of the tag with the ATLAS card where the tau candidate is another jet.
    tag: Option<f64>,
}

const fn kind(hard: fn(&mut Draws) -> Hard, events: f64, tag: Option<f64>) -> Kind {
    Kind { hard, events, tag }
}

/// Signal and backgrounds.
static KINDS: [Kind; 5] = [
    kind(|draws| tau_pair(Boson::Higgs, draws), 91.1, None),
    kind(|draws| tau_pair(Boson::Z, draws), 12_281.0, None),
    kind(|draws| top_pair([light_lepton(draws), Decay::Leptons(15)], draws), 2_614.0, None),
    kind(|draws| top_pair([light_lepton(draws), Decay::Quarks(2, 1)], draws), 952.0, Some(0.0437)),
    kind(w_and_jet, 9_845.0, Some(0.0134)),
];

/// Events of 1/fb of all kinds.
const EVENTS: f64 = 91.1 + 12_281.0 + 2_614.0 + 952.0 + 9_845.0;

/// Kinds of 20 collisions.
const ORDER: [usize; 20] = [0, 1, 0, 2, 0, 3, 0, 4, 0, 1, 0, 4, 0, 2, 0, 1, 0, 3, 0, 4];

/// Collision `index`: whether it is signal, its weight, and its objects. Those that do not pass the
/// selection are drawn again.
fn collision(detector: Option<&Detector>, key: u32, index: u32) -> (f64, f64, Objects) {
    let place = ORDER[index as usize % ORDER.len()];
    let kind = &KINDS[place];
    let attempt = |attempt| {
        let mut draws = Draws::new(key, index, attempt);
        let mut hard = (kind.hard)(&mut draws);
        let needs_tau = kind.tag.is_none();
        let accept = |hard: &Hard| accepted(hard, needs_tau);
        let particles = GENERATOR.collision(&mut hard, accept, &mut draws)?;
        let event = measure(detector, &particles, &mut draws);
        let objects = find(detector, &event, &hard.visible, &mut draws)?;
        // the weights of rare tags are small; others are drawn
        let kept = !needs_tau || draws.chance(objects.probability);
        kept.then_some(objects)
    };
    let objects = (0..).find_map(attempt).expect("tau_pairs: one of all attempts passes");
    let share = ORDER.iter().filter(|other| **other == place).count() as f64;
    let mean = EVENTS * share / ORDER.len() as f64;
    let relative = kind.tag.map_or(1.0, |tag| objects.probability / tag);
    let weight = kind.events / mean * relative;
    (f64::from(u8::from(place == 0)), weight, objects)
}

/// Whether a collision may pass the selection: a lepton, and what is seen of a tau lepton.
fn accepted(hard: &Hard, needs_tau: bool) -> bool {
    let within =
        |momentum: Momentum, least: f64| momentum.pt() > least && momentum.eta().abs() < 2.7;
    let lepton = hard
        .particles
        .iter()
        .any(|particle| matches!(particle.pdg.abs(), 11 | 13) && within(particle.momentum, 23.0));
    lepton && (!needs_tau || hard.visible.iter().any(|(tau, _)| within(*tau, 14.0)))
}

fn light_lepton(draws: &mut Draws) -> Decay {
    Decay::Leptons(if draws.chance(0.5) { 11 } else { 13 })
}

fn w_and_jet(draws: &mut Draws) -> Hard {
    let mass = resonance(W, draws);
    let (boson, mut hard) = boson_and_jet(mass, [16.0, 2.6], draws);
    let charge = if draws.chance(0.57) { 1 } else { -1 };
    let pair = two_leptons(boson, draws);
    decay_w(light_lepton(draws), charge, pair, &mut hard, draws);
    hard
}

/// What decays into tau leptons.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Boson {
    Higgs,
    Z,
}

/// A boson that decays into two tau leptons, one of which decays into a lepton. The taus of a Z
/// boson have opposite helicities, of which the left-handed tau is a little more frequent; those of
/// a Higgs boson have the same.
fn tau_pair(kind: Boson, draws: &mut Draws) -> Hard {
    let (boson, mut hard) = match kind {
        Boson::Higgs => higgs(draws),
        Boson::Z => {
            let mass = resonance(Z, draws);
            let rapidity = rapidity(mass, [quark, sea], draws);
            let radiation =
                Radiation { colour: COLOUR, scale: 0.8 * mass, hardest: 300.0, rapidity };
            let p = [0.0, 0.0, mass * rapidity.sinh()];
            (Momentum::on_shell(p, mass), Hard { radiation, ..Hard::default() })
        }
    };
    let [first, second] = match kind {
        Boson::Higgs => back_to_back(boson, [TAU; 2], isotropic(draws)),
        Boson::Z => two_leptons(boson, draws).map(|lepton| lepton.with_mass(TAU)),
    };
    let polarisation = if draws.chance(0.57) { -1.0 } else { 1.0 };
    let other = if kind == Boson::Z { polarisation } else { -polarisation };
    let charge = if draws.chance(0.5) { 1 } else { -1 };
    let lepton = if draws.chance(0.5) { 11 } else { 13 };
    let leptons = into_lepton(first, lepton, charge, polarisation, draws);
    let hadrons = into_hadrons(second, -charge, other, draws);
    hard.visible.extend(visible(&hadrons));
    hard.particles.extend(leptons.into_iter().chain(hadrons));
    hard
}

/// Colour factor of the radiation of quarks, tuned to the transverse momenta of Z bosons of Pythia.
const COLOUR: f64 = 4.8;
