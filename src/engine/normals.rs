//! Standard normal numbers from random words.

use crate::engine::random::{pcg4d, unit};

/// Two independent standard normal numbers from two words (Box & Muller 1958).
pub fn normal_pair(a: u32, b: u32) -> [f64; 2] {
    let radius = (-2.0 * unit(a).ln()).sqrt();
    let angle = std::f64::consts::TAU * unit(b);
    [radius * angle.cos(), radius * angle.sin()]
}

/// Fills `numbers` with standard normal numbers: number i is the first of [`normal_pair`] of the
/// hash of `key` and i. Logarithm and cosine are computed from their series, so that compilers
/// vectorise the loop and the numbers do not depend on the mathematical library or the vector
/// instructions of the system. They differ from [`normal_pair`] in the last digits of an f64.
pub fn normals(key: [u32; 3], numbers: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn in_vectors(key: [u32; 3], numbers: &mut [f64]) {
            fill_normals(key, numbers);
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has these instructions, as just checked.
            return unsafe { in_vectors(key, numbers) };
        }
    }
    fill_normals(key, numbers);
}

#[inline(always)]
fn fill_normals([a, b, c]: [u32; 3], numbers: &mut [f64]) {
    let mut words = [[0; 64]; 2];
    for (block, numbers) in (0..).step_by(64).zip(numbers.chunks_mut(64)) {
        let [first, second] = &mut words;
        for ((first, second), place) in first.iter_mut().zip(second).zip(block..) {
            [*first, *second, ..] = pcg4d([a, b, c, place]);
        }
        for ((number, first), second) in numbers.iter_mut().zip(words[0]).zip(words[1]) {
            *number = (-2.0 * ln_unit(first)).sqrt() * cosine_of_turn(second);
        }
    }
}

/// ln([`unit`]): 2 artanh((m - 1) / (m + 1)) of the mantissa between sqrt(1/2) and sqrt(2), and the
/// exponent's part.
#[inline(always)]
fn ln_unit(word: u32) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = (f64::from(word) + 0.5).to_bits();
    let mantissa = f64::from_bits((bits & MANTISSA) | 1.0f64.to_bits());
    let exponent = f64::from((bits >> 52) as i32 - 1023 - 32);
    let above = mantissa > std::f64::consts::SQRT_2;
    let mantissa = if above { 0.5 * mantissa } else { mantissa };
    let exponent = if above { exponent + 1.0 } else { exponent };
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    // ratio^2 < 0.03: the next term is below 2^-53 of the sum
    let series = (0..10).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    exponent * std::f64::consts::LN_2 + 2.0 * ratio * series
}

/// cos(2 pi [`unit`]), which is sin(2 pi (|unit - 1/2| - 1/4)), a sine of at most a quarter of a
/// turn.
#[inline(always)]
fn cosine_of_turn(word: u32) -> f64 {
    let angle = std::f64::consts::TAU * ((unit(word) - 0.5).abs() - 0.25);
    let square = angle * angle;
    // sum of (-1)^k angle^(2k + 1) / (2k + 1)!, from the last significant term
    let series = (1..11).rev().fold(1.0, |sum, k| {
        let inverse = 1.0 / f64::from(2 * k * (2 * k + 1));
        1.0 - sum * square * inverse
    });
    angle * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_normal_numbers_are_those_of_pairs() {
        // series and library each round some ten times; a radius is at most 6.7
        let bound = 6.7 * 20.0 * f64::EPSILON;
        let mut numbers = vec![0.0; 100_001];
        normals([1, 2, 3], &mut numbers);
        for (place, number) in (0..).zip(numbers) {
            let words = pcg4d([1, 2, 3, place]);
            let expected = normal_pair(words[0], words[1])[0];
            assert!((number - expected).abs() < bound, "{place}: {number} is not {expected}");
        }
        // the ends of the range
        let ends =
            (0..300).flat_map(|near| [near, u32::MAX - near, (1 << 31) + near, (1 << 30) - near]);
        for word in ends {
            let [logarithm, cosine] = [ln_unit(word), cosine_of_turn(word)];
            let expected = [unit(word).ln(), (std::f64::consts::TAU * unit(word)).cos()];
            assert!(
                (logarithm / expected[0] - 1.0).abs() < 20.0 * f64::EPSILON,
                "ln of {word}: {logarithm}"
            );
            assert!(
                (cosine - expected[1]).abs() < 20.0 * f64::EPSILON,
                "cosine of {word}: {cosine}"
            );
        }
    }

    #[test]
    fn normal_numbers_have_the_moments_of_a_normal() {
        let mut sums = [0f64; 4];
        let count = 200_000;
        for i in 0..count / 2 {
            let v = pcg4d([5, 6, 7, i]);
            for z in normal_pair(v[0], v[1]) {
                for (power, sum) in sums.iter_mut().enumerate() {
                    *sum += z.powi(power as i32 + 1) / f64::from(count);
                }
            }
        }
        // five standard errors of each moment: sqrt(1, 2, 15, 96) / sqrt(count)
        for (moment, (expected, spread)) in
            sums.iter().zip([(0.0, 1.0f64), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)])
        {
            let bound = 5.0 * (spread / f64::from(count)).sqrt();
            assert!((moment - expected).abs() < bound, "{moment} is not {expected}");
        }
    }
}
