//! `trials.csv`: one line for every network that was trained in a search; and `best_trials.csv`.

use std::path::Path;

use crate::error::Result;
use crate::study::metric::{METRICS, MSE, Metric};
use crate::study::objective::Objective;
use crate::study::search::trial::State;
use crate::study::store::run::{Curve, RunKey, RunRecord, Score, StopReason};
use crate::study::store::runs::{metrics_and_targets, read_scores, score_columns};
use crate::study::store::table::{Line, Table, columns, curve_columns, number_text, write_curves};

/// The table of trials, in studies with a search.
pub const TRIALS_FILE: &str = "trials.csv";

/// The table of searches.
pub const BEST_TRIALS_FILE: &str = "best_trials.csv";

/// A finished trial with its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRuns {
    /// What became of it.
    pub state: State,
    /// The hyper-parameters that apply, by name, as text.
    pub parameters: Vec<(String, String)>,
    /// Its runs, by seed.
    pub runs: Vec<RunRecord>,
}

/// What follows the curve.
const BEFORE: [&str; 5] = ["simulations", "trial", "seed", "state", "validation_loss"];
const AFTER: [&str; 3] = ["epochs", "steps", "stopped"];

/// What follows the curve: the objective of the search comes last if it is a metric.
fn before(objective: Objective) -> Vec<String> {
    let own = objective.metric().map(|_| objective.column());
    columns(&BEFORE).into_iter().chain(own).collect()
}

fn heading(objective: Objective, metrics: &[&Metric], targets: &[String]) -> Vec<String> {
    [before(objective), score_columns(metrics, targets), columns(&AFTER)].concat()
}

/// The objective of a table with these columns after the curve.
fn objective_of(columns: &[String]) -> Objective {
    let mut all = METRICS.iter().map(Objective::Metric);
    all.find(|one| columns.get(BEFORE.len()) == Some(&one.column())).unwrap_or_default()
}

/// Writes `trials.csv`, atomically: trials in their order, with a column for each of `parameters`.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_trials(
    path: &Path,
    targets: &[String],
    parameters: &[String],
    trials: &[TrialRuns],
) -> Result<()> {
    let lines = trials.iter().flat_map(|trial| {
        trial.runs.iter().map(|run| {
            let mut fields = run_fields(trial.state, run, targets.len());
            fields.extend(parameters.iter().map(|name| {
                let found = trial.parameters.iter().find(|(known, _)| known == name);
                found.map_or(String::new(), |(_, value)| value.clone())
            }));
            (&run.key.curve, fields)
        })
    });
    let first = trials.iter().flat_map(|trial| &trial.runs).next();
    let metrics =
        first.map_or(vec![MSE], |run| run.test.iter().map(|score| score.metric).collect());
    let objective = first.map_or_else(Objective::default, RunRecord::searched);
    let columns = [heading(objective, &metrics, targets), parameters.to_vec()].concat();
    write_curves(path, &columns, lines)
}

fn run_fields(state: State, run: &RunRecord, targets: usize) -> Vec<String> {
    let RunKey { simulations, trial, seed, .. } = &run.key;
    let mut fields = vec![
        simulations.to_string(),
        trial.unwrap_or(0).to_string(),
        seed.to_string(),
        state.name().to_owned(),
        number_text(run.validation_loss),
    ];
    fields.extend(run.objective.iter().map(|score| number_text(score.total)));
    // pre-trainings have fewer targets, and no scores
    for score in &run.test {
        let target = |target| score.targets.get(target).copied().flatten();
        fields.push(number_text(score.total));
        fields.extend((0..targets).map(|place| number_text(target(place))));
    }
    fields.extend([run.epochs.to_string(), run.steps.to_string(), run.stopped.name().to_owned()]);
    fields
}

/// Reads `trials.csv`.
///
/// # Errors
/// [`crate::Error::Input`] that names the file and the line.
pub fn read_trials(path: &Path) -> Result<Vec<TrialRuns>> {
    let table = Table::read(path)?;
    let names = table.heading();
    let (metrics, targets) = metrics_and_targets(&names[..table.column(AFTER[0])?]);
    let curve = curve_columns(table.is_sized());
    let objective = objective_of(names.get(curve.len()..).unwrap_or_default());
    let first = curve.len();
    let columns = [curve, heading(objective, &metrics, &targets)].concat();
    let parameters = &names[columns.len().min(names.len())..];
    table.check_columns(&[&columns[..], parameters].concat())?;
    let mut trials: Vec<TrialRuns> = Vec::new();
    for line in table.lines() {
        let (state, run) = read_run(&line, (first, objective), (&metrics, targets.len()))?;
        let same = |last: &&mut TrialRuns| {
            let key = &last.runs[0].key;
            (&key.curve, key.simulations, key.trial)
                == (&run.key.curve, run.key.simulations, run.key.trial)
        };
        if let Some(last) = trials.last_mut().filter(same) {
            last.runs.push(run);
            continue;
        }
        let values = (columns.len()..).zip(parameters);
        let values = values.map(|(place, name)| (name.clone(), line.text(place).to_owned()));
        let parameters = values.filter(|(_, value)| !value.is_empty()).collect();
        trials.push(TrialRuns { state, parameters, runs: vec![run] });
    }
    Ok(trials)
}

