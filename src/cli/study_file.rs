//! The reference of `shoal study --help`: every key of a study file.

use shoal::engine::activation::Activation;
use shoal::engine::loss::LOSSES;
use shoal::study::architecture::ARCHITECTURES;
use shoal::study::config::network::Size;
use shoal::study::metric::METRICS;
use shoal::study::own_layers;
use shoal::study::report::{FILES, REPORT_FILE};
use shoal::study::search::{PROPOSERS, PRUNERS};
use shoal::study::transfer::Strategy;

use super::help::list;

/// A table of a study file: its heading, and its keys with what they mean.
type Table = (&'static str, &'static [(&'static str, &'static str)]);

const TABLES: [Table; 9] = [
    (
        "Top level:",
        &[
            ("name", "title of tables and figures; required"),
            (
                "sizes",
                "list of numbers of simulations to fine-tune on, for training and validation \
                 together; required",
            ),
            (
                "test",
                "simulations kept for testing, the same for every size; required without [split]",
            ),
            ("validation", "fraction of each size used for validation [default: 0.2]"),
            (
                "seed",
                "seed of everything random, or a list: the study is repeated for each, with other \
                 rows to test on, and study_seeds.csv has the verdicts over them [default: 1]",
            ),
            ("seeds", "networks per strategy and size [default: 6]"),
            ("save_models", "save every network [default: true]"),
            (
                "log10",
                "take log10 of the inputs, or of those in a list of names [default: true, unless \
                 more than 1 % of them are not positive]",
            ),
            ("log1p", "list of inputs or columns of items of which ln(1 + x) is taken"),
            (
                "missing",
                "number that stands for a missing input, as -999 or nan, or a list of them: it \
                 becomes the median of the input, and another input NAME_missing says where",
            ),
            ("metrics", "list of metrics, as below; strategies are compared by the first one"),
        ],
    ),
    (
        "[split], a test set for each size, in place of test and validation:",
        &[
            ("training", "fraction used for training [default: 0.7]"),
            ("validation", "fraction used for validation [default: 0.15]"),
            ("test", "fraction used for testing [default: 0.15]"),
        ],
    ),
    (
        "[data], each a dataset (.npz), or a table of the options of shoal import,\nor a table \
         `simulate` of the options of shoal simulate and `targets`,\nthose to keep:",
        &[
            ("pretrain", "simulations to pre-train on; not needed if no strategy transfers"),
            ("finetune", "simulations to fine-tune on; not needed with [[scenario]]"),
            (
                "ranges",
                "table of [low, high] by target, which become 0 and 1 [default: as the datasets \
                 say, else the common extent]",
            ),
            (
                "target_scaling",
                "\"range\", or \"deviation\": the mean becomes 0, one deviation above it 1 \
                 [default: \"range\"]",
            ),
        ],
    ),
    (
        "[[scenario]], one table for each of several studies in one file. It may have\n\
         any key or table of a study file in place of the one above or below, and:",
        &[
            ("name", "its name, and that of its folder of results; required"),
            ("finetune", "as in [data]"),
            ("pretrain", "as in [data]"),
        ],
    ),
    (
        "[network]:",
        &[
            ("architecture", "kind of the network, as below [default: \"perceptron\"]"),
            (
                "hidden",
                "widths of the hidden layers, of those on items the ones after the reduction",
            ),
            ("activation", "activation of the hidden layers"),
            ("slope", "slope of leaky_relu below 0 [default: 0.2]"),
            (
                "output",
                "activation of the outputs [default: \"sigmoid\" for mse and huber, else \
                 \"identity\"]",
            ),
            ("dropout", "probability that a hidden unit is dropped in training"),
        ],
    ),
    (
        "[training], AdamW with early stopping:",
        &[
            ("batch", "examples per batch [default: 32]"),
            ("learning_rate", "[default: 1e-3]"),
            ("weight_decay", "decoupled weight decay [default: 1e-4]"),
            ("betas", "decay rates of the moments [default: [0.5, 0.999]]"),
            ("epsilon", "added to the root of the second moment [default: 1e-8]"),
            ("epochs", "maximum number of epochs [default: 1000]"),
            ("patience", "epochs without improvement after which a run stops [default: 50]"),
            (
                "min_delta",
                "decrease of the validation loss that counts as an improvement [default: 1e-6]",
            ),
            (
                "clip_norm",
                "global norm to which the gradients of a batch are clipped [default: inf]",
            ),
            ("decay_biases", "whether weight decay applies to biases too [default: true]"),
            (
                "average",
                "decay of an exponential average of the weights, which is then validated and kept, \
                 such as 0.99 [default: 0, no average]",
            ),
            (
                "schedule",
                "of the learning rate: \"constant\", or \"cosine\" over all epochs [default: \
                 \"constant\"]",
            ),
            ("warmup", "epochs in which the learning rate rises linearly [default: 0]"),
            (
                "final_fraction",
                "fraction of the learning rate left at the end of a cosine [default: 0]",
            ),
            (
                "precision",
                "\"f32\", or \"f16\" for inputs, activations, gradients and a copy of the \
                 parameters [default: \"f32\"]",
            ),
            (
                "loss",
                "a loss, as below, or a table such as { name = \"huber\", delta = 0.5 } [default: \
                 \"mse\"]",
            ),
            ("balance_classes", "give each class the same weight in the loss [default: false]"),
            (
                "calibrate",
                "multiply predicted deviations so that 68 % of the validation rows are within one \
                 of them [default: true, if the loss has deviations]",
            ),
            (
                "stop_on",
                "what stops a run early and decides which weights are kept: \"validation_loss\", or \
                 a loss on the validation rows, as below [default: \"validation_loss\"]",
            ),
        ],
    ),
    (
        "[pretraining], which also overrides keys of [training] except precision, loss,\n\
         balance_classes, calibrate and stop_on:",
        &[
            (
                "simulations",
                "how many to pre-train on: a number, or a list to compare [default: all]",
            ),
            ("validation", "fraction used for validation [default: 0.15]"),
            (
                "bottleneck",
                "width of one more hidden layer, the last one, of pre-trained networks [default: \
                 none]",
            ),
            ("dummies", "extra outputs for dummy-node [default: number of new targets]"),
            (
                "models",
                "networks to start from in place of a pre-training and data.pretrain: a list of \
                 files, or folders of studies; each seed has the next one",
            ),
        ],
    ),
    (
        "[strategies.NAME], NAME being one of the strategies below; without such a table\nthe \
         first four run. Each overrides keys of [training] except precision, loss,\nbalance_classes, \
         calibrate and stop_on (applied has no keys), and has:",
        &[
            ("dropout", "overrides [network]; not of frozen"),
            (
                "body_rate",
                "dummy-node, warm-start, bias-only: factor of the learning rate of all layers but \
                 the last [default: 1]",
            ),
            ("head_rate", "the same of the last layer [default: 1]"),
            ("body_decay", "factor of the weight decay of all layers but the last [default: 1]"),
            ("head_decay", "the same of the last layer [default: 1]"),
            (
                "reads",
                "attach-head: \"outputs\" of the frozen network, \"last-hidden\", or a layer by \
                 its number, from 0, or by its op, the last one of them [default: \"outputs\"]",
            ),
            ("hidden", "attach-head: widths of the head [default: those of [network]]"),
        ],
    ),
    (
        "[search], one search for the pre-training and one per strategy and size:",
        &[
            ("trials", "trials of each search [default: 100]"),
            ("proposer", "how settings are proposed, as below [default: \"tpe\"]"),
            ("startup", "tpe: random trials before the first proposal [default: 20]"),
            ("generation", "trials that are proposed and trained together [default: 20]"),
            ("candidates", "tpe: values drawn to choose one from [default: 24]"),
            ("multivariate", "tpe: estimate hyper-parameters together [default: false]"),
            ("seeds", "networks of a trial; its value is the mean of theirs [default: 1]"),
            (
                "minimise",
                "\"validation_loss\", or a metric, as below, of the best network on the validation \
                 rows [default: \"validation_loss\"]",
            ),
            ("maximise", "such a metric of which higher values are better, in place of minimise"),
        ],
    ),
];

