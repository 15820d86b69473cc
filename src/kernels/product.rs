//! Matrix products of the CPU player, from the `gemm` crate.

use super::Real;

/// A matrix in a slice: its shape and the distance from one row, and from one column, to the next.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// From a row to the next.
    pub row_stride: usize,
    /// From a column to the next.
    pub column_stride: usize,
}

impl Shape {
    /// Rows one after another, `stride` apart.
    pub fn by_rows(rows: usize, columns: usize, stride: usize) -> Self {
        Self {
            rows,
            columns,
            row_stride: stride,
            column_stride: 1,
        }
    }

    /// The same numbers with rows and columns exchanged.
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

/// `out = a b`, on the thread that calls.
///
/// # Panics
/// If shapes do not agree or do not fit their slices.
pub fn product<F: Real>(out: (&mut [F], Shape), a: (&[F], Shape), b: (&[F], Shape)) {
    let ((out, o), (a, p), (b, q)) = (out, a, b);
    assert!(
        o.rows == p.rows && o.columns == q.columns && p.columns == q.rows,
        "product: shapes"
    );
    assert!(
        o.fits(out.len()) && p.fits(a.len()) && q.fits(b.len()),
        "product: a matrix too small"
    );
    // SAFETY: each matrix lies inside its slice, as just checked, and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            o.rows,
            o.columns,
            p.columns,
            out.as_mut_ptr(),
            o.column_stride as isize,
            o.row_stride as isize,
            false,
            a.as_ptr(),
            p.column_stride as isize,
            p.row_stride as isize,
            b.as_ptr(),
            q.column_stride as isize,
            q.row_stride as isize,
            F::zero(),
            F::one(),
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
