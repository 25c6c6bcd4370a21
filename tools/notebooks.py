"""Executes the notebooks in inst/notebooks with the R kernel.

Fails on an error in a cell, and when what a cell shows is of another kind than what is saved in the file (values differ
from run to run; that a table is a table does not). With --save the outputs are written into the files instead.

Usage: python tools/notebooks.py [--save]
"""

import os
import pathlib
import sys
import tempfile

# Before anything of Jupyter is imported: no settings of the user's, and nothing written to the home folder.
_scratch = tempfile.TemporaryDirectory(prefix="kmsr-notebooks-")
for _name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    os.environ[_name] = os.path.join(_scratch.name, _name.lower())

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError  # noqa: E402

NOTEBOOKS = pathlib.Path(__file__).parent.parent / "inst" / "notebooks"


def main(save: bool) -> int:
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    if not paths:
        sys.exit(f"There are no notebooks in {NOTEBOOKS}.")
    failed = 0
    for path in paths:
        problem = run(path, save)
        failed += problem is not None
        print(f"{path.name}: {problem or ('saved' if save else 'as saved')}", flush=True)
    print(f"\n{len(paths) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def run(path, save):
    """What is wrong with the notebook, or None."""
    notebook = nbformat.read(path, as_version=4)
    saved = [kinds(cell) for cell in notebook.cells]
    client = NotebookClient(
        notebook, timeout=300, kernel_name="ir", record_timing=False, resources={"metadata": {"path": _scratch.name}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return f"a cell fails\n{error}"
    if save:
        nbformat.write(notebook, path)
        return None
    shown = [kinds(cell) for cell in notebook.cells]
    for number, (before, now) in enumerate(zip(saved, shown), start=1):
        if before != now:
            return f"cell {number} shows {now}, saved is {before}: run `make notebooks`"
    return None


def kinds(cell):
    """What kinds of output a cell has: for each its type and its media types. Streams arrive in any number of parts."""
    if cell.cell_type != "code":
        return []
    kept = []
    for output in cell.outputs:
        kind = [output.output_type, output.get("name", ""), *sorted(output.get("data", {}))]
        if not (output.output_type == "stream" and kind in kept[-1:]):
            kept.append(kind)
    return kept


if __name__ == "__main__":
    sys.exit(main(save="--save" in sys.argv[1:]))
