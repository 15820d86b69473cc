//! Hadronisation: clusters, as Webber, Nucl. Phys. B238 (1984) 492, has them.
//!
//! Gluons that are left after the shower become a quark and an antiquark. Neighbours in colour form
//! clusters without colour. Heavy clusters break up along their axis, light ones become a hadron,
//! all others two.

use crate::collider::decay::Particle;
use crate::collider::draws::Draws;
use crate::collider::momentum::{Momentum, around, isotropic, two_body};
use crate::collider::partons::{Chain, Parton};
use crate::collider::species::species_of;

/// The flavour at an end of a cluster: a quark, or a diquark; 1 to 5 for d, u, s, c, b. An end is
/// a quark or an antidiquark on one side of a cluster, an antiquark or a diquark on the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Flavour {
    Quark(u8),
    Diquark(u8, u8),
}

impl Flavour {
    /// Constituent mass, GeV (the Herwig manual, arXiv 0803.0883).
    fn mass(self) -> f64 {
        const MASSES: [f64; 5] = [0.325, 0.325, 0.5, 1.6, 5.0];
        let quark = |flavour: u8| MASSES[usize::from(flavour - 1)];
        match self {
            Flavour::Quark(flavour) => quark(flavour),
            Flavour::Diquark(one, other) => quark(one) + quark(other),
        }
    }
}

/// A coloured end of a cluster.
#[derive(Clone, Copy, Debug)]
struct End {
    flavour: Flavour,
    momentum: Momentum,
    /// Whether it comes from the shower; a hadron made of it remembers its direction.
    from_shower: bool,
}

/// Two ends without colour together.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// A quark or an antidiquark.
    one: End,
    /// An antiquark or a diquark.
    other: End,
    /// The sum of their momenta.
    total: Momentum,
}

/// Settings of the hadronisation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hadronisation {
    /// Clusters above this mass break up, GeV.
    pub heaviest: f64,
    /// Power of the masses when a cluster breaks up.
    pub power: f64,
    /// Probability of a strange quark relative to an up quark.
    pub strangeness: f64,
    /// Probability of a diquark relative to an up quark.
    pub diquarks: f64,
    /// Probability of a meson of spin 1 relative to its number of spin states.
    pub vectors: f64,
    /// Deviation of the angle of a hadron to the quark from the shower that it contains.
    pub smearing: f64,
}

impl Hadronisation {
    /// Appends the hadrons of a chain of partons.
    pub(crate) fn hadrons(&self, chain: &Chain, draws: &mut Draws, hadrons: &mut Vec<Particle>) {
        let mut left: Option<End> = None;
        for parton in chain {
            let Some(first) = left else {
                left = Some(self.end(parton, draws));
                continue;
            };
            if parton.flavour == 0 && !parton.beam {
                // a quark and an antiquark share the momentum of a gluon
                let (gluon, share) = (self.end(parton, draws), draws.uniform());
                let part = |share: f64| End { momentum: parton.momentum * share, ..gluon };
                self.cluster(first, part(share), draws, hadrons);
                left = Some(part(1.0 - share));
            } else {
                let last = self.end(parton, draws);
                self.cluster(first, last, draws, hadrons);
                left = None;
            }
        }
    }

    /// The end that a parton is; what has no flavour has a light one.
    fn end(&self, parton: &Parton, draws: &mut Draws) -> End {
        let flavour = match parton.flavour {
            0 => self.light(draws),
            flavour => flavour.unsigned_abs(),
        };
        let (momentum, from_shower) = (parton.momentum, !parton.beam);
        End { flavour: Flavour::Quark(flavour), momentum, from_shower }
    }

    /// A light flavour that appears from nothing.
    fn light(&self, draws: &mut Draws) -> u8 {
        1 + draws.index([1.0, 1.0, self.strangeness].into_iter()) as u8
    }

    fn cluster(&self, one: End, other: End, draws: &mut Draws, hadrons: &mut Vec<Particle>) {
        let cluster = Cluster { one, other, total: one.momentum + other.momentum };
        let constituents = one.flavour.mass() + other.flavour.mass();
        let least = self.heaviest.powf(self.power) + constituents.powf(self.power);
        match cluster.total.mass().powf(self.power) > least {
            true => self.break_up(cluster, draws, hadrons),
            false => self.decay(cluster, draws, hadrons),
        }
    }

