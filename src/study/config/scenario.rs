//! A study file, and the studies in it: one, or one for each scenario and seed.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::error::Result;
use crate::input_error;
use crate::study::config::checks::nearest;
use crate::study::config::study::{ScenarioConfig, StudyConfig};

/// The largest number of study seeds.
const MOST_SEEDS: usize = 100;

/// One of the studies of a study file.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The keys of the study file with those of the scenario, and one seed.
    pub config: StudyConfig,
    /// The name of the scenario, or of the one with this seed, and of its folder of results; absent
    /// if it is the only study of the file.
    pub name: Option<String>,
    /// The title of the studies that differ from it in the seed alone, if there are any.
    pub series: Option<String>,
}

impl StudyConfig {
    /// Reads a study file: as it stands, and the study of each scenario and seed.
    ///
    /// # Errors
    /// [`Error::Input`] with the line, and the nearest key for an unknown one; with the scenario
    /// for what it says.
    pub fn read(path: &Path) -> Result<(Self, Vec<Scenario>)> {
        let text = Self::text(path)?;
        let config = Self::parse(path, &text)?;
        if config.scenario.is_empty() {
            let scenarios = config.clone().by_seed(None)?;
            return Ok((config, scenarios));
        }
        let whole: toml::Table = toml::from_str(&text).expect("config: a table that was read");
        let of_scenario = |one: &ScenarioConfig| {
            let mut table = whole.clone();
            table.remove("scenario");
            for (key, value) in one.keys.clone() {
                match key.as_str() {
                    "finetune" | "pretrain" => {
                        let data = table.entry("data").or_insert_with(|| toml::Table::new().into());
                        data.as_table_mut().expect("config: data is a table").insert(key, value);
                    }
                    _ => drop(table.insert(key, value)),
                }
            }
            let own = Self::deserialize(table).map_err(|error| {
                let hint = hint(error.message()).unwrap_or_default();
                input_error!("{}: scenario {}: {}{hint}", path.display(), one.name, error.message())
            })?;
            let name = format!("{}: {}", config.name, one.name);
            Self { name, ..own }.by_seed(Some(&one.name))
        };
        let scenarios: Result<Vec<_>> = config.scenario.iter().map(of_scenario).collect();
        Ok((config, scenarios?.concat()))
    }

    /// The study of each of its seeds, in the folder of its scenario if there is one.
    fn by_seed(self, scenario: Option<&String>) -> Result<Vec<Scenario>> {
        let seeds = &self.seed;
        if seeds.is_empty() || seeds.iter().collect::<BTreeSet<_>>().len() != seeds.len() {
            return Err(input_error!("seed = {seeds:?}: give at least one seed, each once"));
        }
        if seeds.len() > MOST_SEEDS {
            return Err(input_error!(
                "seed has {} numbers; a study is repeated for at most {MOST_SEEDS} seeds",
                seeds.len()
            ));
        }
        if seeds.len() == 1 {
            let name = scenario.cloned();
            return Ok(vec![Scenario { config: self, name, series: None }]);
        }
        let of_seed = |seed: &u64| {
            let name = format!("{}, seed {seed}", self.name);
            Scenario {
                config: Self { name, seed: vec![*seed], ..self.clone() },
                name: Some(
                    scenario.map_or(String::new(), |name| format!("{name}-"))
                        + &format!("seed-{seed}"),
                ),
                series: Some(self.name.clone()),
            }
        };
        Ok(seeds.iter().map(of_seed).collect())
    }

    /// The seed of one of the studies, which have one each.
    pub(crate) fn seed(&self) -> u64 {
        self.seed[0]
    }

    fn text(path: &Path) -> Result<String> {
        let name = path.display();
        std::fs::read_to_string(path).map_err(|e| {
            let folder = std::env::current_dir().unwrap_or_default();
            input_error!(
                "{name}: the study file cannot be read: {e} (looked from {})",
                folder.display()
            )
        })
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let hint = hint(error.message()).unwrap_or_default();
            input_error!("{}: {}{hint}", path.display(), error.to_string().trim_end())
        })
    }
}

