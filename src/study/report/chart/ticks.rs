//! Which values of an axis carry a tick, and what is written there.

use crate::study::report::chart::axis::{Placed, Scale, Ticks};
use crate::study::report::chart::text::width_of;

/// One tick: its value and pixel, and what is written there; minor ticks carry no label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub value: f64,
    pub pixel: f64,
    pub label: Option<String>,
}

impl Placed<'_> {
    /// The ticks of a horizontal axis: labels of this size do not touch.
    pub fn horizontal_ticks(&self, size: f64) -> Vec<Tick> {
        if self.axis.ticks != Ticks::Round {
            return self.fixed_ticks(|label| width_of(label, size) / 2.0, 0.4 * size);
        }
        // As far apart as the widest label needs.
        let widest = |ticks: &[Tick]| {
            let labels = ticks.iter().filter_map(|tick| tick.label.as_deref());
            labels.map(|label| width_of(label, size)).fold(0.0, f64::max)
        };
        let first = self.round_ticks(3.4 * size);
        self.round_ticks((widest(&first) + size).max(3.4 * size))
    }

    /// The ticks of a vertical axis, for labels of this size.
    pub fn vertical_ticks(&self, size: f64) -> Vec<Tick> {
        match self.axis.ticks {
            Ticks::Round => self.round_ticks(2.0 * size),
            _ => self.fixed_ticks(|_| size / 2.0, 0.2 * size),
        }
    }

    fn tick(&self, value: f64, label: Option<String>) -> Option<Tick> {
        self.place(value).map(|pixel| Tick { value, pixel, label })
    }

    /// Ticks at given places, each labelled unless its label would touch the one before.
    fn fixed_ticks(&self, half: impl Fn(&str) -> f64, gap: f64) -> Vec<Tick> {
        let places: Vec<(f64, String)> = match &self.axis.ticks {
            Ticks::Round => vec![],
            Ticks::At(values) => values.iter().map(|value| (*value, value.to_string())).collect(),
            Ticks::Names(names) => names.clone(),
        };
        let mut last: Option<(f64, f64)> = None;
        let tick = |(value, label): (f64, String)| {
            let tick = self.tick(value, None)?;
            let room = half(&label);
            let fits =
                last.is_none_or(|(pixel, used)| (tick.pixel - pixel).abs() >= used + room + gap);
            if fits {
                last = Some((tick.pixel, room));
            }
            Some(Tick { label: fits.then_some(label), ..tick })
        };
        places.into_iter().filter_map(tick).collect()
    }

    /// Ticks at round values whose labels keep `gap` pixels from each other.
    fn round_ticks(&self, gap: f64) -> Vec<Tick> {
        match self.axis.scale {
            Scale::Linear => self.linear_ticks(gap),
            Scale::Log => self.log_ticks(gap),
        }
    }

    /// Multiples of 1, 2 or 5 times a power of ten.
    fn linear_ticks(&self, gap: f64) -> Vec<Tick> {
        let (low, high) = self.axis.ends;
        let least = (high - low) * gap / self.length();
        let power = least.log10().floor();
        let mut steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * 10f64.powf(power)).into_iter();
        let step = steps.find(|step| *step >= least).expect("ten times the power is larger");
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let tick = |number: i64| {
            let value = number as f64 * step;
            let label = match decimals {
                _ if number == 0 => "0".to_owned(),
                0..=6 => format!("{value:.decimals$}"),
                _ => format!("{value:.0e}"),
            };
            self.tick(value, Some(label))
        };
        ((low / step).ceil() as i64..=(high / step).floor() as i64).filter_map(tick).collect()
    }

    /// Round values, and minor ticks between decades.
    fn log_ticks(&self, gap: f64) -> Vec<Tick> {
        let chosen =
            self.candidates().find(|values| values.len() >= 2 && self.closest(values) >= gap);
        let labelled = chosen.unwrap_or_else(|| self.whole_decades(1));
        let mut ticks: Vec<Tick> = (labelled.iter().zip(self.texts(&labelled)))
            .filter_map(|(&value, text)| self.tick(value, Some(text)))
            .collect();
        if (0.2..12.0).contains(&(self.axis.ends.1 / self.axis.ends.0).log10()) {
            let is_old = |value: f64| labelled.iter().any(|old| (old / value - 1.0).abs() < 1e-6);
            let minor = self.multiples(&[1., 2., 3., 4., 5., 6., 7., 8., 9.]);
            let minor = minor.into_iter().filter(|value| !is_old(*value));
            ticks.extend(minor.filter_map(|value| self.tick(value, None)));
        }
        ticks
    }

    /// How round values are written: all as powers of ten where the axis leaves the numbers people
    /// read at a glance, and with the same number of decimals where they are alike in size.
    fn texts(&self, values: &[f64]) -> Vec<String> {
        if self.axis.ends.0 < 1e-4 || self.axis.ends.1 >= 1e5 {
            return values.iter().map(|&value| scientific_text(value)).collect();
        }
        let texts: Vec<String> = values.iter().map(|&value| fixed_text(value)).collect();
        let ends = values.last().zip(values.first());
        if ends.is_none_or(|(last, first)| last / first >= 10.0) {
            return texts;
        }
        let fractions = texts.iter().filter_map(|text| text.split_once('.'));
        let decimals = fractions.map(|(_, fraction)| fraction.len()).max().unwrap_or(0);
        values.iter().map(|value| format!("{value:.decimals$}")).collect()
    }

    /// Sets of round values on the axis, dense ones first.
    fn candidates(&self) -> impl Iterator<Item = Vec<f64>> {
        let (low, high) = self.axis.ends;
        // Within less than a decade equal steps read best; beyond it, multiples of powers of ten.
        let first = ((high - low) / 10.0).log10().floor() as i32;
        let powers = if high / low < 8.0 { first..first + 3 } else { 0..0 };
        let steps = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| (factor, power)));
        let sets: [&[f64]; 5] =
            [&[1., 2., 3., 4., 6., 8.], &[1., 2., 3., 5.], &[1., 2., 5.], &[1., 3.], &[1.]];
        let equal = steps.map(|(factor, power)| self.equal_steps(factor * 10f64.powi(power)));
        let multiples = sets.into_iter().map(|set| self.multiples(set));
        let decades =
            [2, 3, 5, 10, 20, 50, 100].into_iter().map(|stride| self.whole_decades(stride));
        equal.filter(|values| values.len() <= 8).chain(multiples).chain(decades)
    }

    fn equal_steps(&self, step: f64) -> Vec<f64> {
        let (first, last) = ((self.axis.ends.0 / step).ceil(), (self.axis.ends.1 / step).floor());
        let values =
            (0..=(last - first).clamp(0.0, 50.0) as usize).map(|i| (first + i as f64) * step);
        values.filter(|value| self.contains(*value)).collect()
    }

    fn multiples(&self, factors: &[f64]) -> Vec<f64> {
        let (low, high) = self.exponents();
        (low..=high)
            .flat_map(|exponent| factors.iter().map(move |factor| factor * 10f64.powi(exponent)))
            .filter(|value| self.contains(*value))
            .collect()
    }

    fn whole_decades(&self, stride: i32) -> Vec<f64> {
        let (low, high) = self.exponents();
        let chosen = (low..=high).filter(|exponent| exponent.rem_euclid(stride) == 0);
        chosen.map(|exponent| 10f64.powi(exponent)).filter(|value| self.contains(*value)).collect()
    }

    fn exponents(&self) -> (i32, i32) {
        let (low, high) = self.axis.ends;
        (low.log10().floor() as i32, high.log10().ceil() as i32)
    }

    fn contains(&self, value: f64) -> bool {
        (self.axis.ends.0..=self.axis.ends.1).contains(&value)
    }

    /// The smallest distance in pixels between neighbours.
    fn closest(&self, values: &[f64]) -> f64 {
        let pixels: Vec<f64> = values.iter().filter_map(|value| self.place(*value)).collect();
        let distances = pixels.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        distances.fold(f64::INFINITY, f64::min)
    }
}

