//! Simulated sets of spectra: what they promise of seeds, rows and threads, and their scatter
//! beside that of the real ones.

#[path = "simulate/fit.rs"]
mod fit;
#[path = "simulate/request.rs"]
mod request;
#[path = "simulate/scatter.rs"]
mod scatter;