/// "did you mean ..." for serde's message about an unknown field.
fn hint(message: &str) -> Option<String> {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (given, known) = words.split_first()?;
    let unknown = message.starts_with("unknown field");
    let nearest = nearest(given, known.iter().copied()).filter(|_| unknown)?;
    Some(format!("\ndid you mean `{nearest}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "name = 'a'\nsizes = [50]\ntest = 10\n[data]\nfinetune = 'b.npz'\n";

    fn error(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        std::fs::write(&path, text).unwrap();
        StudyConfig::read(&path).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_study_has_the_papers_defaults() {
        let study: StudyConfig = toml::from_str(SMALLEST).unwrap();
        assert_eq!((study.seeds, study.validation, study.log10), (None, None, None));
        assert_eq!(study.pretraining.simulations, None);
        assert_eq!(study.network.hidden, None);
    }

    #[test]
    fn simulations_to_pretrain_on_are_a_number_or_a_list() {
        let sizes = |given: &str| {
            let text = format!("{SMALLEST}[pretraining]\nsimulations = {given}\n");
            toml::from_str::<StudyConfig>(&text).map(|study| study.pretraining.simulations)
        };
        assert_eq!(sizes("300").unwrap(), Some(vec![300]));
        assert_eq!(sizes("[300, 200]").unwrap(), Some(vec![300, 200]));
        let error = sizes("'all'").unwrap_err().to_string();
        assert!(error.contains("a number of simulations, or a list"), "{error}");
        let error = sizes("-3").unwrap_err().to_string();
        assert!(error.contains("-3 is not a number of simulations"), "{error}");
    }

    #[test]
    fn a_study_is_repeated_for_each_of_its_seeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study.toml");
        let scenarios = |text: String| {
            std::fs::write(&path, text).unwrap();
            let (_, all) = StudyConfig::read(&path).unwrap();
            let of = |one: &Scenario| {
                let Scenario { config, name, series } = one.clone();
                (config.name, config.seed[0], name, series)
            };
            all.iter().map(of).collect::<Vec<_>>()
        };
        let (owned, some) = (str::to_owned, |text: &str| Some(text.to_owned()));
        assert_eq!(scenarios(SMALLEST.into()), [(owned("a"), 1, None, None)]);
        assert_eq!(
            scenarios(format!("seed = [3, 1]\n{SMALLEST}")),
            [
                (owned("a, seed 3"), 3, some("seed-3"), some("a")),
                (owned("a, seed 1"), 1, some("seed-1"), some("a"))
            ]
        );
        let two = "[[scenario]]\nname = 'one'\n[[scenario]]\nname = 'two'\nseed = [1, 2]\n";
        assert_eq!(
            scenarios(format!("seed = 4\n{SMALLEST}{two}")),
            [
                (owned("a: one"), 4, some("one"), None),
                (owned("a: two, seed 1"), 1, some("two-seed-1"), some("a: two")),
                (owned("a: two, seed 2"), 2, some("two-seed-2"), some("a: two"))
            ]
        );
        for (seeds, words) in [
            ("[]", "at least one seed"),
            ("[2, 2]", "each once"),
            (
                &format!("{:?}", Vec::from_iter(0..101)),
                "101 numbers; a study is repeated for at most 100",
            ),
            ("-3", "-3 is not a seed"),
            ("'all'", "a seed, or a list of seeds"),
        ] {
            let error = error(&format!("seed = {seeds}\n{SMALLEST}"));
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
        let text = format!("{SMALLEST}[training]\nlearningrate = 1e-3\n");
        let error = error(&text);
        assert!(error.contains("did you mean `learning_rate`?"), "{error}");
        assert!(error.contains("line 7"), "{error}");
        let text = SMALLEST.replace("'b.npz'", "{ x = 'a', y = 'b', axes = 'c' }");
        assert!(self::error(&text).contains("did you mean `axis`?"), "{}", self::error(&text));
        let text = format!("{SMALLEST}[strategies.warmstart]\n");
        assert!(
            self::error(&text).contains("did you mean `warm-start`?"),
            "{}",
            self::error(&text)
        );
    }
}
