//! Test MSE against the number of simulations, in all and for each target.

use crate::study::report::table::text_table;
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::store::run::RunRecord;
use crate::study::store::summary::{Spread, SummaryRow};

use crate::study::report::page::frame::{Frame, Names};
use crate::study::report::page::series::{Series, legend};
use crate::study::report::page::svg::{Place, Svg, escape};

const SIZES: &str = "number of simulations";
const ERROR: &str = "test MSE (targets scaled to [0, 1])";

/// What a panel shows of a run, and of its statistics.
pub struct Shown<'a> {
    /// The value of one run.
    pub run: &'a dyn Fn(&RunRecord) -> Option<f64>,
    /// The statistics over seeds or trials.
    pub spread: &'a dyn Fn(&SummaryRow) -> Spread,
}

/// The figure of the mean over all targets, wide and narrow, and its numbers.
pub fn total(findings: &Findings, series: &[Series]) -> String {
    let shown = Shown { run: &RunRecord::score, spread: &SummaryRow::score };
    let names = Names { title: "", x: SIZES, y: ERROR };
    let wide = panel(findings, series, &shown, (860.0, 460.0), names).finish("wide", ERROR);
    let narrow = panel(findings, series, &shown, (360.0, 360.0), names).finish("narrow", ERROR);
    format!(
        "{}{wide}{narrow}<p class=\"remark\">{}</p><details><summary>The numbers</summary>{}</details>",
        legend(series.iter()),
        remark(findings),
        numbers(findings)
    )
}

/// A panel for each target.
pub fn targets(findings: &Findings, series: &[Series]) -> String {
    let one = |(place, target): (usize, &String)| {
        let shown =
            Shown { run: &|run| run.target_score(place), spread: &|row| row.target_score(place) };
        let names = Names { title: target, x: SIZES, y: "test MSE" };
        panel(findings, series, &shown, (360.0, 280.0), names)
            .finish("", &format!("{ERROR} of {target}"))
    };
    let panels: String = findings.targets.iter().enumerate().map(one).collect();
    format!("{}<div class=\"panels\">{panels}</div>", legend(series.iter()))
}

/// The mean over all targets in one panel with a title, as one of several.
pub fn small_total(findings: &Findings, series: &[Series], title: &str) -> String {
    let shown = Shown { run: &RunRecord::score, spread: &SummaryRow::score };
    let names = Names { title, x: SIZES, y: "test MSE" };
    panel(findings, series, &shown, (360.0, 300.0), names).finish("", &format!("{ERROR}: {title}"))
}

fn panel(
    findings: &Findings,
    series: &[Series],
    shown: &Shown,
    size: (f64, f64),
    names: Names,
) -> Svg {
    let summary = &findings.summary;
    let means = summary.rows.iter().map(|row| (shown.spread)(row));
    // a bar that nearly reaches zero would stretch a logarithmic axis without end
    let bars =
        means.filter_map(|spread| Some((spread.mean?, spread.standard_error.unwrap_or(0.0))));
    let mut values: Vec<f64> =
        bars.flat_map(|(mean, error)| [(mean - error).max(mean / 3.0), mean + error]).collect();
    values.extend(findings.runs.iter().filter_map(shown.run));
    let frame = Frame::new(size, names, &summary.sizes(), &values, 1.5);
    let mut svg = Svg::new(size.0, size.1);
    frame.draw(&mut svg, names);
    let radius = if size.0 > 500.0 { 5.0 } else { 3.6 };
    let sizes = summary.sizes().into_iter();
    let places: Vec<f64> = sizes.map(|size| frame.x.place(size as f64)).collect();
    let gaps = places.windows(2).map(|pair| pair[1] - pair[0]);
    let room = gaps.fold(60.0, f64::min);
    for (index, one) in series.iter().enumerate() {
        // strategies often coincide; steps to the side keep them all visible, within the room
        // between two sizes
        let step = f64::min(1.9 * radius, 0.8 * room / series.len() as f64);
        let aside = (index as f64 - (series.len() as f64 - 1.0) / 2.0) * step;
        draw(&mut svg, findings, one, shown, &frame, (aside, radius));
    }
    svg
}

