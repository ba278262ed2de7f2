"""The paper's preprocessing experiment: ways of ordering a block's rows by length, timed and rated.

Build the program, then run it on the matrices::

    cmake --preset benchmarks && cmake --build --preset benchmarks
    python benchmarks/regroup/run_regroup.py build/benchmarks/benchmarks/regroup/hbpspmv_regroup OUT

Needs an installed hbpspmv; HBPSPMV_MATRICES may name a directory of matrix files to add to the
embedded ones. README.md beside this file says what is compared and how.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from regroup_chart import draw
from regroup_report import comma_separated, markdown

from hbpspmv.suite.machine import describe_machine
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.sources import Source, embedded_sources, file_sources

# Untimed passes before each timed one: none, as in a build, or enough to learn the branches.
TURNS = {"once": 0, "repeated": 3}


def write_pattern(matrix: Any, path: Path) -> None:
    """Write the pattern of a csr_array in the form that the program reads."""
    with open(path, "wb") as stream:
        np.array([*matrix.shape, matrix.nnz], dtype=np.int64).tofile(stream)
        matrix.indptr.astype(np.int64).tofile(stream)
        matrix.indices.astype(np.int32).tofile(stream)


def run_program(command: list[str], matrix: Any, rounds: int) -> dict[str, Any]:
    """Return what the program found on one matrix, with the seconds of both kinds of turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pattern"
        write_pattern(matrix, path)
        outputs = {
            turn: json.loads(
                subprocess.run(
                    [*command, str(path), str(rounds), str(rehearsals)],
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                ).stdout
            )
            for turn, rehearsals in TURNS.items()
        }
    result: dict[str, Any] = outputs["once"]
    for k, experiment in enumerate(result["experiments"]):
        for name, method in experiment["methods"].items():
            method["seconds"] = {
                turn: output["experiments"][k]["methods"][name]["seconds"]
                for turn, output in outputs.items()
            }
    return result


def sources(quick: bool) -> list[Source]:
    """Return the files of HBPSPMV_MATRICES, then the embedded matrices that are not among them."""
    directory = os.environ.get("HBPSPMV_MATRICES")
    found = file_sources([Path(directory)]) if directory else []
    names = {source.name for source in found}
    return found + [source for source in embedded_sources(quick) if source.name not in names]


def main() -> None:
    """Run, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, help="the compiled hbpspmv_regroup")
    parser.add_argument("out", type=Path, help="directory for results.json, .csv, .md and .png")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="embedded matrices in small size")
    parser.add_argument("--prefix", default="", help="command before the program: 'chrt -f 50'")
    parser.add_argument("--only", help="matrices whose name contains this")
    options = parser.parse_args()
    command = [*shlex.split(options.prefix), str(options.program.resolve())]
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": describe_machine(),
        "prefix": options.prefix,
        "rounds": options.rounds,
        "matrices": [],
    }
    for source in sources(options.quick):
        if options.only and options.only not in source.name:
            continue
        result = run_program(command, source.load().tocsr(), options.rounds)
        run["matrices"].append({"name": source.name, "kind": source.kind, **result})
        print(source.name, flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run, allow_nan=False) + "\n"
    write_atomically(options.out / "results.json", text.encode())
    write_atomically(options.out / "results.csv", comma_separated(run).encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    write_atomically(options.out / "results.png", draw(run))


if __name__ == "__main__":
    main()
