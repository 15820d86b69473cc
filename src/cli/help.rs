//! Parts of help texts that are made from lists.

use shoal::collider::PROCESSES;
use shoal::cosmology::{CONVENTIONS, Parameter, SCENARIOS};
use shoal::data::FORMATS;

/// Columns of a help text: those of the narrowest common terminal, less a margin.
const WIDTH: usize = 78;

/// A file format a line.
pub fn formats() -> String {
    let entry = |format: &shoal::data::Format| {
        let extensions: Vec<String> = format.extensions.iter().map(|e| format!(".{e}")).collect();
        (extensions.join(" "), format.help.to_owned())
    };
    list(FORMATS.iter().map(entry))
}

/// A layout of folders a line.
pub fn folders() -> String {
    let folders = CONVENTIONS.folders.iter();
    list(folders.map(|layout| (format!("0/{}", layout.file), layout.help.to_owned())))
}

/// The scenarios with the priors of their parameters.
pub fn scenarios() -> String {
    let prior = |parameter: &Parameter| {
        let (name, [low, high]) = (parameter.name, parameter.prior);
        match low == high {
            true => format!("{name} = {low}"),
            false => format!("{name} {low} to {high} {}", parameter.unit).trim_end().to_owned(),
        }
    };
    let entry = |scenario: &&shoal::cosmology::Scenario| {
        let priors: Vec<String> = scenario.parameters.iter().map(prior).collect();
        (scenario.name.to_owned(), format!("{}\n{}", scenario.help, priors.join(", ")))
    };
    list(SCENARIOS.iter().map(entry))
}

/// The kinds of collisions.
pub fn processes() -> String {
    list(PROCESSES.iter().map(|process| (process.name.to_owned(), process.help.to_owned())))
}

/// Names and the lines of their texts in two columns. A no-break space keeps words together.
pub fn list(entries: impl IntoIterator<Item = (String, String)>) -> String {
    let entries: Vec<(String, String)> = entries.into_iter().collect();
    let column = 4 + entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (name, text) in entries {
        let mut line = format!("  {name:<width$}", width = column - 2);
        for paragraph in text.lines() {
            for word in paragraph.split(' ') {
                if line.len() + word.chars().count() > WIDTH {
                    lines.push(line.trim_end().to_owned());
                    line = " ".repeat(column);
                }
                line += &word.replace('\u{a0}', " ");
                line.push(' ');
            }
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(column);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_and_scenario_is_listed_within_the_width() {
        let (formats, scenarios) = (formats(), scenarios());
        for format in &FORMATS {
            assert!(format.extensions.iter().all(|e| formats.contains(&format!(".{e}"))));
        }
        for scenario in SCENARIOS {
            assert!(scenarios.contains(scenario.name));
            for parameter in scenario.parameters {
                assert!(scenarios.contains(parameter.name), "{}", parameter.name);
            }
        }
        for line in formats.lines().chain(scenarios.lines()).chain(folders().lines()) {
            assert!(line.len() <= WIDTH, "{line}");
        }
    }
}
