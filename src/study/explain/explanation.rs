//! The attributions of a model on the rows of a dataset.

use crate::data::axis::{UNNAMED, default_axis};
use crate::data::matrix::Matrix;
use crate::data::names;
use crate::data::observations::Examples;
use crate::engine::graph::{Graph, Source};
use crate::engine::ops::dense;
use crate::engine::random::Stream;
use crate::engine::random::key;
use crate::engine::random::permute;
use crate::error::Result;
use crate::input_error;
use crate::study::store::model::Model;

use crate::study::explain::Subject;
use crate::study::explain::deep_shap::deep_shap;
use crate::study::explain::expected_gradients::expected_gradients;
use crate::study::explain::expected_gradients_of_sets::{
    SetSubject, expected_gradients_of_sets, input_names,
};
use crate::study::explain::item_classes::{ClassAttributions, ItemClasses};
use crate::study::explain::sampled::sampled_shapley;
use crate::study::explain::shapley::{MOST_INPUTS, exact_shapley};
use crate::study::explain::values::{Attributions, Gap};

/// How attributions are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// [`deep_shap`]
    DeepShap,
    /// [`expected_gradients`]
    ExpectedGradients {
        /// Points between each background row and the explained row.
        alphas: usize,
    },
    /// [`sampled_shapley`]
    Sampled {
        /// Pairs of orders of the inputs for each background row.
        pairs: usize,
    },
    /// [`exact_shapley`]
    Exact,
}

impl Method {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Method::DeepShap => "deep-shap",
            Method::ExpectedGradients { .. } => "expected-gradients",
            Method::Sampled { .. } => "sampled",
            Method::Exact => "exact",
        }
    }
}

/// Parameters of an explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// How attributions are computed.
    pub method: Method,
    /// Rows of the background; absent: 100, or half of the rows if that is less.
    pub background: Option<usize>,
    /// Rows to explain; absent: 100, or all that are not in the background if these are fewer.
    pub rows: Option<usize>,
    /// Seed of the choice of rows, and of the points of expected gradients.
    pub seed: u64,
    /// Names of the targets to explain; absent: all.
    pub targets: Option<Vec<String>>,
}

/// Attributions of a model, with their targets, inputs and rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// How it was computed.
    pub method: Method,
    /// Names of the targets that are explained.
    pub targets: Vec<String>,
    /// Ranges `[low, high]` of the targets in physical units, which are scaled to [0, 1].
    pub target_ranges: Vec<[f64; 2]>,
    /// Names of the inputs.
    pub input_names: Vec<String>,
    /// The name of the axis of the inputs, with its unit.
    pub axis_name: String,
    /// The place of each input on the axis.
    pub axis: Vec<f64>,
    /// Indices of the background rows in the dataset.
    pub background: Vec<u32>,
    /// Indices of the explained rows in the dataset.
    pub rows: Vec<u32>,
    /// Scaled inputs of the explained rows, shape (rows, inputs).
    pub inputs: Vec<f64>,
    /// The attributions, in units of the scaled targets: 1 is the whole range of a target.
    pub attributions: Attributions<f64>,
    /// Those of classes of items, if the model reads items.
    pub classes: ClassAttributions,
    /// The additivity gap.
    pub gap: Gap,
}

/// Default number of background rows, and of rows to explain.
const ROWS: usize = 100;

