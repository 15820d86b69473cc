//! Transposes a matrix, in squares that fit the registers.

use crate::engine::cpu::vectors::widest;
use crate::engine::real::Real;

/// Transposes a matrix with rows of `width` numbers.
///
/// # Panics
/// If the length of `from` is not a multiple of `width`, or that of `to` differs.
pub fn transpose<F: Real>(width: usize, from: &[F], to: &mut [F]) {
    let whole = from.len() == to.len() && from.len().is_multiple_of(width);
    assert!(whole, "transpose: not whole rows");
    let height = from.len() / width;
    transpose_part([height, width], (from, width), (to, height));
}

widest! {
    /// Transposes a matrix of this height and width. Its rows are apart by the number beside
    /// `from`, those of the result by the number beside `to`.
    ///
    /// # Panics
    /// If a matrix does not fit its slice.
    pub fn transpose_part<F: Real>(
        shape: [usize; 2],
        from: (&[F], usize),
        to: (&mut [F], usize),
    ) {
        let ([height, width], (from, apart), (to, result)) = (shape, from, to);
        let [whole_rows, whole_columns] = shape.map(|count| count / 8 * 8);
        for column in (0..whole_columns).step_by(8) {
            for row in (0..whole_rows).step_by(8) {
                square::<F, BITS>(
                    apart,
                    &from[row * apart + column..],
                    result,
                    &mut to[column * result + row..],
                );
            }
        }
        for column in 0..width {
            let first = if column < whole_columns { whole_rows } else { 0 };
            for row in first..height {
                to[column * result + row] = from[row * apart + column];
            }
        }
    }
}

/// Transposes eight rows of eight numbers; rows are `width` apart in `from` and `height` in `to`.
#[inline(always)]
fn square<F: Real, const BITS: usize>(width: usize, from: &[F], height: usize, to: &mut [F]) {
    #[cfg(target_arch = "x86_64")]
    if BITS >= 256 && size_of::<F>() == 4 {
        assert!(from.len() >= 7 * width + 8 && to.len() >= 7 * height + 8, "transpose: a square");
        let (from, to) = (from.as_ptr().cast(), to.as_mut_ptr().cast());
        // SAFETY: BITS is at least 256 only where the CPU has these instructions; both squares are
        // inside their slices, as just asserted, and a number has four bytes.
        return unsafe { shuffled_square(width, from, height, to) };
    }
    for column in 0..8 {
        for row in 0..8 {
            to[column * height + row] = from[row * width + column];
        }
    }
}

/// [`square`] of numbers with four bytes, by exchanging pairs, fours and halves; compilers do not
/// generate this.
///
/// # Safety
/// `from` and `to` must be squares that can be read and written.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn shuffled_square(width: usize, from: *const f32, height: usize, to: *mut f32) {
    use std::arch::x86_64::*;
    // SAFETY: guaranteed by the caller.
    let row = |place: usize| unsafe { _mm256_loadu_ps(from.add(place * width)) };
    let pairs = |low: usize| {
        let (one, other) = (row(low), row(low + 1));
        (_mm256_unpacklo_ps(one, other), _mm256_unpackhi_ps(one, other))
    };
    let fours = |low: usize| {
        let ((a, b), (c, d)) = (pairs(low), pairs(low + 2));
        [
            _mm256_shuffle_ps::<0x44>(a, c),
            _mm256_shuffle_ps::<0xee>(a, c),
            _mm256_shuffle_ps::<0x44>(b, d),
            _mm256_shuffle_ps::<0xee>(b, d),
        ]
    };
    for (place, (above, below)) in fours(0).into_iter().zip(fours(4)).enumerate() {
        let left = _mm256_permute2f128_ps::<0x20>(above, below);
        let right = _mm256_permute2f128_ps::<0x31>(above, below);
        // SAFETY: guaranteed by the caller.
        unsafe {
            _mm256_storeu_ps(to.add(place * height), left);
            _mm256_storeu_ps(to.add((place + 4) * height), right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_changes_row_and_column() {
        for (height, width) in [(1, 1), (8, 8), (9, 17), (32, 395), (395, 32), (7, 40)] {
            let from: Vec<f32> = (0..height * width).map(|number| number as f32).collect();
            let (mut to, mut wide) = (vec![-1.0; from.len()], vec![-1.0; from.len()]);
            transpose(width, &from, &mut to);
            let double: Vec<f64> = from.iter().map(|number| f64::from(*number)).collect();
            transpose(width, &double, &mut wide);
            for place in 0..from.len() {
                let expected = from[place % height * width + place / height];
                assert_eq!(
                    (to[place], wide[place]),
                    (expected, f64::from(expected)),
                    "{height} x {width}"
                );
            }
        }
    }
}
