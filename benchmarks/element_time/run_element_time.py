"""What one element of a product costs, by the size of x: the limit that unstructured matrices meet.

    python benchmarks/element_time/run_element_time.py OUT

Needs an installed hbpspmv with the bench extra. README.md beside this file says what the picture
shows.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse

from hbpspmv.suite.machine import describe_machine, machine_line
from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.peers import OURS, PEERS
from hbpspmv.suite.reference import reference_product
from hbpspmv.suite.timing import QUICK, Schedule, time_in_rounds
from hbpspmv.suite.vectors import aligned_empty, random_vector

ROW_LENGTH = 32
NNZ = 1 << 17
COLUMNS = tuple(1 << k for k in range(9, 17))
PEER_NAMES = ("mkl", "scipy")
COLOURS = ("#2f7fb8", "#5b9a4a", "#c8553d", "#8a6fb0")


def equal_rows(n_cols: int, dtype: str, seed: int = 0) -> Any:
    """Return a csr_array of NNZ random entries in rows of ROW_LENGTH, columns ascending."""
    rng = np.random.default_rng(seed)
    n_rows = NNZ // ROW_LENGTH
    # Distinct columns: a random start, then steps of a random stride prime to n_cols.
    start = rng.integers(0, n_cols, (n_rows, 1))
    stride = rng.integers(0, n_cols // 2, (n_rows, 1)) * 2 + 1
    columns = np.sort((start + stride * np.arange(ROW_LENGTH)) % n_cols, axis=1)
    indptr = np.arange(0, NNZ + 1, ROW_LENGTH, dtype=np.int32)
    data = rng.standard_normal(NNZ).astype(dtype)
    return sparse.csr_array((data, columns.ravel().astype(np.int32), indptr), (n_rows, n_cols))


def contenders() -> list[Any]:
    """Return our product and those of the peers that are installed."""
    found = [OURS]
    for peer in PEERS:
        if peer.name in PEER_NAMES:
            try:
                peer.version()
            except (ImportError, OSError) as error:
                print(f"{peer.title} is left out: {error}")
            else:
                found.append(peer)
    return found


def measure(n_cols: int, dtype: str, schedule: Schedule) -> dict[str, float]:
    """Return nanoseconds an element on one thread, by contender.

    Raises
    ------
    ValueError
        A product is wrong.
    """
    matrix = equal_rows(n_cols, dtype)
    pattern = matrix.copy()
    pattern.data[:] = 1
    x, y = random_vector(n_cols, matrix.dtype), aligned_empty(matrix.shape[0], matrix.dtype)
    ready = [(kind.title, matrix, kind(matrix, 1)) for kind in contenders()]
    ready.insert(1, (f"{OURS.title}, equal values", pattern, OURS(pattern, 1)))
    products = []
    for title, operand, contender in ready:
        if message := reference_product(operand, x).error(contender.multiply(x, y)):
            raise ValueError(f"{title} with {n_cols} columns: {message}")
        products.append(partial(contender.multiply, x, y))
    samples = time_in_rounds(products, schedule)
    for _, _, contender in ready:
        contender.close()
    return {
        title: statistics.median(t for turn in rounds for t in turn) / NNZ
        for (title, _, _), rounds in zip(ready, samples, strict=True)
    }


def draw(run: dict[str, Any]) -> bytes:
    """Return a PNG file: nanoseconds an element by the bytes of x."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    sizes = [point["x_bytes"] / 1024 for point in run["points"]]
    for title, colour in zip(run["points"][0]["nanoseconds"], COLOURS, strict=False):
        times = [point["nanoseconds"][title] for point in run["points"]]
        axes.plot(sizes, times, "o-", color=colour, label=title)
    for level in ("l1d_bytes", "l2_bytes"):
        if size := run["machine"].get(level):
            axes.axvline(size / 1024, color="#999999", lw=0.8, ls="--")
            axes.annotate(level[:2].upper(), (size / 1024, 0), (3, 3), textcoords="offset points")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("size of x (KiB)")
    axes.set_ylabel("time of one element (ns)")
    axes.legend(loc="upper left", fontsize=9)
    axes.grid(alpha=0.3)
    figure.suptitle("What one element of a product costs", fontsize=13, fontweight="bold")
    settings = f"{run['dtype']}, 1 thread, {NNZ:,} elements in rows of {ROW_LENGTH}"
    axes.set_title(f"{settings}\n{machine_line(run['machine'])}", fontsize=8)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130)
    return out.getvalue()


def markdown(run: dict[str, Any]) -> str:
    """Return the table of the picture."""
    titles = list(run["points"][0]["nanoseconds"])
    lines = [
        f"{run['dtype']}, 1 thread, {NNZ:,} elements in rows of {ROW_LENGTH}; "
        f"{machine_line(run['machine'])}",
        "",
        "| size of x (KiB) | " + " | ".join(f"{title} (ns)" for title in titles) + " |",
        "|---:" * (len(titles) + 1) + "|",
    ]
    for point in run["points"]:
        times = " | ".join(f"{point['nanoseconds'][title]:.3f}" for title in titles)
        lines.append(f"| {point['x_bytes'] / 1024:g} | {times} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run, report, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="directory for results.json, .md and .png")
    parser.add_argument("--dtype", default="float64", choices=("float32", "float64"))
    parser.add_argument("--quick", action="store_true", help="few sizes, few rounds")
    options = parser.parse_args()
    run: dict[str, Any] = {
        "began": time.strftime("%Y-%m-%d %H:%M"),
        "machine": describe_machine(),
        "dtype": options.dtype,
        "points": [],
    }
    schedule = QUICK if options.quick else Schedule(budget_seconds=1.0)
    for n_cols in COLUMNS[::4] if options.quick else COLUMNS:
        times = measure(n_cols, options.dtype, schedule)
        size = n_cols * np.dtype(options.dtype).itemsize
        run["points"].append({"x_bytes": size, "nanoseconds": times})
        print(f"{size / 1024:g} KiB: " + ", ".join(f"{t} {ns:.3f} ns" for t, ns in times.items()))
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out / "results.json", (json.dumps(run) + "\n").encode())
    write_atomically(options.out / "results.md", markdown(run).encode())
    write_atomically(options.out / "results.png", draw(run))


if __name__ == "__main__":
    main()
