//! `shoal explain`: what a network reads.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use npyz::WriterBuilder;
use serde_json::json;

use shoal::analysis::{self, Comparison, Explanation, Gap, Profile, Request};
use shoal::data::{Dataset, Matrix, read_matrix};
use shoal::model::Model;
use shoal::report::{AttributionFigure, AttributionPanel, attribution_figure, write_figure};
use shoal::{Error, Result};

use super::Output;

/// Shows which inputs a model uses for each target, and in which direction
#[derive(Args, Debug)]
pub struct Typed {
    /// A model: a .safetensors file of a study. Of several, the seeds of one strategy and size, the mean is explained
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,
    /// Raw inputs, one row a simulation: a dataset (.npz), .npy or text
    #[arg(long, value_name = "DATASET")]
    data: PathBuf,
    /// Rows that stand for not knowing an input [default: 100, or half of the rows]
    #[arg(long, value_name = "ROWS")]
    background: Option<usize>,
    /// Rows to explain; they do not overlap with the background [default: 100, or what is left]
    #[arg(long, value_name = "ROWS")]
    rows: Option<usize>,
    /// How attributions are computed
    #[arg(long, value_enum, default_value = "deep-shap")]
    method: Method,
    /// Of expected gradients: places on the way from each background row to a row
    #[arg(long, value_name = "PLACES", default_value_t = 10)]
    alphas: usize,
    /// Targets to explain, separated by commas; by default all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Other models of the same inputs, as the pre-trained ones: what they use, and where the sign flips
    #[arg(long, value_name = "MODEL", num_args = 1..)]
    compare: Vec<PathBuf>,
    /// Chooses the rows
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Inputs in the table of each target
    #[arg(long, value_name = "INPUTS", default_value_t = 5)]
    top: usize,
    /// Folder for attributions.csv, attributions.npy, explanation.json and the figure
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// The rescale rule against each background row: adds up to rounding
    DeepShap,
    /// The mean gradient on the way from the background
    ExpectedGradients,
    /// Shapley values by enumeration, for at most 16 inputs
    Exact,
}

/// Models that are averaged, and what they use.
struct Side {
    name: String,
    explanations: Vec<Explanation>,
    mean: Explanation,
    profiles: Vec<Profile>,
}

/// Explains.
pub fn run(typed: &Typed, output: &Output) -> Result<()> {
    let table = typed.output.join("attributions.csv");
    if table.exists() {
        return Err(Error::Input(format!(
            "{} is there already; choose another folder with -o",
            table.display()
        )));
    }
    let data = Data::read(&typed.data)?;
    let request = typed.request();
    let ours = Side::new(&typed.models, &data, &request)?;
    let theirs = match typed.compare.is_empty() {
        true => None,
        false => Some(typed.other(&data, &request, &ours)?),
    };
    std::fs::create_dir_all(&typed.output).map_err(|e| {
        Error::Output(format!(
            "{}: the folder could not be made: {e}; choose another with -o",
            typed.output.display()
        ))
    })?;
    let comparisons = theirs
        .as_ref()
        .map(|theirs| analysis::compare(&ours.profiles, &theirs.profiles));
    analysis::write_attributions(&table, &ours.mean, &ours.profiles)?;
    write_values(&typed.output.join("attributions.npy"), &ours.mean)?;
    if let Some((theirs, comparisons)) = theirs.as_ref().zip(comparisons.as_ref()) {
        analysis::write_attributions(
            &typed.output.join("compared.csv"),
            &theirs.mean,
            &theirs.profiles,
        )?;
        let both = (&ours.profiles[..], &theirs.profiles[..]);
        analysis::write_comparison(
            &typed.output.join("comparison.csv"),
            &ours.mean,
            both,
            comparisons,
        )?;
    }
    let comparisons = comparisons.unwrap_or_default();
    draw(typed, &ours, theirs.as_ref(), &comparisons)?;
    write_provenance(typed, &data, &ours, theirs.as_ref())?;
    tell(typed, output, &ours, theirs.as_ref(), &comparisons);
    Ok(())
}

/// The rows, and their axis where they have one.
struct Data {
    name: String,
    inputs: Matrix,
    dataset: Option<Dataset>,
}

