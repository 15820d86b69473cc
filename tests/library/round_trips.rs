//! What is written is read back the same: random numbers, names and settings in every format that
//! shoal both writes and reads.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;
use shoal::cosmology::CONVENTIONS;
use shoal::data::columns::{Columns, Function, Sentinels};
use shoal::data::{
    Dataset, Items, Matrix, TextOptions, read_matrix, read_table, write_csv, write_npy, write_npz,
};
use shoal::engine::activation::Activation;
use shoal::engine::architectures::{Ends, Hidden};
use shoal::engine::device::Description;
use shoal::engine::graph::{Graph, Reduction};
use shoal::engine::loss::Predicts;
use shoal::study::config::SearchConfig;
use shoal::study::metric::METRICS;
use shoal::study::search::State;
use shoal::study::sizes::Edges;
use shoal::study::store::journal::{JournalEvent, Records};
use shoal::study::store::model::{About, Model};
use shoal::study::store::predictions::{Predictions, read_predictions, write_predictions};
use shoal::study::store::provenance::{OfDatasets, Provenance, Status};
use shoal::study::store::run::{Curve, RunKey, RunRecord, Score, StopReason};
use shoal::study::store::runs::{RunColumns, read_runs, write_runs};
use shoal::study::transfer::Start;

fn config() -> Config {
    Config { cases: 96, failure_persistence: None, ..Config::default() }
}

/// Finite numbers of every size, both zeros among them.
fn number() -> impl Strategy<Value = f64> {
    let any = any::<f64>().prop_filter("finite", |value| value.is_finite());
    prop_oneof![any, Just(-0.0), Just(5e-324), Just(1e300), Just(1.0 / 3.0), -1e3..1e3]
}

/// A matrix of up to 6 x 5.
fn matrix() -> impl Strategy<Value = Matrix> {
    (1..6usize, 1..5usize).prop_flat_map(|(rows, columns)| {
        prop::collection::vec(number(), rows * columns)
            .prop_map(move |values| Matrix::new(rows, columns, values))
    })
}

/// Any names, each different.
fn names(count: usize) -> impl Strategy<Value = Vec<String>> {
    // numpy drops zeros at the end, and names have no control characters
    let one = "\\PC{1,8}";
    prop::collection::btree_set(one, count).prop_map(|names| names.into_iter().collect())
}

