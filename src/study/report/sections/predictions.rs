//! Predictions against the truth, on the test set.

use maud::{Markup, html};

use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Chart, Grid, Layer, Marks, Panel};
use crate::study::report::chart::style::{INK, Look, SOFT, Series};
use crate::study::report::html::{figure, table};
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::words::three;
use crate::study::store::agreement::Agreement;
use crate::study::store::predictions::Predictions;

/// The sentences, a figure for each strategy, and the table of how well they agree.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    let rows = findings.predictions.first().map_or(0, |(one, _)| one.rows.len());
    html! {
        p {
            "For each strategy the network with the lowest validation loss at the largest number \
             of simulations, on the "
            (rows) " simulations of the test set. On the thin line prediction and truth are \
             equal; the thick line connects the means of eighths of the test set, sorted by \
             prediction."
        }
        @for (one, agreements) in &findings.predictions {
            @let which = match findings.scatter {
                Scatter::Seeds => format!("seed {}", one.seed),
                Scatter::Trials => "best trial".to_owned(),
            };
            h3 { (one.curve.label()) ", " (one.simulations) " simulations, " (which) }
            (figure(&chart(findings, one, agreements, shown)))
        }
        details {
            summary { "Table" }
            (agreement_table(findings))
            p.remark {
                "R²: 1 for perfect predictions, 0 for predictions that are no better than the \
                 mean. Bias: mean of prediction minus truth; RMS: root mean squared error; both \
                 in units of the target. Slope: of the truth on the prediction; 1 for calibrated \
                 predictions, below 1 for overconfident ones."
            }
        }
    }
}

/// A panel for each target.
fn chart(
    findings: &Findings,
    one: &Predictions,
    agreements: &[Agreement],
    shown: &[Series],
) -> Chart {
    let series = shown.iter().find(|series| series.curve == one.curve);
    let look = series.map_or(Look::plain(INK), |series| series.look);
    let panel = |target: usize| panel(findings, target, (one, &agreements[target]), look);
    Chart {
        label: format!("truth against prediction, {}", one.curve.label()),
        grids: vec![Grid {
            panels: (0..findings.targets.len()).map(panel).collect(),
            least: 145.0,
            most: 200.0,
            height: 118.0,
        }],
        ..Chart::default()
    }
}

/// Both axes span the truth and the predictions of all networks, so that strategies can be
/// compared.
fn ends(findings: &Findings, target: usize) -> (f64, f64) {
    let columns = findings.predictions.iter().flat_map(|(one, _)| [&one.truth, &one.prediction]);
    let values = columns.flat_map(|matrix| matrix.column(target));
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let room = 0.03 * (high - low);
    (low - room, high + room)
}

fn panel(
    findings: &Findings,
    target: usize,
    (one, agreement): (&Predictions, &Agreement),
    look: Look,
) -> Panel {
    let ends = ends(findings, target);
    let (x, y) = (Axis::linear("prediction", ends), Axis::linear("truth", ends));
    let dots = one.prediction.column(target).zip(one.truth.column(target));
    let equal = vec![(x.ends.0, x.ends.0), (x.ends.1, x.ends.1)];
    let groups = agreement.groups.iter().map(|[prediction, truth]| (*prediction, *truth));
    Panel {
        title: findings.targets[target].clone(),
        subtitle: agreement.r_squared.map_or(String::new(), |value| format!("R² {value:.3}")),
        x,
        y,
        layers: vec![
            Layer::new(look, Marks::Cloud(dots.collect())),
            Layer::new(Look::plain(SOFT), Marks::Line(equal, 1.0)),
            Layer::new(Look::plain(INK), Marks::Line(groups.collect(), 2.2)),
        ],
    }
}

fn agreement_table(findings: &Findings) -> Markup {
    let share = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let rows = findings.predictions.iter().flat_map(|(one, agreements)| {
        findings.targets.iter().zip(agreements).map(|(target, found)| {
            vec![
                one.curve.label(),
                target.clone(),
                share(found.r_squared),
                three(found.bias),
                three(found.rms_error),
                share(found.slope),
            ]
        })
    });
    table(&["strategy", "target", "R²", "bias", "RMS", "slope"], &rows.collect::<Vec<_>>())
}
