//! The random numbers of an event.

use crate::engine::normals::normal_pair;
use crate::engine::random::{pcg4d, unit};

/// Uniform numbers that depend on the seed, the event and the order in which they are drawn.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    key: [u32; 3],
    block: u32,
    words: [u32; 4],
    used: usize,
}

impl Draws {
    /// Those of an event; `attempt` counts the events that were drawn before it for the same index
    /// and did not pass the selection.
    pub(crate) fn new(key: u32, event: u32, attempt: u32) -> Self {
        Self { key: [key, event, attempt], block: 0, words: [0; 4], used: 4 }
    }

    fn word(&mut self) -> u32 {
        if self.used == 4 {
            let [key, event, attempt] = self.key;
            self.words = pcg4d([key, event, attempt, self.block]);
            (self.block, self.used) = (self.block + 1, 0);
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// A number in (0, 1), with the 32 bits of a word.
    pub(crate) fn uniform(&mut self) -> f64 {
        unit(self.word())
    }

    /// A number in (low, high).
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Whether an event of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A standard normal number.
    pub(crate) fn normal(&mut self) -> f64 {
        normal_pair(self.word(), self.word())[0]
    }

    /// A log-normal number of this mean and deviation.
    pub(crate) fn log_normal(&mut self, mean: f64, deviation: f64) -> f64 {
        if mean <= 0.0 {
            return 0.0;
        }
        let width = (1.0 + (deviation / mean).powi(2)).ln().sqrt();
        mean * (width * self.normal() - 0.5 * width * width).exp()
    }

    /// A Poisson number, by the product of uniform numbers (Knuth 1969).
    pub(crate) fn poisson(&mut self, mean: f64) -> usize {
        // the sum of two Poisson numbers is one; the exponential of a large mean would be 0
        const MOST: f64 = 256.0;
        if mean > MOST {
            return self.poisson(MOST) + self.poisson(mean - MOST);
        }
        let (limit, mut product) = ((-mean).exp(), self.uniform());
        let mut count = 0;
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    /// An index of `weights`, with probability in proportion to the weight.
    pub(crate) fn index(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.uniform() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}
