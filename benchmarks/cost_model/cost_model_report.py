"""The tables of the cost model's results: how far predictions and choices are off."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from typing import Any

from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean

NEAR = 1.5  # a prediction within this factor is called near
KERNELS = {"hbp": "HBP", "csr": "CSR"}
GROUPS = {False: "matrices of files", True: "generated matrices"}

Run = dict[str, Any]
Matrix = dict[str, Any]

COLUMNS = (
    *("matrix", "generated", "rows", "cols", "nnz", "dtype"),
    *("hbp_predicted", "hbp_predicted_probed", "hbp_seconds"),
    *("csr_predicted", "csr_predicted_probed", "csr_seconds"),
    *("chosen", "chosen_seconds", "default", "default_seconds", "best", "best_seconds"),
    *("distance", "choice_seconds_first", "choice_seconds"),
)


def off_by(m: Matrix, kernel: str, probed: bool = False) -> float:
    """Return measured over predicted time."""
    return float(m[f"{kernel}_seconds"] / m[f"{kernel}_predicted{'_probed' * probed}"])


def distance(m: Matrix, of: str = "chosen") -> float:
    """Return the time of a layout over that of the best of the search, at least 1.

    Both were timed anew in the same rounds: where the search's winner loses there, it was noise.
    """
    return max(float(m[f"{of}_seconds"] / m["best_seconds"]), 1.0)


def worst(ratios: Iterable[float]) -> float:
    """Return the ratio that is farthest from 1."""
    return max(ratios, key=lambda r: abs(math.log(r)))


def near(ratios: list[float]) -> float:
    """Return the share of ratios within a factor of `NEAR`."""
    return sum(abs(math.log(r)) <= math.log(NEAR) for r in ratios) / len(ratios)


def right_order(m: Matrix) -> bool:
    """Return whether the faster one of HBP and CSR is the one that was predicted."""
    return bool((m["hbp_predicted"] < m["csr_predicted"]) == (m["hbp_seconds"] < m["csr_seconds"]))


def layout_name(triple: list[int] | None) -> str:
    """Return rows x columns, lanes."""
    return "CSR" if triple is None else f"{triple[0]} x {triple[1]}, {triple[2]}"


def summary(matrices: list[Matrix]) -> dict[str, float]:
    """Return the figures that sum up some matrices, by name."""
    figures: dict[str, float] = {"matrices": len(matrices)}
    for kernel in KERNELS:
        for probed in (False, True):
            ratios = [off_by(m, kernel, probed) for m in matrices]
            name = f"{kernel}{'_probed' * probed}"
            figures[f"{name}_mean"] = geometric_mean(ratios) or math.nan
            figures[f"{name}_worst"] = worst(ratios)
            figures[f"{name}_near"] = near(ratios)
    for of in ("chosen", "default"):
        distances = [distance(m, of) for m in matrices]
        figures[f"{of}_mean"] = geometric_mean(distances) or math.nan
        figures[f"{of}_worst"] = max(distances)
    figures["right_order"] = sum(right_order(m) for m in matrices) / len(matrices)
    return figures


def table(heading: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table whose columns but the first are numbers."""
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _summaries(run: Run) -> str:
    heading = ["", "matrices", "measured / predicted", "worst", f"within {NEAR}x"]
    rows = []
    for generated, group in GROUPS.items():
        matrices = [m for m in run["matrices"] if m["generated"] is generated]
        if not matrices:
            continue
        s = summary(matrices)
        for kernel, title in KERNELS.items():
            for probed, remark in ((False, ""), (True, ", this machine's probes")):
                key = f"{kernel}{'_probed' * probed}"
                row = [f"{title}, {group}{remark}", f"{len(matrices)}", f"{s[f'{key}_mean']:.2f}"]
                rows.append([*row, f"{s[f'{key}_worst']:.2f}", f"{s[f'{key}_near']:.0%}"])
    return table(heading, rows)


def _distances(run: Run) -> str:
    heading = ["", "matrices", "choice / best", "worst", "default / best", "worst"]
    heading += ["HBP or CSR as predicted"]
    rows = []
    for generated, group in GROUPS.items():
        matrices = [m for m in run["matrices"] if m["generated"] is generated]
        if matrices:
            s = summary(matrices)
            row = [group, f"{len(matrices)}"]
            row += [
                f"{s[f'{of}_{what}']:.3f}"
                for of in ("chosen", "default")
                for what in ("mean", "worst")
            ]
            rows.append([*row, f"{s['right_order']:.0%}"])
    return table(heading, rows)


def _matrices(run: Run) -> str:
    heading = ["matrix", "nnz", "HBP predicted, us", "measured", "ratio"]
    heading += ["CSR predicted, us", "measured", "ratio"]
    heading += ["chosen", "best of the search", "choice / best", "time to choose, us"]
    rows = []
    for m in run["matrices"]:
        row = [m["name"], f"{m['nnz']:,}"]
        for kernel in KERNELS:
            row += [f"{m[f'{kernel}_{what}'] * 1e6:.1f}" for what in ("predicted", "seconds")]
            row += [f"{off_by(m, kernel):.2f}"]
        row += [layout_name(m["chosen"]), layout_name(m["best"]), f"{distance(m):.3f}"]
        rows.append([*row, f"{m['choice_seconds'][1] * 1e6:.0f}"])
    return table(heading, rows)


def markdown(run: Run) -> str:
    """Return the report of a run."""
    machine = run["machine"]
    layouts = max(len(m["search"]) for m in run["matrices"])
    figures = ", ".join(
        f"{name} {value:.4g} ({run['default_figures'][name]:.4g})"
        for name, value in run["probed_figures"].items()
    )
    return "\n".join(
        [
            "# The cost model: predicted and measured\n",
            f"{run['began']}, {machine_line(machine)}; {machine['system']}; "
            f"{run['threads']} threads, {run['dtype']}.\n",
            f"{len(run['matrices'])} matrices; the search has up to {layouts} layouts each.\n",
            "![predicted against measured](results.png)\n",
            "## Predictions\n",
            _summaries(run),
            "A ratio is the measured time over the predicted one; the mean is geometric. The "
            "figures of the machine are the model's own, or those that probes have measured here "
            "(in brackets the model's):\n",
            f"{figures}.\n",
            "## Choices\n",
            _distances(run),
            "The time of the chosen layout over that of the best of the search, and the same for "
            "the default geometry; both were timed anew, in the same rounds.\n",
            "## Every matrix\n",
            _matrices(run),
        ]
    )


def comma_separated(run: Run) -> str:
    """Return one line per matrix; times in seconds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for m in run["matrices"]:
        first, median = m["choice_seconds"]
        row = {**m, "matrix": m["name"], "generated": int(m["generated"])}
        row |= {key: layout_name(m[key]) for key in ("chosen", "default", "best")}
        row |= {"distance": distance(m), "choice_seconds_first": first, "choice_seconds": median}
        writer.writerow([f"{row[c]:.6g}" if isinstance(row[c], float) else row[c] for c in COLUMNS])
    return out.getvalue()
