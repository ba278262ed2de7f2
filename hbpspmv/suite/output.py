"""The files of a run: results.json, .csv, .md and two pictures, each replaced in one step."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from hbpspmv.suite.chart import chart_png
from hbpspmv.suite.results import Run
from hbpspmv.suite.roofline_chart import roofline_png
from hbpspmv.suite.text import comma_separated, markdown


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old content or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(run: Run, folder: Path) -> Path:
    """Write everything that was measured."""
    path = folder / "results.json"
    text = json.dumps(run.to_json(), indent=1, allow_nan=False) + "\n"
    write_atomically(path, text.encode())
    return path


def write_results(run: Run, folder: Path) -> tuple[list[Path], list[str]]:
    """Write all files of a run.

    Returns
    -------
    written : list of Path
        The files.
    remarks : list of str
        Why a file is not among them.
    """
    written = [write_json(run, folder)]
    for name, text in (("results.csv", comma_separated(run)), ("results.md", markdown(run))):
        write_atomically(folder / name, text.encode())
        written.append(folder / name)
    remarks = []
    for name, draw in (("ratios.png", chart_png), ("roofline.png", roofline_png)):
        try:
            content = draw(run)
        except (ImportError, ValueError) as error:
            # An earlier run's picture would not show these results.
            (folder / name).unlink(missing_ok=True)
            if isinstance(error, ImportError):
                error = ImportError(
                    "matplotlib is not installed; to get it: pip install matplotlib"
                )
            remarks.append(f"no {name}: {error}")
        else:
            write_atomically(folder / name, content)
            written.append(folder / name)
    return written, remarks
