//! Parses the command line, runs the command, prints its error and exits with its code.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    quiet_mesa();
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        // --help and --version are printed too, on the standard output
        Err(printed) => return cli::print(&printed),
    };
    cli::install_signals(arguments.global.json);
    let output = cli::Output::new(arguments.global.json, arguments.global.verbose);
    match cli::run(arguments, &output).and_then(|()| output.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// Turns off the layer of Mesa that sorts adapters. Without a desktop session it prints complaints
/// on the standard error, and shoal sorts adapters itself.
fn quiet_mesa() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: no other thread has started yet.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
