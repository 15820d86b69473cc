//! Composes the WGSL of kernels from the files in `shaders/` and their imports.
//!
//! A shader starts with a line `#import NAME` for every other file whose functions or types it
//! uses; `packed_{packed}` is the file of the precision, and `state_{kept}` that of where a kernel
//! keeps the states of runs. An import is textual and each file is included once, so two files may
//! import each other.
//!
//! WGSL has no arrays of registers, so what a thread does for each of its vec4s is written out. The
//! lines between `#each u in UNITS` and `#end` are repeated for each vec4 of units of the tile,
//! with its number in place of `{u}`; a number may stand in place of `UNITS`. Such lines may be
//! nested.

use include_dir::{Dir, include_dir};

use crate::engine::tile::{ProductTile, TileSet};

static SHADERS: Dir = include_dir!("$CARGO_MANIFEST_DIR/shaders");

/// The prefix of an import line.
const IMPORT: &str = "#import ";
/// The prefix of a line before lines that are repeated, and the line after them.
const EACH: &str = "#each ";
const END: &str = "#end";
/// The shader that keeps the state of a run in workgroup memory.
const RESIDENT: &str = "resident";

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
    imports_within(name, name, set)
}

/// The same within a shader.
fn imports_within(shader: &str, name: &str, set: &TileSet) -> Vec<String> {
    let lines = text(name).lines().filter_map(|line| line.strip_prefix(IMPORT));
    lines.map(|import| chosen(import.trim(), shader, set)).collect()
}

/// The names of all files of a shader, imports first.
pub fn files(name: &str, set: &TileSet) -> Vec<String> {
    fn visit(
        [shader, name]: [&str; 2],
        set: &TileSet,
        seen: &mut Vec<String>,
        files: &mut Vec<String>,
    ) {
        if seen.iter().any(|one| one == name) {
            return;
        }
        seen.push(name.to_owned());
        let imports = imports_within(shader, name, set);
        imports.iter().for_each(|import| visit([shader, import], set, seen, files));
        files.push(name.to_owned());
    }
    let mut files = Vec::new();
    visit([name, name], set, &mut Vec::new(), &mut files);
    files
}

/// The complete source of a shader for a tile set, and for a tile if it is a product.
pub fn source(name: &str, set: &TileSet, tile: Option<ProductTile>) -> String {
    let files = files(name, set);
    let lines = files.iter().flat_map(|file| text(file).lines());
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with(IMPORT)).collect();
    let sizes = tile.map_or(Vec::new(), |tile| {
        let fours = tile.terms.div_ceil(4);
        let sizes = [("ROWS", tile.rows), ("UNITS", tile.units), ("TERMS", tile.terms)];
        sizes.into_iter().chain([("FOURS", fours)]).collect()
    });
    let mut source = String::new();
    repeat(&lines, &mut sizes.clone(), &mut source);
    source
}

/// Writes lines, those between [`EACH`] and [`END`] once for each number, with the numbers of
/// `names` in place of `{name}`.
///
/// # Panics
/// If an [`EACH`] has no [`END`], or counts what is neither a number nor a name.
fn repeat<'a>(lines: &[&'a str], names: &mut Vec<(&'a str, u32)>, source: &mut String) {
    let mut rest = lines;
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        let Some(each) = line.strip_prefix(EACH) else {
            let numbers = names.iter();
            *source += &numbers.fold(line.to_string(), |line, (name, number)| {
                line.replace(&format!("{{{name}}}"), &number.to_string())
            });
            source.push('\n');
            continue;
        };
        let (name, count) = each.split_once(" in ").expect("shader: #each NAME in COUNT");
        let known = names.iter().find(|known| known.0 == count).map(|known| known.1);
        let count = known.unwrap_or_else(|| count.parse().expect("shader: the count of #each"));
        let (body, after) = rest.split_at(end_of(rest));
        for number in 0..count {
            names.push((name, number));
            repeat(body, names, source);
            names.pop();
        }
        rest = &after[1..];
    }
}

/// The place of the [`END`] that belongs to the lines before it.
fn end_of(lines: &[&str]) -> usize {
    let mut open = 1;
    let closes = |line: &&str| {
        open += i32::from(line.starts_with(EACH)) - i32::from(*line == END);
        open == 0
    };
    lines.iter().position(closes).expect("shader: #each without #end")
}

/// The name of an import of a shader with its placeholder resolved.
fn chosen(import: &str, shader: &str, set: &TileSet) -> String {
    let kept = if shader == RESIDENT { "workgroup" } else { "device" };
    import.replace("{packed}", set.precision.name()).replace("{kept}", kept)
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
        let source = source("clock", &tile::HARDWARE, None);
        assert!(source.contains("struct State") && !source.contains(IMPORT));
    }

    #[test]
    fn lines_are_repeated_for_each_number() {
        let text = "a{ROWS}\n#each r in ROWS\n#each i in 2\nb{r}{i}\n#end\nc{r}\n#end\nd";
        let mut source = String::new();
        repeat(&text.lines().collect::<Vec<_>>(), &mut vec![("ROWS", 2)], &mut source);
        assert_eq!(source, "a2\nb00\nb01\nc0\nb10\nb11\nc1\nd\n");
    }
}
