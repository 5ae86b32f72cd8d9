#!/bin/bash
# Measures the backward pass and a fit on a GPU in one go, in about two minutes; what docs/rasteriser.md and docs/fitting.md say of GPUs.
#
#   dotnet publish bench/Gsasr.Bench -c Release -r linux-x64 -o artifacts/bench
#   bench/gradients-run.sh artifacts/bench [RESULTS]
#
# The machine needs a driver and this repository's files, but no .NET. Each measurement's output goes to a file in RESULTS. Gradients are
# compared with the processor's, and two runs with each other, bit by bit.
set -u
programs=${1:?"usage: gradients-run.sh FOLDER_OF_GSASR_BENCH [RESULTS]"}
results=${2:-$(mktemp -d)}
device=${DEVICE:-cuda}
mkdir -p "$results"
nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm,power.limit --format=csv,noheader 2>/dev/null
"$programs/gsasr-bench" raster --backward --device "$device" --models gsasr-lite edsr --runs 10 >"$results/backward.txt" 2>&1 || echo "backward FAILED"
cat "$results/backward.txt"
"$programs/gsasr-bench" fit --device "$device" --photo coffee.png --size 768x512 --gaussians 70000 --seconds "${SECONDS_OF_FIT:-60}" \
    >"$results/fit.csv" 2>&1 || echo "fit FAILED"
cat "$results/fit.csv"
