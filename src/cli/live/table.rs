//! The view as lines of text, for a terminal of any size.

use super::board::Board;
use super::board::State;
use super::forecast;

/// Columns beyond which nothing is drawn: eyes lose the line.
const WIDEST: usize = 110;
/// Rows below which there is no table.
const LEAST: usize = 8;
/// Columns of a bar at most.
const BAR: usize = 24;

/// Colours, or none.
#[derive(Clone, Copy)]
pub struct Ink(pub bool);

impl Ink {
    fn paint(self, code: &str, text: &str) -> String {
        match self.0 {
            true if !text.is_empty() && !code.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// A line with and without colours; the plain text gives its width.
pub struct Line {
    /// Without colours.
    pub plain: String,
    /// With them.
    pub painted: String,
}

/// Which columns a table of this width has.
struct Columns {
    name: usize,
    simulations: usize,
    finished: usize,
    bar: usize,
    epoch: bool,
    training_loss: bool,
}

/// The whole view in so many columns and rows.
pub fn lines(board: &Board, title: &str, (columns, rows): (usize, usize), ink: Ink) -> Vec<Line> {
    // the last column makes some terminals begin a new line
    let width = columns.saturating_sub(1).min(WIDEST);
    let foot = line(&foot(board, width), width, ink, "1");
    if rows < LEAST {
        return vec![foot];
    }
    let table = Columns::new(board, width);
    let mut lines = vec![line(title, width, ink, "1"), line(&table.heading(), width, ink, "2")];
    let room = rows - lines.len() - 3;
    let shown = shown(board, room);
    for state in &shown {
        lines.push(table.row(state, width, ink));
    }
    let hidden = board.groups.len() - shown.len();
    if hidden > 0 {
        let all = board.groups.iter().filter(|state| state.is_finished()).count();
        let finished = all - shown.iter().filter(|state| state.is_finished()).count();
        let text = format!("and {hidden} more: {finished} finished, {} waiting", hidden - finished);
        lines.push(line(&text, width, ink, "2"));
    }
    lines.push(foot);
    lines
}

/// The groups for which there is room: running ones first, then waiting ones, then finished ones;
/// in the study's order.
fn shown(board: &Board, room: usize) -> Vec<&State> {
    let mut ranked: Vec<(usize, &State)> = board.groups.iter().enumerate().collect();
    if ranked.len() > room {
        ranked.sort_by_key(|(place, state)| match state {
            _ if state.alive > 0 => (0, *place),
            _ if !state.is_finished() => (1, *place),
            _ => (2, usize::MAX - place),
        });
        ranked.truncate(room);
        ranked.sort_by_key(|(place, _)| *place);
    }
    ranked.into_iter().map(|(_, state)| state).collect()
}

impl Columns {
    fn new(board: &Board, width: usize) -> Self {
        let widest = |text: &dyn Fn(&State) -> String, least: usize| {
            let all = board.groups.iter().map(|state| text(state).len());
            all.max().unwrap_or(0).max(least)
        };
        let mut columns = Self {
            name: widest(&|state| state.group.curve.label(), 8),
            simulations: widest(&|state| state.group.simulations.to_string(), 1),
            finished: widest(&|state| format!("{0}/{0}", state.planned), 4),
            bar: 0,
            epoch: true,
            training_loss: true,
        };
        columns.training_loss = columns.taken() <= width;
        columns.epoch = columns.taken() <= width;
        let left = width.saturating_sub(columns.taken() + 2);
        columns.bar = if left < 6 { 0 } else { left.min(BAR) };
        columns
    }

    /// Columns without the bar.
    fn taken(&self) -> usize {
        let losses = if self.training_loss { 3 } else { 2 };
        let epoch = if self.epoch { EPOCH + 2 } else { 0 };
        self.name + self.simulations + self.finished + 3 * 2 + 8 + losses * (NUMBER + 2) + epoch
    }

    fn compose(&self, [name, simulations, bar, finished]: [&str; 4], numbers: [&str; 5]) -> String {
        let [best, running, epoch, training, validation] = numbers;
        let mut text = format!("{name:<0$}  {simulations:>1$}", self.name, self.simulations);
        if self.bar > 0 {
            text += &format!("  {bar:<0$}", self.bar);
        }
        text += &format!("  {finished:>0$}  {best:>NUMBER$}  {running:>8}", self.finished);
        if self.epoch {
            text += &format!("  {epoch:>EPOCH$}");
        }
        if self.training_loss {
            text += &format!("  {training:>NUMBER$}");
        }
        text + &format!("  {validation:>NUMBER$}")
    }

    fn heading(&self) -> String {
        self.compose(["", "N", "", "done"], ["best val", "running", "epoch", "train", "val"])
    }

    fn row(&self, state: &State, width: usize, ink: Ink) -> Line {
        let alive = match state.alive {
            0 => String::new(),
            alive => alive.to_string(),
        };
        let last = state.last.filter(|_| state.alive > 0);
        let numbers = [
            number(state.best),
            alive,
            epoch(state),
            number(last.map(|last| last.training_loss)),
            number(last.map(|last| last.validation_loss)),
        ];
        let finished = format!("{}/{}", state.finished.len(), state.planned);
        let simulations = state.group.simulations.to_string();
        let bar = bar(state.finished.len(), state.planned, self.bar);
        let text = self.compose(
            [&state.group.curve.label(), &simulations, &bar, &finished],
            numbers.each_ref().map(String::as_str),
        );
        let look = match state {
            _ if state.alive > 0 => "",
            _ => "2",
        };
        let mut line = line(&text, width, ink, look);
        if state.alive > 0 && !bar.is_empty() && ink.0 {
            line.painted = line.painted.replacen(&bar, &ink.paint("36", &bar), 1);
        }
        line
    }
}

/// Columns of an epoch.
const EPOCH: usize = 9;

/// How far the run is that trained last.
fn epoch(state: &State) -> String {
    let (epochs, most) = state.epochs;
    match state.alive {
        0 => String::new(),
        _ if epochs < 10.0 => format!("{epochs:.1}/{most}"),
        _ => format!("{}/{most}", epochs as u32),
    }
}

/// Columns of a loss.
const NUMBER: usize = 8;

/// A loss in a few digits.
fn number(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if !value.is_finite() => "-".into(),
        Some(value) if (1e-3..100.0).contains(&value) => format!("{value:.5}"),
        Some(value) => format!("{value:.2e}"),
    }
}

fn bar(done: usize, all: usize, columns: usize) -> String {
    let full = (columns * done).checked_div(all).unwrap_or(0).min(columns);
    format!("{}{}", "━".repeat(full), "─".repeat(columns - full))
}

/// Finished runs, the time left, the throughput; as much as there is room for.
fn foot(board: &Board, width: usize) -> String {
    let mut text = String::new();
    for piece in pieces(board) {
        let gap = if text.is_empty() { "" } else { "  " };
        if text.chars().count() + gap.len() + piece.len() <= width {
            text = text + gap + &piece;
        }
    }
    text
}

/// The progress of a study, the most important first.
pub fn pieces(board: &Board) -> Vec<String> {
    let sum = |count: &dyn Fn(&State) -> usize| board.groups.iter().map(count).sum::<usize>();
    let mut pieces = vec![format!(
        "{} of {} finished",
        sum(&|state| state.finished.len()),
        sum(&|state| state.planned)
    )];
    if let Some(left) = forecast::left(board) {
        pieces.push(format!("about {} left", forecast::in_words(left)));
    } else if let Some(state) = board.groups.iter().find(|state| state.alive > 0) {
        let left = forecast::most_left(board, state).map(forecast::in_words);
        let left = left.map(|left| format!(", at most {left} left")).unwrap_or_default();
        let loss = state.last.map(|last| number(Some(last.validation_loss)));
        let loss = loss.map(|loss| format!(", val {loss}")).unwrap_or_default();
        pieces.push(format!("{}: epoch {}{loss}{left}", state.group.curve.label(), epoch(state)));
    }
    if let Some(rate) = board.steps.rate() {
        pieces.push(format!("{} run-steps/s", thousands(rate)));
    }
    pieces.push(format!("{} running, {} waiting", sum(&|state| state.alive), sum(&State::waiting)));
    pieces.push(format!("elapsed {}", forecast::in_words(board.elapsed)));
    pieces
}

/// A number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn line(text: &str, width: usize, ink: Ink, look: &str) -> Line {
    let mut plain: String = text.chars().take(width).collect();
    plain.truncate(plain.trim_end().len());
    Line { painted: ink.paint(look, &plain), plain }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shoal::study::store::run::{Curve, GroupName};
    use shoal::study::{Event, PRETRAINING};

    use super::*;

    fn board(groups: usize) -> Board {
        let mut board = Board::default();
        let strategies = ["scratch", "dummy-node", "warm-start", "attach-head"];
        let all = (0..groups).map(|place| match place {
            0 => (PRETRAINING, 32_768),
            place => (strategies[(place - 1) % 4], 50 << ((place - 1) / 4)),
        });
        for (place, (strategy, simulations)) in all.enumerate() {
            let steps = [400, 500];
            board.take(
                &Event::Group {
                    group: GroupName { curve: Curve::of(strategy), simulations },
                    planned: 2 + place,
                    finished_steps: &steps,
                    best: Some(0.0123456),
                },
                Duration::ZERO,
            );
        }
        board
    }

    #[test]
    fn every_line_fits_into_every_terminal() {
        for columns in [1, 20, 60, 61, 70, 80, 100, 200] {
            for rows in [1, 7, 8, 10, 24, 60] {
                let lines = lines(&board(25), "A study", (columns, rows), Ink(true));
                let widths = lines.iter().map(|line| line.plain.chars().count());
                assert!(widths.max().unwrap() < columns.max(2), "{columns}");
                assert!(lines.len() < rows.max(2), "{columns} x {rows}");
            }
        }
    }

    #[test]
    fn at_60_columns_a_row_has_name_size_progress_and_best_loss() {
        let lines = lines(&board(2), "A study", (60, 24), Ink(false));
        assert!(lines.iter().all(|line| line.plain == line.painted));
        assert_eq!(
            lines[2].plain.split_whitespace().collect::<Vec<_>>()[..4],
            ["pretraining", "32768", "2/2", "0.01235"]
        );
        assert!(lines[4].plain.starts_with("4 of 5 finished"), "{}", lines[4].plain);
    }

    #[test]
    fn groups_without_room_are_counted() {
        let lines = lines(&board(25), "A study", (80, 12), Ink(false));
        let more = &lines[lines.len() - 2].plain;
        assert!(more.starts_with("and ") && more.contains("finished"), "{more}");
    }
}
