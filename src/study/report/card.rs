//! A model card for the networks of a study, and their configuration: what another one needs to use
//! them, from measured facts only.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::data::files::write_bytes;
use crate::data::names::shown;
use crate::error::Result;
use crate::study::report::table::{aligned, text_table};
use crate::study::stats::findings::Findings;
use crate::study::stats::sentences::losses;
use crate::study::stats::statistics::student_quantile;
use crate::study::stats::words::three;
use crate::study::store::kept_models::best;
use crate::study::store::model::{MODELS, Model};
use crate::study::store::run::RunRecord;
use crate::study::store::summary::Spread;
use crate::study::transfer::PRETRAINING;

/// The files in the folder of the networks.
pub(crate) const CARD_FILE: &str = "README.md";
const CONFIG_FILE: &str = "config.json";

/// How the title of a card ends.
pub(crate) const CARD_TITLE: &str = ": trained networks";

/// Writes `models/README.md` and `models/config.json`, if networks are saved; each atomically. The
/// configuration has layers, inputs, scaling and targets of the best network of each strategy at
/// the largest size; every file has its own too.
///
/// # Errors
/// [`crate::Error::Output`] with the path, [`crate::Error::Input`] for a network that cannot be
/// read.
pub fn write_card(findings: &Findings) -> Result<()> {
    let mut models: Vec<(&RunRecord, Model)> = Vec::new();
    let strategies = findings.summary.curves.iter().map(|curve| curve.strategy.as_str());
    for strategy in std::iter::once(PRETRAINING).chain(strategies) {
        let runs = if strategy == PRETRAINING { &findings.pretraining } else { &findings.runs };
        let is_new = |run: &RunRecord| models.iter().all(|(other, _)| other.model != run.model);
        let path = |run: &RunRecord| findings.folder.join(&run.model);
        if let Some(run) = best(runs, strategy).filter(|run| is_new(run) && path(run).is_file()) {
            models.push((run, Model::load(&path(run))?));
        }
    }
    if models.is_empty() {
        return Ok(());
    }
    let folder = findings.folder.join(MODELS);
    let networks = models.iter().map(|(run, model)| (file(run), model.config()));
    let networks: BTreeMap<&str, Value> = networks.collect();
    let config = json!({ "loss": loss(findings), "networks": networks });
    let text = serde_json::to_string_pretty(&config).expect("card: plain data is JSON");
    write_bytes(&folder.join(CONFIG_FILE), (text + "\n").as_bytes())?;
    write_bytes(&folder.join(CARD_FILE), card(findings, &models).as_bytes())
}

/// The name of the file of a network in its folder.
fn file(run: &RunRecord) -> &str {
    run.model.rsplit('/').next().unwrap_or_default()
}

/// The loss that networks were trained with; the default one is not in the settings.
fn loss(findings: &Findings) -> String {
    let settings = findings.provenance.as_ref().map(|study| &study.settings);
    let strategies = settings.and_then(|all| all["strategies"].as_object());
    let of = |one: &Value| one["training"]["loss"].as_str().map(str::to_owned);
    strategies.and_then(|all| all.values().find_map(of)).unwrap_or_else(|| "mse".to_owned())
}

fn card(findings: &Findings, models: &[(&RunRecord, Model)]) -> String {
    let mut card = format!("# {}{CARD_TITLE}\n\n", findings.name);
    let mut add = |heading: &str, text: String| {
        write!(card, "## {heading}\n\n{}\n\n", text.trim_end()).expect("text in memory");
    };
    add("What they read and predict", domain(findings, &models[0].1));
    add("What they were trained on", data(findings));
    add("How good they are on the test set", quality(findings));
    add("Where they fail", failures(findings));
    add("Files", files(models));
    card.trim_end().to_owned() + "\n"
}

