//! The `[search]` table of a study file: what is valid, and the search space that follows.

use shoal::study::config::{SearchConfig, SpaceConfig};
use shoal::study::search::{
    Distribution, PROPOSERS, PRUNERS, Stage, Trial, proposer, pruner as build_pruner,
};

fn table(text: &str) -> SpaceConfig {
    toml::from_str(text).unwrap()
}

fn error(text: &str) -> String {
    match toml::from_str::<SpaceConfig>(text) {
        Err(error) => error.to_string(),
        Ok(table) => table.space(Stage::Fresh).unwrap_err().to_string(),
    }
}

#[test]
fn an_empty_search_table_is_the_space_of_the_paper() {
    let search: SearchConfig = toml::from_str("").unwrap();
    assert_eq!((search.trials, search.startup), (100, 20));
    let space = search.space.space(Stage::Fresh).unwrap();
    let names: Vec<&str> =
        space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    let layers = ["units_1", "dropout_1", "units_2", "dropout_2", "units_3", "dropout_3"];
    assert_eq!(names, [&["layers"], &layers[..], &["learning_rate", "weight_decay"]].concat());
    let conditions: Vec<_> =
        space.parameters().iter().map(|p| p.condition.map(|c| c.at_least)).collect();
    assert_eq!(conditions[1..7], [1.0, 1.0, 2.0, 2.0, 3.0, 3.0].map(Some));
    let range = |name: &str| {
        let parameter = space.parameters().iter().find(|parameter| parameter.name == name).unwrap();
        let Distribution::Range(range) = &parameter.distribution else { panic!("{name}") };
        (range.low(), range.high(), range.is_log(), range.is_integer())
    };
    assert_eq!(range("units_3"), (4.0, 500.0, false, true));
    assert_eq!(range("dropout_1"), (0.2, 0.8, false, false));
    assert_eq!(range("learning_rate"), (1e-5, 1e-1, true, false));
    assert_eq!(range("weight_decay"), (1e-8, 1.0, true, false));
}

#[test]
fn fine_tuning_keeps_the_layers() {
    let space = SpaceConfig::default().space(Stage::FineTuning { layers: 2 }).unwrap();
    let names: Vec<&str> =
        space.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["dropout_1", "dropout_2", "learning_rate", "weight_decay"]);
    let Distribution::Range(rate) = &space.parameters()[2].distribution else { panic!() };
    assert_eq!((rate.low(), rate.high()), (1e-6, 1e-3));
}

#[test]
fn a_trial_has_its_setting() {
    let given = "layers = { high = 2 }\nbatch = { choices = [16, 32] }\nweight_decay = 0\n\
                 activation = { choices = ['relu', 'silu'] }";
    let space = table(given).space(Stage::Fresh).unwrap();
    let values =
        [Some(1.0), Some(40.0), Some(0.3), None, None, Some(1e-3), Some(0.0), Some(1.0), Some(1.0)];
    let setting = space.setting(&Trial::running(0, values.to_vec()));
    assert_eq!((setting.units, setting.dropout), (vec![40], vec![0.3]));
    assert_eq!((setting.learning_rate, setting.weight_decay, setting.batch), (1e-3, 0.0, Some(32)));
    assert_eq!(setting.activation.as_deref(), Some("silu"));
}

#[test]
fn mistakes_are_named_with_their_numbers() {
    let cases = [
        ("unit = { low = 4 }", ["unknown field `unit`", "`units`"]),
        ("units = { lo = 4 }", ["unknown field `lo`", "`low`"]),
        ("units = { low = 600 }", ["search.space.units: low is 600", "high is 500"]),
        ("units = { low = 0 }", ["search.space.units has 0", "at least 1"]),
        ("units = { high = 40.5 }", ["search.space.units has 40.5", "whole"]),
        ("units = { step = 0.5 }", ["step is 0.5", "from 4 to 500"]),
        ("dropout = { high = 1.0 }", ["search.space.dropout has 1", "below 1"]),
        ("learning_rate = { low = 0.0 }", ["learning_rate: low is 0", "log = false"]),
        ("learning_rate = { log = true, step = 0.1 }", ["step is 0.1", "remove one"]),
        ("learning_rate = 'big'", ["learning_rate has 'big'", "number"]),
        ("layers = { choices = [1, 2] }", ["layers has choices", "low and high"]),
        ("batch = { choices = [] }", ["batch.choices is empty", "at least one"]),
        ("batch = { choices = [8, 8] }", ["twice", "remove one"]),
        ("batch = { choices = [8], low = 1 }", ["both choices and a range", "remove one"]),
        ("activation = { low = 1 }", ["activation has no range", "choices"]),
        ("activation = 'rely'", ["'rely'", "leaky_relu"]),
    ];
    for (given, words) in cases {
        let error = error(given);
        words
            .iter()
            .for_each(|word| assert!(error.contains(word), "{given}: '{error}' lacks '{word}'"));
    }
}

#[test]
fn pruning_rules_refuse_each_others_keys() {
    let pruner = |text: &str| {
        let search: SearchConfig = toml::from_str(&format!("[pruning]\n{text}")).unwrap();
        build_pruner(&search.pruning)
    };
    let error = |text: &str| pruner(text).unwrap_err().to_string();
    assert!(error("rule = 'halfing'").contains("did you mean 'halving'?"));
    assert!(error("warmup = 3").contains("warmup means nothing to the rule 'halving'"));
    assert!(error("factor = 1").contains("factor is 1; it must be at least 2"));
    assert!(pruner("rule = 'median'\nwarmup = 3").is_ok());
}

#[test]
fn every_listed_pruner_and_proposer_is_known_and_named_in_errors() {
    for entry in &PRUNERS {
        let pruning = |keys: &str| {
            let text = format!("[pruning]\nrule = '{}'\n{keys}", entry.name);
            build_pruner(&toml::from_str::<SearchConfig>(&text).unwrap().pruning)
        };
        assert_eq!(pruning("").unwrap().prunes(), entry.name != "off");
        for key in entry.keys {
            assert!(pruning(&format!("{} = {}", key.name, key.default)).is_ok(), "{}", key.name);
        }
        let error = pruning("frist = 3").unwrap_err().to_string();
        assert!(error.contains("`frist`") && error.contains("did you mean `first`?"), "{error}");
        let error = "[pruning]\nrule = 'xyz'";
        let error = build_pruner(&toml::from_str::<SearchConfig>(error).unwrap().pruning);
        assert!(error.unwrap_err().to_string().contains(entry.name));
    }
    for entry in &PROPOSERS {
        let of = |name: &str| {
            proposer(&toml::from_str::<SearchConfig>(&format!("proposer = '{name}'")).unwrap())
        };
        // a fixed setting is what a study without a search has
        assert_eq!(of(entry.name).is_ok(), entry.name != "fixed", "{}", entry.name);
        let error = of("xyz").unwrap_err().to_string();
        assert!(error.contains(entry.name), "{error}");
    }
}
