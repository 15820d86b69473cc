//! The items of a model: ragged rows as the network reads them.

use crate::data::items::Items;
use crate::data::observations::Examples;
use crate::engine::scale::InputScale;
use crate::engine::sets::Sets;
use crate::engine::table::Table;
use crate::error::Result;
use crate::input_error;
use crate::study::datasets::with_edges;
use crate::study::sizes::Edges;
use crate::study::store::model::Model;

impl Model {
    /// The features of raw items: the items themselves unless something is done to their columns.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the columns are not as many as the model's, or have no value.
    pub fn item_features(&self, items: &Items, name: &str) -> Result<Items> {
        let names = self.about.raw_item_names();
        match &self.about.item_columns {
            Some(columns) if items.names.len() == names.len() => {
                columns.of_items(items.clone(), name)
            }
            Some(_) => Err(input_error!(
                "the items of {name} have {} columns but the model reads {} ({})",
                items.names.len(),
                names.len(),
                names.join(", ")
            )),
            None => Ok(items.clone()),
        }
    }

    /// Its edges, and the columns of the items in which neighbours are near, with their periods.
    ///
    /// # Panics
    /// If it has no edges.
    pub(crate) fn near(&self) -> (&Edges, Vec<(usize, Option<f64>)>) {
        let edges = self.about.edges.as_ref().expect("model: edges");
        let names = &self.about.item_names;
        let column = |(name, period): &(String, Option<f64>)| {
            let column = names.iter().position(|one| one == name);
            (column.expect("model: edges that were checked"), *period)
        };
        (edges, edges.near.iter().map(column).collect())
    }

    /// How columns per example and items are scaled.
    pub(crate) fn scales(&self) -> [InputScale; 2] {
        let scaling = &self.about.scaling;
        [(&scaling.mean, &scaling.deviation), (&scaling.item_mean, &scaling.item_deviation)]
            .map(|(centre, width)| InputScale { centre: centre.clone(), width: width.clone() })
    }

    /// A table of features of rows, with their items if the network reads them, scaled as it does,
    /// so that no row depends on the others. Its targets are all 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`]: no items for a network that reads them, other numbers of columns or
    /// rows, numbers that are not finite or too far from what the network was trained on.
    pub fn table(&self, raw: Examples, name: &str) -> Result<Table> {
        let [scale, item_scale] = self.scales();
        let x = self.scaled_inputs(raw.inputs, name)?;
        let rows = raw.inputs.rows;
        let table = Table {
            x: x.iter().map(|value| *value as f32).collect(),
            y: vec![0.0; rows],
            rows,
            inputs: raw.inputs.columns,
            targets: 1,
            scale,
            sets: None,
            weights: None,
        };
        match (self.start.network.has_items(), raw.items) {
            (false, _) => Ok(table),
            (true, Some(items)) => table.with_sets(self.sets(items, item_scale, name)?),
            (true, None) => Err(input_error!("{name} has no items, which the model reads")),
        }
    }

    fn sets(&self, items: &Items, scale: InputScale, name: &str) -> Result<Sets> {
        let (columns, about) = (items.values.columns, &self.about);
        if columns != scale.centre.len() {
            return Err(input_error!(
                "the items of {name} have {columns} columns but the model reads {} ({})",
                scale.centre.len(),
                about.item_names.join(", ")
            ));
        }
        items.check()?;
        let x = scale.apply(&items.values.values);
        if let Some(at) = x.iter().position(|value| !value.is_finite()) {
            let (item, column) = (at / columns, at % columns);
            return Err(input_error!(
                "{name}: item {item}, column {column} ({}) is {:e}, too far from what the model \
                 was trained on, {:e} ± {:e}; are the units the same?",
                about.item_names[column],
                items.values.values[at],
                scale.centre[column],
                scale.width[column]
            ));
        }
        let offsets = items.offsets.clone();
        let sets = Sets { x, columns, offsets, edges: None, scale };
        with_edges(sets, &about.item_names, about.edges.as_ref())
    }
}
