"""The tables of the preprocessing experiment on a GPU: ratios of medians, padding, spread, builds.

    python benchmarks/regroup_cuda/regroup_cuda_report.py OUT/results.json

prints the Markdown report of a run that is there.
"""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean

OURS = "hash"
METHODS = {
    "argsort": "radix sort of indices",
    "packed-sort": "radix sort of packed keys",
    "dynamic-program": "dynamic program on the host",
}
# What the paper says of its own hash, on its machines.
CLAIMS = {"argsort": 3.53, "dynamic-program": 3.67}
GEOMETRIES = ("paper", "default")
LARGE = 100_000  # nonzeros
COLUMNS = (
    *("matrix", "nnz", "geometry", "block_rows", "block_cols", "lanes", "blocks"),
    *("measured_blocks", "rows", "method", "seconds", "ratio", "tie"),
    *("padding", "padding_all_rows", "padding_own_groups", "spread", "spread_all_rows"),
)

Run = dict[str, Any]
Experiment = dict[str, Any]


def ratio(experiment: Experiment, method: str) -> float:
    """Return how many times longer `method` takes than our hash, by the medians of the rounds."""
    times = {m: experiment["methods"][m]["seconds"] for m in (OURS, method)}
    return statistics.median(times[method]) / statistics.median(times[OURS])


def is_tie(experiment: Experiment, method: str) -> bool:
    """Return whether the ratio is within 5 % or the quartiles of the times overlap."""
    if abs(math.log(ratio(experiment, method))) < math.log(1.05):
        return True
    times = [experiment["methods"][m]["seconds"] for m in (OURS, method)]
    if min(map(len, times)) < 2:
        return False
    (low, high), (other_low, other_high) = (statistics.quantiles(t, n=4)[::2] for t in times)
    return bool(other_low <= high and low <= other_high)


def stored(quality: dict[str, int]) -> float:
    """Return stored elements, padding included, per element; 1 where there are none."""
    return quality["padded"] / quality["elements"] if quality["elements"] else 1.0


def spread(quality: dict[str, int]) -> float:
    """Return the mean over the groups of (longest - shortest row)."""
    return quality["spread"] / quality["groups"] if quality["groups"] else 0.0


def builds(matrix: Run) -> tuple[float, float, float]:
    """Return the seconds of a product; then what both ways of building take, in such products."""
    product, device, host = (
        statistics.median(matrix["build"]["seconds"][name])
        for name in ("product", "device", "host")
    )
    return product, device / product, host / product


def experiments(run: Run, geometry: str, min_nnz: int = 0) -> Iterator[tuple[Run, Experiment]]:
    """Yield each matrix with its experiment in one geometry."""
    for matrix in run["matrices"]:
        for experiment in matrix["experiments"]:
            if experiment["geometry"] == geometry and matrix["nnz"] >= min_nnz:
                yield matrix, experiment


