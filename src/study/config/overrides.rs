//! The keys of training that `[training]` sets and that `[pretraining]` and each strategy override.

use crate::data::names::number_text;
use crate::engine::optim::schedule::Cosine;
use crate::engine::optim::schedule::Schedule;
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::{MAX_EPOCHS, unknown};

/// Declares a table of the study file that has the keys of [`Overrides`] beside its own. A macro
/// and not `#[serde(flatten)]`, which would lose the line and the known keys of an error.
macro_rules! with_overrides {
    ($(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($fields)*
            /// Examples in a minibatch; default 32.
            pub batch: Option<usize>,
            /// Step size; default 1e-3.
            pub learning_rate: Option<f64>,
            /// Decoupled weight decay; default 1e-4.
            pub weight_decay: Option<f64>,
            /// Decays of the moments; default [0.5, 0.999].
            pub betas: Option<[f64; 2]>,
            /// Added to the root of the second moment; default 1e-8.
            pub epsilon: Option<f64>,
            /// Maximum number of epochs; default 1000.
            pub epochs: Option<u32>,
            /// Epochs without improvement before a run stops; default 50.
            pub patience: Option<u32>,
            /// By how much the validation loss must fall to count as an improvement; default 1e-6.
            pub min_delta: Option<f64>,
            /// Norm that the gradients of a batch are scaled down to where theirs is larger;
            /// default inf: never.
            pub clip_norm: Option<f64>,
            /// Whether weight decay applies to biases too, and to the gains of norms; default true.
            pub decay_biases: Option<bool>,
            /// Decay of the exponential average of the weights, which is then validated and kept;
            /// default 0: no average.
            pub average: Option<f64>,
            /// "constant" (default), or "cosine": the learning rate falls along half a cosine over
            /// all epochs.
            pub schedule: Option<String>,
            /// Epochs over which the learning rate rises before that, step by step; default 0.
            pub warmup: Option<f64>,
            /// Fraction of the learning rate that is left at the end of a cosine; default 0.
            pub final_fraction: Option<f64>,
        }

        impl $name {
            /// The keys that override a training.
            pub fn overrides(&self) -> Overrides {
                Overrides {
                    batch: self.batch,
                    learning_rate: self.learning_rate,
                    weight_decay: self.weight_decay,
                    betas: self.betas,
                    epsilon: self.epsilon,
                    epochs: self.epochs,
                    patience: self.patience,
                    min_delta: self.min_delta,
                    clip_norm: self.clip_norm,
                    decay_biases: self.decay_biases,
                    average: self.average,
                    schedule: self.schedule.clone(),
                    warmup: self.warmup,
                    final_fraction: self.final_fraction,
                }
            }
        }
    };
}
pub(crate) use with_overrides;

with_overrides! {
    /// What a table says of training; what it does not say is inherited.
    pub struct Overrides {}
}

/// The learning-rate schedules.
const SCHEDULES: [&str; 2] = ["constant", "cosine"];

impl Overrides {
    /// The training with the keys of the table called `table`; a schedule spans the epochs of the
    /// table itself.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the key.
    pub fn apply(&self, table: &str, base: &Training) -> Result<Training> {
        let [beta1, beta2] = self.betas.unwrap_or([base.beta1, base.beta2]);
        let training = Training {
            batch: self.batch.unwrap_or(base.batch),
            learning_rate: self.learning_rate.unwrap_or(base.learning_rate),
            weight_decay: self.weight_decay.unwrap_or(base.weight_decay),
            beta1,
            beta2,
            epsilon: self.epsilon.unwrap_or(base.epsilon),
            max_epochs: self.epochs.unwrap_or(base.max_epochs),
            patience: self.patience.unwrap_or(base.patience),
            min_delta: self.min_delta.unwrap_or(base.min_delta),
            decay_biases: self.decay_biases.unwrap_or(base.decay_biases),
            ..*base
        };
        check(table, &training)?;
        let epochs = training.max_epochs;
        let cosine = self.cosine(table, base.schedule.cosine, epochs)?;
        let warmup = self.warmup.unwrap_or(base.schedule.warmup);
        if !(warmup >= 0.0 && warmup < f64::from(epochs)) {
            return Err(input_error!(
                "{table}.warmup = {warmup}: the epochs over which the learning rate rises are at \
                 least 0 and fewer than all epochs, here {epochs}"
            ));
        }
        let clip_norm = match self.clip_norm {
            Some(norm) => clip_norm(table, norm)?,
            None => base.clip_norm,
        };
        let average = match self.average {
            Some(decay) => average(table, decay)?,
            None => base.average,
        };
        Ok(Training { clip_norm, average, schedule: Schedule { warmup, cosine }, ..training })
    }

