//! `shoal man`: manual pages.

use clap::{Args, Command};

use shoal::{Error, Result};

use crate::cli::output::Output;

/// Prints the manual page of shoal, or of a command
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct ManArgs {
    /// A command, such as study
    command: Option<String>,
}

const REFERENCE: &str = "\
Examples:
  shoal man study | man -l -
  shoal man > ~/.local/share/man/man1/shoal.1";

/// Prints that of a command line.
pub fn run(args: &ManArgs, mut command: Command, output: &Output) -> Result<()> {
    command.build();
    if let Some(name) = &args.command {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| {
            let known = command.get_subcommands().map(Command::get_name).collect::<Vec<_>>();
            Error::Input(format!("there is no command '{name}'; there are {}", known.join(", ")))
        })?;
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).expect("man: a page in memory");
    output.text(&String::from_utf8_lossy(&text));
    Ok(())
}
