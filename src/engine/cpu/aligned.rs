//! Arrays aligned to cache lines, so that a vector as wide as a line does not cross two of them.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::engine::real::Real;

/// The size of the widest vector, and of a cache line on most CPUs.
#[repr(C, align(64))]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Line([u64; 8]);

/// A cache-aligned array with the parts of the interface of `Vec` that a run's memory needs.
#[derive(Clone, Default)]
pub struct Aligned<F> {
    lines: Vec<Line>,
    len: usize,
    kind: PhantomData<F>,
}

impl<F: Real> Aligned<F> {
    /// Sets the length to `len` and the contents to these values, followed by zeros. Reuses the
    /// allocation if it is large enough.
    pub(crate) fn renew(&mut self, values: &[f32], len: usize) {
        let lines = (len * size_of::<F>()).div_ceil(size_of::<Line>());
        if lines > self.lines.capacity() {
            // growing would copy the contents, and allocate twice as much
            self.lines = Vec::with_capacity(lines);
        }
        self.lines.clear();
        self.lines.resize(lines, bytemuck::Zeroable::zeroed());
        self.len = len;
        for (number, value) in self.iter_mut().zip(values) {
            *number = F::of(f64::from(*value));
        }
    }
}

impl<F> Aligned<F> {
    /// Allocated bytes.
    pub fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>()
    }
}

impl<F: Real> Deref for Aligned<F> {
    type Target = [F];
    fn deref(&self) -> &[F] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl<F: Real> DerefMut for Aligned<F> {
    fn deref_mut(&mut self) -> &mut [F] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl<F: Real> From<Vec<F>> for Aligned<F> {
    fn from(values: Vec<F>) -> Self {
        let mut numbers = Self::default();
        numbers.renew(&[], values.len());
        numbers.copy_from_slice(&values);
        numbers
    }
}

impl<F: Real> FromIterator<F> for Aligned<F> {
    fn from_iter<I: IntoIterator<Item = F>>(values: I) -> Self {
        Self::from(Vec::from_iter(values))
    }
}

impl<'a, F: Real> IntoIterator for &'a Aligned<F> {
    type Item = &'a F;
    type IntoIter = std::slice::Iter<'a, F>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_start_at_a_cache_line_and_zeros_follow_them() {
        let mut numbers = Aligned::<f32>::from(vec![7.0; 100]);
        for len in [3, 16, 17, 1000, 5] {
            numbers.renew(&[1.5, 2.5], len);
            assert_eq!(numbers.as_ptr() as usize % 64, 0);
            assert!(numbers.bytes() >= 4 * len);
            assert_eq!(numbers[..2], [1.5, 2.5]);
            assert_eq!(numbers[2..], vec![0.0; len - 2]);
        }
        let room = (numbers.as_ptr(), numbers.bytes());
        numbers.renew(&[], 1000);
        assert_eq!((numbers.as_ptr(), numbers.bytes()), room);
        assert_eq!(*Aligned::<f64>::from(vec![1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
    }
}
