//! Shared by the Rust peers: the list of runs from `workloads.py`, a shuffle, and the protocol of
//! `compare.py`, which `worker.py` describes.
#![allow(dead_code)] // shoal does not need the loop over runs

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

/// The runs of a list and the table that they train on.
pub struct Work {
    /// Inputs, shape (rows, inputs).
    pub x: Vec<f32>,
    /// Targets, shape (rows, targets).
    pub y: Vec<f32>,
    pub rows: usize,
    pub inputs: usize,
    pub targets: usize,
    pub training: Training,
    pub runs: Vec<Run>,
    /// The items of the rows, in a list on sets.
    pub sets: Option<Items>,
}

/// The items of all rows.
pub struct Items {
    /// Items of each row.
    pub counts: Vec<usize>,
    /// Items, shape (items, columns).
    pub x: Vec<f32>,
    pub columns: usize,
    /// Neighbours of an item.
    pub neighbours: usize,
}

/// The settings of every run.
#[derive(Clone, Copy)]
pub struct Training {
    pub batch: usize,
    pub learning_rate: f64,
    pub betas: [f64; 2],
    pub epsilon: f64,
    pub weight_decay: f64,
    pub slope: f64,
}

/// One run.
pub struct Run {
    /// Widths of the frozen base.
    pub frozen: Vec<usize>,
    /// Widths of the hidden layers that are trained.
    pub hidden: Vec<usize>,
    pub dropout: f64,
    /// Training rows: the first ones.
    pub training: usize,
    /// Validation rows: those after the training rows.
    pub validation: usize,
    pub epochs: usize,
    /// The run as `workloads.py` wrote it, with the widths of its architecture.
    pub words: Value,
}

impl Work {
    /// Panics, with the path, if the file is not what `workloads.py` wrote.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let list: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let table = path.with_file_name(list["table"].as_str().expect("table"));
        let bytes =
            std::fs::read(&table).unwrap_or_else(|error| panic!("{}: {error}", table.display()));
        let (words, _) = bytes.as_chunks::<4>();
        let mut x: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let [rows, inputs, targets] = ["rows", "inputs", "targets"].map(|key| count(&list[key]));
        let mut y = x.split_off(rows * inputs);
        let mut rest = y.split_off(rows * targets);
        let sets = list.get("item_columns").map(|columns| {
            let x = rest.split_off(rows);
            let counts = rest.into_iter().map(|count| count as usize).collect();
            Items { counts, x, columns: count(columns), neighbours: count(&list["neighbours"]) }
        });
        let settings = &list["training"];
        let number = |key: &str| settings[key].as_f64().expect("training");
        let training = Training {
            batch: count(&settings["batch"]),
            learning_rate: number("learning_rate"),
            betas: [0, 1].map(|place| settings["betas"][place].as_f64().expect("betas")),
            epsilon: number("epsilon"),
            weight_decay: number("weight_decay"),
            slope: number("slope"),
        };
        let runs = list["runs"].as_array().expect("runs").iter().map(Run::read).collect();
        Self { x, y, rows, inputs, targets, training, runs, sets }
    }
}

impl Run {
    fn read(run: &Value) -> Self {
        let widths = |key: &str| counts(&run[key]);
        Self {
            frozen: widths("frozen"),
            hidden: widths("hidden"),
            dropout: run["dropout"].as_f64().expect("dropout"),
            training: count(&run["training"]),
            validation: count(&run["validation"]),
            epochs: count(&run["epochs"]),
            words: run.clone(),
        }
    }
}

