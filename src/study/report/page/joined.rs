//! The page above the pages of several scenarios.

use std::path::Path;

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::stats::findings::Findings;
use crate::study::transfer::BASELINE;

use crate::study::report::page::document::{page, section, verdict};
use crate::study::report::page::series::{Series, legend, series};
use crate::study::report::page::svg::escape;
use crate::study::report::page::{FILE, curves, heat, provenance, savings};

/// Writes `report.html` into the folder above those of several scenarios, atomically: their
/// verdicts and figures side by side, and links to their pages.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_joined(folder: &Path, all: &[Findings]) -> Result<()> {
    let scenarios: Vec<Scenario> = all.iter().map(Scenario::new).collect();
    let verdicts: String = scenarios.iter().map(Scenario::verdict).collect();
    let mut body = format!("<p class=\"about\">{} scenarios</p>\n{verdicts}", all.len());
    let side_by_side = |one: &dyn Fn(&Scenario) -> String, class: &str| {
        let figures: String = scenarios.iter().map(one).collect();
        format!("<div class=\"{class}\">{figures}</div>")
    };
    let widest = scenarios.iter().max_by_key(|scenario| scenario.series.len());
    let looks = widest.map_or(&[][..], |scenario| &scenario.series);
    let totals =
        side_by_side(&|one| curves::small_total(one.findings, &one.series, &one.name), "panels");
    let saved =
        side_by_side(&|one| savings::small_savings(one.findings, &one.series, &one.name), "panels");
    let maps: String = scenarios.iter().map(Scenario::maps).collect();
    let others = looks.iter().filter(|one| one.name != BASELINE);
    let files = scenarios.iter().map(|one| {
        format!(
            "<h3>{}</h3>{}",
            escape(&one.name),
            provenance::files(one.findings, &format!("{}/", one.folder))
        )
    });
    for (name, content) in [
        ("Test error against simulations", legend(looks.iter()) + &totals),
        ("Simulations saved", legend(others) + &saved),
        (
            "Where transfer helps and hurts",
            format!(
                "<p>The test MSE of a strategy divided by that of {BASELINE}: <span class=\"key good\">below 1</span> transfer \
                 helps, <span class=\"key bad\">above 1</span> it hurts; bold and framed beyond the scatter over runs.</p>{maps}"
            ),
        ),
        ("Files", files.collect()),
    ] {
        body.push_str(&section(name, &content));
    }
    write_bytes(&folder.join(FILE), page(&title(all), &body).as_bytes())
}

/// A scenario's findings, with what it is called here.
struct Scenario<'a> {
    findings: &'a Findings,
    folder: String,
    name: String,
    series: Vec<Series>,
}

impl<'a> Scenario<'a> {
    fn new(findings: &'a Findings) -> Self {
        let folder = findings
            .folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Self { name: folder.clone(), folder, series: series(&findings.summary), findings }
    }

    fn verdict(&self) -> String {
        let (folder, name) = (escape(&self.folder), escape(&self.name));
        format!(
            "<h2 class=\"scenario\"><a href=\"{folder}/{FILE}\">{name}</a></h2>{}",
            verdict(self.findings)
        )
    }

    fn maps(&self) -> String {
        let curves = self.findings.summary.curves.iter();
        let curves = curves.filter(|curve| curve.strategy != BASELINE);
        let maps: String = curves.filter_map(|curve| heat::map(self.findings, curve)).collect();
        format!("<h3>{}</h3><div class=\"maps\">{maps}</div>", escape(&self.name))
    }
}

/// What the titles of all scenarios begin with, or the folder's name.
fn title(all: &[Findings]) -> String {
    let titles = all.iter().map(|one| one.name.rsplit_once(": ").map(|(study, _)| study));
    let mut titles: Vec<Option<&str>> = titles.collect();
    titles.dedup();
    match titles[..] {
        [Some(study)] => study.to_owned(),
        _ => "Several scenarios".to_owned(),
    }
}
