//! What the jobs of a study are, for every scheduler.

use std::path::{Path, PathBuf};
use std::time::Duration;

use shoal::{Error, Result};

/// A scheduler of a cluster.
#[derive(Debug)]
pub struct Scheduler {
    /// Its name on the command line.
    pub name: &'static str,
    /// The files of a study's jobs, which belong into this folder: name and text.
    pub files: fn(&Job, &Path) -> Vec<(String, String)>,
    /// The commands that submit them: stage, and words. The second and later ones wait for the job
    /// before.
    pub commands: fn(&Job, &Path, Option<&str>) -> Vec<Command>,
    /// The job in what a command prints.
    pub id: fn(&str) -> Option<String>,
}

/// The stage that a command submits, and its words.
pub type Command = (&'static str, Vec<String>);

/// A study as jobs.
pub struct Job {
    /// The program, as a word of a shell.
    pub shoal: String,
    /// The study file, as a word of a shell.
    pub file: String,
    /// The folder of the results.
    pub folder: PathBuf,
    /// The same as a word of a shell.
    pub folder_word: String,
    /// Jobs that pre-train.
    pub pretrainings: u32,
    /// Jobs that train the other groups.
    pub parts: u32,
    /// GPUs of a job.
    pub gpus: Option<u32>,
    /// CPUs of a job.
    pub cpus: Option<u16>,
    /// Its longest time.
    pub time: Option<Duration>,
    /// More options of each job.
    pub options: Vec<String>,
    /// Its devices, as a word of a shell.
    pub device: String,
}

/// A kind of jobs: its name, how many there are, and the command of one, whose number is `$part`.
pub struct Stage {
    /// `pretraining`, `groups` or `merge`.
    pub name: &'static str,
    /// How many jobs.
    pub jobs: u32,
    /// The command.
    pub command: String,
    /// The folder of a job's results in the study's folder.
    pub results: String,
}

impl Job {
    /// The stages in their order.
    pub fn stages(&self) -> Vec<Stage> {
        let Self { shoal, file, folder_word: folder, .. } = self;
        let threads = self.cpus.map(|cpus| format!(" --threads {cpus}")).unwrap_or_default();
        let options = format!("--device {}{threads}", self.device);
        let study = |name, prefix: &str, jobs: u32| Stage {
            name,
            jobs,
            command: format!(
                "{shoal} study {file} -o {folder} --part \"{prefix}$part/{jobs}\" {options}"
            ),
            results: format!("parts/{}$part-{jobs}", prefix.replace(':', "-")),
        };
        let merge = Stage {
            name: "merge",
            jobs: 1,
            command: format!("{shoal} merge {folder} {options}"),
            results: String::new(),
        };
        let stages = [
            study("pretraining", "pretraining:", self.pretrainings),
            study("groups", "", self.parts),
            merge,
        ];
        stages.into_iter().filter(|stage| stage.jobs > 0).collect()
    }
}

/// A path as a word of a shell.
///
/// # Errors
/// [`Error::Input`] if it is no text.
pub fn word(path: &Path) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains('\n'));
    let text = text.ok_or_else(|| Error::Input(format!("{}: no text", path.display())))?;
    Ok(quoted(text))
}

/// A text as a word of a shell.
pub fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:,+=@".contains(letter);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// Parses a time: minutes, H:MM:SS or D-HH:MM:SS.
pub fn duration(text: &str) -> std::result::Result<Duration, String> {
    let parse = || {
        let (days, clock) = match text.split_once('-') {
            Some((days, clock)) => (days.parse::<u64>().ok()?, clock),
            None => (0, text),
        };
        let numbers: Vec<u64> =
            clock.split(':').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        let seconds = match numbers[..] {
            [minutes] if days == 0 => 60 * minutes,
            [hours, minutes, seconds] if minutes < 60 && seconds < 60 => {
                3600 * hours + 60 * minutes + seconds
            }
            _ => return None,
        };
        Some(days * 86_400 + seconds).filter(|seconds| (60..=31_536_000).contains(seconds))
    };
    let wrong = "a time is minutes, H:MM:SS or D-HH:MM:SS, from a minute to a year";
    parse().map(Duration::from_secs).ok_or_else(|| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_minutes_or_clocks() {
        let seconds = |text| duration(text).map(|time| time.as_secs());
        assert_eq!(seconds("90"), Ok(5400));
        assert_eq!(seconds("4:00:30"), Ok(14_430));
        assert_eq!(seconds("1-02:00:00"), Ok(93_600));
        for text in ["", "0", "4h", "1:00", "1:60:00", "2-5", "-1", "400-00:00:00", "99999999999"] {
            assert!(seconds(text).unwrap_err().contains("H:MM:SS"), "{text}");
        }
    }

    #[test]
    fn words_of_a_shell_are_quoted_where_they_must_be() {
        assert_eq!(quoted("/home/a-b/study.toml"), "/home/a-b/study.toml");
        assert_eq!(quoted("/it's $HOME"), "'/it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
        assert!(word(Path::new("two\nlines")).is_err());
    }
}
