"""A matrix and its plan as one picture: where the entries lie, and what became of the rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbpspmv.suite.output import write_atomically
from hbpspmv.suite.plan_rows import PlanRows, plan_arrays, plan_rows, thread_loads
from hbpspmv.suite.report.svg import si
from hbpspmv.suite.spy import density_grid

_BEFORE, _AFTER, _GREY = "#c8553d", "#2f7fb8", "#555555"
_SPY = 256  # cells along a side
_MOST_BLOCKS = 512  # of a side of the map; more are drawn together


def plan_png(matrix: Any, plan: Any, name: str) -> bytes:
    """Draw a matrix and the plan for it.

    Six panels: the entries, the row lengths; where the format holds any entry, the filling of
    its blocks, the row lengths of its fullest block in natural order and as stored, how much
    the rows of a group differ before and after hashing, and the load of each thread.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        The matrix.
    plan : Plan
        Built from it.
    name : str
        For the title.

    Returns
    -------
    bytes
        A PNG file.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    in_blocks = plan.kernel == "hbp" and matrix.nnz > 0
    figure = Figure(figsize=(15, 9) if in_blocks else (10, 4.8), layout="constrained")
    axes = figure.subplots(2, 3).ravel() if in_blocks else figure.subplots(1, 2)
    rows, cols = matrix.shape
    figure.suptitle(
        f"{name}: {rows:,} x {cols:,}, {matrix.nnz:,} nonzeros, {matrix.dtype}, {plan.kernel}",
        fontsize=14,
        fontweight="bold",
    )
    _draw_entries(axes[0], matrix)
    _draw_row_lengths(axes[1], np.diff(matrix.indptr))
    if in_blocks:
        arrays = plan_arrays(plan)
        stored = plan_rows(arrays, plan.geometry.lanes)
        _draw_blocks(axes[2], arrays, matrix.shape, plan.geometry.block_cols)
        _draw_fullest_block(axes[3], arrays, stored)
        _draw_spreads(axes[4], stored)
        _draw_loads(axes[5], arrays["cost_ptr"], matrix, plan)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()


def write_picture(matrix: Any, plan: Any, name: str, folder: Path) -> Path:
    """Draw a matrix and its plan into ``folder/name.png``, and return that path."""
    try:
        content = plan_png(matrix, plan, name)
    except ImportError as error:
        message = "matplotlib is not installed; to get it: pip install matplotlib"
        raise ImportError(message) from error
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    write_atomically(path, content)
    return path


def _draw_entries(axes: Any, matrix: Any) -> None:
    axes.set_title("Nonzeros in each part of the matrix")
    axes.set(xlabel="column", ylabel="row")
    _short_numbers(axes.xaxis, axes.yaxis)
    rows, cols = matrix.shape
    counts = density_grid(matrix, _SPY)
    if matrix.nnz == 0:
        axes.text(0.5, 0.5, "none", ha="center", transform=axes.transAxes)
        return
    image = axes.imshow(
        np.ma.masked_equal(counts, 0),
        norm=_log_scale(counts),
        cmap="viridis_r",
        extent=(0, cols, rows, 0),
        aspect="auto",
        interpolation="nearest",
    )
    axes.figure.colorbar(image, ax=axes, label="nonzeros")


def _log_scale(values: NDArray[Any]) -> Any:
    from matplotlib.colors import LogNorm

    low, high = values[values > 0].min(), values.max()
    # A single value lies in the middle of a scale with ordinary ticks.
    return LogNorm(low, high) if high > 2 * low else LogNorm(low / 3, high * 3)


def _draw_row_lengths(axes: Any, lengths: NDArray[Any]) -> None:
    axes.set_title("Row lengths")
    axes.set(xlabel="entries of a row", ylabel="rows")
    if lengths.size == 0:
        return
    axes.hist(lengths, bins=_bins(int(lengths.max())), color=_AFTER)
    axes.axvline(lengths.mean(), color=_GREY, ls="--", lw=1, label=f"mean {lengths.mean():.1f}")
    axes.set_xscale("symlog", linthresh=8)
    axes.set_yscale("log")
    axes.set_xlim(left=-0.5)
    _short_numbers(axes.xaxis, axes.yaxis)
    axes.legend(frameon=False)


def _bins(most: int) -> NDArray[np.float64]:
    """Return edges between whole numbers: one each for small ones, then growing by a sixth."""
    edges = [-0.5]
    while edges[-1] <= most:
        edges.append(edges[-1] + max(1, round(edges[-1] / 6)))
    return np.array(edges)


