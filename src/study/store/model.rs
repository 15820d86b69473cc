//! A trained network with all that is needed to predict, as a safetensors file.
//!
//! Tensors `layers.<i>.weight` [outputs, inputs] and `layers.<i>.bias` \[outputs\], f32, as
//! `torch.nn.Linear` has them, `layers.<i>.gain` and `.bias` of norms; the rest is JSON in the
//! metadata under `shoal`. A layer reads the one before it unless it says what it `reads`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::data::columns::Columns;
use crate::data::files::{opened, prefix, write_bytes};
use crate::data::matrix::Matrix;
use crate::data::names::number_text;
use crate::data::observations::Examples;
use crate::data::scaling::Scaling;
use crate::engine::evaluate;
use crate::engine::graph::Graph;
use crate::engine::graph::Parameters;
use crate::engine::loss::Predicts;
use crate::error::Result;
use crate::input_error;
use crate::study::prediction::Prediction;
use crate::study::sizes::Edges;
use crate::study::store::model_layers::{GraphHeader, LayerHeader};
use crate::study::transfer::Start;

/// The folder of the networks in a study's folder.
pub(crate) const MODELS: &str = "models";

/// A trained network: predicts targets in physical units from raw inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The network and its parameters.
    pub start: Start,
    /// Its metadata.
    pub about: About,
}

/// The metadata of a model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// How the features of a row, and its targets, are scaled.
    pub scaling: Scaling,
    /// What is done to the columns of the raw inputs, if anything is: the network reads features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// Names of the features: of the raw inputs, and of the flags of those that can be missing.
    pub input_names: Vec<String>,
    /// What the inputs are a function of, with its unit.
    pub axis_name: String,
    /// The position of each input on that axis.
    pub axis: Vec<f64>,
    /// Names of the columns of the items, if the network reads items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item_names: Vec<String>,
    /// What is done to the columns of the items before they are scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_columns: Option<Columns>,
    /// The edges between the items, if the network reads edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<Edges>,
    /// Names of the targets, the first outputs; outputs beyond are dummies.
    pub target_names: Vec<String>,
    /// Name of the study.
    pub study: String,
    /// The strategy; `pretraining` for a pre-trained network.
    pub strategy: String,
    /// Simulations it was trained and validated on.
    pub simulations: usize,
    /// The seed, from 1.
    pub seed: u32,
    /// What the outputs of the network are.
    #[serde(default = "values", skip_serializing_if = "is_values")]
    pub predicts: Predicts,
    /// The lowest validation loss.
    pub validation_loss: Option<f64>,
    /// Version of shoal.
    pub shoal: String,
}

impl About {
    /// Names of the columns of the raw items.
    pub fn raw_item_names(&self) -> &[String] {
        let raw = self.item_columns.as_ref().map_or(self.item_names.len(), Columns::inputs);
        &self.item_names[..raw]
    }

    /// Names of the raw inputs.
    pub fn raw_names(&self) -> &[String] {
        let raw = self.columns.as_ref().map_or(self.input_names.len(), Columns::inputs);
        &self.input_names[..raw]
    }

