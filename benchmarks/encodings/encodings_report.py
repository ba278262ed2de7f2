"""The tables of the encodings' worth: times and bytes without over those with, per matrix."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean

# What is left out of a plan, by the name of the variant. Where one encoding is left out another may
# take its place: without `constant` equal values are a table of one. So there are groups, too.
VARIANTS = {
    "tiles": ("tiles",),
    "shifted": ("shifted",),
    "windows": ("windows",),
    "along": ("along",),
    "constant": ("constant",),
    "few": ("few",),
    "decimal": ("decimal",),
    "values": ("constant", "few", "decimal"),
    "all": ("tiles", "shifted", "windows", "along", "constant", "few", "decimal"),
}
MEANING = {
    "tiles": "tiles: columns of equal rows once",
    "shifted": "shifted: columns of a group of neighbours once",
    "windows": "windows: close columns as places in windows of x",
    "along": "along: long rows along the row",
    "constant": "constant: equal values once",
    "few": "few: up to 8 values as bytes",
    "decimal": "decimal: short decimals as 16-bit codes",
    "values": "constant, few and decimal: raw values instead",
    "all": "all seven",
}
# The encodings of columns, by what `info()` calls the entries that have them.
ELEMENTS = {
    "tiles": "tiled_elements",
    "shifted": "shifted_elements",
    "windows": "windowed_elements",
}
COLUMNS = (
    *("matrix", "nnz", "without", "covers", "seconds", "seconds_without", "ratio", "noise"),
    *("nbytes", "nbytes_without", "bytes_ratio"),
)

Run = dict[str, Any]
Line = dict[str, Any]


def noise(plan: dict[str, Any], other: dict[str, Any]) -> float:
    """Return how far the ratio of times differs between both halves of the rounds, as a share."""
    half = len(plan["rounds"]) // 2
    early, late = (
        np.median(other["rounds"][part]) / np.median(plan["rounds"][part])
        for part in (slice(half), slice(half, None))
    )
    return float(max(early / late, late / early) - 1)


def covers(variant: str, nnz: int, plan: dict[str, Any]) -> str:
    """Return in words how much of the matrix the encodings cover that the variant does without."""
    if variant in ELEMENTS:
        return f"{plan[ELEMENTS[variant]] / nnz:.1%} of the entries"
    if variant == "along":
        return f"{plan['long_rows']} rows"
    if variant == "all":
        return ""
    blocks = sum(plan["encodings"][name] for name in VARIANTS[variant])
    return f"{blocks} of {plan['blocks']} blocks"


def lines(run: Run, variant: str) -> list[Line]:
    """Return what was measured of one variant, by falling ratio of times."""
    found = []
    for matrix in run["matrices"]:
        plan, other = matrix["plans"][""], matrix["plans"].get(variant)
        if other is None:
            continue
        found.append(
            {
                "matrix": matrix["name"],
                "nnz": matrix["nnz"],
                "without": variant,
                "covers": covers(variant, matrix["nnz"], plan),
                "seconds": plan["seconds"],
                "seconds_without": other["seconds"],
                "ratio": other["seconds"] / plan["seconds"],
                "noise": noise(plan, other),
                "nbytes": plan["nbytes"],
                "nbytes_without": other["nbytes"],
                "bytes_ratio": other["nbytes"] / plan["nbytes"],
            }
        )
    return sorted(found, key=lambda line: -line["ratio"])


def by_variant(run: Run) -> Iterator[tuple[str, list[Line]]]:
    """Yield the variants that any matrix has."""
    for variant in VARIANTS:
        if found := lines(run, variant):
            yield variant, found


def comma_separated(run: Run) -> str:
    """Return one line per matrix and variant."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for _, found in by_variant(run):
        writer.writerows(found)
    return out.getvalue()


def markdown(run: Run) -> str:
    """Return a summary and a table per variant."""
    text = [
        "# What each encoding is worth",
        "",
        f"{run['dtype']}, {run['threads']} threads, warm caches; {machine_line(run['machine'])}; "
        f"{run['began']}.",
        "",
        "Time and bytes of a product without the encoding over those with it: above 1 it pays.",
        "Noise is how far the ratio of times differs between both halves of the rounds.",
        "",
        "| encoding | matrices | time: geometric mean | least | most | bytes: geometric mean |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for variant, found in by_variant(run):
        ratios = [line["ratio"] for line in found]
        nbytes = geometric_mean([line["bytes_ratio"] for line in found])
        text.append(
            f"| {MEANING[variant]} | {len(found)} | {geometric_mean(ratios):.2f} | "
            f"{min(ratios):.2f} | {max(ratios):.2f} | {nbytes:.2f} |"
        )
    for variant, found in by_variant(run):
        text += [
            "",
            f"## {MEANING[variant]}",
            "",
            "| matrix | nnz | covers | µs with | µs without | time ratio | noise | bytes with | "
            "bytes without | bytes ratio |",
            "|:--|--:|:--|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for line in found:
            text.append(
                f"| {line['matrix']} | {line['nnz']:,} | {line['covers']} | "
                f"{line['seconds'] * 1e6:.1f} | {line['seconds_without'] * 1e6:.1f} | "
                f"{line['ratio']:.2f} | {line['noise']:.0%} | {line['nbytes']:,} | "
                f"{line['nbytes_without']:,} | {line['bytes_ratio']:.2f} |"
            )
    return "\n".join(text) + "\n"
