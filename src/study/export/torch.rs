//! A network in PyTorch: a module, short enough to read, and its state.

use std::collections::BTreeSet;

use safetensors::tensor::{Dtype, TensorView};

use crate::data::columns::{Columns, Function};
use crate::engine::graph::Source;
use crate::engine::loss::Predicts;
use crate::engine::onnx::layer::{Layer, SetNames};
use crate::engine::ops::kernels_of;
use crate::study::export::preparation::Preparation;
use crate::study::store::model::Model;

/// What every module has, so that another one is not overwritten.
pub const MARK: &str = "Written by `shoal export`.";

/// A module while it is written.
#[derive(Default)]
struct Module {
    helpers: BTreeSet<&'static str>,
    modules: Vec<String>,
    buffers: Vec<Buffer>,
    forward: Vec<String>,
}

/// Numbers that are not trained.
struct Buffer {
    name: String,
    dtype: Dtype,
    length: usize,
    bytes: Vec<u8>,
}

/// The source of the module, and its `state_dict` as safetensors. Inputs and outputs are those of
/// [`crate::study::export::onnx`], in its order.
pub fn torch(model: &Model) -> (String, Vec<u8>) {
    let module = Module::new(model);
    let mut tensors = model.tensors();
    for (name, ..) in &mut tensors {
        // as `torch.nn.LayerNorm` has it
        *name = name.replace(".gain", ".weight");
    }
    let layers = tensors.iter().map(|(name, shape, bytes)| {
        (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes))
    });
    let buffers = module.buffers.iter().map(|Buffer { name, dtype, length, bytes }| {
        (name.clone(), TensorView::new(*dtype, vec![*length], bytes))
    });
    let views = layers.chain(buffers).map(|(name, view)| (name, view.expect("export: a tensor")));
    let state = safetensors::serialize(views, None).expect("export: valid tensors");
    (module.source(model), state)
}

impl Module {
    fn new(model: &Model) -> Self {
        let (graph, mut module) = (&model.start.network, Self::default());
        let mut sets = SetNames::default();
        let [columns, items] = Preparation::of(model);
        if graph.has_items() {
            sets.mask = "there".to_owned();
            module.line("there = mask[..., None]");
        }
        if let Some(columns) = &columns {
            module.prepare(columns, "inputs");
            module.line("unsound = (inputs - inputs).sum(1, keepdim=True)");
        }
        if let Some(items) = &items {
            module.prepare(items, "items");
            module.line("items = items.where(there, 0)");
            let before = if columns.is_some() { "unsound + " } else { "" };
            module.line(&format!("unsound = {before}(items - items).sum((1, 2))[:, None]"));
        }
        if graph.has_edges() {
            module.neighbours(model);
            sets.neighbours = "neighbours".to_owned();
            sets.edge_mask = "edges".to_owned();
        }
        for (id, node) in graph.nodes().iter().enumerate() {
            let name = |source: &Source| match source {
                Source::Node(other) => format!("x{other}"),
                Source::Input if graph.has_items() => "items".to_owned(),
                _ => "inputs".to_owned(),
            };
            let inputs = node.inputs.iter().map(name).collect();
            let parameters = &model.start.parameters;
            let layer = Layer { graph, id, parameters, inputs, sets: &sets };
            let torch = (kernels_of(node.op).torch)(&layer);
            module.modules.extend(torch.module.map(|class| format!("\"{id}\": {class},")));
            module.helpers.extend(Some(torch.helper).filter(|helper| !helper.is_empty()));
            module.line(&format!("x{id} = {}", torch.expression));
        }
        module.predict(model);
        module
    }

    fn line(&mut self, line: &str) {
        self.forward.push(line.to_owned());
    }

    fn numbers(&mut self, name: &str, numbers: impl IntoIterator<Item = f64>) {
        let bytes: Vec<u8> = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
        let (name, length) = (name.to_owned(), bytes.len() / size_of::<f64>());
        self.buffers.push(Buffer { name, dtype: Dtype::F64, length, bytes });
    }

    /// The features of a raw input, which replace it.
    fn prepare(&mut self, preparation: &Preparation, x: &str) {
        self.line(&format!("{x} = {x}.double()"));
        if let Some(columns) = preparation.columns {
            self.of_columns(columns, x);
        }
        if preparation.log10 {
            self.line(&format!("{x} = {x}.log10()"));
        }
        self.numbers(&format!("{x}_mean"), preparation.mean.iter().copied());
        self.numbers(&format!("{x}_deviation"), preparation.deviation.iter().copied());
        self.line(&format!("{x} = (({x} - self.{x}_mean) / self.{x}_deviation).float()"));
    }

