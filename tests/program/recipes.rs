//! The recipes of `data/studies/recipes.md`, run from top to bottom.

use std::path::Path;
use std::process::Command;

use crate::common::{Study, python};

const PAGE: &str = include_str!("../../data/studies/recipes.md");

/// The blocks of code of a page: language and text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut rest = page;
    let mut found = Vec::new();
    while let Some((_, after)) = rest.split_once("\n```") {
        let (language, after) = after.split_once('\n').expect("a block has lines");
        let (text, after) = after.split_once("\n```").expect("a block has an end");
        found.push((language, text));
        rest = after;
    }
    found
}

/// The packages that a block imports.
fn packages(text: &str) -> String {
    let imported = |line: &str| {
        let name = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))?;
        name.split([' ', '.']).next().filter(|name| *name != "model").map(str::to_owned)
    };
    text.lines().filter_map(imported).collect::<Vec<_>>().join(", ")
}

fn done(study: &Study, mut command: Command, text: &str) {
    let programs = Path::new(env!("CARGO_BIN_EXE_shoal")).parent().unwrap().to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&path)));
    command.current_dir(study.folder.path()).env("PATH", path.unwrap());
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{error}");
}

#[cfg(unix)]
#[test]
fn recipes_run_from_top_to_bottom() {
    let study = Study::new();
    let blocks = blocks(PAGE);
    assert!(blocks.iter().filter(|(language, _)| *language == "python").count() >= 9);
    for (language, text) in blocks {
        match language {
            "toml" => {
                let name = text.lines().next().and_then(|line| line.strip_prefix("# "));
                study.write(name.expect("a study file begins with its name"), text);
            }
            "sh" => {
                let mut command = Command::new("bash");
                command.args(["-euc", text]);
                done(&study, command, text);
            }
            "python" => {
                let Some(python) = python(&packages(text)) else { continue };
                let mut command = Command::new(python);
                command.args(["-c", text]);
                done(&study, command, text);
            }
            other => panic!("a block of {other}"),
        }
    }
}
