//! The page of a study with several scenarios.

use std::path::Path;

use maud::{Markup, html};

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::metric::MSE;
use crate::study::report::chart::style::{Series, series};
use crate::study::report::html::figure;
use crate::study::report::page::{document, section, shown, verdict};
use crate::study::report::sections::{files, savings, scenarios, test_error, transfer_effect};
use crate::study::stats::findings::Findings;
use crate::study::store::foreign::REPORT_FILE;
use crate::study::store::run::Curve;
use crate::study::transfer::BASELINE;

/// Writes `report.html` into the folder above those of several scenarios, atomically: their results
/// and figures side by side, and links to their pages.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_joined_report(folder: &Path, all: &[Findings]) -> Result<()> {
    let names: Vec<String> = all.iter().map(name).collect();
    let scenarios: Vec<(&str, &Findings)> = names.iter().map(String::as_str).zip(all).collect();
    let findings: Vec<&Findings> = all.iter().collect();
    let page = document(&title(all), &findings, body(&scenarios));
    write_bytes(&folder.join(REPORT_FILE), page.as_bytes())
}

fn body(all: &[(&str, &Findings)]) -> Markup {
    let shown = strategies(all);
    let metric = all.first().map_or(MSE, |(_, findings)| findings.metric());
    let saved = all.iter().any(|(_, findings)| !findings.savings.is_empty());
    html! {
        p.about { (all.len()) " scenarios" }
        @for (name, findings) in all {
            h2.scenario { a href={ (name) "/" (REPORT_FILE) } { (name) } }
            (verdict(findings))
        }
        (section("Side by side", scenarios::section(all)))
        (section("Test error", figure(&test_error::joined(all, &shown))))
        @if saved { (section("Simulations saved", figure(&savings::joined(all, &shown)))) }
        (section("Where transfer helps and hurts", html! {
            p {
                "The " (metric.test_title()) " of a strategy divided by that of " (BASELINE) ": "
                    (transfer_effect::keys(metric))
                " Bold and framed: the difference is significant."
            }
            @for (name, findings) in all {
                @if let Some(chart) = transfer_effect::chart(findings, &shown) {
                    h3 { (name) }
                    (figure(&chart))
                }
            }
        }))
        (section("Files", html! {
            @for (name, findings) in all {
                h3 { (name) }
                (files::links(findings, &format!("{name}/")))
            }
        }))
    }
}

/// Every strategy that some scenario shows, with one look in all of them.
fn strategies(all: &[(&str, &Findings)]) -> Vec<Series> {
    let mut curves: Vec<&Curve> = Vec::new();
    for curve in all.iter().flat_map(|(_, findings)| &findings.summary.curves) {
        if !curves.contains(&curve) {
            curves.push(curve);
        }
    }
    let drawn: Vec<Series> = all.iter().flat_map(|(_, findings)| shown(findings)).collect();
    let mut series = series(curves);
    series.retain(|one| drawn.iter().any(|other| other.curve == one.curve));
    series
}

/// A scenario's folder.
fn name(findings: &Findings) -> String {
    let name = findings.folder.file_name();
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What the titles of all scenarios begin with, if it is one study.
fn title(all: &[Findings]) -> String {
    let titles = all.iter().map(|one| one.name.rsplit_once(": ").map(|(study, _)| study));
    let mut titles: Vec<Option<&str>> = titles.collect();
    titles.dedup();
    match titles[..] {
        [Some(study)] => study.to_owned(),
        _ => "Several scenarios".to_owned(),
    }
}
