//! Sets: the items of the examples of a table, of which every example has its own number, and the
//! nearest neighbours of each item.

use crate::engine::graph::Graph;
use crate::engine::scale::InputScale;
use crate::engine::shape::{BatchRows, Rows};
use crate::error::Result;
use crate::input_error;

/// The items of the examples of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Sets {
    /// The items of one example after those of another, shape (items, columns), as `scale` scales
    /// them.
    pub x: Vec<f32>,
    /// Columns of `x`.
    pub columns: usize,
    /// The first item of each example and, at the end, the number of all items; shape (rows + 1).
    pub offsets: Vec<u32>,
    /// The neighbours of each item, if a graph uses them.
    pub edges: Option<Edges>,
    /// How `x` was computed from raw items.
    pub scale: InputScale,
}

/// Edges from each item to its nearest neighbours in the same example. An item of an example with
/// n items has min(neighbours, n - 1) of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Edges {
    /// Most neighbours of an item.
    pub neighbours: usize,
    /// The neighbours of each item, the nearest first, counted from the first item of the example;
    /// shape (items, neighbours). Places beyond the neighbours that exist are 0.
    pub lists: Vec<u32>,
    /// The first entry of each item in `incoming` and, at the end, their number; shape (items + 1).
    pub incoming_offsets: Vec<u32>,
    /// For each item the edges that point to it, in order, counted from the first edge of the
    /// example.
    pub incoming: Vec<u32>,
}

impl Sets {
    /// Items, shape (items, columns) in row-major order, and the number of items of each example.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if there are no columns or the counts do not add up to the items.
    pub fn new<X>(x: Vec<X>, columns: usize, counts: &[usize]) -> Result<Self>
    where
        X: Copy + Into<f64>,
    {
        if columns == 0 {
            return Err(input_error!("sets: the items have no columns"));
        }
        let total: usize = counts.iter().sum();
        if total * columns != x.len() {
            return Err(input_error!(
                "sets: the counts of the examples add up to {total} items of {columns} columns, \
                 but there are {} numbers",
                x.len()
            ));
        }
        let mut offsets = vec![0];
        let mut end = 0u32;
        for count in counts {
            end = u32::try_from(*count).ok().and_then(|count| end.checked_add(count)).ok_or_else(
                || input_error!("sets: {total} items; a table holds at most {}", u32::MAX),
            )?;
            offsets.push(end);
        }
        let scale = InputScale::covering(&x, columns);
        Ok(Self { x: scale.apply(&x), columns, offsets, edges: None, scale })
    }

    /// Its lists of integers as the device stores them; those of the edges are empty without edges.
    pub(crate) fn lists(&self) -> [&[u32]; 4] {
        match &self.edges {
            Some(edges) => [&self.offsets, &edges.lists, &edges.incoming_offsets, &edges.incoming],
            None => [&self.offsets, &[], &[], &[]],
        }
    }

    /// Number of examples.
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Items of an example.
    pub fn count(&self, row: usize) -> usize {
        (self.offsets[row + 1] - self.offsets[row]) as usize
    }

    /// Neighbours of each item of an example.
    pub fn degree(&self, row: usize) -> usize {
        let most = self.edges.as_ref().map_or(0, |edges| edges.neighbours);
        most.min(self.count(row).saturating_sub(1))
    }

    /// Rows of a kind that an example has.
    pub fn rows_of(&self, row: usize, kind: Rows) -> usize {
        match kind {
            Rows::Examples => 1,
            Rows::Items => self.count(row),
            Rows::Edges => self.count(row) * self.degree(row),
        }
    }

