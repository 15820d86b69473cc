//! Studies that start from the networks of another one.

use crate::common::{RANGES, STUDY, Study, inputs, ranged};

/// A study that has left networks, and the text of one that starts from them.
fn published() -> (Study, String) {
    let study = Study::new();
    ranged(&study, STUDY);
    study.run().code_is(0);
    let text = study.read("study.toml");
    let (before, after) = text.split_once("[data.pretrain]").unwrap();
    let after = &after[after.find("[data.finetune]").unwrap()..];
    (study, format!("{before}{after}[pretraining]\nmodels = [\"out\"]\n"))
}

/// The lines of a strategy.
fn lines(table: &str, strategy: &str) -> Vec<String> {
    let own = table.lines().filter(|line| line.starts_with(strategy));
    own.map(str::to_owned).collect()
}

#[test]
fn a_study_starts_from_the_networks_of_another_one_to_the_last_bit() {
    let (study, text) = published();
    study.write("next.toml", &text);
    let ran = study.shoal(&["study", "next.toml", "-o", "next", "--device", "cpu"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let [first, next] = ["out/runs.csv", "next/runs.csv"].map(|table| study.read(table));
    for strategy in ["warm-start", "dummy-node", "attach-head"] {
        assert_eq!(lines(&first, strategy), lines(&next, strategy), "{strategy}");
        assert_eq!(lines(&next, strategy).len(), 4);
    }
    assert!(!study.path("next/pretraining.csv").exists());
    assert!(!study.path("next/models/pretraining-1.safetensors").exists());
    study.shoal(&["study", "next.toml", "--plan", "--device", "cpu"]).code_is(0);
    // where they come from is known, and another network is another study
    let json = study.read("next/study.json");
    assert!(json.contains("pretraining-1.safetensors") && json.contains("\"models\""), "{json}");
    let one = text.replace("\"out\"", "\"out/models/pretraining-2.safetensors\"");
    study.write("one.toml", &one);
    let other = study.shoal(&["study", "one.toml", "-o", "next", "--device", "cpu"]);
    other.fails(2, &["pretraining.models", "another study"]);
    study.shoal(&["study", "one.toml", "-o", "one", "--device", "cpu"]).code_is(0);
    let one = study.read("one/runs.csv");
    assert_ne!(lines(&one, "warm-start")[0], lines(&next, "warm-start")[0]);
    // the networks of a second study serve a third one
    let named = text.replace("\"out\"", "\"next/models/warm-start-20-1.safetensors\"");
    study.write(
        "third.toml",
        &named.replace("[pretraining]", "[strategies.warm-start]\n[pretraining]"),
    );
    study.shoal(&["study", "third.toml", "-o", "third", "--device", "cpu"]).code_is(0);
}

#[test]
fn networks_have_a_card_and_a_configuration() {
    let (study, _) = published();
    let config: serde_json::Value =
        serde_json::from_str(&study.read("out/models/config.json")).unwrap();
    assert_eq!(config["loss"], "mse");
    let networks = config["networks"].as_object().unwrap();
    assert_eq!(networks.len(), 5, "the pre-trained and the best of each strategy");
    for (file, network) in networks {
        assert!(study.path("out/models").join(file).exists(), "{file}");
        assert_eq!(network["input_names"].as_array().unwrap().len(), 5);
        for key in ["mean", "deviation"] {
            assert_eq!(network["scaling"][key].as_array().unwrap().len(), 5, "{file}");
        }
        assert_eq!(network["layers"][0]["outputs"], 8, "{file}");
        assert_eq!(network["target_names"][0], "a", "{file}");
    }
    let card = study.read("out/models/README.md");
    let json: serde_json::Value = serde_json::from_str(&study.read("out/study.json")).unwrap();
    let hash = json["data"]["finetune"].as_str().unwrap();
    let table = study.read("out/summary.csv");
    let mean: f64 = table.lines().nth(1).unwrap().split(',').nth(5).unwrap().parse().unwrap();
    let mean = format!("{mean:.4}");
    for word in [
        "5 inputs",
        "log10 of each",
        "a (0 to 1)",
        "loss: mse",
        hash,
        "warm-start",
        mean.trim_start_matches('0'),
        "95 % intervals over seeds",
        "negative transfer",
        "rows to test on are also rows to pre-train on",
        "pretraining-",
        "[pretraining] models",
    ] {
        assert!(card.contains(word), "'{word}' is missing in:\n{card}");
    }
}

#[test]
fn networks_that_do_not_fit_are_refused_with_the_first_difference() {
    let (study, text) = published();
    let refused = |from: &str, to: &str, words: &[&str]| {
        assert!(text.contains(from), "{from}");
        study.write("next.toml", &text.replacen(from, to, 1));
        let ran = study.shoal(&["study", "next.toml", "-o", "next", "--device", "cpu"]);
        ran.fails(2, words);
        assert!(!study.path("next").exists());
    };
    refused(
        "hidden = [8]",
        "hidden = [9]",
        &["of layer 1", "outputs", "8 there", "9 here", "inspect"],
    );
    refused(
        "hidden = [8]",
        "hidden = [8]\nactivation = \"tanh\"",
        &["layer 1", "activation is \"leaky_relu\" there and \"tanh\" here"],
    );
    refused("hidden = [8]", "hidden = [8, 8]", &["of layer 2", "[network]"]);
    refused("seeds = 2", "seeds = 2\nlog10 = false", &["log10", "identity", "leave them out"]);
    refused(
        "epochs = 6",
        "epochs = 6\nloss = \"gaussian\"",
        &["log-variance", "value", "gaussian"],
    );
    refused("models = [\"out\"]", "models = []", &["name a file"]);
    refused("models = [\"out\"]", "models = [\"empty\"]", &["empty"]);
    refused("[pretraining]", "[pretraining]\nsimulations = 40", &["pretraining.simulations"]);
    refused(
        "[data.finetune]",
        "[data.pretrain]\nx = \"base_x.csv\"\ny = \"base_y.csv\"\n[data.finetune]",
        &["data.pretrain beside pretraining.models"],
    );
    refused(
        RANGES,
        "target_ranges = { a = [0.0, 2.0], b = [0.0, 1.0] }",
        &["'a'", "[0.0, 1.0]", "[0.0, 2.0]", "[data.ranges]"],
    );
    // other inputs, and other units
    let plain = inputs(60);
    let table = |names: &str, factor: f64| {
        let cell = |cell: &str| format!("{:.6}", factor * cell.parse::<f64>().unwrap());
        let line = |line: &str| line.split(',').map(cell).collect::<Vec<_>>().join(",") + "\n";
        names.to_owned() + &plain.lines().map(line).collect::<String>()
    };
    study.write("new_x.csv", &table("", 1000.0));
    refused(
        "seeds = 2",
        "seeds = 2",
        &["mean of 'x0'", "another unit", "where the network was trained"],
    );
    let fewer: String =
        plain.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned() + "\n").collect();
    study.write("new_x.csv", &fewer);
    refused("seeds = 2", "seeds = 2", &["data.finetune", "4", "5"]);
}
