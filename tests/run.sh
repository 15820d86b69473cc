#!/usr/bin/env bash
# Runs every test, then every example in benches/examples. The laws need a Vulkan adapter: where the
# machine has none, a software one is installed first if that needs no password; otherwise the
# command to install one is printed.
set -euo pipefail
cd "$(dirname "$0")/.."

# a layer of Mesa that only sorts adapters complains where there is no desktop session
export NODEVICE_SELECT=1

has_adapter() { ./target/release/shoal devices --json | grep -q '"class"'; }

packages="mesa-vulkan-drivers libvulkan1"
install() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages
    elif sudo -n true 2>/dev/null; then
        sudo apt-get update -qq
        sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages
    else
        return 1
    fi
}

# with the features of the tests, which would otherwise build wgpu twice
cargo test --release --locked --no-run
if [ "$(uname)" = Linux ] && ! has_adapter; then
    echo "no Vulkan adapter here: installing a software one ($packages)"
    if ! command -v apt-get >/dev/null || ! install; then
        echo "it cannot be installed from here; type: sudo apt-get install $packages" >&2
        exit 1
    fi
fi
cargo test --release --locked
shopt -s nullglob
for example in benches/examples/*.rs; do
    echo "example $(basename "$example" .rs)"
    cargo run --release --locked --quiet --example "$(basename "$example" .rs)"
done
