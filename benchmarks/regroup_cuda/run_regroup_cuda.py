"""The paper's preprocessing experiment on a GPU: ways of ordering a block's rows by length, timed.

    HBPSPMV_MATRICES=DIRECTORY python benchmarks/regroup_cuda/run_regroup_cuda.py OUT

Needs an installed hbpspmv, CuPy, a CUDA device; HBPSPMV_MATRICES may name a directory of matrix
files to use in place of the embedded matrices. README.md beside this file says what is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from device_builds import measure_builds
from device_clock import DeviceClock
from order_kernel import OrderKernel
from order_quality import LONG_ROW
from ordering import PAPER, Geometry, measure_orders
from regroup_cuda_report import comma_separated, markdown

from hbpspmv.cuda._block_cols import widest_block_cols
from hbpspmv.cuda._device import require_cupy
from hbpspmv.cuda._launch import device_geometry
from hbpspmv.suite.machine import describe_machine
from hbpspmv.suite.measure import prepare
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.sources import Source, embedded_sources, file_sources

NO_DEVICE = 2  # exit status


def sources(quick: bool) -> list[Source]:
    """Return the files of HBPSPMV_MATRICES, or else the embedded matrices."""
    directory = os.environ.get("HBPSPMV_MATRICES")
    return file_sources([Path(directory)]) if directory else embedded_sources(quick)


def default_geometry(shape: tuple[int, int], multiprocessors: int) -> Geometry:
    """Return the geometry that a CuPy matrix of this shape gets on the device."""
    g = device_geometry(shape[0], widest_block_cols(shape), multiprocessors)
    return ("default", g.block_rows, g.block_cols, g.lanes)


def describe_device(cupy: Any) -> dict[str, Any]:
    """Return the facts about CuPy's current device that a reader needs."""
    device = cupy.cuda.Device()
    properties = cupy.cuda.runtime.getDeviceProperties(device.id)
    return {
        "name": properties["name"].decode(),
        "compute_capability": str(device.compute_capability),
        "multiprocessors": int(properties["multiProcessorCount"]),
        "cupy": cupy.__version__,
        "runtime": int(cupy.cuda.runtime.runtimeGetVersion()),
        "driver": int(cupy.cuda.runtime.driverGetVersion()),
    }


def measure(options: argparse.Namespace, cupy: Any) -> dict[str, Any]:
    """Run all matrices."""
    device = describe_device(cupy)
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": describe_machine(),
        "device": device,
        "dtype": options.dtype,
        "rounds": options.rounds,
        "long_row": LONG_ROW,
        "matrices": [],
    }
    clock = DeviceClock(cupy)
    for source in sources(options.quick):
        if options.only and options.only not in source.name:
            continue
        matrix = prepare(source.load().tocsr(), options.dtype).copy()
        matrix.sum_duplicates()  # cuSPARSE and the builder on the device want ascending columns
        if matrix.nnz == 0:
            continue
        geometries = PAPER, default_geometry(matrix.shape, device["multiprocessors"])
        found = [
            measure_orders(
                matrix, g, options.rows, cupy, partial(OrderKernel, cupy), clock, options.rounds
            )
            for g in geometries
        ]
        run["matrices"].append(
            {
                "name": source.name,
                "kind": source.kind,
                "nnz": int(matrix.nnz),
                "experiments": [experiment for experiment in found if experiment is not None],
                "build": measure_builds(matrix, clock, options.rounds),
            }
        )
        print(source.name, flush=True)
    return run


def main() -> int:
    """Run, report, write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory for results.json, .csv and .md")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rows", type=int, default=1 << 22, help="rows of blocks, at most")
    parser.add_argument("--dtype", default="float64", help="of the values that are converted")
    parser.add_argument("--quick", action="store_true", help="embedded matrices in small size")
    parser.add_argument("--only", help="matrices whose name contains this")
    options = parser.parse_args()
    try:
        cupy = require_cupy()
    except (ImportError, RuntimeError) as error:
        print(f"nothing is measured: {' '.join(str(error).split())}", file=sys.stderr)
        return NO_DEVICE
    run = measure(options, cupy)
    if not run["matrices"]:
        print("nothing is measured: no matrix has entries and the name asked for", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run, allow_nan=False) + "\n"
    write_atomically(options.out / "results.json", text.encode())
    write_atomically(options.out / "results.csv", comma_separated(run).encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
