#!/usr/bin/env bash
# Makes the figures of the course anew: pictures in docs/pictures, and in target/figures what the programs print, to be put into the pages.
# A quiet machine is needed, and some five minutes. With names of examples: these alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
mkdir -p docs/pictures target/figures
examples=("$@")
if [ $# = 0 ]; then
    for folder in examples/*/; do
        [ -f "$folder/main.rs" ] && examples+=("$(basename "$folder")")
    done
fi
cargo build --release --examples
for example in "${examples[@]}"; do
    options=(--out docs/pictures)
    [ "$example" = quickstart ] && options=() # it draws nothing
    [ "$example" = diffusion ] && options+=(--size 2048 --steps 100)
    echo "$example"
    "target/release/examples/$example" "${options[@]}" | tee "target/figures/$example.txt"
done
