//! Fills in the tables of the pages in this folder, from the results of studies:
//!
//! ```text
//! cargo run --release --example tables -- RESULTS
//! ```
//!
//! RESULTS has a folder of results for each study, as `reproduce.sh` makes them. A table stands
//! between `<!-- KIND STUDY ... -->` and `<!-- end -->`; it stays as it is where RESULTS does not
//! have the study. The kinds are the arms of [`table`].

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use shoal::study::report::text_table;
use shoal::study::stats::findings::Findings;
use shoal::study::stats::statistics::mean_interval;
use shoal::study::stats::study_seeds::{SeedSeries, seed_series};
use shoal::study::store::results::StudyResults;
use shoal::study::store::run::Curve;
use shoal::study::store::savings::Bound;
use shoal::study::store::study_seeds::{Estimate, OverStudySeeds};

/// What strategies are compared with.
const BASELINE: &str = "scratch";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let results = std::env::args().nth(1).ok_or("usage: tables RESULTS")?;
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/studies");
    let mut studies = Studies { folder: results.into(), known: BTreeMap::new() };
    for page in ["README.md", "paper.md"] {
        let path = pages.join(page);
        let text = std::fs::read_to_string(&path)?;
        std::fs::write(&path, filled(&text, &mut studies)?)?;
    }
    Ok(())
}

/// The page with its tables.
fn filled(page: &str, studies: &mut Studies) -> Result<String> {
    let mut text = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        writeln!(text, "{line}")?;
        let words = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(words) = words.filter(|words| *words != "end") else { continue };
        let words: Vec<&str> = words.split(' ').collect();
        let before: Vec<&str> = lines.by_ref().take_while(|line| *line != "<!-- end -->").collect();
        match table(&words, studies)? {
            Some(table) => writeln!(text, "\n{}\n", table.trim_end())?,
            None => {
                eprintln!("{}: no results; the table stays as it is", words.join(" "));
                before.iter().try_for_each(|line| writeln!(text, "{line}"))?;
            }
        }
        writeln!(text, "<!-- end -->")?;
    }
    Ok(text)
}

/// A table; absent if there are no results for it.
fn table(words: &[&str], studies: &mut Studies) -> Result<Option<String>> {
    let [kind, study, rest @ ..] = words else {
        return Err(format!("'{}' is not KIND STUDY ...", words.join(" ")).into());
    };
    if *kind == "times" {
        return times(&studies.folder, &words[1..]).map(Some);
    }
    let (study, scenario) = study.split_once('/').map_or((*study, None), |(a, b)| (a, Some(b)));
    let Some(all) = studies.get(study)? else { return Ok(None) };
    let one = || match scenario {
        None => all.first(),
        Some(name) => all.iter().find(|one| one.folder.ends_with(name)),
    };
    Ok(match (*kind, rest) {
        // mean ± standard error of each strategy
        ("means", []) => one().map(|one| text_table(&one.summary)),
        // the sentences of the report
        ("verdict", []) => one().map(verdict),
        // how far pre-trained networks take new targets for others
        ("degeneracy", []) => one().map(degeneracy),
        // over study seeds: test errors, what is saved, and ratios to scratch for a target
        ("scores", []) => Some(over_seeds(all, None, |one| Some(one.score), "")),
        ("savings", []) => Some(over_seeds(all, None, |one| one.saving, BASELINE)),
        ("ratios", [target]) => Some(over_seeds(all, Some(target), |one| one.ratio, BASELINE)),
        ("sentences", []) => Some(sentences(all)),
        // over study seeds: test errors relative to another scenario
        ("relative", [base]) => Some(relative(all, base)?),
        _ => return Err(format!("unknown table: {}", words.join(" ")).into()),
    })
}

/// The results of studies, read once.
struct Studies {
    folder: PathBuf,
    known: BTreeMap<String, Vec<Findings>>,
}