const SPACE: &[(&str, &str)] = &[
    ("layers", "hidden layers [default: 1 to 3]"),
    ("units", "units of each hidden layer [default: 4 to 500]"),
    ("dropout", "dropout after each hidden layer [default: 0.2 to 0.8]"),
    ("learning_rate", "without transfer [default: 1e-5 to 1e-1, logarithmic]"),
    ("fine_tuning_learning_rate", "with transfer [default: 1e-6 to 1e-3, logarithmic]"),
    ("weight_decay", "[default: 1e-8 to 1, logarithmic]"),
    ("batch", "examples per batch [default: not searched]"),
    ("body_rate", "factor for pre-trained layers but the last [default: not searched]"),
    ("activation", "activation of the hidden layers [default: not searched]"),
    ("loss", "losses with the same outputs, by name [default: not searched]"),
    ("items_layers", "deep-set: layers on items [default: not searched]"),
    ("items_units", "deep-set: units of each layer on items [default: not searched]"),
    ("width", "transformer: width of the blocks [default: not searched]"),
    ("heads", "transformer: heads of each attention [default: not searched]"),
    ("blocks", "transformer: how many blocks [default: not searched]"),
    ("feed_forward", "transformer: width of the wide layers [default: not searched]"),
];

const RESULTS: [(&str, &str); 2] = [
    ("models/", "networks (.safetensors), for shoal predict and shoal explain"),
    ("journal.log", "what is finished, to resume a study; Optuna reads it"),
];

