#!/usr/bin/env bash
# Compiles the OpenCL C kernels to PTX: every module of every kernels.json, into Ptx/MODULE.ptx beside it.
#   eng/build-ptx.sh            rebuilds what is checked in
#   eng/build-ptx.sh --check    fails if what is checked in is not what the sources give
# Arguments after that limit the work to some projects: eng/build-ptx.sh src/Layers
# Needs Debian's clang-19, libclc-19 and jq; the same versions give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

check=
if [[ ${1:-} == --check ]]; then
    check=1
    shift
fi
projects=("$@")
if [[ ${#projects[@]} -eq 0 ]]; then
    projects=(src/* tests/*)
fi

clang=clang-19
built_ins=/usr/lib/clc/nvptx64--nvidiacl.bc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "build-ptx: $*" >&2
    exit 1
}

for tool in "$clang" jq awk; do
    command -v "$tool" > /dev/null || fail "$tool is not installed"
done
[[ -e $built_ins ]] || fail "$built_ins is missing: install libclc-19"

# The oldest PTX version that knows a target runs on the oldest drivers.
ptx_version() {
    case $1 in
        sm_75) echo 63 ;;
        sm_80) echo 70 ;;
        sm_86) echo 71 ;;
        sm_89) echo 78 ;;
        sm_90 | sm_90a) echo 80 ;;
        *) fail "no PTX version is known for the target $1" ;;
    esac
}

# build MANIFEST INDEX OUTPUT: compiles one module.
build() {
    local manifest=$1 index=$2 output=$3
    local folder name source target
    folder=$(dirname "$manifest")
    name=$(jq -r ".modules[$index].name" "$manifest")
    source=$(jq -r ".modules[$index].source" "$manifest")
    target=$(jq -r ".modules[$index].target // \"sm_75\"" "$manifest")
    local defines
    mapfile -t defines < <(jq -r ".modules[$index]
        | (.defines // {} | to_entries[] | \"-D\(.key)=\(.value)\"), (.localBytes // empty | \"-DLOCAL_BYTES=\(.)\")" "$manifest")
    [[ -e $folder/$source ]] || fail "$manifest names $source, which does not exist"

    local machine=(--target=nvptx64--nvidiacl -Xclang -target-cpu -Xclang "$target"
        -Xclang -target-feature -Xclang "+ptx$(ptx_version "$target")"
        -O3 -ffp-contract=on)

    # Two steps, because the group sizes are to be known before anything is optimised.
    "$clang" -x cl -cl-std=CL1.2 "${machine[@]}" -Werror -Wall -Wno-unused-function \
        -Xclang -disable-llvm-passes -Xclang -finclude-default-header -Xclang -mlink-builtin-bitcode -Xclang "$built_ins" \
        -include src/Tensor/Kernels/ptx.clh -I "$folder" "${defines[@]}" \
        -S -emit-llvm -o "$work/module.ll" "$folder/$source" || fail "$folder/$source does not compile (module $name)"
    rm -f "$work/sizes"
    awk -v sizes="$work/sizes" -f eng/annotate-kernels.awk "$work/module.ll" "$work/module.ll" > "$work/annotated.ll" \
        || fail "module $name: see above"
    "$clang" -x ir "${machine[@]}" -Wno-override-module -S -o "$output" "$work/annotated.ll" || fail "module $name: no PTX"

    # Caps the registers so that as many groups fit on a multiprocessor: fewer stalls for memory where that is the limit.
    local groups
    groups=$(jq -r ".modules[$index].groupsPerProcessor // empty" "$manifest")
    [[ -z $groups ]] || sed -i "s/^\.reqntid .*/&\n.minnctapersm $groups/" "$output"

    if grep -q '\.extern \.func' "$output"; then
        grep '\.extern \.func' -A 3 "$output" >&2
        fail "module $name calls a function that does not exist on the device"
    fi
    jq -r ".modules[$index].kernels | to_entries[] | \"\(.key) \(.value | join(\" \"))\"" "$manifest" > "$work/listed"
    if ! diff <(sort "$work/listed") <(sort "$work/sizes") >&2; then
        fail "module $name: the kernels and group sizes in $manifest (<) are not those of $source (>)"
    fi
    local kernels
    kernels=$(wc -l < "$work/sizes")
    [[ $(grep -c '^\.reqntid ' "$output") -eq $kernels && $(grep -c '\.entry ' "$output") -eq $kernels ]] \
        || fail "module $name: not every kernel has its .reqntid"
}

stale=()
for project in "${projects[@]}"; do
    manifest=${project%/}/kernels.json
    [[ -e $manifest ]] || continue
    folder=$(dirname "$manifest")
    fresh=$work/$folder
    mkdir -p "$fresh"
    count=$(jq '.modules | length' "$manifest")
    for ((index = 0; index < count; index++)); do
        build "$manifest" "$index" "$fresh/$(jq -r ".modules[$index].name" "$manifest").ptx"
    done

    if [[ -n $check ]]; then
        diff -rq "$fresh" "$folder/Ptx" >&2 || stale+=("$folder/Ptx")
    else
        rm -rf "$folder/Ptx"
        mkdir -p "$folder/Ptx"
        [[ $count -eq 0 ]] || cp "$fresh"/*.ptx "$folder/Ptx/"
        echo "$folder/Ptx: $count modules"
    fi
done

[[ ${#stale[@]} -eq 0 ]] || fail "not up to date: ${stale[*]}; run eng/build-ptx.sh and check the result in"
