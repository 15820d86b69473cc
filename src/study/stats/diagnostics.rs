//! The figures of single networks on their test rows: a list that report, files and tests walk.

use crate::engine::loss::Predicts;
use crate::study::metric::{METRICS, Metric, Needs};
use crate::study::stats::curves::{self, Points};
use crate::study::store::diagnostics::Band;
use crate::study::store::group_predictions::GroupPredictions;
use crate::study::store::run;
use crate::study::store::summary::Spread;
use crate::study::tested::Tested;

/// A figure, and its file.
#[derive(Debug)]
pub struct Figure {
    /// Its files, without their endings.
    pub stem: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows, for readers.
    pub about: &'static str,
    /// Its panels, for each target.
    pub panels: &'static [Panel],
}

/// A panel: a curve of each network.
#[derive(Debug)]
pub struct Panel {
    /// What it shows, its y axis.
    pub title: &'static str,
    /// The name of its x axis.
    pub x: &'static str,
    /// Whether the y axis is logarithmic.
    pub is_log: bool,
    /// The line of a perfect network: from its y at the left end to that at the right.
    pub ideal: Option<[f64; 2]>,
    /// The curve.
    pub curve: Curve,
}

/// How a curve is computed.
#[derive(Clone, Copy, Debug)]
pub enum Curve {
    /// Of a class, both axes from 0 to 1 but for y that is logarithmic or has no bound.
    Class(fn(&Tested, usize) -> Points),
    /// Of a class, a curve for signal and one for background.
    EachClass(fn(&Tested, usize, bool) -> Points),
    /// Of a value; both axes are in its units.
    Value(fn(&Tested, usize) -> Points),
    /// Of two values that are a vector, in their units.
    Vector(fn(&Tested, [usize; 2], &[[f64; 2]]) -> Points),
}

const PANEL: Panel =
    Panel { title: "", x: "", is_log: false, ideal: None, curve: Curve::Class(curves::rejection) };

/// All figures; each study has those that its targets allow.
pub static FIGURES: [Figure; 6] = [
    Figure {
        stem: "roc",
        title: "ROC curves",
        about: "What passes a cut on the predicted probability: the fraction of the signal against \
                that of the background, and how many events of the background there are for each \
                that passes.",
        panels: &[
            Panel {
                title: "signal efficiency",
                x: "background efficiency",
                ideal: Some([0.0, 1.0]),
                curve: Curve::Class(curves::signal_efficiency),
                ..PANEL
            },
            Panel {
                title: "background rejection",
                x: "signal efficiency",
                is_log: true,
                curve: Curve::Class(curves::rejection),
                ..PANEL
            },
        ],
    },
    Figure {
        stem: "scores",
        title: "Scores by class",
        about: "The predicted probability of signal and of background, as fractions of each in 25 \
                bins.",
        panels: &[Panel {
            title: "fraction",
            x: "predicted probability",
            curve: Curve::EachClass(curves::scores),
            ..PANEL
        }],
    },
    Figure {
        stem: "calibration",
        title: "Calibration",
        about: "The fraction of signal among rows with a predicted probability, in ten bins. On \
                the thin line both are equal; below it predictions are too large.",
        panels: &[Panel {
            title: "fraction of signal",
            x: "predicted probability",
            ideal: Some([0.0, 1.0]),
            curve: Curve::Class(curves::calibration),
            ..PANEL
        }],
    },
    Figure {
        stem: "ams",
        title: "Significance",
        about: "Approximate median significance (AMS) of the rows above a cut on the predicted \
                probability; weights are expected events.",
        panels: &[Panel {
            title: "AMS",
            x: "cut on the predicted probability",
            curve: Curve::Class(curves::significance),
            ..PANEL
        }],
    },
    Figure {
        stem: "resolution",
        title: "Bias and resolution",
        about: "Mean and standard deviation of prediction - truth, in ten bins of the truth with \
                equally many rows.",
        panels: &[
            Panel {
                title: "bias",
                x: "truth",
                ideal: Some([0.0, 0.0]),
                curve: Curve::Value(curves::bias),
                ..PANEL
            },
            Panel {
                title: "resolution",
                x: "truth",
                curve: Curve::Value(curves::resolution),
                ..PANEL
            },
        ],
    },
    Figure {
        stem: "response",
        title: "Response of the vector",
        about: "In ten bins of the true length: the mean of the prediction along the truth divided \
                by its length, and the root mean squared error of a component.",
        panels: &[
            Panel {
                title: "response",
                x: "true length",
                ideal: Some([1.0, 1.0]),
                curve: Curve::Vector(curves::response),
                ..PANEL
            },
            Panel {
                title: "resolution of a component",
                x: "true length",
                curve: Curve::Vector(curves::vector_resolution),
                ..PANEL
            },
        ],
    },
];

