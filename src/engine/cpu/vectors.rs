//! Loops compiled for several sets of vector instructions; the widest that the CPU supports is
//! chosen at run time, so one binary serves all CPUs.

use std::sync::OnceLock;

/// Compiles a function of slices of `F: Real` for AVX-512, for AVX2 and for the baseline of the
/// target (on Arm that includes NEON), and calls the widest version that this CPU supports. Vectors
/// change neither the order of additions nor the roundings, and nothing is contracted that is not
/// written as `mul_add`, so AVX-512 and AVX2 give the same bits. On a CPU without fused
/// multiply-add products round twice. In the body, `BITS` is the width of a vector: 512, 256 or,
/// for the baseline, 128.
macro_rules! widest {
    ($(#[$about:meta])* $visible:vis fn $name:ident<F: Real>($($argument:ident: $kind:ty),* $(,)?) $body:block) => {
        $(#[$about])*
        $visible fn $name<F: Real>($($argument: $kind),*) {
            #[inline(always)]
            fn plain<F: Real, const BITS: usize>($($argument: $kind),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn avx512<F: Real>($($argument: $kind),*) {
                    plain::<F, 512>($($argument),*);
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2<F: Real>($($argument: $kind),*) {
                    plain::<F, 256>($($argument),*);
                }
                match $crate::engine::cpu::vectors::vectors() {
                    // SAFETY: the CPU has these instructions, as just checked.
                    $crate::engine::cpu::vectors::Vectors::Avx512 => return unsafe { avx512($($argument),*) },
                    // SAFETY: as above.
                    $crate::engine::cpu::vectors::Vectors::Avx2 => return unsafe { avx2($($argument),*) },
                    $crate::engine::cpu::vectors::Vectors::Plain => {}
                }
            }
            plain::<F, 128>($($argument),*);
        }
    };
}

pub(crate) use widest;

/// Whether vectors of this width, as in [`widest`], come with fused multiply-add.
pub(crate) const fn fuses(bits: usize) -> bool {
    bits >= 256 || cfg!(target_arch = "aarch64")
}

/// Sets of vector instructions for which loops are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vectors {
    /// Sixteen f32 at a time.
    Avx512,
    /// Eight f32 at a time.
    Avx2,
    /// The baseline of the target.
    Plain,
}

/// The widest set that this CPU supports.
#[inline]
pub fn vectors() -> Vectors {
    #[cfg(test)]
    if let Some(chosen) = tests::CHOSEN.get() {
        return chosen;
    }
    // the library caches the features of the processor, but each query is a load and a test: 0.4 %
    // of a training
    static OF_THIS_CPU: OnceLock<Vectors> = OnceLock::new();
    *OF_THIS_CPU.get_or_init(of_this_cpu)
}

fn of_this_cpu() -> Vectors {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        let avx2 = has!("avx2") && has!("fma");
        let wider = has!("avx512f") && has!("avx512vl") && has!("avx512bw") && has!("avx512dq");
        if avx2 && wider {
            return Vectors::Avx512;
        }
        if avx2 {
            return Vectors::Avx2;
        }
    }
    Vectors::Plain
}

/// Whether the CPU has fused multiply-add, which rounds once. CPUs of one architecture give the
/// same bits if they agree in this.
pub(crate) fn rounds_once() -> bool {
    cfg!(target_arch = "aarch64") || of_this_cpu() != Vectors::Plain
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// Overrides the widest set on this thread.
        pub(crate) static CHOSEN: Cell<Option<Vectors>> = const { Cell::new(None) };
    }

    /// Calls a function with each set that this CPU supports, the widest first.
    pub(crate) fn with_each<T>(mut something: impl FnMut() -> T) -> Vec<(Vectors, T)> {
        let all = [Vectors::Avx512, Vectors::Avx2, Vectors::Plain];
        let from = all.iter().position(|one| *one == of_this_cpu()).expect("it is one of them");
        let done = all[from..].iter().map(|vectors| {
            CHOSEN.set(Some(*vectors));
            (*vectors, something())
        });
        let done = done.collect();
        CHOSEN.set(None);
        done
    }
}