/// The text below the options.
pub fn reference() -> String {
    let activations = Activation::ALL.map(Activation::name).join(", ");
    format!(
        "\
Study file (TOML), with paths relative to it; an unknown key is an error.

{}

Strategies:
{}

Activations: {activations}.

Architectures, with the defaults of [network]. Those on items need a dataset
that has some; columns beside them join the reduced items:
{}

Layers of network.layers, {{ op, name, inputs, ... }}: what they read are names or
numbers of layers, \"items\" or \"inputs\" [default: the layer before]. Each op has
other keys:
{}

Losses:
{}

[search.pruning], rule = one of these, and the keys of the rule:
{}

[search.space], each a value, or {{ low, high, log, step }}, or {{ choices }}; of
networks on items layers, units and dropout, one for all layers, too are only
searched if they are given:
{}

Proposers:
{}

Metrics, columns test_NAME and test_NAME_TARGET; figures are of the first one:
{}

Results in DIR, or in a folder in it for each [[scenario]]:
{}

Examples:
  shoal study data/studies/demo.toml -o results
  shoal study my.toml --plan --device gpu
  shoal study my.toml -o results --device gpu --tensorboard
  shoal study my.toml -o results --resume --json
  shoal study my.toml -o results --part 2/8

Events (--json):
  notice      text: what is probably not as it was meant, in the data
  progress    after a second, then every ten: run_steps, done, waiting, bytes,
              seconds_left, and groups with their epoch and losses
  pretrained  a pre-training: strategy, simulations, seed, test errors, model
  run         a run of the study, with the same fields
  trial       a run of a search, also with trial and state
  finished    runs, runs_before, seconds
  analysed    folder, name, verdict, pretraining_size
  plan        with --plan: what the study takes

Exit codes:
    0  done
    2  the study file, an argument or a dataset cannot be used
    3  the device is missing, failed, or computes wrong results
    4  results cannot be written
  130  stopped by Ctrl-C or by a request to terminate; the same command resumes",
        TABLES
            .map(|(heading, keys)| format!("{heading}\n{}", list(keys.iter().map(owned))))
            .join("\n\n"),
        list(Strategy::ALL.iter().map(|one| owned(&(one.name(), one.about())))),
        architectures(),
        layers(),
        losses(),
        pruners(),
        list(SPACE.iter().map(owned)),
        list(PROPOSERS.iter().map(|entry| owned(&(entry.name, entry.summary)))),
        list(METRICS.iter().map(|metric| owned(&(metric.name, metric.description)))),
        results(),
    )
}

fn architectures() -> String {
    list(ARCHITECTURES.iter().map(|one| {
        let own = one.keys.iter().map(|key| {
            let default = match key.kind.default() {
                Size::Names(names) if names.is_empty() => "; required".to_owned(),
                Size::Layers(_) => "; required".to_owned(),
                size => format!(" [default: {}]", size.text()),
            };
            format!("{}: {}{default}", key.name, key.about)
        });
        let of_all = format!(
            "hidden = {}, activation = \"{}\", dropout = {}",
            Size::Widths(one.hidden.to_vec()).text(),
            one.activation,
            one.dropout
        );
        let lines: Vec<String> = std::iter::once(one.about.to_owned()).chain(own).collect();
        owned(&(&format!("\"{}\"", one.name), &format!("{}\n{of_all}", lines.join("\n"))))
    }))
}

