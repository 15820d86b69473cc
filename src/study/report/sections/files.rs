//! The files beside the page, and where the results come from.

use maud::{Markup, html};
use serde_json::Value;

use crate::study::stats::findings::Findings;
use crate::study::store::attribution_table::ATTRIBUTIONS_FILE;
use crate::study::store::class_attributions::CLASS_ATTRIBUTIONS_FILE;
use crate::study::store::group_predictions::PREDICTIONS;
use crate::study::store::provenance::STUDY_FILE;
use crate::study::store::runs::RUNS_FILE;
use crate::study::store::trials::TRIALS_FILE;

/// Files of a study with what is in them.
pub const FILES: [(&str, &str); 15] = [
    (RUNS_FILE, "every run; after a search the best trials"),
    ("summary.csv", "mean and scatter over runs"),
    ("savings.csv", "simulations saved, with intervals"),
    ("negative_transfer.csv", "test errors relative to scratch, and their significance"),
    ("pretraining_size.csv", "effect of the pre-training size"),
    (TRIALS_FILE, "every trial of the search"),
    ("best_trials.csv", "means of the best trials"),
    ("predictions.csv", "truth and predictions of the best networks on the test set"),
    (PREDICTIONS, "predictions of all networks on the test set, an npz for each strategy and size"),
    ("agreement.csv", "agreement of truth and predictions"),
    (ATTRIBUTIONS_FILE, "attributions of each input for each target"),
    (CLASS_ATTRIBUTIONS_FILE, "attributions of classes of items"),
    ("degeneracy.csv", "what pre-trained networks take new targets for"),
    ("pretraining.csv", "the pre-training runs"),
    (STUDY_FILE, "provenance"),
];

/// Links to those that are there, below `prefix`.
pub(crate) fn links(findings: &Findings, prefix: &str) -> Markup {
    let main = (findings.metric().figure(), "the test metric");
    let curves =
        findings.diagnostics.iter().map(|(figure, _)| (figure.stem.to_owned(), figure.title));
    let figures = std::iter::once(main).chain(curves).flat_map(|(stem, title)| {
        [("csv", "numbers"), ("svg", "figure"), ("png", "figure for slides")]
            .map(|(ending, what)| (format!("{stem}.{ending}"), format!("{what}: {title}")))
    });
    let tables = FILES.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned()));
    let there = tables.chain(figures).filter(|(name, _)| findings.folder.join(name).exists());
    html! {
        ul.files { @for (name, content) in there {
            li { a href={ (prefix) (name) } { (name) } " " (content) }
        } }
    }
}

/// The content of `study.json`: every value that is no object, with its path.
pub(crate) fn provenance(findings: &Findings) -> Markup {
    let Some(provenance) = &findings.provenance else {
        return html! { p { "There is no study.json in this folder." } };
    };
    let value = serde_json::to_value(provenance).expect("provenance: plain data is JSON");
    let mut entries = Vec::new();
    flatten(&mut Vec::new(), &value, &mut entries);
    html! { dl { @for (path, text) in entries { div { dt { (path) } dd { (text) } } } } }
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
