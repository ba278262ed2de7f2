"""What the cost model is worth: predicted against measured times, its choice against all layouts.

    HBPSPMV_MATRICES=DIRECTORY python benchmarks/cost_model/run_cost_model.py OUT

Needs an installed hbpspmv. README.md beside this file says what is measured and how.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import hbpspmv._hbpspmv_core as core
import numpy as np
from cost_model_chart import draw
from cost_model_report import comma_separated, markdown

from hbpspmv import Geometry, hbp_array
from hbpspmv._cost_model import choose_layout, sample
from hbpspmv._geometry import default_geometry
from hbpspmv._validate import CsrArrays, csr_arrays
from hbpspmv.suite.ceilings import Ceilings, measure_ceilings
from hbpspmv.suite.machine import describe_machine
from hbpspmv.suite.measure import prepare
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.sources import Source, embedded_sources, file_sources
from hbpspmv.suite.timing import Schedule, time_in_rounds
from hbpspmv.suite.vectors import aligned_empty, random_vector

Layout = Geometry | None  # None is CSR

_CHOICES = 9  # of which the median counts


def probed_figures(ceilings: Ceilings) -> dict[str, float]:
    """Return the figures of the model that the probes measure, for one thread, by their names."""
    threads = ceilings.threads
    reads = [seconds * threads * 1e9 for seconds in ceilings.random_seconds]
    rates = [rate / threads * 1e-9 for _, rate in ceilings.levels]
    l1, l2, l3 = ceilings.cache_bytes
    return {
        "l1_bytes": float(l1),
        "l2_bytes": float(l2),
        "l3_bytes": float(l3),
        **dict(zip(("l1_read", "l2_read", "l3_read", "memory_read"), reads, strict=True)),
        **dict(zip(("l2_rate", "l3_rate", "memory_rate"), rates, strict=True)),
    }


def triple(layout: Layout) -> list[int] | None:
    """Return a layout as JSON has it."""
    return None if layout is None else [layout.block_rows, layout.block_cols, layout.lanes]


def choice_seconds(csr: CsrArrays, dtype: Any) -> list[float]:
    """Return the times of some choices of a layout: of the first one, and the median of all."""
    times = []
    for _ in range(_CHOICES):
        start = time.perf_counter()
        choose_layout(csr, dtype)
        times.append(time.perf_counter() - start)
    return [times[0], statistics.median(times)]


def measured(matrix: Any, layouts: list[Layout], threads: int, schedule: Schedule) -> list[float]:
    """Return the median seconds of a product in each layout, all timed in the same rounds."""
    x = random_vector(matrix.shape[1], matrix.dtype)
    y = aligned_empty(matrix.shape[0], matrix.dtype)
    products = []
    for layout in layouts:
        # Few expected calls ask for CSR.
        asked = {"expected_calls": 1} if layout is None else {"geometry": layout}
        plan = hbp_array(matrix).plan(num_threads=threads, **asked)
        if plan.geometry != layout:
            raise RuntimeError(f"the plan has {plan.geometry}, expected {layout}")
        products.append(partial(plan.run, x, y, 1.0, 0.0, threads))
        products[-1]()
    samples = time_in_rounds(products, schedule)
    return [statistics.median(t for turn in rounds for t in turn) * 1e-9 for rounds in samples]


def measure(
    source: Source, matrix: Any, threads: int, probed: dict[str, float], schedule: Schedule
) -> dict[str, Any]:
    """Return what is predicted, measured and chosen for one matrix."""
    csr = csr_arrays(matrix.indptr, matrix.indices, matrix.data, matrix.shape)
    choice = choice_seconds(csr, matrix.dtype)
    layout = choose_layout(csr, matrix.dtype)
    chosen = None if layout.prefer_csr else layout.geometry
    default = default_geometry(csr.shape, matrix.dtype.itemsize)
    tuning = hbp_array(matrix).plan(tune="measure", num_threads=threads).tuning
    search = dict(tuning.seconds)
    best = min(search, key=lambda layout: search[layout])
    contenders = list(dict.fromkeys([layout.geometry, None, default, best]))
    seconds = dict(zip(contenders, measured(matrix, contenders, threads, schedule), strict=True))
    looked_at = sample(csr, matrix.dtype)

    def predicted(layout: Layout, machine: dict[str, float]) -> float:
        shape = triple(layout)
        return float(core.predict_seconds(looked_at, shape and tuple(shape), threads, machine))

    return {
        "name": source.name,
        "kind": source.kind,
        "generated": source.origin == "embedded",
        "rows": matrix.shape[0],
        "cols": matrix.shape[1],
        "nnz": matrix.nnz,
        "dtype": matrix.dtype.name,
        "choice_seconds": choice,
        "chosen": triple(chosen),
        "chosen_seconds": seconds[chosen],
        "default": triple(default),
        "default_seconds": seconds[default],
        "best": triple(best),
        "best_seconds": seconds[best],
        "hbp_seconds": seconds[layout.geometry],
        "hbp_predicted": predicted(layout.geometry, {}),
        "hbp_predicted_probed": predicted(layout.geometry, probed),
        "csr_seconds": seconds[None],
        "csr_predicted": predicted(None, {}),
        "csr_predicted_probed": predicted(None, probed),
        "search": [
            {"layout": triple(g), "seconds": s, "predicted": predicted(g, {})}
            for g, s in search.items()
        ],
    }


def sources(only_quick: bool) -> list[Source]:
    """Return the files of HBPSPMV_MATRICES, then the embedded matrices in small size."""
    directory = os.environ.get("HBPSPMV_MATRICES")
    found = file_sources([Path(directory)]) if directory and not only_quick else []
    names = {source.name for source in found}
    return found + [s for s in embedded_sources(quick=True) if s.name not in names]


def main() -> None:
    """Run, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory for results.json, .csv, .md and .png")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64")
    parser.add_argument("--threads", type=int, default=core.get_num_threads())
    parser.add_argument("--min-nnz", type=int, default=100_000, help="leave smaller ones out")
    parser.add_argument("--quick", action="store_true", help="no matrices but the embedded ones")
    parser.add_argument("--only", help="matrices whose name contains this")
    parser.add_argument("--budget", type=float, default=0.4, help="seconds of timing a matrix")
    options = parser.parse_args()
    machine = describe_machine()
    probed = probed_figures(measure_ceilings(machine, options.threads))
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": machine,
        "threads": options.threads,
        "dtype": options.dtype,
        "default_figures": core.default_machine(),
        "probed_figures": probed,
        "matrices": [],
    }
    schedule = Schedule(budget_seconds=options.budget, min_rounds=5, max_rounds=15)
    for source in sources(options.quick):
        if options.only and options.only not in source.name:
            continue
        matrix = prepare(source.load(), np.dtype(options.dtype))
        if matrix.nnz >= options.min_nnz:
            run["matrices"].append(measure(source, matrix, options.threads, probed, schedule))
            print(source.name, flush=True)
    if not run["matrices"]:
        raise SystemExit("no matrix was measured: see --only and --min-nnz")
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run, allow_nan=False) + "\n"
    write_atomically(options.out / "results.json", text.encode())
    write_atomically(options.out / "results.csv", comma_separated(run).encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    write_atomically(options.out / "results.png", draw(run))


if __name__ == "__main__":
    main()