impl Data {
    fn read(path: &Path) -> Result<Self> {
        let is_dataset = path.extension().is_some_and(|extension| extension == "npz");
        let dataset = if is_dataset {
            Some(Dataset::load(path)?)
        } else {
            None
        };
        let inputs = match &dataset {
            Some(dataset) => dataset.inputs.clone(),
            None => read_matrix(path)?,
        };
        Ok(Self {
            name: path.display().to_string(),
            inputs,
            dataset,
        })
    }
}

impl Typed {
    fn request(&self) -> Request {
        Request {
            method: match self.method {
                Method::DeepShap => analysis::Method::DeepShap,
                Method::ExpectedGradients => analysis::Method::ExpectedGradients {
                    alphas: self.alphas,
                },
                Method::Exact => analysis::Method::Exact,
            },
            background: self.background,
            rows: self.rows,
            seed: self.seed,
            targets: self.targets.clone(),
        }
    }

    /// The models to compare with. They may know fewer targets; of those asked for, they need one at least.
    fn other(&self, data: &Data, request: &Request, ours: &Side) -> Result<Side> {
        let known = Model::load(&self.compare[0])?.about.target_names;
        let wanted = self.targets.as_ref().map(|wanted| {
            let shared = wanted.iter().filter(|name| known.contains(name));
            shared.cloned().collect::<Vec<String>>()
        });
        let shared = ours.mean.targets.iter().any(|name| known.contains(name));
        if !shared {
            return Err(Error::Input(format!(
                "{} predicts {} and {} {}; they share no target to compare",
                ours.name,
                ours.mean.targets.join(", "),
                self.compare[0].display(),
                known.join(", ")
            )));
        }
        let request = Request {
            targets: wanted,
            ..request.clone()
        };
        Side::new(&self.compare, data, &request)
    }
}

impl Side {
    fn new(paths: &[PathBuf], data: &Data, request: &Request) -> Result<Self> {
        let mut explanations = Vec::new();
        let mut name = String::new();
        for path in paths {
            let model = Model::load(path)?;
            if let Some(dataset) = &data.dataset {
                analysis::check_same_inputs(&model, dataset, &data.name)?;
            }
            explanations.push(analysis::explain(
                &model,
                &data.inputs,
                &data.name,
                request,
            )?);
            let about = &model.about;
            name = format!("{}, {} simulations", about.strategy, about.simulations);
        }
        if paths.len() > 1 {
            name = format!("{name}, mean of {} networks", paths.len());
        }
        Ok(Self {
            name,
            mean: Explanation::mean(&explanations)?,
            profiles: analysis::mean_profiles(&explanations)?,
            explanations,
        })
    }
}

/// Attributions, shape (rows, targets, inputs), f64.
fn write_values(path: &Path, explanation: &Explanation) -> Result<()> {
    let attributions = &explanation.attributions;
    let shape = [attributions.rows, attributions.targets, attributions.inputs];
    shoal::write_atomically(path, |file| {
        let mut writer = npyz::WriteOptions::new()
            .default_dtype()
            .shape(&shape.map(|size| size as u64))
            .writer(std::io::BufWriter::new(file))
            .begin_nd()?;
        writer.extend(attributions.values.iter())?;
        writer.finish()
    })
}

fn draw(
    typed: &Typed,
    ours: &Side,
    theirs: Option<&Side>,
    comparisons: &[Comparison],
) -> Result<()> {
    let panel = |profile: &'_ Profile| -> (Option<&[f64]>, &[usize]) {
        let same = |other: &&Profile| other.target == profile.target;
        let line = theirs.and_then(|theirs| theirs.profiles.iter().find(same));
        let flips = comparisons
            .iter()
            .find(|comparison| comparison.target == profile.target);
        (
            line.map(|line| &line.signed[..]),
            flips.map_or(&[], |comparison| &comparison.flips),
        )
    };
    let panels: Vec<AttributionPanel> = (ours.profiles.iter())
        .map(|profile| {
            let (line, flips) = panel(profile);
            AttributionPanel {
                target: &profile.target,
                bars: &profile.signed,
                errors: profile.standard_error.as_deref(),
                line,
                flips,
            }
        })
        .collect();
    let mean = &ours.mean;
    let whiskers = match ours.explanations.len() {
        1 => "",
        _ => " Whiskers: standard error over networks.",
    };
    let remark = format!(
        "{} of {} rows against a background of {}. Largest additivity gap {:.1e}, mean {:.1e}. Each panel has its own scale.{whiskers}",
        typed.request().method.name(),
        mean.rows.len(),
        mean.background.len(),
        mean.gap.largest,
        mean.gap.mean
    );
    let figure = AttributionFigure {
        title: &format!("What the network reads: {}", ours.name),
        line: theirs.map(|theirs| &theirs.name[..]),
        axis_name: &mean.axis_name,
        axis: &mean.axis,
        remark: &remark,
    };
    write_figure(
        &typed.output,
        "attributions",
        &attribution_figure(&figure, &panels)?,
    )
}

