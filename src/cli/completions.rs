//! `shoal completions`: what a shell completes.

use clap::{Args, Command};
use clap_complete::Shell;

use shoal::Result;

use crate::cli::output::Output;

/// Prints the completions of a shell
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

const REFERENCE: &str = "\
Examples:
  shoal completions bash > ~/.local/share/bash-completion/completions/shoal
  shoal completions zsh > ~/.zfunc/_shoal      a folder of fpath
  shoal completions fish > ~/.config/fish/completions/shoal.fish";

/// Prints those of a command line.
pub fn run(args: &CompletionsArgs, mut command: Command, output: &Output) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "shoal", &mut text);
    output.text(&String::from_utf8_lossy(&text));
    Ok(())
}
