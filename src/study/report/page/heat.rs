//! Where transfer helps and hurts: the ratio of test MSEs, target by target and size by size.

use crate::study::report::ink::width_of;
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::words::p_text;
use crate::study::store::negative_transfer::{LEVEL, Transfer};
use crate::study::store::run::Curve;
use crate::study::transfer::BASELINE;

use crate::study::report::page::series::Series;
use crate::study::report::page::svg::{Anchor, Svg};

/// A ratio of this or its inverse has the full colour.
const FULL: f64 = 2.0;
/// The full colour still lets the number on it be read.
const OPAQUE: f64 = 0.85;
const CELL: (f64, f64) = (46.0, 28.0);
const FONT: u32 = 14;
/// The most room for the name of a target.
const LABEL: f64 = 110.0;

/// A map for each of these strategies, and what its colours mean.
pub fn maps(findings: &Findings, series: &[Series]) -> String {
    let others = (series.iter().map(|one| &one.curve)).filter(|curve| curve.strategy != BASELINE);
    let maps: String = others.filter_map(|curve| map(findings, curve)).collect();
    if maps.is_empty() {
        return format!("<p>No strategy shares a seed and a size with {BASELINE}.</p>");
    }
    let tested = findings.transfers.iter().any(|one| one.p.is_some());
    let test = match tested {
        true => format!(
            "A number is bold and framed where the difference is beyond {}: {}, corrected for all comparisons of its kind \
             (Holm), p &lt; {LEVEL}. {}",
            findings.scatter.words(),
            match findings.scatter {
                Scatter::Seeds => "paired t test",
                Scatter::Trials => "Welch's t test",
            },
            remark(findings.scatter)
        ),
        false => "With a single run of a setting nothing can be told from chance.".to_owned(),
    };
    format!(
        "<p>The test MSE of a strategy divided by that of {BASELINE} on the same simulations: \
         <span class=\"key good\">below 1</span> transfer helps, <span class=\"key bad\">above 1</span> it hurts. {test}</p>\
         <div class=\"maps\">{maps}</div>"
    )
}

/// What the test rests on.
fn remark(scatter: Scatter) -> &'static str {
    match scatter {
        Scatter::Seeds => "Runs of one seed have the same simulations.",
        Scatter::Trials => {
            "All trials of a size have the same simulations and the best were chosen among many, so the test is about \
             hyper-parameters and chance in training, not about other simulations; several seeds without a search tell that."
        }
    }
}

/// The map of one strategy; absent if nothing of it can be compared.
pub fn map(findings: &Findings, curve: &Curve) -> Option<String> {
    let own: Vec<&Transfer> = findings.transfers.iter().filter(|one| one.curve == *curve).collect();
    if own.is_empty() {
        return None;
    }
    let mut sizes: Vec<usize> = own.iter().map(|one| one.simulations).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let rows: Vec<Option<&String>> = findings.targets.iter().map(Some).chain([None]).collect();
    let names = rows.iter().map(|row| row.map_or("all", String::as_str));
    let left = names.map(|name| width_of(name, FONT)).fold(30.0, f64::max).min(LABEL) + 10.0;
    let top = 28.0;
    let height = top + CELL.1 * rows.len() as f64 + 6.0 + 24.0;
    let mut svg = Svg::new(left + CELL.0 * sizes.len() as f64 + 4.0, height);
    let width = CELL.0 * sizes.len() as f64;
    svg.fitted("title", Anchor::Start, (left, 17.0), (&curve.label(), width));
    for (row, target) in rows.iter().enumerate() {
        // the mean over all stands apart
        let y = top + CELL.1 * row as f64 + if target.is_none() { 6.0 } else { 0.0 };
        let name = target.map_or("all", String::as_str);
        svg.fitted("label", Anchor::End, (left - 8.0, y + 19.0), (name, left - 8.0));
        for (column, size) in sizes.iter().enumerate() {
            let at = (left + CELL.0 * column as f64, y);
            let found =
                own.iter().find(|one| one.simulations == *size && one.target.as_ref() == *target);
            match found {
                Some(one) => cell(&mut svg, at, one, findings.scatter),
                None => svg.text("tick", Anchor::Middle, (at.0 + CELL.0 / 2.0, y + 19.0), "-"),
            }
        }
    }
    for (column, size) in sizes.iter().enumerate() {
        let x = left + CELL.0 * (column as f64 + 0.5);
        svg.text("tick", Anchor::Middle, (x, height - 6.0), &size.to_string());
    }
    Some(svg.finish("map", &format!("test MSE relative to {BASELINE}: {}", curve.label())))
}

fn cell(svg: &mut Svg, (left, top): (f64, f64), one: &Transfer, scatter: Scatter) {
    let share = (one.ratio.ln().abs() / FULL.ln()).clamp(0.0, 1.0);
    let kind = if one.ratio > 1.0 { "bad" } else { "good" };
    let sure = one.is_negative() || one.is_positive();
    let p = match (one.p, one.p_corrected) {
        (Some(p), Some(corrected)) => {
            format!(", p = {}, corrected {}", p_text(p), p_text(corrected))
        }
        _ => String::new(),
    };
    let rank = one.p_signed_rank.map_or(String::new(), |p| format!(", signed rank {}", p_text(p)));
    let title = format!(
        "{}, {}, {} simulations: {:.3}x the test MSE of {BASELINE}{p}{rank} ({} {})",
        one.curve.label(),
        one.target.as_deref().unwrap_or("all targets"),
        one.simulations,
        one.ratio,
        one.runs,
        scatter.noun()
    );
    let class = format!("cell {kind}{}", if sure { " sure" } else { "" });
    let size = (CELL.0 - 3.0, CELL.1 - 3.0);
    svg.cell(&class, (left + 1.5, top + 1.5), size, OPAQUE * share, &title);
    let text = match one.ratio {
        ratio if ratio < 9.995 => format!("{ratio:.2}"),
        ratio => format!("{ratio:.0}"),
    };
    let class = if sure { "ratio sure" } else { "ratio" };
    svg.text(class, Anchor::Middle, (left + CELL.0 / 2.0, top + 19.0), &text);
}
