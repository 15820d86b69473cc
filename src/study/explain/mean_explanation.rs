//! The mean explanation of several networks, and its files.

use std::path::Path;

use serde_json::{Value, json};

use crate::data::files::{write_atomically, write_bytes};
use crate::data::npy::write_numbers;
use crate::data::observations::Examples;
use crate::error::Result;
use crate::study::report::attribution_chart::{Attributions, Shared, Target, attribution_chart};
use crate::study::report::chart::model::Chart;
use crate::study::report::chart::style::Look;
use crate::study::store::model::Model;

use crate::study::explain::comparison::Comparison;
use crate::study::explain::explanation::{Explanation, Request, explain};
use crate::study::explain::explanation_tables::{write_attributions, write_comparison};
use crate::study::explain::profile::{class_attributions, mean_profiles};
use crate::study::explain::values::Gap;
use crate::study::store::attribution_table::{ClassAttribution, Profile};
use crate::study::store::class_attributions::{CLASS_ATTRIBUTIONS_FILE, write_class_attributions};

/// The mean explanation of several networks, such as the seeds of one strategy and size.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanExplanation {
    /// Strategy, simulations, and the number of networks if there are several.
    pub name: String,
    /// Number of networks.
    pub networks: usize,
    /// The explanation of the mean of the networks.
    pub mean: Explanation,
    /// The profile of each target, with standard errors over the networks.
    pub profiles: Vec<Profile>,
    /// The importance of each class of items for each target, likewise.
    pub classes: Vec<ClassAttribution>,
    /// The gap of the network with the largest one.
    pub gap: Gap,
}

impl MeanExplanation {
    /// Explains each model on the same rows of `raw` and takes the mean; `name` names the inputs in
    /// errors.
    ///
    /// # Errors
    /// As [`explain`] and [`Explanation::mean`].
    ///
    /// # Panics
    /// If there is no model.
    pub fn new<'a>(
        models: &[Model],
        raw: impl Into<Examples<'a>>,
        name: &str,
        request: &Request,
    ) -> Result<Self> {
        let raw = raw.into();
        let explanations = models.iter().map(|model| explain(model, raw, name, request));
        let explanations: Vec<Explanation> = explanations.collect::<Result<_>>()?;
        let mean = Explanation::mean(&explanations)?;
        let gaps = explanations.iter().map(|explanation| explanation.gap);
        let larger = |a: Gap, b: Gap| if b.largest > a.largest { b } else { a };
        let about = &models[0].about;
        let name = format!("{}, {} simulations", about.strategy, about.simulations);
        Ok(Self {
            name: match models.len() {
                1 => name,
                count => format!("{name}, mean of {count} networks"),
            },
            networks: models.len(),
            profiles: mean_profiles(&explanations, &mean),
            classes: class_attributions(&explanations, &mean),
            gap: gaps.reduce(larger).expect("mean explanation: no model"),
            mean,
        })
    }

    /// Writes `attributions.csv`, `attributions.npy` of shape (rows, targets, inputs), the figure
    /// `attributions.svg` and `.png`, and `explanation.json` with `notes`; also
    /// `attributions_by_class.csv` if there are classes of items, and `compared.csv` and
    /// `comparison.csv` if there is an explanation to compare with.
    ///
    /// # Errors
    /// [`crate::Error::Output`] with the path.
    pub fn write(
        &self,
        folder: &Path,
        compared: Option<(&MeanExplanation, &[Comparison])>,
        notes: Value,
    ) -> Result<()> {
        write_attributions(&folder.join("attributions.csv"), &self.mean, &self.profiles)?;
        write_values(&folder.join("attributions.npy"), &self.mean)?;
        if !self.classes.is_empty() {
            write_class_attributions(&folder.join(CLASS_ATTRIBUTIONS_FILE), &self.classes)?;
        }
        if let Some((other, comparisons)) = compared {
            write_attributions(&folder.join("compared.csv"), &other.mean, &other.profiles)?;
            let both = (&self.profiles[..], &other.profiles[..]);
            write_comparison(&folder.join("comparison.csv"), &self.mean, both, comparisons)?;
        }
        self.chart(compared).write(folder, "attributions")?;
        let notes = self.notes(compared.map(|(other, _)| other), notes);
        let text = serde_json::to_string_pretty(&notes)
            .expect("mean explanation: plain data is JSON")
            + "\n";
        write_bytes(&folder.join("explanation.json"), text.as_bytes())
    }

    fn chart(&self, compared: Option<(&MeanExplanation, &[Comparison])>) -> Chart {
        let area = compared.map(|(other, _)| &other.name[..]);
        let shared = Shared { axis_name: &self.mean.axis_name, axis: &self.mean.axis, area };
        let target = |profile| self.target(profile, compared);
        let targets: Vec<Target> = self.profiles.iter().map(target).collect();
        let mut note = format!(
            "Signed attributions, target scaled to [0, 1]: {} of {} rows against a background of \
             {}; above zero, a larger input raises the target. Largest additivity gap {:.1e}, \
             mean {:.1e}. Each panel has its own scale.",
            self.mean.method.name(),
            self.mean.rows.len(),
            self.mean.background.len(),
            self.gap.largest,
            self.gap.mean
        );
        if self.networks > 1 {
            note.push_str(" Band: standard error over networks.");
        }
        if targets.iter().any(|target| target.lines.iter().any(|line| !line.flips.is_empty())) {
            note.push_str(" Blocks at the bottom: inputs with opposite signs.");
        }
        Chart {
            title: format!("Attributions: {}", self.name),
            note,
            ..attribution_chart(&shared, &targets)
        }
    }

    fn target<'a>(
        &'a self,
        profile: &'a Profile,
        compared: Option<(&'a MeanExplanation, &'a [Comparison])>,
    ) -> Target<'a> {
        let other = compared.and_then(|(other, _)| {
            other.profiles.iter().find(|other| other.target == profile.target)
        });
        let comparison = compared
            .and_then(|(_, all)| all.iter().find(|comparison| comparison.target == profile.target));
        Target {
            title: profile.target.clone(),
            subtitle: String::new(),
            area: other.map(|other| &other.signed[..]),
            lines: vec![Attributions {
                name: self.name.clone(),
                look: Look::series(0),
                signed: &profile.signed,
                errors: profile.standard_error.as_deref(),
                flips: comparison.map_or(&[], |comparison| &comparison.flips),
            }],
        }
    }

    fn notes(&self, other: Option<&MeanExplanation>, mut notes: Value) -> Value {
        notes["shoal"] = env!("CARGO_PKG_VERSION").into();
        notes["method"] = self.mean.method.name().into();
        notes["background"] = json!(self.mean.background);
        notes["rows"] = json!(self.mean.rows);
        notes["targets"] = json!(self.mean.targets);
        notes["units"] = "scaled targets: 1 is the range of a target".into();
        notes["gap"] = self.gap.json();
        if let Some(other) = other {
            notes["compared_gap"] = other.gap.json();
        }
        notes
    }
}

/// Writes the attributions as an f64 array of shape (rows, targets, inputs).
fn write_values(path: &Path, explanation: &Explanation) -> Result<()> {
    let attributions = &explanation.attributions;
    let shape = [attributions.rows, attributions.targets, attributions.inputs];
    write_atomically(path, |file| {
        write_numbers(file, &shape.map(|size| size as u64), &attributions.values)
    })
}
