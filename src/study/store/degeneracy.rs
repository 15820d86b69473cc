//! `degeneracy.csv`: which targets of the pre-training a new target is taken for.

use std::path::Path;

use crate::error::Result;
use crate::study::store::table::{Line, Table, columns, number_text, write_table};

/// The file in a study's folder.
pub(crate) const DEGENERACY_FILE: &str = "degeneracy.csv";

/// A new target and one of the pre-training.
#[derive(Clone, Debug, PartialEq)]
pub struct Degeneracy {
    /// The new target.
    pub new: String,
    /// The target of the pre-training.
    pub shared: String,
    /// How many pre-trained networks were tested.
    pub networks: usize,
    /// By how much their estimate of the shared target changes, in units of its range, when the new
    /// target changes by one standard deviation and the others do not: mean over the networks.
    pub shift: f64,
    /// Its 95 % interval from Student's t over the networks; absent with one.
    pub interval: Option<[f64; 2]>,
    /// The same of the best linear estimate, from the Fisher matrix of the data; absent of sets and
    /// with few rows.
    pub fisher_shift: Option<f64>,
    /// The correlation of the errors of both targets, likewise.
    pub fisher_correlation: Option<f64>,
}

const COLUMNS: [&str; 8] = [
    "new_target",
    "shared_target",
    "networks",
    "shift",
    "shift_low",
    "shift_high",
    "fisher_shift",
    "fisher_correlation",
];

/// Writes `degeneracy.csv`, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_degeneracies(path: &Path, all: &[Degeneracy]) -> Result<()> {
    let line = |one: &Degeneracy| {
        let end = |end: usize| one.interval.map(|ends| ends[end]);
        let numbers = [Some(one.shift), end(0), end(1), one.fisher_shift, one.fisher_correlation];
        let names = [one.new.clone(), one.shared.clone(), one.networks.to_string()];
        names.into_iter().chain(numbers.map(number_text)).collect()
    };
    write_table(path, &columns(&COLUMNS), &all.iter().map(line).collect::<Vec<_>>())
}

/// Reads `degeneracy.csv`.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub(crate) fn read_degeneracies(path: &Path) -> Result<Vec<Degeneracy>> {
    let table = Table::read(path)?;
    table.check_columns(&columns(&COLUMNS))?;
    let read = |line: Line| {
        Ok(Degeneracy {
            new: line.text(0).to_owned(),
            shared: line.text(1).to_owned(),
            networks: line.number(2)?,
            shift: line.number(3)?,
            interval: match (line.measured(4)?, line.measured(5)?) {
                (Some(low), Some(high)) => Some([low, high]),
                _ => None,
            },
            fisher_shift: line.measured(6)?,
            fisher_correlation: line.measured(7)?,
        })
    };
    table.lines().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DEGENERACY_FILE);
        let one = Degeneracy {
            new: "M_nu".into(),
            shared: "sigma_8, linear".into(),
            networks: 3,
            shift: -0.1 - 0.2,
            interval: Some([-0.4, -0.2]),
            fisher_shift: Some(0.11),
            fisher_correlation: Some(-0.7),
        };
        let other = Degeneracy {
            networks: 1,
            interval: None,
            fisher_shift: None,
            fisher_correlation: None,
            ..one.clone()
        };
        let all = [one, other];
        write_degeneracies(&path, &all).unwrap();
        assert_eq!(read_degeneracies(&path).unwrap(), all);
    }
}
