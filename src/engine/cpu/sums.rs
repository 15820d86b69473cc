//! Sums in vectors, with an order of additions that does not depend on the width of a vector. To be
//! inlined into functions of [`crate::engine::cpu::vectors::widest`].

use crate::engine::real::Real;

/// Numbers that are added up side by side.
pub(crate) const LANES: usize = 16;

/// The sum of a function of pairs of numbers.
#[inline(always)]
pub(crate) fn sum_pairs<F: Real>(a: &[F], b: &[F], term: impl Fn(F, F) -> F) -> F {
    let mut lanes = [F::zero(); LANES];
    let (whole, rest) = a.as_chunks::<LANES>();
    let (other, other_rest) = b[..a.len()].as_chunks::<LANES>();
    for (a, b) in whole.iter().zip(other) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane], b[lane]);
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(rest).zip(other_rest) {
        *lane += term(*a, *b);
    }
    total(lanes)
}

/// The sum of a function of numbers.
#[inline(always)]
pub(crate) fn sum<F: Real>(numbers: &[F], term: impl Fn(F) -> F) -> F {
    sum_pairs(numbers, numbers, |number, _| term(number))
}

/// The sum of all lanes.
#[inline(always)]
pub(crate) fn total<F: Real>(mut lanes: [F; LANES]) -> F {
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0]
}

/// The sum of all rows, one after another, in strips of columns whose sums stay in registers.
#[inline(always)]
pub(crate) fn sum_rows<F: Real>(matrix: &[F], sums: &mut [F]) {
    let width = sums.len();
    let (strips, rest) = sums.as_chunks_mut::<32>();
    for (place, sums) in strips.iter_mut().enumerate() {
        let mut of_strip = [F::zero(); 32];
        for row in matrix.chunks_exact(width) {
            let row: &[F; 32] = row[32 * place..].first_chunk().expect("sum_rows: a strip");
            of_strip.iter_mut().zip(row).for_each(|(sum, number)| *sum += *number);
        }
        *sums = of_strip;
    }
    rest.fill(F::zero());
    for row in matrix.chunks_exact(width) {
        let row = &row[width - rest.len()..];
        rest.iter_mut().zip(row).for_each(|(sum, number)| *sum += *number);
    }
}