/// Explains a model on [`Model::features`], one row per simulation; `name` names them in errors.
///
/// All arithmetic is in f64, so that the gap is that of the method. The output activation is part
/// of the explained function. If the model takes log10 of its inputs, attributions are those of the
/// logarithms. Background and explained rows are chosen by the seed and do not overlap.
///
/// # Errors
/// [`crate::Error::Input`]: other inputs than the model's ([`Model::scaled_inputs`]); fewer rows
/// than requested; a background or a choice of no rows; an unknown target; no alphas; too many
/// inputs for [`Method::Exact`].
pub fn explain<'a>(
    model: &Model,
    raw: impl Into<Examples<'a>>,
    name: &str,
    request: &Request,
) -> Result<Explanation> {
    let (about, raw) = (&model.about, raw.into());
    let (background, rows) = choose(raw.inputs.rows, name, request)?;
    let targets = targets(&about.target_names, request)?;
    check_method(model, request.method, background.len())?;
    if !is_chain(&model.start.network) {
        return explain_table(model, (raw, name), request, (background, rows), &targets);
    }
    let inputs = raw.inputs;
    // all rows, so that an error names the row as the user counts
    let scaled = Matrix::new(inputs.rows, inputs.columns, model.scaled_inputs(inputs, name)?);
    let inputs = scaled.select_rows(&rows).values;
    let parameters: Vec<f64> = model.start.parameters.iter().copied().map(f64::from).collect();
    let outputs: Vec<usize> = targets.iter().map(|target| model.output_of(*target)).collect();
    let subject = Subject {
        network: &model.start.network,
        parameters: &parameters,
        background: &scaled.select_rows(&background).values,
        targets: &outputs,
    };
    let attributions = match request.method {
        Method::DeepShap => deep_shap(&subject, &inputs),
        Method::ExpectedGradients { alphas } => {
            expected_gradients(&subject, &inputs, alphas, request.seed)
        }
        Method::Sampled { pairs } => sampled_shapley(&subject, &inputs, pairs, request.seed),
        Method::Exact => exact_shapley(&subject, &inputs),
    };
    Ok(Explanation {
        method: request.method,
        targets: targets.iter().map(|target| about.target_names[*target].clone()).collect(),
        target_ranges: targets.iter().map(|target| about.scaling.target_ranges[*target]).collect(),
        input_names: about.input_names.clone(),
        axis_name: about.axis_name.clone(),
        axis: about.axis.clone(),
        background,
        rows,
        inputs,
        gap: attributions.gap(),
        attributions,
        classes: ClassAttributions::default(),
    })
}

/// Explains a model that is no chain of layers.
fn explain_table(
    model: &Model,
    (raw, name): (Examples, &str),
    request: &Request,
    (background, rows): (Vec<u32>, Vec<u32>),
    targets: &[usize],
) -> Result<Explanation> {
    let about = &model.about;
    let Method::ExpectedGradients { alphas } = request.method else {
        return Err(input_error!(
            "{} does not apply to a network that reads items or whose layers are no chain; take \
             --method expected-gradients",
            request.method.name()
        ));
    };
    let outputs: Vec<usize> = targets.iter().map(|target| model.output_of(*target)).collect();
    let table = model.table(raw, name)?;
    let classes = ItemClasses::new(table.sets.as_ref());
    let table = std::sync::Arc::from([table]);
    let subject = SetSubject { model, table, background: &background, outputs: &outputs, classes };
    let (attributions, inputs, classes) =
        expected_gradients_of_sets(&subject, &rows, (alphas, request.seed))?;
    let has_items = model.start.network.has_items();
    Ok(Explanation {
        method: request.method,
        targets: targets.iter().map(|target| about.target_names[*target].clone()).collect(),
        target_ranges: targets.iter().map(|target| about.scaling.target_ranges[*target]).collect(),
        input_names: input_names(model),
        axis_name: if has_items { UNNAMED.to_owned() } else { about.axis_name.clone() },
        axis: if has_items { default_axis(attributions.inputs) } else { about.axis.clone() },
        background,
        rows,
        inputs,
        gap: attributions.gap(),
        attributions,
        classes,
    })
}

/// Whether each layer is dense and reads the one before it, and the first one inputs without items.
pub fn is_chain(network: &Graph) -> bool {
    let mut nodes = network.nodes().iter().enumerate();
    !network.has_items()
        && nodes.all(|(id, node)| {
            let before = id.checked_sub(1).map_or(Source::Input, Source::Node);
            *node.op == dense::OP && node.inputs == [before]
        })
}

