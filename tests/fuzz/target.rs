//! A fuzz target: the reader with the name of this binary.
#![no_main]

mod allocations;
mod readers;

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use readers::Reader;

thread_local! {
    static READER: OnceCell<Reader> = const { OnceCell::new() };
}

/// Writes the seeds to the folder that cargo-fuzz reads first.
fn write_seeds() {
    let name = env!("CARGO_BIN_NAME");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the seeds");
    for (number, seed) in (readers::named(name).seeds)().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), seed).expect("a seed");
    }
}

fuzz_target!(
    init: write_seeds(),
    |bytes: &[u8]| READER.with(|reader| {
        reader.get_or_init(|| readers::named(env!("CARGO_BIN_NAME"))).check(bytes);
    })
);
