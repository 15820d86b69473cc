//! The six laws that shoal holds, each a module: twin (and norm), slope, company, again, honest, outside. They need a Vulkan, Metal or
//! DX12 adapter; a software rasterizer will do (`tests/run.sh` installs one).

mod again;
mod common;
mod company;
mod fence;
mod half;
mod honest;
mod layout;
mod norm;
mod outside;
mod single;
mod slope;
mod twin;
