//! The page of a study with several scenarios.

use std::path::Path;

use maud::{Markup, html};

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::metric::MSE;
use crate::study::report::chart::style::{Series, series};
use crate::study::report::html::figure;
use crate::study::report::page::{document, section, shown, verdict};
use crate::study::report::sections::{
    files, savings, scenarios, study_seeds, test_error, transfer_effect,
};
use crate::study::stats::findings::Findings;
use crate::study::stats::study_seeds::SeedSeries;
use crate::study::store::foreign::REPORT_FILE;
use crate::study::store::run::Curve;
use crate::study::store::study_seeds::{STUDY_SEEDS_FIGURE, STUDY_SEEDS_FILE};
use crate::study::transfer::BASELINE;

/// Writes `report.html` into the folder above those of several scenarios, atomically: their results
/// and figures side by side, and links to their pages. `seeds` are those that differ in their seed
/// alone.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_joined_report(folder: &Path, all: &[Findings], seeds: &[SeedSeries]) -> Result<()> {
    let names: Vec<String> = all.iter().map(name).collect();
    let scenarios: Vec<(&str, &Findings)> = names.iter().map(String::as_str).zip(all).collect();
    let findings: Vec<&Findings> = all.iter().collect();
    let shown = strategies(&scenarios);
    let chart = (!seeds.is_empty()).then(|| study_seeds::chart(seeds, &shown));
    if let Some(chart) = &chart {
        chart.write(folder, STUDY_SEEDS_FIGURE)?;
    }
    let of_seeds = chart.map(|chart| study_seeds::section(seeds, &chart));
    let body = body(&scenarios, &shown, (seeds, of_seeds));
    let page = document(&title(all), &findings, body);
    write_bytes(&folder.join(REPORT_FILE), page.as_bytes())
}

/// The page; `seeds` are studies that differ in their seed alone, with their section.
fn body(
    all: &[(&str, &Findings)],
    shown: &[Series],
    (seeds, of_seeds): (&[SeedSeries], Option<Markup>),
) -> Markup {
    // of studies that differ in their seed alone the figures show the first one
    let others = |one: &Findings| {
        seeds.iter().any(|of| of.members[1..].iter().any(|other| std::ptr::eq(*other, one)))
    };
    let (every, all) = (all, all.iter().copied().filter(|(_, one)| !others(one)));
    let all: &[(&str, &Findings)] = &all.collect::<Vec<_>>();
    let has_seeds = of_seeds.is_some();
    let metric = all.first().map_or(MSE, |(_, findings)| findings.metric());
    let saved = all.iter().any(|(_, findings)| !findings.savings.is_empty());
    html! {
        p.about { (every.len()) " scenarios" }
        @if let Some(of_seeds) = of_seeds { (section("Over study seeds", of_seeds)) }
        @for (name, findings) in every {
            h2.scenario { a href={ (name) "/" (REPORT_FILE) } { (name) } }
            (verdict(findings))
        }
        @if has_seeds { p.remark { "What follows is of the first study seed of each." } }
        (section("Side by side", scenarios::section(all)))
        (section("Test error", figure(&test_error::joined(all, shown))))
        @if saved { (section("Simulations saved", figure(&savings::joined(all, shown)))) }
        (section("Where transfer helps and hurts", html! {
            p {
                "The " (metric.test_title()) " of a strategy divided by that of " (BASELINE) ": "
                    (transfer_effect::keys(metric))
                " Bold and framed: the difference is significant."
            }
            @for (name, findings) in all {
                @if let Some(chart) = transfer_effect::chart(findings, shown) {
                    h3 { (name) }
                    (figure(&chart))
                }
            }
        }))
        (section("Files", html! {
            @if has_seeds {
                ul.files {
                    li { a href=(STUDY_SEEDS_FILE) { (STUDY_SEEDS_FILE) } " over study seeds" }
                }
            }
            @for (name, findings) in every {
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
