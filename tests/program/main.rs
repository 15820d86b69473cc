//! The command line as a user runs it: output, files and the exit code after each mistake.

mod analyse;
mod any_science;
mod bench;
mod browser;
mod columns;
mod common;
mod explain;
mod inputs;
mod jobs;
mod losses;
mod numbers;
mod objectives;
mod options;
mod outputs;
mod parts;
mod plan;
mod published;
mod resume;
mod search;
mod sets;
mod simulate;
mod strategies;
mod study;
mod tensorboard;
