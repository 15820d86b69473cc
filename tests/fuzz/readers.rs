//! The readers of files that a stranger may have made. Each reads any bytes without a panic, and
//! holds no more memory than a multiple of their number. `target.rs` fuzzes them;
//! `tests/library/fuzz.rs` reads some mutations of the seeds with every test run.

use std::fs;
use std::path::{Path, PathBuf};

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, FORMATS, Format, Import, Items, Matrix, Scaling};
use shoal::engine::graph::Graph;
use shoal::engine::loss::Predicts;
use shoal::study::Study;
use shoal::study::config::SearchConfig;
use shoal::study::search::Stage;
use shoal::study::store::journal::{JournalEvent, Records};
use shoal::study::store::model::{About, Model};
use shoal::study::store::results::StudyResults;
use shoal::study::transfer::Start;
use tempfile::TempDir;

use crate::allocations::peak;

/// What a deflated array may take beyond its file: deflate packs at most 1,032 bytes into one.
const DEFLATE: usize = 1032;

/// Numbers that a compressed column may have for each byte of its file, at most.
const MOST_NUMBERS: usize = 4096;

/// Creates files.
type Seeds = Box<dyn Fn() -> Vec<Vec<u8>>>;

/// Reads a file.
type Read = Box<dyn Fn(&[u8])>;

/// A reader of files.
pub struct Reader {
    /// Its name, and that of its fuzz target.
    pub name: &'static str,
    /// Valid and damaged files to begin with.
    pub seeds: Seeds,
    /// Reads a file, and uses what it gave.
    pub read: Read,
    /// Bytes of memory for each byte of the file.
    pub multiple: usize,
}

/// Bytes of memory that do not depend on the file: messages, hash tables, buffers.
const FIXED: usize = 1 << 20;

impl Reader {
    fn new(
        name: &'static str,
        seeds: impl Fn() -> Vec<Vec<u8>> + 'static,
        read: impl Fn(&[u8]) + 'static,
    ) -> Self {
        Self { name, seeds: Box::new(seeds), read: Box::new(read), multiple: 64 }
    }

    /// Reads a file.
    ///
    /// # Panics
    /// If that panics, or takes too much memory.
    pub fn check(&self, bytes: &[u8]) {
        let (most, limit) = (peak(|| (self.read)(bytes)), FIXED + self.multiple * bytes.len());
        assert!(
            most <= limit,
            "{}: {most} bytes of memory for a file of {}; at most {limit}",
            self.name,
            bytes.len()
        );
    }
}

/// All readers: the formats of datasets, then the other files.
pub fn readers() -> Vec<Reader> {
    let others = [
        // TOML trees and the errors of serde hold more than the text
        Reader { multiple: 512, ..Reader::new("study", studies, read_study()) },
        Reader::new("model", models, read_model),
        Reader::new("journal", journals, read_journal),
        Reader::new("folder", folders, read_folder),
        Reader::new("tables", tables, read_tables),
    ];
    FORMATS.iter().map(format).chain(others).collect()
}

/// The reader of a name.
#[allow(dead_code, reason = "used by the fuzz targets")]
pub fn named(name: &str) -> Reader {
    readers().into_iter().find(|reader| reader.name == name).expect("a reader of this name")
}

fn project(below: &str) -> PathBuf {
    // this file is also part of the package in its own folder
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = if here.ends_with("tests/fuzz") { &here.join("../..") } else { here };
    top.join(below)
}

/// The files of a folder that end so.
fn files(below: &str, extensions: &[&str]) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(project(below)).expect("a folder of seeds");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let wanted = |path: &&PathBuf| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|extension| extensions.contains(&extension))
    };
    paths.iter().filter(wanted).map(|path| fs::read(path).expect("a seed")).collect()
}

