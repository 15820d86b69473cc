//! A study in parts, on several machines: what each part trains, and all of them as one study.

use std::path::{Path, PathBuf};

use crate::engine::device::Description;
use crate::error::Result;
use crate::input_error;
use crate::study::datasets::Study;
use crate::study::estimate::shares::shares;
use crate::study::part::{Part, PartOf, Stage};
use crate::study::plan::{GroupKey, Share};
use crate::study::store::foreign::JOURNAL_FILE;
use crate::study::store::gather::{Source, gather};
use crate::study::store::provenance::{Provenance, STUDY_FILE};

/// The studies of a file with the groups of a part; those without any are left out.
///
/// # Errors
/// As [`shares`].
pub fn divided(studies: Vec<Study>, part: Part, file: &Path) -> Result<Vec<Study>> {
    let share = shares(&studies, part)?.swap_remove(part.number as usize - 1);
    let file = std::path::absolute(file).unwrap_or_else(|_| file.into());
    let own = studies.into_iter().zip(share).filter(|(_, groups)| !groups.is_empty());
    let own = own.map(|(mut study, groups)| {
        let of = PartOf { part, file: file.clone() };
        study.plan.share = Some(Share { of, groups });
        study
    });
    Ok(own.collect())
}

/// Checks that the parts in the folder of studies, if there are some, are of these.
///
/// # Errors
/// [`crate::Error::Input`] with what differs.
pub fn check(studies: &[Study], results: &Path) -> Result<()> {
    for folder in Part::folders(results) {
        for study in studies {
            Source::open(&study.plan.folder(&folder), study)?;
        }
    }
    Ok(())
}

/// Copies the pre-trainings that a part of a study needs, and that parts of their own have
/// finished, into its folder, unless it has begun. Returns how many.
///
/// # Errors
/// [`crate::Error::Input`] if they are of another study; [`crate::Error::Output`].
pub fn reuse_pretrainings(study: &Study, results: &Path, part: Part) -> Result<usize> {
    let folder = study.plan.folder(&part.folder(results));
    if part.stage == Stage::PreTraining || folder.join(JOURNAL_FILE).exists() {
        return Ok(0);
    }
    let mut sources = Vec::new();
    for other in Part::folders(results) {
        sources.extend(Source::open(&study.plan.folder(&other), study)?);
    }
    sources.retain(|one| of(one).is_some_and(|of| of.stage == Stage::PreTraining));
    let groups = study.plan.groups().into_iter().filter(GroupKey::is_pretraining);
    let found: Vec<(GroupKey, &Source)> =
        groups.filter_map(|group| Some((group, with(&sources, study, &group)?))).collect();
    if !found.is_empty() {
        gather(study, &folder, &found)?;
    }
    Ok(found.len())
}

fn of(source: &Source) -> Option<Part> {
    source.provenance.part.as_ref().map(|of| of.part)
}

/// The first folder with a group.
fn with<'a>(sources: &'a [Source], study: &Study, group: &GroupKey) -> Option<&'a Source> {
    sources.iter().find(|source| source.has(study, group))
}

/// The folders of parts: each is one, or the folder of a study that has some.
pub fn folders(of: &[PathBuf]) -> Vec<PathBuf> {
    let inner = |folder: &PathBuf| match Part::folders(folder) {
        parts if parts.is_empty() => vec![folder.clone()],
        parts => parts,
    };
    of.iter().flat_map(inner).collect()
}

/// The study file that parts name.
///
/// # Errors
/// [`crate::Error::Input`] if a folder is none of a part.
pub fn study_file(folders: &[PathBuf]) -> Result<PathBuf> {
    let mut file = None;
    for folder in folders {
        let scenarios = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut all = std::iter::once(folder.clone()).chain(scenarios.map(|entry| entry.path()));
        let part = all.find(|folder| folder.join(STUDY_FILE).is_file());
        let part = part.map_or(Ok(None), |folder| Provenance::read(&folder))?;
        let Some(part) = part.and_then(|one| one.part) else {
            return Err(input_error!(
                "{} has no part of a study (no {STUDY_FILE} of one); name the folders of all \
                 parts, as DIR/parts/1-8 of shoal study -o DIR --part 1/8",
                folder.display()
            ));
        };
        file.get_or_insert(part.file);
    }
    file.ok_or_else(|| input_error!("there are no parts; name their folders"))
}

