//! Studies of ragged data: sets of items, on every architecture that reads them.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use shoal::data::observations::Examples;
use shoal::data::{Dataset, Items, Matrix};
use shoal::study::architecture::ARCHITECTURES;
use shoal::study::explain::{Method, Request, explain};
use shoal::study::store::model::Model;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::common::Study;

/// Deterministic numbers in (-1, 1).
fn noise(at: usize, salt: usize) -> f64 {
    let x = ((at * 7919 + salt * 104729 + 12345) as f64 * 0.754877666).sin() * 43758.5453;
    2.0 * (x - x.floor()) - 1.0
}

/// Rows of 0 to 8 particles with pt, eta and phi, and a column beside them. A row is signal where
/// its particles are many and hard.
fn dataset(rows: usize, seed: usize, shift: f64) -> Dataset {
    let (mut values, mut counts, mut labels, mut beside) = (vec![], vec![], vec![], vec![]);
    for row in 0..rows {
        let key = row + 10_000 * seed;
        let count = (4.5 * (1.0 + noise(key, 1))) as usize;
        let mut sum = shift;
        for item in 0..count {
            let pt = (2.0 + noise(20 * key + item, 2)).exp();
            sum += pt - 8.0;
            values.extend([pt, noise(20 * key + item, 3), 3.0 * noise(20 * key + item, 4)]);
        }
        counts.push(count as f64);
        let aside = noise(key, 5);
        beside.push(aside);
        labels.push(f64::from(u8::from(sum + 5.0 * aside > 0.0)));
    }
    let names = ["pt", "eta", "phi"].map(String::from).to_vec();
    let values = Matrix::new(values.len() / 3, 3, values);
    let plain = Dataset::new(
        Matrix::new(rows, 1, beside),
        Matrix::new(rows, 1, labels),
        vec!["signal".to_owned()],
    )
    .unwrap();
    Dataset {
        items: Some(Items::from_counts(values, &counts, Some(names)).unwrap()),
        input_names: vec!["aside".to_owned()],
        target_ranges: vec![[0.0, 1.0]],
        ..plain
    }
}

/// Replaces -999 among the items of a file by NaN.
fn with_nan(path: &Path) {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut members = Vec::new();
    for place in 0..archive.len() {
        let mut member = archive.by_index(place).unwrap();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        let name = member.name().unwrap().into_owned();
        if name == "items.npy" {
            let last = bytes.len() % 8;
            for number in bytes[last..].chunks_exact_mut(8) {
                if number == (-999f64).to_le_bytes() {
                    number.copy_from_slice(&f64::NAN.to_le_bytes());
                }
            }
        }
        members.push((name, bytes));
    }
    let mut file = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        file.start_file(name, SimpleFileOptions::default()).unwrap();
        file.write_all(&bytes).unwrap();
    }
    file.finish().unwrap();
}

/// Without the column beside the items.
fn items_alone(dataset: Dataset) -> Dataset {
    Dataset {
        inputs: Matrix::new(dataset.targets.rows, 0, vec![]),
        axis: vec![],
        input_names: vec![],
        ..dataset
    }
}

fn study(network: &str) -> String {
    format!(
        "name = 'jets'\nseeds = 2\nsizes = [40, 120]\ntest = 150\n[data]\n\
         pretrain = 'fast.npz'\nfinetune = 'full.npz'\n[network]\n{network}\n\
         [training]\nepochs = 25\nlearning_rate = 1e-2\nloss = 'bce'\n"
    )
}

fn ready(network: &str) -> Study {
    let folder = Study::new();
    dataset(500, 1, 0.0).save(&folder.path("fast.npz")).unwrap();
    dataset(300, 2, 4.0).save(&folder.path("full.npz")).unwrap();
    folder.write("study.toml", &study(network));
    folder
}