    /// Missing numbers, functions and flags, as [`Columns::of`].
    fn of_columns(&mut self, columns: &Columns, x: &str) {
        if !columns.missing.is_empty() {
            let values = columns.missing.values.iter().map(|value| format!("({x} == {value:?})"));
            let nan = columns.missing.nan.then(|| format!("{x}.isnan()"));
            let tests: Vec<String> = values.chain(nan).collect();
            self.line(&format!("missing = {}", tests.join(" | ")));
            self.numbers(&format!("{x}_fill"), columns.fills_of_inputs());
            self.line(&format!("{x} = torch.where(missing, self.{x}_fill, {x})"));
        }
        for (function, name) in [(Function::Log10, "log10"), (Function::Log1p, "log1p")] {
            let has: Vec<u8> =
                columns.functions.iter().map(|one| u8::from(*one == function)).collect();
            if has.contains(&1) {
                let (buffer, length) = (format!("{x}_{name}"), has.len());
                self.line(&format!("{x} = {x}.{name}().where(self.{buffer}, {x})"));
                self.buffers.push(Buffer { name: buffer, dtype: Dtype::BOOL, length, bytes: has });
            }
        }
        if !columns.fills.is_empty() {
            let places: Vec<usize> = columns.fills.iter().map(|fill| fill.input).collect();
            self.line(&format!("{x} = torch.cat(({x}, missing[..., {places:?}].double()), -1)"));
        }
    }

    /// The nearest neighbours of the items.
    fn neighbours(&mut self, model: &Model) {
        let (edges, near) = model.near();
        let places: Vec<usize> = near.iter().map(|(column, _)| *column).collect();
        let widths = places.iter().map(|column| model.about.scaling.item_deviation[*column]);
        self.numbers("near_unit", widths);
        self.numbers("near_period", near.iter().map(|(_, period)| period.unwrap_or(f64::INFINITY)));
        self.line(&format!("near = items[..., {places:?}].double() * self.near_unit"));
        self.line("apart = (near[:, :, None] - near[:, None]).abs().fmod(self.near_period)");
        self.line("apart = torch.minimum(apart, self.near_period - apart).square().sum(-1)");
        self.line("itself = torch.eye(mask.shape[1], dtype=bool, device=mask.device)");
        self.line("apart = apart.masked_fill(itself | ~mask[:, None], torch.inf)");
        self.line(&format!(
            "apart, neighbours = (x[..., :{}, None] for x in apart.sort(dim=-1, stable=True))",
            edges.neighbours
        ));
        self.line("edges = (apart < torch.inf) & there[..., None]");
    }

    /// The predictions, from the last layer.
    fn predict(&mut self, model: &Model) {
        let (predicts, ranges) = (model.about.predicts, &model.about.scaling.target_ranges);
        let (each, last) = (predicts.outputs_per_target(), model.start.network.output_node());
        let count = each * ranges.len();
        self.line(&format!("y = (x{last} + unsound)[:, :{count}].double()"));
        let (values, deviations) = match predicts {
            Predicts::Value => ("y", None),
            Predicts::Probability => ("y.sigmoid()", None),
            Predicts::Classes => ("y.softmax(-1)", None),
            Predicts::LogVariance => ("y[:, ::2]", Some("(y[:, 1::2] / 2).exp()")),
            Predicts::Deviation => ("y[:, ::2]", Some("y[:, 1::2].abs()")),
        };
        self.numbers("low", ranges.iter().map(|[low, _]| *low));
        self.numbers("width", ranges.iter().map(|[low, high]| high - low));
        let deviations = deviations.map_or(String::new(), |one| format!(", self.width * {one}"));
        self.line(&format!("return self.low + self.width * {values}{deviations}"));
    }

    fn source(&self, model: &Model) -> String {
        let graph = &model.start.network;
        let columns = (graph.columns() > 0).then_some("inputs");
        let items = graph.has_items().then_some(["items", "mask"]);
        let arguments: Vec<&str> = columns.into_iter().chain(items.into_iter().flatten()).collect();
        let lines = |indent: usize, lines: &[String]| -> String {
            lines.iter().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
        };
        let helpers: String = self.helpers.iter().map(|helper| format!("{helper}\n\n")).collect();
        let buffer = |Buffer { name, dtype, length, .. }: &Buffer| {
            let dtype = if *dtype == Dtype::BOOL { "bool" } else { "float64" };
            format!("self.register_buffer(\"{name}\", torch.zeros({length}, dtype=torch.{dtype}))")
        };
        let buffers: Vec<String> = self.buffers.iter().map(buffer).collect();
        format!(
            "{IMPORTS}{helpers}class Network(nn.Module):\n    def __init__(self):\n        \
             super().__init__()\n        self.layers = nn.ModuleDict({{\n{}        }})\n{}\n    \
             def forward(self, {}):\n{}{LOAD}",
            lines(12, &self.modules),
            lines(8, &buffers),
            arguments.join(", "),
            lines(8, &self.forward),
        )
        .replace("MARK", MARK)
    }
}

const IMPORTS: &str = "\
\"\"\"A network in PyTorch: raw inputs in, targets in physical units out.

MARK Needs torch and safetensors. Rows that `shoal predict` refuses are NaN.
\"\"\"

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


";

const LOAD: &str = "

def load(file=Path(__file__).with_suffix(\".safetensors\")):
    network = Network()
    network.load_state_dict(load_file(file))
    return network.eval()
";
