//! Clipping and the schedule of the learning rate: what a table of a study file says, and what it
//! means.

use crate::engine::optim::schedule::Cosine;
use crate::engine::optim::schedule::Schedule;
use crate::engine::run::Training;
use crate::error::Result;
use crate::input_error;
use crate::study::config::{HeadTable, PretrainingTable, TrainingTable};

/// What one table says; what is absent is inherited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys<'a> {
    clip_norm: Option<f64>,
    schedule: Option<&'a str>,
    warmup: Option<f64>,
    final_fraction: Option<f64>,
}

macro_rules! keys_of {
    ($($table:ty),+) => {$(
        impl<'a> From<&'a $table> for Keys<'a> {
            fn from(table: &'a $table) -> Self {
                Self {
                    clip_norm: table.clip_norm,
                    schedule: table.schedule.as_deref(),
                    warmup: table.warmup,
                    final_fraction: table.final_fraction,
                }
            }
        }
    )+};
}
keys_of!(TrainingTable, PretrainingTable, HeadTable);

/// The schedules that there are.
const SCHEDULES: [&str; 2] = ["constant", "cosine"];

impl Keys<'_> {
    /// The training with what the table called `table` says. What it does not say is as in
    /// `training`, whose epochs are already the table's.
    ///
    /// # Errors
    /// [`crate::Error::Input`] that names the key.
    pub fn apply(&self, table: &str, training: Training) -> Result<Training> {
        let inherited = training.schedule;
        let cosine = self.cosine(table, inherited.cosine, training.max_epochs)?;
        let warmup = self.warmup.unwrap_or(inherited.warmup);
        if !(warmup >= 0.0 && warmup < f64::from(training.max_epochs)) {
            let epochs = training.max_epochs;
            return Err(input_error!(
                "{table}.warmup = {warmup}: the epochs over which the learning rate rises are at least 0 and fewer than all \
                 epochs, here {epochs}"
            ));
        }
        Ok(Training {
            clip_norm: match self.clip_norm {
                Some(norm) => clip_norm(table, norm)?,
                None => training.clip_norm,
            },
            schedule: Schedule { warmup, cosine },
            ..training
        })
    }

    fn cosine(
        &self,
        table: &str,
        inherited: Option<Cosine>,
        epochs: u32,
    ) -> Result<Option<Cosine>> {
        let falls = match self.schedule {
            None => inherited.is_some(),
            Some("constant") => false,
            Some("cosine") => true,
            Some(other) => return Err(no_schedule(table, other)),
        };
        if let (Some(fraction), false) = (self.final_fraction, falls) {
            return Err(input_error!(
                "{table}.final_fraction = {fraction}, but the schedule is \"constant\"; give schedule = \"cosine\", or remove it"
            ));
        }
        let fraction = self.final_fraction.or(inherited.map(|cosine| cosine.final_fraction));
        let final_fraction = fraction.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&final_fraction) {
            return Err(input_error!(
                "{table}.final_fraction = {final_fraction}: the part of the learning rate that is left at the end lies between 0 \
                 and 1"
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

fn no_schedule(table: &str, typed: &str) -> crate::Error {
    let near = |name: &&str| strsim::jaro_winkler(typed, name);
    let nearest = SCHEDULES
        .into_iter()
        .max_by(|a, b| near(a).total_cmp(&near(b)))
        .filter(|name| near(name) > 0.7);
    let hint = nearest.map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
    input_error!(
        "{table}.schedule = \"{typed}\": no such schedule; there are {}{hint}",
        SCHEDULES.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Training {
        Training { max_epochs: 100, ..Training::default() }
    }

    fn applied(text: &str, training: Training) -> Result<Training> {
        let table: TrainingTable = toml::from_str(text).unwrap();
        Keys::from(&table).apply("training", training)
    }

    #[test]
    fn a_table_overrides_what_it_says_and_has_epochs_of_its_own() {
        let text = "clip_norm = 1.0\nschedule = 'cosine'\nwarmup = 2.5\nfinal_fraction = 0.1";
        let first = applied(text, plain()).unwrap();
        assert_eq!(first.clip_norm, Some(1.0));
        assert_eq!(first.schedule.warmup, 2.5);
        let cosine = |epochs, final_fraction| Some(Cosine { epochs, final_fraction });
        assert_eq!(first.schedule.cosine, cosine(100, 0.1));
        let shorter = Training { max_epochs: 20, ..first };
        let second = applied("final_fraction = 0.2", shorter).unwrap();
        assert_eq!(second.schedule.cosine, cosine(20, 0.2));
        assert_eq!((second.clip_norm, second.schedule.warmup), (Some(1.0), 2.5));
        let off = "clip_norm = inf\nschedule = 'constant'\nwarmup = 0.0";
        assert_eq!(applied(off, first).unwrap(), plain());
        assert_eq!(applied("", plain()).unwrap(), plain());
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