/// A format of datasets.
fn format(format: &'static Format) -> Reader {
    let seeds = move || {
        let mut seeds = files("tests/fixtures", format.extensions);
        if format.name == "text" {
            seeds.extend(TEXTS.iter().map(|text| text.as_bytes().to_vec()));
        }
        if format.name == "npz" {
            seeds.push(ragged());
        }
        seeds
    };
    let read = move |bytes: &[u8]| {
        let file = Path::new("file");
        let _ = format.read_table(file, bytes);
        for member in members(format.name) {
            let _ = format.read_member(file, bytes, member);
        }
        if let Some(Ok(dataset)) = format.read_dataset(file, bytes, &CONVENTIONS) {
            dataset.check().expect("a dataset that was read is sound");
        }
    };
    let multiple = match format.name {
        "npz" | "hdf5" => 64 * DEFLATE,
        "parquet" | "root" => 64 * MOST_NUMBERS,
        _ => 64,
    };
    Reader { multiple, ..Reader::new(format.name, seeds, read) }
}

/// Parts of the seeds of a format.
fn members(format: &str) -> &'static [&'static str] {
    match format {
        "npz" => &["x", "items"],
        "parquet" => &["Muon", "muons", "lists", "pair", "f64"],
        "root" => &["Events/Muon", "Events/pair", "vector_int32"],
        "hdf5" => &["x", "tracks", "tracks/pt", "padded", "ragged", "lzf", "shuffle"],
        _ => &[],
    }
}

const TEXTS: [&str; 8] = [
    "# made in 2020\n# Omega_m h\n1 2\n3 4\n",
    "\"Omega_m\",\"h\"\n1,2\n3,4\n",
    "1;-2.5;3e4\n4; 5; 6\n",
    "\u{feff}# a comment\n\n1 -2.5 3.0D4 # first\n# another\n4 5 6\n\n",
    "0,1,2\n1.1,1.2,1.3\n",
    "1,25\n3,5\n",
    "a b\n1 2\n3 4x\n",
    "#Name Omega_m sigma_8\nLH_0 .3 .8\nLH_1 .2 .9\n",
];

const STUDY: &str = "name = \"small\"\nseeds = 2\nsizes = [10, 20]\ntest = 5\n[data]\n\
    pretrain = \"pre.npz\"\nfinetune = \"fine.npz\"\n[network]\nhidden = [8]\nslope = 0.1\n\
    [training]\nepochs = 6\nbatch = 8\nbetas = [0.9, 0.99]\nclip_norm = 1.0\n\
    schedule = \"cosine\"\nwarmup = 2\n[pretraining]\nsimulations = [20, 30]\nbottleneck = 4\n\
    dummies = 2\n[strategies.scratch]\n[strategies.attach-head]\nreads = \"last-hidden\"\n";

fn studies() -> Vec<Vec<u8>> {
    let mut seeds = files("data/studies", &["toml"]);
    let search = "[search]\ntrials = 10\n[search.pruning]\nrule = \"halving\"\n[search.space]\n\
        layers = { high = 2 }\nunits = { low = 4, high = 64, step = 4 }\ndropout = 0.1\n\
        batch = { choices = [16, 32] }\n";
    let searching = STUDY.replace("seeds = 2\n", "").replace("[20, 30]", "20") + search;
    let import = STUDY.replace("\"fine.npz\"", "{ x = \"x.txt\", y = \"y.txt\", max_k = 2.0 }");
    let split = STUDY.replace("test = 5\n", "") + "[split]\ntest = 0.2\ntraining = 0.65\n";
    let simulate = STUDY.replace("\"pre.npz\"", "{ simulate = { scenario = \"lcdm\" } }");
    seeds.extend([STUDY.into(), searching, import, split, simulate].map(String::into_bytes));
    seeds
}

/// A small dataset: targets `a`, `b` and so on.
fn dataset(rows: usize, targets: usize) -> Dataset {
    let numbers = |columns: usize| {
        let number = |at: usize| 1.5 + (at as f64 * 0.618).sin();
        Matrix::new(rows, columns, (0..rows * columns).map(number).collect())
    };
    let names = ["a", "b", "c"][..targets].iter().map(|name| name.to_string()).collect();
    let ranges = vec![[0.0, 3.0]; targets];
    let dataset = Dataset::new(numbers(3), numbers(targets), names).expect("a dataset");
    Dataset { target_ranges: ranges, ..dataset }
}

