//! Parts of the page that several sections have.

use maud::{Markup, html};

use crate::study::report::chart::model::{Chart, Key, Sample};
use crate::study::report::chart::style::Series;
use crate::study::report::chart::svg::{NARROW, WIDE};

/// A figure: the drawing of its file, and one for narrow screens.
pub(crate) fn figure(chart: &Chart) -> Markup {
    html! {
        figure {
            div.wide { (chart.svg(WIDE)) }
            div.narrow { (chart.svg(NARROW)) }
        }
    }
}

/// A table; the first column heads its row.
pub(crate) fn table<H: AsRef<str>>(heading: &[H], rows: &[Vec<String>]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { @for cell in heading { th scope="col" { (cell.as_ref()) } } } }
            tbody { @for row in rows { tr {
                @for (column, cell) in row.iter().enumerate() {
                    @if column == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                }
            } } }
        } }
    }
}

/// A table that is folded up, with what it shows.
pub(crate) fn numbers(what: &str, table: Markup) -> Markup {
    html! { details { summary { "Table: " (what) } (table) } }
}

/// Entries of a legend with line and marker.
pub(crate) fn keys<'a>(series: impl IntoIterator<Item = &'a Series>) -> Vec<Key> {
    let key = |one: &Series| Key { name: one.name(), look: one.look, sample: Sample::Marker };
    series.into_iter().map(key).collect()
}
