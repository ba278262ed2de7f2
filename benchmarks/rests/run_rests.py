"""Products that follow a rest: which threads are worth waking, by the size of the matrix.

    python benchmarks/rests/run_rests.py OUT

Needs an installed hbpspmv with the bench extra. README.md beside this file says what the picture
shows.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import hbpspmv
from hbpspmv.suite.generators import uniform
from hbpspmv.suite.machine import describe_machine, machine_line, usable_cpus
from hbpspmv.suite.measure import prepare
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.reference import reference_product
from hbpspmv.suite.timing import QUICK, Schedule, time_in_rounds
from hbpspmv.suite.vectors import aligned_empty, random_vector

ROW_LENGTH = 10
ROWS = tuple(100 * 2**k for k in range(2, 12))
REST_SECONDS = 0.0002  # more than the threads spin for
CHOSEN = "HBP, threads chosen"
COLOURS = ("#2f7fb8", "#c8553d", "#5b9a4a", "#8a6fb0")


def rest() -> None:
    """Keep the CPU for a while, as the rest of a program does."""
    until = time.perf_counter() + REST_SECONDS
    while time.perf_counter() < until:
        pass


def products(matrix: Any, cpus: int) -> dict[str, Any]:
    """Return the checked products that are compared, by their title.

    Raises
    ------
    ValueError
        One of them is wrong.
    """
    x = random_vector(matrix.shape[1], matrix.dtype)
    y = aligned_empty(matrix.shape[0], matrix.dtype)
    array = hbpspmv.hbp_array(matrix)
    array.plan(expected_calls=1000)
    ours = partial(hbpspmv.spmv, array, x, out=y)
    found = {
        CHOSEN: ours,
        f"HBP, {cpus} threads": partial(ours, num_threads=cpus),
        "HBP, 1 thread": partial(ours, num_threads=1),
        "SciPy": partial(ScipyCsr(matrix, cpus).multiply, x, y),
    }
    reference = reference_product(matrix, x)
    for title, product in found.items():
        if message := reference.error(product()):
            raise ValueError(f"{title}, {matrix.nnz} nonzeros: {message}")
    return found


def measure(n_rows: int, dtype: str, cpus: int, quick: bool) -> dict[str, Any]:
    """Return microseconds of a product after a rest, and of one in a loop, by title."""
    after_rest = QUICK if quick else Schedule(budget_seconds=1.0)
    # Long turns: a virtual machine may take milliseconds until the second thread has its CPU.
    loop = replace(after_rest, turn_seconds=0.02, max_products=4096)
    matrix = prepare(uniform(n_rows, ROW_LENGTH), dtype)
    compared = products(matrix, cpus)
    point: dict[str, Any] = {"nnz": int(matrix.nnz)}
    for name, schedule, flush in (
        ("after a rest", after_rest, rest),
        ("in a loop", loop, None),
    ):
        samples = time_in_rounds(list(compared.values()), schedule, flush)
        point[name] = {
            title: statistics.median(t for turn in rounds for t in turn) / 1e3
            for title, rounds in zip(compared, samples, strict=True)
        }
    return point


def draw(run: dict[str, Any]) -> bytes:
    """Return a PNG file: times by the number of nonzeros, as multiples of the chosen threads'."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    points = run["points"]
    sizes = [point["nnz"] for point in points]
    panels = figure.subplots(1, 2, sharey=True)
    for axes, name in zip(panels, ("after a rest", "in a loop"), strict=True):
        for title, colour in zip(points[0][name], COLOURS, strict=True):
            times = [point[name][title] for point in points]
            axes.plot(sizes, times, "o-", color=colour, ms=4, label=title)
        axes.set_title(f"a product {name}", fontsize=10)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("nonzeros")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("time of one product (us)")
    panels[0].legend(loc="upper left", fontsize=9)
    figure.suptitle(
        f"Products after {REST_SECONDS * 1e3:g} ms without one, and in a loop\n"
        f"{run['dtype']}; {machine_line(run['machine'])}",
        fontsize=10,
    )
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130)
    return out.getvalue()


def markdown(run: dict[str, Any]) -> str:
    """Return the tables of the picture."""
    lines = [f"{run['dtype']}; {machine_line(run['machine'])}. Microseconds a product, medians."]
    for name in ("after a rest", "in a loop"):
        titles = list(run["points"][0][name])
        lines += ["", f"| nonzeros, {name} | " + " | ".join(titles) + " |"]
        lines.append("|---:" * (len(titles) + 1) + "|")
        for point in run["points"]:
            times = " | ".join(f"{point[name][title]:.1f}" for title in titles)
            lines.append(f"| {point['nnz']:,} | {times} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory for results.json, .md and .png")
    parser.add_argument("--dtype", default="float64", choices=("float32", "float64"))
    parser.add_argument("--quick", action="store_true", help="few sizes, few rounds")
    options = parser.parse_args()
    cpus = len(usable_cpus())
    if cpus < 2:
        raise SystemExit("this process may use one CPU only: there is no thread to wake")
    hbpspmv.set_num_threads(cpus)
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": describe_machine(),
        "dtype": options.dtype,
        "rest_seconds": REST_SECONDS,
        "points": [],
    }
    for n_rows in ROWS[::4] if options.quick else ROWS:
        point = measure(n_rows, options.dtype, cpus, options.quick)
        run["points"].append(point)
        for name in ("after a rest", "in a loop"):
            times = ", ".join(f"{title} {us:.1f} us" for title, us in point[name].items())
            print(f"{point['nnz']:,} nonzeros {name}: {times}")
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out / "results.json", (json.dumps(run) + "\n").encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    write_atomically(options.out / "results.png", draw(run))


if __name__ == "__main__":
    main()