/// The file of a small ragged dataset.
fn ragged() -> Vec<u8> {
    let items = Matrix::new(5, 2, (0..10).map(f64::from).collect());
    let names = Some(["pt", "eta"].map(str::to_owned).to_vec());
    let items = Items::from_counts(items, &[2.0, 0.0, 3.0], names).expect("items");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ragged.npz");
    Dataset { items: Some(items), ..dataset(3, 1) }.save(&path).expect("a dataset");
    fs::read(path).expect("a dataset")
}

/// Reads a study with its data, which are in a folder that lives as long as the reader.
fn read_study() -> impl Fn(&[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    dataset(40, 2).save(&folder.path().join("pre.npz")).expect("a dataset");
    dataset(40, 3).save(&folder.path().join("fine.npz")).expect("a dataset");
    fs::write(folder.path().join("x.txt"), "1 2 3\n2 3 4\n".repeat(20)).expect("inputs");
    fs::write(folder.path().join("y.txt"), "a b c\n".to_owned() + &"1 2 3\n0 1 2\n".repeat(20))
        .expect("targets");
    move |bytes: &[u8]| {
        let path = folder.path().join("study.toml");
        fs::write(&path, bytes).expect("a study file");
        let refuse = &mut |_: &_| Err(shoal::Error::Input("no simulator here".into()));
        for study in Study::read(&path, refuse).into_iter().flatten() {
            assert!(study.plan.planned_runs() > 0);
        }
    }
}

/// An untrained model.
fn model() -> Model {
    let data = dataset(20, 2);
    let graph = Graph::mlp(&[3, 4, 2]).dropout(0.1).build().expect("a perceptron");
    let parameters = graph.initial_parameters(1);
    let about = About {
        columns: None,
        scaling: Scaling::fit(&data, &[0, 1, 2], false).expect("a scaling"),
        input_names: data.input_names,
        axis_name: data.axis_name,
        axis: data.axis,
        item_names: vec![],
        edges: None,
        item_columns: None,
        target_names: data.target_names,
        study: "small".into(),
        strategy: "scratch".into(),
        simulations: 20,
        seed: 1,
        predicts: Predicts::Value,
        validation_loss: Some(0.1),
        shoal: "0.1.0".into(),
    };
    Model { start: Start { network: graph, parameters }, about }
}

/// The bytes of a model with other text in its header, whose length stands before it.
pub fn reheaded(model: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (length, rest) = model.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("8 bytes")) as usize;
    let header = String::from_utf8_lossy(&rest[..length]);
    assert!(header.contains(from), "a header without {from}: {header}");
    let header = header.replace(from, to);
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &rest[length..]].concat()
}

