//! Numbers that begin where a line of the CPU's cache does: vectors as wide as a line, one after
//! another, lie in one each and not across two.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::engine::memory::Real;

/// The widest vector, and a line of the cache on most CPUs.
#[repr(C, align(64))]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Line([u64; 8]);

/// A `Vec` of numbers, as far as memory needs one.
#[derive(Clone, Default)]
pub struct Aligned<F> {
    lines: Vec<Line>,
    len: usize,
    kind: PhantomData<F>,
}

impl<F: Real> Aligned<F> {
    /// Becomes these values and zeros behind, `len` in all, in the room that it has if that is
    /// enough.
    pub fn renew(&mut self, values: &[f32], len: usize) {
        let lines = (len * size_of::<F>()).div_ceil(size_of::<Line>());
        if lines > self.lines.capacity() {
            // a vector that grew would copy what it holds, and take room for twice as much
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
    /// Bytes of its room.
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
    fn numbers_begin_at_a_line_and_zeros_follow_them() {
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
