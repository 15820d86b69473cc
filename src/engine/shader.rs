//! Composes the WGSL of kernels from the files in `shaders/` and their imports.
//!
//! A shader starts with a line `#import NAME` for every other file whose functions or types it
//! uses. The tile set resolves `{...}` in a name: `vec4_{vec4}` is `vec4_plain` or `vec4_pairs`. An
//! import is textual and each file is included once, so two files may import each other.

use include_dir::{Dir, include_dir};

use crate::engine::precision::Precision;
use crate::engine::tile::{Lanes, ProductTile, TileSet, Vec4Storage};

static SHADERS: Dir = include_dir!("$CARGO_MANIFEST_DIR/shaders");

/// The prefix of an import line.
const IMPORT: &str = "#import ";

/// The text of `shaders/<name>.wgsl`.
///
/// # Panics
/// If there is no such file.
pub fn text(name: &str) -> &'static str {
    let file = SHADERS.get_file(format!("{name}.wgsl"));
    let file = file.unwrap_or_else(|| panic!("shader: no file shaders/{name}.wgsl"));
    file.contents_utf8().expect("shader: text")
}

/// The file and the entry point of a kernel: `main` in the file of its name or, of the kernel
/// `norm_forward`, `forward` in the file `norm`.
///
/// # Panics
/// If there is no such file.
pub fn entry(kernel: &str) -> (&str, &str) {
    let there = |name: &str| SHADERS.get_file(format!("{name}.wgsl")).is_some();
    if there(kernel) {
        return (kernel, "main");
    }
    let parts = kernel.match_indices('_').map(|(at, _)| (&kernel[..at], &kernel[at + 1..]));
    let found = parts.rev().find(|(file, _)| there(file));
    found.unwrap_or_else(|| panic!("shader: no file of the kernel {kernel} in shaders"))
}

/// The names of all files, sorted.
pub fn names() -> Vec<String> {
    let stem = |file: &include_dir::File| Some(file.path().file_stem()?.to_str()?.to_owned());
    let mut names: Vec<String> = SHADERS.files().filter_map(stem).collect();
    names.sort();
    names
}

/// The direct imports of a file, for a tile set.
pub fn imports(name: &str, set: &TileSet) -> Vec<String> {
    let lines = text(name).lines().filter_map(|line| line.strip_prefix(IMPORT));
    lines.map(|import| chosen(import.trim(), set)).collect()
}

/// The names of all files of a shader, imports first.
pub fn files(name: &str, set: &TileSet) -> Vec<String> {
    fn visit(name: &str, set: &TileSet, seen: &mut Vec<String>, files: &mut Vec<String>) {
        if seen.iter().any(|one| one == name) {
            return;
        }
        seen.push(name.to_owned());
        imports(name, set).iter().for_each(|import| visit(import, set, seen, files));
        files.push(name.to_owned());
    }
    let mut files = Vec::new();
    visit(name, set, &mut Vec::new(), &mut files);
    files
}

/// The complete source of a shader for a tile set.
pub fn source(name: &str, set: &TileSet) -> String {
    let mut source = String::new();
    for file in files(name, set) {
        for line in text(&file).lines().filter(|line| !line.starts_with(IMPORT)) {
            source.push_str(line);
            source.push('\n');
        }
    }
    source
}

/// The name of an import with its placeholders resolved.
fn chosen(import: &str, set: &TileSet) -> String {
    let vec4 = match set.vec4s {
        Vec4Storage::Plain => "plain",
        Vec4Storage::Pairs => "pairs",
    };
    let packed = match (set.precision, set.vec4s) {
        (Precision::F32, _) => "f32",
        (Precision::F16, Vec4Storage::Plain) => "f16",
        (Precision::F16, Vec4Storage::Pairs) => "f16_pairs",
    };
    let lanes = match set.lanes {
        Lanes::Plain => "plain",
        Lanes::Shuffle => "shuffle",
    };
    let products = match set.products {
        ProductTile::Gpu => "gpu",
        ProductTile::Software => "software",
    };
    let choices =
        [("{vec4}", vec4), ("{packed}", packed), ("{lanes}", lanes), ("{products}", products)];
    choices.iter().fold(import.to_owned(), |name, (key, choice)| name.replace(key, choice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tile;

    #[test]
    fn each_file_is_included_once_and_after_its_imports() {
        for set in tile::ALL {
            let files = files("fused_update", &set);
            let at = |name: &str| files.iter().position(|file| file == name);
            assert!(at("layout") < at("fused_update") && at("adamw_rule") < at("fused_update"));
            let mut once = files.clone();
            once.dedup();
            assert_eq!(once, files);
        }
        assert_eq!(entry("clock"), ("clock", "main"));
        assert_eq!(entry("norm_backward_input"), ("norm", "backward_input"));
        assert!(source("clock", &tile::HARDWARE).contains("struct State"));
        assert!(!source("clock", &tile::HARDWARE).contains(IMPORT));
    }
}
