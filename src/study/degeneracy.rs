//! Which targets of the pre-training a new target is taken for.
//!
//! A network that knows five parameters explains a spectrum that a sixth one has changed by the
//! five. How far its estimates move is measured on the networks themselves, and compared with what
//! the Fisher matrix says of the data (Tegmark, Taylor & Heavens 1997, ApJ 480, 22): a parameter
//! that is left out shifts the others by F_ss^-1 F_sn (Knox, Scoccimarro & Dodelson 1998, PRL 81,
//! 2004).

use std::sync::Arc;

use crate::data::matrix::Matrix;
use crate::error::Result;
use crate::study::datasets::Study;
use crate::study::evaluation::held_out_rows;
use crate::study::stats::least_squares::{least_squares, product, solve};
use crate::study::stats::statistics::mean_interval;
use crate::study::store::degeneracy::{DEGENERACY_FILE, Degeneracy, write_degeneracies};
use crate::study::store::kept_models::first;
use crate::study::store::results::StudyResults;
use crate::study::transfer::PRETRAINING;

/// The largest number of rows to look at.
const ROWS: usize = 2000;

/// Adds the degeneracies to the results of a finished study, and writes `degeneracy.csv`. Does
/// nothing if no network is pre-trained here and saved, there is no new target, or targets are
/// classes.
///
/// # Errors
/// [`crate::Error::Input`] if a model that an earlier process saved cannot be read,
/// [`crate::Error::Output`] with the path.
pub fn find_degeneracies(study: &Study, results: &mut StudyResults) -> Result<()> {
    let dataset = &study.data.fine_tuning.dataset;
    let (shared, all) = (study.shared_targets(), dataset.target_names.len());
    let runs = first(&results.pretraining, PRETRAINING);
    if runs.is_empty() || shared == 0 || shared == all || study.plan.loss().predicts.is_class() {
        return Ok(());
    }
    let rows: Vec<u32> = (0..dataset.targets.rows.min(ROWS) as u32).collect();
    let targets = Targets::new(study, &rows);
    let shifts = runs.iter().map(|run| {
        let model = results.model(run)?;
        let mut held_out =
            held_out_rows(study, &study.data.fine_tuning, &rows, &model.about.scaling);
        // there may be no outputs for new targets
        let columns: Vec<usize> = (0..shared).collect();
        held_out.targets = Arc::new(held_out.targets.select_columns(&columns));
        held_out.scaling.target_ranges.truncate(shared);
        let found = held_out.tested(&model.start.network, &model.start.parameters);
        Ok(targets.response(&Matrix::of_columns(&found.predictions)))
    });
    // absent where targets do not vary independently
    let shifts: Option<Vec<Matrix>> = shifts.collect::<Result<_>>()?;
    let Some(shifts) = shifts else { return Ok(()) };
    let fisher = match dataset.items {
        Some(_) => None,
        None => targets.fisher(&study.data.fine_tuning.features.values.select_rows(&rows), shared),
    };
    for (new, own) in targets.varying.iter().enumerate().filter(|(_, own)| **own >= shared) {
        for place in 0..shared {
            // of a target that is the same in all rows nothing can be hurt
            let Some(known) = targets.varying.iter().position(|one| *one == place) else {
                continue;
            };
            let of_networks: Vec<f64> =
                shifts.iter().map(|one| one.row(new)[place] * targets.deviations[new]).collect();
            results.degeneracies.push(Degeneracy {
                new: dataset.target_names[*own].clone(),
                shared: dataset.target_names[place].clone(),
                networks: of_networks.len(),
                shift: of_networks.iter().sum::<f64>() / of_networks.len() as f64,
                interval: mean_interval(&of_networks),
                fisher_shift: fisher.as_ref().map(|fisher| {
                    fisher.shifts.row(known)[new - fisher.shared] * targets.deviations[new]
                }),
                fisher_correlation: fisher.as_ref().map(|fisher| fisher.correlation(known, new)),
            });
        }
    }
    match results.degeneracies.is_empty() {
        true => Ok(()),
        false => write_degeneracies(&results.folder.join(DEGENERACY_FILE), &results.degeneracies),
    }
}

/// The scaled targets of some rows that vary in them.
struct Targets {
    /// Which of the targets these are.
    varying: Vec<usize>,
    /// Around their means, shape (rows, varying).
    values: Matrix,
    /// Their standard deviations, shape (varying).
    deviations: Vec<f64>,
}

