//! The memory that a run needs on the device.

use crate::engine::graph::Graph;
use crate::engine::precision::Precision;
use crate::engine::prepared::padded_to_pairs;
use crate::engine::run::Training;
use crate::engine::shape::BatchRows;
use crate::engine::work::WorkLayout;
use crate::error::Result;
use crate::input_error;

/// The memory that a run needs on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Size of its parameters in numbers, padding included.
    pub parameters: usize,
    /// Size of its working memory in numbers.
    pub work: usize,
    /// Their storage precision.
    pub precision: Precision,
    /// Whether its parameters are averaged.
    pub averages: bool,
    /// Whether its gradients are stored behind its parameters.
    pub has_own_gradients: bool,
}

impl Footprint {
    /// The footprint of a network trained in batches of at most these rows.
    pub fn new(graph: &Graph, most: impl Into<BatchRows>, precision: Precision) -> Self {
        Self {
            parameters: graph.parameter_len(),
            work: WorkLayout::new(graph, most.into(), precision).len,
            precision,
            averages: false,
            has_own_gradients: false,
        }
    }

    /// The footprint of a network with this training, in batches of at most these rows.
    pub fn of(graph: &Graph, most: impl Into<BatchRows>, training: &Training) -> Self {
        let averages = training.average.is_some();
        Self { averages, ..Self::new(graph, most, training.precision) }
    }

    /// Total bytes: parameters, gradients (in f16 with the weights that products read; none with
    /// the fused update), two moments, the best parameters, their average if there is one, and
    /// working memory.
    pub fn bytes(&self, fuses_update: bool) -> u64 {
        let apart = !fuses_update && !self.has_own_gradients;
        let gradients = if apart { self.parameters } else { 0 };
        let numbers = self.parameter_numbers() + gradients;
        (4 * numbers + self.precision.bytes() * self.work) as u64
    }

    /// Numbers of its parameters, the best ones, two moments, the average if there is one, and the
    /// gradients if they are there too, in f16 with the weights that products read.
    pub(crate) fn parameter_numbers(&self) -> usize {
        let own = match (self.has_own_gradients, self.precision) {
            (false, _) => 0,
            (true, Precision::F32) => 1,
            (true, Precision::F16) => 2,
        };
        self.own_gradients() + own * padded_to_pairs(self.parameters)
    }

    /// Where these gradients start among them.
    pub(crate) fn own_gradients(&self) -> usize {
        (4 + usize::from(self.averages)) * padded_to_pairs(self.parameters)
    }

    /// Bytes of its largest buffer.
    fn largest(&self) -> u64 {
        (4 * self.parameter_numbers()).max(self.precision.bytes() * self.work) as u64
    }

    /// Checks that buffers of at most `limit` bytes can hold it.
    ///
    /// # Errors
    /// [`crate::Error::Input`] with both sizes.
    pub fn check(&self, limit: u64, device: &str) -> Result<()> {
        // a range starts on a boundary of 64 numbers
        if self.largest() + 256 <= limit {
            return Ok(());
        }
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        Err(input_error!(
            "a network with {} parameters needs a buffer of {:.1} MiB, but {device} binds at most \
             {:.1} MiB; use smaller layers or batches, or --device cpu",
            self.parameters,
            mib(self.largest()),
            mib(limit)
        ))
    }
}
