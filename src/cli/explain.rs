//! `shoal explain`: attributions of the inputs of a network.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use shoal::cosmology::CONVENTIONS;
use shoal::data::{Dataset, Observations, is_dataset};
use shoal::study::explain;
use shoal::study::explain::{Comparison, MeanExplanation, Request};
use shoal::study::store::attribution_table::Profile;
use shoal::study::store::model::Model;
use shoal::{Error, Result};

use crate::cli::common::TextArgs;
use crate::cli::output::Output;
use crate::cli::signals;

/// Shows which inputs a model uses for each target, and in which direction
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct ExplainArgs {
    /// A model: a .safetensors file of a study. With several, such as the seeds of one strategy and
    /// size, attributions are averaged
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,
    /// Raw inputs, one row per simulation: a dataset (.npz), which needs no y, or any file of
    /// `shoal import`. They are matched with the model's by name if both have names, else by
    /// position
    #[arg(long, value_name = "DATASET")]
    data: PathBuf,
    #[command(flatten)]
    text: TextArgs,
    /// Rows of the background, to which the explained rows are compared [default: 100, or half of
    /// the rows]
    #[arg(long, value_name = "ROWS")]
    background: Option<usize>,
    /// Rows to explain; they do not overlap with the background [default: 100, or what is left]
    #[arg(long, value_name = "ROWS")]
    rows: Option<usize>,
    /// How attributions are computed [default: deep-shap; expected-gradients for networks that read
    /// items]
    #[arg(long, value_enum)]
    method: Option<Method>,
    /// Points between each background row and an explained row, for expected gradients
    #[arg(long, value_name = "PLACES", default_value_t = 10)]
    alphas: usize,
    /// Pairs of input orders per background row, for sampled Shapley values
    #[arg(long, value_name = "PAIRS", default_value_t = 1)]
    pairs: usize,
    /// Targets to explain, separated by commas; by default all
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    targets: Option<Vec<String>>,
    /// Other models with the same inputs, such as the pre-trained ones, to compare with: their
    /// attributions, and inputs where the sign flips
    #[arg(long, value_name = "MODEL", num_args = 1..)]
    compare: Vec<PathBuf>,
    /// Seed of the choice of rows
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Number of inputs in the table of each target
    #[arg(long, value_name = "INPUTS", default_value_t = 5)]
    top: usize,
    /// Folder for attributions.csv, attributions.npy, explanation.json and the figure
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

const REFERENCE: &str = "\
Attributions of a row, one per input, add up to its prediction less the mean
prediction over the background. The additivity gap says how far they are off.

The attribution of a column of items is the sum over the items of a row. A set
is compared with sets of as many items drawn from the background; what the
number of items changes is an attribution of its own.

Files in DIR:
  attributions.csv   per target and input: mean absolute and signed values
  attributions.npy   all values, shape (rows, targets, inputs)
  attributions.svg   the figure, also as .png
  explanation.json   settings, rows and additivity gap
  attributions_by_class.csv   of items: a column that takes two values marks a
                     class, whose items have the larger one
  compared.csv       with --compare: attributions.csv of the other models
  comparison.csv     with --compare: where the signs of the two are opposite

Examples:
  shoal explain dummy-node-400-1.safetensors --data expensive.npz -o out
  shoal explain a-{1,2,3}.safetensors --data x.npy -o out --targets M_nu \\
      --compare pretraining-{1,2,3}.safetensors
  shoal explain a.safetensors --data x.npy -o out --method sampled --pairs 4

Events (--json):
  explained  folder, targets, rows, background, gap, flips";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Method {
    /// DeepSHAP: the rescale rule, averaged over the background; adds up to rounding
    DeepShap,
    /// The gradient, averaged between background and row
    ExpectedGradients,
    /// Shapley values over random orders of the inputs: slower, unbiased, adds up to rounding
    Sampled,
    /// Shapley values by enumeration, for at most 16 inputs
    Exact,
}

/// Explains.
pub fn run(args: &ExplainArgs, output: &Output) -> Result<()> {
    for name in explain::FILES {
        let file = args.output.join(name);
        if file.exists() {
            return Err(Error::Input(format!(
                "{} already exists; choose another folder with -o",
                file.display()
            )));
        }
    }
    let models = load(&args.models)?;
    let request = args.request(&models[0].1);
    let data = Data::read(args, &models[0], output)?;
    let ours = data.explain(&models, &request)?;
    let theirs = match args.compare.is_empty() {
        true => None,
        false => Some(args.other(&data, &request, &ours)?),
    };
    let comparisons = (theirs.as_ref())
        .map_or(Vec::new(), |theirs| explain::compare(&ours.profiles, &theirs.profiles));
    std::fs::create_dir_all(&args.output).map_err(|e| {
        Error::Output(format!(
            "{}: the folder cannot be created: {e}; choose another one with -o",
            args.output.display()
        ))
    })?;
    let notes = json!({
        "models": texts(&args.models),
        "compare": texts(&args.compare),
        "data": args.data.display().to_string(),
        "data_sha256": data.hash,
        "alphas": args.alphas,
        "pairs": args.pairs,
        "seed": args.seed,
    });
    let compared = theirs.as_ref().map(|theirs| (theirs, &comparisons[..]));
    signals::gracefully(|_| ours.write(&args.output, compared, notes))?;
    print(args, output, &ours, compared);
    Ok(())
}

