//! Fences: which folder may name which, who may print, who may name wgpu, and that no files name
//! each other in a circle. Read from the sources.

mod imports;
mod tokens;
mod tree;

use std::path::{Path, PathBuf};

use tokens::{Token, tokens};
use tree::{Arrow, Circle, Tree, circles};

/// The folders of the library from the bottom up; each may name those of the rows before its own.
/// `lib.rs`, `main.rs` and `cli` are above all: they name what they like.
const LAYERS: [&[&str]; 6] =
    [&["error"], &["host"], &["engine"], &["data"], &["cosmology", "collider"], &["study"]];
const ABOVE: [&str; 3] = ["lib", "main", "cli"];

/// Folders that know nothing of training, and what they may name of the engine.
const APART: [&str; 3] = ["data", "cosmology", "collider"];
const SHARED: [&str; 4] =
    ["engine/random.rs", "engine/normals.rs", "engine/scale.rs", "engine/threads.rs"];

/// What the engine does not know: files and their formats.
const FILES: [&str; 5] = ["fs", "csv", "npyz", "safetensors", "toml"];

const PRINTS: [&str; 5] = ["println", "print", "eprintln", "eprint", "dbg"];

/// The first name of a path below `src`.
fn folder(path: &str) -> &str {
    let first = path.split('/').next().expect("a name");
    first.trim_end_matches(".rs")
}

fn layer(folder: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&folder))
}

/// What the words of a file breach.
fn words(path: &str, source: &str) -> Vec<String> {
    let (folder, tokens) = (folder(path), tokens(source));
    let mut found = Vec::new();
    if !ABOVE.contains(&folder) && layer(folder).is_none() {
        found.push(format!("{path}: '{folder}' has no place in the layers of tests/laws/fence"));
    }
    for pair in tokens.windows(2) {
        let Some(word) = pair[0].word() else { continue };
        if PRINTS.contains(&word) && pair[1].is('!') && !["main", "cli"].contains(&folder) {
            found.push(format!("{path}: prints with {word}!"));
        }
        if FILES.contains(&word) && folder == "engine" {
            found.push(format!("{path}: names {word}"));
        }
    }
    let names_wgpu = |token: &Token| match token {
        Token::Word(text) | Token::Text(text) => text.contains("wgpu"),
        _ => false,
    };
    if tokens.iter().any(names_wgpu) && !path.starts_with("engine/gpu/") {
        found.push(format!("{path}: names wgpu"));
    }
    found
}

/// What an arrow breaches.
fn direction(arrow: &Arrow) -> Option<String> {
    let Arrow { from, to, named, .. } = arrow;
    let (mine, theirs) = (folder(from), folder(to));
    let above = match (ABOVE.contains(&mine), layer(mine), layer(theirs)) {
        (true, ..) => false,
        (_, Some(mine), Some(theirs)) => theirs > mine,
        _ => true,
    };
    let beside = mine != theirs && layer(mine).is_some() && layer(mine) == layer(theirs);
    let training = APART.contains(&mine) && theirs == "engine" && !SHARED.contains(&to.as_str());
    (above || beside || training).then(|| format!("{from}: names {named} of {to}"))
}

/// The files of a circle, and what they name of each other on the shortest way around.
fn described(circle: &Circle) -> String {
    let line = |arrow: &&Arrow| format!("    {} names {} of {}", arrow.from, arrow.named, arrow.to);
    let lines: Vec<String> = circle.way.iter().map(line).collect();
    let Circle { files, .. } = circle;
    format!("{} files in circles: {}\n{}", files.len(), files.join(" "), lines.join("\n"))
}

/// What sources, with their paths below `src`, breach.
fn breaches(sources: &[(&str, &str)]) -> Vec<String> {
    let arrows = Tree::new(sources.iter().copied()).arrows();
    let words = sources.iter().flat_map(|(path, source)| words(path, source));
    let directions = arrows.iter().filter_map(direction);
    let circles = circles(&arrows);
    words.chain(directions).chain(circles.iter().map(described)).collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
}

#[test]
fn no_file_breaches_a_fence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    assert!(paths.len() > 30, "{} files: is this the crate?", paths.len());
    paths.sort();
    let read = |path: &PathBuf| {
        let inside = path.strip_prefix(&root).expect("below src");
        let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
        (names.join("/"), std::fs::read_to_string(path).expect("readable"))
    };
    let files: Vec<(String, String)> = paths.iter().map(read).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(p, s)| (p.as_str(), s.as_str())).collect();
    let found = breaches(&files);
    assert!(found.is_empty(), "{} breaches:\n{}", found.len(), found.join("\n"));
}

/// The breaches of made-up files; each has some of these words.
#[track_caller]
fn breach(files: &[(&str, &str)], words: &[&str]) {
    let found = breaches(files);
    assert_eq!(found.len(), 1, "{found:#?}");
    words.iter().for_each(|word| assert!(found[0].contains(word), "'{word}' is not in {found:?}"));
}

#[track_caller]
fn clean(files: &[(&str, &str)]) {
    assert_eq!(breaches(files), [""; 0]);
}

