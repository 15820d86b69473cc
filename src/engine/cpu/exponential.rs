//! exp in vectors. The function of the standard library takes one number at a time.

/// exp(x) within two units in the last place for results that are normal numbers; smaller ones are
/// 0 and larger ones infinite. `FUSED`: with fused multiply-add. To be inlined into loops of
/// [`crate::engine::cpu::vectors::widest`].
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, and the polynomial of the Cephes library for exp(r).
#[inline(always)]
pub(crate) fn exponential<const FUSED: bool>(x: f32) -> f32 {
    const LEAST: f32 = -87.3;
    const MOST: f32 = 88.8;
    // adding it rounds to a whole number, which stays in the lowest bits
    const ROUNDS: f32 = 12_582_912.0;
    let multiply_add = |a: f32, b: f32, c: f32| if FUSED { a.mul_add(b, c) } else { a * b + c };
    // comparisons that keep NaN
    let bounded = if x < LEAST { LEAST } else { x };
    let bounded = if bounded > MOST { MOST } else { bounded };
    let shifted = multiply_add(bounded, std::f32::consts::LOG2_E, ROUNDS);
    let n = shifted - ROUNDS;
    // ln 2 in two numbers, of which the first has few digits
    let r = multiply_add(n, -0.693_359_4, bounded);
    let r = multiply_add(n, 2.121_944_4e-4, r);
    let coefficients = [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];
    let mut sum = 1.987_569_1e-4;
    for coefficient in coefficients {
        sum = multiply_add(sum, r, coefficient);
    }
    let power = multiply_add(sum * r, r, r) + 1.0;
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < LEAST { 0.0 } else { power * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential_to_two_units_in_the_last_place() {
        for step in -872_000..883_000 {
            let x = step as f32 * 1e-4;
            let exact = f64::from(x).exp();
            for found in [exponential::<true>(x), exponential::<false>(x)] {
                let off = (f64::from(found) - exact).abs() / exact;
                assert!(off <= 2.0 * f64::from(f32::EPSILON), "exp({x}): {found}, not {exact}");
            }
        }
        assert_eq!(exponential::<true>(0.0), 1.0);
    }

    #[test]
    fn it_is_right_beyond_the_range_of_numbers() {
        for least in [-88.0, -1e5, f32::MIN, f32::NEG_INFINITY] {
            assert_eq!(exponential::<true>(least), 0.0);
        }
        for most in [89.0, 1e5, f32::INFINITY] {
            assert_eq!(exponential::<true>(most), f32::INFINITY);
        }
        assert!(exponential::<true>(f32::NAN).is_nan() && exponential::<false>(f32::NAN).is_nan());
    }
}
