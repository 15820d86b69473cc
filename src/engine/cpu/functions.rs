//! exp, tanh and erf in vectors. Those of mathematical libraries take one number at a time.
//!
//! `FUSED`: with fused multiply-add. All are to be inlined into loops of
//! [`crate::engine::cpu::vectors::widest`].

/// a b + c
#[inline(always)]
fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// The polynomial with these coefficients, the highest power first.
#[inline(always)]
fn polynomial<const FUSED: bool, const COUNT: usize>(x: f32, coefficients: [f32; COUNT]) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = multiply_add::<FUSED>(sum, x, *coefficient);
    }
    sum
}

/// exp(x) within two units in the last place for results that are normal numbers; smaller ones are
/// 0 and larger ones infinite.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, and the polynomial of the Cephes library for exp(r).
#[inline(always)]
pub(crate) fn exponential<const FUSED: bool>(x: f32) -> f32 {
    const LEAST: f32 = -87.3;
    const MOST: f32 = 88.8;
    // adding it rounds to a whole number, which stays in the lowest bits
    const ROUNDS: f32 = 12_582_912.0;
    // comparisons that keep NaN
    let bounded = if x < LEAST { LEAST } else { x };
    let bounded = if bounded > MOST { MOST } else { bounded };
    let shifted = multiply_add::<FUSED>(bounded, std::f32::consts::LOG2_E, ROUNDS);
    let n = shifted - ROUNDS;
    // ln 2 in two numbers, of which the first has few digits
    let r = multiply_add::<FUSED>(n, -0.693_359_4, bounded);
    let r = multiply_add::<FUSED>(n, 2.121_944_4e-4, r);
    let coefficients =
        [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];
    let sum = polynomial::<FUSED, 6>(r, coefficients);
    let power = multiply_add::<FUSED>(sum * r, r, r) + 1.0;
    let scale = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if x < LEAST { 0.0 } else { power * scale }
}

/// tanh(x) within three units in the last place: 1 - 2 / (exp(2 |x|) + 1) with the sign of x, and
/// near 0 the polynomial of the Cephes library.
#[inline(always)]
pub(crate) fn tangent<const FUSED: bool>(x: f32) -> f32 {
    let size = x.abs();
    let far = 1.0 - 2.0 / (exponential::<FUSED>(2.0 * size) + 1.0);
    let square = x * x;
    let coefficients =
        [-5.704_988_7e-3, 2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1];
    let sum = polynomial::<FUSED, 5>(square, coefficients);
    let near = multiply_add::<FUSED>(sum * square, x, x);
    if size > 0.625 { far.copysign(x) } else { near }
}

/// erf(x) within three units in the last place: 1 - exp(p(|x|)) with the sign of x, and near 0 a
/// polynomial; minimax coefficients by N. Juffa (<https://stackoverflow.com/a/35148199>).
#[inline(always)]
pub(crate) fn error_function<const FUSED: bool>(x: f32) -> f32 {
    let (size, square) = (x.abs(), x * x);
    let high = polynomial::<FUSED, 2>(size, [-1.728_534_7e-5, 3.831_972e-4]);
    let low = polynomial::<FUSED, 2>(size, [-3.883_964_4e-3, 2.425_462e-2]);
    let sum = multiply_add::<FUSED>(high, square, low);
    let sum = polynomial::<FUSED, 4>(size, [sum, -1.067_778_8e-1, -6.348_467e-1, -1.287_175_1e-1]);
    let far = 1.0 - exponential::<FUSED>(multiply_add::<FUSED>(sum, size, -size));
    let coefficients = [
        -5.967_617e-4,
        4.991_194_2e-3,
        -2.676_813_5e-2,
        1.128_199_2e-1,
        -3.761_253_4e-1,
        1.283_791_7e-1,
    ];
    let near = multiply_add::<FUSED>(polynomial::<FUSED, 6>(square, coefficients), x, x);
    if size > 0.927_734_4 { far.copysign(x) } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_right_to_two_units_in_the_last_place() {
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
    fn tanh_and_erf_are_right_to_three_units_in_the_last_place() {
        for step in -1_000_000..1_000_000 {
            let x = step as f32 * 1e-5;
            let close = |found: f32, exact: f64, what: &str| {
                let off = (f64::from(found) - exact).abs();
                let bound = 3.0 * f64::from(f32::EPSILON) * exact.abs();
                assert!(off <= bound, "{what}({x}): {found}, not {exact}");
            };
            for found in [tangent::<true>(x), tangent::<false>(x)] {
                close(found, f64::from(x).tanh(), "tanh");
            }
            for found in [error_function::<true>(x), error_function::<false>(x)] {
                close(found, libm::erf(f64::from(x)), "erf");
            }
        }
        for function in [tangent::<true>, error_function::<true>] {
            assert_eq!([1e5, f32::INFINITY, -1e30].map(function), [1.0, 1.0, -1.0]);
            assert!(function(f32::NAN).is_nan() && function(-0.0) == 0.0);
        }
    }

    #[test]
    fn exp_is_right_beyond_the_range_of_numbers() {
        for least in [-88.0, -1e5, f32::MIN, f32::NEG_INFINITY] {
            assert_eq!(exponential::<true>(least), 0.0);
        }
        for most in [89.0, 1e5, f32::INFINITY] {
            assert_eq!(exponential::<true>(most), f32::INFINITY);
        }
        assert!(exponential::<true>(f32::NAN).is_nan() && exponential::<false>(f32::NAN).is_nan());
    }
}