impl Studies {
    fn get(&mut self, study: &str) -> Result<Option<&[Findings]>> {
        let folder = self.folder.join(study);
        if !self.known.contains_key(study) && folder.is_dir() {
            let mut folders = vec![folder.clone()];
            folders.extend(std::fs::read_dir(&folder)?.map(|entry| entry.unwrap().path()));
            folders.retain(|folder| StudyResults::are_in(folder));
            folders.sort();
            let all = folders.iter().map(|folder| Findings::new(StudyResults::read(folder)?));
            let mut all = all.collect::<std::result::Result<Vec<_>, _>>()?;
            // as the study file has them
            all.sort_by_key(|one| one.provenance.as_ref().and_then(|study| study.place));
            self.known.insert(study.to_owned(), all);
        }
        Ok(self.known.get(study).map(Vec::as_slice).filter(|all| !all.is_empty()))
    }
}

fn verdict(one: &Findings) -> String {
    let sentences = one.headline().into_iter().chain(one.by_strategy()).chain(one.by_degeneracy());
    sentences.chain(one.pretraining_size_verdict.clone()).map(item).collect()
}

/// An item of a list, in lines of at most 100 characters.
fn item(sentence: String) -> String {
    let (mut text, mut width) = ("-".to_owned(), 1);
    for word in sentence.split(' ') {
        if width + 1 + word.chars().count() > 100 {
            text.push_str("\n ");
            width = 1;
        }
        text.push(' ');
        text.push_str(word);
        width += 1 + word.chars().count();
    }
    text + "\n"
}

fn degeneracy(one: &Findings) -> String {
    let mut text = "| new target | taken for | shift | 95 % interval | by the Fisher matrix | \
                    correlation |\n|---|---|---:|---|---:|---:|\n"
        .to_owned();
    for one in &one.degeneracies {
        let interval = one
            .interval
            .map_or("-".to_owned(), |[low, high]| format!("{} to {}", signed(low), signed(high)));
        let number = |value: Option<f64>| value.map_or("-".to_owned(), signed);
        text += &format!(
            "| {} | {} | {} | {interval} | {} | {} |\n",
            one.new,
            one.shared,
            signed(one.shift),
            number(one.fisher_shift),
            number(one.fisher_correlation)
        );
    }
    text
}

fn signed(value: f64) -> String {
    format!("{value:.3}")
}

/// A row for each scenario and size, a column for each strategy but `without`.
fn over_seeds(
    all: &[Findings],
    target: Option<&&str>,
    number: impl Fn(&OverStudySeeds) -> Option<Estimate>,
    without: &str,
) -> String {
    let mut text = String::new();
    for series in &seed_series(all) {
        let (members, own) = (&series.members, series.all.iter());
        let own = own.filter(|one| one.target.as_deref() == target.copied());
        let own: Vec<&OverStudySeeds> = own.filter(|one| one.curve.strategy != without).collect();
        let curves: Vec<&Curve> = members[0].summary.curves.iter().collect();
        let curves: Vec<&&Curve> = curves.iter().filter(|one| one.strategy != without).collect();
        if text.is_empty() {
            let names: Vec<String> = curves.iter().map(|curve| curve.label()).collect();
            text = heading(&["scenario", "simulations"], &names);
        }
        for size in members[0].summary.sizes() {
            let cell = |curve: &&&Curve| {
                let found = own.iter().find(|one| one.curve == ***curve && one.simulations == size);
                let value = found.and_then(|one| Some((number(one)?, one.bound)));
                value.map_or("-".to_owned(), |(value, bound)| {
                    let is_score = without.is_empty();
                    let sign = match bound {
                        _ if is_score || target.is_some() => "",
                        Bound::Exact => "",
                        Bound::MoreThanLargest => "> ",
                        Bound::LessThanSmallest => "< ",
                    };
                    format!("{sign}{}", estimate(value, if is_score { 4 } else { 2 }))
                })
            };
            let cells: Vec<String> = curves.iter().map(cell).collect();
            writeln!(text, "| {} | {size} | {} |", series.scenario(), cells.join(" | "))
                .expect("text in memory");
        }
    }
    text
}

