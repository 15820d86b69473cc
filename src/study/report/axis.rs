//! Logarithmic axes: from a value to a pixel.

/// A logarithmic axis along one side of a panel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    /// The values at the two ends, both above zero.
    pub ends: (f64, f64),
    /// The pixels of these ends, from the figure's left or top.
    pixels: (f64, f64),
}

impl Axis {
    /// An axis over `values`, with `share` of its length free at each end and the ends at least a
    /// factor `least` apart.
    ///
    /// Values that are not finite and above zero have no place on it and are ignored; without any
    /// it is 1 to 10.
    pub fn over(
        values: impl Iterator<Item = f64>,
        share: f64,
        least: f64,
        pixels: (f64, f64),
    ) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite() && *value > 0.0)
            .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        if high == 0.0 {
            return Self { ends: (1.0, 10.0), pixels };
        }
        let span = (high.log10() - low.log10()).max(least.log10() / (1.0 + 2.0 * share));
        let middle = (high.log10() + low.log10()) / 2.0;
        let half = span * (0.5 + share);
        // The ends stay inside what f64 holds, whatever was measured.
        let end = |exponent: f64| 10f64.powf(exponent.clamp(-300.0, 300.0));
        Self { ends: (end(middle - half), end(middle + half)), pixels }
    }

    /// The two end pixels.
    pub fn pixels(&self) -> (f64, f64) {
        self.pixels
    }

    /// The pixel of a value; what lies beyond an end is drawn at that end.
    pub fn place(&self, value: f64) -> f64 {
        let (low, high) = (self.ends.0.log10(), self.ends.1.log10());
        let share = ((value.max(f64::MIN_POSITIVE).log10() - low) / (high - low)).clamp(0.0, 1.0);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }
}
