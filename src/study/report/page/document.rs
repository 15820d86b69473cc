//! The whole page: head, verdict, sections.

use crate::study::stats::findings::Findings;
use crate::study::stats::scatter::Scatter;
use crate::study::store::provenance::Status;
use crate::study::transfer::BASELINE;

use crate::study::report::page::series::{series, variables};
use crate::study::report::page::svg::escape;
use crate::study::report::page::{
    attributions, curves, heat, history, pretraining, provenance, savings, scatter,
};

/// A document with everything in it; `body` is HTML already.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"shoal \
         {}\">\n<title>{title}</title>\n\
         <link rel=\"icon\" \
         href=\"data:,\">\n<style>\n{}{}\n</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        include_str!("page.css"),
        variables()
    )
}

/// Everything about one study.
pub fn body(findings: &Findings) -> String {
    let mut series = series(&findings.summary);
    let all = series.len();
    if let Some(largest) = pretraining::largest(findings) {
        series.retain(|one| {
            let curve = &one.curve;
            curve.strategy == BASELINE || curve.pretraining_simulations == Some(largest)
        });
    }
    let mut body = about(findings) + &verdict(findings) + &words(findings);
    if series.len() < all {
        body.push_str(
            "<p class=\"remark\">Figures show the largest pre-training; the smaller ones have a section of their own, and all are \
             in the tables.</p>",
        );
    }
    let mut sections = vec![
        ("Test error against simulations", curves::total(findings, &series)),
        ("Target by target", curves::targets(findings, &series)),
        ("Simulations saved", savings::savings(findings, &series)),
        ("Where transfer helps and hurts", heat::maps(findings, &series)),
    ];
    if !findings.pretraining_sizes.is_empty() {
        sections.push(("Effect of the pre-training size", pretraining::pretraining(findings)));
    }
    if !findings.searches.is_empty() {
        sections.push(("Search", history::history(findings, &series)));
    }
    sections.push(("What the networks read", attributions::attributions(findings, &series)));
    if !findings.predictions.is_empty() {
        sections.push(("Truth against prediction", scatter::scatter(findings, &series)));
    }
    sections.push(("Files", provenance::files(findings, "")));
    sections.push(("Provenance", provenance::provenance(findings)));
    for (name, content) in sections {
        body.push_str(&section(name, &content));
    }
    body
}

/// A section with its heading; `content` is HTML already.
pub fn section(name: &str, content: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{content}\n</section>\n", escape(name))
}

/// One line: how much was done, on what, and whether that is all.
fn about(findings: &Findings) -> String {
    let mut parts = vec![
        runs(findings),
        format!("{} strategies", findings.summary.curves.len()),
        format!("{} sizes", findings.summary.sizes().len()),
    ];
    let study = findings.provenance.as_ref();
    if let Some(study) = study.filter(|study| study.all_seconds() > 0.0) {
        let device = study.device["kind"].as_str().unwrap_or("device");
        let seconds = study.all_seconds();
        parts.push(format!("{seconds:.0} s on {device}"));
    }
    let unfinished = study.filter(|study| study.status != Status::Finished).map(|study| {
        // while it runs, study.json says nothing of how far it is
        let (done, all) = (trained(findings), study.runs_planned);
        format!(
            "<p class=\"unfinished\">Not finished: the study is {}, with {done} of {all} runs.</p>",
            study.status.name()
        )
    });
    format!(
        "<p class=\"about\">{}</p>\n{}",
        escape(&parts.join(" · ")),
        unfinished.unwrap_or_default()
    )
}

/// How many runs there were and what the tables have of them.
fn runs(findings: &Findings) -> String {
    let most = findings.most_runs();
    match findings.scatter {
        Scatter::Seeds => format!("{} runs, {most} of a setting", findings.runs.len()),
        Scatter::Trials => {
            format!("{} trials, of each search the best {most}", trained(findings))
        }
    }
}

/// How many runs, or trials, are in the tables.
fn trained(findings: &Findings) -> usize {
    let trials = findings.searches.iter().map(|search| search.trials.len());
    match findings.scatter {
        Scatter::Seeds => findings.runs.len(),
        Scatter::Trials => trials.sum(),
    }
}

/// The answer, first of all.
pub fn verdict(findings: &Findings) -> String {
    let [gain, loss] = findings.headline();
    format!("<div class=\"verdict\"><p>{}</p><p>{}</p></div>\n", escape(&gain), escape(&loss))
}

/// The same strategy by strategy.
fn words(findings: &Findings) -> String {
    let sentences = findings.by_strategy().into_iter();
    let items: String =
        sentences.map(|sentence| format!("<li>{}</li>", escape(&sentence))).collect();
    match items.is_empty() {
        true => String::new(),
        false => {
            format!("<details><summary>Strategy by strategy</summary><ul>{items}</ul></details>\n")
        }
    }
}
