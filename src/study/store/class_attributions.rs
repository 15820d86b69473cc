//! `attributions_by_class.csv`: the importance of classes of items for the networks of a study.

use std::path::Path;

use crate::error::Result;
use crate::study::store::attribution_table::{ClassAttribution, Usage};
use crate::study::store::table::{
    Line, Table, columns, curve_columns, number_text, write_curves, write_table,
};

/// The file in a study's folder, and in one of `shoal explain`.
pub(crate) const CLASS_ATTRIBUTIONS_FILE: &str = "attributions_by_class.csv";

/// The columns of a class.
const CLASS_COLUMNS: [&str; 5] = ["target", "class", "items", "mean_absolute", "standard_error"];

impl ClassAttribution {
    /// Its fields, as [`CLASS_COLUMNS`].
    fn fields(&self) -> Vec<String> {
        let numbers = [Some(self.items), Some(self.mean_absolute), self.standard_error];
        let names = [self.target.clone(), self.class.clone()];
        names.into_iter().chain(numbers.map(number_text)).collect()
    }

    fn read(line: &Line, first: usize) -> Result<Self> {
        Ok(Self {
            target: line.text(first).to_owned(),
            class: line.text(first + 1).to_owned(),
            items: line.number(first + 2)?,
            mean_absolute: line.number(first + 3)?,
            standard_error: line.measured(first + 4)?,
        })
    }
}

/// Writes the classes of one explanation, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_class_attributions(path: &Path, all: &[ClassAttribution]) -> Result<()> {
    let lines: Vec<Vec<String>> = all.iter().map(ClassAttribution::fields).collect();
    write_table(path, &columns(&CLASS_COLUMNS), &lines)
}

/// Writes the classes of all networks, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub(crate) fn write_classes(path: &Path, all: &[Usage]) -> Result<()> {
    let rest = [&["simulations"][..], &CLASS_COLUMNS].concat();
    let lines = all.iter().flat_map(|usage| {
        let simulations = usage.simulations.to_string();
        let line = move |class: &ClassAttribution| [vec![simulations.clone()], class.fields()];
        usage.classes.iter().map(move |class| (&usage.curve, line(class).concat()))
    });
    write_curves(path, &columns(&rest), lines)
}

/// Reads the classes of networks whose other attributions are known.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub(crate) fn read_classes(path: &Path, all: &mut [Usage]) -> Result<()> {
    let table = Table::read(path)?;
    let curve = curve_columns(table.is_sized());
    let rest = [&["simulations"][..], &CLASS_COLUMNS].concat();
    table.check_columns(&[&curve[..], &columns(&rest)].concat())?;
    let first = curve.len();
    for line in table.lines() {
        let (curve, simulations): (_, usize) = (line.curve()?, line.number(first)?);
        let mut known = all.iter_mut();
        let own = known.find(|one| one.curve == curve && one.simulations == simulations);
        if let Some(own) = own {
            own.classes.push(ClassAttribution::read(&line, first + 1)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::store::run::Curve;

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CLASS_ATTRIBUTIONS_FILE);
        let class = |target: &str, error: Option<f64>| ClassAttribution {
            target: target.to_owned(),
            class: "photon, any".to_owned(),
            items: 1.0 / 3.0,
            mean_absolute: 0.1 + 0.2,
            standard_error: error,
        };
        let usage = |pretraining: Option<usize>, classes: Vec<ClassAttribution>| Usage {
            curve: Curve {
                strategy: "dummy-node".to_owned(),
                pretraining_simulations: pretraining,
            },
            simulations: 50,
            networks: 3,
            background: 20,
            gap: 0.0,
            axis_name: "input".to_owned(),
            inputs: vec![],
            axis: vec![],
            profiles: vec![],
            flips: vec![],
            classes,
        };
        let all = [
            usage(Some(64), vec![class("gluon", Some(1e-9)), class("quark", None)]),
            usage(Some(128), vec![class("gluon", None)]),
        ];
        write_classes(&path, &all).unwrap();
        let mut read = all.clone();
        read.iter_mut().for_each(|usage| usage.classes.clear());
        read_classes(&path, &mut read).unwrap();
        assert_eq!(read, all);
    }
}
