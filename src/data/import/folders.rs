//! Which folder belongs to which simulation.

use std::collections::BTreeMap;
use std::path::Path;

use crate::data::files::looked_in;
use crate::error::Result;
use crate::input_error;

/// The folders of the simulations, one for each row of the targets: those with the names of the
/// rows if the rows have names and a folder has one of them, else by number.
pub(crate) struct Folders<'a> {
    /// The folder that has them.
    pub(crate) root: &'a Path,
    /// The file in each of them; a folder without it is none of a simulation.
    pub(crate) file: &'a str,
    /// Number of rows of the targets.
    pub(crate) rows: usize,
    /// The number of the first row's folder, if the user says.
    pub(crate) first: Option<u32>,
    /// The names of the rows.
    pub(crate) labels: Option<&'a [String]>,
}

impl Folders<'_> {
    /// The names of the folders, also of those that are missing.
    ///
    /// # Errors
    /// No such folder; numbers beyond those of the rows, with both ranges; numbers that may begin
    /// elsewhere.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let root = self.root.display();
        let entries = std::fs::read_dir(self.root).map_err(|error| match self.root.exists() {
            true => input_error!("{root}: cannot be read: {error}"),
            false => input_error!("{root}: no such folder{}", looked_in(self.root)),
        })?;
        let has_file = |name: &String| self.root.join(name).join(self.file).exists();
        if let Some(labels) = self.labels.filter(|labels| labels.iter().any(has_file)) {
            if self.first.is_some() {
                return Err(input_error!(
                    "`first` is given, but the folders in {root} are found by the names of the \
                     rows, as {}; leave it out",
                    labels[0]
                ));
            }
            return Ok(labels.to_vec());
        }
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let (prefix, numbers) = self.numbered(names.filter(has_file).collect())?;
        let (Some(lowest), Some(highest)) = (numbers.keys().min(), numbers.keys().max()) else {
            return Ok((0..self.rows).map(|row| row.to_string()).collect());
        };
        self.check_range(*lowest, *highest)?;
        let first = u64::from(self.first.unwrap_or(0));
        let name = |number: u64| {
            numbers.get(&number).cloned().unwrap_or_else(|| format!("{prefix}{number}"))
        };
        Ok((first..first + self.rows as u64).map(name).collect())
    }

    /// The folders by their numbers, as `7`, `0007` or `LH_7`, and what stands before the number.
    fn numbered(&self, names: Vec<String>) -> Result<(String, BTreeMap<u64, String>)> {
        let mut prefixes: BTreeMap<String, BTreeMap<u64, String>> = BTreeMap::new();
        for name in names {
            let prefix = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_string();
            let Ok(number) = name[prefix.len()..].parse::<u64>() else { continue };
            let known = prefixes.entry(prefix).or_default();
            if let Some(other) = known.insert(number, name.clone()) {
                return Err(input_error!(
                    "{}: the folders {other} and {name} have the same number; keep one of them",
                    self.root.display()
                ));
            }
        }
        if let Some(plain) = prefixes.remove("") {
            return Ok((String::new(), plain));
        }
        if prefixes.len() > 1 {
            let all: Vec<String> = prefixes.keys().map(|prefix| format!("{prefix}N")).collect();
            return Err(input_error!(
                "{}: there are folders {}; keep one kind of simulations in a folder",
                self.root.display(),
                all.join(", ")
            ));
        }
        Ok(prefixes.pop_first().unwrap_or_default())
    }

    /// Checks that every folder has a row, and that it is clear which one.
    fn check_range(&self, lowest: u64, highest: u64) -> Result<()> {
        let first = u64::from(self.first.unwrap_or(0));
        let last = first + self.rows.max(1) as u64 - 1;
        let fits = lowest >= first && highest <= last;
        if fits && (lowest == first || self.first.is_some()) {
            return Ok(());
        }
        let begins = |at| {
            format!("if the first row belongs to folder {at}, say --first {at} (`first = {at}`)")
        };
        let advice = match (fits, lowest == first) {
            (true, _) => format!("{}; {}", begins(lowest), begins(first)),
            (false, true) => "give targets with a row for each folder".to_string(),
            (false, false) => begins(lowest),
        };
        Err(input_error!(
            "{}: the folders are numbered {lowest} to {highest}, but the {} rows of the targets \
             are simulations {first} to {last}: {advice}",
            self.root.display(),
            self.rows
        ))
    }
}