    /// The sets of these rows, with their edges.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn select(&self, rows: &[u32]) -> Self {
        let items = |row: &u32| {
            self.offsets[*row as usize] as usize..self.offsets[*row as usize + 1] as usize
        };
        let all = || rows.iter().map(items);
        let mut offsets = vec![0];
        all().for_each(|range| offsets.push(offsets[offsets.len() - 1] + range.len() as u32));
        let scaled = |width: usize| {
            move |range: std::ops::Range<usize>| range.start * width..range.end * width
        };
        let edges = self.edges.as_ref().map(|edges| {
            let mut selected = Edges {
                neighbours: edges.neighbours,
                lists: Vec::new(),
                incoming_offsets: vec![0],
                incoming: Vec::new(),
            };
            for range in all() {
                selected.lists.extend(&edges.lists[scaled(edges.neighbours)(range.clone())]);
                for item in range {
                    let pointing = edges.incoming_offsets[item] as usize
                        ..edges.incoming_offsets[item + 1] as usize;
                    selected.incoming.extend(&edges.incoming[pointing]);
                    selected.incoming_offsets.push(selected.incoming.len() as u32);
                }
            }
            selected
        });
        let x = all().flat_map(|range| &self.x[scaled(self.columns)(range)]).copied().collect();
        Self { x, columns: self.columns, offsets, edges, scale: self.scale.clone() }
    }

    /// Adds edges from each item to its nearest neighbours: the Euclidean distance in these
    /// columns, each with its period if it is periodic, such as 2 pi for an angle. Of two items at
    /// the same distance the earlier one is nearer.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for 0 neighbours, no column, or a column that does not exist.
    pub fn with_edges(
        mut self,
        neighbours: usize,
        coordinates: &[(usize, Option<f64>)],
    ) -> Result<Self> {
        if neighbours == 0 || coordinates.is_empty() {
            return Err(input_error!("sets: edges need at least one neighbour and one column"));
        }
        if let Some((column, _)) = coordinates.iter().find(|(at, _)| *at >= self.columns) {
            return Err(input_error!(
                "sets: neighbours in column {column} of items with {} columns",
                self.columns
            ));
        }
        let items = self.offsets[self.rows()] as usize;
        let mut lists = vec![0; items * neighbours];
        let (mut incoming_offsets, mut incoming) = (vec![0], Vec::new());
        for row in 0..self.rows() {
            let (first, count) = (self.offsets[row] as usize, self.count(row));
            let degree = neighbours.min(count.saturating_sub(1));
            let mut pointing: Vec<Vec<u32>> = vec![Vec::new(); count];
            for item in 0..count {
                let nearest = self.nearest(first, count, item, coordinates);
                for (place, other) in nearest.into_iter().take(degree).enumerate() {
                    lists[(first + item) * neighbours + place] = other as u32;
                    pointing[other].push((item * degree + place) as u32);
                }
            }
            for edges in pointing {
                incoming.extend(edges);
                incoming_offsets.push(incoming.len() as u32);
            }
        }
        self.edges = Some(Edges { neighbours, lists, incoming_offsets, incoming });
        Ok(self)
    }

    /// The other items of an example, the nearest first.
    fn nearest(
        &self,
        first: usize,
        count: usize,
        item: usize,
        coordinates: &[(usize, Option<f64>)],
    ) -> Vec<usize> {
        // in raw units
        let at = |one: usize, column: usize| {
            self.scale.width[column] * f64::from(self.x[(first + one) * self.columns + column])
        };
        let distance = |other: usize| -> f64 {
            let squares = coordinates.iter().map(|(column, period)| {
                let apart = (at(item, *column) - at(other, *column)).abs();
                let apart = period.map_or(apart, |period| {
                    let within = apart % period;
                    within.min(period - within)
                });
                apart * apart
            });
            squares.sum()
        };
        let mut others: Vec<(f64, usize)> = (0..count)
            .filter(|other| *other != item)
            .map(|other| (distance(other), other))
            .collect();
        others.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        others.into_iter().map(|(_, other)| other).collect()
    }
}

