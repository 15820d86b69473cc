//! Where the results come from, and the files beside the page.

use serde_json::Value;

use crate::analysis::Findings;

use super::svg::escape;

/// What `study.json` says, as a list.
pub fn provenance(findings: &Findings) -> String {
    match &findings.provenance {
        None => "<p>There is no study.json in this folder.</p>".to_owned(),
        Some(value) => format!("<div class=\"provenance\">{}</div>", list(value)),
    }
}

/// An object as a list of its keys, inner objects as lists inside.
fn list(value: &Value) -> String {
    let Value::Object(entries) = value else {
        return text(value);
    };
    let entry = |(key, value): (&String, &Value)| {
        let inner = match value {
            Value::Object(entries) if entries.is_empty() => "-".to_owned(),
            Value::Object(_) => list(value),
            other => text(other),
        };
        format!(
            "<div><dt>{}</dt><dd>{inner}</dd></div>",
            escape(&key.replace('_', " "))
        )
    };
    format!("<dl>{}</dl>", entries.iter().map(entry).collect::<String>())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => escape(text),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().map(list).collect();
            texts.join(", ")
        }
        Value::Number(number) if number.is_f64() => escape(&number.as_f64().map_or_else(
            || number.to_string(),
            |value| {
                format!("{value:.6}")
                    .trim_end_matches('0')
                    .trim_end_matches('.')
                    .to_owned()
            },
        )),
        other => escape(&other.to_string()),
    }
}

/// Files of a study with what is in them.
const FILES: [(&str, &str); 11] = [
    ("runs.csv", "every run"),
    ("summary.csv", "mean and scatter over seeds"),
    ("savings.csv", "simulations saved, with intervals"),
    (
        "negative_transfer.csv",
        "ratios of test MSEs and their significance",
    ),
    ("trials.csv", "every trial of the search"),
    ("best_trials.csv", "means of the best trials"),
    ("predictions.csv", "truth and predictions on the test set"),
    ("agreement.csv", "how well they agree"),
    ("pretraining.csv", "the pre-trainings"),
    ("study.json", "provenance"),
    ("test-mse.svg", "the figure of test MSEs, for slides"),
];

/// Links to those that are there, below `prefix`.
pub fn files(findings: &Findings, prefix: &str) -> String {
    let there = FILES
        .iter()
        .filter(|(name, _)| findings.folder.join(name).is_file());
    let link = |(name, what): &(&str, &str)| {
        let prefix = escape(prefix);
        format!("<li><a href=\"{prefix}{name}\">{name}</a> {what}</li>")
    };
    format!(
        "<ul class=\"files\">{}</ul>",
        there.map(link).collect::<String>()
    )
}