/// A round number without the digits that only rounding errors add.
fn fixed_text(value: f64) -> String {
    let decimals = (2.0 - value.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A round number as `2×10⁻⁵`, or `10⁻⁵` for a power of ten.
fn scientific_text(value: f64) -> String {
    let text = format!("{value:.2e}");
    let (factor, exponent) = text.split_once('e').expect("a number with an exponent");
    let factor = factor.trim_end_matches('0').trim_end_matches('.');
    let raised: String = exponent
        .chars()
        .map(|character| match character {
            '-' => '⁻',
            digit => {
                ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize]
            }
        })
        .collect();
    if factor == "1" { format!("10{raised}") } else { format!("{factor}×10{raised}") }
}

#[cfg(test)]
mod tests {
    use crate::study::report::chart::axis::Axis;

    fn labels(axis: &Axis, length: f64, gap: f64) -> Vec<String> {
        let ticks = axis.between((length, 0.0)).round_ticks(gap);
        ticks.into_iter().filter_map(|tick| tick.label).collect()
    }

    fn log(low: f64, high: f64, gap: f64) -> Vec<String> {
        labels(&Axis::log("", [low, high], 0.0, 1.0001), 400.0, gap)
    }

    fn linear(ends: (f64, f64), gap: f64) -> Vec<String> {
        labels(&Axis::linear("", ends), 300.0, gap)
    }

    #[test]
    fn labels_are_round_numbers() {
        let twentieths = ["0.020", "0.025", "0.030", "0.035", "0.040", "0.045", "0.050"];
        assert_eq!(log(0.0199, 0.0501, 40.0), twentieths);
        assert_eq!(log(0.0009, 1.1, 40.0), ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"]);
        assert_eq!(log(0.9e-8, 1.1, 60.0), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        assert_eq!(log(0.9e-5, 3.1e-5, 90.0), ["10⁻⁵", "2×10⁻⁵", "3×10⁻⁵"]);
        assert_eq!(linear((-0.03, 0.034), 50.0), ["-0.02", "0", "0.02"]);
        assert_eq!(linear((0.0089, 0.5), 60.0), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(linear((0.0, 78.0), 60.0), ["0", "20", "40", "60"]);
        assert_eq!(linear((-3e-9, 3e-9), 90.0), ["-2e-9", "0", "2e-9"]);
        assert_eq!(linear((2.0, 2.0), 150.0), ["0", "0.5", "1.0"]);
    }

    #[test]
    fn every_span_has_labels_that_keep_their_distance() {
        for exponent in -30..30 {
            for factor in [1.0, 1.4, 2.0, 7.0, 30.0, 1e4, 1e20] {
                let low = 3.7 * 10f64.powi(exponent);
                let axis = Axis::log("", [low, low * factor], 0.06, 1.5);
                let placed = axis.between((200.0, 0.0));
                let ticks = placed.round_ticks(22.0);
                let labelled = ticks.iter().filter(|tick| tick.label.is_some());
                let labelled: Vec<f64> = labelled.map(|tick| tick.value).collect();
                assert!(labelled.len() >= 2, "{low} x {factor}: {ticks:?}");
                assert!(placed.closest(&labelled) >= 22.0, "{low} x {factor}: {ticks:?}");
            }
        }
    }

    #[test]
    fn size_labels_do_not_touch() {
        let axis = Axis::sizes("", &[50, 1000, 1010, 2000]);
        let ticks = axis.between((0.0, 300.0)).horizontal_ticks(12.0);
        let kept: Vec<bool> = ticks.iter().map(|tick| tick.label.is_some()).collect();
        assert_eq!(kept, [true, true, false, true]);
    }
}
