//! What differs between two JSON values, in words.

use serde_json::{Map, Value};

/// Each value that differs, by its path.
pub fn differences(there: &Value, here: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", there, here, &mut found);
    found
}

fn compare(key: &str, there: &Value, here: &Value, found: &mut Vec<String>) {
    if let (Value::Object(there), Value::Object(here)) = (there, here) {
        let mut keys: Vec<&String> = there.keys().chain(here.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for inner in keys {
            let path = if key.is_empty() { inner.clone() } else { format!("{key}.{inner}") };
            let of = |map: &Map<String, Value>| map.get(inner).cloned().unwrap_or(Value::Null);
            compare(&path, &of(there), &of(here), found);
        }
    } else if there != here {
        found.push(format!("{key} is {} there and {} here", shown(there), shown(here)));
    }
}

/// A value in a message: enough of it to tell two apart.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "absent".into(),
        other => other.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_is_named_by_its_path_and_both_values() {
        let there =
            json!({ "seed": 1, "network": { "hidden": [8], "dropout": 0.2 }, "pretraining": null });
        let here = json!({ "seed": 1, "network": { "hidden": [8, 8], "dropout": 0.2 }, "pretraining": { "dummies": 2 } });
        assert_eq!(
            differences(&there, &here),
            [
                "network.hidden is [8] there and [8,8] here",
                "pretraining is absent there and {\"dummies\":2} here",
            ]
        );
        assert!(differences(&here, &here).is_empty());
    }
}
