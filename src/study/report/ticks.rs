//! Which values of a logarithmic axis carry a tick, and what is written there.
//!
//! kuva's own ticks stand only at 1, 2 and 5 times a power of ten, which leaves one or two on an
//! axis from .02 to .05.

use crate::study::report::axis::Axis;
use crate::study::report::ink::width_of;

/// One tick: where, and what is written there; minor ticks carry no label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// The value at the tick.
    pub value: f64,
    /// Its text, or none.
    pub label: Option<String>,
}

impl Axis {
    /// Ticks at the sizes themselves, each labelled unless its label would touch the one before.
    ///
    /// `font` is the height of the labels in pixels.
    pub fn size_ticks(&self, sizes: &[usize], font: u32) -> Vec<Tick> {
        let digit = width_of("0", font);
        let mut free = f64::NEG_INFINITY;
        let tick = |&size: &usize| {
            let label = size.to_string();
            let half = label.len() as f64 * digit / 2.0;
            let pixel = self.place(size as f64);
            let fits = pixel - half >= free;
            if fits {
                free = pixel + half + 0.6 * digit;
            }
            Tick { value: size as f64, label: fits.then_some(label) }
        };
        sizes.iter().map(tick).collect()
    }

    /// Ticks at round values whose labels keep `gap` pixels from each other, and minor ticks
    /// between decades.
    pub fn value_ticks(&self, gap: f64) -> Vec<Tick> {
        let chosen =
            self.candidates().find(|values| values.len() >= 2 && self.closest(values) >= gap);
        let labelled = chosen.unwrap_or_else(|| self.whole_decades(1));
        let mut ticks: Vec<Tick> = (labelled.iter().zip(self.texts(&labelled)))
            .map(|(&value, text)| Tick { value, label: Some(text) })
            .collect();
        let decades = (self.ends.1 / self.ends.0).log10();
        if (0.2..12.0).contains(&decades) {
            let is_old = |value: f64| labelled.iter().any(|old| (old / value - 1.0).abs() < 1e-6);
            let mut minor = self.multiples(&[1., 2., 3., 4., 5., 6., 7., 8., 9.]);
            minor.retain(|&value| !is_old(value));
            ticks.extend(minor.into_iter().map(|value| Tick { value, label: None }));
        }
        ticks
    }

    /// How round values are written: all as powers of ten where the axis leaves the numbers people
    /// read at a glance, and with the same number of decimals where they are alike in size.
    fn texts(&self, values: &[f64]) -> Vec<String> {
        if self.ends.0 < 1e-4 || self.ends.1 >= 1e5 {
            return values.iter().map(|&value| scientific_text(value)).collect();
        }
        let texts: Vec<String> = values.iter().map(|&value| fixed_text(value)).collect();
        let alike =
            values.last().zip(values.first()).is_some_and(|(last, first)| last / first < 10.0);
        if !alike {
            return texts;
        }
        let decimals = texts
            .iter()
            .filter_map(|text| text.split_once('.'))
            .map(|(_, fraction)| fraction.len())
            .max();
        let decimals = decimals.unwrap_or(0);
        values.iter().map(|value| format!("{value:.decimals$}")).collect()
    }

    /// Sets of round values on the axis, dense ones first.
    fn candidates(&self) -> impl Iterator<Item = Vec<f64>> {
        let axis = *self;
        let (low, high) = self.ends;
        // Within less than a decade equal steps read best; beyond it, multiples of powers of ten.
        let first = ((high - low) / 10.0).log10().floor() as i32;
        let powers = if high / low < 8.0 { first..first + 3 } else { 0..0 };
        let steps = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| (factor, power)));
        let sets: [&[f64]; 5] =
            [&[1., 2., 3., 4., 6., 8.], &[1., 2., 3., 5.], &[1., 2., 5.], &[1., 3.], &[1.]];
        let equal = steps.map(move |(factor, power)| axis.equal_steps(factor * 10f64.powi(power)));
        let multiples = sets.into_iter().map(move |set| axis.multiples(set));
        let decades =
            [2, 3, 5, 10, 20, 50, 100].into_iter().map(move |stride| axis.whole_decades(stride));
        equal.filter(|values| values.len() <= 8).chain(multiples).chain(decades)
    }

    fn equal_steps(&self, step: f64) -> Vec<f64> {
        let (first, last) = ((self.ends.0 / step).ceil(), (self.ends.1 / step).floor());
        (0..=(last - first).clamp(0.0, 50.0) as usize)
            .map(|index| (first + index as f64) * step)
            .filter(|value| self.contains(*value))
            .collect()
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
        (self.ends.0.log10().floor() as i32, self.ends.1.log10().ceil() as i32)
    }

    fn contains(&self, value: f64) -> bool {
        (self.ends.0..=self.ends.1).contains(&value)
    }

    /// The smallest distance in pixels between neighbours.
    fn closest(&self, values: &[f64]) -> f64 {
        let distances =
            values.windows(2).map(|pair| (self.place(pair[1]) - self.place(pair[0])).abs());
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
        .map(|sign| match sign {
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
    use super::*;

    fn labels(low: f64, high: f64, gap: f64) -> Vec<String> {
        let axis = Axis::over([low, high].into_iter(), 0.0, 1.0001, (400.0, 0.0));
        axis.value_ticks(gap).into_iter().filter_map(|tick| tick.label).collect()
    }

    #[test]
    fn labels_are_round_numbers() {
        assert_eq!(
            labels(0.0199, 0.0501, 40.0),
            ["0.020", "0.025", "0.030", "0.035", "0.040", "0.045", "0.050"]
        );
        assert_eq!(
            labels(0.0009, 1.1, 40.0),
            ["0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1"]
        );
        assert_eq!(labels(0.9e-8, 1.1, 60.0), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
        assert_eq!(labels(0.9e-5, 3.1e-5, 90.0), ["10⁻⁵", "2×10⁻⁵", "3×10⁻⁵"]);
    }

    #[test]
    fn every_span_has_labels_that_keep_their_distance() {
        for exponent in -30..30 {
            for factor in [1.0, 1.4, 2.0, 7.0, 30.0, 1e4, 1e20] {
                let low = 3.7 * 10f64.powi(exponent);
                let axis = Axis::over([low, low * factor].into_iter(), 0.06, 1.5, (200.0, 0.0));
                let ticks = axis.value_ticks(22.0);
                let labelled: Vec<f64> = ticks
                    .iter()
                    .filter(|tick| tick.label.is_some())
                    .map(|tick| tick.value)
                    .collect();
                assert!(labelled.len() >= 2, "{low} x {factor}: {ticks:?}");
                assert!(axis.closest(&labelled) >= 22.0, "{low} x {factor}: {ticks:?}");
            }
        }
    }

    #[test]
    fn size_labels_do_not_touch() {
        let axis = Axis::over([50.0, 2000.0].into_iter(), 0.05, 2.0, (0.0, 300.0));
        let ticks = axis.size_ticks(&[50, 1000, 1010, 2000], 12);
        let kept: Vec<bool> = ticks.iter().map(|tick| tick.label.is_some()).collect();
        assert_eq!(kept, [true, true, false, true]);
    }
}
