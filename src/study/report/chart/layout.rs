//! Where the parts of a figure stand, for a width in pixels.

use crate::study::report::chart::axis::{Placed, Ticks};
use crate::study::report::chart::model::{Chart, Grid, Key, Panel, Sample};
use crate::study::report::chart::text::{fitted, width_of, wrapped};
use crate::study::report::chart::ticks::Tick;

/// Heights of texts.
pub(crate) const HEADING: f64 = 20.0;
pub(crate) const TITLE: f64 = 14.0;
pub(crate) const LEGEND: f64 = 14.0;
pub(crate) const NAME: f64 = 13.0;
pub(crate) const TICK: f64 = 12.0;
/// The length of a line in the legend.
pub(crate) const SAMPLE: f64 = 38.0;

/// Around everything.
const MARGIN: f64 = 10.0;
/// Between panels.
const GAP: f64 = 16.0;
/// For the name of an axis.
const NAMED: f64 = 20.0;
/// For the labels of ticks below a panel.
const LABELS: f64 = 18.0;
/// The most room for the label of a tick beside a panel.
const WIDEST: f64 = 120.0;
/// Two grids stand side by side in a figure of at least this width.
const BESIDE: f64 = 800.0;
/// How much wider bold letters are.
const BOLD: f64 = 1.13;

/// A place in pixels, from the left and from the top.
pub(crate) type Place = (f64, f64);

/// A figure with its size and the places of its parts.
pub(crate) struct Layout<'a> {
    pub size: (f64, f64),
    pub heading: Option<(Place, String)>,
    pub legend: Vec<(Place, &'a Key)>,
    pub frames: Vec<Frame<'a>>,
    pub note: Vec<(Place, String)>,
}

/// A panel between pixels.
pub(crate) struct Frame<'a> {
    pub panel: &'a Panel,
    pub x: Placed<'a>,
    pub y: Placed<'a>,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    /// The places of the axes' names, where they are written.
    pub x_name: Option<Place>,
    pub y_name: Option<Place>,
    /// Title and subtitle, cut to the width.
    pub title: String,
    pub subtitle: String,
}

impl<'a> Layout<'a> {
    pub fn new(chart: &'a Chart, width: f64) -> Self {
        let inner = (MARGIN, width - MARGIN);
        let mut y = MARGIN;
        let heading = (!chart.title.is_empty()).then(|| {
            y += 32.0;
            let room = (inner.1 - inner.0) / BOLD;
            ((MARGIN, y - 12.0), fitted(&chart.title, HEADING, room))
        });
        let legend = legend(&chart.legend, inner, &mut y);
        let mut frames = Vec::new();
        match &chart.grids[..] {
            [left, right] if chart.beside && width >= BESIDE => {
                let middle = MARGIN + 0.46 * (width - 2.0 * MARGIN);
                let sides =
                    [(left, (inner.0, middle - GAP / 2.0)), (right, (middle + GAP / 2.0, inner.1))];
                let shapes = sides.map(|(grid, region)| Shape::new(grid, region));
                let height = shapes.iter().map(|shape| shape.height()).fold(0.0, f64::max);
                for shape in shapes {
                    frames.extend(shape.stretched(height).frames(y));
                }
                y += height;
            }
            grids => {
                for (index, grid) in grids.iter().enumerate() {
                    y += if index > 0 { GAP } else { 0.0 };
                    let shape = Shape::new(grid, inner);
                    frames.extend(shape.frames(y));
                    y += shape.height();
                }
            }
        }
        let lines = wrapped(&chart.note, TICK, inner.1 - inner.0);
        y += if lines.is_empty() { 0.0 } else { 8.0 };
        let line = |line| {
            y += 17.0;
            ((MARGIN, y - 4.0), line)
        };
        let note = lines.into_iter().map(line).collect();
        Self { size: (width, (y + MARGIN).ceil()), heading, legend, frames, note }
    }
}

/// The places of the entries, in rows from `y` on, which ends below them.
fn legend<'a>(keys: &'a [Key], (left, right): (f64, f64), y: &mut f64) -> Vec<(Place, &'a Key)> {
    let (mut x, mut places) = (left, Vec::new());
    for key in keys {
        let width = sample_width(key) + 7.0 + width_of(&key.name, LEGEND);
        if x > left && x + width > right {
            (x, *y) = (left, *y + 22.0);
        }
        places.push(((x, *y + 10.0), key));
        x += width + 22.0;
    }
    *y += if keys.is_empty() { 0.0 } else { 30.0 };
    places
}

/// How much room the sample of an entry takes.
pub(crate) fn sample_width(key: &Key) -> f64 {
    if key.sample == Sample::Area { 18.0 } else { SAMPLE }
}

/// The rows and columns of a grid in a region.
struct Shape<'a> {
    grid: &'a Grid,
    left: f64,
    columns: usize,
    rows: usize,
    /// The width of a panel with its labels, the height of one without.
    panel: (f64, f64),
    /// Above each panel: title and subtitle.
    head: f64,
    /// Below each row, or only the last one where all are the same: the name of the axis.
    foot: f64,
    /// Whether each row has it.
    is_named: bool,
}

