//! Samplings: how the parameters of many universes fill their ranges.

use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::pcg4d;
use crate::engine::random::permute;
use crate::engine::random::unit;

/// A way to fill the unit cube with points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// The sequence of Sobol (1967) with the direction numbers of Joe & Kuo (2008, SIAM J. Sci.
    /// Comput. 30, 2635) and a digital shift drawn from the seed. A point depends on seed and index
    /// alone: more points are the same ones and then others.
    #[default]
    Sobol,
    /// A Latin hypercube (McKay, Beckman & Conover 1979): of `count` equal slices of every range,
    /// each holds one point. All points change with the count.
    LatinHypercube,
}

/// The largest number of dimensions of a point.
pub(crate) const DIMENSIONS: usize = 8;

/// Bits of a coordinate, and with it the binary logarithm of how many points a sequence has.
const BITS: usize = 32;

/// Per dimension after the first: the inner coefficients of its primitive polynomial as bits, and
/// the first odd numbers m_i, as many as the polynomial's degree. From the table `new-joe-kuo-6` of
/// Joe & Kuo (2008).
const JOE_KUO: [(u32, &[u32]); DIMENSIONS - 1] = [
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
];

impl Sampling {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sobol, Self::LatinHypercube];

    /// Its name in commands and study files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sobol => "sobol",
            Self::LatinHypercube => "latin-hypercube",
        }
    }

    /// Point `index` of the `count` points of a seed, in (0, 1)^dimensions.
    ///
    /// # Panics
    /// If `index >= count`, or there are more than [`DIMENSIONS`] dimensions.
    pub fn point(self, seed: u64, index: u32, count: u32, dimensions: usize) -> Vec<f64> {
        assert!(index < count, "sampling: point {index} of {count}");
        assert!(dimensions <= DIMENSIONS, "sampling: {dimensions} dimensions");
        let coordinate = |dimension: usize| match self {
            Self::Sobol => {
                let shift = key(seed, Stream::SobolShift, dimension as u32);
                unit(sobol(dimension, index) ^ shift)
            }
            Self::LatinHypercube => {
                let shuffle = key(seed, Stream::HypercubeSlices, dimension as u32);
                let slice = permute(shuffle, 0, count, index);
                let place = hashed(seed, Stream::HypercubePoints, dimension, index, 0);
                (f64::from(slice) + place) / f64::from(count)
            }
        };
        (0..dimensions).map(coordinate).collect()
    }
}

/// An independent uniform point for `index`, the `attempt`-th one, for when its regular point
/// cannot be used.
pub fn spare(seed: u64, index: u32, attempt: u32, dimensions: usize) -> Vec<f64> {
    (0..dimensions)
        .map(|dimension| hashed(seed, Stream::SparePoints, dimension, index, attempt))
        .collect()
}

fn hashed(seed: u64, stream: Stream, dimension: usize, index: u32, attempt: u32) -> f64 {
    let of_dimension = key(seed, stream, dimension as u32);
    unit(pcg4d([of_dimension, index, attempt, stream.label()])[0])
}

/// The coordinate of a point of the unshifted sequence, in units of 2^-32. Points come in the order
/// of their binary index, not of its Gray code: each power of two of first points is the same set
/// either way.
fn sobol(dimension: usize, index: u32) -> u32 {
    let bits = (0..BITS).filter(|bit| index >> bit & 1 == 1);
    let directions = directions(dimension);
    bits.fold(0, |sum, bit| sum ^ directions[bit])
}