    /// Breaks a cluster into two, which move along its axis.
    fn break_up(&self, cluster: Cluster, draws: &mut Draws, hadrons: &mut Vec<Particle>) {
        let Cluster { one, other, total } = cluster;
        let mass = total.mass();
        let flavour = Flavour::Quark(self.light(draws));
        let own = flavour.mass();
        let (first, second) = (one.flavour.mass(), other.flavour.mass());
        let mut split = (0.0, 0.0);
        for _ in 0..100 {
            let mut side = |end: f64| {
                let rest = mass - end - own;
                let power = |x: f64| x.max(1e-9).powf(self.power);
                let drawn = power(rest - own) * draws.uniform() + power(own);
                end + drawn.powf(1.0 / self.power)
            };
            split = (side(first), side(second));
            if split.0 + split.1 < mass {
                break;
            }
        }
        if split.0 + split.1 >= mass {
            return self.decay(cluster, draws, hadrons);
        }
        let size = two_body(mass, split.0, split.1);
        let axis = unit(one.momentum.at_rest_of(total).p, draws);
        let left = Momentum::on_shell(axis.map(|x| x * size), split.0).boosted(total);
        let right = total - left;
        // the ends keep their directions; what appears moves with its cluster
        let along = |cluster: Momentum, end: &End, sign: f64| {
            let mass = cluster.mass();
            let axis = axis.map(|x| sign * x);
            let at_rest = Momentum::on_shell(axis.map(|x| 0.5 * x * mass), 0.0);
            let end = End { momentum: at_rest.boosted(cluster), ..*end };
            let back = Momentum::on_shell(axis.map(|x| -0.5 * x * mass), 0.0);
            (end, End { flavour, momentum: back.boosted(cluster), from_shower: false })
        };
        let (one, near) = along(left, &one, 1.0);
        let (other, far) = along(right, &other, -1.0);
        self.cluster(one, near, draws, hadrons);
        self.cluster(far, other, draws, hadrons);
    }

    /// Two hadrons of a cluster, or one if it is too light for two.
    fn decay(&self, cluster: Cluster, draws: &mut Draws, hadrons: &mut Vec<Particle>) {
        let Cluster { one, other, total } = cluster;
        let mass = total.mass();
        for _ in 0..40 {
            let pair = match draws.chance(self.diquarks) && both_quarks(&one, &other) {
                true => Flavour::Diquark(self.light(draws), self.light(draws)),
                false => Flavour::Quark(self.light(draws)),
            };
            let (first, second) =
                (self.hadron(one.flavour, pair, draws), self.hadron(pair, other.flavour, draws));
            let (Some(first), Some(second)) = (first, second) else { continue };
            let masses = [first, second].map(|pdg| species_of(pdg).mass);
            let size = two_body(mass, masses[0], masses[1]);
            if mass <= masses[0] + masses[1] || !draws.chance(2.0 * size / mass) {
                continue;
            }
            let direction = match (one.from_shower, other.from_shower) {
                (true, _) => self.remembered(one.momentum.at_rest_of(total).p, draws),
                (_, true) => self.remembered(other.momentum.at_rest_of(total).p, draws).map(|x| -x),
                _ => isotropic(draws),
            };
            let p = direction.map(|x| x * size);
            let momentum = Momentum::on_shell(p, masses[0]).boosted(total);
            hadrons.push(Particle { pdg: first, momentum });
            hadrons.push(Particle { pdg: second, momentum: total - momentum });
            return;
        }
        if let Some(pdg) = self.single(mass, (one.flavour, other.flavour), draws) {
            // keeps the momentum; the energy is off by what the mass is
            let momentum = total.with_mass(species_of(pdg).mass);
            hadrons.push(Particle { pdg, momentum });
        }
    }

    /// A direction near that of a quark.
    fn remembered(&self, axis: [f64; 3], draws: &mut Draws) -> [f64; 3] {
        let cos = 1.0 + self.smearing * draws.uniform().ln();
        match cos > -1.0 {
            true => around(axis, cos, draws),
            false => isotropic(draws),
        }
    }

    /// A hadron of the flavours of two ends: the first is a quark or an antidiquark, the second an
    /// antiquark or a diquark.
    fn hadron(&self, one: Flavour, other: Flavour, draws: &mut Draws) -> Option<i32> {
        match (one, other) {
            (Flavour::Quark(quark), Flavour::Quark(antiquark)) => {
                self.meson(quark, antiquark, draws)
            }
            (Flavour::Quark(quark), Flavour::Diquark(a, b)) => baryon([quark, a, b], draws),
            (Flavour::Diquark(a, b), Flavour::Quark(quark)) => {
                baryon([quark, a, b], draws).map(|pdg| -pdg)
            }
            _ => None,
        }
    }

