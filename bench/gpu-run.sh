#!/bin/bash
# Checks what only a GPU can check, and measures what docs/performance.md says about one, in about seven minutes.
#
#   dotnet publish bench/Gsasr.Bench -c Release -r linux-x64 -o artifacts/bench
#   bench/gpu-run.sh artifacts/bench [RESULTS]
#
# The machine needs a driver and this repository's files, but no .NET: the published gsasr-bench is a program of its own (its
# folder must lie inside the repository, where it finds models and pictures). Each measurement's output goes to a file in
# RESULTS; a failure is shown and does not stop the rest. The tables come last, without padding. PEAK is the GPU's peak in
# TFLOP/s of float32 that shares are given of.
set -u
programs=${1:?"usage: gpu-run.sh FOLDER_OF_GSASR_BENCH [RESULTS]"}
results=${2:-$(mktemp -d)}
peak=${PEAK:-67}
mkdir -p "$results"
nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.max.sm,power.limit --format=csv,noheader 2>/dev/null

measure() {
    local name=$1
    shift
    local start=$SECONDS
    timeout 75 "$programs/gsasr-bench" "$@" >"$results/$name.txt" 2>&1
    local status=$?
    echo "$name: $((SECONDS - start)) s$([ $status -eq 0 ] || echo ", FAILED with status $status")"
    [ $status -eq 0 ] || tail -n 5 "$results/$name.txt"
}

measure edsr-cuda forward --device cuda --model edsr --size 180x180 --scale 4 --runs 10 --peak "$peak" --profile
measure hatl-cuda forward --device cuda --model hatl --size 192x192 --scale 4 --runs 5 --peak "$peak" --profile
measure lite-cuda forward --device cuda --model gsasr-lite --size 180x180 --scale 4 --runs 20 --peak "$peak"
measure golden-cuda golden --device cuda
for model in edsr rdn edsr-paper; do
    measure "$model-mixed" forward --device cuda --model "$model" --size 180x180 --scale 4 --runs 12 --precision mixed
done
for model in swin hatl swin-paper; do
    measure "$model-mixed" forward --device cuda --model "$model" --size 192x192 --scale 4 --runs 12 --precision mixed
done
measure lite-mixed forward --device cuda --model gsasr-lite --size 180x180 --scale 4 --runs 60 --precision mixed
measure frame-mixed forward --device cuda --model gsasr-lite --size 64x64 --scale 2 --runs 300 --precision mixed
measure golden-mixed golden --device cuda --precision mixed
measure golden-turing golden --device cuda --precision mixed --as-hardware sm_75
measure precision-mixed precision --device cuda
measure soak-mixed soak --device cuda --minutes 0.5
measure raster-cuda raster --device cuda --runs 10
measure product-cuda product --device cuda --sizes 120 180 360 --runs 5 --peak "$peak"
measure edsr-opencl forward --device opencl --model edsr --size 180x180 --scale 4 --runs 10 --peak "$peak"
measure hatl-opencl forward --device opencl --model hatl --size 192x192 --scale 4 --runs 5 --peak "$peak"
measure lite-opencl forward --device opencl --model gsasr-lite --size 180x180 --scale 4 --runs 20 --peak "$peak"
measure raster-opencl raster --device opencl --models gsasr-lite --runs 10
# By now the drivers have compiled everything.
measure file-cuda end-to-end --device cuda --runs 10
measure file-opencl end-to-end --device opencl --runs 10

echo
for name in soak-mixed precision-mixed golden-turing golden-mixed frame-mixed lite-mixed swin-paper-mixed hatl-mixed swin-mixed edsr-paper-mixed rdn-mixed edsr-mixed \
    file-opencl file-cuda golden-cuda raster-opencl lite-opencl hatl-opencl edsr-opencl product-cuda raster-cuda lite-cuda hatl-cuda edsr-cuda; do
    tr -s ' -' <"$results/$name.txt" | grep -v '^$'
    echo
done
