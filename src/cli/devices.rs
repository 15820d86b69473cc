//! `shoal devices`: the devices of this machine.

use clap::Args;
use serde_json::json;

use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;
use shoal::engine::gpu::Adapter;
use shoal::engine::gpu::Gpu;
use shoal::engine::gpu::Options;
use shoal::engine::gpu::adapters;
use shoal::engine::measure::self_check::self_check;
use shoal::engine::precision::Precision;
use shoal::{Error, Result};

use crate::cli::global::Global;
use crate::cli::output::Output;

/// Lists the devices of this machine with their limits, and checks each one
///
/// The check is a small training in f32 and in f16, compared with the reference on the CPU. An
/// adapter that fails it is not used; the command then ends with exit code 3.
#[derive(Args, Debug)]
#[command(after_long_help = REFERENCE)]
pub struct DevicesArgs {}

const REFERENCE: &str = "\
--device takes the number that is printed here, as --device gpu:0, or a part of
the name that no other adapter has, as --device gpu:radv.

Events (--json):
  device  one for each: number, name, class, backend, driver, binding_limit and
          buffer_limit in bytes, tiles, self_check";

/// Lists and checks.
pub fn run(_args: &DevicesArgs, global: &Global, output: &Output) -> Result<()> {
    let mut failed = Vec::new();
    let options = Options { tiles: global.tiles, ..Options::default() };
    for (number, adapter) in adapters().into_iter().enumerate() {
        let name = adapter.name().to_owned();
        let checked = Gpu::open(adapter.clone(), options).and_then(|gpu| {
            let tiles = gpu.tiles().name;
            let device = Device::Gpu(Box::new(gpu));
            for precision in Precision::ALL {
                self_check(&device, precision)?;
            }
            Ok(tiles)
        });
        show(number, &adapter, &checked, output);
        if checked.is_err() {
            failed.push(name);
        }
    }
    let cpu = Device::Cpu(Cpu::default());
    output.result(&format!("{}\n  always available; --device cpu", cpu.name()));
    output.event("device", json!({ "device": cpu.describe(), "self_check": "passed" }));
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Error::Device(format!(
            "{} failed the self-check and will not be used; update the driver, or use --device cpu",
            failed.join(", ")
        ))),
    }
}

fn show(number: usize, adapter: &Adapter, checked: &Result<&'static str>, output: &Output) {
    let mib = |bytes: u64| bytes >> 20;
    let verdict = match checked {
        Ok(_) => "passed: a small training agrees with the CPU".to_owned(),
        Err(error) => format!("FAILED: {error}"),
    };
    let text = format!(
        "gpu:{number}  {}\n  {} GPU, {}, driver {}\n  a buffer binds {} MiB of {} MiB; {} KiB \
         workgroup memory, {} threads a workgroup\n  tiles: {}\n  self-check {verdict}",
        adapter.name(),
        adapter.class(),
        adapter.backend(),
        adapter.driver(),
        mib(adapter.binding_limit()),
        mib(adapter.buffer_limit()),
        adapter.workgroup_memory() >> 10,
        adapter.workgroup_threads(),
        checked.as_ref().map_or("-", |tiles| tiles),
    );
    output.result(&text);
    output.event(
        "device",
        json!({
            "number": number,
            "name": adapter.name(),
            "class": adapter.class(),
            "backend": adapter.backend(),
            "driver": adapter.driver(),
            "binding_limit": adapter.binding_limit(),
            "buffer_limit": adapter.buffer_limit(),
            "tiles": checked.as_ref().ok(),
            "self_check": verdict,
        }),
    );
}
