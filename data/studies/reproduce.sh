#!/bin/sh
# Runs the studies of this folder, one after the other, and writes their tables and figures into its
# pages:
#
#     sh data/studies/reproduce.sh [RESULTS [STUDY ...]]
#
# RESULTS (../shoal-results by default, beside the clone) gets a folder for each study. What is
# finished there is kept, so the same command resumes after an interruption; a second run writes the
# same bytes. Studies of spectra of Quijote are left out where ../shared/quijote is missing.
set -eu
cd "$(dirname "$0")/../.."
results=${1:-../shoal-results}
[ $# -gt 0 ] && shift
studies=${*:-"neutrino-pk neutrino-mpk negative-transfer bottleneck-pk bottleneck-mpk savings paper
pretraining-size search-pk search-mpk search-bottleneck authors paper-whole bottleneck"}
mkdir -p "$results"
cargo build --release
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
[ -n "$processor" ] || processor=$(uname -m)

for study in $studies; do
    file=data/studies/$study.toml
    if grep -q shared/quijote "$file" && [ ! -d ../shared/quijote ]; then
        echo "$study: left out, ../shared/quijote is missing"
        continue
    fi
    echo "$study, into $results/$study"
    target/release/shoal study "$file" -o "$results/$study" --device cpu > "$results/$study.log" &
    job=$!
    trap 'kill -TERM $job; wait $job; exit 130' INT TERM
    resident=0
    while kill -0 $job 2>/dev/null; do
        peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$job/status 2>/dev/null || true)
        [ -n "$peak" ] && resident=$((peak / 1000))
        sleep 1
    done
    wait $job
    trap - INT TERM
    # the first run has trained
    [ -e "$results/$study.run" ] || printf '%s\t%s\t%s\t%s\t%s\n' "$commit" \
        "$(date -u +%Y-%m-%d)" "$processor" "$(nproc 2>/dev/null || echo '?')" "$resident" \
        > "$results/$study.run"
    case $study in
    neutrino-pk | neutrino-mpk) figure=test-mse ;;
    paper) figure=study-seeds ;;
    *) continue ;;
    esac
    for kind in png svg; do
        cp "$results/$study/$figure.$kind" "data/studies/$study.$kind"
    done
done
cargo run --quiet --release --example tables -- "$results"
