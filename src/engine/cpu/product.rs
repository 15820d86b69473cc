//! Matrix products of the CPU backend. Batches are small and nodes hundreds of units wide, so the
//! factors are not packed first: a tile of accumulators stays in registers while the loop runs over
//! the terms, with the vector instructions of the processor. The crates for this (`gemm`,
//! `matrixmultiply`) pack both factors, which pays where each number is used hundreds of times;
//! here it is used 32 times (measured in `benches/notes/cpu-products.md`).

use crate::engine::cpu::vectors::widest;
use crate::engine::real::Real;

/// A matrix in a slice: its shape and the distance from one row, and from one column, to the next.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Distance between rows.
    pub row_stride: usize,
    /// Distance between columns.
    pub column_stride: usize,
}

impl Shape {
    /// A matrix in row-major order, with rows `stride` apart.
    pub(crate) fn by_rows(rows: usize, columns: usize, stride: usize) -> Self {
        Self { rows, columns, row_stride: stride, column_stride: 1 }
    }

    /// The transposed matrix, on the same numbers.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    fn fits(&self, len: usize) -> bool {
        let last = (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride;
        self.rows > 0 && self.columns > 0 && last < len
    }
}

/// Computes `out = a b` on the calling thread. Rows are contiguous in `out` and `b`, rows or
/// columns in `a`. Every number of `out` is summed in the order of its terms, so the bits of a row
/// do not depend on the other rows.
///
/// # Panics
/// If shapes do not agree or do not fit their slices.
pub fn product<F: Real>(out: (&mut [F], Shape), a: (&[F], Shape), b: (&[F], Shape)) {
    check((out.0.len(), out.1), (a.0.len(), a.1), (b.0.len(), b.1));
    multiply(out, a, b, false);
}

/// Computes `out += a b`, as [`product`]. The sums continue where they are: the terms of a product
/// can be added block by block, with the same bits.
///
/// # Panics
/// As [`product`].
pub fn add_product<F: Real>(out: (&mut [F], Shape), a: (&[F], Shape), b: (&[F], Shape)) {
    check((out.0.len(), out.1), (a.0.len(), a.1), (b.0.len(), b.1));
    multiply(out, a, b, true);
}

fn check((out, o): (usize, Shape), (a, p): (usize, Shape), (b, q): (usize, Shape)) {
    assert!(o.rows == p.rows && o.columns == q.columns && p.columns == q.rows, "product: shapes");
    assert!(o.fits(out) && p.fits(a) && q.fits(b), "product: a matrix too small");
    let contiguous = o.column_stride == 1 && q.column_stride == 1;
    assert!(contiguous && (p.column_stride == 1 || p.row_stride == 1), "product: strides");
}

/// Rows of a tile with AVX-512, whose 32 registers hold accumulators of eight rows, three vectors
/// wide.
pub(crate) const TILE_ROWS: usize = 8;

widest! {
    fn multiply<F: Real>(out: (&mut [F], Shape), a: (&[F], Shape), b: (&[F], Shape), adds: bool) {
        // accumulators in all registers except those for a row of b and a number of a
        match (BITS, size_of::<F>()) {
            (512, 4) => strips::<F, TILE_ROWS, 48, true>(out, a, b, adds),
            (512, _) => strips::<F, TILE_ROWS, 16, true>(out, a, b, adds),
            (256, _) => strips::<F, 6, 16, true>(out, a, b, adds),
            // of the others only NEON has fused multiply-add
            _ if cfg!(target_arch = "aarch64") => strips::<F, 6, 16, true>(out, a, b, adds),
            _ => strips::<F, 6, 16, false>(out, a, b, adds),
        }
    }
}

/// Columns of a strip, the widest first.
const WIDTHS: [usize; 6] = [48, 32, 16, 8, 4, 1];

