"""The tables of the preprocessing experiment: ratios of medians, padding, spread, claims."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Iterable, Iterator
from typing import Any

from hbpspmv.suite.machine import machine_line

OURS = "hash"
METHODS = {
    "published-hash": "published hash",
    "sort": "std::sort",
    "stable-sort": "std::stable_sort",
    "counting-sort": "counting sort",
    "radix-sort": "radix sort",
    "dynamic-program": "dynamic program",
    "fast-dynamic-program": "fast dynamic program",
}
# What the paper says of its own hash, on its machines.
CLAIMS = {"sort": 3.53, "dynamic-program": 3.67}
GEOMETRIES = ("paper", "default")
LARGE = 100_000  # nonzeros

_WHERE = ("block_rows", "block_cols", "lanes", "blocks", "measured_blocks", "rows")
COLUMNS = (
    *("matrix", "nnz", "geometry", *_WHERE, "method"),
    *("seconds", "ratio", "tie", "seconds_repeated"),
    *("padding", "padding_all_rows", "padding_own_groups", "spread", "spread_all_rows", "probes"),
)

Run = dict[str, Any]
Experiment = dict[str, Any]


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean, NaN of nothing."""
    logs = [math.log(v) for v in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def seconds(experiment: Experiment, method: str, turn: str = "once") -> float:
    """Return the median over the rounds."""
    return statistics.median(experiment["methods"][method]["seconds"][turn])


def ratio(experiment: Experiment, method: str, turn: str = "once") -> float:
    """Return how many times longer `method` takes than our hash."""
    return seconds(experiment, method, turn) / seconds(experiment, OURS, turn)


def is_tie(experiment: Experiment, method: str) -> bool:
    """Return whether the ratio is within 5 % or the quartiles of the times overlap."""
    if abs(math.log(ratio(experiment, method))) < math.log(1.05):
        return True
    (low, high), (other_low, other_high) = (
        statistics.quantiles(experiment["methods"][m]["seconds"]["once"], n=4)[::2]
        for m in (OURS, method)
    )
    return other_low <= high and low <= other_high


def stored(quality: dict[str, int]) -> float:
    """Return stored elements, padding included, per element; 1 where there are none."""
    return quality["padded"] / quality["elements"] if quality["elements"] else 1.0


def padding(quality: dict[str, int]) -> float:
    """Return padding per element."""
    return stored(quality) - 1


def spread(quality: dict[str, int]) -> float:
    """Return the mean over the groups of (longest - shortest row)."""
    return quality["spread"] / quality["groups"] if quality["groups"] else 0.0


def experiments(run: Run, geometry: str, min_nnz: int = 0) -> Iterator[tuple[Run, Experiment]]:
    """Yield each matrix that has blocks with its experiment in one geometry."""
    for matrix in run["matrices"]:
        for experiment in matrix["experiments"]:
            if (
                experiment["geometry"] == geometry
                and matrix["nnz"] >= min_nnz
                and experiment["measured_blocks"]
            ):
                yield matrix, experiment


def table(heading: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table whose columns but the first are numbers."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _summary(run: Run, min_nnz: int) -> str:
    heading = ["hash against", "claim of the paper"]
    for geometry in GEOMETRIES:
        heading += [f"{geometry}: geometric mean", "least", "greatest", "ties", "losses"]
    heading += [f"{geometry}: repeated turns" for geometry in GEOMETRIES]
    rows = []
    for method, title in METHODS.items():
        row = [title, f"{CLAIMS[method]:.2f}" if method in CLAIMS else ""]
        repeated = []
        for geometry in GEOMETRIES:
            found = [e for _, e in experiments(run, geometry, min_nnz)]
            ratios = [ratio(e, method) for e in found]
            ties = sum(is_tie(e, method) for e in found)
            losses = sum(
                r < 1 and not is_tie(e, method) for r, e in zip(ratios, found, strict=True)
            )
            row += [f"{geometric_mean(ratios):.2f}", f"{min(ratios):.2f}", f"{max(ratios):.2f}"]
            row += [str(ties), str(losses)]
            repeated.append(f"{geometric_mean(ratio(e, method, 'repeated') for e in found):.2f}")
        rows.append(row + repeated)
    return table(heading, rows)


def _quality_summary(run: Run, min_nnz: int) -> str:
    heading = ["order"]
    for geometry in GEOMETRIES:
        heading += [f"{geometry}: padding", "all rows", "spread", "own groups"]
    rows = []
    for method, title in {"natural": "natural", OURS: "hash (ours)", **METHODS}.items():
        row = [title]
        for geometry in GEOMETRIES:
            found = [
                e["natural"] if method == "natural" else e["methods"][method]
                for _, e in experiments(run, geometry, min_nnz)
            ]
            row += [
                f"{geometric_mean(stored(q['grouped']) for q in found) - 1:.2%}",
                f"{geometric_mean(stored(q['all']) for q in found) - 1:.2%}",
                f"{statistics.fmean(spread(q['grouped']) for q in found):.2f}",
                f"{geometric_mean(stored(q['own']) for q in found) - 1:.2%}"
                if any(q["own"]["groups"] for q in found)
                else "",
            ]
        rows.append(row)
    return table(heading, rows)


def _times(run: Run, geometry: str) -> str:
    heading = ["matrix", "nnz", "blocks (measured)", "hash, us a block", "ns a row"]
    rows = []
    for matrix, e in experiments(run, geometry):
        time = seconds(e, OURS)
        row = [matrix["name"], str(matrix["nnz"]), f"{e['blocks']} ({e['measured_blocks']})"]
        row += [f"{time * 1e6 / e['measured_blocks']:.2f}", f"{time * 1e9 / e['rows']:.2f}"]
        rows.append(row + [f"{ratio(e, m):.2f}{'=' if is_tie(e, m) else ''}" for m in METHODS])
    return table([*heading, *METHODS.values()], rows)


def _qualities(run: Run, geometry: str) -> str:
    heading = ["matrix"]
    heading += [f"padding: {m}" for m in ("natural", "hash", "published", "sort")]
    heading += [f"all rows: {m}" for m in ("hash", "sort")]
    heading += ["own groups: dynamic program"]
    heading += [f"spread: {m}" for m in ("natural", "hash", "published", "sort")]
    rows = []
    for matrix, e in experiments(run, geometry):
        methods = e["methods"]
        orders = [e["natural"], methods[OURS], methods["published-hash"], methods["sort"]]
        row = [matrix["name"], *(f"{padding(q['grouped']):.2%}" for q in orders)]
        row += [f"{padding(methods[m]['all']):.2%}" for m in (OURS, "sort")]
        row += [f"{padding(methods['dynamic-program']['own']):.2%}"]
        rows.append(row + [f"{spread(q['grouped']):.2f}" for q in orders])
    return table(heading, rows)


def markdown(run: Run) -> str:
    """Return the report of a run."""
    machine = run["machine"]
    geometry_lines = {
        g: next(
            f"blocks of at most {e['block_rows']} x {e['block_cols']}, groups of {e['lanes']}"
            for _, e in sorted(
                experiments(run, g), key=lambda m: -m[1]["block_rows"] * m[1]["block_cols"]
            )
        )
        for g in GEOMETRIES
    }
    long_row = run["matrices"][0]["long_row"]
    parts = [
        "# Ordering a block's rows by length\n",
        f"{run['began']}, {machine_line(machine)}; {machine['system']}; {machine['compiler']}; "
        f"one thread, {run['rounds']} rounds"
        + (f", program run with `{run['prefix']}`" if run["prefix"] else "")
        + ".\n",
        "Geometries: " + "; ".join(f"{g}: {line}" for g, line in geometry_lines.items()) + ".\n",
        "A ratio is the median time of a method over that of our hash on the same blocks; above 1 "
        "the hash is faster. `=` and *ties*: within 5 %, or the quartiles overlap. *Repeated "
        "turns*: after three untimed passes over the same blocks, which no build makes.\n",
        "The dynamic program is ours: Regu2D's own recurrence is not public. Padding and spread "
        f"are those of groups of `lanes` rows without the rows of {long_row} and more entries, "
        "which HBP multiplies one by one; *all rows* groups these too. *Own groups* are those of "
        "the dynamic program, of any number of rows.\n",
    ]
    for title, least in (("All matrices", 0), (f"Matrices of at least {LARGE:,} nonzeros", LARGE)):
        count = sum(1 for _ in experiments(run, GEOMETRIES[0], least))
        if count:
            parts += [f"## {title}: {count}\n", _summary(run, least)]
            parts += [_quality_summary(run, least)]
    for geometry in GEOMETRIES:
        parts += [f"## Time, geometry {geometry}: ratios to the hash\n", _times(run, geometry)]
        parts += [f"## Padding and spread, geometry {geometry}\n", _qualities(run, geometry)]
    return "\n".join(parts)


def comma_separated(run: Run) -> str:
    """Return one line per matrix, geometry and method."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for geometry in GEOMETRIES:
        for matrix, e in experiments(run, geometry):
            where = [matrix["name"], matrix["nnz"], geometry, *(e[key] for key in _WHERE)]
            for name, q in {"natural": e["natural"], **e["methods"]}.items():
                times = [""] * 4
                if name != "natural":
                    times = [f"{seconds(e, name):.6g}", f"{ratio(e, name):.4f}"]
                    times += [str(int(is_tie(e, name))), f"{seconds(e, name, 'repeated'):.6g}"]
                quality = [f"{padding(q[k]):.6f}" for k in ("grouped", "all")]
                quality += [f"{padding(q['own']):.6f}" if q["own"]["groups"] else ""]
                quality += [f"{spread(q[k]):.4f}" for k in ("grouped", "all")]
                writer.writerow([*where, name, *times, *quality, q["probes"]])
    return out.getvalue()