/// The direction numbers of a dimension (Joe & Kuo 2008, equation 3).
fn directions(dimension: usize) -> [u32; BITS] {
    let mut numbers = [0u32; BITS];
    if dimension == 0 {
        for (bit, number) in numbers.iter_mut().enumerate() {
            *number = 1 << (BITS - 1 - bit);
        }
        return numbers;
    }
    let (coefficients, first) = JOE_KUO[dimension - 1];
    let degree = first.len();
    for bit in 0..BITS {
        numbers[bit] = match first.get(bit) {
            Some(odd) => odd << (BITS - 1 - bit),
            None => {
                let last = numbers[bit - degree];
                (1..degree)
                    .filter(|step| coefficients >> (degree - 1 - step) & 1 == 1)
                    .fold(last ^ last >> degree, |sum, step| sum ^ numbers[bit - step])
            }
        };
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(sampling: Sampling, seed: u64, count: u32, dimensions: usize) -> Vec<Vec<f64>> {
        (0..count).map(|index| sampling.point(seed, index, count, dimensions)).collect()
    }

    /// The square of the centred L2 discrepancy (Hickernell 1998, equation 5).
    fn discrepancy(points: &[Vec<f64>]) -> f64 {
        let (count, dimensions) = (points.len() as f64, points[0].len() as i32);
        let off = |x: f64| (x - 0.5).abs();
        let single = |x: &f64| 1.0 + 0.5 * off(*x) - 0.5 * off(*x).powi(2);
        let singles: f64 =
            (points.iter()).map(|point| point.iter().map(single).product::<f64>()).sum();
        let pair = |(x, y): (&f64, &f64)| 1.0 + 0.5 * (off(*x) + off(*y) - (x - y).abs());
        let pairs: f64 = (points.iter())
            .flat_map(|a| points.iter().map(move |b| a.iter().zip(b)))
            .map(|both| both.map(pair).product::<f64>())
            .sum();
        (13.0f64 / 12.0).powi(dimensions) - 2.0 / count * singles + pairs / (count * count)
    }

    #[test]
    fn the_sequence_is_that_of_scipy() {
        // points 5, 100 and 3000 of scipy.stats.qmc.Sobol(8, scramble=False, bits=32), whose order
        // is that of the Gray code
        let right: [(u32, [u32; DIMENSIONS]); 3] = [
            (
                5,
                [
                    3758096384, 3758096384, 536870912, 1610612736, 3758096384, 2684354560,
                    3758096384, 1610612736,
                ],
            ),
            (
                100,
                [
                    1778384896, 1107296256, 3321888768, 3120562176, 3791650816, 3187671040,
                    100663296, 2046820352,
                ],
            ),
            (
                3000,
                [
                    644874240, 1452277760, 2502950912, 1819279360, 4161798144, 3725590528,
                    3304062976, 1685061632,
                ],
            ),
        ];
        for (place, coordinates) in right {
            let index = place ^ place >> 1;
            for (dimension, coordinate) in coordinates.into_iter().enumerate() {
                assert_eq!(sobol(dimension, index), coordinate, "{place} {dimension}");
            }
        }
    }

    #[test]
    fn every_power_of_two_of_first_points_has_one_in_each_slice() {
        for power in 0..=10 {
            let count = 1u32 << power;
            for dimension in 0..DIMENSIONS {
                let mut seen = vec![false; count as usize];
                for index in 0..count {
                    // as part of a longer sequence: a point does not depend on the count
                    let x = Sampling::Sobol.point(3, index, 5000, DIMENSIONS)[dimension];
                    let slice = (x * f64::from(count)) as usize;
                    assert!(!seen[slice], "{count} points, dimension {dimension}");
                    seen[slice] = true;
                }
            }
        }
        for count in [1, 7, 100, 513] {
            for dimension in 0..DIMENSIONS {
                let mut slices: Vec<u32> = points(Sampling::LatinHypercube, 3, count, DIMENSIONS)
                    .iter()
                    .map(|point| (point[dimension] * f64::from(count)) as u32)
                    .collect();
                slices.sort_unstable();
                assert_eq!(slices, (0..count).collect::<Vec<_>>(), "{dimension}");
            }
        }
    }

    #[test]
    fn the_cube_is_filled_more_evenly_than_by_chance() {
        for (count, dimensions) in [(256, 5), (1024, 7)] {
            // the expectation for random points: ((5/4)^d - (13/12)^d) / n (Hickernell 1998)
            let expected = (1.25f64.powi(dimensions as i32)
                - (13.0f64 / 12.0).powi(dimensions as i32))
                / f64::from(count);
            let random =
                |seed| -> Vec<_> { (0..count).map(|i| spare(seed, i, 0, dimensions)).collect() };
            let chance = (0..10).map(|seed| discrepancy(&random(seed))).sum::<f64>() / 10.0;
            assert!((chance / expected - 1.0).abs() < 0.3, "{chance} {expected}");
            for seed in [1, 2] {
                let sobol = discrepancy(&points(Sampling::Sobol, seed, count, dimensions));
                let latin = discrepancy(&points(Sampling::LatinHypercube, seed, count, dimensions));
                assert!(sobol < 0.2 * expected, "{count}: {sobol} {expected}");
                assert!(latin < 0.8 * expected, "{count}: {latin} {expected}");
            }
        }
    }

    #[test]
    fn seeds_differ_and_repeat() {
        for sampling in Sampling::ALL {
            let [a, b, again] = [1, 2, 1].map(|seed| points(sampling, seed, 16, 3));
            assert_ne!(a, b);
            assert_eq!(a, again);
        }
        let longer = points(Sampling::Sobol, 1, 40, 3);
        assert_eq!(longer[..16], points(Sampling::Sobol, 1, 16, 3));
    }
}