def _short_numbers(*axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    for each in axis:
        each.set_major_formatter(FuncFormatter(lambda value, _: si(value)))


def _draw_blocks(
    axes: Any, arrays: dict[str, NDArray[Any]], shape: tuple[int, int], block_cols: int
) -> None:
    axes.set_title("Filling of the blocks")
    axes.set(xlabel="column", ylabel="row")
    _short_numbers(axes.xaxis, axes.yaxis)
    row_edges = arrays["row_block_ptr"]
    col_edges = np.append(np.arange(0, shape[1], block_cols), shape[1])
    (row_of, row_edges), (col_of, col_edges) = map(_merged, (row_edges, col_edges))
    filled = np.zeros((row_edges.size - 1, col_edges.size - 1))
    places = (row_of[arrays["block_row_block"]], col_of[arrays["block_col_block"]])
    np.add.at(filled, places, arrays["block_n_elements"])
    share = filled / np.outer(np.diff(row_edges), np.diff(col_edges))
    mesh = axes.pcolormesh(
        col_edges, row_edges, np.ma.masked_equal(share, 0), norm=_log_scale(share), cmap="viridis_r"
    )
    axes.set(xlim=(0, shape[1]), ylim=(shape[0], 0))
    axes.figure.colorbar(mesh, ax=axes, label="nonzeros over cells")


def _merged(edges: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return in which part each interval lies, and the edges of at most `_MOST_BLOCKS` parts."""
    count = edges.size - 1
    size = -(-count // _MOST_BLOCKS)
    return np.arange(count) // size, np.append(edges[:-1:size], edges[-1])


def _draw_fullest_block(axes: Any, arrays: dict[str, NDArray[Any]], stored: PlanRows) -> None:
    fullest = int(np.argmax(arrays["block_n_elements"]))
    own = stored.of_block(fullest)
    axes.set_title(f"Row lengths of the fullest block ({own.length.size:,} rows)")
    axes.set(xlabel="place in the block", ylabel="entries of the row")
    places = np.arange(own.length.size)
    natural = own.length[np.argsort(own.row, kind="stable")]
    axes.plot(places, natural, ".", ms=2.5, color=_BEFORE, alpha=0.6, label="in natural order")
    axes.plot(places, own.length, "-", lw=1.6, color=_AFTER, label="as stored, after hashing")
    axes.set_yscale("log")
    _short_numbers(axes.xaxis, axes.yaxis)
    axes.legend(frameon=False)


def _draw_spreads(axes: Any, stored: PlanRows) -> None:
    before, after = stored.spreads_before(), stored.spreads_after()
    axes.set_title(f"Spread within groups of {stored.lanes} rows, all blocks")
    axes.set(xlabel="longest minus shortest row of a group", ylabel="groups")
    most = max(int(before.max(initial=0)), int(after.max(initial=0)))
    for spreads, colour, when in ((before, _BEFORE, "natural order"), (after, _AFTER, "hashing")):
        if spreads.size:
            label = f"{when}: mean {spreads.mean():.2f}"
            axes.hist(spreads, bins=_bins(most), histtype="step", lw=1.8, color=colour, label=label)
    axes.set_xscale("symlog", linthresh=8)
    axes.set_yscale("log")
    axes.set_xlim(left=-0.5)
    _short_numbers(axes.xaxis, axes.yaxis)
    axes.legend(frameon=False)


def _draw_loads(axes: Any, cost_ptr: NDArray[Any], matrix: Any, plan: Any) -> None:
    threads = plan.info(measure_break_even=False)["num_threads"]
    loads = thread_loads(cost_ptr, threads)
    cuts = np.arange(threads + 1) * matrix.shape[0] // threads
    rows = np.diff(matrix.indptr[cuts]) * threads / max(matrix.nnz, 1)
    axes.set_title(f"Load of {threads} threads")
    axes.set(xlabel="thread", ylabel="work dealt, 1 = an equal share")
    places = np.arange(threads)
    axes.bar(places, loads, color=_AFTER, label="row blocks of this plan, by cost")
    axes.plot(places, rows, "D", color=_BEFORE, label="equal numbers of rows")
    axes.axhline(1, color=_GREY, ls="--", lw=1)
    axes.set_xticks(places[:: -(-threads // 16)])
    axes.set_ylim(0, 1.25 * max(1.0, loads.max(), rows.max()))
    axes.legend(frameon=False)
