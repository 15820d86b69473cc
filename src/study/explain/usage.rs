//! What the networks of a study use, kind by kind, as `attributions.csv`.

use std::path::Path;

use crate::data::files::write_bytes;
use crate::error::Result;
use crate::study::store::fields::{csv_text, number_text};

use crate::study::explain::comparison::{Comparison, compare};
use crate::study::explain::profile::Profile;
use crate::study::explain::reading::Reading;
use crate::study::store::columns::{Line, Table};

/// The file in a study's folder; that of `shoal explain` has the same name, but is of one kind of
/// networks.
pub const ATTRIBUTIONS_FILE: &str = "attributions.csv";

/// What pre-trainings and their networks have in the place of a strategy.
pub const PRETRAINING: &str = "pretraining";

/// What the networks of one strategy and size use of each input.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// The strategy, or `pretraining`.
    pub strategy: String,
    /// How many simulations they had.
    pub simulations: usize,
    /// How many networks were averaged.
    pub networks: usize,
    /// How many rows stood for not knowing an input.
    pub background: usize,
    /// By how much the attributions of a row miss adding up, at most, in units of the scaled
    /// target.
    pub gap: f64,
    /// What the inputs are a function of, with its unit.
    pub axis_name: String,
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// Where each input lies on the axis.
    pub axis: Vec<f64>,
    /// What is used for each target.
    pub profiles: Vec<Profile>,
}

const COLUMNS: [&str; 14] = [
    "strategy",
    "simulations",
    "networks",
    "background",
    "rows",
    "largest_gap",
    "target",
    "input",
    "axis_name",
    "axis",
    "mean_absolute",
    "correlation",
    "signed",
    "signed_standard_error",
];

/// The last column, which follows from the others: 1 where the sign is not that of the pre-trained
/// networks.
const FLIPS: &str = "flips";

impl Usage {
    /// That of a reading.
    pub fn new(reading: &Reading, strategy: &str, simulations: usize) -> Self {
        let mean = &reading.mean;
        Self {
            strategy: strategy.to_owned(),
            simulations,
            networks: reading.networks,
            background: mean.background.len(),
            gap: reading.gap.largest,
            axis_name: mean.axis_name.clone(),
            inputs: mean.input_names.clone(),
            axis: mean.axis.clone(),
            profiles: reading.profiles.clone(),
        }
    }

    /// The profile of a target.
    pub fn of(&self, target: &str) -> Option<&Profile> {
        let mut profiles = self.profiles.iter();
        profiles.find(|profile| profile.target == target)
    }

    /// Where it differs from what other networks of the same inputs use; absent if they have other
    /// inputs.
    pub fn compared(&self, other: &Usage) -> Vec<Comparison> {
        match self.axis.len() == other.axis.len() {
            true => compare(&self.profiles, &other.profiles),
            false => vec![],
        }
    }

    fn lines(&self, flips: &[Comparison]) -> Vec<Vec<String>> {
        let of_profile = |profile: &Profile| {
            let flips = flips.iter().find(|one| one.target == profile.target);
            let line = |input: usize| {
                let flipped = flips.map(|one| u8::from(one.flips.contains(&input)).to_string());
                let error = profile.standard_error.as_ref().map(|errors| errors[input]);
                vec![
                    self.strategy.clone(),
                    self.simulations.to_string(),
                    self.networks.to_string(),
                    self.background.to_string(),
                    profile.rows.to_string(),
                    number_text(Some(self.gap)),
                    profile.target.clone(),
                    self.inputs[input].clone(),
                    self.axis_name.clone(),
                    number_text(Some(self.axis[input])),
                    number_text(Some(profile.mean_absolute[input])),
                    number_text(profile.correlation[input]),
                    number_text(Some(profile.signed[input])),
                    number_text(error),
                    flipped.unwrap_or_default(),
                ]
            };
            (0..self.axis.len()).map(line).collect::<Vec<_>>()
        };
        self.profiles.iter().flat_map(of_profile).collect()
    }

