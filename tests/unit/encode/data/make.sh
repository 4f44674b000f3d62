#!/bin/sh
# make.sh - makes main.wasm, adapter.wasm from their sources. Usage: make.sh WASM-TOOLS
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" parse main.wat -o "$work/main.wasm"
"$1" component embed --world main main.wit "$work/main.wasm" -o main.wasm
"$1" parse adapter.wat -o "$work/adapter.wasm"
mkdir "$work/wit"
cp adapter.wit "$work/wit/"
cp -r deps "$work/wit/"
"$1" component embed --world old "$work/wit" "$work/adapter.wasm" -o adapter.wasm
