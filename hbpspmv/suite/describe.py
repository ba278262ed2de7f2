"""A matrix described for people: shape, row lengths, plan, and which kernel is advised."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbpspmv
from hbpspmv.suite.machine import size
from hbpspmv.suite.measure import prepare
from hbpspmv.suite.plan_rows import plan_arrays, thread_loads
from hbpspmv.suite.values import FEW, count_distinct


def planned(matrix: Any, dtype: str) -> tuple[Any, Any]:
    """Return a matrix in the dtype to compute in, and the plan that is described for it."""
    matrix = prepare(matrix, dtype)
    return matrix, hbpspmv.hbp_array(matrix).plan(expected_calls=1000)


def describe_matrix(matrix: Any, plan: Any, name: str, stored: Any) -> list[str]:
    """Return the lines that ``hbpspmv info`` prints.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        As `planned` returns it.
    plan : Plan
        As `planned` returns it.
    name : str
        Heading.
    stored : dtype
        That of the file.
    """
    info = plan.info()
    rows, cols = matrix.shape
    lengths = np.diff(matrix.indptr)
    cells = rows * cols
    facts = {
        "shape": f"{rows:,} x {cols:,}",
        "nonzeros": f"{matrix.nnz:,}"
        + (f" ({matrix.nnz / cells:.3g} of all cells)" if cells else ""),
        "values": f"{stored} in the file, {matrix.dtype} here, {_distinct(matrix.data)}",
        **_row_facts(lengths),
    }
    return [
        name,
        *_aligned(facts),
        "",
        f"Plan for 1000 products on {info['num_threads']} threads",
        *_aligned(_plan_facts(plan, info)),
        "",
        f"Advice: {_advice(info)}",
    ]


def row_kind(lengths: NDArray[Any]) -> str:
    """Return what the distribution of row lengths looks like, in words.

    Examples
    --------
    >>> row_kind(np.array([5, 5, 5])), row_kind(np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 500]))
    ('all equal', 'skewed: the longest tenth of the rows holds 98 % of the nonzeros')
    """
    total = int(lengths.sum())
    if total == 0:
        return "no nonzeros"
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest == longest:
        return "all equal"
    variation = float(lengths.std() / lengths.mean())
    if variation < 0.15:
        return "nearly equal"
    tenth = max(1, lengths.size // 10)
    share = int(np.partition(lengths, lengths.size - tenth)[-tenth:].sum()) / total
    if variation > 1 or longest > 10 * lengths.mean():
        return f"skewed: the longest tenth of the rows holds {share * 100:.0f} % of the nonzeros"
    return "varied"


def _row_facts(lengths: NDArray[Any]) -> dict[str, str]:
    if lengths.size == 0:
        return {"row lengths": "no rows"}
    q1, median, q3 = (int(q) for q in np.percentile(lengths, (25, 50, 75)))
    return {
        "row lengths": row_kind(lengths),
        "  shortest to longest": f"{lengths.min():,} | {q1:,} {median:,} {q3:,} | "
        f"{lengths.max():,} (quartiles between the bars)",
        "  mean": f"{lengths.mean():.2f}, standard deviation {lengths.std():.2f}",
        "  empty": f"{int((lengths == 0).sum()):,} of {lengths.size:,} rows",
    }


def _distinct(values: NDArray[Any]) -> str:
    count = count_distinct(values)
    if count == 0:
        return "none stored"
    if count == 1:
        return f"all equal to {values[0]:g}"
    return f"{count} distinct ones" if count <= FEW else "many distinct ones"


def _plan_facts(plan: Any, info: dict[str, Any]) -> dict[str, str]:
    facts = {"kernel": str(info["kernel"])}
    if info["kernel"] == "hbp":
        g = info["geometry"]

        def share(elements: int) -> str:
            return f"{elements / info['nnz'] * 100:.2f} %"

        facts |= {
            "geometry": f"blocks of {g.block_rows:,} x {g.block_cols:,}, groups of {g.lanes} rows",
            "blocks": f"{info['blocks']:,} stored of {info['n_row_blocks']:,} x "
            f"{info['n_col_blocks']:,}",
            "slots": f"{info['slots']:,} in {info['groups']:,} groups, {info['long_rows']:,} long",
            "work units": f"{info['units']:,}",
            "load of threads": f"at most {_load(plan, info):.2f} times an equal share",
            "encodings": ", ".join(f"{k} {v:,}" for k, v in info["encodings"].items()) or "-",
            "length spread": f"{info['length_spread_before']:.2f} in natural order, "
            f"{info['length_spread_after']:.2f} after hashing (mean per group)",
            "padding": f"{info['padding'] * 100:.2f} % of the nonzeros",
            "columns shared": f"{share(info['tiled_elements'])} of the nonzeros by rows with equal "
            f"columns, {share(info['shifted_elements'])} by rows with shifted ones",
            "windows": f"{share(info['windowed_elements'])} of the nonzeros share vectors of x",
            "outside groups": f"{share(info['tail_elements'])} of the nonzeros",
        }
    ratio = info["nbytes"] / info["csr_nbytes"] if info["csr_nbytes"] else 1.0
    facts |= {
        "bytes": f"{size(info['nbytes'])}, {ratio:.2f} times CSR's {size(info['csr_nbytes'])}",
        "build": f"{info['build_seconds'] * 1e3:.2f} ms",
        "one product": f"{info['product_seconds'] * 1e3:.4g} ms, "
        f"SciPy {info['scipy_seconds'] * 1e3:.4g} ms",
    }
    return facts


def _load(plan: Any, info: dict[str, Any]) -> float:
    return float(thread_loads(plan_arrays(plan)["cost_ptr"], info["num_threads"]).max())


def _advice(info: dict[str, Any]) -> str:
    if info["kernel"] == "csr":
        return f"CSR, with the threaded kernel: {info['reason']}."
    calls = info["break_even_calls"]
    if np.isfinite(calls):
        paid = f"the build has paid after {calls:,.0f} products against SciPy"
    else:
        paid = "but SciPy was as fast in the measurement above: repeat it on an idle machine"
    return f"HBP: {info['reason']}; {paid}."


def _aligned(facts: dict[str, str]) -> list[str]:
    width = max(map(len, facts)) + 2
    return [f"  {label:{width}}{text}" for label, text in facts.items()]