/// A whole number.
pub fn count(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

/// A list of them.
pub fn counts(value: &Value) -> Vec<usize> {
    value.as_array().expect("widths").iter().map(count).collect()
}

/// The result of a trainer.
pub struct Done {
    pub steps: u64,
    pub seconds: f64,
    /// Mean of the best validation losses, after whole runs.
    pub loss: Option<f64>,
    /// Floating-point operations of the products of whole runs, real rows only, and how many the
    /// machine does in a second at most.
    pub arithmetic: Option<[f64; 2]>,
}

impl Done {
    /// The result with the time since `begin`.
    pub fn since(begin: Instant, steps: u64, loss: Option<f64>) -> Self {
        Self { steps, seconds: begin.elapsed().as_secs_f64(), loss, arithmetic: None }
    }
}

/// A library that trains the runs.
pub trait Trainer {
    /// Trains for a number of seconds.
    fn rate(&mut self, seconds: f64) -> Done;

    /// Trains every run to its last epoch.
    fn whole(&mut self) -> Done;
}

/// Reports that it is ready and answers requests until there are no more.
pub fn converse(version: &str, trainer: &mut dyn Trainer) {
    println!("{}", json!({ "version": version }));
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("stdin");
        let done = match line.split_once(' ') {
            Some(("rate", seconds)) => trainer.rate(seconds.parse().expect("seconds")),
            None if line == "whole" => trainer.whole(),
            _ => Done { steps: 0, seconds: 0.0, loss: None, arithmetic: None },
        };
        let mut answer = json!({ "steps": done.steps, "seconds": done.seconds, "loss": done.loss });
        if let Some([flops, ceiling]) = done.arithmetic {
            (answer["flops"], answer["ceiling"]) = (flops.into(), ceiling.into());
        }
        println!("{answer}");
    }
}

/// One network that trains by epochs.
pub trait Member {
    /// Trains an epoch, validates and keeps the best parameters. Returns the number of steps.
    fn epoch(&mut self) -> u64;

    /// The best validation loss.
    fn best(&self) -> f64;
}

/// Trains runs one after another.
pub struct Loop<M, F> {
    /// Starts a run.
    start: F,
    members: Vec<Option<M>>,
    epochs: Vec<usize>,
    turn: usize,
    finished: usize,
}

impl<M, F: FnMut(usize) -> M> Loop<M, F> {
    pub fn new(runs: &[Run], start: F) -> Self {
        let epochs = runs.iter().map(|run| run.epochs).collect();
        Self { start, members: runs.iter().map(|_| None).collect(), epochs, turn: 0, finished: 0 }
    }
}

impl<M: Member, F: FnMut(usize) -> M> Trainer for Loop<M, F> {
    fn rate(&mut self, seconds: f64) -> Done {
        let (begin, mut steps) = (Instant::now(), 0);
        while begin.elapsed().as_secs_f64() < seconds {
            let member = self.members[self.turn].get_or_insert_with(|| (self.start)(self.turn));
            steps += member.epoch();
            self.finished += 1;
            if self.finished == self.epochs[self.turn] {
                (self.turn, self.finished) = ((self.turn + 1) % self.epochs.len(), 0);
            }
        }
        Done::since(begin, steps, None)
    }

    fn whole(&mut self) -> Done {
        let (begin, mut steps, mut best) = (Instant::now(), 0, 0.0);
        for (run, epochs) in self.epochs.iter().enumerate() {
            let mut member = (self.start)(run);
            steps += (0..*epochs).map(|_| member.epoch()).sum::<u64>();
            best += member.best();
        }
        Done::since(begin, steps, Some(best / self.epochs.len() as f64))
    }
}

/// Rows in a new order each epoch (Fisher-Yates).
pub struct Shuffle {
    order: Vec<u32>,
    state: u64,
}

impl Shuffle {
    pub fn new(rows: usize, seed: u64) -> Self {
        Self { order: (0..rows as u32).collect(), state: seed.wrapping_mul(2) | 1 }
    }

    pub fn next(&mut self) -> &[u32] {
        for last in (1..self.order.len()).rev() {
            // a step of a multiplicative generator, of which the high bits are used
            self.state =
                self.state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x9e37_79b9_7f4a_7c15);
            let chosen = ((self.state >> 32) * (last as u64 + 1)) >> 32;
            self.order.swap(last, chosen as usize);
        }
        &self.order
    }
}
