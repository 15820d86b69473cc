//! The files of the crate, and which names items of which.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::imports::Imports;

/// One file: where it stands in the tree of modules, and what it names.
struct File {
    path: String,
    module: Vec<String>,
    imports: Imports,
}

/// An item of another file that a file names.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    /// The path as it stands in the source.
    pub named: String,
    /// The file that re-exports the item under this path.
    pub through: Option<String>,
}

/// All files below `src`.
pub struct Tree {
    files: Vec<File>,
    by_module: BTreeMap<Vec<String>, usize>,
}

impl Tree {
    /// From paths below `src` and sources.
    pub fn new<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let file = |(path, source): (&str, &str)| File {
            path: path.to_owned(),
            module: module(path),
            imports: Imports::new(source),
        };
        let files: Vec<File> = sources.into_iter().map(file).collect();
        let by_module = files.iter().enumerate().map(|(i, file)| (file.module.clone(), i));
        Self { by_module: by_module.collect(), files }
    }

    /// Every item of another file that a file names. Lists do not count: the `mod` and `pub use`
    /// lines of a `mod.rs` or of the crate's root.
    pub fn arrows(&self) -> Vec<Arrow> {
        let mut found: Vec<Arrow> = Vec::new();
        for file in &self.files {
            let uses = file.imports.uses.iter();
            let uses = uses.filter(|import| !(import.public && is_list(&file.path)));
            let paths = uses.map(|import| &import.path).chain(&file.imports.paths);
            for path in paths {
                let arrow = self.arrow(file, path);
                found.extend(arrow.filter(|arrow| !found.contains(arrow)));
            }
        }
        found
    }

    fn arrow(&self, file: &File, path: &[String]) -> Option<Arrow> {
        let (to, through) = self.defining(self.absolute(file, path, 0)?, 0)?;
        let through = through.map(|list| list.path.clone());
        let (from, to, named) = (file.path.clone(), to.path.clone(), path.join("::"));
        (from != to).then_some(Arrow { from, to, named, through })
    }

    /// A path from the crate's root, where it is one of this crate.
    fn absolute(&self, file: &File, path: &[String], depth: usize) -> Option<Vec<String>> {
        let module = &file.module;
        let (start, rest) = match path[0].as_str() {
            "crate" => (vec![], &path[1..]),
            "self" => (module.clone(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                (module[..module.len().checked_sub(ups)?].to_vec(), &path[ups..])
            }
            // a module below this one, or one that the file has imported
            first => {
                let child = [module.as_slice(), &path[..1]].concat();
                if self.by_module.contains_key(&child) {
                    (child, &path[1..])
                } else {
                    let mut uses = file.imports.uses.iter();
                    let import = uses.find(|import| import.name == first && import.path != path)?;
                    let start = (depth < 4).then(|| self.absolute(file, &import.path, depth + 1));
                    (start??, &path[1..])
                }
            }
        };
        Some([start.as_slice(), rest].concat())
    }

    /// The file that defines an item, and the first that re-exports it. `None` for a module itself:
    /// what is used of a module counts where it is used.
    fn defining(&self, path: Vec<String>, depth: usize) -> Option<(&File, Option<&File>)> {
        let known =
            (0..=path.len()).rev().find(|count| self.by_module.contains_key(&path[..*count]));
        let count = known?;
        let file = &self.files[self.by_module[&path[..count]]];
        let item = path.get(count)?;
        let mut public = file.imports.uses.iter().filter(|import| import.public);
        let exported = public.find(|import| import.name == *item);
        if let Some(import) = exported.filter(|_| depth < 8)
            && let Some(start) = self.absolute(file, &import.path, 0)
        {
            let path = [start.as_slice(), &path[count + 1..]].concat();
            return self.defining(path, depth + 1).map(|(to, _)| (to, Some(file)));
        }
        let macros = |file: &&File| file.imports.macros.contains(item);
        let in_root = count == 0;
        Some((self.files.iter().filter(|_| in_root).find(macros).unwrap_or(file), None))
    }
}

/// The module of a file: `engine/gpu/mod.rs` is `engine::gpu`, `lib.rs` the crate's root.
fn module(path: &str) -> Vec<String> {
    let path = Path::new(path).with_extension("");
    let mut names: Vec<String> =
        path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if ["mod", "lib"].contains(&names.last().expect("a name").as_str()) {
        names.pop();
    }
    names
}

/// Whether a file is a list of modules above others.
fn is_list(path: &str) -> bool {
    path == "lib.rs" || path.ends_with("mod.rs")
}

/// A set of files each of which leads to each other.
pub struct Circle<'a> {
    pub files: Vec<&'a str>,
    /// A shortest way around, one arrow for each step.
    pub way: Vec<&'a Arrow>,
}

/// The circles of files; no file is in two of them.
pub fn circles(arrows: &[Arrow]) -> Vec<Circle<'_>> {
    let mut next: BTreeMap<&str, Vec<&Arrow>> = BTreeMap::new();
    for arrow in arrows {
        next.entry(&arrow.from).or_default().push(arrow);
    }
    let ways: BTreeMap<&str, BTreeMap<&str, Vec<&Arrow>>> =
        next.keys().map(|from| (*from, ways(&next, from))).collect();
    let mut found: Vec<Circle> = Vec::new();
    for start in next.keys() {
        let seen = found.iter().any(|circle| circle.files.contains(start));
        if seen || !ways[start].contains_key(start) {
            continue;
        }
        let both = |file: &&str| ways[start].contains_key(file) && ways[file].contains_key(start);
        let files: Vec<&str> = next.keys().copied().filter(both).collect();
        let around = files.iter().map(|file| ways[file][file].clone());
        let way = around.min_by_key(Vec::len).expect("some files");
        found.push(Circle { files, way });
    }
    found
}

/// A shortest way from a file to every file that it leads to.
fn ways<'a>(
    next: &BTreeMap<&str, Vec<&'a Arrow>>,
    from: &str,
) -> BTreeMap<&'a str, Vec<&'a Arrow>> {
    let mut found: BTreeMap<&str, Vec<&Arrow>> = BTreeMap::new();
    let mut waiting = VecDeque::from([(from, Vec::new())]);
    while let Some((at, way)) = waiting.pop_front() {
        for arrow in next.get(at).into_iter().flatten() {
            if !found.contains_key(arrow.to.as_str()) {
                let way = [way.as_slice(), &[*arrow]].concat();
                found.insert(&arrow.to, way.clone());
                waiting.push_back((&arrow.to, way));
            }
        }
    }
    found
}
