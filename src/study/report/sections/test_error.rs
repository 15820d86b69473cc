//! The test metric against the number of simulations, over all targets and for each.

use maud::{Markup, html};

use crate::study::metric::{MSE, Metric};
use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::model::{Chart, Grid, Layer, Marks, Panel, Point};
use crate::study::report::chart::style::{Series, series};
use crate::study::report::html::{figure, keys, numbers, table};
use crate::study::report::table::cells;
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::stats::words::three;
use crate::study::store::run::RunRecord;
use crate::study::store::summary::{Spread, Summary, SummaryRow};

const SIZES: &str = "number of simulations";

/// The figure, a table for each metric.
pub(crate) fn section(findings: &Findings, shown: &[Series]) -> Markup {
    html! {
        (figure(&chart(findings, shown)))
        @if findings.summary.metrics().len() > 1 { (figure(&others(findings, shown))) }
        @for (index, metric) in findings.summary.metrics().into_iter().enumerate() {
            @let cells = cells(&findings.summary, index);
            (numbers(&metric.test_title(), table(&cells[0], &cells[1..])))
        }
    }
}

/// The figure of a study.
pub(crate) fn chart(findings: &Findings, shown: &[Series]) -> Chart {
    draw(&findings.name, &findings.summary, &findings.runs, findings.scatter, shown)
}

/// The figure of the test metric: one large panel for the mean over all targets, one small panel
/// for each target; both axes are logarithmic, with one line for each strategy.
///
/// Points are means over the runs of a strategy and size, bars standard errors, dots single runs. A
/// size at which no run has a value leaves a gap in its line.
pub fn test_error_chart(
    title: &str,
    summary: &Summary,
    runs: &[RunRecord],
    scatter: Scatter,
) -> Chart {
    draw(title, summary, runs, scatter, &series(&summary.curves))
}

fn draw(
    title: &str,
    summary: &Summary,
    runs: &[RunRecord],
    scatter: Scatter,
    shown: &[Series],
) -> Chart {
    let data = Data { summary, runs, scatter, shown };
    let title_of_test = summary.metric().test_title();
    let count = summary.targets.len();
    let all = if count == 1 { &summary.targets[0] } else { "all targets" };
    let all = data.panel(all, &title_of_test, &RunRecord::score, &SummaryRow::score);
    let target = |(index, name): (usize, &String)| {
        data.panel(name, "", &|run| run.target_score(index), &|row| row.target_score(index))
    };
    let targets: Vec<Panel> = summary.targets.iter().enumerate().map(target).collect();
    let least = if count > 6 { 140.0 } else { 200.0 };
    let mut grids = vec![Grid { panels: vec![all], least: 320.0, most: 0.0, height: 320.0 }];
    if count > 1 {
        grids.push(Grid { panels: targets, least, most: 0.0, height: 112.0 });
    }
    Chart {
        label: format!("{title_of_test} against the {SIZES}"),
        title: title.to_owned(),
        legend: keys(shown),
        grids,
        beside: true,
        note: data.note(),
    }
}

/// The metrics of a study besides the one that strategies are compared by, a panel each.
fn others(findings: &Findings, shown: &[Series]) -> Chart {
    let Findings { summary, runs, scatter, .. } = findings;
    let data = Data { summary, runs, scatter: *scatter, shown };
    let panel = |(place, metric): (usize, &&Metric)| {
        data.panel(metric.title, "", &|run| run.test[place].total, &|row| row.test[place].total)
    };
    let metrics = summary.metrics();
    Chart {
        label: format!("other metrics on the test set, against the {SIZES}"),
        legend: keys(shown),
        grids: vec![Grid {
            panels: metrics.iter().enumerate().skip(1).map(panel).collect(),
            least: 300.0,
            most: 480.0,
            height: 170.0,
        }],
        ..Chart::default()
    }
}

/// The mean over all targets of several studies, a panel each.
pub(crate) fn joined(all: &[(&str, &Findings)], shown: &[Series]) -> Chart {
    let panel = |(name, findings): &(&str, &Findings)| {
        let Findings { summary, runs, scatter, .. } = findings;
        let data = Data { summary, runs, scatter: *scatter, shown };
        data.panel(name, &summary.metric().test_title(), &RunRecord::score, &SummaryRow::score)
    };
    Chart {
        label: format!(
            "{} against the {SIZES}, for each scenario",
            all.first().map_or(MSE, |(_, findings)| findings.metric()).test_title()
        ),
        legend: keys(shown),
        grids: vec![Grid {
            panels: all.iter().map(panel).collect(),
            least: 300.0,
            most: 480.0,
            height: 230.0,
        }],
        ..Chart::default()
    }
}

struct Data<'a> {
    summary: &'a Summary,
    runs: &'a [RunRecord],
    scatter: Scatter,
    shown: &'a [Series],
}

