#!/bin/sh
# Builds @NAME@.wasm. Wants Node.js 20 or newer with npm.
set -eu
cd "$(dirname "$0")"
if ! cmp -s package-lock.json node_modules/.built-from; then
  npm ci --loglevel=error --no-audit --no-fund
  cp package-lock.json node_modules/.built-from
fi
node_modules/.bin/componentize-js src/adapter.js --wit wit/0.1.0 --world-name adapter \
  --disable http --disable fetch-event --out @NAME@.wasm
