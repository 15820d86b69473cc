//! From the files of an import to a dataset.

use std::path::Path;

use serde_json::json;

use crate::data::conventions::Conventions;
use crate::data::dataset::Dataset;
use crate::data::files::prefix;
use crate::data::formats::read_table;
use crate::data::import::inputs::{Inputs, read_note};
use crate::data::import::options::Import;
use crate::data::import::targets::Targets;
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
        let (x_path, y_path) = (base.join(&self.x), base.join(&self.y));
        let table = read_table(&y_path, self.text(self.y_header))?;
        let targets = Targets::choose(self, table, conventions)
            .map_err(|error| prefix(error, y_path.display()))?;
        let rows = (targets.matrix.rows, targets.labels.as_deref());
        let mut inputs = Inputs::read(self, base, rows, conventions)?;
        let rows = inputs.rows.as_ref().map_or(targets.matrix.rows, Vec::len);
        if inputs.matrix.rows != rows {
            let header =
                match inputs.matrix.rows == rows + 1 && names::are_default_inputs(&inputs.names) {
                    true => ". If the first line of the inputs is a header, say --x-header yes",
                    false => "",
                };
            return Err(input_error!(
                "{} has {} rows but {} has {rows}; they must be the same simulations in the same \
                 order{header}",
                x_path.display(),
                inputs.matrix.rows,
                y_path.display()
            ));
        }
        let items = self.read_items(base)?;
        if let Some(found) = items.as_ref().filter(|found| found.items.rows() != rows) {
            return Err(input_error!(
                "the items are those of {} rows but {} has {rows}; they must be the same \
                 simulations in the same order",
                found.items.rows(),
                y_path.display()
            ));
        }
        let in_x = |error| prefix(error, x_path.display());
        let nan = conventions.nan_inputs;
        inputs.matrix.check_inputs(&inputs.names, nan).map_err(in_x)?;
        if !targets.dropped.is_empty() {
            inputs.dropped.insert("targets".into(), json!(targets.dropped));
        }
        inputs.read.insert("y".into(), read_note(&self.y, &y_path)?);
        let items = items.map(|mut found| {
            inputs.read.append(&mut found.read);
            found.items
        });
        let kept = self.kept_rows(base, rows)?;
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
            weights: match (targets.weights, &inputs.rows) {
                (Some(all), Some(rows)) => {
                    Some(rows.iter().map(|row| all[*row as usize]).collect())
                }
                (all, _) => all,
            },
            provenance,
            targets: match &inputs.rows {
                Some(rows) => targets.matrix.select_rows(rows),
                None => targets.matrix,
            },
            inputs: inputs.matrix,
            items,
            axis: inputs.axis,
            axis_name: inputs.axis_name,
            input_names: inputs.names,
            target_names: targets.names,
            target_ranges: targets.ranges,
        };
        let dataset = match kept {
            Some(kept) => dataset.with_rows(&kept),
            None => dataset,
        };
        match self.x.as_os_str().is_empty() {
            true => dataset.check_with(nan).map_err(|error| prefix(error, y_path.display()))?,
            false => dataset.check_with(nan).map_err(in_x)?,
        }
        Ok(dataset)
    }
}
