//! Jets by the anti-kt algorithm (Cacciari, Salam & Soyez, JHEP 04 (2008) 063), with four-momenta
//! added up, in rapidity and azimuth.

use crate::collider::momentum::{Momentum, angle};

/// A jet.
#[derive(Clone, Debug, PartialEq)]
pub struct Jet {
    /// The sum of its constituents.
    pub momentum: Momentum,
    /// Indices of its constituents.
    pub constituents: Vec<usize>,
}

/// A cluster on the way to a jet.
struct Cluster {
    momentum: Momentum,
    rapidity: f64,
    phi: f64,
    /// 1 / pt^2.
    weight: f64,
    /// Squared distance to the nearest other cluster within R, in units of R^2, else 1.
    distance: f64,
    nearest: Option<usize>,
    constituents: Vec<usize>,
}

impl Cluster {
    fn new(momentum: Momentum, constituents: Vec<usize>) -> Self {
        let weight = 1.0 / momentum.pt().powi(2).max(1e-300);
        let (rapidity, phi) = (momentum.rapidity(), momentum.phi());
        Self { momentum, rapidity, phi, weight, distance: 1.0, nearest: None, constituents }
    }

    /// The distance of the algorithm to the nearest cluster or to the beam.
    fn least(&self, all: &[Cluster]) -> f64 {
        match self.nearest {
            Some(other) => self.distance * self.weight.min(all[other].weight),
            None => self.weight,
        }
    }
}

/// The jets of these momenta with radius `radius` and at least `least_pt`, in falling transverse
/// momentum. The nearest neighbours are kept, so that a step takes time in proportion to the number
/// of clusters.
pub fn anti_kt(momenta: &[Momentum], radius: f64, least_pt: f64) -> Vec<Jet> {
    let clusters = momenta.iter().enumerate();
    let mut clusters: Vec<Cluster> =
        clusters.map(|(index, momentum)| Cluster::new(*momentum, vec![index])).collect();
    let inverse = 1.0 / (radius * radius);
    for index in 0..clusters.len() {
        find_nearest(&mut clusters, index, inverse);
    }
    let mut jets = Vec::new();
    while !clusters.is_empty() {
        let (mut first, mut least) = (0, f64::INFINITY);
        for (index, cluster) in clusters.iter().enumerate() {
            let own = cluster.least(&clusters);
            if own < least {
                (first, least) = (index, own);
            }
        }
        let other = clusters[first].nearest;
        let Some(other) = other else {
            let cluster = remove(&mut clusters, &[first], inverse);
            let Cluster { momentum, constituents, .. } = cluster.into_iter().next().expect("one");
            if momentum.pt() >= least_pt {
                jets.push(Jet { momentum, constituents });
            }
            continue;
        };
        let pair = remove(&mut clusters, &[first, other], inverse);
        let momentum = pair[0].momentum + pair[1].momentum;
        let constituents = pair.into_iter().flat_map(|cluster| cluster.constituents).collect();
        clusters.push(Cluster::new(momentum, constituents));
        let last = clusters.len() - 1;
        find_nearest(&mut clusters, last, inverse);
        for index in 0..last {
            let distance = distance(&clusters[index], &clusters[last], inverse);
            if distance < clusters[index].distance {
                (clusters[index].distance, clusters[index].nearest) = (distance, Some(last));
            }
        }
    }
    jets.sort_by(|one, other| other.momentum.pt().total_cmp(&one.momentum.pt()));
    jets
}

fn distance(one: &Cluster, other: &Cluster, inverse: f64) -> f64 {
    let (dy, dphi) = (one.rapidity - other.rapidity, angle(one.phi - other.phi));
    (dy * dy + dphi * dphi) * inverse
}

fn find_nearest(clusters: &mut [Cluster], index: usize, inverse: f64) {
    let (mut least, mut nearest) = (1.0, None);
    for other in (0..clusters.len()).filter(|other| *other != index) {
        let distance = distance(&clusters[index], &clusters[other], inverse);
        if distance < least {
            (least, nearest) = (distance, Some(other));
        }
    }
    (clusters[index].distance, clusters[index].nearest) = (least, nearest);
}

/// Takes clusters out, and finds new neighbours for those that had them as the nearest.
fn remove(clusters: &mut Vec<Cluster>, which: &[usize], inverse: f64) -> Vec<Cluster> {
    let mut places = which.to_vec();
    places.sort_unstable_by(|one, other| other.cmp(one));
    let mut taken = Vec::with_capacity(places.len());
    let mut orphans = Vec::new();
    for place in places {
        let last = clusters.len() - 1;
        taken.push(clusters.swap_remove(place));
        orphans.retain(|orphan| *orphan != place);
        orphans.iter_mut().for_each(|orphan| {
            if *orphan == last {
                *orphan = place
            }
        });
        for (index, cluster) in clusters.iter_mut().enumerate() {
            if cluster.nearest == Some(place) {
                cluster.nearest = None;
                orphans.push(index);
            } else if cluster.nearest == Some(last) {
                cluster.nearest = Some(place);
            }
        }
    }
    for orphan in orphans {
        find_nearest(clusters, orphan, inverse);
    }
    taken
}