fn heading(first: &[&str], names: &[String]) -> String {
    let all: Vec<&str> = first.iter().copied().chain(names.iter().map(String::as_str)).collect();
    format!("| {} |\n|{}\n", all.join(" | "), "---|".repeat(all.len()))
}

/// `.0431 (.0402 to .0460)`.
fn estimate(one: Estimate, digits: usize) -> String {
    let text = |value: f64| {
        let text = format!("{value:.digits$}");
        if digits > 2 { text.trim_start_matches('0').to_owned() } else { text }
    };
    text(one.mean) + &one.interval_text(text)
}

fn sentences(all: &[Findings]) -> String {
    let of_series = |series: &SeedSeries| {
        let named = |one: &String| item(format!("{}: {one}", series.scenario()));
        series.sentences.iter().map(named).collect::<String>()
    };
    seed_series(all).iter().map(of_series).collect()
}

/// The test error of each strategy relative to the same one in the scenario `base`, paired by study
/// seed, geometric means with intervals.
fn relative(all: &[Findings], base: &str) -> Result<String> {
    let all = seed_series(all);
    let found = all.iter().find(|series| series.scenario() == base);
    let SeedSeries { title, members: base, .. } =
        found.ok_or_else(|| format!("there is no scenario {base}"))?;
    let names: Vec<String> = base[0].summary.curves.iter().map(Curve::label).collect();
    let mut text = heading(&["scenario", "simulations"], &names);
    for series in all.iter().filter(|series| series.title != *title) {
        let members = &series.members;
        for size in members[0].summary.sizes() {
            let cell = |curve: &Curve| {
                let mean = |one: &Findings| one.summary.row(curve, size)?.score().mean;
                let ratios = members
                    .iter()
                    .zip(base)
                    .map(|(one, base)| Some((mean(one)? / mean(base)?).ln()));
                let Some(ratios) = ratios.collect::<Option<Vec<f64>>>() else {
                    return "-".to_owned();
                };
                let mean = (ratios.iter().sum::<f64>() / ratios.len() as f64).exp();
                let interval = mean_interval(&ratios).map(|ends| ends.map(f64::exp));
                estimate(Estimate { mean, interval }, 2)
            };
            let cells: Vec<String> = base[0].summary.curves.iter().map(cell).collect();
            writeln!(text, "| {} | {size} | {} |", series.scenario(), cells.join(" | "))?;
        }
    }
    Ok(text)
}

/// What each study took, as `reproduce.sh` noted it in STUDY.run: commit, date, processor, threads,
/// seconds and resident megabytes, with tabs between them.
fn times(folder: &Path, studies: &[&str]) -> Result<String> {
    let mut text = heading(
        &["study", "commit", "date", "processor", "runs", "run-steps", "wall time", "resident"],
        &[],
    );
    for study in studies {
        let Ok(noted) = std::fs::read_to_string(folder.join(format!("{study}.run"))) else {
            eprintln!("times: {study} has not been run");
            continue;
        };
        let [commit, date, processor, threads, seconds, resident] =
            noted.trim_end().split('\t').collect::<Vec<_>>()[..]
        else {
            return Err(format!("{study}.run: '{noted}' is not six fields").into());
        };
        let whole = folder.join(study);
        let mut folders = vec![whole.clone()];
        folders.extend(std::fs::read_dir(&whole)?.map(|entry| entry.unwrap().path()));
        let (mut runs, mut steps) = (0, 0);
        for folder in folders.iter().filter(|folder| StudyResults::are_in(folder)) {
            let provenance = StudyResults::read(folder)?.provenance.ok_or("no study.json")?;
            runs += provenance.runs_finished;
            steps += provenance.run_steps;
        }
        writeln!(
            text,
            "| {study} | {commit} | {date} | {processor}, {threads} threads | {runs} | {steps} | \
             {seconds} s | {resident} MB |"
        )?;
    }
    Ok(text)
}