/// Computes `out` in strips of columns, the last ones narrower. A strip that would reach beyond the
/// last column starts earlier instead, and computes some columns twice; where it adds, it ends
/// there instead.
#[inline(always)]
fn strips<F: Real, const ROWS: usize, const WIDEST: usize, const FUSED: bool>(
    (out, o): (&mut [F], Shape),
    a: (&[F], Shape),
    b: (&[F], Shape),
    adds: bool,
) {
    let mut done = 0;
    while done < o.columns {
        let left = o.columns - done;
        // the narrowest that covers the remaining columns, or the widest
        let covers = |pair: &&[usize]| pair[0] <= WIDEST.min(o.columns) && (adds || pair[1] < left);
        let fits = |pair: &&[usize]| covers(pair) && (!adds || pair[0] <= left);
        let width = WIDTHS.windows(2).find(fits).map_or(1, |pair| pair[0]);
        let first = done.min(o.columns - width);
        let out = (&mut *out, o);
        match width {
            48 => strip::<F, ROWS, 48, FUSED>(out, a, b, first, adds),
            32 => strip::<F, ROWS, 32, FUSED>(out, a, b, first, adds),
            16 => strip::<F, ROWS, 16, FUSED>(out, a, b, first, adds),
            8 => strip::<F, ROWS, 8, FUSED>(out, a, b, first, adds),
            4 => strip::<F, ROWS, 4, FUSED>(out, a, b, first, adds),
            _ => strip::<F, ROWS, 1, FUSED>(out, a, b, first, adds),
        }
        done = first + width;
    }
}

/// Computes the columns of `out` from `column` on, tile by tile. The last tile computes some rows
/// twice where there are enough rows; where it adds, the last tiles are smaller.
#[inline(always)]
fn strip<F: Real, const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    (out, o): (&mut [F], Shape),
    a: (&[F], Shape),
    b: (&[F], Shape),
    column: usize,
    adds: bool,
) {
    let mut done = 0;
    while done < o.rows {
        let left = o.rows - done;
        let out = (&mut *out, o);
        done += if left >= ROWS {
            tile::<F, ROWS, COLUMNS, FUSED>(out, a, b, (done, column), adds);
            ROWS
        } else if o.rows >= ROWS && !adds {
            tile::<F, ROWS, COLUMNS, FUSED>(out, a, b, (o.rows - ROWS, column), adds);
            left
        } else if left >= 4 {
            tile::<F, 4, COLUMNS, FUSED>(out, a, b, (done, column), adds);
            4
        } else if left >= 2 {
            tile::<F, 2, COLUMNS, FUSED>(out, a, b, (done, column), adds);
            2
        } else {
            tile::<F, 1, COLUMNS, FUSED>(out, a, b, (done, column), adds);
            1
        };
    }
}

/// Computes one tile of `out`. Loops use indices: with iterators compilers unroll too late to keep
/// the accumulators in registers, and the product takes thirty times as long.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn tile<F: Real, const ROWS: usize, const COLUMNS: usize, const FUSED: bool>(
    (out, o): (&mut [F], Shape),
    (a, p): (&[F], Shape),
    (b, q): (&[F], Shape),
    (row, column): (usize, usize),
    adds: bool,
) {
    let mut sums = [[F::zero(); COLUMNS]; ROWS];
    if adds {
        for place in 0..ROWS {
            sums[place] = *chunk(out, (row + place) * o.row_stride + column);
        }
    }
    if p.column_stride == 1 {
        let mut rows = [a; ROWS];
        for place in 0..ROWS {
            rows[place] = &a[(row + place) * p.row_stride..][..p.columns];
        }
        for term in 0..p.columns {
            let right = chunk(b, term * q.row_stride + column);
            for place in 0..ROWS {
                add_products::<F, COLUMNS, FUSED>(&mut sums[place], rows[place][term], right);
            }
        }
    } else {
        for term in 0..p.columns {
            let left = chunk::<F, ROWS>(a, term * p.column_stride + row);
            let right = chunk(b, term * q.row_stride + column);
            for place in 0..ROWS {
                add_products::<F, COLUMNS, FUSED>(&mut sums[place], left[place], right);
            }
        }
    }
    for (place, sums) in sums.iter().enumerate() {
        out[(row + place) * o.row_stride + column..][..COLUMNS].copy_from_slice(sums);
    }
}

