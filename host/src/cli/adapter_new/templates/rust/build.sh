#!/bin/sh
# Builds @NAME@.wasm. Wants Rust 1.95 or newer (https://rustup.rs).
set -eu
cd "$(dirname "$0")"
wasm=wasm32-wasip2
if [ ! -d "$(rustc --print target-libdir --target $wasm)" ]; then
  rustup target add $wasm
fi
cargo build --release --target $wasm
cp "${CARGO_TARGET_DIR:-target}/$wasm/release/adapter.wasm" @NAME@.wasm
