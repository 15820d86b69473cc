//! Linear axes: from a value to a pixel, and where ticks stand.

use crate::study::report::ticks::Tick;

/// A linear axis along one side of a panel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Linear {
    /// The values at the two ends.
    ends: (f64, f64),
    /// The pixels of these ends, from the figure's left or top.
    pixels: (f64, f64),
}

impl Linear {
    /// An axis between two values; 0 to 1 where these are not two different finite numbers.
    pub fn new(ends: (f64, f64), pixels: (f64, f64)) -> Self {
        let sound = ends.0.is_finite() && ends.1.is_finite() && ends.0 < ends.1;
        Self { ends: if sound { ends } else { (0.0, 1.0) }, pixels }
    }

    /// The pixel of a value; what lies beyond an end is drawn at that end.
    pub fn place(&self, value: f64) -> f64 {
        let share = ((value - self.ends.0) / (self.ends.1 - self.ends.0)).clamp(0.0, 1.0);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Labelled ticks at multiples of 1, 2 or 5 times a power of ten, at least `gap` pixels apart.
    pub fn ticks(&self, gap: f64) -> Vec<Tick> {
        let length = (self.pixels.1 - self.pixels.0).abs();
        let least = (self.ends.1 - self.ends.0) * gap / length;
        let power = least.log10().floor();
        let mut steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * 10f64.powf(power)).into_iter();
        let step = steps.find(|step| *step >= least).expect("ten times the power is larger");
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) =
            ((self.ends.0 / step).ceil() as i64, (self.ends.1 / step).floor() as i64);
        let tick = |number: i64| {
            let value = number as f64 * step;
            let label = match decimals {
                _ if number == 0 => "0".to_owned(),
                0..=6 => format!("{value:.decimals$}"),
                _ => format!("{value:.0e}"),
            };
            Tick { value, label: Some(label) }
        };
        (first..=last).map(tick).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ends: (f64, f64), gap: f64) -> Vec<String> {
        let ticks = Linear::new(ends, (0.0, 300.0)).ticks(gap);
        ticks.into_iter().filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_keep_their_distance() {
        assert_eq!(labels((-0.03, 0.034), 50.0), ["-0.02", "0", "0.02"]);
        assert_eq!(labels((0.0089, 0.5), 60.0), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels((0.0, 78.0), 60.0), ["0", "20", "40", "60"]);
        assert_eq!(labels((-3e-9, 3e-9), 90.0), ["-2e-9", "0", "2e-9"]);
        assert_eq!(labels((2.0, 2.0), 150.0), ["0", "0.5", "1.0"]);
    }
}
