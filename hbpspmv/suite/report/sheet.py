"""The report as comma-separated values: one line for each cell, with unrounded figures."""

from __future__ import annotations

import math
from collections.abc import Callable

from hbpspmv.suite.report.charts_cost import break_even, build_in_products
from hbpspmv.suite.report.charts_speed import row_variation
from hbpspmv.suite.report.load import SuiteResults
from hbpspmv.suite.results import MatrixResult, Measurement
from hbpspmv.suite.text import comma_separated

Extra = Callable[[MatrixResult, Measurement], object]


def csv_text(results: SuiteResults) -> str:
    """Return the bench's columns, then those that only single cells have.

    ``seconds`` and what follows from it are brought to the same conditions, see `load_results`;
    ``measured_seconds`` is as the clock gave it.
    """
    ours = results.run.ours

    def recorded(key: str) -> Extra:
        def cell(m: MatrixResult, own: Measurement) -> object:
            found = results.cells.get((m.name, own.contender))
            return None if found is None else found.record.get(key)

        return cell

    def bound(end: int) -> Extra:
        def cell(m: MatrixResult, own: Measurement) -> object:
            if own.contender == ours:
                return None
            interval = results.interval(m.name, ours, own.contender)
            return None if interval is None else interval[end]

        return cell

    def calls(m: MatrixResult, own: Measurement) -> object:
        count = break_even(m, own.contender)
        return "never" if count is not None and math.isinf(count) else count

    extra: dict[str, Extra] = {
        "hbp_ratio_low": bound(0),
        "hbp_ratio_high": bound(1),
        "measured_seconds": recorded("seconds"),
        "build_in_scipy_products": lambda m, own: build_in_products(m, own.contender),
        "break_even_products": calls,
        "padding": lambda m, own: own.padding,
        "row_length_spread": lambda m, own: row_variation(results, m.name),
        "baseline_drift": lambda m, own: results.drift.get(m.name),
        "other_load": recorded("other_load"),
        "peak_bytes": recorded("peak_bytes"),
        "correct": recorded("correct"),
    }
    return comma_separated(results.run, extra)
