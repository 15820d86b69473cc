//! The summary as a table for a terminal, which is also a Markdown table.

use crate::study::store::run::Curve;
use crate::study::store::summary::{Spread, Summary};

/// A table of the primary metric with one row per number of simulations and one column per
/// strategy.
///
/// A cell is the mean ± its standard error over seeds, as `.0326 ± .0012`. A cell says how many
/// runs diverged, a single seed has no error, and `-` stands for a size that a strategy did not
/// run.
pub fn text_table(summary: &Summary) -> String {
    aligned(&cells(summary, 0))
}

/// The cells of the table of a metric, the heading first.
pub(crate) fn cells(summary: &Summary, metric: usize) -> Vec<Vec<String>> {
    let digits = Digits::new(summary.rows.iter().filter_map(|row| row.test[metric].total.mean));
    let mut lines = vec![
        std::iter::once("simulations".to_owned())
            .chain(summary.curves.iter().map(Curve::label))
            .collect(),
    ];
    for simulations in summary.sizes() {
        let cells = (summary.curves.iter()).map(|curve| {
            let Some(row) = summary.row(curve, simulations) else {
                return "-".to_owned();
            };
            match (cell(row.test[metric].total, &digits), row.diverged) {
                (value, 0) => value.unwrap_or("-".to_owned()),
                (None, diverged) => format!("{diverged} of {} diverged", row.runs),
                (Some(value), diverged) => format!("{value} ({diverged} of {} diverged)", row.runs),
            }
        });
        lines.push(std::iter::once(simulations.to_string()).chain(cells).collect::<Vec<String>>());
    }
    lines
}

/// Mean and standard error; absent if no run has a value.
fn cell(spread: Spread, digits: &Digits) -> Option<String> {
    let mean = digits.text(spread.mean?);
    Some(
        spread
            .standard_error
            .map_or(mean.clone(), |error| format!("{mean} ± {}", digits.text(error))),
    )
}

/// How the numbers of one table are written: all alike, so that columns can be compared by eye.
enum Digits {
    Fixed(usize),
    Scientific,
}

impl Digits {
    /// Four decimals, more where the smallest mean would keep fewer than three digits.
    fn new(means: impl Iterator<Item = f64> + Clone) -> Self {
        let sizes = means.map(f64::abs).filter(|&size| size > 0.0);
        let smallest = sizes.clone().fold(f64::INFINITY, f64::min);
        if smallest < 1e-5 || sizes.clone().any(|size| size >= 1e4) {
            return Digits::Scientific;
        }
        let needed = if smallest.is_finite() { 2.0 - smallest.log10().floor() } else { 4.0 };
        Digits::Fixed(needed.clamp(4.0, 7.0) as usize)
    }

    fn text(&self, value: f64) -> String {
        match *self {
            Digits::Scientific => format!("{value:.2e}"),
            Digits::Fixed(decimals) => {
                let text = format!("{value:.decimals$}");
                text.strip_prefix("0.").map_or(text.clone(), |fraction| format!(".{fraction}"))
            }
        }
    }
}

/// A Markdown table of a heading and rows of as many cells, which is also readable as text: every
/// column padded to one width. The first column is aligned to the right, as numbers are.
///
/// # Panics
/// If there is no line, or a line has more cells than the heading.
pub fn aligned(lines: &[Vec<String>]) -> String {
    // A bar inside a name would end the Markdown cell.
    let lines: Vec<Vec<String>> = lines
        .iter()
        .map(|line| line.iter().map(|cell| cell.replace('|', "\\|")).collect())
        .collect();
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        for (column, cell) in line.iter().enumerate() {
            let padding = " ".repeat(widths[column] - cell.chars().count());
            let padded =
                if column == 0 { format!("{padding}{cell}") } else { format!("{cell}{padding}") };
            text.push_str(&format!("| {padded} "));
        }
        text.push_str("|\n");
        if index == 0 {
            let rules = widths.iter().enumerate().map(|(column, &width)| {
                let rule = "-".repeat(width + 1);
                if column == 0 { format!("|{rule}:") } else { format!("|{rule}-") }
            });
            text.push_str(&rules.collect::<String>());
            text.push_str("|\n");
        }
    }
    text
}
