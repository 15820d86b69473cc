//! The trials of all searches, as `trials.csv` has them.

use crate::study::search::distribution::{Choice, Distribution};
use crate::study::searches::one::Search;
use crate::study::store::run::RunRecord;
use crate::study::store::trials::TrialRuns;

/// The finished trials of all searches with their runs, in the order of searches, trials and seeds.
pub fn trials(searches: &[Search]) -> Vec<TrialRuns> {
    let mut searches: Vec<&Search> = searches.iter().collect();
    searches.sort_by_key(|search| search.place());
    searches.into_iter().flat_map(of_search).collect()
}

fn of_search(search: &Search) -> Vec<TrialRuns> {
    let mut rows: Vec<&RunRecord> = search.rows.iter().collect();
    rows.sort_by_key(|row| (row.key.trial, row.key.seed));
    let trial = |runs: &[&RunRecord]| {
        let number = runs[0].key.trial.expect("search: a run of no trial");
        let trial = &search.trials[number as usize];
        let parameters = search.space.parameters().iter().map(|parameter| &parameter.name);
        let value = |name: &String| Some((name.clone(), setting(search, number, name)?));
        TrialRuns {
            state: trial.state,
            parameters: parameters.filter_map(value).collect(),
            runs: runs.iter().map(|run| (*run).clone()).collect(),
        }
    };
    rows.chunk_by(|a, b| a.key.trial == b.key.trial).map(trial).collect()
}

/// The names of all hyper-parameters, each once.
pub fn setting_names(searches: &[Search]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for parameter in searches.iter().flat_map(|search| search.space.parameters()) {
        if !names.contains(&parameter.name) {
            names.push(parameter.name.clone());
        }
    }
    // spaces with fewer layers come in any order
    names.sort_unstable();
    names
}

/// A trial's value of a hyper-parameter, if it has one.
fn setting(search: &Search, trial: u32, name: &str) -> Option<String> {
    let parameters = search.space.parameters();
    let place = parameters.iter().position(|parameter| parameter.name == name)?;
    let value = search.trials[trial as usize].parameters[place]?;
    Some(match &parameters[place].distribution {
        Distribution::Range(_) => value.to_string(),
        Distribution::Choices(choices) => match &choices[value as usize] {
            Choice::Integer(value) => value.to_string(),
            Choice::Number(value) => value.to_string(),
            Choice::Word(word) => word.clone(),
        },
    })
}