impl<'a> Shape<'a> {
    fn new(grid: &'a Grid, (left, right): (f64, f64)) -> Self {
        let count = grid.panels.len().max(1);
        let some = |test: fn(&Panel) -> bool| grid.panels.iter().any(test);
        let left = left + if some(|panel| !panel.y.name.is_empty()) { NAMED } else { 0.0 };
        let columns = (right - left + GAP) / (grid.least + GAP);
        let columns = (columns.floor() as usize).clamp(1, count);
        let width = (right - left + GAP) / columns as f64 - GAP;
        let titled = if some(|panel| !panel.title.is_empty()) { 24.0 } else { 8.0 };
        let subtitled = if some(|panel| !panel.subtitle.is_empty()) { 16.0 } else { 0.0 };
        Self {
            grid,
            left,
            columns,
            rows: count.div_ceil(columns),
            panel: (if grid.most > 0.0 { width.min(grid.most) } else { width }, grid.height),
            head: titled + subtitled,
            foot: if some(|panel| !panel.x.name.is_empty()) { NAMED } else { 0.0 },
            is_named: grid.panels.windows(2).any(|pair| pair[0].x.name != pair[1].x.name),
        }
    }

    /// What a row needs beside its panels.
    fn around(&self) -> f64 {
        self.head + LABELS + if self.is_named { self.foot } else { 0.0 }
    }

    fn height(&self) -> f64 {
        self.rows as f64 * (self.around() + self.panel.1)
            + (self.rows - 1) as f64 * 6.0
            + if self.is_named { 0.0 } else { self.foot }
    }

    /// The same with higher panels, so that the whole has a height.
    fn stretched(mut self, height: f64) -> Self {
        self.panel.1 += (height - self.height()) / self.rows as f64;
        self
    }

    fn frames(&self, top: f64) -> Vec<Frame<'a>> {
        let (width, height) = self.panel;
        let y_of = |index: usize| {
            let row = (index / self.columns) as f64;
            let upper = top + row * (self.around() + height + 6.0) + self.head;
            self.grid.panels[index].y.between((upper + height, upper))
        };
        let count = self.grid.panels.len();
        let ticks: Vec<Vec<Tick>> =
            (0..count).map(|index| cut(y_of(index).vertical_ticks(TICK))).collect();
        let labels = ticks.iter().flatten().filter_map(|tick| tick.label.as_deref());
        // One room for all labels, so that the panels of a column stand above each other.
        let room = labels.map(|label| width_of(label, TICK)).fold(0.0, f64::max) + 8.0;
        let frame = |(index, y_ticks): (usize, Vec<Tick>)| {
            let panel = &self.grid.panels[index];
            let column = index % self.columns;
            let left = self.left + column as f64 * (width + GAP) + room;
            // Half the label of the last tick may stand out.
            let right = left - room + width - 8.0;
            let (x, y) = (panel.x.between((left, right)), y_of(index));
            let (bottom, top) = y.pixels;
            let lowest = self.is_named || index + self.columns >= count;
            let first = column == 0 && !panel.y.name.is_empty();
            Frame {
                panel,
                x_ticks: x.horizontal_ticks(TICK),
                x,
                y,
                y_ticks,
                x_name: (lowest && !panel.x.name.is_empty())
                    .then_some(((left + right) / 2.0, bottom + LABELS + 15.0)),
                y_name: first.then_some((self.left - 6.0, (top + bottom) / 2.0)),
                title: fitted(&panel.title, TITLE, (right - left + 8.0) / BOLD),
                subtitle: fitted(&panel.subtitle, TICK, right - left + 8.0),
            }
        };
        ticks.into_iter().enumerate().map(frame).collect()
    }
}

/// Labels that leave room for the panel.
fn cut(mut ticks: Vec<Tick>) -> Vec<Tick> {
    for tick in &mut ticks {
        tick.label = tick.label.take().map(|label| fitted(&label, TICK, WIDEST));
    }
    ticks
}

impl Frame<'_> {
    /// Whether ticks are names of categories, which need no lines.
    pub fn is_table(&self) -> bool {
        matches!(self.panel.y.ticks, Ticks::Names(_))
    }

    /// The place in the middle.
    pub fn middle(&self) -> Place {
        let ((left, right), (bottom, top)) = (self.x.pixels, self.y.pixels);
        ((left + right) / 2.0, (top + bottom) / 2.0)
    }

    /// The radius of markers.
    pub fn radius(&self) -> f64 {
        if self.x.length() > 330.0 { 5.0 } else { 3.8 }
    }

    /// How far to the side a layer is drawn: within the room between two ticks.
    pub fn aside(&self, (place, count): (usize, usize)) -> f64 {
        if count == 0 {
            return 0.0;
        }
        let gaps = self.x_ticks.windows(2).map(|pair| (pair[1].pixel - pair[0].pixel).abs());
        let gap = match self.panel.x.ticks {
            Ticks::Round => 60.0,
            _ => gaps.fold(60.0, f64::min),
        };
        let step = (1.9 * self.radius()).min(0.8 * gap / count as f64);
        (place as f64 - (count as f64 - 1.0) / 2.0) * step
    }

    /// The pixels of a point, if it has a place.
    pub fn place(&self, (x, y): (f64, f64)) -> Option<Place> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }
}
