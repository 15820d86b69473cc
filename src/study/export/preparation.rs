//! The features of raw inputs in ONNX: missing numbers, logarithms, scaling. A number that `shoal
//! predict` refuses becomes NaN.

use crate::data::columns::{Columns, Function};
use crate::engine::onnx::nodes::{Nodes, integer};
use crate::engine::onnx::proto::DataType;
use crate::study::store::model::Model;

/// What is done to the columns of raw inputs.
pub(super) struct Preparation<'a> {
    /// Functions and missing numbers of single columns.
    pub columns: Option<&'a Columns>,
    /// Whether the log10 of all follows.
    pub log10: bool,
    /// What becomes 0, shape (features).
    pub mean: &'a [f64],
    /// What becomes 1, shape (features).
    pub deviation: &'a [f64],
}

impl<'a> Preparation<'a> {
    /// Those of the columns per example and of the items of a model, where it reads them.
    pub fn of(model: &'a Model) -> [Option<Self>; 2] {
        let Model { about, start } = model;
        let columns = (start.network.columns() > 0).then(|| Self {
            columns: about.columns.as_ref(),
            log10: about.scaling.log10,
            mean: &about.scaling.mean,
            deviation: &about.scaling.deviation,
        });
        let items = start.network.has_items().then(|| Self {
            columns: about.item_columns.as_ref(),
            log10: false,
            mean: &about.scaling.item_mean,
            deviation: &about.scaling.item_deviation,
        });
        [columns, items]
    }

    /// Adds the features in f32 of raw inputs in f64, whose last axis are the columns. Until they
    /// are scaled they are f64, because an f32 does not hold the raw inputs.
    pub fn onnx(&self, nodes: &mut Nodes, raw: &str) -> String {
        let mut x = raw.to_owned();
        if let Some(columns) = self.columns {
            x = of_columns(columns, nodes, &x);
        }
        if self.log10 {
            x = log10(nodes, &x);
        }
        let [mean, deviation] = [self.mean, self.deviation].map(|row| nodes.row(row));
        let centred = nodes.add("Sub", &[&x, &mean]);
        let scaled = nodes.add("Div", &[&centred, &deviation]);
        nodes.cast(&scaled, DataType::Float)
    }
}

/// Missing numbers, functions and flags, as [`Columns::of`].
fn of_columns(columns: &Columns, nodes: &mut Nodes, raw: &str) -> String {
    let missing = (!columns.missing.is_empty()).then(|| is_missing(columns, nodes, raw));
    let mut x = raw.to_owned();
    if let Some(missing) = &missing {
        let fills = nodes.row(&columns.fills_of_inputs());
        x = nodes.add("Where", &[missing, &fills, &x]);
    }
    type Add = fn(&mut Nodes, &str) -> String;
    for (function, add) in [(Function::Log10, log10 as Add), (Function::Log1p, log1p)] {
        let has: Vec<bool> = columns.functions.iter().map(|one| *one == function).collect();
        if has.contains(&true) {
            let (has, values) = (nodes.row(&has), add(nodes, &x));
            x = nodes.add("Where", &[&has, &values, &x]);
        }
    }
    let Some(missing) = missing.filter(|_| !columns.fills.is_empty()) else { return x };
    let inputs: Vec<i64> = columns.fills.iter().map(|fill| fill.input as i64).collect();
    let (inputs, missing) = (nodes.row(&inputs), nodes.cast(&missing, DataType::Double));
    let flags = nodes.add_with("Gather", &[&missing, &inputs], vec![integer("axis", -1)]);
    nodes.add_with("Concat", &[&x, &flags], vec![integer("axis", -1)])
}

/// Whether each number stands for a missing one.
fn is_missing(columns: &Columns, nodes: &mut Nodes, raw: &str) -> String {
    let mut tests = Vec::new();
    for value in &columns.missing.values {
        let value = nodes.scalar(*value);
        tests.push(nodes.add("Equal", &[raw, &value]));
    }
    if columns.missing.nan {
        tests.push(nodes.add("IsNaN", &[raw]));
    }
    let any = tests.into_iter().reduce(|one, other| nodes.add("Or", &[&one, &other]));
    any.expect("export: a number that stands for a missing one")
}

fn log10(nodes: &mut Nodes, x: &str) -> String {
    let (log, ten) = (nodes.add("Log", &[x]), nodes.scalar(std::f64::consts::LN_10));
    nodes.add("Div", &[&log, &ten])
}

/// ln(1 + x) with the digits of a small x: ln(u) x / (u - 1) with u = 1 + x, or x where u is 1
/// (Goldberg, ACM Computing Surveys 23, 1991, theorem 4).
fn log1p(nodes: &mut Nodes, x: &str) -> String {
    let one = nodes.scalar(1f64);
    let u = nodes.add("Add", &[x, &one]);
    let (log, less) = (nodes.add("Log", &[&u]), nodes.add("Sub", &[&u, &one]));
    let product = nodes.add("Mul", &[&log, x]);
    let quotient = nodes.add("Div", &[&product, &less]);
    let is_one = nodes.add("Equal", &[&u, &one]);
    nodes.add("Where", &[&is_one, x, &quotient])
}
