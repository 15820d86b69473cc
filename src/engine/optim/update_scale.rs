//! Factors of the learning rate and the weight decay of single matrices of parameters, as the
//! parameter groups of `torch.optim.AdamW`.

use crate::engine::graph::{Graph, Parameters};

/// Factors of a run's learning rate and weight decay for one matrix of parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateScale {
    /// Factor of the learning rate. 0: the matrix is not trained, as with `requires_grad=False` in
    /// PyTorch: its gradient does not count in the clipping of gradients, and gradients still pass
    /// through its node.
    pub rate: f32,
    /// Factor of the weight decay. The decay is also proportional to `rate`: a step subtracts
    /// learning rate x `rate` x weight decay x `decay` of a parameter from it.
    pub decay: f32,
}

impl Default for UpdateScale {
    /// 1 and 1.
    fn default() -> Self {
        Self { rate: 1.0, decay: 1.0 }
    }
}

impl UpdateScale {
    /// Neither trained nor decayed.
    pub const UNTRAINED: UpdateScale = UpdateScale { rate: 0.0, decay: 0.0 };

    /// The same factors, 1, for every matrix of a graph.
    pub fn all(graph: &Graph) -> Vec<Self> {
        Self::each(graph, |_| Self::default())
    }

    /// The factors that a function gives each matrix of a graph.
    pub fn each(graph: &Graph, of: impl FnMut(&Parameters) -> Self) -> Vec<Self> {
        graph.matrices().map(of).collect()
    }

    /// Whether the matrix is trained.
    pub fn trains(&self) -> bool {
        self.rate != 0.0
    }

    /// Whether both factors are finite and not negative.
    pub(crate) fn is_sound(&self) -> bool {
        [self.rate, self.decay].iter().all(|factor| factor.is_finite() && *factor >= 0.0)
    }
}
