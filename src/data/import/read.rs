//! From the files of an import to a dataset.

use std::path::Path;

use serde_json::json;

use crate::data::conventions::Conventions;
use crate::data::dataset::Dataset;
use crate::data::files::prefix;
use crate::data::formats::read_columns;
use crate::data::import::inputs::{Inputs, read_note};
use crate::data::import::items::ImportedItems;
use crate::data::import::options::Import;
use crate::data::import::selection::Named;
use crate::data::import::targets::{Targets, ranges};
use crate::data::names;
use crate::error::Result;
use crate::input_error;

impl Import {
    /// Reads all files, relative paths from `base`, and puts them together.
    ///
    /// # Errors
    /// Whatever cannot be read or does not fit, with the file, the row and the column; see
    /// [`Dataset::check`].
    pub fn read(&self, base: &Path, conventions: &Conventions) -> Result<Dataset> {
        let parts = self.parts()?;
        let whole = parts.iter().map(|part| part.import.read_part(base, conventions, &part.label));
        let mut dataset = Dataset::joined(whole.collect::<Result<_>>()?)?;
        if dataset.targets.rows == 0 {
            let condition = self.condition.as_deref().unwrap_or_default();
            return Err(input_error!("`where`: no row meets `{condition}`; nothing is left"));
        }
        let about = match (&self.condition, parts.first()) {
            (Some(_), _) => "of the rows that `where` keeps".to_owned(),
            (None, Some(part)) => {
                let Import { x, y, .. } = &part.import;
                let path = if x.as_os_str().is_empty() { y } else { x };
                base.join(path).display().to_string()
            }
            (None, None) => "the files".to_owned(),
        };
        if dataset.target_ranges.is_empty() {
            let names = dataset.target_names.clone();
            dataset.target_ranges = ranges(self, &dataset.targets, &names, &names, conventions)
                .map_err(|error| prefix(error, &about))?;
        }
        dataset.check_with(conventions.nan_inputs).map_err(|error| prefix(error, about))?;
        Ok(dataset)
    }

    /// Whether rows are checked when all are known: some are left out, or follow in other files.
    pub(crate) fn is_checked_later(&self) -> bool {
        self.condition.is_some() || self.files.is_some()
    }

