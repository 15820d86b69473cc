//! The network to explain, and its background.

/// A network, its parameters, and the background of its rows.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a, F> {
    /// The network.
    pub network: &'a crate::engine::graph::Graph,
    /// Its parameters, as [`crate::engine::graph::Graph::parameter_table`] lays them out.
    pub parameters: &'a [F],
    /// Scaled inputs of the background, shape (background rows, inputs).
    pub background: &'a [F],
    /// The outputs to explain, each a unit of the last layer.
    pub targets: &'a [usize],
}

impl<F> Subject<'_, F> {
    /// Asserts that the subject is whole and that there are whole rows to explain.
    pub(crate) fn check(&self, rows: &[F]) {
        let inputs = self.network.inputs();
        assert_eq!(self.parameters.len(), self.network.parameter_len(), "analysis: parameters");
        assert!(!self.targets.is_empty(), "analysis: no targets");
        assert!(
            self.targets.iter().all(|target| *target < self.network.outputs()),
            "analysis: no such output"
        );
        for (what, values) in [("background", self.background), ("rows", rows)] {
            assert!(
                !values.is_empty() && values.len() % inputs == 0,
                "analysis: {what} of no whole rows"
            );
        }
    }
}
