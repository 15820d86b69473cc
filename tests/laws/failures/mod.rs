//! Failures: a NaN, a lost device, a run that does not fit or an error of the caller ends with a
//! clear error, and no finished run is lost.

mod ends;
mod numbers;
mod room;
mod several;

use std::sync::mpsc;
use std::time::Duration;

use shoal::engine::cpu::backend::Cpu;
use shoal::engine::device::Device;

use crate::common::gpu;

fn devices() -> [(&'static str, Device); 2] {
    let cpu = Device::Cpu(Cpu { threads: 2 });
    [("gpu", Device::Gpu(Box::new(gpu()))), ("cpu", cpu)]
}

/// The result of `work`; fails if it hangs.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(work()));
    receive
        .recv_timeout(Duration::from_secs(60))
        .expect("it panicked, or gave no answer in a minute")
}
