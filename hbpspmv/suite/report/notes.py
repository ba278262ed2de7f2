"""What a reader must know besides the figures, for all forms of the report."""

from __future__ import annotations

import numpy as np

from hbpspmv.suite.device_clock import MODEL as DEVICE_MODEL
from hbpspmv.suite.mean import geometric_mean
from hbpspmv.suite.report.load import SuiteResults
from hbpspmv.suite.roofline import MODEL
from hbpspmv.suite.text import machine_lines


def condition_lines(results: SuiteResults) -> list[str]:
    """Return the conditions of a run, a sentence or two each."""
    run = results.run
    schedule = run.settings["schedule"]
    machine = run.machine
    drifts = list(results.drift.values())
    lines = [
        f"{machine['system']}, Python {machine['python']}, NumPy {machine['numpy']}, hbpspmv "
        f"{machine['hbpspmv']} ({machine['compiler']}); first cell finished {run.started}.",
        "Every matrix and contender ran in a process of its own, in rounds with the baseline "
        f"({results.baseline}): both in turn, at least "
        f"{schedule['min_rounds']} rounds of at least {schedule['min_products']} timed products.",
        "Times are medians, multiplied by how much slower or faster the baseline was in those "
        "rounds than in the median process of the same matrix.",
        "Intervals are bootstrapped over the rounds (95 %) and cover every pair of the "
        f"{run.settings['processes']} process(es) that measured each cell.",
    ]
    if drifts:
        lines.append(
            f"Noise: the baseline's time differed by {np.median(drifts) * 100:.1f} % (median over "
            f"the matrices, at most {max(drifts) * 100:.0f} %) between the processes of a matrix."
        )
    lines.append(
        f"Other processes used {run.busy_share * 100:.0f} % of the CPUs while cells were measured "
        "(median)."
    )
    model = MODEL if run.settings.get("device", "cpu") == "cpu" else DEVICE_MODEL
    return [*lines, *machine_lines(run), model, *run.missing, *run.errors]


def storage_rows(results: SuiteResults) -> list[list[str]]:
    """Return one row of texts a contender: bytes a nonzero, against CSR, padding."""
    run = results.run
    rows = []
    for name in run.contenders:
        known = [
            (m.measurements[name], m)
            for m in run.matrices
            if m.nnz and m.measurements[name].matrix_nbytes
        ]
        if not known:
            continue
        each = [own.matrix_nbytes / m.nnz for own, m in known]
        over = geometric_mean([own.matrix_nbytes / m.csr_nbytes for own, m in known])
        paddings = [own.padding for own, _ in known]
        told = [p for p in paddings if p is not None]
        padding = f"{max(told) * 100:.2f} %" if len(told) == len(paddings) else "not known"
        figures = (float(np.median(each)), min(each), max(each), over or 1.0)
        rows.append([run.title(name), *(f"{v:.2f}" for v in figures), padding])
    return rows
