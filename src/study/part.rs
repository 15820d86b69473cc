//! A part of a study: the share of one of several machines.

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The folder of the parts in the folder of a study.
const PARTS: &str = "parts";

/// What the groups of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Pre-trainings.
    PreTraining,
    /// Fine-tunings, with the pre-trainings that they start from.
    FineTuning,
}

/// A part: `2/8`, or `pretraining:1/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part {
    /// What its groups are.
    pub stage: Stage,
    /// Into how many parts the stage is divided.
    pub of: u32,
    /// Which one, from 1.
    pub number: u32,
}

/// What `study.json` says of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartOf {
    /// Which part.
    pub part: Part,
    /// The study file.
    pub file: PathBuf,
}

impl Part {
    /// The folder of its results in that of the study.
    pub fn folder(&self, study: &Path) -> PathBuf {
        study.join(PARTS).join(self.to_string().replace([':', '/'], "-"))
    }

    /// The folders of all parts in that of a study.
    pub fn folders(study: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(study.join(PARTS)).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        folders.sort();
        folders
    }
}

impl fmt::Display for Part {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::PreTraining => "pretraining:",
            Stage::FineTuning => "",
        };
        write!(to, "{stage}{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (stage, share) = match text.strip_prefix("pretraining") {
            Some("") => (Stage::PreTraining, "1/1"),
            Some(share) => (Stage::PreTraining, share.strip_prefix(':').unwrap_or("")),
            None => (Stage::FineTuning, text),
        };
        let numbers = share.split_once('/').and_then(|(number, of)| {
            Some((number.parse::<NonZeroU32>().ok()?, of.parse::<NonZeroU32>().ok()?))
        });
        match numbers {
            Some((number, of)) if number <= of => {
                Ok(Self { stage, of: of.get(), number: number.get() })
            }
            _ => Err("a part is written 2/8, from 1/8 to 8/8, or pretraining, or \
                      pretraining:1/2"
                .to_owned()),
        }
    }
}

impl TryFrom<String> for Part {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_back_and_others_are_refused() {
        for (text, folder) in [("2/8", "2-8"), ("pretraining:1/2", "pretraining-1-2")] {
            let part: Part = text.parse().unwrap();
            assert_eq!(part.to_string(), text);
            assert_eq!(part.folder(Path::new("out")), Path::new("out/parts").join(folder));
        }
        assert_eq!("pretraining".parse::<Part>().unwrap().to_string(), "pretraining:1/1");
        for text in ["", "0/8", "9/8", "2", "2/0", "-1/8", "2/8/1", "pretraining:", "pre:1/2"] {
            assert!(text.parse::<Part>().unwrap_err().contains("2/8"), "{text}");
        }
    }
}
