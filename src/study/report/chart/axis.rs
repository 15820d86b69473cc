//! Axes: from a value to a pixel.

/// The values along one side of a panel.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// What is written beside it; may be empty.
    pub name: String,
    pub scale: Scale,
    /// The values at the two ends, ascending; above zero on a logarithmic axis.
    pub ends: (f64, f64),
    pub ticks: Ticks,
}

/// Equal lengths for equal differences, or for equal ratios.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    Linear,
    Log,
}

/// Which values carry a tick.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ticks {
    /// Round numbers.
    Round,
    /// These numbers.
    At(Vec<f64>),
    /// Names of categories, without lines.
    Names(Vec<(f64, String)>),
}

impl Axis {
    /// A linear axis; from 0 to 1 where the ends are not two ascending finite numbers.
    pub fn linear(name: &str, ends: (f64, f64)) -> Self {
        let valid = ends.0.is_finite() && ends.1.is_finite() && ends.0 < ends.1;
        let ends = if valid { ends } else { (0.0, 1.0) };
        Self { name: name.to_owned(), scale: Scale::Linear, ends, ticks: Ticks::Round }
    }

    /// A logarithmic axis over `values`, with `share` of its length free at each end and the ends
    /// at least a factor `least` apart.
    ///
    /// Values that are not finite and above zero have no place on it and are ignored; without any
    /// it is 1 to 10.
    pub fn log(name: &str, values: impl IntoIterator<Item = f64>, share: f64, least: f64) -> Self {
        let (low, high) = values
            .into_iter()
            .filter(|value| value.is_finite() && *value > 0.0)
            .fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
        let mut ends = (1.0, 10.0);
        if high > 0.0 {
            let span = (high.log10() - low.log10()).max(least.log10() / (1.0 + 2.0 * share));
            let middle = (high.log10() + low.log10()) / 2.0;
            let half = span * (0.5 + share);
            // The ends stay inside what f64 holds, whatever was measured.
            let end = |exponent: f64| 10f64.powf(exponent.clamp(-300.0, 300.0));
            ends = (end(middle - half), end(middle + half));
        }
        Self { name: name.to_owned(), scale: Scale::Log, ends, ticks: Ticks::Round }
    }

    /// A logarithmic axis of numbers of simulations, with a tick at each.
    pub fn sizes(name: &str, sizes: &[usize]) -> Self {
        let values: Vec<f64> = sizes.iter().map(|size| *size as f64).collect();
        let axis = Self::log(name, values.iter().copied(), 0.08, 3.0);
        Self { ticks: Ticks::At(values), ..axis }
    }

    /// An axis of categories, each at its place between the ends.
    pub fn names(name: &str, ends: (f64, f64), names: Vec<(f64, String)>) -> Self {
        Self { ticks: Ticks::Names(names), ..Self::linear(name, ends) }
    }

    /// The axis between two pixels.
    pub fn between(&self, pixels: (f64, f64)) -> Placed<'_> {
        Placed { axis: self, pixels }
    }
}

/// An axis with the pixels of its ends, counted from the figure's left or top.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed<'a> {
    pub axis: &'a Axis,
    pub pixels: (f64, f64),
}

impl Placed<'_> {
    /// The pixel of a value. What lies beyond an end is drawn at that end; NaN has no place, and
    /// zero or less has none on a logarithmic axis.
    pub fn place(&self, value: f64) -> Option<f64> {
        let (low, high) = self.axis.ends;
        let share = match self.axis.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log if value > 0.0 => (value / low).log10() / (high / low).log10(),
            Scale::Log => f64::NAN,
        };
        let (from, to) = self.pixels;
        (!share.is_nan()).then(|| from + share.clamp(0.0, 1.0) * (to - from))
    }

    /// The end of an error bar: zero or less lies at the lower end of a logarithmic axis.
    pub fn end(&self, value: f64) -> f64 {
        self.place(value).unwrap_or(self.pixels.0)
    }

    /// The length in pixels.
    pub fn length(&self) -> f64 {
        (self.pixels.1 - self.pixels.0).abs()
    }
}
