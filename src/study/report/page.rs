//! The report of a study: one page of HTML with everything in it, to read, to print and to pass on.
//!
//! Figures are SVG; there is no script, and nothing is loaded. The title of a mark shows its values
//! when a pointer rests on it, and what matters is in a table too. Texts are escaped by `maud`.

use std::fmt::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::data::files::write_bytes;
use crate::data::names::visible;
use crate::error::Result;
use crate::study::report::chart::style::{Series, paints, series};
use crate::study::report::sections::{
    attributions, diagnostics, files, predictions, pretraining_size, savings, search, test_error,
    transfer_effect,
};
use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::store::foreign::{GENERATOR, REPORT_FILE};
use crate::study::store::provenance::Status;

/// Writes the figure ([`Metric::figure`](crate::study::metric::Metric::figure), as `.svg` and
/// `.png`) and `report.html`, which contains it, into the folder of the findings, each atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_report(findings: &Findings) -> Result<()> {
    let shown = shown(findings);
    test_error::chart(findings, &shown).write(&findings.folder, &findings.metric().figure())?;
    for (stem, chart) in diagnostics::charts(findings, &shown) {
        chart.write(&findings.folder, stem)?;
    }
    write_bytes(&findings.folder.join(REPORT_FILE), report_html(findings).as_bytes())
}

/// The page as text.
pub fn report_html(findings: &Findings) -> String {
    document(&findings.name, &[findings], body(findings))
}

/// A document with everything in it, of one study or several. While one runs, browsers load it
/// again and again.
pub(crate) fn document(title: &str, all: &[&Findings], body: Markup) -> String {
    let running = |one: &&Findings| {
        one.provenance.as_ref().is_some_and(|study| study.status == Status::Running)
    };
    let runs = all.iter().any(running);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(GENERATOR);
                @if runs { meta http-equiv="refresh" content="5"; }
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(include_str!("page.css"))) (PreEscaped(colors())) }
            }
            body { main { h1 { (title) } (body) } }
        }
    };
    visible(&page.into_string()).into_owned() + "\n"
}

/// The colours of figures and page as variables, on a light page and on a dark one.
fn colors() -> String {
    let (mut light, mut dark, mut classes) = (String::new(), String::new(), String::new());
    for paint in paints() {
        let class = paint.class;
        write!(light, "--{class}:{};", paint.light).expect("text in memory");
        write!(dark, "--{class}:{};", paint.dark).expect("text in memory");
        write!(classes, "svg .{class}{{fill:var(--{class});stroke:var(--{class})}}")
            .expect("text in memory");
    }
    format!(
        ":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{classes}\
         svg text.ink,svg text.soft,svg rect.paper{{stroke:none}}"
    )
}

/// The strategies that figures show: with several pre-training sizes those of the largest one.
pub(crate) fn shown(findings: &Findings) -> Vec<Series> {
    let mut shown = series(&findings.summary.curves);
    if let Some(largest) = pretraining_size::largest(findings) {
        shown.retain(|one| one.is_baseline() || one.curve.pretraining_simulations == Some(largest));
    }
    shown
}

/// Everything about one study.
fn body(findings: &Findings) -> Markup {
    let shown = shown(findings);
    html! {
        (about(findings))
        (verdict(findings))
        (notices(findings))
        (by_strategy(findings))
        @if shown.len() < findings.summary.curves.len() {
            p.remark {
                "Figures show the largest pre-training size; the section on the pre-training size \
                 and the tables have all."
            }
        }
        (section("Test error", test_error::section(findings, &shown)))
        @if !findings.diagnostics.is_empty() {
            (section("Networks on the test set", diagnostics::section(findings, &shown)))
        }
        (section("Simulations saved", savings::section(findings, &shown)))
        (section("Where transfer helps and hurts", transfer_effect::section(findings, &shown)))
        @if !findings.pretraining_sizes.is_empty() {
            (section("Effect of the pre-training size", pretraining_size::section(findings)))
        }
        @if !findings.searches.is_empty() {
            (section("Hyper-parameter search", search::section(findings, &shown)))
        }
        (section("Attributions of the inputs", attributions::section(findings, &shown)))
        @if !findings.predictions.is_empty() {
            (section("Predictions on the test set", predictions::section(findings, &shown)))
        }
        (section("Files", files::links(findings, "")))
        (section("Provenance", files::provenance(findings)))
    }
}

/// A section with its heading.
pub(crate) fn section(heading: &str, content: Markup) -> Markup {
    html! { section { h2 { (heading) } (content) } }
}

/// One line: how much was done, on what, and whether the study is finished.
fn about(findings: &Findings) -> Markup {
    let study = findings.provenance.as_ref();
    html! {
        p.about {
            (runs(findings))
            " · " (findings.summary.curves.len()) " strategies"
            " · " (findings.summary.sizes().len()) " sizes"
            @if let Some(study) = study.filter(|study| study.all_seconds() > 0.0) {
                " · " (format!("{:.0}", study.all_seconds())) " s on "
                    (study.device.kind)
            }
        }
        @if let Some(study) = study.filter(|study| study.status != Status::Finished) {
            p.unfinished {
                "Not finished: the study is " (study.status.name()) ", with " (trained(findings))
                    " of "
                (study.runs_planned) " runs."
            }
        }
    }
}

/// How many runs there were and which of them the tables have.
fn runs(findings: &Findings) -> String {
    let most = findings.most_runs();
    match findings.scatter {
        Scatter::Seeds => format!("{} runs, {most} seeds", findings.runs.len()),
        Scatter::Trials => {
            format!("{} trials, the best {most} of each search are shown", trained(findings))
        }
    }
}

/// How many runs, or trials, are finished.
fn trained(findings: &Findings) -> usize {
    match findings.scatter {
        Scatter::Seeds => findings.runs.len(),
        Scatter::Trials => findings.searches.iter().map(|search| search.trials.len()).sum(),
    }
}

/// The result in two sentences.
pub(crate) fn verdict(findings: &Findings) -> Markup {
    html! { div.verdict { @for sentence in findings.headline() { p { (sentence) } } } }
}

/// What is probably not as it was meant.
fn notices(findings: &Findings) -> Markup {
    let notices = findings.provenance.as_ref().map_or(&[][..], |study| &study.notices);
    html! { @for notice in notices { p.notice { b { "Note: " } (notice) "." } } }
}

/// The same for each strategy.
fn by_strategy(findings: &Findings) -> Markup {
    let sentences = findings.by_strategy();
    html! {
        @if !sentences.is_empty() {
            details {
                summary { "By strategy" }
                ul { @for sentence in &sentences { li { (sentence) } } }
            }
        }
    }
}