fn layers() -> String {
    list(own_layers::ops().map(|(op, keys)| {
        let keys = if keys.is_empty() { "-".to_owned() } else { keys.join(", ") };
        (op.to_owned(), keys)
    }))
}

fn losses() -> String {
    list(LOSSES.iter().map(|loss| {
        let parameter = loss.parameter.map(|one| format!("\n{} = {}", one.name, one.default));
        (format!("\"{}\"", loss.name), loss.about.to_owned() + &parameter.unwrap_or_default())
    }))
}

fn pruners() -> String {
    let entry = |entry: &shoal::study::search::PrunerEntry| {
        let keys = entry.keys.iter().map(|key| format!("{} = {}", key.name, key.default));
        let keys: Vec<String> = keys.collect();
        (format!("\"{}\"", entry.name), format!("{}\n{}", entry.summary, keys.join(", ")))
    };
    list(PRUNERS.iter().map(entry))
}

fn results() -> String {
    let report = (REPORT_FILE, "figures, tables and conclusions on one page");
    let figure =
        ("test-<metric>.svg".to_owned(), "the figure of the first metric, also as .png".to_owned());
    list([report].iter().chain(&FILES).map(owned).chain([figure]).chain(RESULTS.iter().map(owned)))
}

fn owned((name, text): &(&str, &str)) -> (String, String) {
    ((*name).to_owned(), text.replace("[default: ", "[default:\u{a0}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shoal::study::config::StudyConfig;

    /// The keys of a table that the parser knows, from its message about an unknown one.
    fn known(text: &str) -> Vec<String> {
        let error = toml::from_str::<StudyConfig>(&format!("{text}\nnone = 1")).unwrap_err();
        let words = error.message().split('`').skip(3).step_by(2);
        words.map(str::to_owned).collect()
    }

    #[test]
    fn every_key_of_every_table_is_listed_and_no_other() {
        let overridden: Vec<String> = known("[training]")
            .into_iter()
            .filter(|key| {
                !["precision", "loss", "balance_classes", "calibrate", "stop_on"]
                    .contains(&&key[..])
            })
            .collect();
        let tables = [
            "",
            "[split]",
            "[data]",
            "[[scenario]]",
            "[network]",
            "[training]",
            "[pretraining]",
            "[strategies.attach-head]",
            "[search]",
        ];
        let listed = TABLES.iter().map(|(_, keys)| *keys).zip(tables);
        for (keys, table) in listed.chain([(SPACE, "[search.space]")]) {
            let mut found: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
            if table == "[[scenario]]" {
                continue; // it has the keys of all others
            }
            let mut known = known(table);
            if table == "[strategies.attach-head]" {
                // the keys of all strategies are in one table
                known.extend(self::known("[strategies.warm-start]"));
                known.sort_unstable();
                known.dedup();
            }
            assert!(known.len() > 1, "{table}: {known:?}");
            if ["[pretraining]", "[strategies.attach-head]"].contains(&table) {
                known.retain(|key| !overridden.contains(key));
            }
            if table == "[network]" {
                let own = ARCHITECTURES.iter().flat_map(|one| one.keys);
                let own: Vec<&str> = own.map(|key| key.name).collect();
                own.iter().for_each(|key| assert!(known.contains(&(*key).to_owned()), "{key}"));
                known.retain(|key| !own.contains(&&key[..]));
            }
            // the tables have headings of their own
            if table.is_empty() {
                let is_table = |key: &str| {
                    TABLES.iter().any(|(heading, _)| heading.contains(&format!("[{key}")))
                };
                known.retain(|key| !is_table(key));
            }
            known.retain(|key| table != "[search]" || !["pruning", "space"].contains(&&key[..]));
            found.sort_unstable();
            known.sort_unstable();
            assert_eq!(found, known, "{table}");
        }
    }
}
