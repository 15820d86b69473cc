//! Truth against prediction on the test set.

use crate::study::report::ink::width_of;
use crate::study::report::linear::Linear;
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::store::agreement::Agreement;
use crate::study::store::predictions::Predictions;

use crate::study::report::page::curves::{table, three};
use crate::study::report::page::series::Series;
use crate::study::report::page::svg::{Anchor, Place, Svg, escape};

const SIZE: (f64, f64) = (180.0, 202.0);
/// Room above and below a square panel.
const TOP: f64 = 44.0;
const BOTTOM: f64 = 40.0;

/// Panels of all targets for each strategy, and the table of how well they agree.
pub fn scatter(findings: &Findings, series: &[Series]) -> String {
    let network = |(one, agreements): &(Predictions, Vec<Agreement>)| {
        let class = series.iter().find(|series| series.curve == one.curve);
        let class = class.map_or("base", |series| &series.class);
        let panels: String = (0..findings.targets.len())
            .map(|target| panel(findings, target, (one, &agreements[target]), class))
            .collect();
        let which = match findings.scatter {
            Scatter::Seeds => format!("seed {}", one.seed),
            Scatter::Trials => "the best trial".to_owned(),
        };
        let about = format!("{}, {} simulations, {which}", one.curve.label(), one.simulations);
        format!("<h3>{}</h3><div class=\"small panels\">{panels}</div>", escape(&about))
    };
    let rows = findings.predictions.first().map_or(0, |(one, _)| one.rows.len());
    format!(
        "<p>Of each strategy the network with the lowest validation error among those with the most simulations, on the {rows} \
         simulations of the test set. On the thin line the prediction is the truth; the thick one goes through the means of \
         eighths of the test set, by their prediction.</p>{}<details><summary>How well they agree</summary>{}<p \
         class=\"remark\">R² is 1 for perfect predictions and 0 for those that are no better than the mean. Bias is the mean of \
         prediction less truth, RMS the root of the mean squared error, both in units of the target. The slope is that of the \
         truth on the prediction: 1 for predictions that may be taken at face value, below 1 for overconfident \
         ones.</p></details>",
        findings.predictions.iter().map(network).collect::<String>(),
        numbers(findings)
    )
}

/// Both axes span what truth and prediction of all networks span, so that strategies can be
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
    class: &str,
) -> String {
    let ends = ends(findings, target);
    let bottom = SIZE.1 - BOTTOM;
    let y = Linear::new(ends, (bottom, TOP));
    let ticks = y.ticks(32.0);
    let label = |text: &Option<String>| text.as_deref().map_or(0.0, |text| width_of(text, 12));
    let left = ticks.iter().map(|tick| label(&tick.label)).fold(0.0, f64::max) + 26.0;
    let right = SIZE.0 - 10.0;
    let x = Linear::new(ends, (left, right));
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    for tick in &ticks {
        let at = y.place(tick.value);
        svg.line("grid", (left, at), (right, at));
        svg.text(
            "tick",
            Anchor::End,
            (left - 5.0, at + 4.0),
            tick.label.as_deref().unwrap_or_default(),
        );
    }
    let widest = x.ticks(40.0).iter().map(|tick| label(&tick.label)).fold(0.0, f64::max);
    for tick in x.ticks(widest + 12.0) {
        let at = x.place(tick.value);
        svg.line("grid", (at, bottom), (at, TOP));
        svg.text(
            "tick",
            Anchor::Middle,
            (at, bottom + 16.0),
            tick.label.as_deref().unwrap_or_default(),
        );
    }
    svg.line("axis", (left, bottom), (right, bottom));
    let place = |predicted: f64, truth: f64| -> Place { (x.place(predicted), y.place(truth)) };
    let dots = one.prediction.column(target).zip(one.truth.column(target));
    svg.begin(class);
    svg.dots("dot", &dots.map(|(predicted, truth)| place(predicted, truth)).collect::<Vec<_>>());
    svg.end();
    svg.line("even", place(ends.0, ends.0), place(ends.1, ends.1));
    let groups: Vec<Place> =
        agreement.groups.iter().map(|[predicted, truth]| place(*predicted, *truth)).collect();
    svg.path("groups", &groups, &[]);
    let name = &findings.targets[target];
    svg.fitted("title", Anchor::Start, (left, 17.0), (name, right - left));
    let found = agreement.r_squared.map_or(String::new(), |value| format!("R² {value:.3}"));
    svg.text("tick", Anchor::Start, (left, 34.0), &found);
    svg.text("tick", Anchor::Middle, ((left + right) / 2.0, SIZE.1 - 6.0), "prediction");
    svg.upright("tick", (11.0, (TOP + bottom) / 2.0), "truth");
    svg.finish("", &format!("truth against prediction of {name}, {}", one.curve.label()))
}

fn numbers(findings: &Findings) -> String {
    let heading = ["strategy", "target", "R²", "bias", "RMS", "slope"].map(str::to_owned);
    let rows = findings.predictions.iter().flat_map(|(one, agreements)| {
        findings.targets.iter().zip(agreements).map(|(target, found)| {
            let share =
                |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
            vec![
                escape(&one.curve.label()),
                escape(target),
                share(found.r_squared),
                three(found.bias),
                three(found.rms_error),
                share(found.slope),
            ]
        })
    });
    table(&heading, &rows.collect::<Vec<_>>())
}