    fn cosine(&self, table: &str, base: Option<Cosine>, epochs: u32) -> Result<Option<Cosine>> {
        let falls = match self.schedule.as_deref() {
            None => base.is_some(),
            Some("constant") => false,
            Some("cosine") => true,
            Some(other) => {
                return Err(unknown(&format!("{table}.schedule"), other, "schedule", &SCHEDULES));
            }
        };
        if let (Some(fraction), false) = (self.final_fraction, falls) {
            return Err(input_error!(
                "{table}.final_fraction = {fraction}, but the schedule is \"constant\"; give \
                 schedule = \"cosine\", or remove it"
            ));
        }
        let inherited = base.map(|cosine| cosine.final_fraction);
        let final_fraction = self.final_fraction.or(inherited).unwrap_or(0.0);
        if !(0.0..=1.0).contains(&final_fraction) {
            return Err(input_error!(
                "{table}.final_fraction = {final_fraction}: the part of the learning rate that is \
                 left at the end lies between 0 and 1"
            ));
        }
        Ok(falls.then_some(Cosine { epochs, final_fraction }))
    }
}

/// The norm to clip to; none for infinity, which switches off what is inherited.
fn clip_norm(table: &str, norm: f64) -> Result<Option<f64>> {
    // as the device has it, in f32
    match norm as f32 >= f32::MIN_POSITIVE {
        true => Ok(norm.is_finite().then_some(norm)),
        false => {
            Err(input_error!("{table}.clip_norm = {norm}: a number above 0; inf does not clip"))
        }
    }
}

/// The decay of an average; none for 0, which switches off what is inherited.
fn average(table: &str, decay: f64) -> Result<Option<f64>> {
    // as the device has it: 1 - decay in f32
    match (0.0..1.0).contains(&decay) && (1.0 - decay) as f32 > 0.0 {
        true => Ok((decay > 0.0).then_some(decay)),
        false => Err(input_error!(
            "{table}.average = {decay}: at least 0, which is no average, and below 1; usual are \
             0.9 to 0.999"
        )),
    }
}

