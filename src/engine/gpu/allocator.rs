//! A first-fit allocator of ranges of a buffer.

use std::ops::Range;

/// The free ranges of a buffer that can grow.
#[derive(Debug, Default)]
pub struct Allocator {
    len: usize,
    free: Vec<Range<usize>>,
}

/// Ranges start at multiples of this number, so two runs never share a vec4.
const ALIGNMENT: usize = 64;

impl Allocator {
    /// The end of the last allocated range.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether `count` numbers would not fit into a buffer of `capacity`.
    pub fn is_full(&self, count: usize, capacity: usize) -> bool {
        let count = count.next_multiple_of(ALIGNMENT);
        self.len + count > capacity && !self.free.iter().any(|range| range.len() >= count)
    }

    /// Allocates `count` numbers and returns their start: in the first free range that is large
    /// enough, otherwise at the end. `None` if that would exceed `limit`.
    pub fn take(&mut self, count: usize, limit: usize) -> Option<usize> {
        let count = count.next_multiple_of(ALIGNMENT);
        if let Some(place) = self.free.iter().position(|range| range.len() >= count) {
            let start = self.free[place].start;
            self.free[place].start += count;
            if self.free[place].is_empty() {
                self.free.remove(place);
            }
            return Some(start);
        }
        let start = self.len;
        if start + count > limit {
            return None;
        }
        self.len = start + count;
        Some(start)
    }

    /// Frees a range allocated by [`Allocator::take`].
    pub fn give(&mut self, start: usize, count: usize) {
        let range = start..start + count.next_multiple_of(ALIGNMENT);
        let place = self.free.partition_point(|other| other.start < range.start);
        self.free.insert(place, range);
        // join neighbours
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(self.free.len());
        for range in self.free.drain(..) {
            match joined.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => joined.push(range),
            }
        }
        // a free range at the end shortens the used part
        if let Some(last) = joined.pop_if(|last| last.end == self.len) {
            self.len = last.start;
        }
        self.free = joined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_ranges_are_joined_and_reused() {
        let mut allocator = Allocator::default();
        let starts: Vec<usize> = (0..4).map(|_| allocator.take(100, 1000).unwrap()).collect();
        assert_eq!(starts, [0, 128, 256, 384]);
        allocator.give(128, 100);
        allocator.give(256, 100);
        assert_eq!(allocator.take(256, 1000), Some(128));
        assert_eq!(allocator.len(), 512);
    }

    #[test]
    fn it_grows_from_a_free_end_up_to_its_limit() {
        let mut allocator = Allocator::default();
        assert_eq!(allocator.take(64, 128), Some(0));
        assert_eq!(allocator.take(64, 128), Some(64));
        assert_eq!(allocator.take(1, 128), None);
        allocator.give(64, 64);
        assert_eq!(allocator.len(), 64);
        assert!(allocator.is_full(65, 128) && !allocator.is_full(64, 128));
        assert_eq!(allocator.take(128, 128), None);
        assert_eq!(allocator.take(100, 192), Some(64));
        assert_eq!(allocator.len(), 192);
        allocator.give(64, 100);
        allocator.give(0, 64);
        assert_eq!(allocator.len(), 0);
    }
}