/// The curves of all groups at the largest size, figure by figure; figures without any are left
/// out.
pub fn diagnostics(tested: &[GroupPredictions]) -> Vec<(&'static Figure, Vec<Band>)> {
    let shown: Vec<(&GroupPredictions, Vec<Tested>)> =
        largest(tested).map(|group| (group, tests(group))).collect();
    let of_figure = |figure: &'static Figure| {
        let of_panel =
            |panel| shown.iter().flat_map(move |(group, tests)| bands(panel, group, tests));
        let bands = figure.panels.iter().flat_map(of_panel);
        let bands: Vec<Band> = bands.collect();
        (!bands.is_empty()).then_some((figure, bands))
    };
    FIGURES.iter().filter_map(of_figure).collect()
}

/// Every metric that the outputs allow, of the groups at the largest size: means over targets,
/// spread over seeds.
pub fn test_metrics(
    tested: &[GroupPredictions],
) -> Vec<(run::Curve, Vec<(&'static Metric, Spread)>)> {
    let of_group = |group: &GroupPredictions| {
        let is_class = group.predicts.is_class();
        let fits = |metric: &&Metric| {
            metric.needs.are_met_by(group.predicts)
                && is_class == (metric.needs == Needs::Probabilities)
        };
        let tests = tests(group);
        let spread = |metric: &'static Metric| {
            (metric, Spread::new(tests.iter().map(|test| Some(metric.of_targets(test)))))
        };
        (group.group.curve.clone(), METRICS.iter().filter(fits).map(spread).collect())
    };
    largest(tested).map(of_group).collect()
}

/// The groups of the largest size.
fn largest(tested: &[GroupPredictions]) -> impl Iterator<Item = &GroupPredictions> {
    let largest = tested.iter().map(|group| group.group.simulations).max();
    tested.iter().filter(move |group| Some(group.group.simulations) == largest)
}

/// The networks of a group.
fn tests(group: &GroupPredictions) -> Vec<Tested> {
    (0..group.seeds.len()).map(|place| group.tested(place)).collect()
}

/// The curves of a group, whose networks are `tests`, in a panel.
fn bands(panel: &'static Panel, group: &GroupPredictions, tests: &[Tested]) -> Vec<Band> {
    let band = |target: String, class, of: &dyn Fn(&Tested) -> Points| Band {
        group: group.group.clone(),
        panel: panel.title,
        target,
        class,
        points: mean(&tests.iter().map(of).collect::<Vec<_>>()),
    };
    let (names, ranges, is_class) = (&group.targets, &group.ranges, group.predicts.is_class());
    // of two classes that exclude each other the second one says all
    let first = usize::from(group.predicts == Predicts::Classes && names.len() == 2);
    let targets = (first..names.len()).map(|target| (target, names[target].clone()));
    match panel.curve {
        Curve::Class(of) if is_class => {
            targets.map(|(j, name)| band(name, None, &|test| of(test, j))).collect()
        }
        Curve::EachClass(of) if is_class => targets
            .flat_map(|(j, name)| {
                [("signal", true), ("background", false)].map(|(class, signal)| {
                    band(name.clone(), Some(class), &|test| of(test, j, signal))
                })
            })
            .collect(),
        Curve::Value(of) if !is_class => targets
            .map(|(j, name)| {
                let [low, high] = ranges[j];
                let physical = |(x, y): (f64, f64)| (low + x * (high - low), y * (high - low));
                band(name, None, &|test| of(test, j).into_iter().map(physical).collect())
            })
            .collect(),
        Curve::Vector(of) if !is_class => vectors(names)
            .into_iter()
            .map(|pair| {
                let name = pair.map(|j| names[j].as_str()).join(", ");
                band(name, None, &|test| of(test, pair, ranges))
            })
            .collect(),
        _ => vec![],
    }
}

/// Pairs of targets whose names differ in one letter, x and y.
fn vectors(names: &[String]) -> Vec<[usize; 2]> {
    let is_pair = |one: &str, other: &str| {
        let mut places = one.match_indices('x');
        places.any(|(at, _)| format!("{}y{}", &one[..at], &one[at + 1..]) == other)
    };
    let of = |i: usize| names.iter().position(|other| is_pair(&names[i], other)).map(|j| [i, j]);
    (0..names.len()).filter_map(of).collect()
}

/// The mean of curves, point by point, over those that have it.
fn mean(curves: &[Points]) -> Vec<(f64, f64, Option<f64>)> {
    let count = curves.iter().map(Vec::len).max().unwrap_or(0);
    let point = |place: usize| {
        let spread = |of: fn(&(f64, f64)) -> f64| {
            Spread::new(curves.iter().map(|points| points.get(place).map(of)))
        };
        let (x, y) = (spread(|point| point.0), spread(|point| point.1));
        (x.mean.unwrap_or(f64::NAN), y.mean.unwrap_or(f64::NAN), y.deviation)
    };
    (0..count).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_pairs_of_names() {
        let of = |names: &[&str]| {
            vectors(&names.iter().map(|name| name.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(of(&["px", "py", "E"]), [[0, 1]]);
        assert_eq!(of(&["max_y", "m", "max_x"]), [[2, 0]]);
        assert!(of(&["x", "z", "Om"]).is_empty());
    }
}