    /// A hadron of about this mass of two ends: a pseudoscalar meson below the middle between pion
    /// and rho, a vector meson above it.
    fn single(
        &self,
        mass: f64,
        (one, other): (Flavour, Flavour),
        draws: &mut Draws,
    ) -> Option<i32> {
        let vectors = if mass > 0.45 { f64::INFINITY } else { 0.0 };
        match (one, other, vectors) {
            (Flavour::Quark(1), Flavour::Quark(1), 0.0)
            | (Flavour::Quark(2), Flavour::Quark(2), 0.0) => Some(111),
            _ => {
                let own = Self { vectors, ..*self };
                (0..20).find_map(|_| own.hadron(one, other, draws))
            }
        }
    }

    fn meson(&self, quark: u8, antiquark: u8, draws: &mut Draws) -> Option<i32> {
        let vector = draws.chance(3.0 / (1.0 / self.vectors + 3.0));
        let kind =
            |pseudoscalar: i32, vector_one: i32| if vector { vector_one } else { pseudoscalar };
        let (heavy, light) = (quark.max(antiquark), quark.min(antiquark));
        // the sign of a meson is that of its heavier quark if it is of up type, else the opposite
        let sign = match (heavy == quark, heavy == 2 || heavy == 4) {
            (true, true) | (false, false) => 1,
            _ => -1,
        };
        Some(match (heavy, light) {
            (1, 1) | (2, 2) if vector => [113, 223][draws.index([0.5, 0.5].into_iter())],
            (1, 1) | (2, 2) => self.neutral([0.5, 0.33, 0.17], draws)?,
            (3, 3) if vector => 333,
            (3, 3) => self.neutral([0.0, 0.33, 0.67], draws)?,
            (2, 1) => sign * kind(211, 213),
            (3, 1) => sign * kind(311, 313),
            (3, 2) => sign * kind(321, 323),
            (4, 1) => sign * kind(411, 413),
            (4, 2) => sign * kind(421, 423),
            (4, 3) => sign * kind(431, 433),
            (5, 1) => sign * kind(511, 513),
            (5, 2) => sign * kind(521, 523),
            (5, 3) => sign * kind(531, 533),
            // quarkonia and the like: taken as two light quarks
            _ => 113,
        })
    }

    /// A pi0, eta or eta' with these shares, unless it is suppressed: then the flavours are drawn
    /// again. The two are rarer than their flavours say, here as in Pythia (Sjostrand et al., arXiv
    /// 1410.3012).
    fn neutral(&self, shares: [f64; 3], draws: &mut Draws) -> Option<i32> {
        let place = draws.index(shares.into_iter());
        draws.chance([1.0, 0.6, 0.12][place]).then_some([111, 221, 331][place])
    }
}

/// A baryon of three quarks.
fn baryon(mut quarks: [u8; 3], draws: &mut Draws) -> Option<i32> {
    quarks.sort_unstable();
    let spin = draws.chance(0.4);
    let octet = |one: i32, other: i32| if spin { other } else { one };
    Some(match quarks {
        [1, 1, 1] if spin => 1114,
        [1, 1, 2] => octet(2112, 2114),
        [1, 2, 2] => octet(2212, 2214),
        [2, 2, 2] if spin => 2224,
        [1, 1, 3] => octet(3112, 3114),
        [1, 2, 3] if draws.chance(0.6) => 3122,
        [1, 2, 3] => octet(3212, 3214),
        [2, 2, 3] => octet(3222, 3224),
        [1, 3, 3] => octet(3312, 3314),
        [2, 3, 3] => octet(3322, 3324),
        [3, 3, 3] if spin => 3334,
        [_, _, 4] => 4122,
        [_, _, 5] => 5122,
        _ => return None,
    })
}

fn both_quarks(one: &End, other: &End) -> bool {
    let quark = |end: &End| matches!(end.flavour, Flavour::Quark(_));
    quark(one) && quark(other)
}

fn unit(p: [f64; 3], draws: &mut Draws) -> [f64; 3] {
    let size = p.iter().map(|x| x * x).sum::<f64>().sqrt();
    if size > 0.0 { p.map(|x| x / size) } else { isotropic(draws) }
}