def table(heading: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table whose columns but the first are numbers."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _mean(values: Sequence[float], digits: int = 2) -> str:
    mean = geometric_mean(values)
    return "" if mean is None else f"{mean:.{digits}f}"


def _summary(run: Run, min_nnz: int) -> str:
    heading = ["hash against", "claim of the paper"]
    for geometry in GEOMETRIES:
        heading += [f"{geometry}: geometric mean", "least", "greatest", "ties", "losses"]
    rows = []
    for method, title in METHODS.items():
        row = [title, f"{CLAIMS[method]:.2f}" if method in CLAIMS else ""]
        for geometry in GEOMETRIES:
            found = [e for _, e in experiments(run, geometry, min_nnz) if method in e["methods"]]
            ratios = [ratio(e, method) for e in found]
            ties = [is_tie(e, method) for e in found]
            losses = sum(r < 1 and not tie for r, tie in zip(ratios, ties, strict=True))
            row.append(_mean(ratios))
            row += [f"{f(ratios):.2f}" if ratios else "" for f in (min, max)]
            row += [str(sum(ties)), str(losses)]
        rows.append(row)
    return table(heading, rows)


def _quality_summary(run: Run, min_nnz: int) -> str:
    heading = ["order"]
    for geometry in GEOMETRIES:
        heading += [f"{geometry}: padding", "all rows", "spread", "own groups"]
    rows = []
    for method, title in {"natural": "natural", OURS: "hash (ours)", **METHODS}.items():
        row = [title]
        for geometry in GEOMETRIES:
            found = [q for _, e in experiments(run, geometry, min_nnz) if (q := _rated(e, method))]
            row += [_percent([stored(q["grouped"]) for q in found])]
            row += [_percent([stored(q["all"]) for q in found])]
            row += [f"{statistics.fmean(spread(q['grouped']) for q in found):.2f}" if found else ""]
            row += [_percent([stored(q["own"]) for q in found if q["own"]["groups"]])]
        rows.append(row)
    return table(heading, rows)


def _rated(experiment: Experiment, method: str) -> dict[str, Any] | None:
    if method == "natural":
        return dict(experiment["natural"])
    return experiment["methods"].get(method)


def _percent(values: Sequence[float]) -> str:
    mean = geometric_mean(values)
    return "" if mean is None else f"{mean - 1:.2%}"


def _times(run: Run, geometry: str) -> str:
    heading = ["matrix", "nnz", "blocks (measured)", "hash, us", "ns a row", *METHODS.values()]
    rows = []
    for matrix, e in experiments(run, geometry):
        time = statistics.median(e["methods"][OURS]["seconds"])
        row = [matrix["name"], str(matrix["nnz"]), f"{e['blocks']} ({e['measured_blocks']})"]
        row += [f"{time * 1e6:.2f}", f"{time * 1e9 / e['rows']:.3f}"]
        for m in METHODS:
            known = m in e["methods"]
            row.append(f"{ratio(e, m):.2f}{'=' if is_tie(e, m) else ''}" if known else "")
        rows.append(row)
    return table(heading, rows)


def _builds(run: Run) -> str:
    heading = ["matrix", "nnz", "cuSPARSE product, us", "build on the device, products"]
    heading += ["by way of the host, products", "ratio"]
    rows = []
    for matrix in run["matrices"]:
        product, device, host = builds(matrix)
        own = "" if matrix["build"]["on_device"] else " (by way of the host)"
        row = [matrix["name"], str(matrix["nnz"]), f"{product * 1e6:.2f}", f"{device:.1f}{own}"]
        rows.append([*row, f"{host:.1f}", f"{host / device:.2f}"])
    found = [builds(m) for m in run["matrices"] if m["build"]["on_device"]]
    row = ["geometric mean, where built on the device", "", ""]
    row += [_mean([d for _, d, _ in found], 1), _mean([h for _, _, h in found], 1)]
    return table(heading, [*rows, [*row, _mean([h / d for _, d, h in found])]])


def markdown(run: Run) -> str:
    """Return the report of a run."""
    device = run["device"]
    lanes = "; ".join(
        f"{g}: blocks of at most {max(e['block_rows'] for _, e in experiments(run, g))} x "
        f"{max(e['block_cols'] for _, e in experiments(run, g))}, groups of "
        f"{max(e['lanes'] for _, e in experiments(run, g))}"
        for g in GEOMETRIES
        if any(experiments(run, g))
    )
    parts = [
        "# Ordering a block's rows by length on a GPU\n",
        f"{run['began']}, {device['name']}, compute capability {device['compute_capability']}, "
        f"{device['multiprocessors']} multiprocessors; CuPy {device['cupy']}, CUDA runtime "
        f"{device['runtime']}, driver {device['driver']}; {machine_line(run['machine'])}; "
        f"{run['dtype']}, {run['rounds']} rounds.\n",
        f"Geometries: {lanes}.\n",
        "A ratio is the median time of a method over that of our hash on the same blocks; above 1 "
        "the hash is faster. `=` and *ties*: within 5 %, or the quartiles overlap.\n",
        "The dynamic program is ours: Regu2D's own recurrence is not public. Padding and spread "
        f"are those of groups of `lanes` rows without the rows of {run['long_row']} and more "
        "entries, which HBP multiplies one by one; *all rows* groups these too. *Own groups* are "
        "those of the dynamic program, of any number of rows.\n",
    ]
    for title, least in (("All matrices", 0), (f"Matrices of at least {LARGE:,} nonzeros", LARGE)):
        count = sum(matrix["nnz"] >= least for matrix in run["matrices"])
        if count:
            parts += [f"## {title}: {count}\n", _summary(run, least)]
            parts += [_quality_summary(run, least)]
    parts += ["## The whole build, in products of cuSPARSE\n", _builds(run)]
    for geometry in GEOMETRIES:
        parts += [f"## Time, geometry {geometry}: ratios to the hash\n", _times(run, geometry)]
    return "\n".join(parts)


def comma_separated(run: Run) -> str:
    """Return one line per matrix, geometry and method, the natural order among them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for geometry in GEOMETRIES:
        for matrix, e in experiments(run, geometry):
            where = [matrix["name"], matrix["nnz"], geometry, *(e[key] for key in COLUMNS[3:9])]
            for name, q in {"natural": e["natural"], **e["methods"]}.items():
                times = ["", "", ""]
                if name != "natural":
                    times = [f"{statistics.median(q['seconds']):.6g}", f"{ratio(e, name):.4f}"]
                    times.append(str(int(is_tie(e, name))))
                quality = [f"{stored(q[k]) - 1:.6f}" for k in ("grouped", "all")]
                quality.append(f"{stored(q['own']) - 1:.6f}" if q["own"]["groups"] else "")
                quality += [f"{spread(q[k]):.4f}" for k in ("grouped", "all")]
                writer.writerow([*where, name, *times, *quality])
    return out.getvalue()


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())), end="")
