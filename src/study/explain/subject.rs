//! The network to explain, and its background.

/// A network with its parameters, the background and the targets to explain.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a, F> {
    /// The network.
    pub network: &'a crate::engine::graph::Graph,
    /// The parameters, in the layout of [`crate::engine::graph::Graph::parameter_table`].
    pub parameters: &'a [F],
    /// Scaled inputs of the background, shape (background rows, inputs).
    pub background: &'a [F],
    /// The outputs to explain, each a unit of the last layer.
    pub targets: &'a [usize],
}

impl<F> Subject<'_, F> {
    /// Asserts that the fields are consistent and that the rows have the right length.
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
