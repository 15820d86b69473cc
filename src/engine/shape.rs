//! Shapes of values, and the rows of a batch.

/// The kind of the rows of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rows {
    /// An example of the batch.
    Examples,
    /// An item of the set of an example. Examples have different numbers of items.
    Items,
    /// An edge from an item to one of its nearest neighbours in the same example.
    Edges,
}

impl Rows {
    /// Its number in WGSL.
    pub fn code(self) -> u32 {
        match self {
            Rows::Examples => 0,
            Rows::Items => 1,
            Rows::Edges => 2,
        }
    }
}

/// The shape of a value: which rows it has, and how many numbers are in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// The kind of its rows.
    pub rows: Rows,
    /// Numbers in a row.
    pub width: usize,
}

impl Shape {
    /// One row of `width` numbers for each example.
    pub fn examples(width: usize) -> Self {
        Self { rows: Rows::Examples, width }
    }

    /// One row of `width` numbers for each item of an example.
    pub fn items(width: usize) -> Self {
        Self { rows: Rows::Items, width }
    }
}

/// `count` rounded up to a multiple of four.
pub fn padded(count: usize) -> usize {
    count.next_multiple_of(4)
}

/// Numbers of rows of each kind: of a batch, or the most that a batch of a run can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchRows {
    /// Examples.
    pub examples: usize,
    /// Items of these examples.
    pub items: usize,
    /// Edges between these items.
    pub edges: usize,
}

impl From<usize> for BatchRows {
    /// Examples without items.
    fn from(examples: usize) -> Self {
        Self { examples, ..Self::default() }
    }
}

impl BatchRows {
    /// Rows of a kind.
    pub fn of(&self, kind: Rows) -> usize {
        match kind {
            Rows::Examples => self.examples,
            Rows::Items => self.items,
            Rows::Edges => self.edges,
        }
    }

    /// Each rounded up to a multiple of four.
    pub fn padded(self) -> Self {
        Self {
            examples: padded(self.examples),
            items: padded(self.items),
            edges: padded(self.edges),
        }
    }
}
