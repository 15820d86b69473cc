//! Files whose rows follow each other, such as signal and background.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::data::dataset::Dataset;
use crate::data::import::options::Import;
use crate::data::names;
use crate::error::Result;
use crate::input_error;

/// One of the files of an import.
pub(crate) struct Part {
    /// What is read of it.
    pub(crate) import: Import,
    /// The targets that all of its rows have, if they are not in the file.
    pub(crate) label: Vec<(String, f64)>,
}

impl Import {
    /// An import of each of its files, or itself.
    ///
    /// # Errors
    /// No files; labels that are not one for each file; options that do not go together.
    pub(crate) fn parts(&self) -> Result<Vec<Part>> {
        let Some(files) = &self.files else {
            if self.label.is_some() {
                return Err(input_error!(
                    "`label` is a number for each of `files`, which are not given"
                ));
            }
            return Ok(vec![Part { import: self.with_y(), label: vec![] }]);
        };
        if files.is_empty() {
            return Err(input_error!("`files` is empty; name at least one"));
        }
        if self.label.is_some() && !self.y.as_os_str().is_empty() {
            return Err(input_error!(
                "give `y`, the targets of each row, or `label`, those of each file, not both"
            ));
        }
        for (name, numbers) in self.label.iter().flatten() {
            if numbers.len() != files.len() {
                return Err(input_error!(
                    "`label`: '{name}' has {} numbers but there are {} files; give one for each",
                    numbers.len(),
                    files.len()
                ));
            }
        }
        let part = |(at, file): (usize, &PathBuf)| {
            let label = self.label.iter().flatten();
            let label = label.map(|(name, numbers)| (name.clone(), numbers[at])).collect();
            Part { import: self.of_file(file), label }
        };
        Ok(files.iter().enumerate().map(part).collect())
    }

    /// The same of one file: paths that begin with `:` are parts of it.
    fn of_file(&self, file: &Path) -> Self {
        let inside = |path: &PathBuf| match path.to_str() {
            Some(part) if part.starts_with(':') => {
                let mut whole = file.as_os_str().to_owned();
                whole.push(part);
                whole.into()
            }
            _ => path.clone(),
        };
        let x = match self.x.as_os_str().is_empty() && self.items.is_none() {
            true => file.to_path_buf(),
            false => inside(&self.x),
        };
        let inside_all = |path: &Option<PathBuf>| path.as_ref().map(inside);
        let import = Self {
            x,
            y: inside(&self.y),
            axis: inside_all(&self.axis),
            items: self.items.as_ref().map(|paths| paths.iter().map(inside).collect()),
            counts: inside_all(&self.counts),
            offsets: inside_all(&self.offsets),
            mask: inside_all(&self.mask),
            ..self.clone()
        };
        match (&self.label, import.x.as_os_str().is_empty()) {
            (Some(_), _) => import,
            (None, false) => import.with_y(),
            (None, true) if import.y.as_os_str().is_empty() => {
                Self { y: file.to_path_buf(), ..import }
            }
            (None, true) => import,
        }
    }

    /// The same with the file of the inputs as that of the targets, unless they have one.
    fn with_y(&self) -> Self {
        let y = if self.y.as_os_str().is_empty() { &self.x } else { &self.y };
        Self { y: y.clone(), ..self.clone() }
    }

    /// Whether inputs and targets are columns of one table.
    pub(crate) fn shares_file(&self) -> bool {
        self.x == self.y && !self.x.as_os_str().is_empty()
    }
}

impl Dataset {
    /// The simulations of several datasets, one after another.
    ///
    /// # Errors
    /// Other inputs, items or targets, weights or groups of some alone.
    pub(crate) fn joined(parts: Vec<Dataset>) -> Result<Dataset> {
        let provenance: Vec<Value> = parts.iter().map(|part| part.provenance.clone()).collect();
        let mut parts = parts.into_iter();
        let Some(mut all) = parts.next() else {
            return Err(input_error!("there are no files to join"));
        };
        if provenance.len() > 1 {
            all.provenance = json!({ "files": provenance });
        }
        for (number, part) in (1..).zip(parts) {
            let named = |what: &str, one: &[String], other: &[String]| match one == other {
                true => Ok(()),
                false => Err(input_error!(
                    "file {number} (counting from 0) has the {what} {} but file 0 has {}; name \
                     those that they share",
                    names::some(other),
                    names::some(one)
                )),
            };
            named("inputs", &all.input_names, &part.input_names)?;
            named("targets", &all.target_names, &part.target_names)?;
            all.axis("file 0").check_same(&part.axis(&format!("file {number}")))?;
            for (own, more) in [(&mut all.inputs, part.inputs), (&mut all.targets, part.targets)] {
                own.rows += more.rows;
                own.values.extend(more.values);
            }
            if let (Some(own), Some(more)) = (&mut all.items, part.items) {
                named("item columns", &own.names, &more.names)?;
                own.append(more)?;
            }
            for (own, more) in [(&mut all.weights, part.weights), (&mut all.groups, part.groups)] {
                own.iter_mut().zip(more).for_each(|(own, more)| own.extend(more));
            }
        }
        Ok(all)
    }
}
