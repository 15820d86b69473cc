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

use indicatif::HumanCount;
use shoal::study::report::text_table;
use shoal::study::stats::findings::Findings;
use shoal::study::stats::statistics::mean_interval;
use shoal::study::stats::study_seeds::{SeedSeries, seed_series};
use shoal::study::store::results::StudyResults;
use shoal::study::store::run::Curve;
use shoal::study::store::savings::Bound;
use shoal::study::store::study_seeds::{Estimate, OverStudySeeds};
use shoal::study::store::summary::Summary;

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
        match table(&words, &before, studies)? {
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

/// A table in place of the lines `before`; absent if there are no results for it.
fn table(words: &[&str], before: &[&str], studies: &mut Studies) -> Result<Option<String>> {
    let [kind, study, rest @ ..] = words else {
        return Err(format!("'{}' is not KIND STUDY ...", words.join(" ")).into());
    };
    if *kind == "times" {
        return times(&studies.folder, &words[1..], before).map(Some);
    }
    let (study, scenario) = study.split_once('/').map_or((*study, None), |(a, b)| (a, Some(b)));
    let Some(all) = studies.get(study)? else { return Ok(None) };
    let one = || match scenario {
        None => all.first(),
        Some(name) => all.iter().find(|one| one.folder.ends_with(name)),
    };
    Ok(match (*kind, rest) {
        // mean ± standard error of each strategy, over all targets or of one
        ("means", []) => one().map(|one| text_table(&one.summary)),
        ("means", [target]) => one().map(|one| of_target(&one.summary, target)).transpose()?,
        // the sentences of the report
        ("verdict", []) => one().map(verdict),
        // how far pre-trained networks take new targets for others
        ("degeneracy", []) => one().map(degeneracy),
        // over study seeds: test errors, what is saved, and ratios to scratch for a target
        ("scores", []) => Some(over_seeds(all, None, |one| Some(one.score), "")),
        ("savings", []) => Some(over_seeds(all, None, |one| one.saving, BASELINE)),
        // what is saved where only the targets of the pre-training count
        ("savings", ["shared"]) => {
            let all = read(&studies.folder.join(study), of_shared)?;
            Some(over_seeds(&all, None, |one| one.saving, BASELINE))
        }
        ("ratios", [target]) => Some(over_seeds(all, Some(target), |one| one.ratio, BASELINE)),
        ("sentences", []) => Some(sentences(all)),
        // over study seeds: test errors relative to another scenario, of all or of those whose
        // names begin alike
        ("relative", [base]) => Some(relative(all, base, "")?),
        ("relative", [base, begin]) => Some(relative(all, base, begin)?),
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
            self.known.insert(study.to_owned(), read(&folder, |results| results)?);
        }
        Ok(self.known.get(study).map(Vec::as_slice).filter(|all| !all.is_empty()))
    }
}

/// What is found in the results below a folder, after a change, in the order of the study file.
fn read(folder: &Path, change: fn(StudyResults) -> StudyResults) -> Result<Vec<Findings>> {
    let mut folders = vec![folder.to_owned()];
    folders.extend(std::fs::read_dir(folder)?.map(|entry| entry.unwrap().path()));
    folders.retain(|folder| StudyResults::are_in(folder));
    folders.sort();
    let all = folders.iter().map(|folder| Findings::new(change(StudyResults::read(folder)?)));
    let mut all = all.collect::<std::result::Result<Vec<_>, _>>()?;
    all.sort_by_key(|one| one.provenance.as_ref().and_then(|study| study.place));
    Ok(all)
}

/// The results with the mean error over the targets of the pre-training in place of that over all.
fn of_shared(mut results: StudyResults) -> StudyResults {
    let settings = results.provenance.as_ref().map(|study| &study.settings);
    let ranges = settings.and_then(|all| all["data"]["pretrain"]["target_ranges"].as_array());
    let shared = ranges.map_or(results.targets.len(), Vec::len);
    for score in results.runs.iter_mut().filter_map(|run| run.test.first_mut()) {
        let sum = score.targets.iter().take(shared).copied().sum::<Option<f64>>();
        score.total = sum.map(|sum| sum / shared as f64);
    }
    results
}

/// The table of a target alone.
fn of_target(summary: &Summary, target: &str) -> Result<String> {
    let place = summary.targets.iter().position(|one| one == target);
    let place = place.ok_or_else(|| format!("there is no target {target}"))?;
    let mut of_target = summary.clone();
    for row in &mut of_target.rows {
        row.test[0].total = row.target_score(place);
    }
    Ok(text_table(&of_target))
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
/// seed, geometric means with intervals, of the scenarios whose names begin with `begin`.
fn relative(all: &[Findings], base: &str, begin: &str) -> Result<String> {
    let all = seed_series(all);
    let found = all.iter().find(|series| series.scenario() == base);
    let SeedSeries { title, members: base, .. } =
        found.ok_or_else(|| format!("there is no scenario {base}"))?;
    let names: Vec<String> = base[0].summary.curves.iter().map(Curve::label).collect();
    let mut text = heading(&["scenario", "simulations"], &names);
    let others = all.iter().filter(|series| series.title != *title);
    for series in others.filter(|series| series.scenario().starts_with(begin)) {
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

/// What each study took: the seconds of training of all processes that worked on it, and what
/// `reproduce.sh` noted in STUDY.run: commit, date, processor, threads and resident megabytes, with
/// tabs between them. A study that has not been run keeps its line, if it has one.
fn times(folder: &Path, studies: &[&str], before: &[&str]) -> Result<String> {
    let mut text = heading(
        &["study", "commit", "date", "processor", "runs", "run-steps", "training", "resident"],
        &[],
    );
    for study in studies {
        let Ok(noted) = std::fs::read_to_string(folder.join(format!("{study}.run"))) else {
            eprintln!("times: {study} has not been run");
            let own = before.iter().filter(|line| line.starts_with(&format!("| {study} |")));
            own.for_each(|line| text += &format!("{line}\n"));
            continue;
        };
        let [commit, date, processor, threads, resident] =
            noted.trim_end().split('\t').collect::<Vec<_>>()[..]
        else {
            return Err(format!("{study}.run: '{noted}' is not five fields").into());
        };
        let whole = folder.join(study);
        let mut folders = vec![whole.clone()];
        folders.extend(std::fs::read_dir(&whole)?.map(|entry| entry.unwrap().path()));
        let (mut runs, mut steps, mut seconds) = (0, 0, 0.0);
        for folder in folders.iter().filter(|folder| StudyResults::are_in(folder)) {
            let provenance = StudyResults::read(folder)?.provenance.ok_or("no study.json")?;
            runs += provenance.runs_finished;
            steps += provenance.run_steps;
            seconds += provenance.all_seconds();
        }
        writeln!(
            text,
            "| {study} | {commit} | {date} | {processor}, {threads} threads | {} | {} | \
             {seconds:.0} s | {resident} MB |",
            HumanCount(runs as u64),
            HumanCount(steps)
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use shoal::engine::cpu::backend::Cpu;
    use shoal::engine::device::Device;
    use shoal::study::{Study, execute};

    use super::*;

    const STUDY: &str = r#"
        name = "small"
        seed = [1, 2]
        seeds = 2
        sizes = [10, 20]
        test = 10
        [data.pretrain.simulate]
        scenario = "lcdm"
        count = 60
        [network]
        hidden = [8]
        [training]
        epochs = 3
        [[scenario]]
        name = "one"
        finetune = { simulate = { scenario = "neutrinos", count = 40 } }
        [[scenario]]
        name = "two"
        finetune = { simulate = { scenario = "neutrinos", count = 40 } }
        training = { epochs = 2 }
    "#;
    /// Every kind of table, and how many lines it has.
    const KINDS: [(&str, usize); 12] = [
        ("means small/one-seed-1", 4),
        ("means small/one-seed-1 M_nu", 4),
        ("verdict small/one-seed-2", 3),
        ("degeneracy small/two-seed-1", 2),
        ("scores small", 6),
        ("savings small", 6),
        ("savings small shared", 6),
        ("ratios small M_nu", 6),
        ("sentences small", 6),
        ("relative small one", 4),
        ("relative small one t", 4),
        ("times other small", 4),
    ];

    /// The results of the study, as reproduce.sh leaves them.
    fn results() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("small.toml");
        std::fs::write(&file, STUDY).unwrap();
        let mut simulate = |simulation: &shoal::study::Simulation| {
            simulation.run(&|_| {}, &AtomicBool::new(false))
        };
        for study in Study::read(&file, &mut simulate).unwrap() {
            let own = study.plan.folder(&folder.path().join("small"));
            let device = Device::Cpu(Cpu { threads: 1 });
            execute(&study, &[device], &own, &AtomicBool::new(false), &mut |_| {}).unwrap();
        }
        let noted = "abc\t2026-11-27\tmachine\t2\t34\n";
        std::fs::write(folder.path().join("small.run"), noted).unwrap();
        folder
    }

    #[test]
    fn pages_have_the_tables_of_the_results_and_keep_those_without_results() {
        let folder = results();
        let mut studies = Studies { folder: folder.path().into(), known: BTreeMap::new() };
        let page = |table: &str| {
            let blocks = KINDS.map(|(kind, _)| format!("<!-- {kind} -->\n{table}<!-- end -->\n"));
            format!("before\n\n{}\nafter\n", blocks.join("\nbetween\n"))
        };
        let old = page("\n| other | old |\n\n");
        let new = filled(&old, &mut studies).unwrap();
        assert_eq!(filled(&new, &mut studies).unwrap(), new);
        assert_eq!(new.matches("\nbetween\n").count(), KINDS.len() - 1);
        assert_eq!(new.matches("| other | old |").count(), 1, "{new}");
        for (kind, lines) in KINDS {
            let (_, after) = new.split_once(&format!("<!-- {kind} -->\n\n")).expect(kind);
            let (table, _) = after.split_once("\n\n<!-- end -->").expect(kind);
            assert!(table.lines().count() >= lines, "{kind}:\n{table}");
        }
        let missing = old.replace("small", "elsewhere");
        let kept = filled(&missing, &mut studies).unwrap();
        assert_eq!(kept.matches("| other | old |").count(), KINDS.len());
        for kind in ["curves small", "means small/one-seed-1 mass", "relative small three"] {
            assert!(filled(&format!("<!-- {kind} -->\n<!-- end -->\n"), &mut studies).is_err());
        }
    }
}
