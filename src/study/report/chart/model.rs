//! What a figure shows, in data coordinates.

use crate::study::report::chart::axis::Axis;
use crate::study::report::chart::style::Look;

/// A figure: panels in grids, with one legend.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// What it shows, for readers who cannot see it.
    pub(crate) label: String,
    /// The heading; may be empty.
    pub(crate) title: String,
    /// What the looks stand for.
    pub(crate) legend: Vec<Key>,
    /// One below the other, unless `beside`.
    pub(crate) grids: Vec<Grid>,
    /// Two grids stand side by side where the figure is wide enough.
    pub(crate) beside: bool,
    /// A remark below; may be empty.
    pub(crate) note: String,
}

/// An entry of the legend.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub name: String,
    pub look: Look,
    pub sample: Sample,
}

/// How an entry of the legend is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sample {
    /// A line with the marker on it.
    Marker,
    /// A line.
    Line,
    /// A filled area.
    Area,
}

/// Panels of one size in rows and columns; lengths in pixels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grid {
    pub panels: Vec<Panel>,
    /// The least width of a panel with its labels, which gives the number of columns.
    pub least: f64,
    /// The largest width; 0 for any.
    pub most: f64,
    /// The height of a panel without title and labels.
    pub height: f64,
}

/// Two axes and what is drawn between them, the first layer at the back.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub title: String,
    pub subtitle: String,
    pub x: Axis,
    pub y: Axis,
    pub layers: Vec<Layer>,
}

/// Marks of one look.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub look: Look,
    /// Place and number of the layers that would hide each other, which are drawn side by side; or
    /// (0, 0).
    pub dodge: (usize, usize),
    pub marks: Marks,
}

/// What is drawn. A point without a place on the axes (NaN; zero on a logarithmic axis) is left
/// out, and breaks a line.
#[derive(Clone, Debug)]
pub(crate) enum Marks {
    /// A line of this width through points, in the dashes of the look.
    Line(Vec<(f64, f64)>, f64),
    /// Markers with error bars.
    Points(Vec<Point>),
    /// Small dots, each with the text that a pointer shows.
    Dots(Vec<(f64, f64, String)>),
    /// Many small dots without texts.
    Cloud(Vec<(f64, f64)>),
    /// The area between a line and zero.
    Area(Vec<(f64, f64)>),
    /// The area between two lines: x, low, high.
    Band(Vec<(f64, f64, f64)>),
    /// Rectangles.
    Cells(Vec<Cell>),
}

/// A marker.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub x: f64,
    pub y: f64,
    /// The ends of the error bar.
    pub bar: Option<(f64, f64)>,
    /// The point is a bound: the value lies above or below.
    pub arrow: Option<Arrow>,
    /// What a pointer shows.
    pub title: String,
}

/// Where the value lies of which a point is a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arrow {
    Up,
    Down,
}

/// A rectangle between data coordinates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub x: (f64, f64),
    pub y: (f64, f64),
    /// How strong its colour is, from 0 to 1.
    pub opacity: f64,
    /// It is framed and its text is bold.
    pub framed: bool,
    /// Written on it; may be empty.
    pub text: String,
    /// What a pointer shows; may be empty.
    pub title: String,
}

impl Chart {
    /// A figure of lines over one linear axis: names with a value for each `x`. Axes have a name
    /// and values.
    ///
    /// # Panics
    /// If a line has not one value for each `x`.
    pub fn lines(title: &str, x: (&str, &[f64]), y: &str, lines: &[(String, Vec<f64>)]) -> Self {
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let (low, high) = ends(&mut lines.iter().flat_map(|line| line.1.iter().copied()));
        let room = 0.04 * (high - low);
        let look = |index| Look::series(index).solid();
        let layer = |(index, (name, values)): (usize, &(String, Vec<f64>))| {
            assert_eq!(values.len(), x.1.len(), "chart: values of {name}");
            let points = x.1.iter().copied().zip(values.iter().copied());
            Layer::new(look(index), Marks::Line(points.collect(), 2.0))
        };
        let key = |(index, (name, _)): (usize, &(String, Vec<f64>))| Key {
            name: name.clone(),
            look: look(index),
            sample: Sample::Line,
        };
        let panel = Panel {
            title: String::new(),
            subtitle: String::new(),
            x: Axis::linear(x.0, ends(&mut x.1.iter().copied())),
            y: Axis::linear(y, (low - room, high + room)),
            layers: lines.iter().enumerate().map(layer).collect(),
        };
        Self {
            label: format!("{title}: {y} against {}", x.0),
            title: title.to_owned(),
            legend: lines.iter().enumerate().map(key).collect(),
            grids: vec![Grid { panels: vec![panel], least: 320.0, most: 0.0, height: 360.0 }],
            ..Self::default()
        }
    }
}

impl Layer {
    /// Marks at their own places.
    pub fn new(look: Look, marks: Marks) -> Self {
        Self { look, dodge: (0, 0), marks }
    }

    /// Marks of which several would hide each other.
    pub fn dodged(look: Look, dodge: (usize, usize), marks: Marks) -> Self {
        Self { look, dodge, marks }
    }
}
