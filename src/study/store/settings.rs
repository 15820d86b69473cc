//! What a study file and its data mean, as JSON: whether a folder of results belongs to a study,
//! and if not, what differs.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::data::dataset::Dataset;
use crate::engine::activation::Activation;
use crate::engine::loss::MSE;
use crate::engine::optim::update_scale::UpdateScale;
use crate::engine::precision::Precision;
use crate::engine::run::Training;
use crate::study::datasets::Study;
use crate::study::metric;
use crate::study::plan::{PretrainingPlan, StrategyPlan, TestSet};
use crate::study::store::journal::Identity;
use crate::study::transfer::Parts;

/// Everything that decides what the runs of a plan are.
pub fn settings(study: &Study) -> Value {
    let plan = &study.plan;
    let test = match plan.test {
        TestSet::Shared(test) => test,
        TestSet::Fraction(_) => 0,
    };
    let strategies: Map<String, Value> = (plan.strategies.iter())
        .map(|how| (how.strategy.name().to_owned(), strategy(how)))
        .collect();
    let mut all = json!({
        "name": plan.name,
        "seed": plan.seed,
        "seeds": plan.seeds,
        "sizes": plan.sizes,
        "test": test,
        "validation": plan.validation,
        "save_models": plan.save_models,
        "log10": plan.log10,
        "network": {
            "hidden": plan.network.hidden,
            "activation": activation(plan.network.activation),
            "output": activation(plan.network.output),
            "dropout": short(plan.network.dropout),
        },
        "strategies": strategies,
        "pretraining": plan.pretraining.as_ref().map(pretraining),
        "search": plan.trials.search,
        "data": data(study),
    });
    // new settings are written only where they are used: a study of an older version still has the
    // settings that it had
    if let TestSet::Fraction(test) = plan.test {
        all["split"] = json!({ "validation": plan.validation, "test": test });
    }
    if !plan.network.sizes.is_empty() {
        all["network"]["architecture"] = plan.network.architecture.name.into();
        all["network"]["sizes"] = json!(plan.network.sizes);
    }
    if let Some(columns) = &plan.columns {
        all["columns"] = json!(columns);
    }
    if let Some(columns) = &plan.item_columns {
        all["item_columns"] = json!(columns);
    }
    if plan.metrics != [metric::MSE] {
        let names = plan.metrics.iter().map(|metric| metric.name);
        all["metrics"] = names.collect();
    }
    if plan.calibrates {
        all["calibrate"] = true.into();
    }
    all
}

fn data(study: &Study) -> Value {
    let pretrain = study.data.pretraining.as_ref();
    json!({
        "finetune": dataset(&study.data.fine_tuning.dataset),
        "pretrain": pretrain.map(|data| dataset(&data.dataset)),
    })
}

/// The numbers by their hash; what else decides how they are read, in full.
fn dataset(dataset: &Dataset) -> Value {
    json!({ "sha256": dataset.hash(), "axis": dataset.axis, "target_ranges": dataset.target_ranges })
}

fn activation(activation: Activation) -> Value {
    json!({ "name": activation.name(), "slope": short(activation.slope()) })
}

fn strategy(how: &StrategyPlan) -> Value {
    // without the dash of study files, as an older version wrote it
    let reads = how.reads.describe().replace("last-hidden", "lasthidden");
    let mut all = json!({
        "training": training(&how.training),
        "dropout": short(how.dropout),
        "reads": reads,
        "hidden": how.head,
    });
    if how.parts != Parts::default() {
        let part =
            |part: UpdateScale| json!({ "rate": short(part.rate), "decay": short(part.decay) });
        all["body"] = part(how.parts.body);
        all["head"] = part(how.parts.head);
    }
    all
}

fn pretraining(pretraining: &PretrainingPlan) -> Value {
    let mut all = json!({
        "simulations": pretraining.simulations,
        "validation": pretraining.validation,
        "dummies": pretraining.dummies,
        "training": training(&pretraining.training),
    });
    if let [only] = pretraining.simulations[..] {
        all["simulations"] = only.into();
    }
    if !pretraining.models.is_empty() {
        all["models"] = pretraining.models.iter().map(|model| model.sha256.as_str()).collect();
    }
    if let Some(width) = pretraining.bottleneck {
        all["bottleneck"] = width.into();
    }
    all
}

fn training(training: &Training) -> Value {
    let mut all = json!({
        "batch": training.batch,
        "learning_rate": training.learning_rate,
        "weight_decay": training.weight_decay,
        "betas": [training.beta1, training.beta2],
        "epsilon": training.epsilon,
        "epochs": training.max_epochs,
        "patience": training.patience,
        "min_delta": training.min_delta,
    });
    // only where they are used: a study of an older version still has the settings that it had
    if let Some(norm) = training.clip_norm {
        all["clip_norm"] = norm.into();
    }
    if !training.decay_biases {
        all["decay_biases"] = false.into();
    }
    if let Some(decay) = training.average {
        all["average"] = decay.into();
    }
    if training.schedule.warmup > 0.0 {
        all["warmup"] = training.schedule.warmup.into();
    }
    if let Some(cosine) = training.schedule.cosine {
        all["schedule"] =
            json!({ "cosine_epochs": cosine.epochs, "final_fraction": cosine.final_fraction });
    }
    if training.loss != &MSE {
        all["loss"] = training.loss.name.into();
    }
    if let Some(parameter) = training.loss_parameter {
        all["loss_parameter"] = parameter.into();
    }
    if let Some(stop) = training.stop_on {
        all["stop_on"] = json!({ "loss": stop.loss.name, "parameter": stop.parameter });
    }
    if training.balance_classes {
        all["balance_classes"] = true.into();
    }
    if training.precision != Precision::F32 {
        all["precision"] = training.precision.name().into();
    }
    all
}

/// The shortest decimal of a number: 0.2 and not 0.20000000298, which is the same f32.
fn short(number: f32) -> f64 {
    number.to_string().parse().expect("settings: a number reads back")
}

/// Everything that decides the pre-trained networks of a study but for the rows that are left to
/// pre-train on; absent if it trains none.
pub fn pretraining_settings(study: &Study) -> Option<Value> {
    study.plan.pretraining.as_ref().filter(|settings| settings.models.is_empty())?;
    let mut all = settings(study);
    let of_fine_tuning = ["name", "sizes", "test", "validation", "split", "strategies"];
    let found = all.as_object_mut().expect("settings: an object");
    found.retain(|key, _| !of_fine_tuning.contains(&key.as_str()));
    let data = &study.data.fine_tuning.dataset;
    all["data"]["finetune"] = json!({ "inputs": data.input_names, "axis": data.axis });
    Some(all)
}

/// What the journal of a plan belongs to.
pub fn identity(study: &Study) -> Identity {
    let mut all = settings(study);
    let data = all["data"].take();
    Identity { study: sha256(&all), data: sha256(&data) }
}

/// Of the text; keys of JSON objects are sorted.
fn sha256(value: &Value) -> String {
    let digest = Sha256::digest(value.to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