/// The most rows that a batch of these examples can have: those of the largest sets.
pub fn most_rows<'a>(
    graph: &Graph,
    batch: usize,
    sets: Option<&Sets>,
    lists: impl IntoIterator<Item = &'a [u32]>,
) -> BatchRows {
    let Some(sets) = sets.filter(|_| graph.has_items()) else { return batch.into() };
    let mut most = BatchRows::from(batch);
    for rows in lists {
        let largest = |kind: Rows| {
            let mut counts: Vec<usize> =
                rows.iter().map(|row| sets.rows_of(*row as usize, kind)).collect();
            counts.sort_unstable_by(|one, other| other.cmp(one));
            counts.into_iter().take(batch).sum::<usize>()
        };
        most.items = most.items.max(largest(Rows::Items));
        if graph.has_edges() {
            most.edges = most.edges.max(largest(Rows::Edges));
        }
    }
    most
}

/// The rows of all of these examples.
pub(crate) fn all_rows<'a>(
    graph: &Graph,
    sets: Option<&Sets>,
    lists: impl IntoIterator<Item = &'a [u32]>,
) -> BatchRows {
    let mut all = BatchRows::default();
    for rows in lists {
        all.examples += rows.len();
        let Some(sets) = sets.filter(|_| graph.has_items()) else { continue };
        let count =
            |kind: Rows| rows.iter().map(|row| sets.rows_of(*row as usize, kind)).sum::<usize>();
        all.items += count(Rows::Items);
        if graph.has_edges() {
            all.edges += count(Rows::Edges);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_the_nearest_of_the_same_example_around_the_period() {
        let tau = std::f64::consts::TAU;
        // eta and phi; 3.1 and -3.1 are close in phi; the second example has one item, the third
        // none
        let x = vec![0.0, 3.1, 0.0, -3.1, 0.0, 1.0, 0.0, 2.0, 5.0, 5.0];
        let sets = Sets::new(x, 2, &[4, 1, 0]).unwrap();
        let sets = sets.with_edges(2, &[(0, None), (1, Some(tau))]).unwrap();
        let edges = sets.edges.as_ref().unwrap();
        assert_eq!(edges.lists, [1, 3, 0, 3, 3, 0, 2, 0, 0, 0]);
        assert_eq!([0, 1, 2].map(|row| sets.degree(row)), [2, 0, 0]);
        assert_eq!(edges.incoming_offsets, [0, 3, 4, 5, 8, 8]);
        assert_eq!(edges.incoming, [2, 5, 7, 0, 6, 1, 3, 4]);
    }

    #[test]
    fn selected_rows_keep_their_items_and_edges() {
        let x: Vec<f32> = (0..14).map(|at| (at as f32 * 0.7).sin()).collect();
        let edges = |sets: Sets| sets.with_edges(2, &[(1, None)]).unwrap();
        let all = edges(Sets::new(x.clone(), 2, &[3, 0, 4]).unwrap());
        let whole = all.select(&[0, 1, 2]);
        assert_eq!(whole, all);
        let turned = all.select(&[2, 1, 0]);
        assert_eq!(turned.offsets, [0, 4, 4, 7]);
        let again = [&x[6..], &x[..6]].concat();
        let again = edges(Sets::new(again, 2, &[4, 0, 3]).unwrap());
        assert_eq!((&turned.edges, turned.rows()), (&again.edges, 3));
    }

    #[test]
    fn equal_distances_are_ordered_by_place_and_mistakes_are_errors() {
        let sets = || Sets::new(vec![0.0, 1.0, -1.0, 1.0], 1, &[4]).unwrap();
        let near = sets().with_edges(3, &[(0, None)]).unwrap().edges.unwrap();
        assert_eq!(near.lists, [1, 2, 3, 3, 0, 2, 0, 1, 3, 1, 0, 2]);
        assert!(Sets::new(vec![0.0; 5], 2, &[1, 1]).unwrap_err().to_string().contains("2 items"));
        let error = sets().with_edges(1, &[(1, None)]).unwrap_err().to_string();
        assert!(error.contains("column 1 of items with 1 columns"), "{error}");
    }
}