/// The run of a line whose curve has `first` columns.
fn read_run(
    line: &Line,
    (first, objective): (usize, Objective),
    (metrics, targets): (&[&'static Metric], usize),
) -> Result<(State, RunRecord)> {
    let scores = first + before(objective).len();
    let after = scores + metrics.len() * (1 + targets);
    let stopped = |text: &str| StopReason::ALL.into_iter().find(|one| one.name() == text);
    let run = RunRecord {
        key: RunKey {
            scenario: None,
            curve: line.curve()?,
            simulations: line.number(first)?,
            trial: Some(line.number(first + 1)?),
            seed: line.number(first + 2)?,
        },
        validation_loss: line.measured(first + 4)?,
        objective: match objective.metric() {
            Some(metric) => {
                Some(Score { total: line.measured(first + 5)?, ..Score::absent(metric, 0) })
            }
            None => None,
        },
        test: read_scores(line, scores, metrics, targets)?,
        epochs: line.number(after)?,
        steps: line.number(after + 1)?,
        stopped: line.parsed(after + 2, "a reason to stop", stopped)?,
        model: String::new(),
        device: None,
    };
    Ok((line.parsed(first + 3, "a state", State::named)?, run))
}

/// The search of one strategy and size, a line of `best_trials.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSummary {
    /// The metric of the test scores.
    pub metric: &'static Metric,
    /// The strategy.
    pub curve: Curve,
    /// How many simulations.
    pub simulations: usize,
    /// What is searched for.
    pub objective: Objective,
    /// The number, the value of the objective and the test score of each trial, means over its
    /// runs, in the order of the numbers. A trial with a run that has none has none.
    pub trials: Vec<(u32, Option<f64>, Option<f64>)>,
    /// The mean test score of the trials whose objective is best.
    pub best: Option<f64>,
}

/// Writes `best_trials.csv`, atomically.
///
/// # Errors
/// [`crate::Error::Output`] with the path.
pub fn write_best_trials(path: &Path, searches: &[SearchSummary]) -> Result<()> {
    let metric = searches.first().map_or(MSE, |search| search.metric);
    let rest = columns(&["simulations", "trials", &format!("{}_best_mean", metric.column())]);
    let line = |search: &SearchSummary| {
        let counts = [search.simulations, search.trials.len()].map(|count| count.to_string());
        [&counts[..], &[number_text(search.best)]].concat()
    };
    write_curves(path, &rest, searches.iter().map(|search| (&search.curve, line(search))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(trial: u32, seed: u32, loss: Option<f64>) -> RunRecord {
        let curve = Curve::of("scratch");
        let key = RunKey { curve, simulations: 50, trial: Some(trial), seed, scenario: None };
        let mut run = RunRecord { validation_loss: loss, ..RunRecord::untrained(key, 2) };
        if let Some(loss) = loss {
            run.set_test(&[loss + 0.1, 1e-300]);
            run.stopped = StopReason::Epochs;
        }
        run
    }

    #[test]
    fn a_metric_that_is_searched_for_has_a_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TRIALS_FILE);
        let auc = Metric::named("auc").unwrap();
        let run = |trial, loss: Option<f64>| {
            let total = loss.map(|loss| 1.0 - loss);
            let objective = Some(Score { total, ..Score::absent(auc, 0) });
            RunRecord { objective, ..run(trial, 1, loss) }
        };
        let trial = |run| TrialRuns { state: State::Complete, parameters: vec![], runs: vec![run] };
        let trials = [trial(run(0, Some(0.25))), trial(run(1, None))];
        write_trials(&path, &["a".into(), "b".into()], &[], &trials).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("validation_loss,validation_auc,test_mse"), "{text}");
        assert!(text.contains(",0.25,0.75,"), "{text}");
        assert_eq!(read_trials(&path).unwrap(), trials);
        assert_eq!(trials[0].runs[0].value(), Some(0.75));
    }

    #[test]
    fn trials_are_read_as_they_were_written_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TRIALS_FILE);
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let parameter = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let trials = [
            TrialRuns {
                state: State::Complete,
                parameters: vec![parameter("layers", "2"), parameter("rate", "1e-3")],
                runs: vec![run(0, 1, Some(0.1 + 0.2)), run(0, 2, Some(0.1))],
            },
            TrialRuns {
                state: State::Failed,
                parameters: vec![parameter("layers", "1")],
                runs: vec![run(1, 1, None)],
            },
        ];
        let targets = names(&["a, b", "M_nu"]);
        write_trials(&path, &targets, &names(&["layers", "rate"]), &trials).unwrap();
        assert_eq!(read_trials(&path).unwrap(), trials);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}scratch,2,50")).unwrap();
        assert_eq!(read_trials(&path).unwrap(), trials, "a line that was cut off");
        std::fs::write(&path, text.replacen("0.1,", "x,", 1)).unwrap();
        let error = read_trials(&path).unwrap_err().to_string();
        assert!(error.contains("line 3: 'x' is not a number for validation_loss"), "{error}");
        let mut sized = trials.clone();
        sized[0].runs[0].key.curve.pretraining_simulations = Some(2000);
        sized[0].runs[1].key.curve.pretraining_simulations = Some(2000);
        write_trials(&path, &targets, &names(&["layers", "rate"]), &sized).unwrap();
        assert_eq!(read_trials(&path).unwrap(), sized, "with several pre-training sizes");
        std::fs::write(&path, text.replace("validation_loss", "validation_mse")).unwrap();
        let error = read_trials(&path).unwrap_err().to_string();
        assert!(error.contains("another version of shoal"), "{error}");
    }
}
