//! Networks that a study left and another one starts from.

use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::data::files::{hex, prefix, read_bytes};
use crate::error::Result;
use crate::input_error;
use crate::study::store::model::{About, MODELS, Model};
use crate::study::transfer::PRETRAINING;

/// A network to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Its file, as messages call it.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The network.
    pub model: Model,
}

/// Reads the networks of `pretraining.models`; of a folder those that were pre-trained.
///
/// # Errors
/// [`crate::Error::Input`] for a file that cannot be read, a folder without such networks, and
/// networks that differ in more than their weights.
pub(crate) fn read_models(paths: &[PathBuf], base: &Path) -> Result<Vec<Published>> {
    let mut all = Vec::new();
    for path in paths.iter().map(|path| base.join(path)) {
        for file in if path.is_dir() { pretrained_in(&path)? } else { vec![path] } {
            let bytes = read_bytes(&file)?;
            let model = Model::from_bytes(&file, &bytes)?;
            let mut digest = Sha256::new();
            digest.update(&bytes);
            all.push(Published { name: file.display().to_string(), sha256: hex(digest), model });
        }
    }
    let Some((first, rest)) = all.split_first() else {
        return Err(input_error!("pretraining.models = []: name a file, or the folder of a study"));
    };
    let check = |other: &Published| {
        check_same((&first.name, &first.model.about), (&other.name, &other.model.about))
    };
    rest.iter().try_for_each(check).map_err(|error| prefix(error, "pretraining.models"))?;
    Ok(all)
}

/// The files of pre-trained networks in a folder, or in its folder of networks.
fn pretrained_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let inner = folder.join(MODELS);
    let folder = if inner.is_dir() { &inner } else { folder };
    let entries = std::fs::read_dir(folder)
        .map_err(|error| input_error!("{}: cannot be read: {error}", folder.display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_pretrained = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(PRETRAINING) && name.ends_with(".safetensors")
    };
    let mut found: Vec<PathBuf> = paths.filter(is_pretrained).collect();
    found.sort();
    match found.is_empty() {
        false => Ok(found),
        true => Err(input_error!(
            "pretraining.models: {} has no {PRETRAINING}*.safetensors; name other networks one by \
             one",
            folder.display()
        )),
    }
}

/// Checks that two networks differ only in their layers, their weights and how they came to be;
/// each with what messages call it.
///
/// # Errors
/// [`crate::Error::Input`] with the first difference.
pub(crate) fn check_same(first: (&str, &About), other: (&str, &About)) -> Result<()> {
    let of = |about: &About| {
        json!({
            "inputs": about.input_names, "axis": about.axis, "items": about.item_names,
            "targets": about.target_names, "columns": about.columns,
            "item_columns": about.item_columns, "edges": about.edges,
            "log10": about.scaling.log10, "target_ranges": about.scaling.target_ranges,
            "outputs": about.predicts,
        })
    };
    let (one, two) = (of(first.1), of(other.1));
    let differs = one.as_object().into_iter().flatten().find(|(key, value)| two[*key] != **value);
    match differs {
        None => Ok(()),
        Some((key, value)) => Err(input_error!(
            "{key} of {} are {value}, but those of {} are {}; give networks that read and predict \
             the same",
            first.0,
            other.0,
            two[key]
        )),
    }
}
