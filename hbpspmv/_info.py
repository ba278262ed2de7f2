"""The figures that `Plan.info` reports beside what it was asked for."""

from __future__ import annotations

from typing import Any

from hbpspmv._break_even import BreakEven

_FORMAT_KEYS = (
    "n_row_blocks",
    "n_col_blocks",
    "blocks",
    "slots",
    "groups",
    "units",
    "long_rows",
    "nbytes",
    "csr_nbytes",
    "padding",
    "tail_elements",
    "tiled_elements",
    "shifted_elements",
    "windowed_elements",
    "length_spread_before",
    "length_spread_after",
    "encodings",
)


def format_info(core_plan: Any, nbytes: int) -> dict[str, Any]:
    """Figures of the HBP format; all but the sizes None where there is no `core_plan`."""
    known: dict[str, Any] = dict.fromkeys(_FORMAT_KEYS)
    known["csr_nbytes"] = known["nbytes"] = nbytes
    if core_plan is not None:
        known.update(core_plan.info())
    return known


def timing_info(timing: BreakEven | None, build_seconds: float) -> dict[str, Any]:
    """Measured times, None where nothing was measured, and when the build has paid."""
    return {
        "build_seconds": build_seconds,
        "scipy_seconds": timing and timing.scipy_seconds,
        "product_seconds": timing and timing.product_seconds,
        "break_even_calls": timing and timing.calls(build_seconds),
    }