    /// Checks that names and scaling fit a network.
    fn check(&self, network: &Graph) -> Result<(), String> {
        let (inputs, targets) = (network.columns(), self.target_names.len());
        let items = network.item_columns();
        let lengths = [
            ("item_names", self.item_names.len(), items),
            ("scaling.item_mean", self.scaling.item_mean.len(), items),
            ("scaling.item_deviation", self.scaling.item_deviation.len(), items),
            ("input_names", self.input_names.len(), inputs),
            ("axis", self.axis.len(), inputs),
            ("scaling.mean", self.scaling.mean.len(), inputs),
            ("scaling.deviation", self.scaling.deviation.len(), inputs),
            ("scaling.target_ranges", self.scaling.target_ranges.len(), targets),
        ];
        if let Some((key, found, expected)) = lengths.iter().find(|(_, a, b)| a != b) {
            return Err(format!("{key} has {found} entries instead of {expected}"));
        }
        if network.has_edges() {
            let Some(edges) = &self.edges else {
                return Err("its layers read edges, but it has no edges".into());
            };
            edges.check(&self.item_names)?;
        }
        if let Some(columns) = &self.item_columns
            && !columns.are_sound(items)
        {
            return Err(format!("item_columns has {} features of {items}", columns.features()));
        }
        if let Some(columns) = self.columns.as_ref().filter(|own| !own.are_sound(inputs)) {
            return Err(format!("columns has {} features of {inputs}", columns.features()));
        }
        let names = self.input_names.iter().chain(&self.target_names).chain(&self.item_names);
        let mut names = names.chain([&self.axis_name, &self.study, &self.strategy]);
        if let Some(name) = names.find(|name| name.contains(char::is_control)) {
            return Err(format!("the name '{}' has a control character", name.escape_debug()));
        }
        let (outputs, each) = (network.outputs(), self.predicts.outputs_per_target());
        if !(1..=outputs / each).contains(&targets) {
            return Err(format!("{targets} targets of {outputs} outputs, {each} for each"));
        }
        let mut deviations = self.scaling.deviation.iter().chain(&self.scaling.item_deviation);
        match deviations.find(|deviation| **deviation <= 0.0) {
            Some(deviation) => Err(format!("a deviation of an input is {deviation}, not above 0")),
            None => Ok(()),
        }
    }
}

fn values() -> Predicts {
    Predicts::Value
}

fn is_values(predicts: &Predicts) -> bool {
    *predicts == Predicts::Value
}

#[derive(Serialize, Deserialize)]
struct Header {
    // not flattened: a number beyond f32 is an error only where it is read as one
    layers: Vec<LayerHeader>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<usize>,
    #[serde(flatten)]
    about: About,
}

/// Key of the JSON in the metadata.
const KEY: &str = "shoal";

