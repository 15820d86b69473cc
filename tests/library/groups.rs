//! Rows of one group, such as those of one event, on one side of every split of a study.

use std::collections::BTreeSet;

use shoal::data::{Dataset, Matrix};
use shoal::study::Study;

use crate::common::says;

/// Rows with three inputs and a target, of these groups.
fn dataset(groups: &[f64], seed: f64) -> Dataset {
    let rows = groups.len();
    let number = |at: usize| 2.0 + (at as f64 * 0.618 + seed).sin();
    let x = Matrix::new(rows, 3, (0..3 * rows).map(number).collect());
    let y = Matrix::new(rows, 1, (0..rows).map(|row| (row as f64 * 0.3).sin()).collect());
    let dataset = Dataset::new(x, y, vec!["mass".into()]).unwrap();
    let target_ranges = vec![[-1.0, 1.0]];
    Dataset { target_ranges, groups: Some(groups.to_vec()), ..dataset }
}

/// A study on two datasets: events 0 to 99, and two rows each of events 50 to 149.
fn study(pre: Option<&[f64]>, test: &str) -> shoal::Result<Study> {
    let folder = tempfile::tempdir().unwrap();
    let events: Vec<f64> = (0..100).map(f64::from).collect();
    let pre = Dataset { groups: pre.map(<[f64]>::to_vec), ..dataset(&events, 1.0) };
    pre.save(&folder.path().join("pre.npz")).unwrap();
    let twice: Vec<f64> = (0..200).map(|row| 50.0 + f64::from(row * 7 % 100)).collect();
    dataset(&twice, 2.0).save(&folder.path().join("fine.npz")).unwrap();
    let text = format!(
        "name = 'groups'\nsizes = [20, 60]\n{test}\n[data]\npretrain = 'pre.npz'\n\
         finetune = 'fine.npz'\n[network]\nhidden = [4]\n[training]\nbatch = 4\n"
    );
    let file = folder.path().join("study.toml");
    std::fs::write(&file, text).unwrap();
    let refuse = &mut |_: &_| panic!("nothing is simulated here");
    Study::read(&file, refuse).map(|mut studies| studies.remove(0))
}

fn events(dataset: &Dataset, rows: &[u32]) -> BTreeSet<u64> {
    let groups = dataset.groups.as_ref().unwrap();
    rows.iter().map(|row| groups[*row as usize] as u64).collect()
}

#[test]
fn an_event_is_on_one_side_of_every_split() {
    let all: Vec<f64> = (0..100).map(f64::from).collect();
    let study = study(Some(&all), "test = 60").unwrap();
    let (fine, pre) = (&study.data.fine_tuning, study.pretraining_data());
    let tested = events(&fine.dataset, fine.pool.test());
    assert_eq!(fine.pool.test().len(), 60);
    for (size, seed) in [(20, 1), (60, 1), (60, 2)] {
        let (split, tests) = study.rows(size, seed).unwrap();
        let parts = [&split.train, &split.validation, &tests];
        let parts = parts.map(|rows| events(&fine.dataset, rows));
        assert_eq!(split.train.len() + split.validation.len(), size);
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            assert!(parts[one].is_disjoint(&parts[other]), "{size} {seed}");
        }
    }
    // events that are tested on are not pre-trained on, and the user is told
    let pretrained = events(&pre.dataset, pre.pool.pool());
    assert!(pretrained.is_disjoint(&tested));
    let left_out = tested.iter().filter(|event| **event < 100).count();
    assert!(left_out > 5 && pretrained.len() == 100 - left_out);
    let note = format!("{left_out} of 100 rows of data.pretrain are of groups");
    assert!(study.notices.iter().any(|notice| notice.starts_with(&note)), "{:?}", study.notices);
}

#[test]
fn groups_that_cannot_be_kept_apart_are_named() {
    let all: Vec<f64> = (0..100).map(f64::from).collect();
    says(study(Some(&all), "[split]"), &["50 of 100 rows of data.pretrain", "`test`", "[split]"]);
    let none = study(None, "test = 60").unwrap();
    let note = "data.finetune has groups but data.pretrain has none";
    assert!(none.notices.iter().any(|notice| notice.starts_with(note)), "{:?}", none.notices);
    let apart: Vec<f64> = (0..100).map(|row| 1000.0 + f64::from(row)).collect();
    let apart = study(Some(&apart), "[split]").unwrap();
    assert_eq!(apart.pretraining_data().pool.pool().len(), 100);
    let fine = &apart.data.fine_tuning.dataset;
    let both = study(Some(&all), "test = 60").unwrap();
    let tested = events(fine, both.data.fine_tuning.pool.test());
    let one = *tested.first().unwrap() as f64;
    says(study(Some(&[one; 100]), "test = 60"), &["all 100 rows of data.pretrain", "lower `test`"]);
}
