//! Measures the ceilings of the CPU with simple loops in the widest vectors that the processor
//! supports.
//!
//! Compilers use only the baseline instructions of the target, so each loop is compiled once for
//! every set of instructions, and the best is chosen at run time.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::engine::threads::{available, on_threads};

/// Duration of each loop in seconds.
const SECONDS: f64 = 0.15;
/// Independent chains of multiply-adds per thread: more than the latency of one, in cycles, times
/// the number that start in a cycle.
const CHAINS: usize = 12;
/// Turns between two readings of the clock.
const TURNS: usize = 20_000;

/// Sets of instructions of the loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// Sixteen numbers at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// Eight numbers at a time.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Four numbers at a time.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// The baseline of the target; a multiplication, then an addition.
    #[allow(dead_code)] // where a processor is known to have better
    Plain,
}

impl Instructions {
    /// The widest set that this processor supports.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        #[cfg(target_arch = "aarch64")]
        return Self::Neon;
        #[cfg(not(target_arch = "aarch64"))]
        Self::Plain
    }

    /// Their name.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2 and FMA",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "NEON",
            Self::Plain => "plain instructions",
        }
    }

    /// Numbers in a vector.
    fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 16,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 8,
            _ => 4,
        }
    }

    /// Executes multiply-adds on registers; returns their sum, so that none is optimised away.
    fn multiply_add(self, a: f32, b: f32) -> f32 {
        match self {
            // SAFETY: `best` checked that the CPU has these instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { multiply_add_avx512(a, b) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { multiply_add_avx2(a, b) },
            #[cfg(target_arch = "aarch64")]
            Self::Neon => chains::<4>(a, b, f32::mul_add),
            Self::Plain => chains::<4>(a, b, |x, a, b| x * a + b),
        }
    }

    fn triad(self, sums: &mut [f32], one: &[f32], other: &[f32]) {
        match self {
            // SAFETY: `best` checked that the CPU has these instructions.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { triad_avx512(sums, one, other) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { triad_avx2(sums, one, other) },
            _ => triad(sums, one, other),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn multiply_add_avx512(a: f32, b: f32) -> f32 {
    use std::arch::x86_64::{_mm512_add_ps, _mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    let (a, b) = (_mm512_set1_ps(a), _mm512_set1_ps(b));
    let mut x = [b; CHAINS];
    for _ in 0..TURNS {
        for x in &mut x {
            *x = _mm512_fmadd_ps(*x, a, b);
        }
    }
    _mm512_reduce_add_ps(x.into_iter().fold(b, |sum, x| _mm512_add_ps(sum, x)))
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn multiply_add_avx2(a: f32, b: f32) -> f32 {
    use std::arch::x86_64::{_mm256_add_ps, _mm256_cvtss_f32, _mm256_fmadd_ps, _mm256_set1_ps};
    let (a, b) = (_mm256_set1_ps(a), _mm256_set1_ps(b));
    let mut x = [b; CHAINS];
    for _ in 0..TURNS {
        for x in &mut x {
            *x = _mm256_fmadd_ps(*x, a, b);
        }
    }
    _mm256_cvtss_f32(x.into_iter().fold(b, |sum, x| _mm256_add_ps(sum, x)))
}

/// The same on arrays, which the compiler vectorises.
#[allow(dead_code)] // where a processor is known to have better
fn chains<const LANES: usize>(a: f32, b: f32, multiply_add: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut x = [[b; LANES]; CHAINS];
    for _ in 0..TURNS {
        for lane in x.iter_mut().flatten() {
            *lane = multiply_add(*lane, a, b);
        }
    }
    x.iter().flatten().sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn triad_avx512(sums: &mut [f32], one: &[f32], other: &[f32]) {
    triad(sums, one, other);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn triad_avx2(sums: &mut [f32], one: &[f32], other: &[f32]) {
    triad(sums, one, other);
}

/// The triad of STREAM (McCalpin 1995).
#[inline(always)] // so that it is compiled for the instructions of each caller
fn triad(sums: &mut [f32], one: &[f32], other: &[f32]) {
    for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
        *sum = one + 3.0 * other;
    }
}

/// Floating-point operations per second of multiply-adds on registers, all threads together.
pub fn multiply_adds(threads: usize, instructions: Instructions) -> f64 {
    let once = (2 * TURNS * CHAINS * instructions.lanes()) as f64;
    together(threads, || {
        move || {
            // slightly below 1, so that numbers stay small and none is denormal
            black_box(instructions.multiply_add(black_box(0.999), black_box(0.001)));
            once
        }
    })
}

/// Bytes per second of the triad, all threads together, on arrays with this total size in bytes.
pub fn bandwidth(threads: usize, instructions: Instructions, bytes: u64) -> f64 {
    let numbers = (bytes as usize / (12 * threads)).max(1024);
    together(threads, || {
        let [mut sums, one, other] =
            [0.0f32, 1.0, 2.0].map(|value| vec![black_box(value); numbers]);
        // small arrays are processed many times between two readings of the clock
        let times = (1usize << 16).div_ceil(numbers);
        move || {
            for _ in 0..times {
                instructions.triad(black_box(&mut sums), black_box(&one), black_box(&other));
            }
            (12 * numbers * times) as f64
        }
    })
}

/// Units of work per second, summed over all threads that can be started. Each thread creates its
/// work with `make` and repeats it; the work returns its number of units.
fn together<W: FnMut() -> f64>(threads: usize, make: impl Fn() -> W + Sync) -> f64 {
    let threads = available(threads);
    let arrived = AtomicUsize::new(0);
    let rates = Mutex::new(0.0);
    on_threads(threads, || {
        let mut work = make();
        work();
        arrived.fetch_add(1, Ordering::SeqCst);
        // together, but not for ever: one of them may not have started
        let begin = Instant::now();
        while arrived.load(Ordering::SeqCst) < threads && begin.elapsed().as_secs_f64() < SECONDS {
            std::hint::spin_loop();
        }
        let start = Instant::now();
        let mut units = 0.0;
        while start.elapsed().as_secs_f64() < SECONDS {
            units += work();
        }
        *rates.lock().expect("cores: a thread panicked") += units / start.elapsed().as_secs_f64();
    });
    rates.into_inner().expect("cores: a thread panicked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_instructions_computes_the_same() {
        let best = Instructions::best();
        // x <- 0.5 x + 1 comes to 2 in every lane of every chain, and 1 is added once
        let sum = CHAINS as f32 * 2.0 + 1.0;
        let wide = best.multiply_add(0.5, 1.0);
        let lanes = match best.name() {
            "AVX-512" => 16.0,
            _ => 1.0,
        };
        if best != Instructions::Plain && best.name() != "NEON" {
            assert_eq!(wide, lanes * sum, "{}", best.name());
        }
        assert_eq!(Instructions::Plain.multiply_add(0.5, 1.0), 4.0 * 2.0 * CHAINS as f32);
        let (one, other) = (vec![1.0; 99], vec![2.0; 99]);
        let mut sums = vec![0.0; 99];
        best.triad(&mut sums, &one, &other);
        assert_eq!(sums, [7.0; 99]);
    }

    #[test]
    fn rates_are_of_all_threads() {
        let best = Instructions::best();
        assert!(multiply_adds(1, best) > 1e8);
        assert!(bandwidth(2, best, 1 << 16) > 1e8);
    }
}