#[test]
fn an_arrow_upwards_is_found() {
    let files = |from, to, source| [(from, source), (to, "pub fn item() {}")];
    let (train, table) = ("engine/train.rs", "data/table.rs");
    breach(&files(table, train, "use crate::engine::train::item;"), &[table, train]);
    breach(&files("cosmology/noise.rs", train, "crate::engine::train::item();"), &[train]);
    breach(&files(train, table, "use crate::{Error, data::table::{item}};"), &[table]);
    breach(
        &files(train, table, "use crate::{\n    data::{self},\n};\ndata::table::item();"),
        &[table],
    );
    breach(
        &files("engine/ops/mod.rs", table, "use super::super::data::table;\ntable::item();"),
        &[],
    );
    breach(&files(table, "study/plan.rs", "fn f(plan: &crate::study::plan::Plan) {}"), &["Plan"]);
    breach(&files("study/plan.rs", "cli/mod.rs", "use crate::cli::Options;"), &["cli/mod.rs"]);
    breach(&files("cosmology/noise.rs", "collider/jet.rs", "use crate::collider::jet::item;"), &[]);
    breach(&[("new_module/mod.rs", "")], &["new_module", "layers"]);
    clean(&files("study/plan.rs", train, "use crate::engine::train::item;"));
    clean(&files("data/split.rs", "engine/random.rs", "use crate::engine::random::item;"));
    clean(&files(train, table, "// crate::data::table::item\n/* crate::data::table::item */"));
    clean(&files(train, table, "const A: &str = \"crate::data::table::item\";"));
    clean(&files(train, table, "#[cfg(test)]\nmod tests {\n    use crate::data::table::item;\n}"));
}

#[test]
fn a_re_exported_item_counts_where_it_is_defined() {
    let list = ("data/mod.rs", "mod table;\npub use table::Table as Rows;");
    let table = ("data/table.rs", "pub struct Table;");
    let root = ("lib.rs", "pub use crate::data::Rows;");
    breach(&[list, table, ("engine/run.rs", "use crate::data::Rows;")], &["data/table.rs"]);
    breach(&[root, list, table, ("engine/run.rs", "crate::Rows::new();")], &["data/table.rs"]);
}

#[test]
fn a_macro_counts_where_it_is_defined() {
    let error = ("study/error.rs", "#[macro_export]\nmacro_rules! wrong { () => { 1 } }");
    let root = ("lib.rs", "pub mod engine;");
    breach(&[error, root, ("data/a.rs", "use crate::wrong;\nwrong!();")], &["study/error.rs"]);
}

#[test]
fn a_circle_of_two_files_is_found_with_its_imports() {
    let one = ("cosmology/one.rs", "use crate::cosmology::two::Two;\npub struct One(Two);");
    let two = ("cosmology/two.rs", "use crate::cosmology::one::One;\npub struct Two(Box<One>);");
    let three = ("cosmology/three.rs", "use crate::cosmology::one::One;");
    let words = ["2 files", "one.rs names crate::cosmology::two::Two of cosmology/two.rs"];
    breach(&[one, two, three], &words);
    clean(&[one, three, ("cosmology/two.rs", "pub struct Two;")]);
    let in_test = "#[cfg(test)]\nmod tests { use crate::cosmology::one::One; }\npub struct Two;";
    clean(&[one, ("cosmology/two.rs", in_test)]);
}

#[test]
fn a_circle_of_three_files_is_found_with_its_imports() {
    let one = ("cosmology/one.rs", "use crate::cosmology::two::Two;");
    let two = ("cosmology/two.rs", "fn f() { super::three::f(); }");
    let three =
        ("cosmology/three.rs", "use crate::cosmology::{one as first};\nfn f() { first::f() }");
    let all = ["3 files", "two.rs names super::three::f", "three.rs names first::f"];
    breach(&[one, two, three], &all);
    // through a list that re-exports
    let list = ("cosmology/mod.rs", "mod one;\nmod three;\nmod two;\npub use one::One;");
    let three = ("cosmology/three.rs", "use crate::cosmology::One;");
    breach(&[list, one, two, three], &["3 files", "names crate::cosmology::One of"]);
    clean(&[list, one, two, ("cosmology/three.rs", "")]);
}

#[test]
fn a_file_and_the_mod_rs_above_it_make_a_circle_where_each_needs_the_other() {
    let list = ("cosmology/mod.rs", "mod one;\npub struct Top;\nfn f() { one::f() }");
    let one = ("cosmology/one.rs", "use super::Top;");
    breach(&[list, one], &["2 files", "mod.rs names one::f", "one.rs names super::Top"]);
    clean(&[list, ("cosmology/one.rs", "use std::fmt;")]);
    clean(&[("cosmology/mod.rs", "mod one;\npub use one::f;\npub struct Top;"), one]);
}

#[test]
fn whoever_prints_or_names_what_it_must_not_is_found() {
    breach(&[("engine/train.rs", "    println!(\"done\");")], &["prints with println!"]);
    breach(&[("study/plan.rs", "    eprintln!(\"done\");")], &["prints with eprintln!"]);
    breach(&[("engine/device.rs", "use wgpu::Buffer;")], &["names wgpu"]);
    breach(&[("main.rs", "use wgpu::Buffer;")], &["names wgpu"]);
    breach(&[("engine/run.rs", "std::fs::read(path)")], &["names fs"]);
    clean(&[("cli/mod.rs", "println!(\"done\");")]);
    clean(&[("data/mod.rs", "use crate::{Error, input_error};\nwriteln!(out)?;")]);
    clean(&[("engine/gpu/mod.rs", "use wgpu::Buffer;")]);
    clean(&[("engine/device.rs", "// wgpu and println!\nuse crate::engine::gpu;")]);
}

#[test]
fn tokens_end_where_literals_and_comments_end() {
    let source =
        r##"f('"', 'a', '\'', "\"//", r#"a"b"#, /* a /* b */ c */ 'x: loop { d::e } // f"##;
    let words: Vec<String> =
        tokens(source).iter().filter_map(Token::word).map(str::to_owned).collect();
    assert_eq!(words, ["f", "x", "loop", "d", "e"]);
    let texts = tokens(source).into_iter().filter(|token| matches!(token, Token::Text(_)));
    assert_eq!(texts.count(), 2);
}