/// What headers of models claim that is not so, as text in place of text.
pub const CLAIMS: [(&str, &str); 9] = [
    (r#"\"outputs\":4"#, r#"\"outputs\":4611686018427387904"#),
    (r#"\"inputs\":3"#, r#"\"inputs\":18446744073709551615"#),
    (r#"\"outputs\":2"#, r#"\"outputs\":1000000000"#),
    (r#"\"outputs\":2"#, r#"\"outputs\":1"#),
    (r#"\"target_names\":[\"a\",\"b\"]"#, r#"\"target_names\":[\"a\",\"b\",\"c\"]"#),
    (r#"\"target_names\":[\"a\",\"b\"]"#, r#"\"target_names\":[]"#),
    (r#"\"mean\":["#, r#"\"mean\":[0.5,"#),
    (r#"\"seed\":1"#, r#"\"seed\":1,\"predicts\":\"deviation\""#),
    (r#"\"slope\":0.0"#, r#"\"slope\":1e39"#),
];

/// The file of a small model.
pub fn model_bytes() -> Vec<u8> {
    model().bytes()
}

fn models() -> Vec<Vec<u8>> {
    let good = model_bytes();
    let cut = good[..good.len() - 7].to_vec();
    let claims = CLAIMS.map(|(from, to)| reheaded(&good, from, to));
    [vec![good, cut], claims.to_vec()].concat()
}

fn read_model(bytes: &[u8]) {
    if let Ok(model) = Model::from_bytes(Path::new("model"), bytes) {
        let inputs = model.start.network.inputs();
        let _ = model.predict(&Matrix::new(1, inputs, vec![1.0; inputs]), "inputs");
        let again = Model::from_bytes(Path::new("model"), &model.bytes()).expect("a model");
        assert_eq!(again.about, model.about);
    }
}

fn journals() -> Vec<Vec<u8>> {
    let value = serde_json::json!({ "total": 0.03, "NaN": [null, "Infinity"] });
    let events = [
        JournalEvent::Search { name: "P(k), scratch, 50".into(), maximises: false },
        JournalEvent::SearchAttribute { search: 0, key: "k".into(), value: value.clone() },
        JournalEvent::Trial { search: 0, number: 0, parameters: vec![] },
        JournalEvent::Loss { trial: 0, epoch: 1, loss: f64::NAN },
        JournalEvent::Loss { trial: 0, epoch: 2, loss: f64::INFINITY },
        JournalEvent::TrialAttribute { trial: 0, key: "k".into(), value },
        JournalEvent::End {
            trial: 0,
            state: shoal::study::search::State::Complete,
            value: Some(0.1),
        },
    ];
    vec![events.iter().map(JournalEvent::line).collect::<String>().into_bytes()]
}

fn read_journal(bytes: &[u8]) {
    let mut records = Records::default();
    if records.read(Path::new("journal"), bytes).is_ok() {
        let space = SearchConfig::default().space.space(Stage::Fresh).expect("a space");
        for search in records.searches() {
            let _ = search.trials(&space);
        }
        for id in 0..records.trial_count() {
            records.trial(id).expect("a trial that was counted");
        }
    }
}

/// The parts of one file as the files of a folder.
fn parts(bytes: &[u8], names: impl Iterator<Item = String>) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (part, name) in bytes.split(|byte| *byte == 0).zip(names) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, part).expect("a file");
    }
    folder
}

fn folders() -> Vec<Vec<u8>> {
    let text = "# Omega_m h\n0.1 0.5\n0.2 0.6\n0.3 0.7\n\0# k P\n0.01 10\n0.02 20\n\0\
        0.01 11\n0.02 21\n\x000.01 12 7\n0.02 22 7\n";
    vec![text.into(), text.replace("0.02 21", "0.03 21").into_bytes()]
}

/// Targets, then the spectra of the simulations 0, 1, ..., as Quijote publishes them.
fn read_folder(bytes: &[u8]) {
    let spectrum = |simulation: usize| format!("sims/{simulation}/Pk_m_z=0.txt");
    let names = std::iter::once("y.txt".to_owned()).chain((0..8).map(spectrum));
    let folder = parts(bytes, names);
    for skip_missing in [None, Some(true)] {
        let import = Import {
            x: "sims".into(),
            y: "y.txt".into(),
            skip_missing,
            max_k: skip_missing.map(|_| 0.02),
            ..Import::default()
        };
        let _ = import.read(folder.path(), &CONVENTIONS);
    }
}

/// The tables of a study that `shoal analyse` reads.
const TABLES: [&str; 6] = [
    "runs.csv",
    "pretraining.csv",
    "study.json",
    "trials.csv",
    "predictions.csv",
    "attributions.csv",
];

fn tables() -> Vec<Vec<u8>> {
    let runs = "strategy,simulations,seed,validation_loss,test_mse,test_mse_a,test_r2,test_r2_a,\
        epochs,steps,stopped,model\nscratch,20,1,0.1,0.2,0.2,0.5,0.5,6,12,epochs,\n";
    vec![runs.into(), format!("{runs}\0{}", runs.replace("scratch", "pretraining")).into_bytes()]
}

fn read_tables(bytes: &[u8]) {
    let folder = parts(bytes, TABLES.iter().map(|name| name.to_string()));
    let _ = StudyResults::read(folder.path());
}
