"""Instructions per nonzero of each contender: from hardware counters, else from callgrind.

    python benchmarks/instructions.py MATRIX [--contenders hbp,mkl,scipy] [--products 20]

MATRIX is a file or the name of a small embedded matrix. Each contender runs in processes of its
own, on one thread, once with one product and once with some more: the difference is theirs.
Callgrind knows no AVX-512, so under it every library takes its AVX2 code.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scipy.sparse import load_npz, save_npz

from hbpspmv.suite.measure import prepare
from hbpspmv.suite.peers import OURS, PEERS
from hbpspmv.suite.sources import embedded_sources, file_sources
from hbpspmv.suite.vectors import aligned_empty, random_vector

CONTENDERS = {contender.name: contender for contender in (OURS, *PEERS)}
PERF = ("perf", "stat", "-x,", "-e", "instructions:u", "--")
CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


def perf_count(text: str) -> int | None:
    """Instructions in the output of perf stat, None where the machine counts none."""
    found = re.search(r"^(\d+),[^,]*,instructions", text, re.MULTILINE)
    return int(found[1]) if found else None


def callgrind_count(text: str) -> int | None:
    """Instructions in the output of callgrind, None where it failed."""
    found = re.search(r"Collected : (\d+)", text)
    return int(found[1]) if found else None


def count(command: list[str]) -> tuple[int, str]:
    """Instructions of a command and the tool that counted them."""
    for tool, read in ((PERF, perf_count), (CALLGRIND, callgrind_count)):
        if shutil.which(tool[0]):
            # Python's start must cost the same both times, and no idle thread may spin.
            fixed = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "HBPSPMV_NUM_THREADS": "1"}
            environment = {**os.environ, **fixed}
            done = subprocess.run(
                [*tool, *command], env=environment, capture_output=True, text=True, check=False
            )
            if (n := read(done.stderr)) is not None and done.returncode == 0:
                return n, tool[0]
    raise SystemExit("neither perf nor valgrind could count the instructions of a product")


def multiply(path: str, name: str, products: int) -> None:
    """What the counted process does."""
    matrix = load_npz(path)
    contender = CONTENDERS[name](matrix, 1)
    x, y = random_vector(matrix.shape[1], matrix.dtype), aligned_empty(matrix.shape[0], "f8")
    for _ in range(products):
        contender.multiply(x, y)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("matrix")
    parser.add_argument("--contenders", default="hbp,mkl,scipy")
    parser.add_argument("--products", type=int, default=20, help="products to count")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        multiply(options.matrix, options.child[0], int(options.child[1]))
        return
    embedded = {source.name: source for source in embedded_sources(quick=True)}
    if options.matrix not in embedded:
        embedded = {options.matrix: file_sources([Path(options.matrix)])[0]}
    matrix = prepare(embedded[options.matrix].load(), "float64")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "matrix.npz")
        save_npz(path, matrix, compressed=False)
        for name in options.contenders.split(","):
            command = [sys.executable, __file__, path, "--child", name]
            few, tool = count([*command, "1"])
            many, _ = count([*command, str(1 + options.products)])
            each = (many - few) / options.products
            title = CONTENDERS[name].title
            print(f"{title}: {each:,.0f} instructions, {each / matrix.nnz:.2f} a nonzero ({tool})")


if __name__ == "__main__":
    main()