fn domain(findings: &Findings, model: &Model) -> String {
    let about = &model.about;
    let mut text = String::new();
    if !about.raw_item_names().is_empty() {
        writeln!(text, "- items with the columns {}", about.raw_item_names().join(", "))
            .expect("text in memory");
    }
    let preparation = match (&about.columns, about.scaling.log10) {
        (Some(columns), _) => columns.describe(),
        (None, true) => "log10 of each".to_owned(),
        (None, false) => "as they are".to_owned(),
    };
    let inputs = about.raw_names();
    let targets = about.target_names.iter().zip(&about.scaling.target_ranges);
    let targets: Vec<String> =
        targets.map(|(name, [low, high])| format!("{name} ({low} to {high})")).collect();
    writeln!(
        text,
        "- {} inputs ({}): {}; {preparation}, then scaled by mean and deviation\n- targets, with \
         the range that is scaled to 0 to 1: {}\n- loss: {}",
        inputs.len(),
        about.axis_name,
        shown(inputs),
        targets.join(", "),
        loss(findings)
    )
    .expect("text in memory");
    text + "\n`config.json` has layers, names, scaling and targets; the metadata of every file has \
            them too.\n"
}

fn data(findings: &Findings) -> String {
    let Some(study) = &findings.provenance else {
        return "There is no study.json beside this folder.".to_owned();
    };
    let part = |name: &str, hash: Option<&String>, source: Option<&Value>| {
        let hash = hash.map_or(String::new(), |hash| format!(" (SHA-256 {hash})"));
        source.map_or(String::new(), |source| format!("- {name}{hash}: `{source}`\n"))
    };
    part("fine-tuned on", Some(&study.data.finetune), Some(&study.sources.finetune))
        + &part("pre-trained on", study.data.pretrain.as_ref(), study.sources.pretrain.as_ref())
        + &format!("- seed {}, shoal {}, on {}\n", study.seed, study.shoal, study.device.name)
}

fn quality(findings: &Findings) -> String {
    let heading = format!(
        "{}, mean ± standard error {}:\n\n{}",
        findings.metric().test_title(),
        findings.scatter.over(),
        text_table(&findings.summary)
    );
    let metrics = findings.test_metrics.first().map_or(&[][..], |(_, values)| values);
    let first = ["strategy"].into_iter().chain(metrics.iter().map(|(metric, _)| metric.title));
    let mut lines = vec![first.map(str::to_owned).collect::<Vec<String>>()];
    for (curve, values) in &findings.test_metrics {
        let cells = values.iter().map(|(_, spread)| interval(spread));
        lines.push([curve.label()].into_iter().chain(cells).collect());
    }
    match metrics.is_empty() {
        true => heading,
        false => format!(
            "{heading}\nAt the largest size, with 95 % intervals over seeds (Student's t):\n\n{}",
            aligned(&lines)
        ),
    }
}

fn interval(spread: &Spread) -> String {
    let Some(mean) = spread.mean else { return "-".to_owned() };
    let half = spread.standard_error;
    let half = half.map(|error| error * student_quantile(0.05, spread.count as f64 - 1.0));
    let half = half.map_or(String::new(), |half| format!(" ± {}", three(half)));
    three(mean) + &half
}

fn failures(findings: &Findings) -> String {
    let diverged: usize = findings.summary.rows.iter().map(|row| row.diverged).sum();
    let [_, negative] = findings.headline();
    let notices = findings.provenance.iter().flat_map(|study| &study.notices).cloned();
    let found = losses(&findings.transfers).into_iter().chain([negative]);
    let found = found.chain(findings.domain_gap.iter().cloned()).chain(notices);
    let diverged = (diverged > 0).then(|| format!("{diverged} runs diverged."));
    let far = "Inputs far from those of training are not refused: `shoal predict` warns where the \
               mean of one is more than ten deviations away.";
    let lines = found.chain(diverged).chain([far.to_owned()]);
    lines.map(|line| format!("- {line}\n")).collect()
}

fn files(models: &[(&RunRecord, Model)]) -> String {
    let mut lines = vec![
        ["file", "strategy", "simulations", "seed", "validation loss"].map(str::to_owned).to_vec(),
    ];
    lines.extend(models.iter().map(|(run, model)| {
        vec![
            file(run).to_owned(),
            run.key.curve.label(),
            run.key.simulations.to_string(),
            model.about.seed.to_string(),
            run.validation_loss.map_or("-".to_owned(), three),
        ]
    }));
    format!(
        "The best network of each strategy at the largest size, by validation loss; `runs.csv` and \
         `pretraining.csv` of the study have all.\n\n{}\n`shoal predict FILE` uses one. \
         `[pretraining] models = [\"FOLDER\"]` in a study file starts from the pre-trained ones.\n",
        aligned(&lines)
    )
}