/// What the Fisher matrix says.
struct Fisher {
    /// How many of the varying targets are shared.
    shared: usize,
    /// The change of the best estimate of each shared target with each new one, shape (shared,
    /// new).
    shifts: Matrix,
    /// The covariance of the errors of all of them.
    covariance: Matrix,
}

impl Fisher {
    fn correlation(&self, one: usize, other: usize) -> f64 {
        let at = |row: usize, column: usize| self.covariance.row(row)[column];
        at(one, other) / (at(one, one) * at(other, other)).sqrt()
    }
}

impl Targets {
    fn new(study: &Study, rows: &[u32]) -> Self {
        let dataset = &study.data.fine_tuning.dataset;
        let scaled = |target: usize| -> Vec<f64> {
            let [low, high] = dataset.target_ranges[target];
            let values = rows.iter().map(|row| dataset.targets.row(*row as usize)[target]);
            let values: Vec<f64> = values.map(|value| (value - low) / (high - low)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.into_iter().map(|value| value - mean).collect()
        };
        let all = (0..dataset.target_names.len()).map(|target| (target, scaled(target)));
        let (varying, columns): (Vec<usize>, Vec<Vec<f64>>) =
            all.filter(|(_, values)| values.iter().any(|value| value.abs() > 1e-9)).unzip();
        let deviation = |values: &Vec<f64>| {
            let squares: f64 = values.iter().map(|value| value * value).sum();
            (squares / values.len() as f64).sqrt()
        };
        let deviations = columns.iter().map(deviation).collect();
        Self { varying, values: Matrix::of_columns(&columns), deviations }
    }

    /// By how much some numbers of each row change with each target, shape (varying, numbers), and
    /// what is left of them.
    fn fit(&self, numbers: &Matrix, squares: bool) -> Option<(Matrix, Matrix)> {
        let targets = self.values.columns;
        let design = |row: usize| {
            let row = self.values.row(row);
            let pairs = (0..targets).flat_map(move |a| (0..=a).map(move |b| row[a] * row[b]));
            let pairs = pairs.filter(move |_| squares);
            row.iter().copied().chain([1.0]).chain(pairs)
        };
        let values: Vec<f64> = (0..self.values.rows).flat_map(design).collect();
        let columns = values.len() / self.values.rows;
        let design = Matrix::new(self.values.rows, columns, values);
        let found = least_squares(&design, numbers)?;
        let left = |row: usize| {
            let fitted = |column: usize| -> f64 {
                let terms = design.row(row).iter().enumerate();
                terms.map(|(term, x)| x * found.row(term)[column]).sum()
            };
            let own = numbers.row(row).iter().enumerate();
            own.map(|(column, x)| x - fitted(column)).collect::<Vec<f64>>()
        };
        let left: Vec<f64> = (0..numbers.rows).flat_map(left).collect();
        let slopes = (0..targets).map(|row| row as u32).collect::<Vec<_>>();
        Some((found.select_rows(&slopes), Matrix::new(numbers.rows, numbers.columns, left)))
    }

    /// By how much some numbers of each row change with each target, shape (varying, numbers).
    fn response(&self, numbers: &Matrix) -> Option<Matrix> {
        self.fit(numbers, false).map(|(slopes, _)| slopes)
    }

    /// The Fisher matrix of inputs that are quadratic functions of the targets with Gaussian noise,
    /// at the mean of the targets, with Gaussian priors of their deviations. Absent with too few
    /// rows, and if inputs depend on one another.
    fn fisher(&self, inputs: &Matrix, shared: usize) -> Option<Fisher> {
        let shared = self.varying.iter().filter(|own| **own < shared).count();
        let targets = self.values.columns;
        let terms = 1 + targets + targets * (targets + 1) / 2;
        if shared == 0 || inputs.rows < 2 * (inputs.columns + terms) {
            return None;
        }
        let (slopes, left) = self.fit(&scaled(inputs), true)?;
        let mut noise = product(&left, &left);
        noise.values.iter_mut().for_each(|value| *value /= (inputs.rows - terms) as f64);
        // C^-1 J^T, shape (inputs, varying)
        let weighted = solve(&noise, &transposed(&slopes))?;
        let information = product(&transposed(&slopes), &weighted);
        let mut posterior = information.clone();
        for (target, deviation) in self.deviations.iter().enumerate() {
            posterior.values[target * targets + target] += deviation.powi(-2);
        }
        let known: Vec<usize> = (0..shared).collect();
        let rows: Vec<u32> = known.iter().map(|row| *row as u32).collect();
        let of_known = |matrix: &Matrix| matrix.select_rows(&rows);
        let new: Vec<usize> = (shared..targets).collect();
        let own = of_known(&posterior).select_columns(&known);
        let shifts = solve(&own, &of_known(&information).select_columns(&new))?;
        let identity = (0..targets * targets).map(|at| f64::from(at / targets == at % targets));
        let identity = Matrix::new(targets, targets, identity.collect());
        Some(Fisher { shared, shifts, covariance: solve(&posterior, &identity)? })
    }
}

/// Columns around their mean in units of their deviation.
fn scaled(matrix: &Matrix) -> Matrix {
    let columns = (0..matrix.columns).map(|column| {
        let mean = matrix.column(column).sum::<f64>() / matrix.rows as f64;
        let squares: f64 = matrix.column(column).map(|x| (x - mean).powi(2)).sum();
        let deviation = (squares / matrix.rows as f64).sqrt();
        matrix.column(column).map(|x| (x - mean) / deviation).collect()
    });
    Matrix::of_columns(&columns.collect::<Vec<Vec<f64>>>())
}

fn transposed(matrix: &Matrix) -> Matrix {
    let rows: Vec<Vec<f64>> = (0..matrix.rows).map(|row| matrix.row(row).to_vec()).collect();
    Matrix::of_columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of two targets in a grid, and what `input` makes of them with some noise.
    fn targets(rows: usize) -> Targets {
        let column = |turn: f64| -> Vec<f64> {
            (0..rows).map(|row| ((f64::from(row as u32) * turn).fract() - 0.5) * 2.0).collect()
        };
        let columns = [column(0.618_033_988_75), column(0.754_877_666_2)];
        let deviation =
            |one: &Vec<f64>| (one.iter().map(|x: &f64| x * x).sum::<f64>() / rows as f64).sqrt();
        let deviations = columns.iter().map(deviation).collect();
        Targets { varying: vec![0, 1], values: Matrix::of_columns(&columns), deviations }
    }

    #[test]
    fn the_fisher_matrix_is_that_of_a_linear_model() {
        let rows = 20_000;
        let targets = targets(rows);
        // two inputs with independent noise: x0 = a + 2 b + e0, x1 = 0.5 b + e1
        let noise = |row: usize, turn: f64| ((row as f64 * turn).fract() - 0.5) * 0.2;
        let inputs = (0..rows).map(|row| {
            let [a, b] = [targets.values.row(row)[0], targets.values.row(row)[1]];
            [a + 2.0 * b + noise(row, 0.285_3), 0.5 * b + noise(row, 0.137_77)]
        });
        let inputs = Matrix::new(rows, 2, inputs.flatten().collect());
        let fisher = targets.fisher(&inputs, 1).unwrap();
        // with sigma^2 = 0.2^2 / 12 of both and priors of variance 1/3, by hand
        let information = 12.0_f64 / 0.04;
        let [aa, ab, bb] = [information + 3.0, 2.0 * information, 4.25 * information + 3.0];
        let shift = 2.0 * information / aa;
        let correlation = -ab / (aa * bb).sqrt();
        assert!((fisher.shifts.values[0] / shift - 1.0).abs() < 0.02, "{:?}", fisher.shifts);
        let found = fisher.correlation(0, 1);
        assert!((found - correlation).abs() < 0.01, "{found} {correlation}");
        assert!(targets.fisher(&inputs.select_rows(&[0, 1, 2, 3]), 1).is_none(), "too few rows");
    }

    #[test]
    fn the_response_to_a_target_is_that_of_a_plane() {
        let targets = targets(50);
        let numbers = (0..50).map(|row| {
            let [a, b] = [targets.values.row(row)[0], targets.values.row(row)[1]];
            0.3 + a - 0.25 * b
        });
        let response = targets.response(&Matrix::new(50, 1, numbers.collect())).unwrap();
        assert!((response.values[0] - 1.0).abs() < 1e-12, "{response:?}");
        assert!((response.values[1] + 0.25).abs() < 1e-12, "{response:?}");
    }
}
