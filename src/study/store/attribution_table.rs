//! `attributions.csv`: the importance and the sign of each input for the networks of a study.

use std::path::Path;

use crate::error::Result;
use crate::study::store::run::Curve;
use crate::study::store::table::{Line, Table, columns, curve_columns, number_text, write_curves};

/// The file in a study's folder. The file of the same name of `shoal explain` has other columns.
pub(crate) const ATTRIBUTIONS_FILE: &str = "attributions.csv";

/// The importance and the sign of each input for one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The target.
    pub target: String,
    /// The mean of the absolute attribution over the rows, in units of the scaled target, shape
    /// (inputs).
    pub mean_absolute: Vec<f64>,
    /// Pearson's correlation of the attribution with the scaled input over the rows, shape
    /// (inputs): positive where a larger input raises the prediction. Absent where one of the two
    /// is the same in all rows.
    pub correlation: Vec<Option<f64>>,
    /// The mean absolute attribution with the sign of the correlation, 0 where that is absent,
    /// shape (inputs).
    pub signed: Vec<f64>,
    /// The standard error of `signed` over several networks, shape (inputs); absent for one.
    pub standard_error: Option<Vec<f64>>,
    /// Number of rows that are averaged.
    pub rows: usize,
}

/// The importance of a class of items for a target.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassAttribution {
    /// The target.
    pub target: String,
    /// The column that marks the items of the class.
    pub class: String,
    /// The share of the items of the explained rows that are in the class.
    pub items: f64,
    /// The mean over the rows of the absolute attribution of all items of the class together, in
    /// units of the scaled target.
    pub mean_absolute: f64,
    /// Its standard error over several networks; absent for one.
    pub standard_error: Option<f64>,
}

/// The profiles of the networks of one curve and size.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Strategy and pre-training size, or pre-trainings.
    pub curve: Curve,
    /// Number of simulations.
    pub simulations: usize,
    /// Number of networks that are averaged.
    pub networks: usize,
    /// Number of background rows.
    pub background: usize,
    /// The largest additivity gap of a row, in units of the scaled target.
    pub gap: f64,
    /// The name of the axis of the inputs, with its unit.
    pub axis_name: String,
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// The position of each input on the axis.
    pub axis: Vec<f64>,
    /// The profile of each target.
    pub profiles: Vec<Profile>,
    /// For each profile the inputs whose sign is opposite to that in the pre-trained networks;
    /// absent where these have no such target, or other inputs.
    pub flips: Vec<Option<Vec<usize>>>,
    /// The classes of items, if the networks read items: in `attributions_by_class.csv`.
    pub classes: Vec<ClassAttribution>,
}

/// The columns after those of the curve.
const REST: [&str; 14] = [
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
    "flips",
];

impl Usage {
    /// The profile of a target.
    pub fn of(&self, target: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.target == target)
    }

    fn lines(&self) -> impl Iterator<Item = Vec<String>> {
        self.profiles.iter().zip(&self.flips).flat_map(move |(profile, flips)| {
            (0..self.axis.len()).map(move |input| self.line(profile, flips.as_deref(), input))
        })
    }

    fn line(&self, profile: &Profile, flips: Option<&[usize]>, input: usize) -> Vec<String> {
        let flipped = flips.map(|flips| u8::from(flips.contains(&input)).to_string());
        let error = profile.standard_error.as_ref().map(|errors| errors[input]);
        vec![
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
    }

    /// Adds a line, whose columns after the curve begin at `first`; inputs come in order for each
    /// target.
    fn add(&mut self, line: &Line, first: usize) -> Result<()> {
        let target = line.text(first + 5);
        if (self.profiles.last()).is_none_or(|profile| profile.target != target) {
            self.profiles.push(Profile {
                target: target.to_owned(),
                mean_absolute: vec![],
                correlation: vec![],
                signed: vec![],
                standard_error: None,
                rows: line.number(first + 3)?,
            });
            self.flips.push(None);
        }
        if self.profiles.len() == 1 {
            self.inputs.push(line.text(first + 6).to_owned());
            self.axis.push(line.number(first + 8)?);
        }
        let profile = self.profiles.last_mut().expect("attributions: one was added");
        let input = profile.signed.len();
        profile.mean_absolute.push(line.number(first + 9)?);
        profile.correlation.push(line.measured(first + 10)?);
        profile.signed.push(line.number(first + 11)?);
        if let Some(error) = line.measured(first + 12)? {
            profile.standard_error.get_or_insert_default().push(error);
        }
        let flips = self.flips.last_mut().expect("attributions: one was added");
        match line.measured(first + 13)? {
            Some(0.0) => _ = flips.get_or_insert_default(),
            Some(_) => flips.get_or_insert_default().push(input),
            None => {}
        }
        Ok(())
    }
}

/// Writes one line for each kind of networks, target and input, atomically. Attributions are in
/// units of the scaled target.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_usages(path: &Path, all: &[Usage]) -> Result<()> {
    let lines = all.iter().flat_map(|one| one.lines().map(|line| (&one.curve, line)));
    write_curves(path, &columns(&REST), lines)
}

/// Reads `attributions.csv`.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub(crate) fn read_usages(path: &Path) -> Result<Vec<Usage>> {
    let table = Table::read(path)?;
    let curve = curve_columns(table.is_sized());
    table.check_columns(&[&curve[..], &columns(&REST)].concat())?;
    let first = curve.len();
    let mut all: Vec<Usage> = Vec::new();
    for line in table.lines() {
        let (curve, simulations) = (line.curve()?, line.number(first)?);
        if all.last().is_none_or(|one| one.curve != curve || one.simulations != simulations) {
            all.push(Usage {
                curve,
                simulations,
                networks: line.number(first + 1)?,
                background: line.number(first + 2)?,
                gap: line.number(first + 4)?,
                axis_name: line.text(first + 7).to_owned(),
                inputs: vec![],
                axis: vec![],
                profiles: vec![],
                flips: vec![],
                classes: vec![],
            });
        }
        all.last_mut().expect("attributions: one was added").add(&line, first)?;
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
        let flips = (sign < 0.0).then(|| vec![0]);
        Usage {
            curve: Curve::of(strategy),
            simulations: 50,
            networks: 3,
            background: 20,
            gap: 1e-16,
            axis_name: "k [h/Mpc]".to_owned(),
            inputs: vec!["a, b".to_owned(), "c".to_owned()],
            axis: vec![0.1, 0.2],
            profiles: vec![profile("s8"), profile("M_nu")],
            flips: vec![flips.clone(), flips],
            classes: vec![],
        }
    }

    #[test]
    fn usages_come_back_to_the_last_bit_and_flips_are_marked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ATTRIBUTIONS_FILE);
        let all =
            [usage("pretraining", 1.0, None), usage("dummy-node", -1.0, Some(vec![0.01, 1e-9]))];
        write_usages(&path, &all).unwrap();
        assert_eq!(read_usages(&path).unwrap(), all);
        let text = std::fs::read_to_string(&path).unwrap();
        let flips: Vec<&str> =
            (text.lines().skip(1)).map(|line| line.rsplit_once(',').unwrap().1).collect();
        assert_eq!(flips, ["", "", "", "", "1", "0", "1", "0"]);
    }
}
