//! How many simulations transfer saves, with intervals.

use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::store::run::Curve;
use crate::study::store::savings::{Bound, Saving};
use crate::study::transfer::BASELINE;

use crate::study::report::page::curves::table;
use crate::study::report::page::frame::{Frame, Names};
use crate::study::report::page::series::{Series, legend};
use crate::study::report::page::svg::{Svg, escape};

/// The figure and the table; empty without anything to compare.
pub fn savings(findings: &Findings, series: &[Series]) -> String {
    if findings.savings.is_empty() {
        return format!(
            "<p>Without a finished run of {BASELINE} and of another strategy there is nothing to compare.</p>"
        );
    }
    let names = Names { title: "", x: "number of simulations", y: "simulations saved (factor)" };
    let label = "how many times fewer simulations than scratch";
    let others = || series.iter().filter(|one| one.name != BASELINE);
    let wide = panel(findings, series, (860.0, 380.0), names).finish("wide", label);
    let narrow = panel(findings, series, (360.0, 340.0), names).finish("narrow", label);
    let (noun, each) = match findings.scatter {
        Scatter::Seeds => ("seeds", ""),
        Scatter::Trials => (
            "trials",
            ", drawn for each strategy and size from its best ones; they do not know how other simulations would scatter",
        ),
    };
    let few = match findings.most_runs() {
        1 => format!("With one of the {noun} the intervals mean nothing."),
        few @ 2..6 => format!("With {few} {noun} the intervals are too narrow."),
        _ => String::new(),
    };
    format!(
        "<p>How many simulations {BASELINE} needs for the test MSE that a strategy has, divided by how many the strategy has. \
         The curve of {BASELINE} is interpolated between its sizes. Bars are 95 % intervals over bootstrap samples of the {noun}{each}. \
         {few}</p>\
         {}{wide}{narrow}<p class=\"remark\">An arrow marks a bound: up where {BASELINE} never gets there, down where it is \
         better already with its fewest simulations.</p><details><summary>The numbers</summary>{}</details>",
        legend(others()),
        numbers(findings)
    )
}

/// The figure alone, with a title, as one of several.
pub fn small_savings(findings: &Findings, series: &[Series], title: &str) -> String {
    let names = Names { title, x: "number of simulations", y: "simulations saved (factor)" };
    panel(findings, series, (360.0, 300.0), names)
        .finish("", &format!("simulations saved: {title}"))
}

fn panel(findings: &Findings, series: &[Series], size: (f64, f64), names: Names) -> Svg {
    let ends = |one: &Saving| {
        [Some(one.factor), one.low, one.high].into_iter().flatten().collect::<Vec<_>>()
    };
    let values: Vec<f64> = findings.savings.iter().flat_map(ends).chain([1.0]).collect();
    let frame = Frame::new(size, names, &findings.summary.sizes(), &values, 3.0);
    let mut svg = Svg::new(size.0, size.1);
    frame.draw(&mut svg, names);
    let ((left, right), one) = (frame.x.pixels(), frame.y.place(1.0));
    svg.line("even", (left, one), (right, one));
    let radius = if size.0 > 500.0 { 5.0 } else { 3.8 };
    let others: Vec<&Series> = series.iter().filter(|one| one.name != BASELINE).collect();
    for (index, one) in others.iter().enumerate() {
        let aside = (index as f64 - (others.len() as f64 - 1.0) / 2.0) * radius * 2.2;
        draw(&mut svg, findings, one, &frame, (aside.clamp(-18.0, 18.0), radius));
    }
    svg
}

fn draw(
    svg: &mut Svg,
    findings: &Findings,
    series: &Series,
    frame: &Frame,
    (aside, radius): (f64, f64),
) {
    svg.begin(&series.class);
    for one in findings.savings.iter().filter(|one| one.curve == series.curve) {
        let x = frame.x.place(one.simulations as f64) + aside;
        let y = frame.y.place(one.factor);
        let end = |value: Option<f64>, otherwise: f64| frame.y.place(value.unwrap_or(otherwise));
        svg.line("bar", (x, end(one.low, one.factor)), (x, end(one.high, one.factor)));
        let arrow = match one.bound {
            Bound::Exact => None,
            Bound::MoreThanLargest => Some(-1.0),
            Bound::LessThanSmallest => Some(1.0),
        };
        if let Some(way) = arrow {
            let tip = y + way * 4.2 * radius;
            svg.line("bar", (x, y), (x, tip));
            svg.path(
                "bar",
                &[(x - 4.0, tip - way * 5.0), (x, tip), (x + 4.0, tip - way * 5.0)],
                &[],
            );
        }
        let title = format!(
            "{}, {} simulations: {} {}",
            series.name,
            one.simulations,
            factor(one),
            interval(one)
        );
        svg.marker(&series.style, (x, y), radius, &title);
    }
    svg.end();
}

/// `4.2x`, `> 1.1x`, `< 0.5x`.
pub fn factor(one: &Saving) -> String {
    let sign = match one.bound {
        Bound::Exact => "",
        Bound::MoreThanLargest => "> ",
        Bound::LessThanSmallest => "< ",
    };
    format!("{sign}{:.2}x", one.factor)
}

/// `(3.1 to 5.0)`; an end outside the sizes that the baseline ran is open.
pub fn interval(one: &Saving) -> String {
    match (one.low, one.high) {
        (Some(low), Some(high)) => format!("({low:.2} to {high:.2})"),
        (Some(low), None) => format!("(from {low:.2})"),
        (None, Some(high)) => format!("(up to {high:.2})"),
        (None, None) => "(open)".to_owned(),
    }
}

fn numbers(findings: &Findings) -> String {
    let curves = findings.summary.curves.iter().filter(|curve| curve.strategy != BASELINE);
    let curves: Vec<&Curve> = curves.collect();
    let heading = std::iter::once("simulations".to_owned())
        .chain(curves.iter().map(|curve| escape(&curve.label())));
    let row = |simulations: usize| {
        let cell = |curve: &&Curve| {
            let mut saved = findings.savings.iter();
            let found = saved.find(|one| one.curve == **curve && one.simulations == simulations);
            found
                .map_or("-".to_owned(), |one| escape(&format!("{} {}", factor(one), interval(one))))
        };
        std::iter::once(simulations.to_string()).chain(curves.iter().map(cell)).collect()
    };
    let rows: Vec<Vec<String>> = findings.summary.sizes().into_iter().map(row).collect();
    table(&heading.collect::<Vec<_>>(), &rows)
}