/// Names that are words in text: no number, no mark that parts columns or begins a comment.
fn words(count: usize) -> impl Strategy<Value = Vec<String>> {
    let one = "[A-Za-zΩσ_][A-Za-z0-9_/()ν]{0,7}";
    prop::collection::btree_set(one, count)
        .prop_map(|names| names.into_iter().map(|name| format!("{name}_")).collect())
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn same(a: &Matrix, b: &Matrix) -> bool {
    (a.rows, a.columns, bits(&a.values)) == (b.rows, b.columns, bits(&b.values))
}

/// Items of so many rows, some of them without items.
fn items(rows: usize) -> impl Strategy<Value = Items> {
    (1..4usize, prop::collection::vec(0..4usize, rows)).prop_flat_map(|(columns, counts)| {
        let total: usize = counts.iter().sum();
        let values = prop::collection::vec(number(), total * columns);
        (values, names(columns)).prop_map(move |(values, names)| {
            let counts: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
            Items::from_counts(Matrix::new(total, columns, values), &counts, Some(names)).unwrap()
        })
    })
}

/// A dataset; a ragged one may have no inputs beside its items.
fn dataset() -> impl Strategy<Value = Dataset> {
    let kinds = (1..6usize, 0..4usize, 1..4usize, any::<bool>());
    kinds.prop_flat_map(|(rows, inputs, targets, is_ragged)| {
        let inputs = if is_ragged { inputs } else { inputs.max(1) };
        let items = items(rows).prop_map(move |items| is_ragged.then_some(items));
        let x = prop::collection::vec(number(), rows * inputs);
        let y = prop::collection::vec(-1e3..1e3, rows * targets);
        let axis = prop::collection::vec(number(), inputs);
        let of_rows = || prop::option::of(prop::collection::vec(number(), rows));
        let texts = (names(inputs), names(targets), "\\PC{1,9}");
        (x, y, axis, (of_rows(), of_rows()), texts, items, any::<i64>()).prop_map(
            move |(
                x,
                y,
                axis,
                (weights, groups),
                (input_names, target_names, axis_name),
                items,
                note,
            )| {
                Dataset {
                    inputs: Matrix::new(rows, inputs, x),
                    items,
                    targets: Matrix::new(rows, targets, y),
                    axis,
                    axis_name,
                    input_names,
                    target_ranges: vec![[-1e3, 1e3]; targets],
                    target_names,
                    weights,
                    groups,
                    provenance: json!({ "note": note, "path": "σ8.txt" }),
                }
            },
        )
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn npy(matrix in matrix()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y.npy");
        write_npy(&path, &matrix).unwrap();
        prop_assert!(same(&read_matrix(&path).unwrap(), &matrix));
    }

    #[test]
    fn npz((matrix, names) in matrix().prop_flat_map(|m| (Just(m.clone()), names(m.columns)))) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y.npz");
        write_npz(&path, &matrix, &names).unwrap();
        let array = folder.path().join("y.npz:y");
        prop_assert!(same(&read_matrix(&array).unwrap(), &matrix));
    }

    #[test]
    fn text((matrix, names) in matrix().prop_flat_map(|m| (Just(m.clone()), words(m.columns)))) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("y.csv");
        write_csv(&path, &matrix, &names).unwrap();
        let read = read_table(&path, TextOptions::default()).unwrap();
        prop_assert!(same(&read.matrix, &matrix));
        prop_assert_eq!(read.names, Some(names));
    }

    #[test]
    fn datasets(dataset in dataset()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.npz");
        dataset.save(&path).unwrap();
        let loaded = Dataset::load(&path, &CONVENTIONS).unwrap();
        prop_assert!(same(&loaded.inputs, &dataset.inputs));
        prop_assert_eq!(bits(&loaded.axis), bits(&dataset.axis));
        prop_assert_eq!(loaded.hash(), dataset.hash());
        prop_assert_eq!(loaded, dataset);
    }

    #[test]
    fn models(
        widths in prop::collection::vec(1..7usize, 2..5),
        slope in -2f32..2.0,
        seed in any::<u32>(),
        dropout in 0f32..0.9,
        validation_loss in prop::option::of(number()),
        texts in names(3),
        factor in number(),
        predicts in prop::sample::select(vec![Predicts::Value, Predicts::Classes, Predicts::Deviation]),
    ) {
        let activation = Activation::LeakyRelu { slope };
        let graph = Graph::mlp(&widths).activation(activation).dropout(dropout).build().unwrap();
        let (inputs, outputs) = (graph.inputs(), graph.outputs());
        let predicts = if outputs > 1 { predicts } else { Predicts::Value };
        let targets = outputs / predicts.outputs_per_target();
        let about = About {
            columns: None,
            scaling: shoal::data::Scaling {
                log10: seed % 2 == 0,
                mean: vec![factor; inputs],
                deviation: vec![factor.abs().max(5e-324); inputs],
                target_ranges: vec![[-factor.abs(), 1e301]; targets],
                item_mean: vec![],
                item_deviation: vec![],
            },
            input_names: (0..inputs).map(|i| format!("{}{i}", texts[0])).collect(),
            axis_name: texts[1].clone(),
            axis: vec![factor; inputs],
            item_names: vec![],
            edges: None,
            item_columns: None,
            target_names: (0..targets).map(|i| format!("{}{i}", texts[1])).collect(),
            study: texts[2].clone(),
            strategy: texts[0].clone(),
            simulations: seed as usize,
            seed,
            predicts,
            validation_loss,
            shoal: texts[1].clone(),
        };
        let parameters = graph.initial_parameters(seed);
        let model = Model { start: Start { network: graph, parameters }, about };
        let read = Model::from_bytes(Path::new("m"), &model.bytes()).unwrap();
        prop_assert_eq!(read.bytes(), model.bytes());
        prop_assert_eq!(read, model);
    }

    #[test]
    fn models_of_sets(
        kind in 0..4usize,
        (items, columns, outputs) in (1..4usize, 0..3usize, 1..4usize),
        seed in any::<u32>(),
        dropout in 0f32..0.9,
        texts in names(3),
        factor in number(),
        period in prop::option::of(1e-3..1e3),
    ) {
        let (layers, ends) = (Hidden { dropout, ..Hidden::default() }, Ends { items, columns, outputs });
        let graph = match kind {
            0 => Graph::deep_set_between(ends, &[4, 3], Reduction::Max, &[5], layers),
            1 => Graph::edge_graph_between(ends, &[[4, 3]], &[], layers),
            2 => Graph::transformer_between(ends, [8, 2, 1, 6], &[3], layers),
            _ => Graph::deep_set_between(ends, &[], Reduction::Sum, &[], layers),
        };
        let graph = graph.unwrap();
        let item_names: Vec<String> = (0..items).map(|i| format!("{}{i}", texts[1])).collect();
        let deviation = factor.abs().max(5e-324);
        let edges = Edges { neighbours: 3, near: vec![(item_names[0].clone(), period)] };
        let about = About {
            scaling: shoal::data::Scaling {
                log10: false,
                mean: vec![factor; columns],
                deviation: vec![deviation; columns],
                target_ranges: vec![[-1.0, 1.0]; outputs],
                item_mean: vec![factor; items],
                item_deviation: vec![deviation; items],
            },
            columns: None,
            input_names: (0..columns).map(|i| format!("{}{i}", texts[0])).collect(),
            axis_name: texts[1].clone(),
            axis: vec![factor; columns],
            item_columns: (seed % 2 == 0).then(|| Columns {
                functions: vec![Function::Log1p; items],
                missing: Sentinels::default(),
                fills: vec![],
            }),
            item_names,
            edges: graph.has_edges().then_some(edges),
            target_names: (0..outputs).map(|i| format!("{}{i}", texts[2])).collect(),
            study: texts[2].clone(),
            strategy: texts[0].clone(),
            simulations: seed as usize,
            seed,
            predicts: Predicts::Value,
            validation_loss: None,
            shoal: texts[1].clone(),
        };
        let parameters = graph.initial_parameters(seed);
        let model = Model { start: Start { network: graph, parameters }, about };
        let read = Model::from_bytes(Path::new("m"), &model.bytes()).unwrap();
        prop_assert_eq!(read.bytes(), model.bytes());
        prop_assert_eq!(read, model);
    }

    #[test]
    fn journals(
        names in names(2),
        keys in prop::collection::btree_map("\\PC{1,8}", any::<i64>(), 0..4),
        losses in prop::collection::vec(any::<f64>(), 0..6),
        value in prop::option::of(any::<f64>()),
    ) {
        let search =
            |name: &String| JournalEvent::Search { name: name.clone(), maximises: value.is_some() };
        let mut events: Vec<JournalEvent> = names.iter().map(search).collect();
        events.extend(keys.iter().map(|(key, value)| JournalEvent::SearchAttribute {
            search: 1,
            key: key.clone(),
            value: json!({ key: [value] }),
        }));
        events.push(JournalEvent::Trial { search: 1, number: 0, parameters: vec![] });
        events.extend((1..).zip(&losses).map(|(epoch, loss)| JournalEvent::Loss {
            trial: 0,
            epoch,
            loss: *loss,
        }));
        events.push(JournalEvent::End { trial: 0, state: State::Pruned, value });
        let text: String = events.iter().map(JournalEvent::line).collect();
        let mut records = Records::default();
        records.read(Path::new("journal"), text.as_bytes()).unwrap();
        let found: Vec<&String> = records.searches().iter().map(|search| &search.name).collect();
        prop_assert_eq!(found, names.iter().collect::<Vec<_>>());
        let search = &records.searches()[1];
        let expected: BTreeMap<String, serde_json::Value> =
            keys.iter().map(|(key, value)| (key.clone(), json!({ key: [value] }))).collect();
        prop_assert_eq!(&search.attributes, &expected);
        // all numbers that are none are one to the journal
        let text = |value: &f64| format!("{value:?}");
        let trial = records.trial(0).unwrap();
        prop_assert_eq!(trial.state, State::Pruned);
        let found: Vec<String> = trial.losses.values().map(text).collect();
        prop_assert_eq!(found, losses.iter().map(text).collect::<Vec<_>>());
        prop_assert_eq!(trial.value.as_ref().map(text), value.as_ref().map(text));
    }

    #[test]
    fn searches_of_study_files(
        [trials, generation, seeds] in prop::array::uniform3(1..1000u32),
        low in 1e-9..1e-3f64,
        step in prop::option::of(1..9i32),
        choices in prop::collection::btree_set(1..500i64, 1..5),
        multivariate in any::<bool>(),
    ) {
        let units = match step {
            Some(step) => format!("{{ low = 4, high = 64, step = {step} }}"),
            None => "{ low = 4, high = 64, log = true }".to_owned(),
        };
        let text = format!(
            "trials = {trials}\ngeneration = {generation}\nseeds = {seeds}\n\
             multivariate = {multivariate}\n[pruning]\nrule = 'median'\nwarmup = {seeds}\n[space]\n\
             units = {units}\nlearning_rate = {{ low = {low:e}, high = 0.1 }}\n\
             batch = {{ choices = {:?} }}\nactivation = 'silu'\n",
            choices.iter().collect::<Vec<_>>()
        );
        let read: SearchConfig = toml::from_str(&text).unwrap();
        prop_assert_eq!([read.trials, read.generation, read.seeds], [trials, generation, seeds]);
        prop_assert_eq!(read.multivariate, multivariate);
        let again: SearchConfig = toml::from_str(&toml::to_string(&read).unwrap()).unwrap();
        prop_assert_eq!(&again, &read);
        // as study.json has it
        let json = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(serde_json::from_str::<SearchConfig>(&json).unwrap(), read);
    }

    #[test]
    fn tables_of_runs(
        (targets, runs) in names(2).prop_flat_map(|targets| {
            (Just(targets), prop::collection::vec(record(), 0..5))
        }),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.csv");
        let metrics = METRICS.iter().collect();
        let columns = RunColumns { targets, metrics, pretraining_sizes: true, devices: true };
        write_runs(&path, &columns, &runs).unwrap();
        let (found, read) = read_runs(&path).unwrap();
        prop_assert_eq!(found, columns);
        prop_assert_eq!(read, runs);
    }

    #[test]
    fn tables_of_predictions(
        (truth, prediction, deviation) in matrix().prop_flat_map(|truth| {
            let values = || prop::collection::vec(number(), truth.values.len());
            (Just(truth.clone()), values(), prop::option::of(values()))
        }),
        simulations in 0..usize::MAX,
        seed in any::<u32>(),
        strategy in "\\PC{1,9}",
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("predictions.csv");
        let targets: Vec<String> = (0..truth.columns).map(|i| format!("t,\"{i}")).collect();
        let one = Predictions {
            curve: Curve::of(&strategy),
            simulations,
            seed,
            rows: (0..truth.rows as u32).map(|row| u32::MAX - row).collect(),
            prediction: Matrix::new(truth.rows, truth.columns, prediction),
            deviation: deviation.map(|values| Matrix::new(truth.rows, truth.columns, values)),
            truth,
        };
        write_predictions(&path, &targets, std::slice::from_ref(&one)).unwrap();
        let read = read_predictions(&path, &targets).unwrap();
        prop_assert_eq!(read, vec![one]);
    }

    #[test]
    fn provenances(
        texts in names(3),
        [seed, run_steps, peak_bytes] in prop::array::uniform3(any::<u64>()),
        seconds in number(),
        sizes in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let value = json!({ &texts[0]: [seconds, null, { &texts[1]: seed }] });
        let provenance = Provenance {
            name: texts[0].clone(),
            scenario: (seed % 2 == 0).then(|| texts[1].clone()),
            place: (seed % 5 == 0).then_some(seed as usize),
            series: (seed % 3 == 0).then(|| texts[0].clone()),
            shoal: texts[2].clone(),
            device: Description {
                kind: "cpu".into(),
                name: texts[1].clone(),
                class: None,
                backend: None,
                driver: Some(texts[2].clone()),
                tiles: None,
                rounds_once: Some(true),
                threads: Some(3),
                devices: vec![],
            },
            seed,
            seeds: seed as u32,
            sizes,
            strategies: texts.clone(),
            data: OfDatasets { finetune: texts[0].clone(), pretrain: None },
            sources: OfDatasets { finetune: value.clone(), pretrain: Some(value.clone()) },
            settings: value,
            part: None,
            earlier: vec![],
            status: Status::Stopped,
            runs_finished: seed as usize,
            runs_planned: run_steps as usize,
            run_steps,
            seconds,
            device_seconds: seconds,
            host_seconds: -seconds,
            peak_bytes,
            notices: texts,
        };
        provenance.write(folder.path()).unwrap();
        prop_assert_eq!(Provenance::read(folder.path()).unwrap(), Some(provenance));
    }
}

/// A run of a study with two targets.
fn record() -> impl Strategy<Value = RunRecord> {
    let measured = || prop::option::of(number());
    let measures = prop::collection::vec((measured(), measured(), measured()), METRICS.len());
    let score = |(metric, (total, one, two))| Score { metric, total, targets: vec![one, two] };
    let scores = measures.prop_map(move |all| METRICS.iter().zip(all).map(score).collect());
    let key = ("\\PC{1,9}", prop::option::of(1..usize::MAX), any::<usize>(), any::<u32>());
    let rest = (measured(), any::<u32>(), any::<u32>(), 0..StopReason::ALL.len(), "\\PC{0,9}");
    (key, scores, rest).prop_map(|(key, test, (validation_loss, epochs, steps, stopped, model))| {
        let (strategy, pretraining_simulations, simulations, seed) = key;
        RunRecord {
            key: RunKey {
                curve: Curve { strategy, pretraining_simulations },
                simulations,
                seed,
                ..RunKey::default()
            },
            validation_loss,
            objective: None,
            test,
            epochs,
            steps,
            stopped: StopReason::ALL[stopped],
            device: Some(format!("gpu {epochs}")).filter(|_| steps % 2 == 0),
            model,
        }
    })
}