impl Model {
    /// Writes the model, atomically.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_bytes(path, &self.bytes())
    }

    /// The file's contents.
    pub fn bytes(&self) -> Vec<u8> {
        let json = serde_json::to_string(&self.header()).expect("model: plain data is JSON");
        let metadata = HashMap::from([(KEY.to_owned(), json)]);
        let tensors = self.tensors();
        let views: Vec<(&str, TensorView)> = tensors
            .iter()
            .map(|(name, shape, bytes)| {
                let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
                (name.as_str(), view.expect("model: shape and bytes agree"))
            })
            .collect();
        safetensors::serialize(views, Some(metadata)).expect("model: valid tensors")
    }

    fn header(&self) -> Header {
        let GraphHeader { layers, items, beside } = GraphHeader::new(&self.start.network);
        Header { layers, items, beside, about: self.about.clone() }
    }

    /// Everything but its weights: the layers and the metadata.
    pub fn config(&self) -> serde_json::Value {
        serde_json::to_value(self.header()).expect("model: plain data is JSON")
    }

    /// Name, shape and little-endian bytes of each tensor.
    pub(crate) fn tensors(&self) -> Vec<(String, Vec<usize>, Vec<u8>)> {
        let Start { network, parameters } = &self.start;
        let mut tensors = Vec::new();
        for id in 0..network.nodes().len() {
            for matrix in network.parameters(id) {
                let name = format!("layers.{id}.{}", matrix.name);
                let number = |row: usize, column: usize| {
                    parameters[matrix.at + row * matrix.stride + column].to_le_bytes()
                };
                let columns = (0..matrix.columns)
                    .flat_map(|column| (0..matrix.rows).flat_map(move |row| number(row, column)));
                tensors.push((name, tensor_shape(matrix), columns.collect()));
            }
        }
        tensors
    }

    /// Reads a model that [`Model::save`] wrote.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the file is missing, no safetensors file, or not of shoal.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = opened(|| std::fs::read(path))
            .map_err(|e| input_error!("{}: cannot be read: {e}", path.display()))?;
        Self::from_bytes(path, &bytes)
    }

    /// Reads a model from the contents of a file; `path` is its name in messages.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let name = path.display();
        let broken = |e: &dyn std::fmt::Display| {
            input_error!(
                "{name}: not a model of shoal: {e}; models are the .safetensors files of a study"
            )
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| broken(&e))?;
        let json = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY));
        let json = json.ok_or_else(|| broken(&format!("its metadata has no entry '{KEY}'")))?;
        let header: Header = serde_json::from_str(json).map_err(|e| broken(&e))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| broken(&e))?;
        let Header { layers, items, beside, about } = header;
        let graph = GraphHeader { layers, items, beside };
        let network = graph.network().map_err(|what| broken(&what))?;
        about.check(&network).map_err(|what| broken(&what))?;
        // before the memory for them: a header may claim any size
        let needed = size_of::<f32>() as u128 * network.parameter_count() as u128;
        if needed > bytes.len() as u128 {
            let there = bytes.len();
            return Err(broken(&format!(
                "its layers take {needed} bytes, but the file has {there}"
            )));
        }
        let mut parameters = vec![0.0; network.parameter_len()];
        for id in 0..network.nodes().len() {
            for matrix in network.parameters(id) {
                let name = format!("layers.{id}.{}", matrix.name);
                let read =
                    numbers(&tensors, &name, &tensor_shape(matrix)).map_err(|e| broken(&e))?;
                for (at, number) in read.iter().enumerate() {
                    let (column, row) = (at / matrix.rows, at % matrix.rows);
                    parameters[matrix.at + row * matrix.stride + column] = *number;
                }
            }
        }
        Ok(Self { start: Start { network, parameters }, about })
    }

    /// The features of raw inputs, shape (rows, features): the inputs themselves unless something
    /// is done to their columns.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the inputs are not as many as the model's, or have no value.
    pub fn features(&self, raw: &Matrix, name: &str) -> Result<Matrix> {
        let Some(columns) = &self.about.columns else {
            return Ok(raw.clone());
        };
        self.check_count(raw, self.about.raw_names(), name)?;
        columns.of(raw, self.about.raw_names()).map_err(|error| prefix(error, name))
    }

    fn check_count(&self, inputs: &Matrix, names: &[String], name: &str) -> Result<()> {
        if inputs.columns == names.len() {
            return Ok(());
        }
        Err(input_error!(
            "{name} has {} columns but the model reads {} inputs ({} to {})",
            inputs.columns,
            names.len(),
            names.first().map_or("", String::as_str),
            names.last().map_or("", String::as_str),
        ))
    }

    /// The scaled inputs of a network, its columns per example, from [`Model::features`], shape
    /// (rows, features).
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the inputs are not as many as the network's, not finite, or not
    /// positive under log10.
    pub fn scaled_inputs(&self, inputs: &Matrix, name: &str) -> Result<Vec<f64>> {
        let expected = self.start.network.columns();
        self.check_count(inputs, &self.about.input_names, name)?;
        let mut scaled = vec![0.0; inputs.values.len()];
        for (index, row) in scaled.chunks_exact_mut(expected.max(1)).enumerate() {
            self.check_row(inputs.row(index), index, name)?;
            self.about.scaling.input(inputs.row(index), row);
            self.check_scaled(row, inputs.row(index), (index, name))?;
        }
        Ok(scaled)
    }

    /// Checks that scaled inputs are finite in f32.
    fn check_scaled(
        &self,
        scaled: &[f64],
        raw: &[f64],
        (index, name): (usize, &str),
    ) -> Result<()> {
        let beyond = |value: &f64| !(*value as f32).is_finite();
        let Some(column) = scaled.iter().position(beyond) else { return Ok(()) };
        let (scaling, what) =
            (&self.about.scaling, if self.about.scaling.log10 { "log10 " } else { "" });
        Err(input_error!(
            "{name}: row {index}, column {column} ({}) is {:e}, too far from what the model was \
             trained on, {what}{:e} ± {:e}; are the units the same?",
            self.about.input_names.get(column).map_or("", String::as_str),
            raw[column],
            scaling.mean[column],
            scaling.deviation[column]
        ))
    }

    /// Outputs that belong to no target, in targets.
    pub(crate) fn dummies(&self) -> usize {
        let each = self.about.predicts.outputs_per_target();
        self.start.network.outputs() / each - self.about.target_names.len()
    }

    /// The output of the network that predicts a target: its value, logit or mean.
    pub fn output_of(&self, target: usize) -> usize {
        target * self.about.predicts.outputs_per_target()
    }

    /// Predicts scaled targets from [`Model::features`].
    ///
    /// # Errors
    /// As [`Model::scaled_inputs`], and as [`Model::table`] for items.
    pub fn predict_scaled<'a>(
        &self,
        raw: impl Into<Examples<'a>>,
        name: &str,
    ) -> Result<Prediction> {
        let (raw, Start { network, parameters }) = (raw.into(), &self.start);
        let outputs = match network.has_items() {
            true => {
                let table = self.table(raw, name)?;
                let (scales, rows) = (self.scales(), 0..table.rows as u32);
                let tables = (Arc::from([table]), 0);
                evaluate::predict_rows(network, parameters, scales, tables, &Vec::from_iter(rows))
            }
            false => {
                let scaled = self.scaled_inputs(raw.inputs, name)?;
                let scaled: Vec<f32> = scaled.iter().map(|value| *value as f32).collect();
                evaluate::predict(network, parameters, &scaled)
            }
        };
        let (width, targets) = (self.start.network.outputs(), self.about.target_names.len());
        Ok(Prediction::new(self.about.predicts, &outputs, width, targets))
    }

    /// Predicts targets in physical units, shape (rows, targets), from raw inputs.
    ///
    /// # Errors
    /// As [`Model::features`] and [`Model::predict_scaled`].
    pub fn predict<'a>(&self, raw: impl Into<Examples<'a>>, name: &str) -> Result<Matrix> {
        let raw = raw.into();
        let inputs = &self.features(raw.inputs, name)?;
        let items = raw.items.map(|items| self.item_features(items, name)).transpose()?;
        let features = Examples { inputs, items: items.as_ref() };
        Ok(self.predict_with_deviations(features, name)?.0)
    }

    /// The same from [`Model::features`], and the predicted standard deviations in the same units
    /// and shape, if the network has them.
    ///
    /// # Errors
    /// As [`Model::predict_scaled`].
    pub fn predict_with_deviations<'a>(
        &self,
        raw: impl Into<Examples<'a>>,
        name: &str,
    ) -> Result<(Matrix, Option<Matrix>)> {
        let raw = raw.into();
        let scaled = self.predict_scaled(raw, name)?;
        let (rows, columns) = (raw.inputs.rows, self.about.target_names.len());
        let matrix = |of: &[Vec<f64>]| {
            let values = (0..rows).flat_map(|row| of.iter().map(move |column| column[row]));
            Matrix::new(rows, columns, values.collect())
        };
        let mut values = matrix(&scaled.values);
        for row in values.values.chunks_exact_mut(columns) {
            let from = row.to_vec();
            self.about.scaling.physical(&from, row);
        }
        let deviations = (!scaled.deviations.is_empty()).then(|| {
            let mut deviations = matrix(&scaled.deviations);
            for row in deviations.values.chunks_exact_mut(columns) {
                let ranges = row.iter_mut().zip(&self.about.scaling.target_ranges);
                ranges.for_each(|(deviation, [low, high])| *deviation *= high - low);
            }
            deviations
        });
        Ok((values, deviations))
    }

    fn check_row(&self, row: &[f64], index: usize, name: &str) -> Result<()> {
        let log10 = self.about.scaling.log10;
        let bad = row.iter().position(|value| !value.is_finite() || (log10 && *value <= 0.0));
        let Some(column) = bad else { return Ok(()) };
        let need =
            if log10 { "finite and above 0, because the model takes its log10" } else { "finite" };
        Err(input_error!(
            "{name}: row {index}, column {column} ({}) is {}; it must be {need}",
            self.about.input_names.get(column).map_or("", String::as_str),
            number_text(row[column])
        ))
    }
}

/// The shape of a tensor, as PyTorch has it: a weight (outputs, inputs), a bias or gain (outputs).
fn tensor_shape(matrix: &Parameters) -> Vec<usize> {
    match matrix.rows {
        1 if ["bias", "gain"].contains(&matrix.name) => vec![matrix.columns],
        rows => vec![matrix.columns, rows],
    }
}

fn numbers(
    tensors: &SafeTensors,
    name: &str,
    shape: &[usize],
) -> std::result::Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|e| format!("{name}: {e}"))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        return Err(format!(
            "{name} is {:?} {:?}, not F32 {shape:?}",
            tensor.dtype(),
            tensor.shape()
        ));
    }
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Ok(tensor.data().chunks_exact(4).map(number).collect())
}
