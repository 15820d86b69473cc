//! Lines at the bottom of a terminal that are redrawn.

use std::time::{Duration, Instant};

use console::Term;

use super::table::Line;

/// How often is drawn at most.
const FRAME: Duration = Duration::from_millis(100);

/// The lines on the terminal of the standard error.
pub struct Screen {
    terminal: Term,
    /// Columns of each line that is drawn.
    drawn: Vec<usize>,
    last: Option<Instant>,
}

impl Screen {
    /// Nothing drawn.
    pub fn new() -> Self {
        Self { terminal: Term::buffered_stderr(), drawn: vec![], last: None }
    }

    /// Whether it is time to draw again.
    pub fn is_due(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() > FRAME)
    }

    /// Columns and rows of the terminal.
    pub fn size(&self) -> (usize, usize) {
        let (rows, columns) = self.terminal.size();
        (columns.into(), rows.into())
    }

    /// Draws lines in place of those that are there. A terminal that cannot be written is no error:
    /// the study continues.
    pub fn draw(&mut self, lines: &[Line]) {
        self.last = Some(Instant::now());
        self.remove();
        for line in lines {
            let _ = self.terminal.write_line(&line.painted);
            self.drawn.push(line.plain.chars().count());
        }
        let _ = self.terminal.flush();
    }

    /// Leaves nothing on the terminal.
    pub fn clear(&mut self) {
        self.remove();
        let _ = self.terminal.flush();
    }

    fn remove(&mut self) {
        let (columns, rows) = self.size();
        // a terminal that became narrower has broken the lines anew
        let broken = self.drawn.drain(..).map(|line| line.div_ceil(columns.max(1)).max(1));
        let lines = broken.sum::<usize>().min(rows.saturating_sub(1));
        if lines > 0 {
            // where the cursor is may stand what was args, such as ^C
            let _ = self.terminal.clear_line();
            let _ = self.terminal.clear_last_lines(lines);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}