/// Paths as text, also those that are not: JSON is text.
fn texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

/// The models of these files, with their paths.
fn load(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Model)>> {
    paths.iter().map(|path| Ok((path.clone(), Model::load(path)?))).collect()
}

/// The rows, with the inputs in the order of the first model.
struct Data {
    name: String,
    inputs: Observations,
    first: (PathBuf, Model),
    /// That of the dataset, if they are of one.
    hash: Option<String>,
}

impl Data {
    fn read(args: &ExplainArgs, first: &(PathBuf, Model), output: &Output) -> Result<Self> {
        let path = &args.data;
        let observations = Observations::load(path, args.text.options())?;
        // inputs alone are no dataset, but can be explained
        let dataset = is_dataset(path).then(|| Dataset::load(path, &CONVENTIONS).ok()).flatten();
        let (matched, notes) = first.1.inputs(&observations, &first.0.display().to_string())?;
        notes.iter().for_each(|note| output.notice(note));
        let hash = dataset.as_ref().map(Dataset::hash);
        Ok(Self { name: observations.name, inputs: matched, first: first.clone(), hash })
    }

    /// Explains models on the rows, if they read the inputs of the first one in the same order.
    fn explain(&self, models: &[(PathBuf, Model)], request: &Request) -> Result<MeanExplanation> {
        let (path, first) = &self.first;
        let path = path.display().to_string();
        for (own, model) in models {
            model.check_same_inputs(&own.display().to_string(), (first, &path))?;
        }
        let models: Vec<Model> = models.iter().map(|(_, model)| model.clone()).collect();
        MeanExplanation::new(&models, &self.inputs, &self.name, request)
    }
}

impl ExplainArgs {
    fn request(&self, model: &Model) -> Request {
        let default = match explain::is_chain(&model.start.network) {
            true => Method::DeepShap,
            false => Method::ExpectedGradients,
        };
        Request {
            method: match self.method.unwrap_or(default) {
                Method::DeepShap => explain::Method::DeepShap,
                Method::ExpectedGradients => {
                    explain::Method::ExpectedGradients { alphas: self.alphas }
                }
                Method::Sampled => explain::Method::Sampled { pairs: self.pairs },
                Method::Exact => explain::Method::Exact,
            },
            background: self.background,
            rows: self.rows,
            seed: self.seed,
            targets: self.targets.clone(),
        }
    }

    /// The models to compare with. They may have fewer targets, but at least one of the requested
    /// ones.
    fn other(
        &self,
        data: &Data,
        request: &Request,
        ours: &MeanExplanation,
    ) -> Result<MeanExplanation> {
        let others = load(&self.compare)?;
        let known = &others[0].1.about.target_names;
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
        let request = Request { targets: wanted, ..request.clone() };
        data.explain(&others, &request)
    }
}

fn print(
    args: &ExplainArgs,
    output: &Output,
    ours: &MeanExplanation,
    compared: Option<(&MeanExplanation, &[Comparison])>,
) {
    let ranking = |explained: &MeanExplanation, profile: &Profile| {
        output.result(&format!("{}: {}", profile.target, explained.name));
        output.result(&explain::ranking_table(&explained.mean, profile, args.top));
        if !explained.classes.is_empty() {
            output.result(&explain::class_table(&explained.classes, &profile.target));
        }
    };
    for profile in &ours.profiles {
        ranking(ours, profile);
        if let Some((theirs, _)) = compared {
            let same = |their: &&Profile| their.target == profile.target;
            theirs.profiles.iter().filter(same).for_each(|their| ranking(theirs, their));
        }
    }
    if let Some((theirs, comparisons)) = compared {
        output.result(&format!("{} compared with {}, target by target:", ours.name, theirs.name));
        output.result(&explain::comparison_table(&ours.mean, comparisons));
        output.result(
            "Cosine similarity of the attributions of each target (rows) with those of \
             the compared model (columns):",
        );
        output.result(&explain::similarity_table(&ours.profiles, &theirs.profiles));
    }
    for explained in std::iter::once(ours).chain(compared.map(|(theirs, _)| theirs)) {
        output.result(&format!("additivity gap of {}: {}", explained.name, explained.gap));
    }
    output.result(&format!("tables and figure are in {}", args.output.display()));
    let comparisons = compared.map_or(&[][..], |(_, comparisons)| comparisons);
    let flips: BTreeMap<_, _> = comparisons.iter().map(|one| (&one.target, &one.flips)).collect();
    output.event(
        "explained",
        json!({
            "folder": args.output.display().to_string(),
            "targets": ours.mean.targets,
            "rows": ours.mean.rows.len(),
            "background": ours.mean.background.len(),
            "gap": ours.gap.json(),
            "flips": flips,
        }),
    );
}