    /// Takes a line up; inputs come in order for each target.
    fn take(&mut self, line: &Line, places: &[usize; COLUMNS.len()]) -> Result<()> {
        let target = line.text(places[6]);
        if (self.profiles.last()).is_none_or(|profile| profile.target != target) {
            self.profiles.push(Profile {
                target: target.to_owned(),
                mean_absolute: vec![],
                correlation: vec![],
                signed: vec![],
                standard_error: None,
                rows: line.number(places[4])?,
            });
        }
        if self.profiles.len() == 1 {
            self.inputs.push(line.text(places[7]).to_owned());
            self.axis.push(line.number(places[9])?);
        }
        let profile = self.profiles.last_mut().expect("attributions: one was added");
        profile.mean_absolute.push(line.number(places[10])?);
        profile.correlation.push(line.measured(places[11])?);
        profile.signed.push(line.number(places[12])?);
        if let Some(error) = line.measured(places[13])? {
            profile.standard_error.get_or_insert_default().push(error);
        }
        Ok(())
    }
}

/// Writes one line for each kind of networks, target and input, atomically. Attributions are in
/// units of the scaled target, `signed` is the mean absolute one with the sign of its correlation
/// with the input.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_usages(path: &Path, all: &[Usage]) -> Result<()> {
    let pretrained = all.iter().find(|one| one.strategy == PRETRAINING);
    let columns = COLUMNS.iter().chain([&FLIPS]);
    let mut lines = vec![columns.map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    for one in all {
        let base = pretrained.filter(|base| base.strategy != one.strategy);
        let flips = base.map_or(vec![], |base| one.compared(base));
        lines.extend(one.lines(&flips));
    }
    write_bytes(path, &csv_text(lines.iter().map(Vec::as_slice)))
}

/// Reads what [`write_usages`] wrote.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub fn read_usages(path: &Path) -> Result<Vec<Usage>> {
    let table = Table::read(path)?;
    let places = table.columns(COLUMNS)?;
    let mut all: Vec<Usage> = Vec::new();
    for line in table.lines() {
        let (strategy, simulations) = (line.text(places[0]), line.number(places[1])?);
        let same = |one: &Usage| one.strategy == strategy && one.simulations == simulations;
        if !all.last().is_some_and(same) {
            all.push(Usage {
                strategy: strategy.to_owned(),
                simulations,
                networks: line.number(places[2])?,
                background: line.number(places[3])?,
                gap: line.number(places[5])?,
                axis_name: line.text(places[8]).to_owned(),
                inputs: vec![],
                axis: vec![],
                profiles: vec![],
            });
        }
        let last = all.last_mut().expect("attributions: one was added");
        last.take(&line, &places)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(strategy: &str, sign: f64, errors: Option<Vec<f64>>) -> Usage {
        let profile = |target: &str| Profile {
            target: target.to_owned(),
            mean_absolute: vec![0.1 + 0.2, 1e-7],
            correlation: vec![Some(0.9 * sign), None],
            signed: vec![(0.1 + 0.2) * sign, 0.0],
            standard_error: errors.clone(),
            rows: 40,
        };
        Usage {
            strategy: strategy.to_owned(),
            simulations: 50,
            networks: 3,
            background: 20,
            gap: 1e-16,
            axis_name: "k [h/Mpc]".to_owned(),
            inputs: vec!["a, b".to_owned(), "c".to_owned()],
            axis: vec![0.1, 0.2],
            profiles: vec![profile("s8"), profile("M_nu")],
        }
    }

    #[test]
    fn usages_come_back_to_the_last_bit_and_flips_are_marked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ATTRIBUTIONS_FILE);
        let all =
            [usage(PRETRAINING, 1.0, None), usage("dummy-node", -1.0, Some(vec![0.01, 1e-9]))];
        write_usages(&path, &all).unwrap();
        assert_eq!(read_usages(&path).unwrap(), all);
        let text = std::fs::read_to_string(&path).unwrap();
        let flips: Vec<&str> =
            (text.lines().skip(1)).map(|line| line.rsplit_once(',').unwrap().1).collect();
        assert_eq!(flips, ["", "", "", "", "1", "0", "1", "0"]);
    }
}
