#!/usr/bin/env bash
# Builds the wheel, installs it in a fresh virtual environment and runs a study there, as on a
# machine without Rust: `tests/wheel.sh [WHEEL]`. With a wheel, tries that one. Needs python3, and
# maturin to build; without them it is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
most=30000000 # bytes of a wheel

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ $# -gt 0 ]; then
    wheel=$(realpath "$1")
elif command -v maturin >/dev/null; then
    (cd .github/wheel && maturin build --release --locked --out "$folder")
    wheel=$(echo "$folder"/*.whl)
else
    echo "SKIPPED: no maturin; pip install maturin"
    exit 0
fi
python3 -m venv "$folder/venv" || { echo "SKIPPED: python3 cannot make a venv"; exit 0; }
bin="$folder/venv/bin"
[ -d "$bin" ] || bin="$folder/venv/Scripts" # Windows

size=$(wc -c <"$wheel")
echo "$(basename "$wheel"): $size bytes"
[ "$size" -lt "$most" ] || { echo "the wheel has $size bytes, above $most" >&2; exit 1; }
"$bin/python" -m pip install --quiet --no-index "$wheel"
shoal="$bin/shoal"
cp data/studies/demo.toml "$folder"
cd "$folder"
version=$("$shoal" --version)
echo "$version"
"$shoal" study demo.toml -o results --device cpu >/dev/null 2>&1
grep -q "</html>" results/report.html
"$shoal" export "$(ls results/models/scratch-*-1.safetensors | head -1)" -o net.onnx
if [ "$(uname)" = Linux ]; then
    if ldd "$shoal" | grep -i vulkan; then
        echo "shoal does not start where there is no Vulkan" >&2
        exit 1
    fi
    # the mean of 20 starts
    begin=$(date +%s%N)
    for _ in {1..20}; do "$shoal" --version >/dev/null; done
    microseconds=$((($(date +%s%N) - begin) / 20000))
    echo "starts in $microseconds microseconds"
    [ "$microseconds" -lt 50000 ] || { echo "above 50000" >&2; exit 1; }
fi
echo "the wheel works"