fn write_provenance(typed: &Typed, data: &Data, ours: &Side, theirs: Option<&Side>) -> Result<()> {
    let value = json!({
        "shoal": env!("CARGO_PKG_VERSION"),
        "models": typed.models,
        "compare": typed.compare,
        "data": typed.data,
        "data_sha256": data.dataset.as_ref().map(Dataset::hash),
        "method": typed.request().method.name(),
        "alphas": typed.alphas,
        "seed": typed.seed,
        "background": ours.mean.background,
        "rows": ours.mean.rows,
        "targets": ours.mean.targets,
        "units": "scaled targets: 1 is the range of a target",
        "gap": gap(&ours.mean.gap),
        "compared_gap": theirs.map(|theirs| gap(&theirs.mean.gap)),
    });
    let text = serde_json::to_string_pretty(&value).expect("explain: plain data is JSON") + "\n";
    shoal::write_atomically(&typed.output.join("explanation.json"), |file| {
        file.write_all(text.as_bytes())
    })
}

fn gap(gap: &Gap) -> serde_json::Value {
    json!({
        "largest": gap.largest,
        "mean": gap.mean,
        "largest_relative": gap.largest_relative,
        "mean_relative": gap.mean_relative,
    })
}

fn gap_text(name: &str, gap: &Gap) -> String {
    let relative =
        |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1e}"));
    format!(
        "additivity gap of {name}: largest {:.1e}, mean {:.1e} of the target's range; {} and {} of the range of the predictions",
        gap.largest,
        gap.mean,
        relative(gap.largest_relative),
        relative(gap.mean_relative)
    )
}

fn tell(
    typed: &Typed,
    output: &Output,
    ours: &Side,
    theirs: Option<&Side>,
    comparisons: &[Comparison],
) {
    for profile in &ours.profiles {
        output.result(&format!("{}: {}", profile.target, ours.name));
        output.result(&analysis::ranking_table(&ours.mean, profile, typed.top));
        let other = theirs.and_then(|theirs| {
            let found = theirs
                .profiles
                .iter()
                .find(|other| other.target == profile.target);
            found.map(|found| (theirs, found))
        });
        if let Some((theirs, other)) = other {
            output.result(&format!("{}: {}", profile.target, theirs.name));
            output.result(&analysis::ranking_table(&theirs.mean, other, typed.top));
        }
    }
    if let Some(theirs) = theirs {
        output.result(&format!(
            "{} compared with {}, target by target:",
            ours.name, theirs.name
        ));
        output.result(&analysis::comparison_table(&ours.mean, comparisons));
        output.result("Similarity of what each target uses (rows) to what the compared model uses for its targets (columns):");
        output.result(&analysis::similarity_table(
            &ours.profiles,
            &theirs.profiles,
        ));
    }
    for side in std::iter::once(ours).chain(theirs) {
        let worst = side.explanations.iter().map(|one| one.gap);
        let worst = worst.fold(
            side.mean.gap,
            |a, b| if b.largest > a.largest { b } else { a },
        );
        output.result(&gap_text(&side.name, &worst));
    }
    output.result(&format!(
        "tables and figure are in {}",
        typed.output.display()
    ));
    output.event(
        "explained",
        json!({
            "folder": typed.output,
            "targets": ours.mean.targets,
            "rows": ours.mean.rows.len(),
            "background": ours.mean.background.len(),
            "gap": gap(&ours.mean.gap),
            "flips": comparisons.iter().map(|one| (one.target.clone(), one.flips.clone())).collect::<std::collections::BTreeMap<_, _>>(),
        }),
    );
}