/// Puts parts of studies into the folder of one, as one machine would have left it before the
/// analysis: shoal study resumes there, and has nothing to train.
///
/// # Errors
/// [`crate::Error::Input`] for parts of other studies, and with a list for parts that are missing
/// or unfinished; [`crate::Error::Output`].
pub fn join(studies: &mut [Study], results: &Path, folders: &[PathBuf]) -> Result<()> {
    let mut all = Vec::new();
    for study in &*studies {
        let open = |folder: &PathBuf| Source::open(&study.plan.folder(folder), study).transpose();
        all.push(folders.iter().filter_map(open).collect::<Result<Vec<_>>>()?);
    }
    check_complete(studies, &all)?;
    for (study, sources) in studies.iter_mut().zip(&all) {
        let groups = study.plan.groups().into_iter();
        let found: Vec<(GroupKey, &Source)> =
            groups.filter_map(|group| Some((group, with(sources, study, &group)?))).collect();
        let folder = study.plan.folder(results);
        gather(study, &folder, &found)?;
        let provenances: Vec<&Provenance> = sources.iter().map(|one| &one.provenance).collect();
        if let Some(joined) = Provenance::joined(&provenances) {
            joined.write(&folder)?;
        }
        let notices = differences(study, sources, &provenances);
        study.notices.extend(notices);
    }
    Ok(())
}

/// What may differ between parts and one machine.
fn differences(study: &Study, sources: &[Source], of: &[&Provenance]) -> Vec<String> {
    let mut notices = Vec::new();
    let mut devices: Vec<&Description> = Vec::new();
    for device in of.iter().flat_map(|one| one.devices()) {
        if !devices.iter().any(|other| other.has_same_bits(device)) {
            devices.push(device);
        }
    }
    if devices.len() > 1 {
        let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
        notices.push(format!(
            "the parts were trained on different devices, {}; the same run differs between them \
             in its last digits",
            names.join(", ")
        ));
    }
    for group in study.plan.groups().iter().filter(|group| group.is_pretraining()) {
        let mut all = sources.iter().filter(|source| source.has(study, group));
        let Some(first) = all.next() else { continue };
        let values = first.values(study, group);
        if let Some(other) = all.find(|source| source.values(study, group) != values) {
            notices.push(format!(
                "{} of {} and {} came to different losses; fine-tunings of a part start from its \
                 own pre-trained networks",
                study.plan.journal_name(group),
                first.folder.display(),
                other.folder.display()
            ));
        }
    }
    notices
}

/// Checks that every group is finished in one of the folders, which are of one division.
fn check_complete(studies: &[Study], all: &[Vec<Source>]) -> Result<()> {
    let sources = || all.iter().flatten();
    let parts = sources().filter_map(|one| Some((one, of(one)?)));
    let mut parts = parts.filter(|(_, part)| part.stage == Stage::FineTuning);
    let first = parts.next();
    if let Some((one, part)) = first
        && let Some((other, another)) = parts.find(|(_, another)| another.of != part.of)
    {
        return Err(input_error!(
            "{} is part {part}, but {} is part {another}; name the parts of one division",
            one.folder.display(),
            other.folder.display()
        ));
    }
    let missing = |(place, study): (usize, &Study)| -> Vec<(usize, GroupKey)> {
        let groups = study.plan.groups().into_iter();
        groups
            .filter(|group| with(&all[place], study, group).is_none())
            .map(|g| (place, g))
            .collect()
    };
    let missing: Vec<(usize, GroupKey)> = studies.iter().enumerate().flat_map(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let Some((_, part)) = first else {
        return Err(input_error!(
            "there are only pre-trainings; run the parts 1/N to N/N, and name them too"
        ));
    };
    let shares = shares(studies, part)?;
    let mut list = Vec::new();
    for (number, share) in (1..).zip(&shares) {
        if missing.iter().any(|(study, group)| share[*study].contains(group)) {
            let part = Part { number, ..part };
            let there = sources().filter(|source| of(source) == Some(part));
            let there = there.map(|source| {
                let Provenance { runs_finished, runs_planned, .. } = source.provenance;
                let folder = source.folder.display();
                format!("{runs_finished} of {runs_planned} runs are finished in {folder}")
            });
            let there = there.reduce(|one, other| format!("{one}, {other}"));
            list.push(format!("{part} ({})", there.unwrap_or_else(|| "not there".to_owned())));
        }
    }
    Err(input_error!(
        "{} of {} parts are missing or unfinished: {}; run shoal study with --part and each of \
         these, then merge again",
        list.len(),
        part.of,
        list.join(", ")
    ))
}