fn check(table: &str, t: &Training) -> Result<()> {
    let bad = |key: &str, value: &dyn std::fmt::Display, need: &str| {
        Err(input_error!("{table}.{key} = {value}: {need}"))
    };
    // as the device has them, in f32
    let number = |value: f64| (value as f32).is_finite() && value >= 0.0;
    let positive = |value: f64| number(value) && value as f32 > 0.0;
    let decay = |beta: f64| (0.0..1.0).contains(&beta);
    match () {
        () if t.batch == 0 => bad("batch", &t.batch, "a minibatch has at least one example"),
        () if t.max_epochs == 0 => bad("epochs", &t.max_epochs, "train for at least one epoch"),
        () if t.max_epochs > MAX_EPOCHS => {
            bad("epochs", &t.max_epochs, &format!("train for at most {MAX_EPOCHS} epochs"))
        }
        () if t.patience == 0 => bad("patience", &t.patience, "wait for at least one epoch"),
        () if !positive(t.learning_rate) => bad(
            "learning_rate",
            &number_text(t.learning_rate),
            "a number above 0 that f32 can hold",
        ),
        () if !number(t.weight_decay) => bad(
            "weight_decay",
            &number_text(t.weight_decay),
            "a number of at least 0 that f32 can hold",
        ),
        () if !decay(t.beta1) => bad("betas", &t.beta1, "each at least 0 and below 1"),
        () if !decay(t.beta2) => bad("betas", &t.beta2, "each at least 0 and below 1"),
        () if !positive(t.epsilon) => {
            bad("epsilon", &number_text(t.epsilon), "a number above 0 that f32 can hold")
        }
        () if !number(t.min_delta) => {
            bad("min_delta", &number_text(t.min_delta), "a number of at least 0 that f32 can hold")
        }
        () => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Training {
        Training { max_epochs: 100, ..Training::default() }
    }

    fn applied(text: &str, training: Training) -> Result<Training> {
        toml::from_str::<Overrides>(text).unwrap().apply("training", &training)
    }

    #[test]
    fn a_table_overrides_what_it_says_and_has_epochs_of_its_own() {
        let text = "clip_norm = 1.0\nschedule = 'cosine'\nwarmup = 2.5\nfinal_fraction = 0.1";
        let first = applied(text, plain()).unwrap();
        assert_eq!(first.clip_norm, Some(1.0));
        assert_eq!(first.schedule.warmup, 2.5);
        let cosine = |epochs, final_fraction| Some(Cosine { epochs, final_fraction });
        assert_eq!(first.schedule.cosine, cosine(100, 0.1));
        let second = applied("epochs = 20\nfinal_fraction = 0.2", first).unwrap();
        assert_eq!(second.schedule.cosine, cosine(20, 0.2));
        assert_eq!((second.clip_norm, second.schedule.warmup), (Some(1.0), 2.5));
        let off = "clip_norm = inf\nschedule = 'constant'\nwarmup = 0.0";
        assert_eq!(applied(off, first).unwrap(), plain());
        assert_eq!(applied("", plain()).unwrap(), plain());
        let text = "average = 0.99\ndecay_biases = false";
        let averaged = applied(text, plain()).unwrap();
        assert_eq!((averaged.average, averaged.decay_biases), (Some(0.99), false));
        assert_eq!(applied("", averaged).unwrap(), averaged);
        let off = "average = 0\ndecay_biases = true";
        assert_eq!(applied(off, averaged).unwrap(), plain());
    }

    #[test]
    fn what_cannot_be_is_named_with_the_way_out() {
        let wrong = |text: &str, parts: &[&str]| {
            let error = applied(text, plain()).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "'{part}' is not in: {error}");
            }
        };
        wrong("clip_norm = -1.0", &["training.clip_norm = -1", "above 0"]);
        wrong("clip_norm = 0.0", &["training.clip_norm = 0", "inf"]);
        wrong("clip_norm = nan", &["training.clip_norm = NaN"]);
        wrong("clip_norm = 1e-60", &["training.clip_norm"]);
        wrong("average = 1.0", &["training.average = 1:", "below 1"]);
        wrong("average = -0.1", &["training.average = -0.1"]);
        wrong("average = nan", &["training.average = NaN"]);
        wrong("warmup = 100", &["training.warmup = 100", "here 100"]);
        wrong("warmup = -1", &["training.warmup = -1", "at least 0"]);
        wrong("warmup = nan", &["training.warmup = NaN"]);
        wrong("schedule = 'cosin'", &["\"cosin\"", "constant, cosine", "did you mean \"cosine\"?"]);
        wrong("schedule = 'xyz'", &["\"xyz\"", "constant, cosine"]);
        wrong("final_fraction = 0.1", &["constant", "schedule = \"cosine\""]);
        let text = "schedule = 'cosine'\nfinal_fraction = 1.5";
        wrong(text, &["training.final_fraction = 1.5", "0 and 1"]);
    }
}
