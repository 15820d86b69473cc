//! Which device `--device auto` trains a study on where there is a GPU: the one that began it, else
//! the one that is expected to finish it sooner, after both have trained some of its networks.

use std::path::Path;

use shoal::Result;
use shoal::engine::choice::Choice;
use shoal::engine::device::Device;
use shoal::study::Study;
use shoal::study::estimate::forecasts;
use shoal::study::store::provenance::Provenance;

use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::plan::time;

/// The devices for these studies, whose results are in a folder; `found` is what was requested.
pub fn choose(
    mut found: Vec<Device>,
    global: &Global,
    (studies, results): (&[Study], &Path),
    output: &Output,
) -> Result<Vec<Device>> {
    let is_open = global.device == [Choice::Auto] && global.tiles.is_none();
    let [gpu @ Device::Gpu(_)] = &found[..] else { return Ok(found) };
    if !is_open {
        return Ok(found);
    }
    let cpu = Device::cpu();
    for study in studies {
        if let Some(before) = Provenance::read(&study.plan.folder(results))? {
            return Ok(if before.device.kind == cpu.describe().kind { vec![cpu] } else { found });
        }
    }
    let bar = output.steps();
    output.step(&bar, "timing some networks on the GPU and on the CPU");
    let [on_gpu, on_cpu] = [gpu, &cpu].map(|device| expected(studies, device));
    bar.finish_and_clear();
    // what the GPU cannot hold, the CPU may
    let (takes_gpu, why) = sooner(&gpu.name(), on_gpu.ok(), on_cpu?);
    output.say(&why);
    if !takes_gpu {
        found = vec![cpu];
    }
    Ok(found)
}

/// Seconds that a device is expected to take.
fn expected(studies: &[Study], device: &Device) -> Result<f64> {
    forecasts(studies, device).map(|one| Ok(one?.0.seconds.expected)).sum()
}

/// Whether the GPU is taken, and why.
fn sooner(gpu: &str, on_gpu: Option<f64>, on_cpu: f64) -> (bool, String) {
    let takes_gpu = on_gpu.is_some_and(|seconds| seconds <= on_cpu);
    let on_gpu = on_gpu.map_or_else(
        || format!("{gpu} cannot train it"),
        |seconds| format!("about {} on {gpu}", time(seconds)),
    );
    let taken = if takes_gpu { "GPU" } else { "CPU" };
    let why = format!("{on_gpu}, {} on the CPU: the {taken} trains it", time(on_cpu));
    (takes_gpu, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_that_is_expected_to_finish_sooner_is_taken() {
        let why = |words: &str| words.to_owned();
        let of = |on_gpu, on_cpu| sooner("RTX", on_gpu, on_cpu);
        let taken = "about 2.0 s on RTX, 5.0 s on the CPU: the GPU trains it";
        assert_eq!(of(Some(2.0), 5.0), (true, why(taken)));
        let taken = "about 5.0 s on RTX, 2.0 s on the CPU: the CPU trains it";
        assert_eq!(of(Some(5.0), 2.0), (false, why(taken)));
        let taken = "RTX cannot train it, 2.0 s on the CPU: the CPU trains it";
        assert_eq!(of(None, 2.0), (false, why(taken)));
    }
}