/// Small sizes of each architecture that reads items.
fn small(name: &str) -> &'static str {
    match name {
        "deep-set" => "architecture = 'deep-set'\nitems = [16, 16]\nhidden = [16]",
        "edge-graph" => {
            "architecture = 'edge-graph'\nblocks = [[16, 16]]\nhidden = [16]\nneighbours = 3\n\
             near = ['eta', 'phi']\nperiodic = { phi = 6.0 }"
        }
        "weighted-sum" => "architecture = 'weighted-sum'\nitems = [16]\nhidden = [16]",
        "transformer" => {
            "architecture = 'transformer'\nwidth = 16\nheads = 2\nblocks = 1\nfeed_forward = 32\n\
             hidden = [8]"
        }
        other => panic!("no small sizes of {other}"),
    }
}

/// A column of a table.
fn column<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = table.lines();
    let head = lines.next().unwrap();
    let place = head.split(',').position(|column| column == name);
    let place = place.unwrap_or_else(|| panic!("no column {name}: {head}"));
    lines.map(|line| line.split(',').nth(place).unwrap()).collect()
}

fn numbers(table: &str, name: &str) -> Vec<f64> {
    column(table, name).into_iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn every_architecture_on_items_trains_transfers_and_predicts() {
    for architecture in ARCHITECTURES.iter().filter(|one| !one.reads_inputs) {
        let folder = ready(small(architecture.name));
        folder.run().code_is(0);
        let runs = folder.read("out/runs.csv");
        let (strategies, sizes) = (column(&runs, "strategy"), numbers(&runs, "simulations"));
        let auc = numbers(&runs, "test_auc");
        let mean = |strategy: &str, size: f64| {
            let of = (0..auc.len()).filter(|at| strategies[*at] == strategy && sizes[*at] == size);
            let of: Vec<f64> = of.map(|at| auc[at]).collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        // what was learned from the other data is still there
        for strategy in ["dummy-node", "warm-start"] {
            let own = mean(strategy, 40.0);
            assert!(own > 0.85, "{}: AUC {own} of {strategy}", architecture.name);
        }
        let scratch = mean("scratch", 120.0);
        assert!(scratch > 0.7, "{}: AUC {scratch} of scratch", architecture.name);
        // the model predicts what the study wrote, for the rows that it was tested on
        let predictions = folder.read("out/predictions.csv");
        let names = column(&predictions, "strategy");
        let first: Vec<usize> = (0..names.len()).filter(|at| names[*at] == "warm-start").collect();
        let rows = numbers(&predictions, "row");
        let seed = column(&predictions, "seed")[first[0]];
        let model = format!("out/models/warm-start-120-{seed}.safetensors");
        folder.shoal(&["predict", &model, "full.npz", "-o", "all.csv"]).code_is(0);
        let all = numbers(&folder.read("all.csv"), "signal");
        let written = numbers(&predictions, "prediction_signal");
        for at in first {
            let (own, theirs) = (all[rows[at] as usize], written[at]);
            assert!((own - theirs).abs() < 1e-6, "{}: {own} is not {theirs}", architecture.name);
        }
        let inspected = folder.shoal(&["inspect", &model]);
        inspected.code_is(0);
        assert!(inspected.out.contains("reads items, columns pt eta phi"), "{}", inspected.out);
    }
}

#[test]
fn models_predict_rows_of_any_number_of_items_in_any_order_of_their_columns() {
    let folder = ready(small("edge-graph"));
    folder.run().code_is(0);
    let model = "out/models/scratch-120-1.safetensors";
    folder.shoal(&["predict", model, "full.npz", "-o", "all.csv"]).code_is(0);
    let all = numbers(&folder.read("all.csv"), "signal");
    // some rows, the columns of their items in another order and one more
    let full = dataset(300, 2, 4.0);
    let rows: Vec<u32> = (0..300).step_by(7).collect();
    let chosen = full.items.as_ref().unwrap().select_rows(&rows);
    let turned = |item: &[f64]| [item[2], 99.0, item[0], item[1]];
    let values: Vec<f64> = chosen.values.values.chunks(3).flat_map(turned).collect();
    let names = ["phi", "more", "pt", "eta"].map(String::from).to_vec();
    let counts: Vec<f64> = chosen.counts().iter().map(|count| *count as f64).collect();
    let items =
        Items::from_counts(Matrix::new(values.len() / 4, 4, values), &counts, Some(names)).unwrap();
    let pick = |matrix: &Matrix| {
        let values = rows.iter().map(|row| matrix.row(*row as usize)[0]).collect();
        Matrix::new(rows.len(), 1, values)
    };
    let some = Dataset {
        inputs: pick(&full.inputs),
        targets: pick(&full.targets),
        items: Some(items),
        ..full.clone()
    };
    some.save(&folder.path("some.npz")).unwrap();
    let ran = folder.shoal(&["predict", model, "some.npz", "-o", "some.csv"]);
    ran.code_is(0);
    assert!(ran.err.contains("matched by name"), "{}", ran.err);
    let some = numbers(&folder.read("some.csv"), "signal");
    for (place, row) in rows.iter().enumerate() {
        assert_eq!(some[place], all[*row as usize], "row {row}");
    }
    folder
        .shoal(&["predict", model, "base_x.csv", "-o", "y.csv"])
        .fails(2, &["base_x.csv has no items", "pt, eta, phi"]);
    let renamed = |to: &str| {
        let mut other = full.clone();
        other.items.as_mut().unwrap().names[1] = to.to_owned();
        other.save(&folder.path("other.npz")).unwrap();
    };
    renamed("rapidity");
    folder
        .shoal(&["predict", model, "other.npz", "-o", "y.csv"])
        .fails(2, &["other.npz has no item column 'eta'", "(pt, rapidity, phi)"]);
    items_alone(full.clone()).save(&folder.path("alone.npz")).unwrap();
    folder
        .shoal(&["predict", model, "alone.npz", "-o", "y.csv"])
        .fails(2, &["has 0 columns", "1 inputs (aside)"]);
}

#[test]
fn items_need_no_columns_beside_them_and_are_matched_by_name_between_datasets() {
    let folder = ready(small("deep-set"));
    let fast = items_alone(dataset(500, 1, 0.0));
    let mut turned = fast.clone();
    let items = turned.items.as_mut().unwrap();
    items.names.swap(0, 2);
    items.values.values.chunks_mut(3).for_each(|item| item.swap(0, 2));
    items_alone(dataset(300, 2, 4.0)).save(&folder.path("full.npz")).unwrap();
    let mut tables = Vec::new();
    for (name, dataset) in [("out-a", &fast), ("out-b", &turned)] {
        // the order of the pre-training is that of the networks; the first strategy is its own
        dataset.save(&folder.path("fast.npz")).unwrap();
        let ran = folder.shoal(&["study", "study.toml", "-o", name, "--device", "cpu"]);
        ran.code_is(0);
        let said = ran.err.contains("items of data.finetune are in another order");
        assert_eq!(said, name == "out-b", "{}", ran.err);
        let runs = folder.read(&format!("{name}/runs.csv"));
        let strategies = column(&runs, "strategy");
        let auc = numbers(&runs, "test_auc");
        let warm = (0..auc.len()).filter(|at| strategies[*at] == "warm-start").map(|at| auc[at]);
        tables.push(warm.fold(1.0, f64::min));
    }
    assert!(tables.iter().all(|least| *least > 0.8), "{tables:?}");
}

#[test]
fn items_in_other_units_are_noticed() {
    let folder = ready(small("deep-set"));
    let mut full = dataset(300, 2, 4.0);
    let values = &mut full.items.as_mut().unwrap().values.values;
    values.iter_mut().step_by(3).for_each(|pt| *pt *= 1000.0);
    full.save(&folder.path("full.npz")).unwrap();
    let ran = folder.shoal(&["study", "study.toml", "--plan", "--device", "cpu"]);
    ran.code_is(0);
    assert!(ran.err.contains("1 of 3 columns of the items of data.finetune"), "{}", ran.err);
    assert!(ran.err.contains("'pt' most"), "{}", ran.err);
}

#[test]
fn mistakes_name_the_key_and_the_way_out() {
    let folder = ready("hidden = [8]");
    let fails = |text: &str, words: &[&str]| {
        folder.write("study.toml", text);
        folder.run().fails(2, words);
    };
    fails(
        &study("hidden = [8]"),
        &[
            "data.finetune has items (pt, eta, phi)",
            "\"perceptron\"",
            "\"deep-set\" or \"weighted-sum\" or \"edge-graph\" or \"transformer\" or \"layers\"",
        ],
    );
    let flat = crate::common::STUDY.replace("hidden = [8]", "architecture = 'transformer'");
    fails(
        &flat,
        &["\"transformer\" reads items", "data.finetune has none", "\"perceptron\" or \"layers\""],
    );
    fails(
        &study("architecture = 'deepset'"),
        &["network.architecture", "did you mean", "deep-set"],
    );
    let wrong = study("architecture = 'deep-set'\nwidth = 8");
    fails(&wrong, &["network.width", "items, reduction", "architecture = \"transformer\""]);
    let wrong = study("architecture = 'transformer'\nwidth = 30\nheads = 4");
    fails(&wrong, &["\"transformer\"", "4 heads"]);
    let wrong = study("architecture = 'edge-graph'");
    fails(&wrong, &["network.near is missing"]);
    let wrong = study("architecture = 'edge-graph'\nnear = ['eta', 'Phi']");
    fails(&wrong, &["network.near", "no item column 'Phi'", "Did you mean 'phi'"]);
    let wrong = study("architecture = 'edge-graph'\nnear = ['eta']\nperiodic = { phi = 6.28 }");
    fails(&wrong, &["network.periodic.phi", "network.near"]);
    let wrong = study("architecture = 'edge-graph'\nnear = ['eta']\nblocks = 3");
    fails(&wrong, &["network.blocks = 3", "[[32, 32, 32], [64, 64, 64]]"]);
    let wrong = study("architecture = 'deep-set'\nreduction = 'median'");
    fails(&wrong, &["network.reduction", "mean, sum, max"]);
}

#[test]
fn a_search_varies_the_sizes_and_a_graph_of_ones_own_trains() {
    let folder = ready(small("transformer"));
    let search = "[search]\ntrials = 6\nstartup = 6\ngeneration = 6\n[search.pruning]\nrule = 'off'\n\
                  [search.space]\nwidth = { choices = [8, 16] }\nheads = { choices = [1, 2] }\n\
                  blocks = 1\nfeed_forward = { low = 8, high = 24, step = 8 }\ndropout = 0.1\n";
    let text = study(small("transformer")).replace("seeds = 2\nsizes = [40, 120]", "sizes = [40]");
    let text = text.replace("epochs = 25", "epochs = 4");
    folder.write("study.toml", &(text.clone() + search));
    folder.run().code_is(0);
    let trials = folder.read("out/trials.csv");
    for (key, values) in [("width", ["8", "16"]), ("heads", ["1", "2"])] {
        let found = column(&trials, key);
        let of = |value: &str| found.iter().filter(|one| **one == value).count();
        assert!(values.iter().all(|value| of(value) > 0), "{key}: {found:?}");
    }
    folder.write("study.toml", &(text.clone() + &search.replace("[1, 2]", "[1, 3]")));
    folder.run().fails(2, &["search.space", "width = 8 beside heads = 3"]);
    folder.write("study.toml", &(text + &search.replace("dropout = 0.1", "items_layers = 1")));
    folder.run().fails(2, &["search.space", "\"items\"", "\"transformer\""]);
    // a residual network on items, and its strategies
    let layers = "layers = [\n{ op = 'dense', width = 16, name = 'a' },\n\
        { op = 'dense', width = 16, dropout = 0.1 },\n{ op = 'add', inputs = ['a', '2'] },\n\
        { op = 'norm' },\n{ op = 'pool', reduction = 'sum', name = 'set' },\n\
        { op = 'concat', inputs = ['set', 'inputs'] },\n]\nhidden = [8]";
    folder.write("study.toml", &study(layers));
    let ran = folder.shoal(&["study", "study.toml", "-o", "own", "--device", "cpu"]);
    ran.code_is(0);
    let auc = numbers(&folder.read("own/runs.csv"), "test_auc");
    assert!(auc.iter().copied().fold(0.0, f64::max) > 0.85, "{auc:?}");
    let model = "own/models/warm-start-120-1.safetensors";
    let inspected = folder.shoal(&["inspect", model]).out;
    assert!(inspected.contains("layer 2: add 16 -> 16") && inspected.contains("reads 0 and 1"));
    assert!(inspected.contains("layer 1: dense 16 -> 16, relu, dropout 0.1"), "{inspected}");
    folder.write("study.toml", &study(&(layers.to_owned() + "\ndropout = 0.2")));
    folder.run().fails(2, &["network.dropout", "network.layers"]);
}

/// Logarithms of columns of the items are in the model: it reads raw items.
#[test]
fn columns_of_items_are_taken_as_logarithms() {
    let folder = ready(small("deep-set"));
    let text = study(small("deep-set")).replace("seeds = 2", "seeds = 1\nlog1p = ['pt']");
    folder.write("study.toml", &text.replace("[40, 120]", "[120]"));
    folder.run().code_is(0);
    let model = "out/models/warm-start-120-1.safetensors";
    folder.shoal(&["predict", model, "full.npz", "-o", "all.csv"]).code_is(0);
    let all = numbers(&folder.read("all.csv"), "signal");
    let predictions = folder.read("out/predictions.csv");
    let (names, rows) = (column(&predictions, "strategy"), numbers(&predictions, "row"));
    let written = numbers(&predictions, "prediction_signal");
    let mut compared = 0;
    for at in (0..rows.len()).filter(|at| names[*at] == "warm-start") {
        let (own, theirs) = (all[rows[at] as usize], written[at]);
        assert!((own - theirs).abs() < 1e-6, "{own} is not {theirs}");
        compared += 1;
    }
    assert_eq!(compared, 150);
    let loaded = shoal::study::store::model::Model::load(&folder.path(model)).unwrap();
    // the mean of ln(1 + pt), of pt between 2.7 and 20
    let mean = loaded.about.scaling.item_mean[0];
    assert!((1.3..3.1).contains(&mean), "{mean}");
    folder.write("study.toml", &text.replace("'pt'", "'phi'"));
    let ran = folder.shoal(&["study", "study.toml", "-o", "phi", "--device", "cpu"]);
    ran.fails(2, &["'items'", "(phi)", "above -1"]);
    folder.write("study.toml", &text.replace("'pt'", "'pz'"));
    folder.run().fails(2, &["log1p", "no input 'pz'", "aside, pt, eta, phi"]);
}

#[test]
fn models_of_sets_are_explained_by_expected_gradients() {
    let folder = ready(small("deep-set"));
    folder.run().code_is(0);
    let model = "out/models/scratch-120-1.safetensors";
    let args = ["explain", model, "--data", "full.npz", "-o", "why", "--alphas", "20"];
    folder.shoal(&args).code_is(0);
    let table = folder.read("why/attributions.csv");
    let inputs = column(&table, "input");
    assert_eq!(inputs, ["pt", "eta", "phi", "aside", "number of items"]);
    let sizes = numbers(&table, "mean_absolute");
    // what makes a row signal
    assert!(sizes[0] > 2.0 * sizes[1] && sizes[0] > 2.0 * sizes[2], "{sizes:?}");
    let json: serde_json::Value =
        serde_json::from_str(&folder.read("why/explanation.json")).unwrap();
    let gap = json["gap"]["mean"].as_f64().unwrap();
    assert!(gap < 0.05, "attributions miss the outputs by {gap}");
    assert!(folder.read("out/attributions.csv").contains("number of items"));
    let args = ["explain", model, "--data", "full.npz", "-o", "no", "--method", "deep-shap"];
    folder.shoal(&args).fails(2, &["deep-shap", "--method expected-gradients"]);
}

/// The dataset with two columns of 0 and 1 among the items: those of much pt, and the others.
fn with_classes(of: Dataset) -> Dataset {
    let items = of.items.as_ref().unwrap();
    let counts: Vec<f64> =
        items.offsets.windows(2).map(|ends| f64::from(ends[1] - ends[0])).collect();
    let marked = items.values.values.chunks(3).flat_map(|item| {
        let hard = f64::from(u8::from(item[0] > 8.0));
        [item[0], item[1], item[2], hard, 1.0 - hard]
    });
    let values: Vec<f64> = marked.collect();
    let values = Matrix::new(values.len() / 5, 5, values);
    let names = ["pt", "eta", "phi", "hard", "soft"].map(String::from).to_vec();
    Dataset { items: Some(Items::from_counts(values, &counts, Some(names)).unwrap()), ..of }
}

#[test]
fn attributions_of_classes_of_items_add_up_to_those_of_their_columns() {
    let folder = ready(small("deep-set"));
    for (name, data) in [("fast", dataset(500, 1, 0.0)), ("full", dataset(300, 2, 4.0))] {
        with_classes(data).save(&folder.path(&format!("{name}.npz"))).unwrap();
    }
    folder.run().code_is(0);
    let model = Model::load(&folder.path("out/models/scratch-120-1.safetensors")).unwrap();
    let data = with_classes(dataset(300, 2, 4.0));
    let raw = Examples { inputs: &data.inputs, items: data.items.as_ref() };
    let request = Request {
        method: Method::ExpectedGradients { alphas: 20 },
        background: None,
        rows: None,
        seed: 0,
        targets: None,
    };
    let found = explain(&model, raw, "full.npz", &request).unwrap();
    assert_eq!(found.classes.names, ["hard", "soft"]);
    let shares: f64 = found.classes.items.iter().sum();
    assert!((shares - 1.0).abs() < 1e-12, "{shares}");
    let mut sizes = [0.0; 2];
    for (row, classes) in found.classes.values.chunks(2).enumerate() {
        let columns: f64 = found.attributions.of(row, 0)[..5].iter().sum();
        let both = classes[0] + classes[1];
        assert!((both - columns).abs() < 1e-9, "row {row}: {both} and {columns}");
        (sizes[0], sizes[1]) = (sizes[0] + classes[0].abs(), sizes[1] + classes[1].abs());
    }
    assert!(sizes[0] > 0.0 && sizes[1] > 0.0, "{sizes:?}");
    let args = ["explain", "out/models/scratch-120-1.safetensors", "--data", "full.npz"];
    let ran = folder.shoal(&[&args[..], &["-o", "why", "--alphas", "20"]].concat());
    assert!(ran.code == 0 && ran.out.contains("items with"), "{}{}", ran.out, ran.err);
    let table = folder.read("why/attributions_by_class.csv");
    assert_eq!(column(&table, "class"), ["hard", "soft"]);
    let own = sizes.map(|size| size / found.rows.len() as f64);
    for (written, own) in numbers(&table, "mean_absolute").into_iter().zip(own) {
        assert!((written - own).abs() < 1e-12, "{written} and {own}");
    }
    // the study has them for every strategy, also when it is analysed again
    let of_study = folder.read("out/attributions_by_class.csv");
    assert_eq!(column(&of_study, "class").len(), 2 * 5, "{of_study}");
    let section = || {
        let page = folder.read("out/report.html");
        let (_, after) = page.split_once("<h3>Classes of items</h3>").expect("the section");
        after.split_once("</table>").expect("a table").0.to_owned()
    };
    let before = section();
    folder.shoal(&["analyse", "out"]).code_is(0);
    assert!(section() == before, "{before}\n{}", section());
}

#[test]
fn padded_arrays_are_imported_without_the_places_that_are_empty() {
    let folder = Study::new();
    // one row of two items, one of none, one of three
    let npy = |name: &str, shape: &[u64], values: &[f64]| {
        let file = std::fs::File::create(folder.path(name)).unwrap();
        shoal::data::write_numbers(file, shape, values).unwrap();
    };
    let items = [[5.0, 0.5], [3.0, 0.0], [0.0, 0.0]];
    let none = [[0.0, 0.0]; 3];
    let full = [[4.0, -0.5], [2.0, 0.25], [1.0, 0.75]];
    npy("pt.npy", &[3, 3, 2], [items, none, full].concat().as_flattened());
    npy("class.npy", &[3, 3], &[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0]);
    npy("y.npy", &[3], &[1.0, 0.0, 0.0]);
    npy("event.npy", &[3], &[4.0, 7.0, 6.0]);
    let import = |rest: &str| {
        let all = format!("import --items pt.npy,class.npy --y y.npy -o {rest}");
        folder.shoal(&all.split(' ').collect::<Vec<_>>())
    };
    import("a.npz --fill 0 --item-names pt,eta,class --one-hot class=3").code_is(0);
    let read = Dataset::load(&folder.path("a.npz"), &shoal::cosmology::CONVENTIONS).unwrap();
    let items = read.items.unwrap();
    assert_eq!(items.names, ["pt", "eta", "class=0", "class=1", "class=2"]);
    assert_eq!(items.offsets, [0, 2, 2, 5]);
    assert_eq!(items.values.row(1), [3.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!((read.inputs.columns, read.targets.values), (0, vec![1.0, 0.0, 0.0]));
    let condition = ["--fill", "0", "--where", "`event.npy` % 2 == 0"];
    let all = ["import", "--items", "pt.npy,class.npy", "--y", "y.npy", "-o", "b.npz"];
    folder.shoal(&[&all[..], &condition].concat()).code_is(0);
    let read = Dataset::load(&folder.path("b.npz"), &shoal::cosmology::CONVENTIONS).unwrap();
    assert_eq!(read.items.unwrap().offsets, [0, 2, 5]);
    import("c.npz").fails(2, &["3 places", "`fill`", "`mask`"]);
    import("c.npz --fill 0 --item-names pt,eta").fails(2, &["2 names", "3 columns"]);
    import("c.npz --fill 0 --one-hot i2=2").fails(2, &["'i2' is 2", "0 to 1"]);
    import("c.npz --counts y.npy").fails(2, &["pt.npy", "(items, columns)"]);
}

#[test]
fn the_memory_of_sets_is_planned() {
    for architecture in ARCHITECTURES.iter().filter(|one| !one.reads_inputs) {
        for device in ["cpu", "gpu"] {
            let folder = ready(small(architecture.name));
            // seeds for the largest sets to train at the same time on each core
            let seeds = if device == "cpu" { "seeds = 8" } else { "seeds = 2" };
            let text = study(small(architecture.name)).replace("seeds = 2", seeds);
            folder.write("study.toml", &text.replace("epochs = 25", "epochs = 2"));
            if let Some(both) = crate::plan::beside(&folder, device) {
                crate::plan::compare(&both);
            }
        }
    }
}

#[test]
fn missing_numbers_of_items_have_flags_and_parts_of_any_network_train() {
    // a third of the particles has no angle
    let without = |seed: usize, rows: usize, shift: f64| {
        let mut data = dataset(rows, seed, shift);
        let values = &mut data.items.as_mut().unwrap().values.values;
        values.chunks_exact_mut(3).step_by(3).for_each(|item| item[1] = -999.0);
        data
    };
    let (fast, full) = (without(1, 500, 0.0), without(2, 300, 4.0));
    let strategies = "[strategies.scratch]\n[strategies.warm-start]\nbody_rate = 0.1\n\
                      [strategies.bias-only]\n[strategies.frozen]\n[strategies.applied]\n\
                      [strategies.attach-head]\nreads = 'READS'\n";
    for name in ["deep-set", "edge-graph", "transformer"] {
        let folder = ready(small(name));
        fast.save(&folder.path("fast.npz")).unwrap();
        full.save(&folder.path("full.npz")).unwrap();
        let reads = if name == "edge-graph" { "edge" } else { "pool" };
        let text = folder.read("study.toml").replace("near = ['eta', 'phi']", "near = ['phi']");
        let text = text.replace("test = 150", "test = 150\nlog1p = ['pt']\nmissing = -999");
        folder.write("study.toml", &(text + &strategies.replace("READS", reads)));
        let ran = folder.run();
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(!ran.err.contains("-999"), "{name}, it is declared: {}", ran.err);
        let runs = folder.read("out/runs.csv");
        for strategy in ["bias-only", "frozen", "applied", "attach-head"] {
            assert_eq!(column(&runs, "strategy").iter().filter(|own| **own == strategy).count(), 4);
        }
        // raw items, as the study read them
        let table = folder.read("out/predictions.csv");
        let of_applied: Vec<usize> = (column(&table, "strategy").iter().enumerate())
            .filter(|(_, strategy)| **strategy == "applied")
            .map(|(line, _)| line)
            .collect();
        let seed = column(&table, "seed")[of_applied[0]];
        let model = format!("out/models/applied-120-{seed}.safetensors");
        let ran = folder.shoal(&["predict", &model, "full.npz", "-o", "p.csv"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        let predicted = numbers(&folder.read("p.csv"), "signal");
        for line in of_applied {
            let row = numbers(&table, "row")[line] as usize;
            let stored = numbers(&table, "prediction_signal")[line];
            assert!((predicted[row] - stored).abs() < 1e-6, "{name}, row {row}");
        }
        // a column that was there in every item of the study must be there
        let mut other = full.clone();
        other.items.as_mut().unwrap().values.values[2] = -999.0;
        other.save(&folder.path("other.npz")).unwrap();
        let ran = folder.shoal(&["predict", &model, "other.npz", "-o", "q.csv"]);
        ran.fails(2, &["'items'", "(phi) is -999", "never missing"]);
    }
    // NaN is a number that stands for a missing one like any other
    let folder = ready(small("deep-set"));
    let text = folder.read("study.toml");
    let train = |missing: &str| {
        let declared = text.replace("test = 150", &format!("test = 150\nmissing = {missing}"));
        folder.write("study.toml", &declared);
        folder.shoal(&["study", "study.toml", "-o", &format!("out{missing}")])
    };
    fast.save(&folder.path("fast.npz")).unwrap();
    full.save(&folder.path("full.npz")).unwrap();
    train("-999").code_is(0);
    ["fast.npz", "full.npz"].iter().for_each(|name| with_nan(&folder.path(name)));
    train("-999").fails(2, &["full.npz", "'eta' is NaN", "missing = nan"]);
    train("nan").code_is(0);
    assert_eq!(folder.read("outnan/runs.csv"), folder.read("out-999/runs.csv"));
    let model = "outnan/models/scratch-120-1.safetensors";
    folder.shoal(&["predict", model, "full.npz", "-o", "nan.csv"]).code_is(0);
    // undeclared, it is noticed
    let folder = ready(small("deep-set"));
    fast.save(&folder.path("fast.npz")).unwrap();
    full.save(&folder.path("full.npz")).unwrap();
    let ran = folder.run();
    assert_eq!(ran.err.matches("the item column 'eta' is -999").count(), 1, "{}", ran.err);
}
