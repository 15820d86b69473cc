//! Numbers as they lie in binary files.

use half::f16;

/// What the bytes of a number are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Float,
    Signed,
    Unsigned,
}

/// A number of 1, 2, 4 or 8 bytes; of 2, 4 or 8 if it is a float.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binary {
    kind: Kind,
    size: usize,
    is_big_endian: bool,
}

impl Binary {
    /// A number, if there is one of so many bytes.
    pub(crate) fn new(kind: Kind, size: usize, is_big_endian: bool) -> Option<Self> {
        let exists = matches!(size, 2 | 4 | 8) || size == 1 && kind != Kind::Float;
        exists.then_some(Self { kind, size, is_big_endian })
    }

    /// Its bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Reads it from the first bytes.
    ///
    /// # Panics
    /// If there are fewer.
    pub(crate) fn read(&self, bytes: &[u8]) -> f64 {
        let mut word = [0; 8];
        word[..self.size].copy_from_slice(&bytes[..self.size]);
        if self.is_big_endian {
            word[..self.size].reverse();
        }
        let above = 64 - 8 * self.size;
        let whole = u64::from_le_bytes(word);
        match (self.kind, self.size) {
            (Kind::Unsigned, _) => whole as f64,
            (Kind::Signed, _) => ((whole << above) as i64 >> above) as f64,
            (Kind::Float, 2) => f16::from_bits(whole as u16).to_f64(),
            (Kind::Float, 4) => f32::from_bits(whole as u32).into(),
            (Kind::Float, _) => f64::from_bits(whole),
        }
    }
}
