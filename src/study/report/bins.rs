//! Where the inputs stand on the horizontal axis of a panel.

use crate::study::report::axis::Axis;
use crate::study::report::linear::Linear;
use crate::study::report::ticks::Tick;

/// The inputs side by side, each with room of its own.
#[derive(Clone, Debug)]
pub(crate) struct Bins {
    /// The pixels between which each input stands, ascending: one more than there are inputs.
    pub edges: Vec<f64>,
    /// Round values of the axis, with their pixels.
    pub ticks: Vec<(f64, Option<String>)>,
}

/// An axis whose widest step is more than this many times its narrowest is drawn in logarithms.
const UNEVEN: f64 = 3.0;

impl Bins {
    /// Inputs at the places `axis`, between two pixels: at their value if they are evenly spaced,
    /// as bins in k are; at its logarithm if the steps grow; side by side if the places do not
    /// ascend.
    pub fn new(axis: &[f64], pixels: (f64, f64)) -> Self {
        let ascends = axis.windows(2).all(|pair| pair[0] < pair[1]);
        let numbers: Vec<f64> = (0..axis.len()).map(|number| number as f64).collect();
        if axis.len() < 2 || !ascends {
            return Self::linear(&numbers, pixels);
        }
        let steps = axis.windows(2).map(|pair| pair[1] - pair[0]);
        let (least, most) = steps
            .fold((f64::INFINITY, 0.0f64), |(least, most), step| (least.min(step), most.max(step)));
        if axis[0] > 0.0 && most > UNEVEN * least {
            Self::logarithmic(axis, pixels)
        } else {
            Self::linear(axis, pixels)
        }
    }

    fn linear(places: &[f64], pixels: (f64, f64)) -> Self {
        let edges = edges(places);
        let axis = Linear::new((edges[0], edges[places.len()]), pixels);
        let tick = |tick: Tick| (axis.place(tick.value), tick.label);
        Self {
            ticks: axis.ticks(60.0).into_iter().map(tick).collect(),
            edges: edges.iter().map(|edge| axis.place(*edge)).collect(),
        }
    }

    fn logarithmic(places: &[f64], pixels: (f64, f64)) -> Self {
        let logarithms: Vec<f64> = places.iter().map(|place| place.log10()).collect();
        let edges: Vec<f64> = edges(&logarithms).iter().map(|edge| 10f64.powf(*edge)).collect();
        let axis = Axis::over(edges.iter().copied(), 0.0, 1.0001, pixels);
        let tick = |tick: Tick| (axis.place(tick.value), tick.label);
        Self {
            ticks: axis.value_ticks(60.0).into_iter().map(tick).collect(),
            edges: edges.iter().map(|edge| axis.place(*edge)).collect(),
        }
    }
}

/// The middles between neighbours, and as far beyond the first and the last.
fn edges(places: &[f64]) -> Vec<f64> {
    let last = places.len() - 1;
    let half = |a: usize, b: usize| {
        if last == 0 { 0.5 } else { (places[b] - places[a]) / 2.0 }
    };
    let inner = places.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    std::iter::once(places[0] - half(0, 1.min(last)))
        .chain(inner)
        .chain([places[last] + half(last.saturating_sub(1), last)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_has_room_of_its_own() {
        let shells: Vec<f64> = (1..=79).map(|i| 0.0063 * f64::from(i)).collect();
        let grows: Vec<f64> = (0..20).map(|i| 0.01 * 1.3f64.powi(i)).collect();
        for axis in [&shells[..], &grows, &[5.0], &[3.0, 1.0, 2.0], &[-1.0, 0.0]] {
            let bins = Bins::new(axis, (10.0, 510.0));
            assert_eq!(bins.edges.len(), axis.len() + 1);
            assert!(bins.edges.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", bins.edges);
            assert!(
                (bins.edges[0] - 10.0).abs() < 1e-6
                    && (bins.edges[axis.len()] - 510.0).abs() < 1e-6
            );
            assert!(!bins.ticks.is_empty());
        }
    }
}
