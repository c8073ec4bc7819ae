#!/bin/sh
# Builds @NAME@.wasm. Wants Python 3.10 or newer with venv (apt install python3-venv).
set -eu
cd "$(dirname "$0")"
tools=.venv
if ! cmp -s requirements.txt "$tools/requirements.txt"; then
  "${PYTHON:-python3}" -m venv --clear "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
  cp requirements.txt "$tools/"
fi
"$tools/bin/componentize-py" --wit-path wit/0.1.0 --world adapter \
  componentize --python-path src adapter --output @NAME@.wasm
