"""One cell out of the processes that measured it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

Measured = dict[str, Any]


def merged(parts: Sequence[Measured]) -> Measured:
    """Return what several processes have measured of the same cell as one.

    The samples follow each other; ``processes`` has the number of rounds of each. Times are
    medians over all, the load that of the most disturbed process. A part that is not "ok" is
    returned alone: a contender that is wrong or fails once is not to be trusted.

    Parameters
    ----------
    parts : sequence of dict
        As `measure_cell` returns them, at least one.
    """
    bad = next((part for part in parts if part["status"] != "ok"), None)
    if bad is not None:
        return {**bad, "processes": [len(bad["baseline"]["samples"])]}
    samples = [rounds for part in parts for rounds in part["samples"]]
    baseline = [rounds for part in parts for rounds in part["baseline"]["samples"]]
    whole = {**parts[0], "samples": samples, "processes": [len(part["samples"]) for part in parts]}
    whole["baseline"] = {**parts[0]["baseline"], "samples": baseline}
    seconds = float(np.median(np.concatenate(samples))) / 1e9
    whole["gflops"] = parts[0]["gflops"] * parts[0]["seconds"] / seconds
    whole["seconds"] = seconds
    whole["build_seconds"] = median(part["build_seconds"] for part in parts)
    loads = [part["other_load"] for part in parts if part["other_load"] is not None]
    whole["other_load"] = max(loads, default=None)
    return whole
