"""Two result files compared: each cell in both is faster, slower, or the same within the noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hbpspmv.suite.cells.result_log import is_disturbed
from hbpspmv.suite.machine import machine_line
from hbpspmv.suite.mean import geometric_mean
from hbpspmv.suite.report.cell import Cell, ratio_interval
from hbpspmv.suite.report.load import SuiteResults, load_results
from hbpspmv.suite.text import grid, settings_line

FASTER, SLOWER, SAME, DISTURBED = "faster", "slower", "no difference", "disturbed"
_MACHINE = ("cpu", "cpus", "isa")
_HEADINGS = ("matrix", "contender", "A us", "B us", "B is x faster", "95 % interval", "verdict")
_COUNTED = (FASTER, SLOWER, SAME, DISTURBED, "lost", "gained")
_SUMMARY = ("contender", "matrices", "B is x faster", *_COUNTED)


@dataclass(frozen=True)
class Difference:
    """One cell that has a time in at least one of the files.

    Attributes
    ----------
    matrix, contender : str
        Which cell; `contender` is its title.
    a, b : float or None
        Median seconds, None where there is no time.
    ratio : float or None
        How many times faster B is.
    interval : (float, float) or None
        95 % interval of the ratio.
    verdict : str
        FASTER or SLOWER where the whole interval lies beyond the noise, else SAME; DISTURBED where
        other processes took part of the CPUs beside either cell; "baseline" for the contender
        that the times are in terms of; "lost" or "gained" where only one file has a time; the
        status in both where neither has.
    """

    matrix: str
    contender: str
    a: float | None
    b: float | None
    ratio: float | None
    interval: tuple[float, float] | None
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """All cells that two files share.

    Attributes
    ----------
    relative : bool
        Whether times are in terms of the baseline's in the same rounds: on one machine with one
        version of the baseline.
    noise : float
        A difference of less than this share is none, see `compare_files`.
    lines : list of str
        What the files are, and what is only in one of them.
    """

    differences: list[Difference]
    relative: bool
    noise: float
    lines: list[str]


def compare_files(a: Path, b: Path, contenders: Sequence[str] | None = None) -> Comparison:
    """Compare the cells that two result files share.

    Parameters
    ----------
    a, b : Path
        Folders or result files.
    contenders : sequence of str, optional
        Names; all when left out.

    Raises
    ------
    ValueError
        The files share no cell, or were made with another dtype or device, or a contender has an
        unknown name.

    Notes
    -----
    The ratio of a cell is that of the medians; its interval is bootstrapped over the rounds and
    covers every pair of processes. A verdict also has to clear the noise: the typical standard
    deviation of the baseline's log time between the cells of one matrix, in the noisier file.
    """
    first, second = load_results(a), load_results(b)
    _refuse_other_work(first, second)
    relative = _same_baseline(first, second)
    noise = math.expm1(max(first.noise, second.noise))
    known = [*dict.fromkeys(name for _, name in (*first.cells, *second.cells))]
    for name in contenders or ():
        if name not in known:
            raise ValueError(f"no contender is called {name}, expected some of {', '.join(known)}")
    shared = [
        key
        for key in first.cells
        if key in second.cells and (contenders is None or key[1] in contenders)
    ]
    if not shared:
        raise ValueError(f"{a} and {b} share no cell")
    differences = [
        _difference(first.cells[key], second.cells[key], relative, noise) for key in shared
    ]
    lines = [f"A: {_about(first)}", f"B: {_about(second)}"]
    for label, own, other in (("A", first, second), ("B", second, first)):
        only = [f"{m} by {c}" for m, c in own.cells if (m, c) not in other.cells]
        if only:
            shown = ", ".join(only[:5]) + (", ..." if len(only) > 5 else "")
            lines.append(f"only in {label}: {len(only)} cells ({shown})")
    return Comparison(differences, relative, noise, lines)


def _refuse_other_work(a: SuiteResults, b: SuiteResults) -> None:
    for key in ("dtype", "device", "cold"):
        then, now = a.run.settings[key], b.run.settings[key]
        if then != now:
            raise ValueError(f"A was made with {key} {then}, B with {now}: there is no comparison")
    for name, facts in a.facts.items():
        other = b.facts.get(name, facts)
        for key in ("rows", "cols", "nnz", "dtype"):
            if facts[key] != other[key]:
                raise ValueError(
                    f"{name} has {key} {facts[key]} in A and {other[key]} in B: another matrix"
                )


def _same_baseline(a: SuiteResults, b: SuiteResults) -> bool:
    names = {c.record["baseline"]["contender"] for r in (a, b) for c in r.cells.values() if c.timed}
    if len(names) != 1:
        return False
    (name,) = names
    versions = [r.run.contenders.get(name, {}).get("version") for r in (a, b)]
    return versions[0] == versions[1] and all(
        a.run.machine[key] == b.run.machine[key] for key in _MACHINE
    )


def _difference(a: Cell, b: Cell, relative: bool, noise: float) -> Difference:
    about = (a.record["matrix"], a.record["title"])
    then, now = a.record.get("seconds"), b.record.get("seconds")
    if not (a.timed and b.timed):
        verdict = f"{a.record['status']}, {b.record['status']}"
        if a.timed or b.timed:
            verdict = "lost" if a.timed else "gained"
        return Difference(*about, then, now, None, None, verdict)
    is_baseline = relative and a.record["contender"] == a.record["baseline"]["contender"]
    relative = relative and not is_baseline  # in terms of itself it never changes
    interval = ratio_interval(a.draws(relative), b.draws(relative))
    ratio = _median_time(a, relative) / _median_time(b, relative)
    verdict = SAME
    if is_baseline:
        verdict = "baseline"
    elif is_disturbed(a.record) or is_disturbed(b.record):
        verdict = DISTURBED
    elif interval[0] > 1 + noise:
        verdict = FASTER
    elif interval[1] < 1 / (1 + noise):
        verdict = SLOWER
    return Difference(*about, then, now, ratio, interval, verdict)


def _median_time(cell: Cell, relative: bool) -> float:
    seconds = float(cell.record["seconds"])
    return seconds / cell.baseline_nanoseconds if relative else seconds


def _about(results: SuiteResults) -> str:
    run = results.run
    return f"{machine_line(run.machine)}; {settings_line(run)}; from {run.started}"


def comparison_text(comparison: Comparison) -> str:
    """Return the whole comparison for a terminal."""
    cells = [_cells(d) for d in sorted(comparison.differences, key=_order)]
    left = [True, True, False, False, False, False, True]
    how = "times in terms of the baseline's" if comparison.relative else "times as measured"
    noise = f"{comparison.noise * 100:.1f} %"
    lines = [
        *comparison.lines,
        "",
        grid(_HEADINGS, cells, left),
        "",
        grid(_SUMMARY, _summary(comparison), [True] + [False] * (len(_SUMMARY) - 1)),
        "",
        f"{how}; means without disturbed cells; a difference below {noise} is none: so much does "
        "the baseline's time differ between the processes of one run",
    ]
    return "\n".join(lines)


def _order(d: Difference) -> tuple[str, float]:
    return d.contender, -(d.ratio or 0.0)


def _cells(d: Difference) -> list[str]:
    times = ["-" if t is None else f"{t * 1e6:.1f}" for t in (d.a, d.b)]
    ratio = "-" if d.ratio is None else f"{d.ratio:.3f}"
    interval = "-" if d.interval is None else f"{d.interval[0]:.3f} to {d.interval[1]:.3f}"
    return [d.matrix, d.contender, *times, ratio, interval, d.verdict]


def _summary(comparison: Comparison) -> list[list[str]]:
    rows = []
    for title in dict.fromkeys(d.contender for d in comparison.differences):
        own = [d for d in comparison.differences if d.contender == title]
        undisturbed = [d for d in own if d.verdict != DISTURBED]
        mean = geometric_mean([d.ratio for d in undisturbed if d.ratio is not None])
        counts = [sum(d.verdict == verdict for d in own) for verdict in _COUNTED]
        ratio = "-" if mean is None else f"{mean:.3f}"
        rows.append([title, str(len(own)), ratio, *map(str, counts)])
    return rows
