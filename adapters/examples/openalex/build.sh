#!/bin/sh
# Builds openalex.wasm, or the file given. Wants Python 3.10 or newer with venv.
set -eu
out=$(realpath -m "${1:-$(dirname "$0")/openalex.wasm}")
cd "$(dirname "$0")"
tools=.venv
if ! cmp -s requirements.txt "$tools/requirements.txt"; then
  "${PYTHON:-python3}" -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
  cp requirements.txt "$tools/"
fi
"$tools/bin/componentize-py" --quiet --wit-path ../../../wit/0.1.0 --world adapter \
  componentize --python-path src adapter --output "$out"
