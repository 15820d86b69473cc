//! What the program prints.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use shoal::Error;
use shoal::data::names::visible;

/// Messages on the standard error and results on the standard output, or JSON events on the latter.
pub struct Output {
    json: bool,
    verbose: bool,
    colour: bool,
}

impl Output {
    /// For these options and the terminal.
    pub fn new(json: bool, verbose: bool) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::io::stderr().is_terminal();
        Self { json, verbose, colour }
    }

    /// Whether each run is printed (`--verbose`).
    pub fn verbose(&self) -> bool {
        self.verbose
    }

    /// Whether events are printed instead of text (`--json`).
    pub fn json(&self) -> bool {
        self.json
    }

    /// Whether the standard error is a terminal that can redraw a table.
    pub fn terminal(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        !self.json && !dumb && std::io::stderr().is_terminal()
    }

    /// Whether the standard error has colours.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Prints a message.
    pub fn say(&self, text: &str) {
        if self.json {
            self.event("message", json!({ "text": text }));
        } else {
            eprintln!("{}", visible(text));
        }
    }

    /// Prints what is probably not as it was meant.
    pub fn notice(&self, text: &str) {
        match self.json {
            true => self.event("notice", json!({ "text": text })),
            false => self.say(&format!("note: {text}")),
        }
    }

    /// Prints a result.
    pub fn result(&self, text: &str) {
        if !self.json {
            // a closed pipe, as of `| head`, is no error
            let _ = writeln!(std::io::stdout(), "{}", visible(text));
        }
    }

    /// Prints an event of a kind, with `--json` only.
    pub fn event(&self, kind: &str, mut value: Value) {
        if self.json {
            value["event"] = kind.into();
            let _ = writeln!(std::io::stdout(), "{value}");
        }
    }

    /// Prints the error that ends the program.
    pub fn error(&self, error: &Error) {
        if self.json {
            self.event(
                "error",
                json!({ "text": error.to_string(), "exit_code": error.exit_code() }),
            );
        }
        let [start, end] = if self.colour { ["\x1b[1;31m", "\x1b[0m"] } else { ["", ""] };
        eprintln!("{start}error{end}: {}", visible(&error.to_string()));
    }

    /// A progress bar for `count` things; hidden where the standard error is no terminal.
    pub fn bar(&self, count: usize, things: &str) -> ProgressBar {
        let target = match self.json {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(Some(count as u64), target);
        let colours = if self.colour { ".cyan/dim" } else { "" };
        let template = format!("{{bar:28{colours}}} {{pos}}/{{len}} {things}  {{msg}}");
        let style = ProgressStyle::with_template(&template).expect("output: a valid template");
        bar.set_style(style.progress_chars("━╸─"));
        bar
    }
}
