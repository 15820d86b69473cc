//! `shoal inspect`: the contents of a file.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use shoal::Graph;
use shoal::Result;
use shoal::cosmology::CONVENTIONS;
use shoal::data::names::number_text;
use shoal::data::{Dataset, is_dataset};
use shoal::engine::graph::Source;
use shoal::study::sizes::Edges;
use shoal::study::store::model::Model;

use crate::cli::output::Output;

/// Describes a model (.safetensors) or a dataset (.npz)
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct InspectArgs {
    /// The file
    file: PathBuf,
}

const REFERENCE: &str = "\
Examples:
  shoal inspect results/models/scratch-400-1.safetensors
  shoal inspect expensive.npz --json

Events (--json):
  model    about, parameters
  dataset  simulations, inputs, axis_name, targets, target_ranges, sha256,
           provenance; of ragged ones items and item_names";

/// Describes.
pub fn run(args: &InspectArgs, output: &Output) -> Result<()> {
    match is_dataset(&args.file) {
        true => dataset(&args.file, output),
        false => model(&args.file, output),
    }
}

fn dataset(path: &Path, output: &Output) -> Result<()> {
    let dataset = Dataset::load(path, &CONVENTIONS)?;
    let axis = &dataset.axis;
    output.result(&format!(
        "dataset {}\n  {} simulations\n  {} inputs, {} from {} to {}",
        path.display(),
        dataset.targets.rows,
        dataset.inputs.columns,
        dataset.axis_name,
        number_text(axis.first().copied().unwrap_or_default()),
        number_text(axis.last().copied().unwrap_or_default()),
    ));
    if let Some(items) = &dataset.items {
        let counts = items.counts();
        output.result(&format!(
            "  {} items, {} to {} of a simulation, columns {}",
            items.values.rows,
            counts.iter().min().copied().unwrap_or_default(),
            counts.iter().max().copied().unwrap_or_default(),
            items.names.join(" ")
        ));
    }
    let targets = dataset.target_names.iter().zip(&dataset.target_ranges);
    for (place, (name, [low, high])) in targets.enumerate() {
        let column: Vec<f64> = dataset.targets.column(place).collect();
        let least = column.iter().copied().fold(f64::INFINITY, f64::min);
        let most = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let [least, most, low, high] = [least, most, *low, *high].map(number_text);
        output.result(&format!("  target {name}: {least} to {most}, scaled from [{low}, {high}]"));
    }
    output.result(&format!("  sha256 {}\n  provenance {}", dataset.hash(), dataset.provenance));
    let mut value = json!({
        "simulations": dataset.targets.rows,
        "inputs": dataset.inputs.columns,
        "axis_name": dataset.axis_name,
        "targets": dataset.target_names,
        "target_ranges": dataset.target_ranges,
        "sha256": dataset.hash(),
        "provenance": dataset.provenance,
    });
    if let Some(items) = &dataset.items {
        value["items"] = items.values.rows.into();
        value["item_names"] = json!(items.names);
    }
    output.event("dataset", value);
    Ok(())
}

fn model(path: &Path, output: &Output) -> Result<()> {
    let model = Model::load(path)?;
    let about = &model.about;
    output.result(&format!(
        "model {}\n  {} of '{}', {} simulations, seed {}\n  validation loss {}\n  reads {} inputs \
         ({}), {}\n  predicts {}",
        path.display(),
        about.strategy,
        about.study,
        about.simulations,
        about.seed,
        about.validation_loss.map_or("-".into(), number_text),
        about.raw_names().len(),
        about.axis_name,
        match (&about.columns, about.scaling.log10) {
            (Some(columns), _) => columns.describe(),
            (None, true) => "log10 yes".to_owned(),
            (None, false) => "log10 no".to_owned(),
        },
        about.target_names.join(" "),
    ));
    let network = &model.start.network;
    if network.has_items() {
        output.result(&format!("  reads items, columns {}", about.raw_item_names().join(" ")));
    }
    if let Some(edges) = &about.edges {
        output.result(&format!("  edges {}", described(edges)));
    }
    for (number, node) in network.nodes().iter().enumerate() {
        let frozen = if node.frozen { ", frozen" } else { "" };
        let details = match network.has_items() {
            true => of_items(network, number),
            false => String::new(),
        };
        output.result(&format!(
            "  layer {number}: {} {} -> {}, {}, dropout {}{details}{frozen}",
            node.op.name,
            network.input_shape(number).width,
            network.shape(number).width,
            node.attributes.activation.name(),
            node.attributes.dropout
        ));
    }
    output.result(&format!("  {} parameters", model.start.network.parameter_count()));
    output.event(
        "model",
        json!({ "about": about, "parameters": model.start.network.parameter_count() }),
    );
    Ok(())
}

/// What a layer reads and the kind of its rows, of a network on items.
fn of_items(network: &Graph, number: usize) -> String {
    let node = &network.nodes()[number];
    let reads = node.inputs.iter().map(|source| match source {
        Source::Input => "items".to_owned(),
        Source::Columns => "inputs".to_owned(),
        Source::Node(node) => node.to_string(),
    });
    let reads = reads.collect::<Vec<_>>().join(" and ");
    let heads = match node.attributes.heads {
        1 => String::new(),
        heads => format!(", {heads} heads"),
    };
    let reduction = match node.op.name {
        "pool" | "aggregate" => format!(", {}", node.attributes.reduction.name()),
        _ => String::new(),
    };
    let rows = format!("{:?}", network.shape(number).rows).to_lowercase();
    format!("{reduction}{heads}, reads {reads}, a row for each of the {rows}")
}

fn described(edges: &Edges) -> String {
    let near = edges.near.iter().map(|(name, period)| match period {
        Some(period) => format!("{name} (period {period})"),
        None => name.clone(),
    });
    let near = near.collect::<Vec<_>>().join(" and ");
    format!("to {} neighbours, near in {near}", edges.neighbours)
}
