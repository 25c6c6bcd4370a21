#!/bin/sh
# Executes the notebooks with the package that R finds, see notebooks.py; without --save also holds what shows only while a
# cell runs, see kernel.py.
#
# Usage: sh tools/notebook.sh [--save]
set -eu
cd "$(dirname "$0")/.."
venv=$(sh tools/venv.sh notebook)

# The R kernel, known to this virtual environment alone.
kernel=$venv/share/jupyter/kernels/ir
mkdir -p "$kernel"
cat >"$kernel/kernel.json" <<'JSON'
{
  "argv": ["R", "--no-echo", "-e", "IRkernel::main()", "--args", "{connection_file}"],
  "display_name": "R",
  "language": "R"
}
JSON
status=0
"$venv/bin/python" tools/notebooks.py "$@" || status=1
if [ $# -eq 0 ]; then
    "$venv/bin/python" tools/kernel.py || status=1
fi
exit $status
