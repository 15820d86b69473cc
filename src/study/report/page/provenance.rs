//! Where the results come from, and the files beside the page.

use serde_json::Value;

use crate::study::stats::findings::Findings;
use crate::study::store::attributions::ATTRIBUTIONS_FILE;
use crate::study::store::provenance::STUDY_FILE;
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::trials::TRIALS_FILE;

use crate::study::report::page::svg::escape;

/// What `study.json` says, as a list of everything that is no object, each below its path.
pub fn provenance(findings: &Findings) -> String {
    let Some(provenance) = &findings.provenance else {
        return "<p>There is no study.json in this folder.</p>".to_owned();
    };
    let value = serde_json::to_value(provenance).expect("provenance: plain data is JSON");
    let mut entries = Vec::new();
    flatten(&mut Vec::new(), &value, &mut entries);
    let entry = |(path, text): (String, String)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(&path), escape(&text))
    };
    format!("<dl>{}</dl>", entries.into_iter().map(entry).collect::<String>())
}

fn flatten<'a>(path: &mut Vec<&'a str>, value: &'a Value, entries: &mut Vec<(String, String)>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (key, value) in inner {
                path.push(key);
                flatten(path, value, entries);
                path.pop();
            }
        }
        other => entries.push((path.join(", ").replace('_', " "), text(other))),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Object(inner) if inner.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Files of a study with what is in them.
const FILES: [(&str, &str); 13] = [
    (RUNS_FILE, "every run, after a search the best trials"),
    ("summary.csv", "mean and scatter over runs"),
    ("savings.csv", "simulations saved, with intervals"),
    ("negative_transfer.csv", "ratios of test MSEs and their significance"),
    ("pretraining_size.csv", "what a larger pre-training is worth"),
    (TRIALS_FILE, "every trial of the search"),
    ("best_trials.csv", "means of the best trials"),
    ("predictions.csv", "truth and predictions on the test set"),
    ("agreement.csv", "how well they agree"),
    (ATTRIBUTIONS_FILE, "what each input does to each target"),
    ("pretraining.csv", "the pre-trainings"),
    (STUDY_FILE, "provenance"),
    ("test-mse.svg", "the figure of test MSEs, for slides"),
];

/// Links to those that are there, below `prefix`.
pub fn files(findings: &Findings, prefix: &str) -> String {
    let there = FILES.iter().filter(|(name, _)| findings.folder.join(name).is_file());
    let link = |(name, what): &(&str, &str)| {
        let prefix = escape(prefix);
        format!("<li><a href=\"{prefix}{name}\">{name}</a> {what}</li>")
    };
    format!("<ul class=\"files\">{}</ul>", there.map(link).collect::<String>())
}