    /// The dataset of one file each of inputs and targets; or of inputs alone, whose rows all have
    /// the targets of `label`. Without ranges of the targets if rows are checked later.
    fn read_part(
        &self,
        base: &Path,
        conventions: &Conventions,
        label: &[(String, f64)],
    ) -> Result<Dataset> {
        let mut items = self.read_items(base)?;
        let targets = match label.is_empty() {
            true => Some(self.read_targets(base, conventions)?),
            false => None,
        };
        let of_items = items.as_ref().map(|found| (found.items.rows(), None));
        let of_targets = targets.as_ref().map(|all| (all.matrix.rows, all.labels.as_deref()));
        let mut inputs = Inputs::read(self, base, of_targets.or(of_items), conventions)?;
        let rows = match (&inputs.rows, &targets) {
            (Some(rows), _) => rows.len(),
            (None, Some(targets)) => targets.matrix.rows,
            (None, None) => inputs.matrix.rows,
        };
        self.check_rows(base, &inputs, items.as_ref(), rows)?;
        let named = Named { import: self, base, inputs: &inputs, targets: targets.as_ref(), rows };
        let mut of_items = Vec::new();
        if let Some(found) = &mut items {
            of_items = named.define_items(&mut found.items)?;
        }
        let defined = named.defined_inputs(&of_items)?;
        inputs.add_defined(&defined)?;
        let named = Named { import: self, base, inputs: &inputs, targets: targets.as_ref(), rows };
        let (kept, groups) = (named.kept()?, named.groups()?);
        let of_file = |weights: &Vec<f64>| match &inputs.rows {
            Some(rows) => rows.iter().map(|row| weights[*row as usize]).collect(),
            None => weights.clone(),
        };
        let weights = match (&self.weights, targets.as_ref().and_then(|own| own.weights.as_ref())) {
            (Some(_), Some(weights)) => Some(of_file(weights)),
            (Some(name), None) => Some(named.column("weights", name)?),
            (None, _) => None,
        };
        inputs =
            inputs.chosen(self).map_err(|error| prefix(error, base.join(&self.x).display()))?;
        if !self.is_checked_later() {
            let check = inputs.matrix.check_inputs(&inputs.names, conventions.nan_inputs);
            check.map_err(|error| prefix(error, base.join(&self.x).display()))?;
        }
        let targets = targets.unwrap_or_else(|| Targets::constant(label, rows));
        if !targets.dropped.is_empty() {
            inputs.dropped.insert("targets".into(), json!(targets.dropped));
        }
        if label.is_empty() {
            inputs.read.insert("y".into(), read_note(&self.y, &base.join(&self.y))?);
        }
        let items = items.map(|mut found| {
            inputs.read.append(&mut found.read);
            self.chosen_items(found.items)
        });
        if let Some(kept) = &kept {
            let dropped = format!("{} of {rows}", rows - kept.len());
            inputs.dropped.insert("rows".into(), json!(dropped));
        }
        let mut provenance = json!({
            "shoal": env!("CARGO_PKG_VERSION"),
            "read": inputs.read,
            "dropped": inputs.dropped,
        });
        if !inputs.notes.is_empty() {
            provenance["notes"] = json!(inputs.notes);
        }
        let dataset = Dataset {
            weights,
            groups,
            provenance,
            targets: match &inputs.rows {
                Some(rows) => targets.matrix.select_rows(rows),
                None => targets.matrix,
            },
            inputs: inputs.matrix,
            items: items.transpose()?,
            axis: inputs.axis,
            axis_name: inputs.axis_name,
            input_names: inputs.names,
            target_names: targets.names,
            target_ranges: targets.ranges,
        };
        Ok(match kept {
            Some(kept) => dataset.with_rows(&kept),
            None => dataset,
        })
    }

    fn read_targets(&self, base: &Path, conventions: &Conventions) -> Result<Targets> {
        if self.y.as_os_str().is_empty() {
            return Err(input_error!(
                "`y` is missing: name the file of the targets, or `label` for numbers that are the \
                 same in each of `files`"
            ));
        }
        let path = base.join(&self.y);
        if self.shares_file() && self.targets.is_none() {
            return Err(input_error!(
                "{} has the inputs and the targets: name the columns that are targets with \
                 `targets`",
                path.display()
            ));
        }
        let wanted = self.targets.as_deref().filter(|_| self.target_names.is_none());
        let table = read_columns(&path, self.text(self.y_header), wanted)?;
        Targets::choose(self, table, conventions).map_err(|error| prefix(error, path.display()))
    }

    /// Checks that inputs and items are those of so many rows.
    fn check_rows(
        &self,
        base: &Path,
        inputs: &Inputs,
        items: Option<&ImportedItems>,
        rows: usize,
    ) -> Result<()> {
        let path = if self.y.as_os_str().is_empty() { &self.x } else { &self.y };
        let path = base.join(path);
        if inputs.matrix.rows != rows {
            let header =
                match inputs.matrix.rows == rows + 1 && names::are_default_inputs(&inputs.names) {
                    true => ". If the first line of the inputs is a header, say --x-header yes",
                    false => "",
                };
            return Err(input_error!(
                "{} has {} rows but {} has {rows}; they must be the same simulations in the same \
                 order{header}",
                base.join(&self.x).display(),
                inputs.matrix.rows,
                path.display()
            ));
        }
        match items.filter(|found| found.items.rows() != rows) {
            Some(found) => Err(input_error!(
                "the items are those of {} rows but {} has {rows}; they must be the same \
                 simulations in the same order",
                found.items.rows(),
                path.display()
            )),
            None => Ok(()),
        }
    }
}