fn draw(
    svg: &mut Svg,
    findings: &Findings,
    series: &Series,
    shown: &Shown,
    frame: &Frame,
    (aside, radius): (f64, f64),
) {
    let x = |simulations: usize| frame.x.place(simulations as f64) + aside;
    svg.begin(&series.class);
    let own = findings.runs.iter().filter(|run| run.key.curve == series.curve);
    for run in own {
        if let Some(value) = (shown.run)(run).filter(|value| *value > 0.0) {
            // beside the mark, which would hide it
            let at = (x(run.key.simulations) + 0.9 * radius, frame.y.place(value));
            let title = format!(
                "{}, {} simulations, {}: {}",
                series.name,
                run.key.simulations,
                which(findings.scatter, run.key.seed),
                three(value)
            );
            svg.dot("seed", at, &title);
        }
    }
    let rows = findings.summary.of(&series.curve).map(|row| (row, (shown.spread)(row)));
    let points: Vec<Option<(Place, &SummaryRow, Spread)>> = rows
        .map(|(row, spread)| {
            let mean = spread.mean.filter(|mean| *mean > 0.0)?;
            Some(((x(row.simulations), frame.y.place(mean)), row, spread))
        })
        .collect();
    for run in points.split(Option::is_none) {
        let line: Vec<Place> = run.iter().flatten().map(|point| point.0).collect();
        svg.path("curve", &line, series.style.dashes);
    }
    for (at, row, spread) in points.into_iter().flatten() {
        let mean = spread.mean.unwrap_or_default();
        if let Some(error) = spread.standard_error {
            let ends = [mean - error, mean + error].map(|end| (at.0, frame.y.place(end)));
            svg.line("bar", ends[0], ends[1]);
        }
        let error =
            spread.standard_error.map_or(String::new(), |error| format!(" ± {}", three(error)));
        let title = format!(
            "{}, {} simulations: {}{error} ({} {})",
            series.name,
            row.simulations,
            three(mean),
            spread.count,
            findings.scatter.noun()
        );
        svg.marker(&series.style, at, radius, &title);
    }
    svg.end();
}

/// What a run is called: its seed, or how good a trial it is.
fn which(scatter: Scatter, seed: u32) -> String {
    match scatter {
        Scatter::Seeds => format!("seed {seed}"),
        Scatter::Trials => format!("trial {seed} of the best"),
    }
}

/// Three digits that count.
pub fn three(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-4..1e5).contains(&size) => {
            let decimals = (2.0 - size.log10().floor()).clamp(0.0, 9.0) as usize;
            format!("{value:.decimals$}")
        }
        _ => format!("{value:.2e}"),
    }
}

fn remark(findings: &Findings) -> String {
    let runs = findings.summary.rows.iter().map(|row| row.runs);
    let (fewest, most) = (runs.clone().min().unwrap_or(0), runs.clone().max().unwrap_or(0));
    let seeds = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
    let mut text = match (most, findings.scatter) {
        (1, _) => "One run a point, so the scatter is unknown.".to_owned(),
        (_, Scatter::Seeds) => format!(
            "Marks are means over {seeds} seeds, bars their standard errors, faint dots the seeds."
        ),
        (_, Scatter::Trials) => format!(
            "Marks are means over the {seeds} trials of lowest validation error, as in arXiv 2510.19168, bars their standard \
             errors, faint dots the trials."
        ),
    };
    text.push_str(" Points of one size stand side by side.");
    let diverged: usize = findings.summary.rows.iter().map(|row| row.diverged).sum();
    if diverged > 0 {
        text.push_str(&format!(" {diverged} of {} runs diverged.", runs.sum::<usize>()));
    }
    text
}

/// The same numbers as a table: mean ± standard error.
fn numbers(findings: &Findings) -> String {
    let text = text_table(&findings.summary);
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_matches('|');
        line.split('|').map(|cell| escape(cell.trim())).collect()
    };
    let mut lines = text.lines();
    let heading = lines.next().map(cells).unwrap_or_default();
    let rows: Vec<Vec<String>> = lines.skip(1).map(cells).collect();
    table(&heading, &rows)
}

/// A table of cells that are HTML already; the first column heads its row.
pub fn table(heading: &[String], rows: &[Vec<String>]) -> String {
    let head: String =
        heading.iter().map(|cell| format!("<th scope=\"col\">{cell}</th>")).collect();
    let row = |cells: &Vec<String>| {
        let cell = |(place, cell): (usize, &String)| match place {
            0 => format!("<th scope=\"row\">{cell}</th>"),
            _ => format!("<td>{cell}</td>"),
        };
        format!("<tr>{}</tr>", cells.iter().enumerate().map(cell).collect::<String>())
    };
    let body: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}