impl Explanation {
    /// The explanation of the mean of several models, which explain the same targets on the same
    /// rows: attributions of all methods are linear in the output, so they are the mean of those of
    /// the models.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the models do not predict the same targets from as many inputs.
    ///
    /// # Panics
    /// If there is no explanation, or the explained rows differ.
    pub fn mean(all: &[Explanation]) -> Result<Explanation> {
        let mut mean = all.first().expect("explanation: a mean of none").clone();
        for other in &all[1..] {
            assert_eq!(
                (&mean.rows, &mean.background),
                (&other.rows, &other.background),
                "explanation: rows"
            );
            if (&mean.targets, mean.attributions.inputs)
                != (&other.targets, other.attributions.inputs)
            {
                return Err(input_error!(
                    "models that are averaged must be alike, but one predicts {} from {} inputs \
                     and one {} from {}",
                    mean.targets.join(", "),
                    mean.attributions.inputs,
                    other.targets.join(", "),
                    other.attributions.inputs
                ));
            }
            mean.attributions.add(&other.attributions);
            mean.classes.add(&other.classes);
        }
        mean.attributions.divide(all.len() as f64);
        mean.classes.divide(all.len() as f64);
        mean.gap = mean.attributions.gap();
        Ok(mean)
    }
}

/// The rows of the background and those to explain, each ascending.
fn choose(total: usize, name: &str, request: &Request) -> Result<(Vec<u32>, Vec<u32>)> {
    for (what, count) in [("a background", request.background), ("a choice", request.rows)] {
        if count == Some(0) {
            return Err(input_error!("{what} of 0 rows explains nothing; take at least one"));
        }
    }
    if total < 2 {
        return Err(input_error!(
            "{name} has {total} row; it takes at least 2, one for the background and one to explain"
        ));
    }
    let spare = total - request.rows.unwrap_or(1).min(total - 1);
    let background = request.background.unwrap_or(ROWS.min(total / 2).min(spare));
    let rows = request.rows.unwrap_or(ROWS.min(total.saturating_sub(background)).max(1));
    if background.saturating_add(rows) > total {
        return Err(input_error!(
            "a background of {background} rows and {rows} rows to explain are more than {name} \
             has, {total}; ask for fewer"
        ));
    }
    let count = u32::try_from(total)
        .map_err(|_| input_error!("{name} has {total} rows; at most {} can be used", u32::MAX))?;
    let key = key(request.seed, Stream::ExplainedRows, 0);
    // element i goes to its place in the order: the first places are the background
    let place = |row: u32| permute(key, 0, count, row) as usize;
    let within = |from: usize, to: usize| {
        (0..count).filter(|row| (from..to).contains(&place(*row))).collect()
    };
    Ok((within(0, background), within(background, background + rows)))
}

/// Indices of the requested targets among those of the model.
fn targets(known: &[String], request: &Request) -> Result<Vec<usize>> {
    let Some(wanted) = &request.targets else {
        return Ok((0..known.len()).collect());
    };
    names::check_unique(wanted, "target")?;
    wanted.iter().map(|name| names::find(known, name, "target")).collect()
}

/// Most passes through a network for a background row: alphas, or pairs of orders.
const MOST_PASSES: usize = 1_000_000;

fn check_method(model: &Model, method: Method, background: usize) -> Result<()> {
    let inputs = model.start.network.columns();
    // orders are counted in 32 bits
    let most = MOST_PASSES.min(u32::MAX as usize / background);
    match method {
        Method::ExpectedGradients { alphas } if alphas > most => Err(input_error!(
            "expected gradients with {alphas} alphas are too many; take at most {most} for \
             {background} background rows"
        )),
        Method::Sampled { pairs } if pairs > most => Err(input_error!(
            "sampled Shapley values with {pairs} pairs of orders are too many; take at most {most} \
             for {background} background rows"
        )),
        Method::ExpectedGradients { alphas: 0 } => Err(input_error!(
            "expected gradients with 0 alphas have nothing to average; take at least one"
        )),
        Method::Sampled { pairs: 0 } => Err(input_error!(
            "sampled Shapley values with 0 pairs of orders have nothing to average; take at least \
             one"
        )),
        Method::Exact if inputs > MOST_INPUTS => Err(input_error!(
            "the model reads {inputs} inputs, but exact Shapley values are enumerated over at \
             most {MOST_INPUTS}; take sampled"
        )),
        _ => Ok(()),
    }
}
