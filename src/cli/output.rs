//! What the program prints.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use shoal::data::names::visible;
use shoal::{Error, Result};

/// Messages on the standard error and results on the standard output, or JSON events on the latter.
pub struct Output {
    json: bool,
    verbose: bool,
    colour: bool,
    /// Why something could not be written to the standard output.
    failure: OnceLock<Error>,
}

impl Output {
    /// For these options and the terminal.
    pub fn new(json: bool, verbose: bool) -> Self {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::io::stderr().is_terminal();
        Self { json, verbose, colour, failure: OnceLock::new() }
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

    /// Prints a message; it is dropped if that is impossible.
    pub fn say(&self, text: &str) {
        if self.json {
            self.event("message", json!({ "text": text }));
        } else {
            let _ = write_whole(io::stderr(), &format!("{}\n", visible(text)));
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
            self.write(&format!("{}\n", visible(text)));
        }
    }

    /// Prints a text for other programs as it is, also with `--json`.
    pub fn text(&self, text: &str) {
        self.write(text);
    }

    /// Prints an event of a kind, with `--json` only.
    pub fn event(&self, kind: &str, mut value: Value) {
        if self.json {
            value["event"] = kind.into();
            self.write(&format!("{value}\n"));
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
        let text = error.to_string();
        let _ = write_whole(io::stderr(), &format!("{start}error{end}: {}\n", visible(&text)));
    }

    /// Writes to the standard output. The work goes on if that fails; [`Output::finish`] tells.
    fn write(&self, text: &str) {
        if let Err(error) = write_whole(io::stdout(), text).or_else(reader_left) {
            let _ = self.failure.set(unwritable(&error));
        }
    }

    /// Whether all that belongs on the standard output is there.
    ///
    /// # Errors
    /// [`Error::Output`] with the first failure.
    pub fn finish(&self) -> Result<()> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Shows what is being done; on a terminal until the bar is cleared.
    pub fn step(&self, bar: &ProgressBar, what: &str) {
        if self.terminal() {
            bar.set_message(what.to_owned());
            bar.tick();
        } else {
            self.say(what);
        }
    }

    /// A line for [`Output::step`].
    pub fn steps(&self) -> ProgressBar {
        let target = match self.terminal() {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{msg} ...").expect("output: a valid template");
        ProgressBar::with_draw_target(None, target).with_style(style)
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

/// Prints what clap has to say: help, the version, or a mistake in the arguments.
pub fn print(printed: &clap::Error) -> ExitCode {
    let result = printed.print().or_else(reader_left);
    match result {
        Err(error) if !printed.use_stderr() => {
            let error = unwritable(&error);
            let _ = write_whole(io::stderr(), &format!("error: {error}\n"));
            ExitCode::from(error.exit_code())
        }
        _ => ExitCode::from(printed.exit_code() as u8),
    }
}

/// Writes all of a text; waits for a pipe that is full and does not wait itself.
fn write_whole(mut to: impl Write, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    loop {
        let step = match rest {
            [] => return to.flush(),
            _ => to.write(rest),
        };
        match step {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
}

/// A reader that has left, as `| head` does, is no error, and neither is a terminal that is gone.
fn reader_left(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ if is_of_lost_terminal(&error) => Ok(()),
        _ => Err(error),
    }
}

/// Whether the standard output was a terminal: now it is a device that gives this error only.
fn is_of_lost_terminal(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileTypeExt;
        let output = || io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
        let kind = || output()?.metadata().map(|about| about.file_type());
        error.raw_os_error() == Some(libc::EIO) && kind().is_ok_and(|kind| kind.is_char_device())
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

fn unwritable(error: &io::Error) -> Error {
    Error::Output(format!(
        "the standard output could not be written: {error}; free some space or choose another file"
    ))
}
