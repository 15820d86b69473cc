//! The bins of a measured spectrum: a cubic box has a finite number of waves, and a bin is the mean
//! over those in its shell.

use std::f64::consts::TAU;

use crate::cosmology::spectrum::Spectrum;

/// The shells i <= k / k_f < i + 1 of a periodic box, i = 1, 2, ..., with k_f = 2 pi over its side,
/// as Quijote bins its spectra.
#[derive(Clone, Debug, PartialEq)]
pub struct Shells {
    fundamental: f64,
    /// For each shell the number of waves of each squared length, in units of k_f.
    waves: Vec<Vec<(f64, f64)>>,
}

impl Shells {
    /// The first `count` shells of a box with this side, in Mpc/h. Quijote: 79 of 1000 Mpc/h.
    ///
    /// # Panics
    /// If the side is not positive.
    pub fn new(side: f64, count: usize) -> Self {
        assert!(side > 0.0, "shells: side {side}");
        let most = (count + 1).pow(2);
        let plane = with_one_more_axis(&with_one_more_axis(&[1], most), most);
        let numbers = with_one_more_axis(&plane, most);
        let shell = |i: usize| {
            let squares = i.pow(2)..(i + 1).pow(2);
            let some = squares.filter(|&square| numbers[square] > 0);
            some.map(|square| (square as f64, numbers[square] as f64)).collect()
        };
        Shells { fundamental: TAU / side, waves: (1..=count).map(shell).collect() }
    }

    /// Number of waves in each shell, k and -k counted both.
    pub fn modes(&self) -> Vec<f64> {
        let count = |shell: &Vec<(f64, f64)>| shell.iter().map(|wave| wave.1).sum();
        self.waves.iter().map(count).collect()
    }

    /// The mean wavenumber of each shell, in h/Mpc.
    pub fn k(&self) -> Vec<f64> {
        self.means(|k| k)
    }

    /// The mean of the spectrum over the waves of each shell, in (Mpc/h)^3.
    pub fn average(&self, spectrum: &Spectrum) -> Vec<f64> {
        self.means(|k| spectrum.at(k))
    }

    fn means(&self, value: impl Fn(f64) -> f64) -> Vec<f64> {
        let mean = |shell: &Vec<(f64, f64)>| {
            let (mut sum, mut modes) = (0.0, 0.0);
            for &(square, number) in shell {
                sum += number * value(self.fundamental * square.sqrt());
                modes += number;
            }
            sum / modes
        };
        self.waves.iter().map(mean).collect()
    }
}

/// The number of ways in which each number below `most` is one of `fewer` plus the square of an
/// integer, negative ones counted too.
fn with_one_more_axis(fewer: &[u64], most: usize) -> Vec<u64> {
    let mut numbers = vec![0; most];
    for (square, ways) in fewer.iter().enumerate().filter(|(_, ways)| **ways > 0) {
        for n in (0..).take_while(|n: &usize| square + n * n < most) {
            numbers[square + n * n] += if n == 0 { *ways } else { 2 * ways };
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_counted() {
        let shells = Shells::new(1000.0, 5);
        let mut modes = [0.0; 5];
        let mut sums = [0.0; 5];
        for n in 0..13_usize.pow(3) {
            let axis = |divisor: usize| (n / divisor % 13) as f64 - 6.0;
            let length = (axis(1).powi(2) + axis(13).powi(2) + axis(169).powi(2)).sqrt();
            if (1.0..6.0).contains(&length) {
                modes[length as usize - 1] += 1.0;
                sums[length as usize - 1] += length;
            }
        }
        assert_eq!(shells.modes(), modes);
        for ((k, sum), count) in shells.k().iter().zip(sums).zip(modes) {
            assert!((k - TAU / 1000.0 * sum / count).abs() < 1e-15);
        }
    }
}
