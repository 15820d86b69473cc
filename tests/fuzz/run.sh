#!/usr/bin/env bash
# Fuzzes readers with cargo-fuzz, one after another on one core, and prints a line for each.
#   run.sh [SECONDS [READER...]]      default: 600 seconds, all readers
# Needs: rustup toolchain install nightly; cargo install cargo-fuzz. What is found is in artifacts/.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-600}
readers=${*:2}
for reader in ${readers:-$(cargo +nightly fuzz list --fuzz-dir .)}; do
    log=$(mktemp)
    cargo +nightly fuzz run --fuzz-dir . "$reader" -- -max_total_time="$seconds" -max_len=4096 \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1 && code=0 || code=$?
    echo "$reader: exit $code, $(grep -a 'number_of_executed_units' "$log" || tail -n 20 "$log")"
    rm -f "$log"
done