impl Data<'_> {
    fn panel(
        &self,
        title: &str,
        y_name: &str,
        of_run: &dyn Fn(&RunRecord) -> Option<f64>,
        spread: &dyn Fn(&SummaryRow) -> Spread,
    ) -> Panel {
        let curves = || self.shown.iter().map(|one| &one.curve);
        let rows = self.summary.rows.iter().filter(|row| curves().any(|it| *it == row.curve));
        let bars = rows
            .filter_map(|row| Some((spread(row).mean?, spread(row).standard_error.unwrap_or(0.0))));
        // A bar that nearly reaches zero would stretch a logarithmic axis without end: it may run
        // out of the panel.
        let bars = bars.flat_map(|(mean, error)| [(mean - error).max(mean / 3.0), mean + error]);
        let runs = self.runs.iter().filter(|run| curves().any(|it| *it == run.key.curve));
        let values: Vec<f64> = bars.chain(runs.filter_map(of_run)).collect();
        let (mut dots, mut lines, mut points) = (vec![], vec![], vec![]);
        for (index, one) in self.shown.iter().enumerate() {
            let layer = |marks| Layer::dodged(one.look, (index, self.shown.len()), marks);
            let rows: Vec<&SummaryRow> = self.summary.of(&one.curve).collect();
            let at =
                |row: &&SummaryRow| (row.simulations as f64, spread(row).mean.unwrap_or(f64::NAN));
            dots.push(layer(Marks::Dots(self.dots(one, of_run))));
            lines.push(layer(Marks::Line(rows.iter().map(at).collect(), 2.0)));
            let points_of = rows.iter().map(|row| self.point(row, spread(row)));
            points.push(layer(Marks::Points(points_of.collect())));
        }
        let mut layers = [dots, lines, points].concat();
        if !values.iter().any(|value| *value > 0.0) {
            layers = vec![];
        }
        Panel {
            title: title.to_owned(),
            subtitle: String::new(),
            x: Axis::sizes(SIZES, &self.summary.sizes()),
            y: Axis::log(y_name, values, 0.06, 1.5),
            layers,
        }
    }

    fn dots(
        &self,
        series: &Series,
        of_run: &dyn Fn(&RunRecord) -> Option<f64>,
    ) -> Vec<(f64, f64, String)> {
        let dot = |run: &RunRecord| {
            let which = match self.scatter {
                Scatter::Seeds => format!("seed {}", run.key.seed),
                Scatter::Trials => format!("trial of rank {}", run.key.seed),
            };
            let value = of_run(run)?;
            let title = format!(
                "{}, {} simulations, {which}: {}",
                series.name(),
                run.key.simulations,
                three(value)
            );
            Some((run.key.simulations as f64, value, title))
        };
        let own = self.runs.iter().filter(|run| run.key.curve == series.curve);
        own.filter_map(dot).collect()
    }

    fn point(&self, row: &SummaryRow, spread: Spread) -> Point {
        let mean = spread.mean.unwrap_or(f64::NAN);
        let error = spread.standard_error;
        let text = error.map_or(String::new(), |error| format!(" ± {}", three(error)));
        Point {
            x: row.simulations as f64,
            y: mean,
            bar: error.map(|error| (mean - error, mean + error)),
            arrow: None,
            title: format!(
                "{}, {} simulations: {}{text} ({} {})",
                row.curve.label(),
                row.simulations,
                three(mean),
                spread.count,
                self.scatter.noun()
            ),
        }
    }

    /// What points and bars are, and what is missing.
    fn note(&self) -> String {
        let rows = &self.summary.rows;
        let runs = || rows.iter().map(|row| row.runs);
        let (fewest, most) = (runs().min().unwrap_or(0), runs().max().unwrap_or(0));
        let count = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
        let mut note = match (most, self.scatter) {
            (0, _) => "No finished run.".to_owned(),
            (1, Scatter::Seeds) => "One seed per point, so the scatter is unknown.".to_owned(),
            (_, Scatter::Seeds) => {
                format!("Mean over {count} seeds, error bars: standard error, dots: single seeds.")
            }
            (1, Scatter::Trials) => "The trial that is best on the validation rows.".to_owned(),
            (_, Scatter::Trials) => format!(
                "Mean over the {count} trials that are best on the validation rows (arXiv \
                 2510.19168), error bars: standard error, dots: single trials."
            ),
        };
        let diverged: usize = rows.iter().map(|row| row.diverged).sum();
        if diverged > 0 {
            note.push_str(&format!(" {diverged} of {} runs diverged.", runs().sum::<usize>()));
        }
        if self.shown.len() > 1 {
            note.push_str(" Points of one size are drawn side by side.");
        }
        let metric = self.summary.metric();
        note.push_str(&format!(" {}: {}.", metric.title, metric.description));
        note
    }
}