/// `sums += left * right`, with one rounding where the processor has fused multiply-add.
#[inline(always)]
fn add_products<F: Real, const COUNT: usize, const FUSED: bool>(
    sums: &mut [F; COUNT],
    left: F,
    right: &[F; COUNT],
) {
    for place in 0..COUNT {
        sums[place] = match FUSED {
            true => left.mul_add(right[place], sums[place]),
            false => left * right[place] + sums[place],
        };
    }
}

#[inline(always)]
fn chunk<F, const LEN: usize>(numbers: &[F], at: usize) -> &[F; LEN] {
    numbers[at..].first_chunk().expect("product: past the end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cpu::vectors::tests::with_each;
    use crate::engine::random::{pcg4d, unit};

    fn numbers(count: usize, salt: u32) -> Vec<f32> {
        let number = |place: usize| unit(pcg4d([place as u32, salt, 3, 1])[0]) as f32 - 0.5;
        (0..count).map(number).collect()
    }

    /// Asserts that each number is within a rounding per term, and one more, of the result in f64.
    fn assert_right(out: &[f32], (a, p): (&[f32], Shape), (b, q): (&[f32], Shape), what: &str) {
        for (place, sum) in out.iter().enumerate() {
            let (row, column) = (place / q.columns, place % q.columns);
            let term = |k: usize| {
                let left = a[row * p.row_stride + k * p.column_stride];
                f64::from(left) * f64::from(b[k * q.row_stride + column])
            };
            let exact: f64 = (0..p.columns).map(term).sum();
            let size: f64 = (0..p.columns).map(|k| term(k).abs()).sum();
            let bound = (p.columns + 1) as f64 * f64::from(f32::EPSILON) * size;
            let off = (f64::from(*sum) - exact).abs();
            assert!(off <= bound, "{what}: {sum}, not {exact}");
        }
    }

    #[test]
    fn products_are_right_in_every_set_of_vectors_wherever_a_tile_ends() {
        let lengths = [1, 2, 5, 6, 7, 8, 9, 15, 17, 33, 47, 49, 97];
        let shapes = (0..lengths.len()).flat_map(|i| (0..lengths.len()).map(move |j| [i, j]));
        for [i, j] in shapes {
            let (rows, columns) = (lengths[i], lengths[j]);
            let terms = lengths[(3 * i + 5 * j) % lengths.len()];
            let (a, b) = (numbers(rows * terms, 1), numbers(terms * columns, 2));
            let right = Shape::by_rows(terms, columns, columns);
            let by_rows = Shape::by_rows(rows, terms, terms);
            let by_columns = Shape::by_rows(terms, rows, rows).transposed();
            for left in [by_rows, by_columns] {
                // a product in two blocks of terms has the same bits
                let mut added = vec![0.0; rows * columns];
                for (from, to) in [(0, terms / 2), (terms / 2, terms)] {
                    let out = Shape::by_rows(rows, columns, columns);
                    let right = Shape { rows: to - from, ..right };
                    let first = from * left.column_stride;
                    let left = Shape { columns: to - from, ..left };
                    if to > from {
                        let b = (&b[from * columns..], right);
                        add_product((&mut added, out), (&a[first..], left), b);
                    }
                }
                let found = with_each(|| {
                    let mut out = vec![f32::NAN; rows * columns];
                    let shape = Shape::by_rows(rows, columns, columns);
                    product((&mut out, shape), (&a, left), (&b, right));
                    out
                });
                assert_eq!(found[0].1, added, "{rows} x {terms} x {columns} in two blocks");
                for (vectors, out) in found {
                    let what = format!("{rows} x {terms} x {columns}, {vectors:?}");
                    assert_right(&out, (&a, left), (&b, right), &what);
                }
            }
        }
    }
}
