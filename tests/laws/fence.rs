//! Fences: which module may name which, who may print, and who may name wgpu. Read from the
//! sources.

use std::path::{Path, PathBuf};

/// The modules from the bottom up; each may name those before it. `cli` and `main` are the program:
/// they name what they like.
const ORDER: [&str; 19] = [
    "error", "files", "random", "network", "run", "kernels", "device", "shoal", "check", "measure",
    "data", "simulate", "transfer", "model", "report", "analysis", "page", "study", "lib",
];

/// Modules that know nothing of training.
const APART: [&str; 2] = ["data", "simulate"];
const TRAINING: [&str; 6] = ["network", "run", "kernels", "device", "shoal", "study"];

/// The modules that a source names after `crate::`, comments left out.
fn named(source: &str) -> Vec<String> {
    let code: Vec<&str> = code(source).collect();
    let code = code.join(" ");
    let mut names = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => names.push(word(rest)),
            Some(group) => {
                let (mut depth, mut start) = (0, true);
                for (at, letter) in group.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        letter if start && !letter.is_whitespace() => {
                            names.push(word(&group[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Lines that are not comments.
fn code(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// What a file of a module does that it must not.
fn breaches(module: &str, in_gpu: bool, source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let program = ["cli", "main"].contains(&module);
    let place = |name: &str| ORDER.iter().position(|other| *other == name);
    if !program {
        let Some(mine) = place(module) else {
            return vec![format!("{module} has no place in the order of tests/laws/fence.rs")];
        };
        for name in named(source) {
            // what is not a module is exported by the crate itself
            let above = place(&name).is_some_and(|other| other > mine) || name == "cli";
            let training = APART.contains(&module) && TRAINING.contains(&name.as_str());
            if above || training {
                found.push(format!("{module} names crate::{name}"));
            }
        }
        for shout in ["println!", "print!", "eprintln!", "eprint!", "dbg!"] {
            // a longer name that ends alike is found under that name
            let ends = |line: &str| {
                line.match_indices(shout)
                    .any(|(at, _)| !line[..at].ends_with(char::is_alphanumeric))
            };
            if code(source).any(ends) {
                found.push(format!("{module} prints with {shout}"));
            }
        }
    }
    if !in_gpu && code(source).any(|line| line.contains("wgpu")) {
        found.push(format!("{module} names wgpu"));
    }
    found
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
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 30, "{} files: is this the crate?", files.len());
    let mut all = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("below src");
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        let source = std::fs::read_to_string(&file).expect("readable");
        let found = breaches(module, inside.starts_with("device/gpu"), &source);
        all.extend(found.into_iter().map(|breach| format!("{}: {breach}", inside.display())));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_breach_is_found() {
    let wrong = [
        ("data", "use crate::shoal::train;"),
        ("data", "use crate::network::Network;"),
        ("simulate", "use crate::{Error, device::{cpu, gpu}};"),
        ("kernels", "    crate::shoal::train(1);"),
        ("network", "use crate::{\n    random::unit,\n    kernels::Real,\n};"),
        ("shoal", "use crate::study::Plan;"),
        ("report", "use crate::cli::Options;"),
        ("shoal", "    println!(\"done\");"),
        ("study", "    eprintln!(\"done\");"),
        ("device", "use wgpu::Buffer;"),
        ("main", "use wgpu::Buffer;"),
        ("new_module", ""),
    ];
    for (module, source) in wrong {
        assert_eq!(breaches(module, false, source).len(), 1, "{module}: {source}");
    }
    let right = [
        ("device", "// wgpu and crate::study\nuse crate::{Error, Result, kernels::{Call, step}};"),
        ("study", "use crate::data::{names, split};\nuse crate::shoal::train;"),
        ("data", "use crate::{Error, input_error};\nwriteln!(out)?;"),
        ("cli", "println!(\"done\");"),
        ("error", "#[macro_export] macro_rules! input_error { () => { $crate::error::Error } }"),
    ];
    for (module, source) in right {
        assert_eq!(breaches(module, false, source), [""; 0], "{module}: {source}");
    }
    assert!(breaches("device", true, "use wgpu::Buffer;").is_empty());
}
